//! Sessions with PostgreSQL.
//!
//! `wire` sends and receives, `connect` opens, `catalog` gives the rows of the catalog names and
//! types, `canon` makes a schema of them. Looking at a fleet has its own, shorter way: `arrival` looks for
//! `signs` of a change over an `express` connection. Changing it begins with the same `question`.

mod activity;
mod arrival;
mod blockers;
mod canon;
mod catalog;
mod confined;
mod connect;
mod driver;
mod error;
mod express;
mod inside;
mod lock;
mod path;
mod pooling;
mod question;
mod reading;
mod role;
mod rows;
mod scratch;
mod sheet;
mod signs;
mod throwaway;
mod wire;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use self::blockers::Watch;
use self::catalog::Builtin;
pub(crate) use self::connect::options;
use self::connect::{Greeting, SETTINGS};
pub(crate) use self::error::{Moment, classify};
use self::lock::Lock;
use self::wire::{Answer, Wire};
use super::{
    Confined, Connection, DbError, Extent, Glance, Halt, Memo, Patience, Place, Refusal, Scratch, Standing, Target,
    Texts, Trouble,
};
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

/// How many statements tell the time-outs.
const TIMEOUTS: usize = 3;

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
    /// Time-outs that the server has not been told yet: they go along with the next message.
    pending: Option<String>,
    lock: Lock,
    transaction: Transaction,
    /// Whether transactions that write rows begin with a look for triggers of somebody else's.
    guarded: bool,
    /// Who asks whom a statement waits for, where it is another login that sees more.
    overseer: Option<Target>,
    /// How long a statement may take at most, whatever limits are set.
    ceiling: Option<Duration>,
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
    async fn open(mut wire: Wire, target: &Target, patience: Patience) -> Result<Self, DbError> {
        pooling::refuse_shared(&mut wire, target, patience).await?;
        Self::enter(wire, target, patience).await
    }

    /// A session over a connection that is known to have a process of its own.
    async fn enter(mut wire: Wire, target: &Target, patience: Patience) -> Result<Self, DbError> {
        let greeting = connect::greet(&mut wire, target, patience).await?;
        Ok(Self {
            wire,
            greeting,
            builtin: None,
            target: target.clone(),
            patience,
            bound: UNLIMITED,
            watch: None,
            pending: None,
            lock: Lock::None,
            transaction: Transaction::None,
            guarded: false,
            overseer: None,
            ceiling: None,
            inside: false,
        })
    }

    /// Connects like a visit does, with what visits know of the server.
    pub(in crate::db) async fn arrive(
        target: &Target,
        patience: Patience,
        known: &Acquaintances,
    ) -> Result<Self, DbError> {
        let mut session = Self::open(known.open(target, patience).await?, target, patience).await?;
        session.builtin = known.builtin(&target.server(), session.greeting.version_number());
        Ok(session)
    }

    /// Connects in the quickest way that the server takes, knowing nothing of it.
    async fn connect_quickly(target: &Target, patience: Patience) -> Result<Self, DbError> {
        Self::arrive(target, patience, &Acquaintances::default()).await
    }

    /// Where the session was opened to.
    pub(super) fn target(&self) -> &Target {
        &self.target
    }

    /// Connects as a login that another session made, in the quickest way that the server takes.
    async fn arrive_as(target: &Target, patience: Patience) -> Result<Self, DbError> {
        let wire = Acquaintances::default().open(target, patience).await?;
        Self::enter(wire, target, patience).await
    }

    /// Sends a message and remembers if it spoiled the transaction.
    async fn send(&mut self, sql: &str) -> Result<Vec<Answer>, DbError> {
        self.send_within(sql, self.bound).await
    }

    async fn send_within(&mut self, sql: &str, within: Duration) -> Result<Vec<Answer>, DbError> {
        let answers = self.wire.send(&self.along(sql), within).await;
        self.noted(answers)
    }

    /// A message with the time-outs that are still to be told.
    fn along<'a>(&self, sql: &'a str) -> Cow<'a, str> {
        self.pending.as_ref().map_or(sql.into(), |timeouts| format!("{timeouts}; {sql}").into())
    }

    /// Leaves out the answers to what went along with a message. A message that failed is taken back whole, so what
    /// went along with it is to be told again.
    fn noted<T>(&mut self, answers: Result<Vec<T>, DbError>) -> Result<Vec<T>, DbError> {
        match answers {
            Ok(mut answers) => {
                if self.pending.take().is_some() {
                    answers.drain(..TIMEOUTS.min(answers.len()));
                }
                Ok(answers)
            }
            Err(error) => self.spoiled(Err(error)),
        }
    }

    /// Tells the server the time-outs now, before something that has to be a message of its own, or that could take
    /// them back.
    async fn tell(&mut self) -> Result<(), DbError> {
        if let Some(timeouts) = &self.pending {
            self.wire.send(timeouts, self.patience.read).await?;
            self.pending = None;
        }
        Ok(())
    }

    /// Sends a statement, one alone, and finds out whom it waits for if that takes long.
    async fn watched(&mut self, sql: &str) -> Result<u64, DbError> {
        let Some(watch) = self.watch.clone() else { return self.single(sql).await };
        let mut blockers = Vec::new();
        let ran = tokio::select! {
            ran = self.single(sql) => ran,
            never = watch.keep(&mut blockers) => match never {},
        };
        ran.map_err(|error| blockers::explained(error, blockers))
    }

    async fn single(&mut self, sql: &str) -> Result<u64, DbError> {
        let ran = self.wire.single(sql, self.bound).await;
        self.spoiled(ran)
    }

    /// Remembers if what failed spoiled the transaction.
    fn spoiled<T>(&mut self, ran: Result<T, DbError>) -> Result<T, DbError> {
        if ran.is_err() && self.transaction == Transaction::Open {
            self.transaction = Transaction::Failed;
        }
        ran
    }

    /// Runs statements without waiting between them. The server takes each as one.
    async fn without_waiting(&mut self, batch: &[String]) -> Result<(), DbError> {
        let ran = self.wire.each(batch, self.bound).await;
        self.spoiled(ran)
    }

    /// Runs a statement that writes rows where nobody else's trigger may be set off.
    async fn execute_guarded(&mut self, sql: &str) -> Result<u64, DbError> {
        self.begin().await?;
        let ran = self.watched(sql).await.map_err(|error| error.with_statement(sql));
        match &ran {
            Ok(_) => self.commit().await?,
            // The first error is the one to show.
            Err(_) => drop(self.rollback().await),
        }
        ran
    }

    async fn each(&mut self, batch: &[String]) -> Result<(), DbError> {
        for statement in batch {
            self.execute(statement).await?;
        }
        Ok(())
    }
}

impl Connection for PostgresSession {
    async fn connect(target: &Target, patience: Patience) -> Result<Self, DbError> {
        Self::open(connect::open(target, patience).await?, target, patience).await
    }

    fn platform(&self) -> &Platform {
        &self.greeting.platform
    }

    fn place(&self) -> &Place {
        &self.greeting.place
    }

    async fn glance(&mut self) -> Result<Glance, DbError> {
        self.read_so_much(Extent::Whole).await
    }

    async fn structure(&mut self) -> Result<Schema, DbError> {
        Ok(self.read_so_much(Extent::Modelled).await?.reading()?.schema)
    }

    async fn learn(&mut self) -> Result<(Schema, Option<Memo>), DbError> {
        if self.transaction != Transaction::None || self.inside {
            return Ok((self.structure().await?, None));
        }
        let (glance, told) = self.read_with_signs().await?;
        Ok((glance.reading()?.schema, told.map(|told| Memo::postgres(told.key, told.kinds, None))))
    }

    async fn look_again(&mut self, known: &Memo) -> Result<Option<Schema>, DbError> {
        let (key, kinds) = known.signs();
        if self.transaction == Transaction::None && self.has_signs(key, kinds).await? {
            return Ok(None);
        }
        self.structure().await.map(Some)
    }

    async fn prepare(&mut self) -> Result<(), DbError> {
        if self.inside {
            // It has the role that could make the room.
            return Ok(());
        }
        let backend = role::prepare(&mut self.wire, &self.greeting, self.patience.read).await?;
        self.check_backend(&backend)
    }

    async fn standing(&mut self) -> Result<Standing, DbError> {
        self.find_standing().await
    }

    async fn confined(&mut self) -> Result<Result<Confined, Refusal>, DbError> {
        self.make_confined().await
    }

    async fn dismiss(&mut self, login: &str) -> Result<(), DbError> {
        self.remove(login).await
    }

    async fn execute(&mut self, sql: &str) -> Result<u64, DbError> {
        if self.inside {
            return inside::execute(self, sql).await.map_err(|error| error.with_statement(sql));
        }
        self.tell().await?;
        if self.guarded && self.transaction == Transaction::None && confined::writes_rows(sql) {
            return self.execute_guarded(sql).await;
        }
        self.watched(sql).await.map_err(|error| error.with_statement(sql))
    }

    async fn together(&mut self, batch: &[String]) -> Result<(), Halt> {
        let halt = |error| Halt { done: 0, error };
        self.begin().await.map_err(halt)?;
        let ran = if self.inside { self.each(batch).await } else { self.without_waiting(batch).await };
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
        self.tell().await?;
        self.send(&without_restrictions(sql)).await.map_err(|error| error.with_statement(sql))?;
        // Dumps change the session for themselves.
        self.send(&format!("{SETTINGS};\n{}", path::USUAL)).await.map(drop)
    }

    async fn count(&mut self, sql: &str) -> Result<u64, DbError> {
        if self.inside {
            return inside::count(self, sql).await.map_err(|error| error.with_statement(sql));
        }
        self.tell().await?;
        let number = self.wire.number(sql, self.bound).await;
        let number = self.spoiled(number).map_err(|error| error.with_statement(sql))?;
        Ok(number.map_or(0, |number| u64::try_from(number).unwrap_or(0)))
    }

    async fn texts(&mut self, sql: &str) -> Result<Vec<Texts>, DbError> {
        if self.inside {
            return inside::texts(self, sql).await.map_err(|error| error.with_statement(sql));
        }
        self.tell().await?;
        let rows = self.wire.query(sql, self.bound).await;
        self.spoiled(rows).map_err(|error| error.with_statement(sql))
    }

    async fn begin_reading(&mut self) -> Result<(), DbError> {
        self.tell().await?;
        self.send("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY").await?;
        self.transaction = Transaction::Open;
        Ok(())
    }

    async fn end_reading(&mut self) -> Result<(), DbError> {
        self.rollback().await
    }

    async fn limit(&mut self, lock: Duration, statement: Duration) -> Result<(), DbError> {
        let statement = at_most(statement, self.ceiling);
        let unlimited = statement.is_zero() && !self.inside;
        let idle = if unlimited { 0 } else { (statement + Duration::from_secs(60)).as_millis() };
        self.pending = Some(format!(
            "SET lock_timeout = {}; SET statement_timeout = {}; SET idle_in_transaction_session_timeout = {idle}",
            lock.as_millis(),
            statement.as_millis(),
        ));
        let watch = Watch {
            target: self.overseer.as_ref().unwrap_or(&self.target).clone(),
            patience: self.patience,
            backend: self.greeting.backend.clone(),
            lock_timeout: lock,
        };
        self.watch = Some(watch).filter(|_| !lock.is_zero());
        self.bound = if statement.is_zero() { UNLIMITED } else { statement + GRACE };
        if self.inside { self.tell().await } else { Ok(()) }
    }

    async fn begin(&mut self) -> Result<(), DbError> {
        self.tell().await?;
        self.send(if self.inside { inside::BEGIN } else { BEGIN }).await?;
        self.transaction = Transaction::Open;
        let guarded = self.guard().await;
        if guarded.is_err() {
            let _ = self.rollback().await;
        }
        guarded
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
        self.take_lock().await
    }

    async fn unlock(&mut self) -> Result<(), DbError> {
        self.release_lock().await
    }

    async fn databases(&mut self) -> Result<Vec<String>, DbError> {
        let sql = "SELECT datname FROM pg_catalog.pg_database WHERE NOT datistemplate AND datallowconn \
                   AND datname <> 'postgres' ORDER BY datname COLLATE pg_catalog.\"C\"";
        let answers = self.send(&path::safely(sql)).await?;
        Ok(answers.into_iter().flat_map(|answer| answer.rows).filter_map(|row| row.into_iter().next()?).collect())
    }

    async fn scratch(&mut self, server: Option<&Target>, wanted: &Schema) -> Result<Scratch, DbError> {
        scratch::make(self, server, wanted).await
    }

    async fn sweep(&mut self) -> Result<Vec<String>, DbError> {
        let mut swept = scratch::sweep(self).await?;
        swept.extend(confined::sweep(self).await?);
        Ok(swept)
    }

    async fn close(mut self) {
        if self.inside {
            // The server does it anyway; asked for, it is done when this returns.
            let _ = self.wire.send("ROLLBACK", GRACE).await;
        }
        self.wire.close().await;
    }
}

/// A limit of zero is none.
fn at_most(limit: Duration, ceiling: Option<Duration>) -> Duration {
    match ceiling {
        Some(ceiling) if limit.is_zero() => ceiling,
        Some(ceiling) => limit.min(ceiling),
        None => limit,
    }
}

/// A dump without the lines by which `pg_dump` keeps `psql` from running commands of its own.
fn without_restrictions(sql: &str) -> String {
    let kept = sql.lines().filter(|line| !line.starts_with("\\restrict ") && !line.starts_with("\\unrestrict "));
    kept.collect::<Vec<_>>().join("\n")
}
