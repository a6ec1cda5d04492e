//! Sessions with SQLite files.
//!
//! The catalog keeps texts: `parse` reads them, `verify` compares what it read with the pragmas.
//! Whatever `doing` says in an error names the file.

mod catalog;
mod check;
mod cursor;
mod deadline;
mod error;
mod holders;
mod lock;
mod lookout;
mod native;
mod open;
mod orphans;
mod parse;
mod raw;
mod rights;
mod scratch;
mod single;
mod stamp;
mod vacuum;
mod values;
mod verify;
mod visit;
mod whole;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use futures_util::StreamExt;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Connection as _, Either, Row};

use self::deadline::Deadline;
pub(crate) use self::error::classify;
use self::lock::Lock;
pub(super) use self::lookout::Lookout;
use self::open::{Mode, locate, open};
use self::orphans::{Orphans, Watched};
use self::raw::Entry;
pub(super) use self::raw::Raw as Rows;
pub(super) use self::stamp::Stamp;
pub use self::vacuum::copy_into;
pub(super) use self::visit::{File, Looked};
use self::whole::Identity;
use super::{Connection, DbError, Glance, Halt, Memo, Patience, Place, Scratch, Session, Target, Texts, Trouble, Undo};
use crate::model::{Hash, Platform, Schema, Vendor, Version};

/// The script that reads the catalog's texts.
const ENTRIES: &str = include_str!("queries/entries.sql");

/// A session with one SQLite file.
pub struct SqliteSession {
    connection: SqliteConnection,
    path: PathBuf,
    /// Which file the path named when it was opened.
    identity: Option<Identity>,
    platform: Platform,
    place: Place,
    patience: Patience,
    deadline: Deadline,
    /// How long a statement may run: as long as reading may take before [`Connection::limit`], and in scratch.
    statement_limit: Duration,
    /// What the transaction may have done to references, if one is open.
    orphans: Option<Watched>,
    lock: Option<Lock>,
    /// Whether the file was found to be whole.
    sound: bool,
    /// A scratch database is its maker's from the start.
    is_scratch: bool,
}

/// Where dynamic SQL is declared safe to run: names and texts in it were quoted by the dialect.
#[expect(clippy::disallowed_methods, reason = "the one place where SQLite's texts are vouched for")]
fn sql(text: &str) -> sqlx::RawSql {
    sqlx::raw_sql(AssertSqlSafe(text.to_owned()))
}

/// Runs statements and returns the rows of each.
async fn rows(connection: &mut SqliteConnection, text: &str) -> Result<Vec<Vec<SqliteRow>>, sqlx::Error> {
    let mut results = vec![Vec::new()];
    let mut stream = sql(text).fetch_many(connection);
    while let Some(item) = stream.next().await {
        match item? {
            Either::Left(_) => results.push(Vec::new()),
            Either::Right(row) => results.last_mut().expect("it starts with one").push(row),
        }
    }
    Ok(results)
}

impl SqliteSession {
    /// Opens a file and makes sure that it is a database.
    async fn open(path: PathBuf, mode: Mode, patience: Patience) -> Result<Self, DbError> {
        let mut session = Self::open_unread(path, mode, patience).await?;
        session.watch().await?;
        session.deadline.set(patience.connect);
        let head = rows(&mut session.connection, "SELECT count(*) FROM sqlite_master").await;
        session.deadline.clear();
        head.map_err(|error| classify(session.doing("open"), &error))?;
        Ok(session)
    }

    /// Stops from now on what takes longer than its deadline.
    async fn watch(&mut self) -> Result<(), DbError> {
        self.deadline = Deadline::watch(&mut self.connection).await?;
        Ok(())
    }

    /// Opens a file without reading any of it yet. Nothing is watched: reading texts is waiting for a disk or for a
    /// lock, and neither is a step of SQLite's machine.
    async fn open_unread(path: PathBuf, mode: Mode, patience: Patience) -> Result<Self, DbError> {
        let mut connection = open(&path, mode, patience.connect).await?;
        let platform = Platform::new(Vendor::Sqlite, version(&mut connection, &path).await?);
        let place = Place { database: path.display().to_string(), user: String::new() };
        Ok(Self {
            identity: whole::identity(&path),
            connection,
            path,
            platform,
            place,
            patience,
            deadline: Deadline::default(),
            statement_limit: patience.read,
            orphans: None,
            lock: None,
            sound: false,
            is_scratch: false,
        })
    }

    /// Runs statements under the session's time-out.
    async fn run(&mut self, text: &str) -> Result<u64, sqlx::Error> {
        self.deadline.set(self.statement_limit);
        let mut stream = sql(text).fetch_many(&mut self.connection);
        let mut touched = 0;
        let outcome = loop {
            match stream.next().await {
                Some(Ok(Either::Left(done))) => touched += done.rows_affected(),
                Some(Ok(Either::Right(_))) => {}
                Some(Err(error)) => break Err(error),
                None => break Ok(touched),
            }
        };
        self.deadline.clear();
        outcome
    }

    /// Runs a check, which speaks by its rows, under the session's time-out.
    async fn check(&mut self, text: &str) -> Result<(), DbError> {
        self.deadline.set(self.statement_limit);
        let results = rows(&mut self.connection, text).await;
        self.deadline.clear();
        let results = results.map_err(|error| self.failure("check", &error).with_statement(text))?;
        check::verdict(self.doing("check"), &results).map_err(|error| error.with_statement(text))
    }

    /// What went wrong, with those who hold the file if it is about a lock.
    fn failure(&self, what: &str, error: &sqlx::Error) -> DbError {
        let error = classify(self.doing(what), error);
        match error.trouble {
            Trouble::LockTimeout => DbError { blockers: holders::holders(&self.path), ..error },
            _ => error,
        }
    }

    fn doing(&self, what: &str) -> String {
        format!("{what} {}", self.path.display())
    }

    /// What must be so before and after each transaction.
    async fn reset(&mut self) -> Result<(), DbError> {
        let pragmas = "PRAGMA foreign_keys = OFF; PRAGMA legacy_alter_table = OFF";
        self.run(pragmas).await.map(drop).map_err(|error| classify(self.doing("prepare"), &error))
    }

    async fn query_only(&mut self, on: bool) -> Result<(), DbError> {
        let ran = self.run(&format!("PRAGMA query_only = {}", u8::from(on))).await;
        ran.map(drop).map_err(|error| classify(self.doing("begin or end to read"), &error))
    }

    /// Counts rows whose foreign keys point nowhere. That reads all of them: it has the time to read.
    async fn count_orphans(&mut self) -> Result<Orphans, DbError> {
        self.deadline.set(self.patience.read.max(self.statement_limit));
        let orphans = orphans::count(&mut self.connection).await;
        self.deadline.clear();
        orphans
    }

    /// Before the first statement of a transaction that may make references point nowhere, makes sure that the file is whole and
    /// counts those that do already.
    async fn watch_references(&mut self, sql: &str) -> Result<(), DbError> {
        if matches!(self.orphans, Some(Watched::Untouched)) && !orphans::keeps_references(sql) {
            self.is_sound().await?;
            self.orphans = Some(Watched::Touched(self.count_orphans().await?));
        }
        Ok(())
    }

    /// The key of the catalog's texts.
    async fn key(&mut self) -> Result<Hash, DbError> {
        let results = self.select(ENTRIES).await;
        let entries = results.and_then(|results| raw::entries(&results));
        self.is_in_place()?;
        entries
            .map(|entries| catalog::key(&entries))
            .map_err(|error| classify(self.doing("read the catalog of"), &error))
    }

    /// The catalog's texts, in a savepoint that stays open.
    async fn entries(&mut self) -> Result<Vec<Entry>, DbError> {
        let results = self.select(&format!("SAVEPOINT undrift_read; {ENTRIES}")).await;
        self.read_or_leave(results.and_then(|results| raw::entries(&results))).await
    }

    /// What the pragmas say of the same moment, and the end of the savepoint.
    async fn details(&mut self, entries: Vec<Entry>) -> Result<Rows, DbError> {
        let whole = self.is_of_full_length().await;
        let results = self.select(include_str!("queries/details.sql")).await;
        let read = self.read_or_leave(results.and_then(|results| Rows::of(entries, &results))).await;
        whole.and_then(|()| self.is_in_place())?;
        read
    }

    async fn select(&mut self, text: &str) -> Result<Vec<Vec<SqliteRow>>, sqlx::Error> {
        self.deadline.set(self.patience.read);
        let results = rows(&mut self.connection, text).await;
        self.deadline.clear();
        results
    }

    async fn read_or_leave<T>(&mut self, read: Result<T, sqlx::Error>) -> Result<T, DbError> {
        if read.is_err() {
            // The savepoint is what is left open; the first error is the one to show.
            let _ = self.run("ROLLBACK TO undrift_read; RELEASE undrift_read").await;
        }
        read.map_err(|error| classify(self.doing("read the catalog of"), &error))
    }
}

/// The version of the library, which is linked and therefore asked once.
async fn version(connection: &mut SqliteConnection, path: &Path) -> Result<Version, DbError> {
    static LIBRARY: OnceLock<Version> = OnceLock::new();
    if let Some(version) = LIBRARY.get() {
        return Ok(*version);
    }
    let failed = |error: sqlx::Error| classify(format!("open {}", path.display()), &error);
    let asked = rows(connection, "SELECT sqlite_version()").await.map_err(failed)?;
    let text: String = match asked.iter().flatten().next() {
        Some(row) => row.try_get_unchecked(0).map_err(failed)?,
        None => String::new(),
    };
    let mut numbers = text.split('.').map(|number| number.parse().unwrap_or(0));
    let mut next = || numbers.next().unwrap_or(0);
    Ok(*LIBRARY.get_or_init(|| Version(next(), next(), next())))
}

impl Connection for SqliteSession {
    async fn connect(target: &Target, patience: Patience) -> Result<Self, DbError> {
        let (path, mode) = locate(target)?;
        Self::open(path, mode, patience).await
    }

    fn platform(&self) -> &Platform {
        &self.platform
    }

    fn place(&self) -> &Place {
        &self.place
    }

    async fn glance(&mut self) -> Result<Glance, DbError> {
        let entries = self.entries().await?;
        let key = catalog::key(&entries);
        Ok(Glance::sqlite(key, self.details(entries).await?))
    }

    async fn learn(&mut self) -> Result<(Schema, Option<Memo>), DbError> {
        let glance = self.glance().await?;
        let memo = Memo::sqlite(glance.key(), None);
        Ok((glance.reading()?.schema, Some(memo)))
    }

    async fn look_again(&mut self, known: &Memo) -> Result<Option<Schema>, DbError> {
        if self.key().await? == known.key() { Ok(None) } else { self.structure().await.map(Some) }
    }

    async fn prepare(&mut self) -> Result<(), DbError> {
        self.reset().await
    }

    async fn execute(&mut self, sql: &str) -> Result<u64, DbError> {
        single::one(sql, || self.doing("run a statement on"))?;
        self.watch_references(sql).await?;
        if check::is_check(sql) {
            return self.check(sql).await.map(|()| 0);
        }
        let outcome = self.run(sql).await;
        outcome.map_err(|error| self.failure("run a statement on", &error).with_statement(sql))
    }

    async fn together(&mut self, batch: &[String]) -> Result<(), Halt> {
        let halt = |error| Halt { done: 0, error };
        // There is no round trip to save here, but a transaction for each statement.
        let mut ran = self.execute("BEGIN").await;
        for statement in batch.iter().map(String::as_str).chain(["COMMIT"]) {
            if ran.is_ok() {
                ran = self.execute(statement).await;
            }
        }
        if ran.is_err() {
            // After some errors SQLite has rolled back by itself; then there is nothing to take back.
            let _ = self.run("ROLLBACK").await;
        }
        ran.map(drop).map_err(halt)
    }

    async fn script(&mut self, sql: &str) -> Result<(), DbError> {
        let refused = |why: &str| DbError::new(Trouble::Statement, self.doing("run the script on"), why);
        for statement in single::statements(sql).map_err(refused)? {
            let ran = self.run(statement).await;
            ran.map_err(|error| classify(self.doing("run the script on"), &error).with_statement(statement))?;
        }
        Ok(())
    }

    async fn count(&mut self, sql: &str) -> Result<u64, DbError> {
        single::one(sql, || self.doing("count rows of"))?;
        let failed = |error: sqlx::Error| classify("count rows", &error).with_statement(sql);
        self.deadline.set(self.statement_limit);
        let results = rows(&mut self.connection, sql).await;
        self.deadline.clear();
        let number: Option<i64> = match results.map_err(failed)?.iter().flatten().next() {
            Some(row) => row.try_get_unchecked(0).map_err(failed)?,
            None => None,
        };
        Ok(u64::try_from(number.unwrap_or(0)).unwrap_or(0))
    }

    async fn texts(&mut self, sql: &str) -> Result<Vec<Texts>, DbError> {
        single::one(sql, || self.doing("read rows of"))?;
        let failed = |error: sqlx::Error| classify("read rows", &error).with_statement(sql);
        self.deadline.set(self.statement_limit);
        let results = rows(&mut self.connection, sql).await;
        self.deadline.clear();
        results.map_err(failed)?.iter().flatten().map(|row| values::texts(row).map_err(failed)).collect()
    }

    async fn begin_batch(&mut self) -> Result<(), DbError> {
        self.execute("BEGIN IMMEDIATE").await.map(drop)
    }

    async fn commit_batch(&mut self) -> Result<(), DbError> {
        self.execute("COMMIT").await.map(drop)
    }

    async fn rollback_batch(&mut self) -> Result<(), DbError> {
        // After some errors SQLite has rolled back by itself; then there is nothing to take back.
        let _ = self.run("ROLLBACK").await;
        Ok(())
    }

    /// Beside a rollback journal a transaction that only reads keeps every writer waiting, so there is none: each query
    /// reads what there is when it begins.
    async fn begin_reading(&mut self) -> Result<(), DbError> {
        self.query_only(true).await
    }

    async fn end_reading(&mut self) -> Result<(), DbError> {
        self.query_only(false).await
    }

    async fn limit(&mut self, lock: Duration, statement: Duration) -> Result<(), DbError> {
        self.statement_limit = statement;
        let wait = lock.as_millis().min(i32::MAX as u128);
        let outcome = self.run(&format!("PRAGMA busy_timeout = {wait}")).await;
        outcome.map(drop).map_err(|error| classify(self.doing("set the time-outs of"), &error))
    }

    async fn begin(&mut self) -> Result<(), DbError> {
        self.reset().await?;
        let begun = self.run("BEGIN IMMEDIATE").await;
        begun.map_err(|error| self.failure("begin to change", &error).with_statement("BEGIN IMMEDIATE"))?;
        self.orphans = Some(Watched::Untouched);
        Ok(())
    }

    async fn commit(&mut self) -> Result<(), DbError> {
        if let Some(Watched::Touched(before)) = self.orphans.clone() {
            let after = self.count_orphans().await?;
            if let Err(error) = orphans::compare(&before, &after).and_then(|()| self.is_in_place()) {
                self.rollback().await?;
                return Err(error);
            }
        }
        let ended = self.run("COMMIT").await;
        ended.map_err(|error| self.failure("commit the changes of", &error).with_statement("COMMIT"))?;
        self.orphans = None;
        Ok(())
    }

    async fn rollback(&mut self) -> Result<(), DbError> {
        // After some errors SQLite has rolled back by itself; then there is nothing to take back.
        if self.orphans.take().is_some() {
            let _ = self.run("ROLLBACK").await;
        }
        self.reset().await
    }

    async fn lock(&mut self) -> Result<bool, DbError> {
        if self.lock.is_none() {
            self.lock = Lock::take(&self.path)?;
        }
        Ok(self.lock.is_some())
    }

    async fn unlock(&mut self) -> Result<(), DbError> {
        match self.lock.take_if(|_| !self.is_scratch) {
            Some(lock) => lock.release(),
            None => Ok(()),
        }
    }

    async fn databases(&mut self) -> Result<Vec<String>, DbError> {
        Ok(Vec::new())
    }

    async fn scratch(&mut self, _server: Option<&Target>, _wanted: &Schema) -> Result<Scratch, DbError> {
        let folder = scratch::folder()?;
        match scratch_session(&folder, self.patience).await {
            Ok(session) => Ok(Scratch { session: Session::Sqlite(Box::new(session)), undo: Undo::Remove(folder) }),
            Err(error) => {
                let _ = std::fs::remove_dir_all(&folder);
                Err(error)
            }
        }
    }

    async fn sweep(&mut self) -> Result<Vec<String>, DbError> {
        scratch::sweep()
    }

    async fn close(self) {
        if let Some(lock) = self.lock {
            // What stays behind is an empty file that nobody holds.
            let _ = lock.release();
        }
        let _ = self.connection.close().await;
    }
}

/// A session with the new database in a scratch folder. Nobody needs it after a crash: it is not synced.
async fn scratch_session(folder: &Path, patience: Patience) -> Result<SqliteSession, DbError> {
    let path = scratch::database(folder);
    let lock = Lock::take(&path)?;
    let mut session = SqliteSession::open(path, Mode::Scratch, patience).await?;
    session.lock = lock;
    session.is_scratch = true;
    Ok(session)
}
