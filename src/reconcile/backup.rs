//! Which tables have to be backed up before a plan runs, and having that done.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::{Assessment, Choice, Study, quarantine};
use crate::apply::{ApplyError, Limits, Progress};
use crate::backup::{Backup, BackupError, Job, Order};
use crate::config::Backups;
use crate::db::{Connection, Session, Target};
use crate::model::{Change, Fingerprint, Plan, QName, Reason, Ruling, Schema, Tenant, Verdict};
use crate::policy::{self, Policy};

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
        let runs = |index: &usize| choice.runs.get(*index) == Some(&true) && !choice.kept.contains_key(index);
        let changed = self.backups.keys().filter(|index| runs(index));
        let mut tables: Vec<QName> = changed.filter_map(|index| present_table(study, *index)).collect();
        let purged = self.stays.iter().filter(|(object, stay)| stay.backed_up && choice.purged.contains(object));
        tables.extend(purged.map(|(object, _)| object.table.clone()));
        tables.sort();
        tables.dedup();
        tables
    }
}

/// The tables that have to be backed up before a tenant drops for good what it has kept long enough.
pub fn before_purge(study: &Study, tenant: &Tenant, policy: &Policy, now: Timestamp) -> Vec<QName> {
    let stays = quarantine::stays(study, tenant, policy, now).into_iter();
    let mut tables: Vec<QName> =
        stays.filter(|(_, stay)| stay.over && stay.backed_up).map(|(object, _)| object.table).collect();
    tables.dedup();
    tables
}

/// The backups that changes of a plan have to wait for, by their position in it. Drops that are kept lose nothing.
pub(super) fn wanted(
    study: &Study,
    rows: &BTreeMap<QName, u64>,
    tenant: &Tenant,
    policy: &Policy,
    kept: &BTreeMap<usize, String>,
) -> BTreeMap<usize, policy::Backup> {
    let wanted = policy.backs_up(&study.plan, rows, tenant).into_iter().enumerate();
    wanted.filter_map(|(index, backup)| Some((index, backup?))).filter(|(index, _)| !kept.contains_key(index)).collect()
}

/// Denies what would have to wait for a copy of plain text that is about to become hashes, where nobody insists on one.
pub(super) fn spare_plain_text(study: &Study, wanted: &BTreeMap<usize, policy::Backup>, rulings: &mut [Ruling]) {
    let may_run = |index: usize| !matches!(rulings[index].verdict, Verdict::Deny | Verdict::Ignore);
    let spared = wanted.iter().filter(|(index, backup)| !backup.plain_text && may_run(**index));
    for index in spared.map(|(index, _)| *index).collect::<Vec<_>>() {
        let Some(table) = present_table(study, index) else { continue };
        if let Some(column) = plain_text(study, &table) {
            let reason = Reason::PlainText { table: table.to_string(), column: column.to_owned() };
            rulings[index] = Ruling { verdict: Verdict::Deny, reason };
        }
    }
}

/// A column of a table, by its present name, whose plain text becomes hashes.
fn plain_text<'a>(study: &'a Study, table: &QName) -> Option<&'a str> {
    study.plan.changes.iter().enumerate().find_map(|(index, planned)| {
        let (from, transform) = match &planned.change {
            Change::RenameColumn { from, transform, .. } => (from, transform.as_ref()),
            Change::MergeColumn { from, how, .. } => (&from.name, how.transform.as_ref()),
            _ => return None,
        };
        let hashes = transform.is_some_and(crate::model::Transform::hashes);
        (hashes && present_table(study, index).as_ref() == Some(table)).then_some(from.as_str())
    })
}

/// The table that a change is about, if it is there: by its old name, if the plan renames it.
fn present_table(study: &Study, index: usize) -> Option<QName> {
    let table = study.plan.changes[index].change.table()?;
    let present = |name: &QName| study.actual.tables.contains_key(name);
    let old = study.plan.changes.iter().find_map(|planned| match &planned.change {
        Change::RenameTable { from, to } if to == table => Some(from),
        _ => None,
    });
    old.into_iter().chain([table]).find(|name| present(name)).cloned()
}

/// Has a backup made under the lock, and makes sure that the database is still the one that the plan was made for.
pub(super) async fn take(
    session: &mut Session,
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
    let order = Order { settings, tenant, target, tables, plan: plan.hash(), lock_timeout: limits.lock_timeout };
    let job = Job::of(session, order).await.map_err(ApplyError::Backup)?;
    let backup = beside(session, job, progress).await.map_err(ApplyError::Backup)?;
    progress.backed_up(&backup).await.map_err(ApplyError::Unrecorded)?;
    let found = Fingerprint::of(&scope(session.structure().await?));
    if found == plan.start {
        return Ok(());
    }
    session.unlock().await?;
    Err(ApplyError::Stale { expected: plan.start, found })
}

/// Waits for a backup, keeps the session alive meanwhile, and gives it up when undrift is asked to stop.
async fn beside(session: &mut Session, job: Job<'_>, progress: &mut dyn Progress) -> Result<Backup, BackupError> {
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
            session.count("SELECT 1").await?;
        }
    }
    unreachable!("there are more looks than anybody waits for")
}
