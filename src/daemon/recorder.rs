//! Writing down what a plan does, statement by statement, while it runs.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::apply::{Ended, Position, Progress, Waiting};
use crate::backup::Backup;
use crate::db::{DbError, Trouble};
use crate::model::{Engine, Hash, Plan, QName, Step};
use crate::store::{AuditEntry, AuditEvent, Store};
use crate::telemetry::{Metrics, StepOutcome};

/// Records one plan on one tenant.
pub struct Recorder {
    /// Where to.
    pub store: Store,
    /// What counts.
    pub metrics: Arc<Metrics>,
    /// The tenant's engine.
    pub engine: Engine,
    /// Whom it runs on.
    pub tenant: String,
    /// Which plan.
    pub plan: Hash,
    /// What waits for the next entry.
    pub held: Held,
    /// How long a statement waits for a lock.
    pub lock_timeout: Duration,
    /// Whether the wait that ended last was in a statement, which was measured.
    pub measured: bool,
    /// Raised when undrift is to end: the step that runs is the last one.
    pub stopping: CancellationToken,
}

/// Entries that say nothing which the next one could not be written with, so that nobody has to wait for the disk twice: the
/// beginning of a plan, before there is anything to begin with, and that a statement went well. A kill in between leaves
/// what it leaves anyway: an intent of which nobody saw the end.
#[derive(Default)]
pub struct Held {
    /// The plan, until it is in the state.
    plan: Option<Arc<Plan>>,
    entries: Vec<AuditEntry>,
}

impl Recorder {
    /// Writes one entry, after those that were held back. All must be on the disk when this returns.
    ///
    /// # Errors
    /// Why it could not be written.
    pub async fn write(&mut self, event: AuditEvent) -> Result<(), String> {
        let entries: Vec<AuditEntry> = self.held.entries.iter().cloned().chain([self.entry(event)]).collect();
        let written = match &self.held.plan {
            Some(plan) => self.store.open_plan(plan, &entries).await,
            None => self.store.append(&entries).await,
        };
        written.map_err(|error| error.to_string())?;
        self.held = Held::default();
        Ok(())
    }

    /// Holds the first entry of a plan back until there is a second.
    pub fn open(&mut self, plan: &Arc<Plan>, begin: AuditEvent) {
        self.held.plan = Some(Arc::clone(plan));
        self.hold(begin);
    }

    fn hold(&mut self, event: AuditEvent) {
        self.held.entries.push(self.entry(event));
    }

    fn entry(&self, event: AuditEvent) -> AuditEntry {
        AuditEntry { at: Timestamp::now(), event, tenant: Some(self.tenant.clone()), plan: Some(self.plan) }
    }

    /// Takes in that a plan, or one try of it, ended with an error. Whoever could not even begin waited as long as
    /// anybody may.
    pub fn gave_up(&mut self, error: &DbError) {
        if error.trouble == Trouble::LockTimeout && !std::mem::take(&mut self.measured) {
            self.metrics.applies.waited_for_lock(self.engine, self.lock_timeout);
        }
    }
}

impl Progress for Recorder {
    fn backing_up(&mut self, tables: &[QName]) {
        tracing::info!(tenant = self.tenant, ?tables, "backing up");
    }

    fn backed_up<'a>(&'a mut self, backup: &'a Backup) -> Waiting<'a> {
        self.metrics.applies.backed_up(self.engine, backup.bytes, backup.took);
        tracing::info!(tenant = self.tenant, place = backup.place, bytes = backup.bytes, "backed up");
        let event = AuditEvent::BackedUp {
            tables: backup.tables.iter().map(ToString::to_string).collect(),
            place: backup.place.clone(),
            bytes: backup.bytes,
            millis: u64::try_from(backup.took.as_millis()).unwrap_or(u64::MAX),
        };
        Box::pin(self.write(event))
    }

    fn step(&mut self, number: usize, of: usize, step: &Step) {
        tracing::info!(tenant = self.tenant, step = number, of, title = step.title, "step");
    }

    fn retry(&mut self, error: &DbError, pause: Duration) {
        self.gave_up(error);
        self.metrics.applies.statement_retried(self.engine, error.trouble.key());
        tracing::warn!(tenant = self.tenant, %error, ?pause, "trying again");
    }

    fn proceeds(&self) -> bool {
        !self.stopping.is_cancelled()
    }

    fn before<'a>(&'a mut self, at: Position, sql: &'a str) -> Waiting<'a> {
        let event = AuditEvent::Intent { step: at.step, statement: at.statement, sql: sql.to_owned() };
        Box::pin(self.write(event))
    }

    fn after<'a>(&'a mut self, at: Position, ended: Ended<'a>) -> Waiting<'a> {
        let (rows, error) = match ended.result {
            Ok(rows) => (rows, None),
            Err(error) => (0, Some(error.to_string())),
        };
        self.measured = ended.result.is_err_and(|error| error.trouble == Trouble::LockTimeout);
        if self.measured {
            self.metrics.applies.waited_for_lock(self.engine, ended.took);
        }
        let outcome = if error.is_some() { StepOutcome::Failed } else { StepOutcome::Done };
        self.metrics.applies.step_ended(self.engine, outcome);
        let millis = u64::try_from(ended.took.as_millis()).unwrap_or(u64::MAX);
        let went_well = error.is_none();
        let event = AuditEvent::Outcome { step: at.step, statement: at.statement, millis, rows, error };
        if went_well {
            self.hold(event);
            return Box::pin(std::future::ready(Ok(())));
        }
        Box::pin(self.write(event))
    }
}
