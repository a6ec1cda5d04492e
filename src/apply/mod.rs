//! One plan on one database: lock, re-check, time-outs, steps, retry.
//!
//! Applying chooses nothing. Steps that can be rolled back run in one transaction; the others run
//! one by one, and what is already done is said when one of them fails.

mod error;

use std::time::Duration;

pub use error::{ApplyError, Cause, Stopped};

use crate::db::{Connection, DbError, Session};
use crate::model::{Fingerprint, Pace, Plan, Schema, Step};

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
}

impl Limits {
    /// For scratch databases, where nobody else waits.
    pub const GENEROUS: Limits = Limits {
        lock_timeout: Duration::from_secs(10),
        statement_timeout: Duration::from_secs(60),
        slow_statement_timeout: Duration::from_secs(60),
        retries: 0,
    };
}

/// What is told while a plan runs.
pub trait Progress {
    /// A step is about to run.
    fn step(&mut self, _number: usize, _of: usize, _step: &Step) {}
    /// A group of steps lost a race for a lock and is tried again after a pause.
    fn retry(&mut self, _error: &DbError, _pause: Duration) {}
}

/// Nobody listens.
pub struct Silence;

impl Progress for Silence {}

/// Runs a plan. The session must be locked and prepared by [`begin`].
///
/// # Errors
/// [`ApplyError`] says which step failed, why, and what had been done for good before it.
pub async fn run(
    session: &mut Session,
    plan: &Plan,
    limits: &Limits,
    progress: &mut dyn Progress,
) -> Result<(), ApplyError> {
    let mut done = 0;
    for group in groups(&plan.steps) {
        run_group(session, plan, done..done + group.len(), limits, progress).await?;
        done += group.len();
    }
    Ok(())
}

/// Locks the database and makes sure that it is still the one that the plan was made for. Returns
/// what was read under the lock.
///
/// # Errors
/// [`ApplyError::Busy`], [`ApplyError::Stale`], or what the server said.
pub async fn begin(
    session: &mut Session,
    plan: &Plan,
    limits: &Limits,
    scope: impl Fn(Schema) -> Schema,
) -> Result<Schema, ApplyError> {
    session.limit(limits.lock_timeout, limits.slow_statement_timeout).await?;
    if !session.lock().await? {
        return Err(ApplyError::Busy);
    }
    let schema = scope(session.read().await?.schema);
    let found = Fingerprint::of(&schema);
    if found != plan.start {
        session.unlock().await?;
        return Err(ApplyError::Stale { expected: plan.start, found });
    }
    session.prepare().await?;
    Ok(schema)
}

/// Steps that run together: all neighbours that fit in one transaction, or one that does not.
fn groups(steps: &[Step]) -> impl Iterator<Item = &[Step]> {
    steps.chunk_by(|a, b| a.transactional && b.transactional)
}

async fn run_group(
    session: &mut Session,
    plan: &Plan,
    range: std::ops::Range<usize>,
    limits: &Limits,
    progress: &mut dyn Progress,
) -> Result<(), ApplyError> {
    let transactional = plan.steps[range.start].transactional;
    let mut pause = Duration::from_secs(1);
    let mut attempt = 0;
    loop {
        let outcome = if transactional {
            in_transaction(session, plan, range.clone(), limits, progress).await
        } else {
            bare(session, plan, range.clone(), limits, progress).await
        };
        match outcome {
            Err(ApplyError::Step(stopped)) if transactional && stopped.passes() && attempt < limits.retries => {
                if let Some(error) = stopped.db_error() {
                    progress.retry(error, pause);
                }
                attempt += 1;
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(60));
            }
            other => return other,
        }
    }
}

async fn in_transaction(
    session: &mut Session,
    plan: &Plan,
    range: std::ops::Range<usize>,
    limits: &Limits,
    progress: &mut dyn Progress,
) -> Result<(), ApplyError> {
    let first = range.start;
    session.begin().await.map_err(|error| Stopped::at(plan, first, first, None, error))?;
    let mut ran = Ok(());
    for number in range.clone() {
        ran = run_step(session, plan, number, first, limits, progress).await;
        if ran.is_err() {
            break;
        }
    }
    let last = range.end - 1;
    let ended = match ran {
        Ok(()) => session.commit().await.map_err(|error| Stopped::at(plan, last, first, None, error).into()),
        Err(error) => Err(error),
    };
    if ended.is_err() {
        // A connection that broke has rolled back by itself; the first error is the one to show.
        let _ = session.rollback().await;
    }
    ended
}

async fn bare(
    session: &mut Session,
    plan: &Plan,
    range: std::ops::Range<usize>,
    limits: &Limits,
    progress: &mut dyn Progress,
) -> Result<(), ApplyError> {
    for number in range {
        run_step(session, plan, number, number, limits, progress).await?;
    }
    Ok(())
}

/// Runs one step. `kept` is the number of steps that stay done if it fails.
async fn run_step(
    session: &mut Session,
    plan: &Plan,
    number: usize,
    kept: usize,
    limits: &Limits,
    progress: &mut dyn Progress,
) -> Result<(), ApplyError> {
    let step = &plan.steps[number];
    progress.step(number + 1, plan.steps.len(), step);
    let statement_timeout = match step.pace {
        Pace::Quick => limits.statement_timeout,
        Pace::Slow => limits.slow_statement_timeout,
    };
    let stop = |error| Stopped::at(plan, number, kept, None, error);
    if !step.preconditions.is_empty() {
        session.limit(limits.lock_timeout, limits.slow_statement_timeout).await.map_err(stop)?;
    }
    for precondition in &step.preconditions {
        let found = session.count(&precondition.query).await.map_err(stop)?;
        if found > 0 {
            let finding = precondition.finding.replace("{n}", &found.to_string());
            return Err(Stopped::by_data(plan, number, kept, finding).into());
        }
    }
    session.limit(limits.lock_timeout, statement_timeout).await.map_err(stop)?;
    for (position, statement) in step.statements.iter().enumerate() {
        let stop = |error| Stopped::at(plan, number, kept, Some(position), error);
        session.execute(statement).await.map_err(stop)?;
    }
    Ok(())
}
