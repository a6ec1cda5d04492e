//! Who is in which wave, and who starts next.

use std::collections::{BTreeMap, BTreeSet};

use super::{Candidate, Readiness};
use crate::model::Hash;
use crate::policy::{Rollout, Wave};
use crate::store::{MemberState, RolloutRecord};

/// Takes those into the present wave who belong to it.
pub(super) fn fill(record: &mut RolloutRecord, settings: &Rollout, candidates: &BTreeMap<&str, &Candidate>) {
    let wave = settings.waves.get(record.wave).cloned().unwrap_or(Wave::ALL);
    let chosen = match &wave {
        Wave::Tenants(tenants) => fitting(record, candidates, |candidate| tenants.holds(&candidate.tenant)),
        Wave::Portion(portion) => {
            let present = |state: MemberState| state != MemberState::Gone;
            let all = record.members.values().filter(|member| present(member.state)).count();
            let taken = record.members.values().filter(|member| member.wave.is_some() && present(member.state)).count();
            let wanted = portion.of(all as u64).saturating_sub(taken as u64);
            let mut waiting = spread(fitting(record, candidates, |_| true), candidates);
            waiting.truncate(usize::try_from(wanted).unwrap_or(usize::MAX));
            waiting
        }
    };
    let number = record.wave;
    for name in chosen {
        if let Some(member) = record.members.get_mut(&name) {
            member.wave = Some(number);
        }
    }
}

/// The members without a wave that fit, by name.
fn fitting(
    record: &RolloutRecord,
    candidates: &BTreeMap<&str, &Candidate>,
    fits: impl Fn(&Candidate) -> bool,
) -> Vec<String> {
    let waiting =
        record.members.iter().filter(|(_, member)| member.wave.is_none() && member.state == MemberState::Waiting);
    let fits = |name: &&String| candidates.get(name.as_str()).is_some_and(|candidate| fits(candidate));
    waiting.map(|(name, _)| name).filter(fits).cloned().collect()
}

/// The same names in an order in which every plan comes up early: a wave of canaries is to try out as many
/// plans as it has tenants.
fn spread(names: Vec<String>, candidates: &BTreeMap<&str, &Candidate>) -> Vec<String> {
    let mut seen: BTreeMap<Hash, usize> = BTreeMap::new();
    let mut ranked: Vec<_> = names
        .into_iter()
        .map(|name| {
            let turn = candidates.get(name.as_str()).map_or(0, |candidate| {
                let turn = seen.entry(candidate.plan).or_default();
                *turn += 1;
                *turn
            });
            (turn, name)
        })
        .collect();
    ranked.sort();
    ranked.into_iter().map(|(_, name)| name).collect()
}

/// Marks those who start now as running and returns their names, up to the number that may run together.
pub(super) fn ready(
    record: &mut RolloutRecord,
    settings: &Rollout,
    candidates: &BTreeMap<&str, &Candidate>,
    busy: &BTreeSet<&str>,
) -> Vec<String> {
    let room = settings.at_once.max(1).saturating_sub(busy.len());
    let mut waiting: Vec<_> = record
        .members
        .iter_mut()
        .filter(|(name, member)| {
            let turn = matches!(member.state, MemberState::Waiting | MemberState::Failed);
            let candidate = candidates.get(name.as_str());
            member.wave.is_some() && turn && candidate.is_some_and(|candidate| candidate.ready == Readiness::Now)
        })
        .collect();
    waiting.sort_by_key(|(name, member)| (member.wave, (*name).clone()));
    let starting = waiting.into_iter().take(room).map(|(name, member)| {
        member.state = MemberState::Running;
        name.clone()
    });
    starting.collect()
}
