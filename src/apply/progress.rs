//! What is told while a plan runs, to whoever shows or records it.

use std::pin::Pin;
use std::time::Duration;

use crate::db::DbError;
use crate::model::Step;

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

/// What is told while a plan runs.
pub trait Progress: Send {
    /// A step is about to run.
    fn step(&mut self, _number: usize, _of: usize, _step: &Step) {}

    /// A group of steps lost a race for a lock and is tried again after a pause.
    fn retry(&mut self, _error: &DbError, _pause: Duration) {}

    /// Asked before every step: whether to go on. A plan that does not go on leaves nothing half done.
    fn proceeds(&self) -> bool {
        true
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
