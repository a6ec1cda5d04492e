//! What tenants keep instead of dropping it: the list for people, and the plans that end it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::entry::Entry;
use super::fleet::Fleet;
use super::repair::Job;
use super::settings::Settings;
use super::{Daemon, backoff};
use crate::reconcile::before_purge;
use crate::reconcile::rollout::Readiness;
use crate::store::{KEPT, KeptRecord, QuarantineRecord, StoreError};

/// The most that is listed. Tenants that dropped the same on the same day are one line.
const LISTED: usize = 1_000;

/// What allows a purge, as the audit says it.
const KEPT_LONG_ENOUGH: &str = "it was in quarantine for as long as the policy says";

impl Daemon {
    /// Plans that drop for good what tenants of a schema have kept long enough. They belong to no rollout: what they drop
    /// went out of use when it was renamed.
    pub(super) fn purges(
        &self,
        fleet: &mut Fleet,
        settings: &Settings,
        schema: &str,
        now: Timestamp,
        starting: &BTreeSet<String>,
    ) -> Vec<Job> {
        let Fleet { tenants, applying, looking, .. } = fleet;
        let room = settings.policy.rollout.at_once.saturating_sub(applying.len() + starting.len());
        let free = |name: &String| !applying.contains(name) && !looking.contains(name) && !starting.contains(name);
        let due = tenants.iter_mut().filter(|(name, entry)| entry.schema == schema && free(name));
        due.filter_map(|(_, entry)| purge(entry, settings, now)).take(room).collect()
    }

    /// Writes down what is kept, by how many tenants, if that has changed.
    ///
    /// # Errors
    /// When the state cannot be read or written.
    pub(super) async fn note_kept(&self, fleet: &Fleet) -> Result<(), StoreError> {
        let kept = kept(fleet);
        let before: Vec<KeptRecord> = self.store.note(KEPT).await?.unwrap_or_default();
        if before == kept { Ok(()) } else { self.store.set_note(KEPT, &kept).await }
    }
}

/// The job that drops what a tenant kept, if it is time and nothing stands against it.
fn purge(entry: &mut Entry, settings: &Settings, now: Timestamp) -> Option<Job> {
    let plan = entry.purge.clone()?;
    let known = entry.known.clone().filter(|known| known.goal == entry.member.declared.hash())?;
    let ready = backoff::readiness(entry.record.failure.as_ref(), plan.hash(), now);
    if !matches!(ready, Readiness::Now) || settings.policy.frozen(&entry.member.tenant, now).is_some() {
        return None;
    }
    entry.purge = None;
    Some(Job {
        member: entry.member.clone(),
        known: Arc::clone(&known),
        backup: before_purge(&known.study, &entry.member, &settings.policy, now),
        sight: entry.sight.clone(),
        rules: vec![KEPT_LONG_ENOUGH.to_owned(); plan.changes.len()],
        plan,
        approver: None,
        rollout: 0,
        schema: entry.schema.clone(),
        explanation: settings.explanation(&entry.member.declared),
    })
}

/// What is kept, that which goes first before the rest.
fn kept(fleet: &Fleet) -> Vec<KeptRecord> {
    let mut counts: BTreeMap<&QuarantineRecord, u64> = BTreeMap::new();
    for entry in fleet.tenants.values() {
        entry.record.quarantined.iter().for_each(|record| *counts.entry(record).or_default() += 1);
    }
    let mut kept: Vec<_> =
        counts.into_iter().map(|(what, tenants)| KeptRecord { what: what.clone(), tenants }).collect();
    kept.sort_by_key(|kept| (kept.what.until.is_none(), kept.what.until, kept.what.object.clone()));
    kept.truncate(LISTED);
    kept
}
