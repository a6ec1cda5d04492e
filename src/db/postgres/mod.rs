//! Sessions with Postgres.

use std::time::Duration;

use super::{Connection, DbError, Patience, Place, Reading, Scratch, Target};
use crate::model::{Platform, Schema};

/// A session with one Postgres database.
pub struct PostgresSession {
    platform: Platform,
    place: Place,
}

impl Connection for PostgresSession {
    async fn connect(_target: &Target, _patience: Patience) -> Result<Self, DbError> {
        todo!()
    }
    fn platform(&self) -> &Platform {
        &self.platform
    }
    fn place(&self) -> &Place {
        &self.place
    }
    async fn read(&mut self) -> Result<Reading, DbError> {
        todo!()
    }
    async fn prepare(&mut self) -> Result<(), DbError> {
        todo!()
    }
    async fn execute(&mut self, _sql: &str) -> Result<u64, DbError> {
        todo!()
    }
    async fn script(&mut self, _sql: &str) -> Result<(), DbError> {
        todo!()
    }
    async fn count(&mut self, _sql: &str) -> Result<u64, DbError> {
        todo!()
    }
    async fn limit(&mut self, _lock: Duration, _statement: Duration) -> Result<(), DbError> {
        todo!()
    }
    async fn begin(&mut self) -> Result<(), DbError> {
        todo!()
    }
    async fn commit(&mut self) -> Result<(), DbError> {
        todo!()
    }
    async fn rollback(&mut self) -> Result<(), DbError> {
        todo!()
    }
    async fn lock(&mut self) -> Result<bool, DbError> {
        todo!()
    }
    async fn unlock(&mut self) -> Result<(), DbError> {
        todo!()
    }
    async fn databases(&mut self) -> Result<Vec<String>, DbError> {
        todo!()
    }
    async fn scratch(&mut self, _server: Option<&Target>, _wanted: &Schema) -> Result<Scratch, DbError> {
        todo!()
    }
    async fn sweep(&mut self) -> Result<Vec<String>, DbError> {
        todo!()
    }
    async fn close(self) {
        todo!()
    }
}
