//! The part of a plan's changes that may run.

use crate::model::Plan;

/// Whether each change of a plan runs, given which are wanted: one that requires another that does
/// not run does not run either.
pub fn subset(plan: &Plan, wanted: &[bool]) -> Vec<bool> {
    let mut runs = wanted.to_vec();
    loop {
        let stopped = plan
            .changes
            .iter()
            .enumerate()
            .find(|(index, planned)| runs[*index] && planned.requires.iter().any(|needed| !runs[*needed]));
        match stopped {
            Some((index, _)) => runs[index] = false,
            None => return runs,
        }
    }
}
