//! Sessions with PostgreSQL.
//!
//! `wire` sends and receives, `connect` opens, `catalog` gives the rows of the catalog names and
//! types, `canon` makes a schema of them.

mod canon;
mod catalog;
mod connect;
mod error;
mod lock;
mod role;
mod scratch;
mod wire;

use std::time::Duration;

use self::catalog::Catalog;
use self::connect::{Greeting, Locale, SETTINGS};
use self::wire::{Answer, Wire};
use super::{Connection, DbError, Patience, Place, Reading, Scratch, Target, Trouble};
use crate::model::{Hash, Platform, Schema};

/// How long a statement may take on our side while nobody set a limit.
const UNLIMITED: Duration = Duration::from_secs(3600);

/// How much later than the server's own time-out ours is.
const GRACE: Duration = Duration::from_secs(5);

/// A session with one PostgreSQL database.
pub struct PostgresSession {
    wire: Wire,
    platform: Platform,
    place: Place,
    locale: Locale,
    target: Target,
    patience: Patience,
    /// How long to wait for the answer to a statement.
    bound: Duration,
    transaction: Transaction,
}

/// Whether a transaction of ours is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transaction {
    None,
    Open,
    /// A statement failed in it: all that is left is to take it back.
    Failed,
}

impl PostgresSession {
    /// Sends a message and remembers if it spoiled the transaction.
    async fn send(&mut self, sql: &str) -> Result<Vec<Answer>, DbError> {
        self.send_within(sql, self.bound).await
    }

    async fn send_within(&mut self, sql: &str, within: Duration) -> Result<Vec<Answer>, DbError> {
        let answers = self.wire.send(sql, within).await;
        if answers.is_err() && self.transaction == Transaction::Open {
            self.transaction = Transaction::Failed;
        }
        answers
    }

    /// The catalog's rows, from one snapshot.
    async fn rows(&mut self) -> Result<Vec<Answer>, DbError> {
        let catalog = catalog::query(self.platform.version);
        let message = if self.transaction == Transaction::None {
            let limit = self.patience.read.as_millis();
            format!(
                "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = {limit}; \
                 SET LOCAL search_path = pg_catalog, public; {catalog}; COMMIT"
            )
        } else {
            format!("SET LOCAL search_path = pg_catalog, public; {catalog}; SET LOCAL search_path = public")
        };
        let answers = self.send_within(&message, self.patience.read + GRACE).await;
        if answers.is_err() && self.transaction == Transaction::None {
            // The message ended before its COMMIT.
            let _ = self.wire.send("ROLLBACK", GRACE).await;
        }
        answers
    }
}

impl Connection for PostgresSession {
    async fn connect(target: &Target, patience: Patience) -> Result<Self, DbError> {
        let Greeting { wire, platform, place, locale } = connect::greet(target, patience).await?;
        let (target, transaction) = (target.clone(), Transaction::None);
        Ok(Self { wire, platform, place, locale, target, patience, bound: UNLIMITED, transaction })
    }

    fn platform(&self) -> &Platform {
        &self.platform
    }

    fn place(&self) -> &Place {
        &self.place
    }

    async fn read(&mut self) -> Result<Reading, DbError> {
        let answers = self.rows().await?;
        let raw = raw_key(&answers);
        let catalog = Catalog::from_answers(answers)
            .map_err(|message| DbError::new(Trouble::Unreadable, format!("read {}", self.place.database), message))?;
        Ok(Reading { schema: canon::schema(&catalog), raw, copy: None })
    }

    async fn prepare(&mut self) -> Result<(), DbError> {
        role::become_owner(&mut self.wire, &self.place, self.patience.read).await
    }

    async fn execute(&mut self, sql: &str) -> Result<u64, DbError> {
        let answers = self.send(sql).await.map_err(|error| error.with_statement(sql))?;
        Ok(answers.iter().map(|answer| answer.affected).sum())
    }

    async fn script(&mut self, sql: &str) -> Result<(), DbError> {
        self.send(&without_restrictions(sql)).await.map_err(|error| error.with_statement(sql))?;
        // Dumps change the session for themselves.
        self.send(SETTINGS).await.map(drop)
    }

    async fn count(&mut self, sql: &str) -> Result<u64, DbError> {
        let answers = self.send(sql).await.map_err(|error| error.with_statement(sql))?;
        let row = answers.into_iter().find_map(|answer| answer.rows.into_iter().next());
        let text = row.and_then(|row| row.into_iter().next()).flatten();
        Ok(text.and_then(|text| text.parse::<i64>().ok()).map_or(0, |number| u64::try_from(number).unwrap_or(0)))
    }

    async fn limit(&mut self, lock: Duration, statement: Duration) -> Result<(), DbError> {
        let idle = if statement.is_zero() { 0 } else { (statement + Duration::from_secs(60)).as_millis() };
        let sql = format!(
            "SET lock_timeout = {}; SET statement_timeout = {}; SET idle_in_transaction_session_timeout = {idle}",
            lock.as_millis(),
            statement.as_millis(),
        );
        self.send(&sql).await?;
        self.bound = if statement.is_zero() { UNLIMITED } else { statement + GRACE };
        Ok(())
    }

    async fn begin(&mut self) -> Result<(), DbError> {
        self.send("BEGIN").await?;
        self.transaction = Transaction::Open;
        Ok(())
    }

    async fn commit(&mut self) -> Result<(), DbError> {
        if self.transaction == Transaction::Failed {
            // COMMIT would take it back as well, and say that all went well.
            self.rollback().await?;
            let message = "a statement failed before, so the transaction was taken back";
            return Err(DbError::new(Trouble::Statement, format!("commit on {}", self.place.database), message));
        }
        let committed = self.send("COMMIT").await;
        self.transaction = Transaction::None;
        committed.map(drop)
    }

    async fn rollback(&mut self) -> Result<(), DbError> {
        let taken_back = self.wire.send("ROLLBACK", self.bound).await;
        self.transaction = Transaction::None;
        taken_back.map(drop)
    }

    async fn lock(&mut self) -> Result<bool, DbError> {
        lock::take(&mut self.wire, self.patience.read).await
    }

    async fn unlock(&mut self) -> Result<(), DbError> {
        lock::release(&mut self.wire, self.patience.read).await
    }

    async fn databases(&mut self) -> Result<Vec<String>, DbError> {
        let sql = "SELECT datname FROM pg_database WHERE NOT datistemplate AND datallowconn \
                   AND datname <> 'postgres' ORDER BY datname COLLATE \"C\"";
        let answers = self.send(sql).await?;
        Ok(answers.into_iter().flat_map(|answer| answer.rows).filter_map(|row| row.into_iter().next()?).collect())
    }

    async fn scratch(&mut self, server: Option<&Target>, wanted: &Schema) -> Result<Scratch, DbError> {
        scratch::make(self, server, wanted).await
    }

    async fn sweep(&mut self) -> Result<Vec<String>, DbError> {
        scratch::sweep(self).await
    }

    async fn close(self) {
        self.wire.close().await;
    }
}

/// The hash of everything that came back.
fn raw_key(answers: &[Answer]) -> Hash {
    let mut bytes = Vec::new();
    for (at, answer) in answers.iter().enumerate() {
        for cell in answer.rows.iter().flatten() {
            // A length in front of each value, so that no two readings look the same by accident.
            let length = cell.as_ref().map_or(u64::MAX, |text| text.len() as u64);
            bytes.extend(length.to_le_bytes());
            bytes.extend(cell.as_deref().unwrap_or_default().bytes());
        }
        bytes.extend(at.to_le_bytes());
    }
    Hash::of(bytes)
}

/// A dump without the lines by which `pg_dump` keeps `psql` from running commands of its own.
fn without_restrictions(sql: &str) -> String {
    let kept = sql.lines().filter(|line| !line.starts_with("\\restrict ") && !line.starts_with("\\unrestrict "));
    kept.collect::<Vec<_>>().join("\n")
}
