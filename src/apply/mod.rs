//! One plan on one database: lock, re-check, time-outs, steps, retry.
//!
//! Applying chooses nothing. Steps that can be rolled back share transactions; the others run
//! one by one, and what is already done is said when one of them fails.

mod error;
mod hash;
mod progress;
mod rows;

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::{Duration, Instant};

pub use error::{ApplyError, Cause, Stopped};
pub use progress::{Ended, Position, Progress, Rows, Silence, Waiting};

use crate::db::{Connection, DbError, Memo, Session, dice};
use crate::model::{Fingerprint, Pace, Plan, RowWork, Schema, Step, StepPart};

/// How long statements may wait and run, and how often a step that lost a race is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How long a statement waits for a lock.
    pub lock_timeout: Duration,
    /// How long a quick statement runs.
    pub statement_timeout: Duration,
    /// How long a statement runs that reads or writes rows.
    pub slow_statement_timeout: Duration,
    /// How often a step is tried again after a lock time-out or a deadlock.
    pub retries: u32,
    /// How many rows one batch writes.
    pub batch: usize,
    /// How long to pause between two batches.
    pub batch_pause: Duration,
}

impl Limits {
    /// For scratch databases, where nobody else waits.
    pub const GENEROUS: Limits = Limits {
        lock_timeout: Duration::from_secs(10),
        statement_timeout: Duration::from_secs(60),
        slow_statement_timeout: Duration::from_secs(60),
        retries: 0,
        batch: 1_000,
        batch_pause: Duration::ZERO,
    };
}

/// The pause before the second try.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// How much longer a server may need to notice that nobody waits for a statement any more.
const AFTERLIFE: Duration = Duration::from_secs(2);

/// The pause between two tries doubles up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Runs a plan, over a session that is prepared for changes. The database must be locked by [`begin`].
///
/// # Errors
/// [`ApplyError`] says which step failed, why, and what had been done for good before it.
pub async fn run(
    session: &mut Session,
    plan: &Plan,
    limits: &Limits,
    progress: &mut dyn Progress,
) -> Result<(), ApplyError> {
    let mut run = Run { session, plan, limits, progress, pace: None, since: BTreeMap::new() };
    for group in plan.transactions() {
        run.group(group).await?;
    }
    Ok(())
}

/// Locks the database and makes sure that it is still the one that the plan was made for: that it is as it was when a
/// visit learned `known` of the plan's start, or else that everything reads so.
///
/// # Errors
/// [`ApplyError::Busy`], [`ApplyError::Stale`], or what the server said.
pub async fn begin(
    session: &mut Session,
    plan: &Plan,
    limits: &Limits,
    known: Option<&Memo>,
    scope: impl Fn(Schema) -> Schema,
) -> Result<(), ApplyError> {
    session.limit(limits.lock_timeout, limits.slow_statement_timeout).await?;
    if !locks(session, limits).await? {
        return Err(ApplyError::Busy);
    }
    let structure = match known {
        Some(known) => session.look_again(known).await?,
        None => Some(session.structure().await?),
    };
    if let Some(structure) = structure {
        is_start(session, plan, scope(structure)).await?;
    }
    Ok(())
}

/// Makes sure that what was read under the lock is what a plan was made for. If not, the lock is given back.
///
/// # Errors
/// [`ApplyError::Stale`], or what the server said.
pub async fn is_start(session: &mut Session, plan: &Plan, structure: Schema) -> Result<(), ApplyError> {
    let found = Fingerprint::of(&structure);
    if found == plan.start {
        return Ok(());
    }
    session.unlock().await?;
    Err(ApplyError::Stale { expected: plan.start, found })
}

/// Takes undrift's lock. The server may still be at the last statement of a run that was killed, which waits no longer
/// than it may: that is waited for.
async fn locks(session: &mut Session, limits: &Limits) -> Result<bool, DbError> {
    let begun = Instant::now();
    while begun.elapsed() < limits.lock_timeout + AFTERLIFE {
        if session.lock().await? {
            return Ok(true);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    session.lock().await
}

/// The pauses between tries: each twice as long as the one before, and up to a half longer, so that those who met
/// once do not meet again.
pub(in crate::apply) fn pauses(limits: &Limits) -> impl Iterator<Item = Duration> + use<> {
    let doubled = std::iter::successors(Some(FIRST_PAUSE), |pause| Some((*pause * 2).min(LONGEST_PAUSE)));
    doubled.map(|pause| pause.mul_f64(1.0 + dice() / 2.0)).take(limits.retries as usize)
}

/// A plan while it runs.
struct Run<'a> {
    session: &'a mut Session,
    plan: &'a Plan,
    limits: &'a Limits,
    progress: &'a mut dyn Progress,
    /// The pace whose time-outs are set, so that they are not sent again before every step.
    pace: Option<Pace>,
    /// Since when rows may have been touched that were worked on, by the title of the work.
    since: BTreeMap<String, Option<String>>,
}

impl Run<'_> {
    /// Runs steps that belong together, again after a lost race for a lock. Nothing of a transaction that lost one
    /// stays; of steps outside of transactions the statement that lost it is the one to repeat.
    async fn group(&mut self, range: Range<usize>) -> Result<(), ApplyError> {
        if !self.plan.steps[range.start].transactional {
            return self.step(range.start, range.start).await;
        }
        let mut pauses = pauses(self.limits);
        loop {
            match self.in_transaction(range.clone()).await {
                Err(ApplyError::Step(stopped)) if stopped.passes() => {
                    let Some(pause) = pauses.next() else { return Err(ApplyError::Step(stopped)) };
                    stopped.db_error().into_iter().for_each(|error| self.progress.retry(error, pause));
                    tokio::time::sleep(pause).await;
                }
                other => return other,
            }
        }
    }

    async fn in_transaction(&mut self, range: Range<usize>) -> Result<(), ApplyError> {
        let (first, last) = (range.start, range.end - 1);
        self.session.begin().await.map_err(|error| Stopped::at(self.plan, first, first, None, error))?;
        let mut ended = Ok(());
        for number in range {
            ended = self.step(number, first).await;
            if ended.is_err() {
                break;
            }
        }
        if ended.is_ok() {
            let committed = self.session.commit().await;
            ended = committed.map_err(|error| Stopped::at(self.plan, last, first, None, error).into());
        }
        if ended.is_err() {
            // A connection that broke has rolled back by itself; the first error is the one to show.
            let _ = self.session.rollback().await;
            self.pace = None;
        }
        ended
    }

    /// Runs one step. `kept` is the number of steps that stay done if it fails.
    async fn step(&mut self, number: usize, kept: usize) -> Result<(), ApplyError> {
        let (plan, step) = (self.plan, &self.plan.steps[number]);
        if !self.progress.proceeds() {
            return Err(Stopped::by_request(plan, number, kept).into());
        }
        self.progress.step(number + 1, plan.steps.len(), step);
        let stop = |error| Stopped::at(plan, number, kept, None, error);
        if !step.preconditions.is_empty() {
            self.set_pace(Pace::Slow).await.map_err(stop)?;
        }
        for precondition in &step.preconditions {
            let found = self.session.count(&precondition.query).await.map_err(stop)?;
            if found > 0 {
                let finding = precondition.finding.replace("{n}", &found.to_string());
                return Err(Stopped::by_data(plan, number, kept, finding).into());
            }
        }
        self.set_pace(step.pace).await.map_err(stop)?;
        for (position, part) in step.parts().enumerate() {
            let at = Position { step: number + 1, statement: position + 1 };
            let ran = match part {
                StepPart::Statement(sql) if step.repeats(position) => self.until_it_has_the_lock(at, sql, step).await?,
                StepPart::Statement(sql) => self.in_any_way(at, sql).await?.map_err(Cause::Db),
                StepPart::Rows(work) => self.rows(at, work).await?,
            };
            ran.map_err(|cause| Stopped::because(plan, number, kept, Some(position), cause))?;
        }
        Ok(())
    }

    /// Runs one statement, again after a lost race for a lock: it did nothing then, or what it left is removed.
    async fn until_it_has_the_lock(
        &mut self,
        at: Position,
        sql: &str,
        step: &Step,
    ) -> Result<Result<u64, Cause>, ApplyError> {
        let mut pauses = pauses(self.limits);
        loop {
            let ran = self.in_any_way(at, sql).await?;
            let is_clean = ran.is_ok() || self.undo(at, step).await?;
            let lost = ran.as_ref().err().filter(|error| error.trouble.passes() && is_clean);
            let (Some(error), Some(pause)) = (lost, pauses.next()) else { return Ok(ran.map_err(Cause::Db)) };
            self.progress.retry(error, pause);
            tokio::time::sleep(pause).await;
        }
    }

    /// Removes what a statement may have left that failed. What cannot be removed now is for the next plan; whether
    /// nothing is left.
    async fn undo(&mut self, at: Position, step: &Step) -> Result<bool, ApplyError> {
        for sql in &step.undo {
            if self.set_pace(Pace::Slow).await.is_err() || self.statement(at, sql).await?.is_err() {
                return Ok(false);
            }
        }
        Ok(self.set_pace(step.pace).await.is_ok())
    }

    /// Runs a statement; if the server refuses it as it is, whatever the listener has in its place.
    async fn in_any_way(&mut self, at: Position, sql: &str) -> Result<Result<u64, DbError>, ApplyError> {
        let mut sql = sql.to_owned();
        loop {
            let ran = self.statement(at, &sql).await?;
            let instead = ran.as_ref().err().and_then(|error| self.progress.instead(at, &sql, error));
            match instead {
                Some(instead) => sql = instead,
                None => return Ok(ran),
            }
        }
    }

    /// Runs one statement, between the two words about it. The outer error: it could not be announced, and did
    /// not run.
    async fn statement(&mut self, at: Position, sql: &str) -> Result<Result<u64, DbError>, ApplyError> {
        self.progress.before(at, sql).await.map_err(ApplyError::Unrecorded)?;
        let begun = Instant::now();
        let ran = self.session.execute(sql).await;
        let ended = Ended { took: begun.elapsed(), result: ran.as_ref().map(|rows| *rows) };
        self.progress.after(at, ended).await.map_err(ApplyError::Unrecorded)?;
        Ok(ran)
    }

    /// Does work on rows, between the two words about it.
    async fn rows(&mut self, at: Position, work: &RowWork) -> Result<Result<u64, Cause>, ApplyError> {
        self.progress.before(at, &work.shown).await.map_err(ApplyError::Unrecorded)?;
        let begun = Instant::now();
        let since = self.since.entry(work.title.clone()).or_default();
        let ran = rows::Rows::new(self.session, work, since, self.limits, self.progress).run().await;
        let failed = ran.as_ref().err().map(|cause| cause.error("change rows"));
        let result = match (&ran, &failed) {
            (Ok(rows), _) => Ok(*rows),
            (Err(_), Some(error)) => Err(error),
            (Err(_), None) => Ok(0),
        };
        let ended = Ended { took: begun.elapsed(), result };
        self.progress.after(at, ended).await.map_err(ApplyError::Unrecorded)?;
        Ok(ran)
    }

    /// Sets the time-outs of a pace, if they are not set already.
    async fn set_pace(&mut self, pace: Pace) -> Result<(), DbError> {
        if self.pace == Some(pace) {
            return Ok(());
        }
        let Limits { lock_timeout, statement_timeout, slow_statement_timeout, .. } = *self.limits;
        let (lock, statement) = match pace {
            Pace::Quick => (lock_timeout, statement_timeout),
            Pace::Slow => (lock_timeout, slow_statement_timeout),
            Pace::Patient => (slow_statement_timeout, slow_statement_timeout),
        };
        self.session.limit(lock, statement).await?;
        self.pace = Some(pace);
        Ok(())
    }
}
