//! A whole plan on one tenant: no change runs without those that it needs.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::model::{HazardNote, Plan, PlannedChange, QName, Reason, Renames, Ruling, Tenant, Verdict};

use super::{Case, Names, Policy};

/// A plan on one tenant.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// How many rows the tenant's tables have, by the names that they have now, where that is known.
    pub rows: &'a BTreeMap<QName, u64>,
    /// The tenant.
    pub tenant: &'a Tenant,
    /// The old names that the schema declares.
    pub renames: &'a Renames,
}

impl Policy {
    /// The verdicts on a plan's changes, in the plan's order.
    ///
    /// A change that needs one that does not run is kept back with it, by the stricter of the two
    /// verdicts. If the one it needs is ignored or waived, it is denied: it can never run, and drift
    /// that nobody accepted stays drift.
    pub fn rule_all(&self, subject: &Subject<'_>, now: Timestamp) -> Vec<Ruling> {
        let mut rulings = subject.each(|case| self.judge(case, now));
        while keep_back_dependents(subject.plan, &mut rulings) {}
        rulings
    }

    /// For each of a plan's changes, whether `--yes` may answer if it is asked about.
    pub fn yes_to_all(&self, subject: &Subject<'_>) -> Vec<bool> {
        subject.each(|case| self.lets_yes_answer(case))
    }
}

impl Subject<'_> {
    /// What is said of each change by itself, in the plan's order.
    pub(super) fn each<T>(&self, said: impl Fn(&Case<'_>) -> T) -> Vec<T> {
        let Subject { plan, rows, tenant, renames } = *self;
        let names = Names::of(plan, renames);
        let old_names = plan.old_names();
        let of = |(index, planned): (usize, &PlannedChange)| {
            let hazards: Vec<HazardNote> = plan.hazards_of(index).cloned().collect();
            let table_rows = planned.change.table().and_then(|table| rows_of(table, rows, &old_names));
            said(&Case { change: &planned.change, hazards: &hazards, tenant, table_rows, names: &names })
        };
        plan.changes.iter().enumerate().map(of).collect()
    }
}

fn rows_of(table: &QName, rows: &BTreeMap<QName, u64>, old_names: &BTreeMap<&QName, &QName>) -> Option<u64> {
    rows.get(table).or_else(|| rows.get(*old_names.get(table)?)).copied()
}

/// Makes each verdict at least as strict as those it depends on. Returns whether any became stricter.
fn keep_back_dependents(plan: &Plan, rulings: &mut [Ruling]) -> bool {
    let mut stricter = false;
    for (index, planned) in plan.changes.iter().enumerate() {
        if rulings[index].verdict == Verdict::Ignore {
            continue;
        }
        let strictest = planned.requires.iter().copied().max_by_key(|&needed| inherited(rulings[needed].verdict));
        let Some(needed) = strictest else { continue };
        let verdict = inherited(rulings[needed].verdict);
        if verdict > rulings[index].verdict {
            rulings[index] = Ruling { verdict, reason: Reason::Needs { object: root(plan, rulings, needed) } };
            stricter = true;
        }
    }
    stricter
}

/// The least that becomes of a change that needs one with this verdict.
fn inherited(verdict: Verdict) -> Verdict {
    if verdict == Verdict::Ignore { Verdict::Deny } else { verdict }
}

/// What is really kept back: the end of the chain of needs.
fn root(plan: &Plan, rulings: &[Ruling], needed: usize) -> String {
    match &rulings[needed].reason {
        Reason::Needs { object } => object.clone(),
        _ => plan.changes[needed].change.object(),
    }
}
