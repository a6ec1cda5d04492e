//! What is said of a drifted tenant. Most tenants of a shape are told the same, so it is kept once for all of them.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::{Assessment, Outlook, Study};
use crate::model::{Plan, QName, Ruling};

/// Of how many things that were said of a shape's tenants it is remembered who says the same. Where rows stand in the
/// way, what is said holds a number, and there may be as many as there are tenants.
const REMEMBERED: usize = 16;

/// What policy and rows say of a drifted tenant, with the plans that follow from it.
#[derive(PartialEq)]
pub struct Judged {
    /// Where it stands.
    pub outlook: Outlook,
    /// A ruling for every change of the shape's plan.
    pub rulings: Vec<Ruling>,
    /// Rulings for what the plan leaves out, in its order.
    pub left_out: Vec<Ruling>,
    /// What stands in the way of a declared rename.
    pub blocked: Vec<String>,
    /// The plan for what is allowed, if anything is, and the changes of the shape's plan that it carries out.
    pub allowed: Option<Part>,
    /// The plan for what is allowed once everything that policy asks about is approved, if it asks.
    pub asked: Option<Part>,
    /// Why one of these plans is not offered.
    pub trouble: Option<String>,
}

impl Judged {
    /// What was found, without plans.
    pub(super) fn of(assessment: Assessment, study: &Study) -> Self {
        let outlook = assessment.outlook(study);
        let Assessment { rulings, left_out, blocked, .. } = assessment;
        Self { outlook, rulings, left_out, blocked, allowed: None, asked: None, trouble: None }
    }
}

/// A part of a shape's plan, proved.
#[derive(Clone)]
pub struct Part {
    /// Which of the changes of the shape's plan it carries out.
    pub runs: Vec<bool>,
    /// The plan.
    pub plan: Arc<Plan>,
    /// The tables that have to be backed up before it runs.
    pub backup: Vec<QName>,
}

impl PartialEq for Part {
    /// A shape has each of its plans once.
    fn eq(&self, other: &Self) -> bool {
        self.runs == other.runs && self.backup == other.backup && Arc::ptr_eq(&self.plan, &other.plan)
    }
}

/// What was said of a shape's tenants last, as far as some tenant is still told so. The latest comes last.
#[derive(Default)]
pub(super) struct Said(Mutex<Vec<Weak<Judged>>>);

impl Said {
    /// The same, as another tenant has it if one does.
    pub(super) fn share(&self, judged: Judged) -> Arc<Judged> {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut others = said.drain(..).filter_map(|other| other.upgrade()).collect::<Vec<_>>();
        let same = others.iter().position(|other| **other == judged).map(|at| others.remove(at));
        let judged = same.unwrap_or_else(|| Arc::new(judged));
        others.push(Arc::clone(&judged));
        let surplus = others.len().saturating_sub(REMEMBERED);
        said.extend(others.iter().skip(surplus).map(Arc::downgrade));
        judged
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(blocked: usize) -> Judged {
        Judged {
            outlook: Outlook::Kept,
            rulings: Vec::new(),
            left_out: Vec::new(),
            blocked: vec![blocked.to_string()],
            allowed: None,
            asked: None,
            trouble: None,
        }
    }

    #[test]
    fn what_many_are_told_is_kept_once() {
        let said = Said::default();
        let first = said.share(judged(0));
        for number in 1..100 {
            let other = said.share(judged(number));
            assert!(Arc::ptr_eq(&first, &said.share(judged(0))), "it is told again and again");
            assert!(!Arc::ptr_eq(&first, &other));
        }
    }

    #[test]
    fn what_nobody_is_told_any_more_is_forgotten() {
        let said = Said::default();
        drop(said.share(judged(0)));
        let _kept = said.share(judged(1));
        assert_eq!(said.0.lock().unwrap().len(), 1);
    }
}
