//! What stopped a plan, and what it left behind.

use std::error::Error;
use std::fmt;

use crate::backup::BackupError;
use crate::db::{DbError, Trouble};
use crate::model::{Fingerprint, Plan, StepPart};

/// Why a plan did not run to its end.
#[derive(Debug)]
pub enum ApplyError {
    /// Another undrift works on this database.
    Busy,
    /// The database is not the one that the plan was made for any more.
    Stale {
        /// The fingerprint that the plan starts from.
        expected: Fingerprint,
        /// The fingerprint found under the lock.
        found: Fingerprint,
    },
    /// The server or the connection made trouble outside of a step.
    Db(DbError),
    /// A step failed.
    Step(Box<Stopped>),
    /// What policy wants backed up first could not be.
    Backup(BackupError),
    /// What was to be done, or had been, could not be recorded. Nothing runs unrecorded.
    Unrecorded(String),
}

/// A step that failed.
#[derive(Debug)]
pub struct Stopped {
    /// What the step was to do.
    pub title: String,
    /// Its number, from one.
    pub number: usize,
    /// How many steps the plan has.
    pub of: usize,
    /// The statement that failed, if it was one.
    pub statement: Option<String>,
    /// Why.
    pub cause: Cause,
    /// What stays done: the titles of the steps and statements that cannot be taken back.
    pub committed: Vec<String>,
}

/// Why a step failed.
#[derive(Debug)]
pub enum Cause {
    /// The server or the connection.
    Db(DbError),
    /// The rows do not allow it.
    Data(String),
    /// Somebody asked to stop.
    Request,
}

impl Stopped {
    /// A step that the server refused. `kept` steps stay done, and within one that is not
    /// transactional the parts before `position` do.
    pub(super) fn at(plan: &Plan, number: usize, kept: usize, position: Option<usize>, error: DbError) -> Self {
        Self::because(plan, number, kept, position, Cause::Db(error))
    }

    /// The same for any cause.
    pub(super) fn because(plan: &Plan, number: usize, kept: usize, position: Option<usize>, cause: Cause) -> Self {
        let step = &plan.steps[number];
        let mut committed: Vec<_> = plan.steps[..kept].iter().map(|step| step.title.clone()).collect();
        if !step.transactional {
            committed.extend(step.parts().take(position.unwrap_or(0)).map(words));
        }
        let statement = position.and_then(|position| step.parts().nth(position)).map(words);
        Self { title: step.title.clone(), number: number + 1, of: plan.steps.len(), statement, cause, committed }
    }

    /// A step that the rows do not allow.
    pub(super) fn by_data(plan: &Plan, number: usize, kept: usize, finding: String) -> Self {
        Self::because(plan, number, kept, None, Cause::Data(finding))
    }

    /// A step that was not begun because somebody asked to stop.
    pub(super) fn by_request(plan: &Plan, number: usize, kept: usize) -> Self {
        Self::because(plan, number, kept, None, Cause::Request)
    }

    /// Whether the same step may succeed when it is simply run again.
    pub fn passes(&self) -> bool {
        self.db_error().is_some_and(|error| error.trouble.passes())
    }

    /// The server's part in it.
    pub fn db_error(&self) -> Option<&DbError> {
        match &self.cause {
            Cause::Db(error) => Some(error),
            Cause::Data(_) | Cause::Request => None,
        }
    }
}

impl Cause {
    /// The same as an error of the database, for who records what became of a statement.
    pub(super) fn error(&self, doing: &str) -> DbError {
        match self {
            Cause::Db(error) => error.clone(),
            Cause::Data(finding) => DbError::new(Trouble::Data, doing, finding.clone()),
            Cause::Request => DbError::new(Trouble::Data, doing, "undrift was asked to stop"),
        }
    }
}

impl From<DbError> for Cause {
    fn from(error: DbError) -> Self {
        Cause::Db(error)
    }
}

/// What a part is called where it is said what was done.
fn words(part: StepPart<'_>) -> String {
    match part {
        StepPart::Statement(sql) => sql.to_owned(),
        StepPart::Rows(work) => work.title.clone(),
    }
}

impl ApplyError {
    /// What to do next.
    pub fn advice(&self) -> String {
        match self {
            ApplyError::Busy => "wait until the other run is done, then run again".to_owned(),
            ApplyError::Stale { .. } => "look at what changed, make a new plan and review it".to_owned(),
            ApplyError::Db(error) => error.advice().to_owned(),
            ApplyError::Backup(error) => error.advice(),
            ApplyError::Unrecorded(_) => "look at undrift's state store, then run again".to_owned(),
            ApplyError::Step(stopped) => {
                let first = match &stopped.cause {
                    Cause::Db(error) => error.advice(),
                    Cause::Data(_) => Trouble::Data.advice(),
                    Cause::Request => "run again",
                };
                if stopped.committed.is_empty() {
                    format!("nothing was changed; {first}")
                } else {
                    format!("{first}; running again continues from what is done")
                }
            }
        }
    }
}

impl fmt::Display for ApplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ApplyError::Busy => f.write_str("another undrift is working on this database"),
            ApplyError::Stale { expected, found } => write!(
                f,
                "the database changed since the plan was made: it was {}, now it is {}",
                expected.short(),
                found.short()
            ),
            ApplyError::Db(error) => error.fmt(f),
            ApplyError::Step(stopped) => stopped.fmt(f),
            ApplyError::Backup(error) => write!(f, "the backup failed, and nothing was changed: {error}"),
            ApplyError::Unrecorded(why) => write!(f, "nothing runs that cannot be recorded: {why}"),
        }
    }
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "step {} of {} ({}) failed: ", self.number, self.of, self.title)?;
        match &self.cause {
            Cause::Db(error) => write!(f, "{error}")?,
            Cause::Data(finding) => f.write_str(finding)?,
            Cause::Request => f.write_str("undrift was asked to stop before it")?,
        }
        if let Some(statement) = &self.statement {
            write!(f, "\n  statement: {statement}")?;
        }
        match self.committed.as_slice() {
            [] => write!(f, "\n  committed before it: nothing"),
            committed => write!(f, "\n  committed before it:\n    - {}", committed.join("\n    - ")),
        }
    }
}

impl Error for ApplyError {}

impl From<DbError> for ApplyError {
    fn from(error: DbError) -> Self {
        ApplyError::Db(error)
    }
}

impl From<Stopped> for ApplyError {
    fn from(stopped: Stopped) -> Self {
        ApplyError::Step(Box::new(stopped))
    }
}
