//! Sessions with PostgreSQL.
//!
//! `wire` sends and receives, `connect` opens, `catalog` gives the rows of the catalog names and
//! types, `canon` makes a schema of them. Looking at a fleet has its own, shorter way: `arrival` looks for
//! `signs` of a change over an `express` connection.

mod activity;
mod arrival;
mod blockers;
mod canon;
mod catalog;
mod connect;
mod error;
mod express;
mod inside;
mod lock;
mod role;
mod rows;
mod scratch;
mod sheet;
mod signs;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use self::blockers::Watch;
use self::catalog::Builtin;
pub(crate) use self::connect::options;
use self::connect::{Greeting, SETTINGS};
pub(crate) use self::error::{Moment, classify};
use self::rows::Answers;
use self::wire::{Answer, Wire};
use super::batch::{message, one_answer_each};
use super::{Connection, DbError, Glance, Halt, Patience, Place, Scratch, Target, Texts, Trouble};
use crate::model::{Platform, Schema};

pub use self::activity::Activity;
pub(super) use self::arrival::{Acquaintances, Arrival, Looked};
pub(super) use self::rows::Rows;
pub(super) use self::signs::Kinds;

/// Deferred checks are made at once: a table that has one pending, after a backfill say, could not
/// be altered.
const BEGIN: &str = "BEGIN; SET CONSTRAINTS ALL IMMEDIATE";

/// How long a statement may take on our side while nobody set a limit.
const UNLIMITED: Duration = Duration::from_secs(3600);

/// How much later than the server's own time-out ours is.
const GRACE: Duration = Duration::from_secs(5);

/// A session with one PostgreSQL database.
pub struct PostgresSession {
    wire: Wire,
    greeting: Greeting,
    /// What the server brings along, once it was read.
    builtin: Option<Arc<Builtin>>,
    target: Target,
    patience: Patience,
    /// How long to wait for the answer to a statement.
    bound: Duration,
    /// How to find out who keeps a statement waiting, where it gives up waiting at all.
    watch: Option<Watch>,
    transaction: Transaction,
    /// Whether the whole session is one transaction that is never committed. What it calls
    /// transactions are savepoints then.
    inside: bool,
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

    /// Sends a statement, and finds out whom it waits for if that takes long.
    async fn watched(&mut self, sql: &str) -> Result<Vec<Answer>, DbError> {
        let Some(watch) = self.watch.clone() else { return self.send(sql).await };
        let mut blockers = Vec::new();
        let ran = tokio::select! {
            ran = self.send(sql) => ran,
            never = watch.keep(&mut blockers) => match never {},
        };
        ran.map_err(|error| blockers::explained(error, blockers))
    }

    /// Lets the server give up a statement when nobody waits for its answer any more: its locks, and undrift's own,
    /// would be held to its end otherwise. Not every server can.
    async fn notice_hang_ups(&mut self) {
        if self.greeting.platform.version.0 >= 14 {
            let _ = self.wire.send("SET client_connection_check_interval = 1000", self.patience.read).await;
        }
    }

    /// Runs statements without waiting between them.
    async fn in_one_message(&mut self, batch: &[String]) -> Result<(), DbError> {
        let within = self.bound.saturating_mul(batch.len() as u32);
        let answers = self.send_within(&message(batch), within).await?;
        one_answer_each(batch, answers.len(), &format!("run on {}", self.greeting.place.database))
    }

    async fn each(&mut self, batch: &[String]) -> Result<(), DbError> {
        for statement in batch {
            self.execute(statement).await?;
        }
        Ok(())
    }

    /// Sends a message of selects under the time to read.
    async fn fetch(&mut self, sql: &str) -> Result<Answers, DbError> {
        let answers = self.wire.fetch(sql, self.patience.read + GRACE).await;
        if answers.is_err() && self.transaction == Transaction::Open {
            self.transaction = Transaction::Failed;
        }
        answers
    }

    /// The catalog's rows, from one snapshot.
    async fn rows(&mut self) -> Result<Answers, DbError> {
        let catalog = catalog::query(self.greeting.platform.version, self.builtin.is_none());
        if self.inside && self.transaction == Transaction::None {
            return inside::rows(self, &catalog).await;
        }
        let message = if self.transaction == Transaction::None {
            let limit = self.patience.read.as_millis();
            format!(
                "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = {limit}; \
                 SET LOCAL search_path = pg_catalog, public; {catalog}; COMMIT"
            )
        } else {
            format!("SET LOCAL search_path = pg_catalog, public; {catalog}; SET LOCAL search_path = public")
        };
        let answers = self.fetch(&message).await;
        if answers.is_err() && self.transaction == Transaction::None {
            // The message ended before its COMMIT.
            let _ = self.wire.send("ROLLBACK", GRACE).await;
        }
        answers
    }
}

impl Connection for PostgresSession {
    async fn connect(target: &Target, patience: Patience) -> Result<Self, DbError> {
        let (wire, greeting) = connect::greet(target, patience).await?;
        Ok(Self {
            wire,
            greeting,
            builtin: None,
            target: target.clone(),
            patience,
            bound: UNLIMITED,
            watch: None,
            transaction: Transaction::None,
            inside: false,
        })
    }

    fn platform(&self) -> &Platform {
        &self.greeting.platform
    }

    fn place(&self) -> &Place {
        &self.greeting.place
    }

    async fn glance(&mut self) -> Result<Glance, DbError> {
        let answers = self.rows().await?;
        let rows = Rows::take(answers, self.builtin.take(), &self.greeting)?;
        self.builtin = Some(rows.builtin());
        Ok(rows.glance(&self.greeting))
    }

    async fn prepare(&mut self) -> Result<(), DbError> {
        if self.inside {
            // It has the role that could make the room.
            return Ok(());
        }
        self.notice_hang_ups().await;
        role::become_owner(&mut self.wire, &self.greeting.place, self.patience.read).await
    }

    async fn execute(&mut self, sql: &str) -> Result<u64, DbError> {
        if self.inside {
            return inside::execute(self, sql).await.map_err(|error| error.with_statement(sql));
        }
        let answers = self.watched(sql).await.map_err(|error| error.with_statement(sql))?;
        Ok(answers.iter().map(|answer| answer.affected).sum())
    }

    async fn together(&mut self, batch: &[String]) -> Result<(), Halt> {
        let halt = |error| Halt { done: 0, error };
        self.begin().await.map_err(halt)?;
        let ran = if self.inside { self.each(batch).await } else { self.in_one_message(batch).await };
        if let Err(error) = ran {
            // A connection that broke has rolled back by itself; the first error is the one to show.
            let _ = self.rollback().await;
            return Err(halt(error));
        }
        self.commit().await.map_err(halt)
    }

    async fn script(&mut self, sql: &str) -> Result<(), DbError> {
        if self.inside {
            return Err(inside::no_scripts(&self.greeting.place));
        }
        self.send(&without_restrictions(sql)).await.map_err(|error| error.with_statement(sql))?;
        // Dumps change the session for themselves.
        self.send(SETTINGS).await.map(drop)
    }

    async fn count(&mut self, sql: &str) -> Result<u64, DbError> {
        if self.inside {
            return inside::count(self, sql).await.map_err(|error| error.with_statement(sql));
        }
        let answers = self.send(sql).await.map_err(|error| error.with_statement(sql))?;
        let row = answers.into_iter().find_map(|answer| answer.rows.into_iter().next());
        let text = row.and_then(|row| row.into_iter().next()).flatten();
        Ok(text.and_then(|text| text.parse::<i64>().ok()).map_or(0, |number| u64::try_from(number).unwrap_or(0)))
    }

    async fn texts(&mut self, sql: &str) -> Result<Vec<Texts>, DbError> {
        if self.inside {
            return inside::texts(self, sql).await.map_err(|error| error.with_statement(sql));
        }
        let answers = self.send(sql).await.map_err(|error| error.with_statement(sql))?;
        Ok(answers.into_iter().flat_map(|answer| answer.rows).collect())
    }

    async fn begin_reading(&mut self) -> Result<(), DbError> {
        self.send("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY").await?;
        self.transaction = Transaction::Open;
        Ok(())
    }

    async fn end_reading(&mut self) -> Result<(), DbError> {
        self.rollback().await
    }

    async fn limit(&mut self, lock: Duration, statement: Duration) -> Result<(), DbError> {
        let unlimited = statement.is_zero() && !self.inside;
        let idle = if unlimited { 0 } else { (statement + Duration::from_secs(60)).as_millis() };
        let sql = format!(
            "SET lock_timeout = {}; SET statement_timeout = {}; SET idle_in_transaction_session_timeout = {idle}; \
             SELECT pg_backend_pid()",
            lock.as_millis(),
            statement.as_millis(),
        );
        let answers = self.send(&sql).await?;
        let backend = answers.into_iter().flat_map(|answer| answer.rows).flatten().flatten().next();
        let watch =
            |backend| Watch { target: self.target.clone(), patience: self.patience, backend, lock_timeout: lock };
        self.watch = backend.filter(|_| !lock.is_zero()).map(watch);
        self.bound = if statement.is_zero() { UNLIMITED } else { statement + GRACE };
        Ok(())
    }

    async fn begin(&mut self) -> Result<(), DbError> {
        self.send(if self.inside { inside::BEGIN } else { BEGIN }).await?;
        self.transaction = Transaction::Open;
        Ok(())
    }

    async fn commit(&mut self) -> Result<(), DbError> {
        if self.transaction == Transaction::Failed {
            // COMMIT would take it back as well, and say that all went well.
            self.rollback().await?;
            let message = "a statement failed before, so the transaction was taken back";
            return Err(DbError::new(
                Trouble::Statement,
                format!("commit on {}", self.greeting.place.database),
                message,
            ));
        }
        let committed = self.send(if self.inside { inside::COMMIT } else { "COMMIT" }).await;
        self.transaction = Transaction::None;
        committed.map(drop)
    }

    async fn rollback(&mut self) -> Result<(), DbError> {
        if self.inside && self.transaction == Transaction::None {
            // There is no such savepoint, and asking for it would spoil everything around it.
            return Ok(());
        }
        let sql = if self.inside { inside::ROLLBACK } else { "ROLLBACK" };
        let taken_back = self.wire.send(sql, self.bound).await;
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

    async fn close(mut self) {
        if self.inside {
            // The server does it anyway; asked for, it is done when this returns.
            let _ = self.wire.send("ROLLBACK", GRACE).await;
        }
        self.wire.close().await;
    }
}

/// A dump without the lines by which `pg_dump` keeps `psql` from running commands of its own.
fn without_restrictions(sql: &str) -> String {
    let kept = sql.lines().filter(|line| !line.starts_with("\\restrict ") && !line.starts_with("\\unrestrict "));
    kept.collect::<Vec<_>>().join("\n")
}
