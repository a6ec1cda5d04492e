//! A whole plan on one tenant: no change runs without those that it needs.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::model::{HazardNote, Plan, PlannedChange, QName, Reason, Ruling, Tenant, Verdict};

use super::{Case, Policy};

impl Policy {
    /// The verdicts on a plan's changes, in the plan's order. `rows` says how many rows the tenant's
    /// tables have, by the names that they have now, where that is known.
    ///
    /// A change that needs one that does not run is kept back with it, by the stricter of the two
    /// verdicts. If the one it needs is ignored or waived, it is denied: it can never run, and drift
    /// that nobody accepted stays drift.
    pub fn rule_all(&self, plan: &Plan, rows: &BTreeMap<QName, u64>, tenant: &Tenant, now: Timestamp) -> Vec<Ruling> {
        let mut rulings = each(plan, rows, tenant, |case| self.judge(case, now));
        while keep_back_dependents(plan, &mut rulings) {}
        rulings
    }

    /// For each of a plan's changes, whether `--yes` may answer if it is asked about.
    pub fn yes_to_all(&self, plan: &Plan, rows: &BTreeMap<QName, u64>, tenant: &Tenant) -> Vec<bool> {
        each(plan, rows, tenant, |case| self.lets_yes_answer(case))
    }
}

/// What is said of each change by itself, in the plan's order.
pub(super) fn each<T>(
    plan: &Plan,
    rows: &BTreeMap<QName, u64>,
    tenant: &Tenant,
    said: impl Fn(&Case<'_>) -> T,
) -> Vec<T> {
    let old_names = plan.old_names();
    let of = |(index, planned): (usize, &PlannedChange)| {
        let hazards: Vec<HazardNote> = plan.hazards_of(index).cloned().collect();
        let table_rows = planned.change.table().and_then(|table| rows_of(table, rows, &old_names));
        said(&Case { change: &planned.change, hazards: &hazards, tenant, table_rows })
    };
    plan.changes.iter().enumerate().map(of).collect()
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
