//! What a reviewed plan means for a tenant as it is now.

use thiserror::Error;

use super::{PlanEntry, PlanFile, SchemaEntry, ShapeEntry, since};
use crate::model::{Change, Fingerprint, Plan, Reason, Ruling, Schema, Verdict};
use crate::reconcile::words::{self, Line};
use crate::reconcile::{Assessment, Study};

/// What becomes of a tenant under a reviewed plan.
#[derive(Debug)]
pub enum Review<'a> {
    /// It is what the plan reaches: there is nothing left to do.
    Done,
    /// The plan may be carried out.
    Holds(&'a PlanEntry),
}

/// Why a reviewed plan is not carried out on a tenant.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Refusal {
    /// It is for others.
    #[error("the reviewed plan is not for this tenant; it is for {0}")]
    OtherTenant(String),
    /// It is for another declared schema.
    #[error("the reviewed plan is for schema {}, and the tenant shall have {}", name(.reviewed), name(.declared))]
    OtherSchema {
        /// What it is for.
        reviewed: SchemaEntry,
        /// What is declared.
        declared: SchemaEntry,
    },
    /// The database is not what it was.
    #[error("the database changed since the plan was made: it was {}, now it is {}{}", .start.short(), .now.short(), lines(.since))]
    Stale {
        /// What the plan starts from.
        start: Fingerprint,
        /// What there is.
        now: Fingerprint,
        /// What happened in between.
        since: Vec<Line>,
    },
    /// What undrift works out is not what the file says.
    #[error("the reviewed plan is not what undrift works out for this structure now{0}")]
    OtherPlan(String),
}

impl Refusal {
    /// What to do next.
    pub fn advice(&self) -> &'static str {
        match self {
            Refusal::OtherTenant(_) => "select the tenants that it is for with --tenant, or make a plan for this one",
            Refusal::OtherSchema { .. } => "name the schema that was reviewed, or make a new plan and review it",
            Refusal::Stale { .. } => "look at what changed, make a new plan and review it",
            Refusal::OtherPlan(_) => "make a new plan and review it",
        }
    }
}

fn name(schema: &SchemaEntry) -> String {
    let version = schema.version.as_ref().map(|version| format!(" version {version}")).unwrap_or_default();
    format!("{}{version} ({})", schema.name, schema.hash.short())
}

fn lines(since: &[Line]) -> String {
    since.iter().map(|line| format!("\n    {} {}  {}", line.sign, line.object, line.what)).collect()
}

impl PlanFile {
    /// What the file means for a tenant of a shape.
    ///
    /// # Errors
    /// [`Refusal`] says why it does not apply to the tenant.
    pub fn review(&self, tenant: &str, study: &Study) -> Result<Review<'_>, Refusal> {
        let (shape, plan) = self.of_tenant(tenant).ok_or_else(|| Refusal::OtherTenant(self.names()))?;
        let wanted = &study.reference.wanted;
        let declared = SchemaEntry { name: wanted.name.clone(), version: wanted.version.clone(), hash: wanted.hash };
        if shape.schema.hash != declared.hash {
            return Err(Refusal::OtherSchema { reviewed: shape.schema.clone(), declared });
        }
        if shape.start != study.fingerprint {
            return if plan.end == Some(study.fingerprint) { Ok(Review::Done) } else { Err(stale(shape, study)) };
        }
        if shape.whole != study.plan.hash() {
            return Err(Refusal::OtherPlan(self.other_version(shape, study)));
        }
        Ok(Review::Holds(plan))
    }

    /// What may explain that another plan comes out for the same structure.
    fn other_version(&self, shape: &ShapeEntry, study: &Study) -> String {
        let (here, now) = (env!("CARGO_PKG_VERSION"), study.observed.platform.to_string());
        if self.undrift != here {
            format!(": it was made by undrift {}, and this is undrift {here}", self.undrift)
        } else if shape.platform != now {
            format!(": it was made for {}, and the server is {now} now", shape.platform)
        } else {
            ": what hangs on the tables and is not modelled is different, or the file was changed by hand".to_owned()
        }
    }

    /// Who it is for, in a few words.
    pub fn names(&self) -> String {
        const SHOWN: usize = 6;
        let tenants = self.tenants();
        let first: Vec<_> = tenants.keys().copied().take(SHOWN).collect();
        match tenants.len().saturating_sub(SHOWN) {
            0 => first.join(", "),
            more => format!("{} and {more} more", first.join(", ")),
        }
    }
}

fn stale(shape: &ShapeEntry, study: &Study) -> Refusal {
    let now = Schema { opaque: Vec::new(), ..study.reference.wanted.scope.apply(study.actual.clone()) };
    Refusal::Stale { start: shape.start, now: study.fingerprint, since: since(&shape.structure, &now) }
}

impl PlanEntry {
    /// Which changes of the plan with everything it carries out.
    pub fn runs(&self, whole: &Plan) -> Vec<bool> {
        (0..whole.changes.len()).map(|number| self.said(number).is_some()).collect()
    }

    /// The verdict on a change when the file was made, if the file carries it out.
    fn said(&self, number: usize) -> Option<Verdict> {
        self.changes.iter().find(|entry| entry.number == Some(number)).map(|entry| entry.verdict)
    }

    /// Makes sure that a plan is what was reviewed.
    ///
    /// # Errors
    /// [`Refusal::OtherPlan`] where the file says something else than the plan does.
    pub fn is(&self, plan: &Plan) -> Result<(), Refusal> {
        let line = |change| (words::line(change).what, Change::object(change));
        let same = self.changes.iter().map(|entry| (entry.what.clone(), entry.object.clone()));
        let same = same.eq(plan.changes.iter().map(|planned| line(&planned.change)));
        if same && self.hash == plan.hash() && self.end == plan.end && self.steps == plan.steps {
            return Ok(());
        }
        Err(Refusal::OtherPlan(": its steps are others".to_owned()))
    }
}

impl Assessment {
    /// The same under a reviewed plan: what it leaves out does not run, and neither does what the policy has become
    /// stricter about since.
    #[must_use]
    pub fn reviewed(&self, whole: &Plan, reviewed: &PlanEntry) -> Self {
        let rulings = self.rulings.iter().enumerate();
        let rulings = rulings.map(|(number, ruling)| under(ruling, reviewed.said(number))).collect();
        let mut assessment = self.with(whole, rulings);
        for entry in &reviewed.changes {
            // The name holds the day on which it was reviewed; whether anything is kept is policy's matter.
            if let (Some(number), Some(name)) = (entry.number, &entry.kept_as) {
                assessment.kept.entry(number).and_modify(|kept| kept.clone_from(name));
            }
        }
        assessment
    }
}

/// What becomes of a ruling under what was reviewed.
fn under(ruling: &Ruling, said: Option<Verdict>) -> Ruling {
    let reason = match (said, ruling.verdict) {
        (None, Verdict::Allow | Verdict::Hold | Verdict::Ask) => Reason::NotReviewed,
        (Some(reviewed), Verdict::Ask | Verdict::Deny)
            if reviewed < ruling.verdict
                && !matches!(ruling.reason, Reason::Data { .. } | Reason::Login { .. } | Reason::Needs { .. }) =>
        {
            Reason::Stricter { reviewed, why: words::reason(ruling) }
        }
        _ => return ruling.clone(),
    };
    Ruling { verdict: Verdict::Deny, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ruling(verdict: Verdict) -> Ruling {
        Ruling { verdict, reason: Reason::Rule { name: "r".into() } }
    }

    #[test]
    fn nothing_runs_that_was_not_reviewed_or_that_policy_is_stricter_about() {
        use Verdict::{Allow, Ask, Deny, Hold, Ignore};
        for (said, now, then) in [
            (Some(Allow), Allow, Allow),
            (Some(Allow), Hold, Hold),
            (Some(Allow), Ask, Deny),
            (Some(Allow), Deny, Deny),
            (Some(Hold), Ask, Deny),
            (Some(Ask), Ask, Ask),
            (Some(Ask), Allow, Allow),
            (Some(Ask), Deny, Deny),
            (None, Allow, Deny),
            (None, Ask, Deny),
            (None, Ignore, Ignore),
        ] {
            assert_eq!(under(&ruling(now), said).verdict, then, "{said:?} {now:?}");
        }
        let why = words::reason(&under(&ruling(Ask), Some(Allow)));
        assert_eq!(why, "the reviewed plan says allow, and the policy is stricter now: r");
        assert_eq!(under(&ruling(Allow), None).reason, Reason::NotReviewed);
    }
}
