//! Undrift's lock on a database. `GET_LOCK` is server-wide, so the lock's name carries the database's.

use super::{MysqlSession, column};
use crate::db::{DbError, Trouble};
use crate::dialect::mysql::names::literal;
use crate::model::Hash;

/// The name of the lock on a database: short enough for every version, whatever the database is called.
pub(super) fn name(database: &str) -> String {
    format!("undrift:{}", Hash::of(database).short())
}

impl MysqlSession {
    /// Takes a lock if it is free. The server gives it back when the session ends, however it ends.
    pub(super) async fn take_lock(&mut self, name: &str) -> Result<bool, DbError> {
        let doing = "take undrift's lock";
        let answers = self.ask(&format!("SELECT GET_LOCK({}, 0)", literal(name)), doing).await?;
        match column(answers).first().map(String::as_str) {
            Some("1") => Ok(true),
            Some("0") => Ok(false),
            _ => Err(DbError::new(Trouble::Statement, doing, "the server could not say whether the lock is free")),
        }
    }

    /// Gives a lock back.
    pub(super) async fn release_lock(&mut self, name: &str) -> Result<(), DbError> {
        self.ask(&format!("DO RELEASE_LOCK({})", literal(name)), "give back undrift's lock").await.map(drop)
    }
}
