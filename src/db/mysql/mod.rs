//! Sessions with MySQL and MariaDB.
//!
//! A session's settings are undrift's own, whatever the server's are: no `PIPES_AS_CONCAT` or `ANSI_QUOTES`, strict mode,
//! UTC. Everything goes through the text protocol (`wire`), reading takes two messages (`catalog`), and every
//! statement is bounded in time from here, because the server bounds none of its DDL.
//!
//! Tested against MariaDB. MySQL's differences are handled as its documentation describes them.

mod alone;
mod blockers;
mod canon;
mod catalog;
mod confined;
mod connect;
mod error;
mod grants;
mod lock;
mod rights;
mod scratch;
mod script;
mod sessions;
mod throwaway;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use super::batch::one_answer_each;
use super::{
    Confined, Connection, DbError, Extent, Glance, Halt, Memo, Patience, Place, Refusal, Scratch, Standing, Target,
    Texts, Trouble,
};
use crate::model::{Hash, Platform, Schema, Vendor};
use alone::Message;
use canon::Charsets;
pub(super) use catalog::Rows;
pub(super) use sessions::Sessions;
use wire::{Answer, Wire};

/// What a session is set to. `time_zone` is UTC because the defaults of `timestamp` columns are shown in it; a
/// row numbered 0 keeps its number when a table is written anew (`NO_AUTO_VALUE_ON_ZERO`); `NO_ZERO_DATE` is not
/// set, because what older databases hold has to be built again.
const SETTINGS: &str = include_str!("queries/settings.sql");

/// A session with one MySQL or MariaDB database, or with a server.
pub struct MysqlSession {
    wire: Wire,
    target: Target,
    /// How the login comes in that sees what all others do.
    overseer: Target,
    platform: Platform,
    place: Place,
    role: String,
    implicit_timestamps: bool,
    charsets: Option<Arc<Charsets>>,
    /// What the login may, as it was when the session first asked.
    grants: Option<Hash>,
    patience: Patience,
    statement: Duration,
    /// Time-outs that the server has not been told yet: they go along with the next message.
    pending: Option<String>,
    tables_locked: bool,
}

impl Connection for MysqlSession {
    async fn connect(target: &Target, patience: Patience) -> Result<Self, DbError> {
        connect::connect(target, patience).await
    }

    fn platform(&self) -> &Platform {
        &self.platform
    }

    fn place(&self) -> &Place {
        &self.place
    }

    async fn glance(&mut self) -> Result<Glance, DbError> {
        self.read_catalog(Extent::Whole).await
    }

    async fn structure(&mut self) -> Result<Schema, DbError> {
        Ok(self.read_catalog(Extent::Modelled).await?.reading()?.schema)
    }

    async fn learn(&mut self) -> Result<(Schema, Option<Memo>), DbError> {
        let glance = self.read_catalog(Extent::Modelled).await?;
        let memo = Memo::mysql(&glance);
        Ok((glance.reading()?.schema, Some(memo)))
    }

    /// The server tells of tables alone for half the price of everything.
    async fn look_again(&mut self, known: &Memo) -> Result<Option<Schema>, DbError> {
        let glance = self.read_catalog(Extent::Modelled).await?;
        if glance.structure() == known.alike() { Ok(None) } else { Ok(Some(glance.reading()?.schema)) }
    }

    async fn prepare(&mut self) -> Result<(), DbError> {
        // The settings are undrift's own since it connected.
        if self.implicit_timestamps {
            // Some versions fix this at the start of the server; then the reference has the implicit defaults too.
            let _ = self.ask("SET SESSION explicit_defaults_for_timestamp = 1", "set up the session").await;
        }
        Ok(())
    }

    async fn standing(&mut self) -> Result<Standing, DbError> {
        self.find_standing().await
    }

    async fn confined(&mut self) -> Result<Result<Confined, Refusal>, DbError> {
        self.make_confined().await
    }

    async fn dismiss(&mut self, login: &str) -> Result<(), DbError> {
        self.remove_confined(login).await
    }

    async fn execute(&mut self, sql: &str) -> Result<u64, DbError> {
        let done = self.alone(sql, &format!("run a statement in {}", self.place.database)).await;
        if done.is_ok() {
            self.follow_table_locks(sql);
        } else if std::mem::take(&mut self.tables_locked) {
            // The statements after a failed one do not run, and the UNLOCK would be among them.
            let _ = self.ask("UNLOCK TABLES", "let go of the locked tables").await;
        }
        match done {
            Ok(answers) => Ok(answers.iter().map(|answer| answer.touched).sum()),
            Err(error) => Err(self.with_blockers(error, sql).await.with_statement(sql)),
        }
    }

    async fn together(&mut self, batch: &[String]) -> Result<(), Halt> {
        let doing = format!("run statements in {}", self.place.database);
        self.tell().await.map_err(|error| Halt { done: 0, error })?;
        let within = self.statement.saturating_mul(batch.len() as u32);
        let message = Message::of(batch.iter().map(String::as_str));
        let mut answers = Vec::new();
        let ran = self.wire.ask_into(&mut answers, &message.sql, within, &doing).await;
        let done = message.done(answers.len()).min(batch.len() - 1);
        ran.map_err(|error| Halt { done, error })?;
        let own = answers.len() + batch.len() - message.expected();
        one_answer_each(batch, own, &doing).map_err(|error| Halt { done: 0, error })
    }

    async fn script(&mut self, sql: &str) -> Result<(), DbError> {
        self.run_script(sql).await
    }

    async fn count(&mut self, sql: &str) -> Result<u64, DbError> {
        let answers = self.alone(sql, &format!("count rows in {}", self.place.database)).await;
        let answers = answers.map_err(|error| error.with_statement(sql))?;
        let value = answers.into_iter().find_map(|answer| answer.rows.into_iter().next());
        let text = value.and_then(|row| row.into_iter().next()).flatten().unwrap_or_default();
        let digits = text.split('.').next().unwrap_or_default();
        Ok(digits.parse().unwrap_or_default())
    }

    async fn texts(&mut self, sql: &str) -> Result<Vec<Texts>, DbError> {
        let answers = self.alone(sql, &format!("read rows of {}", self.place.database)).await;
        let answers = answers.map_err(|error| error.with_statement(sql))?;
        Ok(answers.into_iter().flat_map(|answer| answer.rows).collect())
    }

    async fn begin_reading(&mut self) -> Result<(), DbError> {
        self.ask("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY", "begin to read").await.map(drop)
    }

    async fn end_reading(&mut self) -> Result<(), DbError> {
        self.rollback().await
    }

    async fn limit(&mut self, lock: Duration, statement: Duration) -> Result<(), DbError> {
        self.statement = statement;
        let seconds = lock.as_secs_f64().ceil().max(1.0);
        let mut sql = format!("SET SESSION lock_wait_timeout = {seconds}, innodb_lock_wait_timeout = {seconds}");
        if self.platform.vendor == Vendor::Mariadb {
            sql.push_str(&format!(", max_statement_time = {:.3}", statement.as_secs_f64()));
        }
        self.pending = Some(sql);
        Ok(())
    }

    async fn begin(&mut self) -> Result<(), DbError> {
        self.ask("START TRANSACTION", "open a transaction").await.map(drop)
    }

    async fn commit(&mut self) -> Result<(), DbError> {
        self.ask("COMMIT", "commit").await.map(drop)
    }

    async fn rollback(&mut self) -> Result<(), DbError> {
        self.ask("ROLLBACK", "roll back").await.map(drop)
    }

    async fn lock(&mut self) -> Result<bool, DbError> {
        let names = lock::names(&self.target, &self.place.database)?;
        self.take_locks(&names).await
    }

    async fn unlock(&mut self) -> Result<(), DbError> {
        let names = lock::names(&self.target, &self.place.database)?;
        self.release_locks(&names).await
    }

    async fn databases(&mut self) -> Result<Vec<String>, DbError> {
        let answers = self.ask("SHOW DATABASES", "list the databases").await?;
        let mut names = column(answers);
        names.retain(|name| !is_own(name) && !scratch::is_scratch(name));
        names.sort();
        Ok(names)
    }

    async fn scratch(&mut self, server: Option<&Target>, _wanted: &Schema) -> Result<Scratch, DbError> {
        self.make_scratch(server).await
    }

    async fn sweep(&mut self) -> Result<Vec<String>, DbError> {
        self.sweep_scratch().await
    }

    async fn close(self) {
        self.wire.close().await;
    }
}

impl MysqlSession {
    /// Where the session was opened to.
    pub(super) fn target(&self) -> &Target {
        &self.target
    }

    /// Connects, with what the sessions that are there know of the server.
    pub(in crate::db) async fn arrive(target: &Target, patience: Patience, known: &Sessions) -> Result<Self, DbError> {
        let session = connect::connect(target, patience).await?;
        Ok(Self { charsets: known.charsets(target), ..session })
    }

    /// Sends undrift's own statements under the statement time-out, and whatever time-outs are still to be told in front of them.
    async fn ask(&mut self, sql: &str, doing: &str) -> Result<Vec<Answer>, DbError> {
        let Some(timeouts) = self.pending.take() else { return self.wire.ask(sql, self.statement, doing).await };
        let mut answers = self.wire.ask(&format!("{timeouts};\n{sql}"), self.statement, doing).await?;
        answers.drain(..1);
        Ok(answers)
    }

    /// Sends one statement that may hold text from outside, in a way that lets the server take that one alone.
    async fn alone(&mut self, sql: &str, doing: &str) -> Result<Vec<Answer>, DbError> {
        let message = Message::of([sql]);
        let asked = self.ask(&message.sql, doing).await.map_err(|error| error::not_prepared(error, sql));
        asked.map(|mut answers| answers.split_off(message.own().min(answers.len())))
    }

    /// Tells the server the time-outs now.
    async fn tell(&mut self) -> Result<(), DbError> {
        match self.pending.take() {
            Some(timeouts) => self.wire.ask(&timeouts, self.statement, "set time-outs").await.map(drop),
            None => Ok(()),
        }
    }

    /// Sends a statement that a login may lack the right for. Whether it was done.
    async fn try_ask(&mut self, sql: &str, doing: &str) -> Result<bool, DbError> {
        match self.ask(sql, doing).await {
            Ok(_) => Ok(true),
            Err(error) if error.trouble == Trouble::Privilege => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn follow_table_locks(&mut self, sql: &str) {
        let starts = |words: &str| sql.get(..words.len()).is_some_and(|start| start.eq_ignore_ascii_case(words));
        if starts("LOCK TABLES") {
            self.tables_locked = true;
        } else if starts("UNLOCK TABLES") {
            self.tables_locked = false;
        }
    }
}

/// The first column of everything that was answered.
fn column(answers: Vec<Answer>) -> Vec<String> {
    answers.into_iter().flat_map(|answer| answer.rows).filter_map(|row| row.into_iter().next().flatten()).collect()
}

/// Whether a database is the server's own.
fn is_own(name: &str) -> bool {
    ["information_schema", "mysql", "performance_schema", "sys"].iter().any(|own| name.eq_ignore_ascii_case(own))
}
