//! The failures that a rollout can bear.

use crate::policy::Rollout;
use crate::store::{MemberState, RolloutRecord, Stage};

/// Stops a rollout that has spent its budget.
pub(super) fn check(record: &mut RolloutRecord, settings: &Rollout) {
    if !matches!(record.stage, Stage::Running | Stage::Soaking { .. }) {
        return;
    }
    let count = |wanted: &dyn Fn(MemberState) -> bool| {
        record.members.values().filter(|member| wanted(member.state)).count() as u64
    };
    let failed = count(&|state| state == MemberState::Failed);
    let all = count(&|state| state != MemberState::Gone);
    let stop = settings.stop_after;
    let bearable = [stop.failures, stop.share.map(|share| share.of(all))].into_iter().flatten().min();
    if bearable.is_some_and(|limit| failed > 0 && failed >= limit) {
        record.stage = Stage::Stopped { why: format!("{failed} of {all} tenants failed") };
    }
}
