//! One plan on one tenant at one time: facts and verdicts.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::facts::{self, Facts, NotKnown};
use super::hands::Hands;
use super::{FleetMember, Study, backup, code, quarantine, watch};
use crate::db::{Connection, DbError, Refusal, Session, Trouble};
use crate::dialect;
use crate::model::{Change, Hazard, HazardNote, Plan, QName, Quarantined, Reason, Ruling, Tenant, Verdict};
use crate::policy::{Backup, Case, Names, Policy, Stay};

/// What policy and the rows say about a plan on one tenant.
#[derive(Clone, Debug)]
pub struct Assessment {
    /// A ruling for every change of the plan.
    pub rulings: Vec<Ruling>,
    /// For every change of the plan, whether `--yes` may answer if policy asks about it.
    pub yes: Vec<bool>,
    /// What was found out about the rows.
    pub facts: Facts,
    /// Rulings for what the plan leaves out, in its order.
    pub left_out: Vec<Ruling>,
    /// What stands in the way of a declared rename: tables that exist under both names.
    pub blocked: Vec<String>,
    /// The drops that are renames on this tenant, by their position in the plan, with the names in quarantine.
    pub kept: BTreeMap<usize, String>,
    /// The backups that have to be there before changes run, by the position of the change in the plan.
    pub backups: BTreeMap<usize, Backup>,
    /// How long everything stays that is in quarantine.
    pub stays: Vec<(Quarantined, Stay)>,
}

/// Where a tenant stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outlook {
    /// Nothing differs.
    InSync,
    /// Something differs and may be put right now.
    Repairable,
    /// Something differs, and nothing of it may be put right now.
    Kept,
}

impl Assessment {
    /// For a tenant that is in sync.
    pub(super) fn nothing(stays: Vec<(Quarantined, Stay)>) -> Self {
        Self {
            rulings: Vec::new(),
            yes: Vec::new(),
            facts: Facts::default(),
            left_out: Vec::new(),
            blocked: Vec::new(),
            kept: BTreeMap::new(),
            backups: BTreeMap::new(),
            stays,
        }
    }

    /// Which of the plan's changes run.
    pub fn runs(&self, plan: &Plan) -> Vec<bool> {
        let allowed: Vec<_> = self.rulings.iter().map(|ruling| ruling.verdict == Verdict::Allow).collect();
        crate::plan::subset(plan, &allowed)
    }

    /// Which of the plan's changes run at some time: those that policy lets through, asks about or holds.
    pub fn offered(&self, plan: &Plan) -> Vec<bool> {
        let offered = |ruling: &Ruling| matches!(ruling.verdict, Verdict::Allow | Verdict::Hold | Verdict::Ask);
        crate::plan::subset(plan, &self.rulings.iter().map(offered).collect::<Vec<_>>())
    }

    /// The same with every `ask` answered with yes by a person.
    #[must_use]
    pub fn approved(&self, plan: &Plan) -> Self {
        self.answered(plan, |_| true)
    }

    /// The same with each `ask` answered with yes that `--yes` may answer.
    #[must_use]
    pub fn approved_by_flag(&self, plan: &Plan) -> Self {
        self.answered(plan, |change| self.yes[change])
    }

    fn answered(&self, plan: &Plan, answers: impl Fn(usize) -> bool) -> Self {
        let mut rulings = self.rulings.clone();
        let asked = rulings.iter_mut().enumerate().filter(|(_, ruling)| ruling.verdict == Verdict::Ask);
        asked.filter(|(change, _)| answers(*change)).for_each(|(_, ruling)| ruling.verdict = Verdict::Allow);
        self.with(plan, rulings)
    }

    /// The same with other rulings; what needs something that they keep back is kept back with it.
    pub(super) fn with(&self, plan: &Plan, mut rulings: Vec<Ruling>) -> Self {
        hold_with_what_they_need(plan, &mut rulings);
        Self { rulings, ..self.clone() }
    }

    /// Whether policy asks a person about something.
    pub fn asks(&self) -> bool {
        self.rulings.iter().any(|ruling| ruling.verdict == Verdict::Ask)
    }

    /// Whether policy and rows say the same of two tenants.
    pub(super) fn says_the_same(&self, other: &Assessment) -> bool {
        let said = |a: &Assessment| (a.rulings.clone(), a.yes.clone(), a.left_out.clone(), a.blocked.clone());
        let around = |a: &Assessment| (a.kept.clone(), a.backups.clone(), a.stays.clone());
        said(self) == said(other) && around(self) == around(other)
    }

    /// Where a tenant stands of whose shape this is known.
    pub fn outlook(&self, study: &Study) -> Outlook {
        if study.in_sync() || self.ignores_all(study) {
            Outlook::InSync
        } else if self.runs(&study.plan).contains(&true) {
            Outlook::Repairable
        } else {
            Outlook::Kept
        }
    }

    /// Whether a rule of the policy says of everything that differs that it is no drift.
    fn ignores_all(&self, study: &Study) -> bool {
        let ignored =
            |ruling: &Ruling| ruling.verdict == Verdict::Ignore && !matches!(ruling.reason, Reason::Waiver { .. });
        self.blocked.is_empty() && study.extras().next().is_none() && self.rulings.iter().all(ignored)
    }

    /// Whether something that the schema asks for does not run.
    pub fn keeps_back(&self) -> bool {
        let kept = |ruling: &Ruling| !matches!(ruling.verdict, Verdict::Allow | Verdict::Ignore);
        self.rulings.iter().any(kept) || !self.blocked.is_empty()
    }
}

/// Gathers the facts that a plan needs from a tenant and judges every change.
///
/// # Errors
/// When the connection breaks. A fact that cannot be had is no error.
pub(super) async fn assess(
    session: &mut Session,
    study: &Study,
    member: &FleetMember,
    policy: &Policy,
    now: Timestamp,
) -> Result<Assessment, DbError> {
    let mut hands = Hands::of(session).await?;
    let assessment = judged(&mut hands, study, member, policy, now).await;
    hands.let_go().await;
    assessment
}

async fn judged(
    hands: &mut Hands<'_>,
    study: &Study,
    member: &FleetMember,
    policy: &Policy,
    now: Timestamp,
) -> Result<Assessment, DbError> {
    let tenant = &member.tenant;
    let policy = &*policy.for_shape(watch::shape_id(&study.observed, &study.reference, study.fingerprint));
    let facts = facts::gather(hands, study, policy.limits.facts_timeout).await?;
    let blocked = both_names(hands, study).await?;
    let subject = study.subject(&facts.rows, tenant);
    let mut rulings = policy.rule_all(&subject, now);
    let mut yes = policy.yes_to_all(&subject);
    for not_known in &facts.not_known {
        doubt(&study.plan, &mut rulings, &mut yes, not_known);
    }
    for violation in &facts.violations {
        block(&mut rulings, &violation.changes, &violation.finding);
    }
    if let Some(refusal) = hands.refusal() {
        confine(&study.plan, &mut rulings, refusal);
    }
    let kept = quarantine::kept(study, &subject, policy, now);
    let backups = backup::wanted(&subject, policy, &kept);
    backup::spare_plain_text(study, &backups, &mut rulings);
    if member.past.had_tables && study.is_empty() {
        ask_to_fill(&mut rulings, &mut yes);
    }
    hold_with_what_they_need(&study.plan, &mut rulings);
    let names = study.names();
    let left_out = study.plan.left_out.iter().map(|change| extra(policy, change, tenant, &names, now)).collect();
    let stays = quarantine::stays(study, member, policy, now);
    Ok(Assessment { rulings, yes, facts, left_out, blocked, kept, backups, stays })
}

/// Somebody may have lost what was there: a person says whether it is to be filled again, and no flag for them.
fn ask_to_fill(rulings: &mut [Ruling], yes: &mut [bool]) {
    for (ruling, yes) in rulings.iter_mut().zip(yes) {
        *yes = false;
        if matches!(ruling.verdict, Verdict::Allow | Verdict::Hold) {
            *ruling = Ruling { verdict: Verdict::Ask, reason: Reason::Emptied };
        }
    }
}

/// What is not declared stays, unless a waiver says until when.
fn extra(policy: &Policy, change: &Change, tenant: &Tenant, names: &Names, now: Timestamp) -> Ruling {
    let case = Case { change, hazards: &[], tenant, table_rows: None, names };
    policy.waived(&case, now).unwrap_or(Ruling { verdict: Verdict::Deny, reason: Reason::Extra })
}

/// A fact, or `None` where the server could not give it.
fn known(answer: Result<u64, DbError>) -> Result<Option<u64>, DbError> {
    match answer {
        Ok(count) => Ok(Some(count)),
        Err(error) if matches!(error.trouble, Trouble::Disconnected | Trouble::Unreachable) => Err(error),
        Err(_) => Ok(None),
    }
}

/// What rows could be lost to, or fail on, does not run while that is not known: a person decides, and no flag for them.
fn doubt(plan: &Plan, rulings: &mut [Ruling], yes: &mut [bool], not_known: &NotKnown) {
    let on_rows = |note: &HazardNote| matches!(note.hazard, Hazard::MayFailOnData | Hazard::MayLoseData);
    for change in not_known.changes.iter().copied().filter(|change| plan.hazards_of(*change).any(on_rows)) {
        yes[change] = false;
        if matches!(rulings[change].verdict, Verdict::Allow | Verdict::Hold) {
            let reason = Reason::NotKnown { what: not_known.what.clone() };
            rulings[change] = Ruling { verdict: Verdict::Ask, reason };
        }
    }
}

fn block(rulings: &mut [Ruling], changes: &[usize], finding: &str) {
    for change in changes {
        let reason = Reason::Data { finding: finding.to_owned() };
        rulings[*change] = Ruling { verdict: Verdict::Deny, reason };
    }
}

/// Keeps back what could run a tenant's code with rights beyond the tenant.
fn confine(plan: &Plan, rulings: &mut [Ruling], refusal: &Refusal) {
    for (change, ruling) in rulings.iter_mut().enumerate() {
        let may_run = !matches!(ruling.verdict, Verdict::Deny | Verdict::Ignore);
        if may_run && (refusal.everything || code::may_run(plan, change)) {
            let Refusal { missing, remedy, .. } = refusal.clone();
            *ruling = Ruling { verdict: Verdict::Deny, reason: Reason::Login { missing, remedy } };
        }
    }
}

/// Keeps back what needs something that is kept back.
fn hold_with_what_they_need(plan: &Plan, rulings: &mut [Ruling]) {
    let kept = |ruling: &Ruling| ruling.verdict != Verdict::Allow;
    loop {
        let found = plan.changes.iter().enumerate().find_map(|(index, planned)| {
            let needed = planned.requires.iter().find(|needed| kept(&rulings[**needed]))?;
            (!kept(&rulings[index])).then_some((index, *needed))
        });
        let Some((index, needed)) = found else { return };
        let object = plan.changes[needed].change.object();
        rulings[index] = Ruling { verdict: rulings[needed].verdict, reason: Reason::Needs { object } };
    }
}

/// What to say of tables that exist under both names.
async fn both_names(hands: &mut Hands<'_>, study: &Study) -> Result<Vec<String>, DbError> {
    let may_count = !study.both.is_empty() && hands.barred().await?.is_none();
    let dialect = dialect::of(&study.observed.platform);
    let mut findings = Vec::new();
    for both in &study.both {
        let mut count = async |table: &QName| {
            let query = format!("SELECT count(*) FROM {}", dialect.quote_name(table));
            let count = if may_count { known(hands.session().count(&query).await)? } else { None };
            Ok::<_, DbError>(count.map_or_else(|| "unknown".to_owned(), |count| count.to_string()))
        };
        let (old, new) = (count(&both.old).await?, count(&both.new).await?);
        findings.push(format!(
            "{} was renamed to {}, but both exist ({old} and {new} rows): move the rows to {} and drop {}",
            both.old, both.new, both.new, both.old
        ));
    }
    Ok(findings)
}
