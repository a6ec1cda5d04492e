//! Which tables have to be backed up before a plan runs, and having that done.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use super::hands::Hands;
use super::{Assessment, Choice, FleetMember, Study, quarantine};
use crate::apply::{self, ApplyError, Limits, Progress};
use crate::backup::{Backup, BackupError, Job, Order};
use crate::config::Backups;
use crate::db::{Connection, Target};
use crate::model::{Change, Plan, QName, Quarantined, Reason, Ruling, Schema, Verdict};
use crate::policy::{self, Policy, Stay, Subject};

/// How often it is asked whether to go on.
const LOOK: Duration = Duration::from_millis(500);

/// After how many of these looks the session is used, so that nobody takes it for a forgotten one.
const SIGN_OF_LIFE: u32 = 40;

/// What is to be backed up before a plan runs.
#[derive(Clone, Copy, Debug)]
pub struct Precaution<'a> {
    /// Where backups go, and who makes them.
    pub settings: &'a Backups,
    /// The tenant's name.
    pub tenant: &'a str,
    /// The tables; none if nothing has to be backed up.
    pub tables: &'a [QName],
}

impl Assessment {
    /// The tables, by the names that they have now, that have to be backed up before a choice of a shape's plan runs.
    pub fn backed_up(&self, study: &Study, choice: &Choice) -> Vec<QName> {
        if self.backups.is_empty() && choice.purged.is_empty() {
            return Vec::new();
        }
        let present = study.present_tables();
        let changed = self.backups.keys().filter(|index| choice.runs.get(**index) == Some(&true));
        let changed = changed.filter_map(|index| present[*index].cloned());
        let purged = self.stays.iter().filter(|(object, _)| choice.purged.contains(object));
        each_once(changed.chain(purged.filter_map(backed_up_in_the_end)))
    }
}

/// The tables that have to be backed up before a tenant drops for good what it has kept long enough.
pub fn before_purge(study: &Study, member: &FleetMember, policy: &Policy, now: Timestamp) -> Vec<QName> {
    let stays = quarantine::stays(study, member, policy, now);
    each_once(stays.iter().filter(|(_, stay)| stay.over).filter_map(backed_up_in_the_end))
}

/// The table of something in quarantine, if it is backed up before that goes.
fn backed_up_in_the_end((object, stay): &(Quarantined, Stay)) -> Option<QName> {
    stay.backed_up.then(|| object.table.clone())
}

fn each_once(tables: impl Iterator<Item = QName>) -> Vec<QName> {
    tables.collect::<BTreeSet<_>>().into_iter().collect()
}

/// The backups that changes of a plan have to wait for, by their position in it. Drops that are kept lose nothing.
pub(super) fn wanted(
    subject: &Subject<'_>,
    policy: &Policy,
    kept: &BTreeMap<usize, String>,
) -> BTreeMap<usize, policy::Backup> {
    let wanted = policy.backs_up(subject).into_iter().enumerate();
    wanted.filter_map(|(index, backup)| Some((index, backup?))).filter(|(index, _)| !kept.contains_key(index)).collect()
}

/// Denies what would have to wait for a copy of plain text that is about to become hashes, where nobody insists on one.
pub(super) fn spare_plain_text(study: &Study, wanted: &BTreeMap<usize, policy::Backup>, rulings: &mut [Ruling]) {
    if wanted.is_empty() {
        return;
    }
    let present = study.present_tables();
    let plain_text = plain_text(study, &present);
    for (index, _) in wanted.iter().filter(|(_, backup)| !backup.plain_text) {
        let may_run = !matches!(rulings[*index].verdict, Verdict::Deny | Verdict::Ignore);
        let Some(table) = present[*index].filter(|_| may_run) else { continue };
        if let Some(column) = plain_text.get(table) {
            let reason = Reason::PlainText { table: table.to_string(), column: (*column).to_owned() };
            rulings[*index] = Ruling { verdict: Verdict::Deny, reason };
        }
    }
}

/// The columns whose plain text becomes hashes, one of each table, by the table's present name.
fn plain_text<'a>(study: &'a Study, present: &[Option<&'a QName>]) -> BTreeMap<&'a QName, &'a str> {
    let hashed = study.plan.changes.iter().zip(present).filter_map(|(planned, table)| {
        let (from, transform) = match &planned.change {
            Change::RenameColumn { from, transform, .. } => (from, transform.as_ref()),
            Change::MergeColumn { from, how, .. } => (&from.name, how.transform.as_ref()),
            _ => return None,
        };
        transform.filter(|transform| transform.hashes()).and(*table).map(|table| (table, from.as_str()))
    });
    // The first of a table is the one that is named.
    hashed.rev().collect()
}

/// Has a backup made under the lock, and makes sure that the database is still the one that the plan was made for.
pub(super) async fn take(
    hands: &mut Hands<'_>,
    target: &Target,
    precaution: &Precaution<'_>,
    plan: &Plan,
    limits: &Limits,
    scope: impl Fn(Schema) -> Schema,
    progress: &mut dyn Progress,
) -> Result<(), ApplyError> {
    let Precaution { settings, tenant, tables } = *precaution;
    if tables.is_empty() {
        return Ok(());
    }
    progress.backing_up(tables);
    let target = hands.target(target).clone();
    let order =
        Order { settings, tenant, target: &target, tables, plan: plan.hash(), lock_timeout: limits.lock_timeout };
    let job = Job::of(hands.session(), order).await.map_err(ApplyError::Backup)?;
    let backup = beside(hands, job, progress).await.map_err(ApplyError::Backup)?;
    progress.backed_up(&backup).await.map_err(ApplyError::Unrecorded)?;
    let structure = hands.own().structure().await?;
    apply::is_start(hands.own(), plan, scope(structure)).await
}

/// Waits for a backup, keeps the sessions alive meanwhile, and gives it up when undrift is asked to stop.
async fn beside(hands: &mut Hands<'_>, job: Job<'_>, progress: &mut dyn Progress) -> Result<Backup, BackupError> {
    let running = job.run();
    tokio::pin!(running);
    for look in 1u32.. {
        if let Ok(backup) = tokio::time::timeout(LOOK, &mut running).await {
            return backup;
        }
        if !progress.proceeds() {
            return Err(BackupError::Stopped);
        }
        if look.is_multiple_of(SIGN_OF_LIFE) {
            hands.show_life().await?;
        }
    }
    unreachable!("there are more looks than anybody waits for")
}
