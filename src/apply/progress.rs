//! What is told while a plan runs, to whoever shows or records it.

use std::pin::Pin;
use std::time::Duration;

use crate::backup::Backup;
use crate::db::DbError;
use crate::model::{QName, RowWork, Step};

/// Something to wait for: `Err` says why it could not be done.
pub type Waiting<'a> = Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>>;

/// Which statement of a plan it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The step, from one.
    pub step: usize,
    /// The statement within it, from one.
    pub statement: usize,
}

/// How a statement ended.
#[derive(Clone, Copy, Debug)]
pub struct Ended<'a> {
    /// How long it took.
    pub took: Duration,
    /// How many rows it touched, or why it failed.
    pub result: Result<u64, &'a DbError>,
}

/// How far work on rows has come.
#[derive(Clone, Copy, Debug)]
pub struct Rows {
    /// The rows that are done.
    pub done: u64,
    /// The rows that are done and those that are pending, as far as is known.
    pub total: u64,
    /// Since it began.
    pub elapsed: Duration,
    /// How long the last batch took.
    pub batch: Duration,
}

impl Rows {
    /// How many rows are done in a second.
    pub fn per_second(&self) -> f64 {
        self.done as f64 / self.elapsed.as_secs_f64().max(0.001)
    }

    /// How long the rest will take at that pace.
    pub fn left(&self) -> Duration {
        let seconds = self.total.saturating_sub(self.done) as f64 / self.per_second().max(0.001);
        Duration::from_secs_f64(seconds.min(1e9))
    }
}

/// What is told while a plan runs.
pub trait Progress: Send {
    /// Tables are about to be backed up.
    fn backing_up(&mut self, _tables: &[QName]) {}

    /// They are, and nothing has been changed yet. Nothing is if this fails.
    fn backed_up<'a>(&'a mut self, _backup: &'a Backup) -> Waiting<'a> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// A step is about to run.
    fn step(&mut self, _number: usize, _of: usize, _step: &Step) {}

    /// A batch of rows is done.
    fn rows(&mut self, _work: &RowWork, _rows: Rows) {}

    /// A group of steps lost a race for a lock and is tried again after a pause.
    fn retry(&mut self, _error: &DbError, _pause: Duration) {}

    /// Asked before every step: whether to go on. A plan that does not go on leaves nothing half done.
    fn proceeds(&self) -> bool {
        true
    }

    /// A statement was refused: what is to run in its place. Only where a plan is tried out is there anything; what runs on
    /// a tenant is what was reviewed.
    fn instead(&mut self, _at: Position, _sql: &str, _error: &DbError) -> Option<String> {
        None
    }

    /// A statement is about to run. It does not run before this is done, and not at all if it fails.
    fn before<'a>(&'a mut self, _at: Position, _sql: &'a str) -> Waiting<'a> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// A statement ended.
    fn after<'a>(&'a mut self, _at: Position, _ended: Ended<'a>) -> Waiting<'a> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// Nobody listens.
pub struct Silence;

impl Progress for Silence {}
