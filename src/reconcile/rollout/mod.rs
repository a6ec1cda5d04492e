//! Rollouts: in which order a change goes out, when it pauses, and when it stops.
//!
//! Pure: [`advance`] looks at a rollout, at the tenants that need a change now, and at the clock, and says whom to
//! start. The record is the only memory, so that a daemon that was killed goes on where it was.

mod budget;
mod waves;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::model::{Hash, Tenant};
use crate::policy::Rollout;
use crate::store::{MemberRecord, MemberState, RolloutRecord, Stage};

/// A tenant that needs a change which policy lets run.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The tenant.
    pub tenant: Tenant,
    /// The plan that would run.
    pub plan: Hash,
    /// Whether it may start.
    pub ready: Readiness,
}

/// Whether a tenant may start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// Now.
    Now,
    /// Not before a pause after a failure is over, or somebody else is done with it.
    Later,
    /// Not before a person has looked.
    Never,
}

/// A rollout that begins.
pub fn begin(id: i64, schema: &str, goal: Hash, now: Timestamp) -> RolloutRecord {
    RolloutRecord {
        id,
        schema: schema.to_owned(),
        goal,
        stage: Stage::Running,
        wave: 0,
        started: now,
        ended: None,
        members: BTreeMap::new(),
    }
}

/// Takes in who needs a change now, moves the rollout on, and returns the tenants to start, in order. They are
/// marked as running: whoever starts them records that first.
///
/// `looked_at` are the tenants whose state is known: a member among them that is no candidate needs nothing any
/// more. `busy` are those whose plan is running in this process.
pub fn advance(
    record: &mut RolloutRecord,
    settings: &Rollout,
    candidates: &[Candidate],
    looked_at: &BTreeSet<&str>,
    busy: &BTreeSet<&str>,
    now: Timestamp,
) -> Vec<String> {
    let candidates: BTreeMap<&str, &Candidate> = candidates.iter().map(|c| (c.tenant.name.as_str(), c)).collect();
    take_in(record, &candidates, looked_at, busy);
    budget::check(record, settings);
    loop {
        match &record.stage {
            Stage::Soaking { until } if *until <= now => {
                record.stage = Stage::Running;
                record.wave += 1;
            }
            Stage::Running => {}
            _ => return Vec::new(),
        }
        waves::fill(record, settings, &candidates);
        let starting = waves::ready(record, settings, &candidates, busy);
        if !starting.is_empty() {
            return starting;
        }
        if !wave_is_over(record) {
            return Vec::new();
        }
        if !leave_wave(record, settings, &candidates, now) {
            return Vec::new();
        }
    }
}

/// What became of a tenant's plan.
pub fn settle(record: &mut RolloutRecord, tenant: &str, state: MemberState) {
    if let Some(member) = record.members.get_mut(tenant) {
        member.state = state;
    }
}

/// Goes on with a rollout that a person stopped or that spent its budget: failures so far are forgiven.
pub fn resume(record: &mut RolloutRecord) {
    if matches!(record.stage, Stage::Stopped { .. } | Stage::Paused { .. }) {
        record.stage = Stage::Running;
        let failed = record.members.values_mut().filter(|member| member.state == MemberState::Failed);
        failed.for_each(|member| member.state = MemberState::Waiting);
    }
}

/// Whether anything can still come of it.
pub fn is_open(record: &RolloutRecord) -> bool {
    !matches!(record.stage, Stage::Done | Stage::Superseded)
}

/// Brings the members up to what was seen.
fn take_in(
    record: &mut RolloutRecord,
    candidates: &BTreeMap<&str, &Candidate>,
    looked_at: &BTreeSet<&str>,
    busy: &BTreeSet<&str>,
) {
    for name in candidates.keys() {
        let new = MemberRecord { wave: None, state: MemberState::Waiting };
        let member = record.members.entry((*name).to_owned()).or_insert(new);
        match member.state {
            // It ran when undrift was killed, and has not got there.
            MemberState::Running if !busy.contains(name) => member.state = MemberState::Waiting,
            // It drifted again: its wave is not over.
            MemberState::Done | MemberState::Gone => member.state = MemberState::Waiting,
            _ => {}
        }
    }
    for (name, member) in &mut record.members {
        let name = name.as_str();
        if candidates.contains_key(name) || busy.contains(name) || !looked_at.contains(name) {
            continue;
        }
        member.state = match member.state {
            MemberState::Running => MemberState::Done,
            MemberState::Done => MemberState::Done,
            _ => MemberState::Gone,
        };
    }
}

/// Whether nobody of the waves so far is still to come.
fn wave_is_over(record: &RolloutRecord) -> bool {
    let open = |member: &MemberRecord| matches!(member.state, MemberState::Waiting | MemberState::Running);
    !record.members.values().any(|member| member.wave.is_some() && open(member))
}

/// What comes after a wave: a look at what it did, the next one, or the end. Not yet, if one that failed is to be
/// tried again and nobody else is left.
fn leave_wave(
    record: &mut RolloutRecord,
    settings: &Rollout,
    candidates: &BTreeMap<&str, &Candidate>,
    now: Timestamp,
) -> bool {
    let tried_again = record.members.iter().any(|(name, member)| {
        let candidate = candidates.get(name.as_str());
        member.state == MemberState::Failed && candidate.is_some_and(|c| c.ready != Readiness::Never)
    });
    let of_wave = || record.members.values().filter(|member| member.wave == Some(record.wave));
    let failed = of_wave().filter(|member| member.state == MemberState::Failed).count();
    let done = of_wave().any(|member| member.state == MemberState::Done);
    let waiting = record.members.values().any(|member| member.wave.is_none() && member.state == MemberState::Waiting);
    if tried_again && (!done || !waiting) {
        return false;
    }
    if failed > 0 && !done && waiting {
        let why = format!("every tenant of wave {} failed ({failed})", record.wave + 1);
        record.stage = Stage::Stopped { why };
    } else if !waiting {
        record.stage = Stage::Done;
        record.ended = Some(now);
    } else {
        // A wave in which nobody was changed has nothing to show.
        let soak = if done { settings.soak } else { std::time::Duration::ZERO };
        let soak = SignedDuration::try_from(soak).unwrap_or(SignedDuration::MAX);
        record.stage = Stage::Soaking { until: now.saturating_add(soak).unwrap_or(Timestamp::MAX) };
    }
    true
}
