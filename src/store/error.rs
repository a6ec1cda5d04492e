//! What can go wrong with undrift's own state.

use std::path::Path;
use std::sync::Arc;

use thiserror::Error;

use super::ApprovalRecord;
use crate::db::{DbError, Trouble};
use crate::model::Engine;

/// What the store's functions return.
pub(super) type Result<T, E = StoreError> = std::result::Result<T, E>;

/// What to do with a state that makes no sense.
const LOST: &str = "restore the state from a backup, or move it away: all but its history is found again by looking";

/// The state could not be read or written. Names the file or the database, never a password.
#[derive(Clone, Debug, Error)]
pub enum StoreError {
    /// The file or the server did not do what was asked.
    #[error(transparent)]
    Database(#[from] DbError),
    /// There is a database, and it holds something else.
    #[error("{place} holds something else than undrift's state")]
    NotAStore {
        /// Where.
        place: String,
    },
    /// A newer undrift wrote it.
    #[error("{place} was written by a newer undrift: it has format {found}, and this undrift knows {known} at most")]
    Newer {
        /// Where.
        place: String,
        /// The format it has.
        found: usize,
        /// The newest format that this undrift knows.
        known: usize,
    },
    /// Something in it makes no sense.
    #[error("{place}: a record ({what}) cannot be read: {why}")]
    Record {
        /// Where.
        place: String,
        /// What it should be.
        what: &'static str,
        /// Why it cannot be read.
        why: String,
    },
    /// undrift is ending, and the work was not begun or not finished. What was not finished was undone.
    #[error("{place}: undrift is ending")]
    Ending {
        /// Where.
        place: String,
    },
}

impl StoreError {
    /// What to do next, in a sentence.
    pub fn advice(&self) -> &str {
        match self {
            StoreError::Database(error) => database_advice(error),
            StoreError::NotAStore { .. } => "let `state` in the configuration name a file or database of undrift's own",
            StoreError::Newer { .. } => "run the newer undrift, or let `state` name another place",
            StoreError::Record { .. } => LOST,
            StoreError::Ending { .. } => "run again",
        }
    }
}

fn database_advice(error: &DbError) -> &str {
    match error.trouble {
        Trouble::DiskFull => "make room on the disk that holds undrift's state",
        Trouble::Unreadable => LOST,
        Trouble::LockTimeout => "another program writes to undrift's state: end it, or run again",
        Trouble::Privilege if error.remedy.is_none() => {
            "let undrift's login own a schema named `undrift` in that database, or create one there"
        }
        Trouble::NoDatabase => "create the database that `state` names",
        Trouble::ReadOnly if error.remedy.is_none() => "point `state` at the primary",
        _ => error.advice(),
    }
}

/// An answer was not taken.
#[derive(Clone, Debug, Error)]
pub enum AnswerError {
    /// There is no question with that id.
    #[error("there is no such question")]
    NotFound,
    /// Several ids begin like that.
    #[error("several questions begin like that")]
    Ambiguous,
    /// Somebody was faster.
    #[error("it has been answered: {}", .0.state)]
    AlreadyAnswered(Box<ApprovalRecord>),
    /// Its time is over.
    #[error("the question has expired")]
    Expired,
    /// There is nothing to answer any more.
    #[error("the question was withdrawn: there is nothing to approve any more")]
    Withdrawn,
    /// The state could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Turns the driver's errors into ours.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// The engine that keeps the state.
    engine: Engine,
    /// What errors name: `undrift's state sqlite:/var/lib/undrift/state.db`.
    name: Arc<str>,
}

impl Place {
    pub(super) fn new(engine: Engine, name: &str) -> Self {
        Self { engine, name: Arc::from(format!("undrift's state {name}")) }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// What the driver said while the connection stood.
    pub(super) fn error(&self, error: sqlx::Error) -> StoreError {
        let error = match (error, self.engine) {
            (sqlx::Error::PoolTimedOut, Engine::Sqlite) => self.trouble(Trouble::LockTimeout, "it is busy"),
            (sqlx::Error::PoolTimedOut, _) => self.trouble(Trouble::Unreachable, "no answer in time"),
            (sqlx::Error::PoolClosed, _) => return StoreError::Ending { place: self.name.to_string() },
            (error, Engine::Sqlite) => crate::db::sqlite::classify(&*self.name, &error),
            (error, _) => crate::db::postgres::classify(error, crate::db::postgres::Moment::Talking, &self.name),
        };
        error.into()
    }

    /// The address makes no sense.
    pub(super) fn usage(&self, message: &str) -> StoreError {
        self.trouble(Trouble::Usage, message).into()
    }

    /// A folder or file could not be made.
    pub(super) fn io(&self, path: &Path, error: std::io::Error) -> StoreError {
        let error = DbError::io(&format!("{}: {}", self.name, path.display()), error);
        error.with_remedy("let undrift read and write the file, and make files beside it").into()
    }

    pub(super) fn record(&self, what: &'static str, why: impl ToString) -> StoreError {
        StoreError::Record { place: self.name.to_string(), what, why: why.to_string() }
    }

    pub(super) fn trouble(&self, trouble: Trouble, message: &str) -> DbError {
        DbError::new(trouble, &*self.name, message)
    }
}
