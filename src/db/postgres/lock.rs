//! undrift's lock on a database: a session advisory lock, which dies with its connection.
//!
//! A connection pooler in transaction mode would give each message to another process. [`pooling`](super::pooling) tells
//! that before anything is set, unless the pool is busy in the wrong moment. So whoever has the lock makes sure once more,
//! before anything is changed, that four messages reached one process: the greeting, the one that takes the lock, the next
//! that reads the catalog, and the one that gets ready for changes. All have other work to do too.

use super::sheet::Sheet;
use super::{PostgresSession, pooling};
use crate::db::DbError;

/// `undr` and `ift`: nobody else has a reason to use this pair.
const KEYS: (i32, i32) = (0x756e_6472, 0x6966_7400);

/// How far a session has come with the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lock {
    /// It has not got it.
    None,
    /// It has it twice.
    Taken,
    /// It has given it back once, which only the process could that had it.
    Sure,
}

impl Lock {
    /// What a reading asks along with the catalog: whether this is the process that took the lock.
    pub(super) fn proof(self) -> Option<String> {
        let (a, b) = KEYS;
        (self == Self::Taken)
            .then(|| format!("SELECT pg_catalog.pg_backend_pid(), pg_catalog.pg_advisory_unlock({a}, {b})"))
    }
}

impl PostgresSession {
    /// Takes the lock if it is free.
    pub(super) async fn take_lock(&mut self) -> Result<bool, DbError> {
        let (a, b) = KEYS;
        let take = format!("pg_catalog.pg_try_advisory_lock({a}, {b})");
        let sql = format!("SELECT CASE WHEN {take} THEN {take} ELSE false END, pg_catalog.pg_backend_pid()");
        let answers = self.send_within(&sql, self.patience.read).await?;
        let row = answers.into_iter().flat_map(|answer| answer.rows).next().unwrap_or_default();
        if row.first() != Some(&Some("t".to_owned())) {
            return Ok(false);
        }
        self.check_backend(row.get(1).and_then(Option::as_deref).unwrap_or_default())?;
        self.lock = Lock::Taken;
        Ok(true)
    }

    /// Reads the answer to [`Lock::proof`].
    pub(super) fn check_lock(&mut self, answer: Option<&Sheet>) -> Result<(), DbError> {
        if self.lock != Lock::Taken {
            return Ok(());
        }
        let row = answer.and_then(|sheet| sheet.texts().into_iter().next()).unwrap_or_default();
        if row != [Some(self.greeting.backend.clone()), Some("t".to_owned())] {
            return Err(self.shared());
        }
        self.lock = Lock::Sure;
        Ok(())
    }

    /// Makes sure that a message reached the process that the session began with.
    pub(super) fn check_backend(&self, backend: &str) -> Result<(), DbError> {
        if backend == self.greeting.backend { Ok(()) } else { Err(self.shared()) }
    }

    fn shared(&self) -> DbError {
        pooling::forget(&self.target);
        pooling::shared("lock the database")
    }

    /// Gives the lock back.
    pub(super) async fn release_lock(&mut self) -> Result<(), DbError> {
        self.lock = Lock::None;
        self.wire.send("SELECT pg_catalog.pg_advisory_unlock_all()", self.patience.read).await.map(drop)
    }
}
