//! One change on one tenant at one time: may it run?

use jiff::Timestamp;

use crate::model::{Change, Hazard, HazardNote, Reason, Ruling, Tenant, Verdict};

use super::matching::{Doubt, Rows};
use super::{Limits, Names, Policy, Rule, Waiver, Window, WindowKind};

/// What a flag does not answer for by itself.
const PERSONAL: [Hazard; 3] = [Hazard::DeletesData, Hazard::MayLoseData, Hazard::Unproved];

/// What a judgement is made from.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The change.
    pub change: &'a Change,
    /// Why it may hurt.
    pub hazards: &'a [HazardNote],
    /// The tenant.
    pub tenant: &'a Tenant,
    /// How many rows its table has; `None` when that could not be found out.
    pub table_rows: Option<u64>,
    /// Other names of its table and column.
    pub names: &'a Names,
}

impl Policy {
    /// The verdict on a change: a waiver's if one holds, else the first matching rule's, else `ask`.
    /// What could not be proved is never freer than `ask`, nor is what copies a table of more than
    /// `max_copy_rows` rows.
    pub fn judge(&self, case: &Case<'_>, now: Timestamp) -> Ruling {
        if let Some(ruling) = self.waived(case, now) {
            return ruling;
        }
        let ruling = match self.rule(case) {
            Some(rule) => rule.ruling(now),
            None => Ruling { verdict: Verdict::Ask, reason: Reason::NoRule },
        };
        match self.needs_a_person(case) {
            Some(reason) if matches!(ruling.verdict, Verdict::Allow | Verdict::Hold) => {
                Ruling { verdict: Verdict::Ask, reason }
            }
            _ if ruling.verdict == Verdict::Allow => self.frozen_ruling(case.tenant, now).unwrap_or(ruling),
            _ => ruling,
        }
    }

    /// Why no rule can let a change run by itself.
    fn needs_a_person(&self, case: &Case<'_>) -> Option<Reason> {
        let hazard = |hazard: Hazard| case.hazards.iter().find(|note| note.hazard == hazard);
        if let Some(note) = hazard(Hazard::Unproved) {
            return Some(Reason::Unproved { why: note.why.clone() });
        }
        hazard(Hazard::CopiesTable)?;
        let limit = self.limits.max_copy_rows;
        let rows = match case.rows() {
            Rows::Known(rows) => Some(rows),
            Rows::Unknown => None,
            Rows::NoTable => return None,
        };
        (limit != Limits::UNLIMITED && rows.is_none_or(|rows| rows > limit)).then_some(Reason::Copy { rows, limit })
    }

    /// Whether `--yes`, or a reviewed plan file, may answer for a change what only a person is asked otherwise. A rule's
    /// `yes` decides; where there is none, they answer for nothing that could be lost or that was not proved.
    pub fn lets_yes_answer(&self, case: &Case<'_>) -> bool {
        let ruled = self.rule(case).filter(|rule| rule.then == Verdict::Ask).and_then(|rule| rule.yes);
        ruled.unwrap_or_else(|| !case.hazards.iter().any(|note| PERSONAL.contains(&note.hazard)))
    }

    /// The rule that decides: the first that certainly matches, or one above it that matches in doubt, such as for one
    /// of several names, and is stricter.
    pub(super) fn rule(&self, case: &Case<'_>) -> Option<&Rule> {
        let is_sure = |rule: &Rule| rule.matching.holds(case, Doubt::Fails);
        let end = self.rules.iter().position(is_sure).map_or(self.rules.len(), |sure| sure + 1);
        let holds = |rule: &&Rule| rule.matching.holds(case, rule.doubt());
        let stricter = |a: &'_ &Rule, b: &'_ &Rule| a.strictness() > b.strictness();
        self.rules[..end].iter().filter(holds).reduce(|first, next| if stricter(&next, &first) { next } else { first })
    }

    /// The `deny` window in which nothing may run on a tenant now, if one is open, and when it closes.
    pub fn frozen(&self, tenant: &Tenant, now: Timestamp) -> Option<(&Window, Timestamp)> {
        self.windows.iter().find_map(|window| match &window.kind {
            WindowKind::Deny(tenants) if tenants.holds(tenant) => Some((window, window.closes(now)?)),
            _ => None,
        })
    }

    fn frozen_ruling(&self, tenant: &Tenant, now: Timestamp) -> Option<Ruling> {
        let (window, closes) = self.frozen(tenant, now)?;
        let reason = Reason::Frozen { window: window.name.clone(), closes: closes.to_string() };
        Some(Ruling { verdict: Verdict::Hold, reason })
    }

    /// The ruling of the waiver that accepts a change as drift now, if there is one. Extras, which no
    /// rule judges, can be waived too.
    pub fn waived(&self, case: &Case<'_>, now: Timestamp) -> Option<Ruling> {
        self.waivers.iter().find(|waiver| waiver.holds(case, now)).map(Waiver::ruling)
    }
}

impl Rule {
    /// Rules that let something through do not match in doubt; all others do.
    pub(super) fn doubt(&self) -> Doubt {
        match self.then {
            Verdict::Allow | Verdict::Ignore => Doubt::Fails,
            Verdict::Hold | Verdict::Ask | Verdict::Deny => Doubt::Holds,
        }
    }

    /// The more, the less runs: an `ask` that `--yes` answers is freer than one that it does not.
    fn strictness(&self) -> (Verdict, bool) {
        (self.then, self.yes != Some(true))
    }

    fn ruling(&self, now: Timestamp) -> Ruling {
        let rule = self.name.clone();
        let Some(window) = &self.window else {
            return Ruling { verdict: self.then, reason: Reason::Rule { name: rule } };
        };
        if window.is_open(now) {
            return Ruling { verdict: Verdict::Allow, reason: Reason::Rule { name: rule } };
        }
        let opens = window.opens_after(now).map(|opens| opens.to_string());
        Ruling { verdict: Verdict::Hold, reason: Reason::Window { rule, window: window.name.clone(), opens } }
    }
}
