//! Sessions with databases: connect, read the catalog, run statements, lock, build scratch databases.
//!
//! Every engine's session offers the same operations ([`Connection`]); the rest of undrift sees
//! [`Session`] only. What a catalog's rows mean is worked out in pure code beside the queries.

mod batch;
mod circuit;
mod confined;
mod error;
mod glance;
mod login;
mod target;
mod visit;

pub mod mysql;
pub mod postgres;
pub mod sqlite;

use std::time::Duration;

pub use batch::Halt;
pub use circuit::CircuitState;
pub use confined::{Confined, Refusal, Standing};
pub use error::{DbError, Trouble};
use glance::Extent;
pub use glance::Glance;
pub use login::Login;
pub use postgres::Activity;
pub use target::Target;
pub(crate) use visit::dice;
pub use visit::{Budget, Evidence, FileSign, Look, Memo, Seen, Turn, Visit, Visitor};

use crate::model::{Engine, Hash, Platform, Schema};

/// How long things may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Until a connection must stand.
    pub connect: Duration,
    /// Until a catalog must be read, on the server and on the wire.
    pub read: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { connect: Duration::from_secs(10), read: Duration::from_secs(60) }
    }
}

/// Where a session is, as the server itself says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The database (SQLite: the file).
    pub database: String,
    /// The login in use (SQLite: nothing).
    pub user: String,
}

/// One complete reading of a catalog.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The structure, before anything is ignored.
    pub schema: Schema,
    /// The *raw key*: the hash of what the catalog returned. Only a cache key; history may change it.
    pub raw: Hash,
    /// The statements that build the same structure elsewhere, where the engine gives its own texts
    /// (MySQL, SQLite). `None`: it is built from `schema`.
    pub copy: Option<Vec<String>>,
}

/// A row of texts, NULL as `None`.
pub type Texts = Vec<Option<String>>;

/// What a session of any engine can do.
#[allow(async_fn_in_trait, reason = "used through the Session enum only, never as a trait object")]
pub trait Connection: Sized {
    /// Connects and asks the server who and where it is.
    async fn connect(target: &Target, patience: Patience) -> Result<Self, DbError>;

    /// The server's vendor, version and this database's defaults.
    fn platform(&self) -> &Platform;

    /// The database that the server says this is.
    fn place(&self) -> &Place;

    /// Gets the whole catalog without working anything out. Never half of it: what cannot be read is
    /// [`Trouble::Unreadable`].
    async fn glance(&mut self) -> Result<Glance, DbError>;

    /// Reads the whole catalog.
    async fn read(&mut self) -> Result<Reading, DbError> {
        self.glance().await?.reading()
    }

    /// Reads what is modelled, of which fingerprints are made, and nothing of the rest. Never half of it.
    async fn structure(&mut self) -> Result<Schema, DbError> {
        Ok(self.read().await?.schema)
    }

    /// The structure, and what tells soonest that it is the same elsewhere on this server, if anything does.
    async fn learn(&mut self) -> Result<(Schema, Option<Memo>), DbError> {
        Ok((self.structure().await?, None))
    }

    /// The structure, unless whatever tells soonest says that it is as it was when this was learned.
    async fn look_again(&mut self, known: &Memo) -> Result<Option<Schema>, DbError>;

    /// Gets ready for changing things: the owner's role, the search path, the SQL mode.
    async fn prepare(&mut self) -> Result<(), DbError>;

    /// Finds out whether this session may touch what belongs to the tenant, and what is to be done if it may not.
    /// One question about the catalog; nothing is made.
    async fn standing(&mut self) -> Result<Standing, DbError> {
        Ok(Standing::Own)
    }

    /// Makes a login that has rights in this tenant alone, where [`Standing::Other`] says that one is needed, and
    /// connects with it. It has to be removed with [`Connection::dismiss`].
    async fn confined(&mut self) -> Result<Result<Confined, Refusal>, DbError> {
        Err(confined::none_is_made("make a login"))
    }

    /// Removes a login that was made for this tenant.
    async fn dismiss(&mut self, _login: &str) -> Result<(), DbError> {
        Err(confined::none_is_made("remove a login"))
    }

    /// Runs one statement and returns the number of rows it touched.
    async fn execute(&mut self, sql: &str) -> Result<u64, DbError>;

    /// Runs statements one after the other in an empty database, in as few messages as it takes, and stops
    /// at the first that fails. How many stay done then is the engine's business: [`Halt`] says it.
    async fn build(&mut self, statements: &[String]) -> Result<(), Halt> {
        let mut done = 0;
        for batch in batch::batches(statements) {
            if let Err(halt) = self.together(batch).await {
                let later = |one_by_one: Halt| Halt { done: done + one_by_one.done, ..one_by_one };
                self.one_by_one(batch, halt).await.map_err(later)?;
            }
            done += batch.len();
        }
        Ok(())
    }

    /// Runs a batch of statements that came to a halt one by one, from there on: what is done for good stays
    /// done, and the server names the statement that it does not take.
    async fn one_by_one(&mut self, batch: &[String], halt: Halt) -> Result<(), Halt> {
        if !halt.error.trouble.is_about_a_statement() {
            return Err(halt);
        }
        for (at, statement) in batch.iter().enumerate().skip(halt.done) {
            self.execute(statement).await.map_err(|error| Halt { done: at, error })?;
        }
        Ok(())
    }

    /// Runs the statements of a batch in one message.
    async fn together(&mut self, batch: &[String]) -> Result<(), Halt>;

    /// Runs a script of several statements, as a person wrote it.
    async fn script(&mut self, sql: &str) -> Result<(), DbError>;

    /// Runs a query that returns one row with one integer (NULL counts as zero).
    async fn count(&mut self, sql: &str) -> Result<u64, DbError>;

    /// Runs a query whose columns are all texts, and returns its rows.
    async fn texts(&mut self, sql: &str) -> Result<Vec<Texts>, DbError>;

    /// Opens a transaction for a batch of rows: nothing of the structure changes in it.
    async fn begin_batch(&mut self) -> Result<(), DbError> {
        self.begin().await
    }

    /// Ends it for good.
    async fn commit_batch(&mut self) -> Result<(), DbError> {
        self.commit().await
    }

    /// Takes it back.
    async fn rollback_batch(&mut self) -> Result<(), DbError> {
        self.rollback().await
    }

    /// Begins a time in which nothing can be written and, where that keeps nobody waiting, everything is read as it is now.
    async fn begin_reading(&mut self) -> Result<(), DbError>;

    /// Ends that time, also after a query that failed.
    async fn end_reading(&mut self) -> Result<(), DbError>;

    /// The time-outs for what runs next: waiting for a lock, and running a statement.
    async fn limit(&mut self, lock: Duration, statement: Duration) -> Result<(), DbError>;

    /// Opens a transaction (SQLite: with foreign keys off, as a table rebuild needs it).
    async fn begin(&mut self) -> Result<(), DbError>;

    /// Ends it for good (SQLite: after a foreign-key check).
    async fn commit(&mut self) -> Result<(), DbError>;

    /// Takes it back.
    async fn rollback(&mut self) -> Result<(), DbError>;

    /// Takes undrift's lock on this database if it is free; `false` if another undrift holds it.
    async fn lock(&mut self) -> Result<bool, DbError>;

    /// Gives the lock back.
    async fn unlock(&mut self) -> Result<(), DbError>;

    /// The databases of this server that are not its own, in order.
    async fn databases(&mut self) -> Result<Vec<String>, DbError>;

    /// Makes an empty scratch database for structures of this database and connects to it.
    /// `server` is another server to make it on, where the configuration names one. `wanted` says
    /// which PostgreSQL extensions are going to be needed.
    async fn scratch(&mut self, server: Option<&Target>, wanted: &Schema) -> Result<Scratch, DbError>;

    /// Removes scratch databases that a killed undrift left behind: those whose owner's lock is free.
    /// Returns their names.
    async fn sweep(&mut self) -> Result<Vec<String>, DbError>;

    /// Ends the session properly.
    async fn close(self);
}

/// A scratch database and the session in it. [`Scratch::discard`] removes it; one that is left
/// behind by a killed process is swept by the next run.
pub struct Scratch {
    /// The session within.
    pub session: Session,
    /// What removes the database when the session is closed.
    pub(crate) undo: Undo,
}

/// How a scratch database is removed.
pub(crate) enum Undo {
    /// Close the session, then run these on a session of the server.
    Drop(Box<Session>, Vec<String>),
    /// Close the session, then remove this folder.
    Remove(std::path::PathBuf),
    /// Close the session, which takes back the transaction that it lives in.
    Rollback,
}

impl Scratch {
    /// Whether it has a database of its own, rather than a transaction in the tenant's, which a script could reach around.
    pub fn stands_apart(&self) -> bool {
        !matches!(self.undo, Undo::Rollback)
    }

    /// Removes the scratch database.
    ///
    /// # Errors
    /// When the server refuses. The next run sweeps it then.
    pub async fn discard(self) -> Result<(), DbError> {
        let Scratch { session, undo } = self;
        match undo {
            Undo::Rollback => session.close().await,
            Undo::Remove(folder) => {
                session.close().await;
                remove(&folder).map_err(|error| DbError::io(&folder.display().to_string(), error))?;
            }
            Undo::Drop(mut server, statements) => {
                session.close().await;
                let dropped = run(&mut server, &statements).await;
                server.close().await;
                dropped?;
            }
        }
        Ok(())
    }
}

/// Runs statements one after the other, up to the first that fails.
async fn run(session: &mut Session, statements: &[String]) -> Result<(), DbError> {
    for statement in statements {
        session.execute(statement).await?;
    }
    Ok(())
}

/// Removes a folder. Its lock is free by now, so another undrift that looks for left-overs may be at it too.
fn remove(folder: &std::path::Path) -> std::io::Result<()> {
    use std::io::ErrorKind::{DirectoryNotEmpty, NotFound};
    loop {
        match std::fs::remove_dir_all(folder) {
            Err(error) if error.kind() == NotFound && !folder.exists() => return Ok(()),
            Err(error) if matches!(error.kind(), NotFound | DirectoryNotEmpty) => std::thread::yield_now(),
            removed => return removed,
        }
    }
}

/// A session with one database of any engine.
pub enum Session {
    /// With PostgreSQL.
    Postgres(Box<postgres::PostgresSession>),
    /// With MySQL or MariaDB.
    Mysql(Box<mysql::MysqlSession>),
    /// With SQLite.
    Sqlite(Box<sqlite::SqliteSession>),
}

impl Session {
    /// Whose word counts in this session ([`Target::judge`]).
    pub fn judge(&self) -> Option<String> {
        match self {
            Session::Postgres(inner) => inner.target().judge(),
            Session::Mysql(inner) => inner.target().judge(),
            Session::Sqlite(_) => None,
        }
    }
}

/// Calls the same method on whichever session it is.
macro_rules! each {
    ($session:expr, $inner:ident => $call:expr) => {
        match $session {
            Session::Postgres($inner) => $call,
            Session::Mysql($inner) => $call,
            Session::Sqlite($inner) => $call,
        }
    };
}

/// Calls a method that sends something to the server, which is where a test can let a run crash.
macro_rules! send {
    ($session:expr, $method:ident($($argument:expr),*)) => {{
        #[cfg(feature = "crash-points")]
        let later = crash::before($session, stringify!($method)).await?;
        let done = each!($session, inner => inner.$method($($argument),*).await);
        #[cfg(feature = "crash-points")]
        later.now($session).await?;
        done
    }};
}

#[cfg(feature = "crash-points")]
mod crash;

impl Connection for Session {
    async fn connect(target: &Target, patience: Patience) -> Result<Self, DbError> {
        Ok(match target.engine() {
            Engine::Postgres => {
                Session::Postgres(Box::new(postgres::PostgresSession::connect(target, patience).await?))
            }
            Engine::Mysql => Session::Mysql(Box::new(mysql::MysqlSession::connect(target, patience).await?)),
            Engine::Sqlite => Session::Sqlite(Box::new(sqlite::SqliteSession::connect(target, patience).await?)),
        })
    }

    fn platform(&self) -> &Platform {
        each!(self, inner => inner.platform())
    }

    fn place(&self) -> &Place {
        each!(self, inner => inner.place())
    }

    async fn glance(&mut self) -> Result<Glance, DbError> {
        send!(self, glance())
    }

    async fn structure(&mut self) -> Result<Schema, DbError> {
        send!(self, structure())
    }

    async fn learn(&mut self) -> Result<(Schema, Option<Memo>), DbError> {
        send!(self, learn())
    }

    async fn look_again(&mut self, known: &Memo) -> Result<Option<Schema>, DbError> {
        send!(self, look_again(known))
    }

    async fn prepare(&mut self) -> Result<(), DbError> {
        send!(self, prepare())
    }

    async fn standing(&mut self) -> Result<Standing, DbError> {
        send!(self, standing())
    }

    async fn confined(&mut self) -> Result<Result<Confined, Refusal>, DbError> {
        send!(self, confined())
    }

    async fn dismiss(&mut self, login: &str) -> Result<(), DbError> {
        send!(self, dismiss(login))
    }

    async fn execute(&mut self, sql: &str) -> Result<u64, DbError> {
        send!(self, execute(sql))
    }

    async fn together(&mut self, batch: &[String]) -> Result<(), Halt> {
        send!(self, together(batch))
    }

    async fn script(&mut self, sql: &str) -> Result<(), DbError> {
        send!(self, script(sql))
    }

    async fn count(&mut self, sql: &str) -> Result<u64, DbError> {
        send!(self, count(sql))
    }

    async fn texts(&mut self, sql: &str) -> Result<Vec<Texts>, DbError> {
        send!(self, texts(sql))
    }

    async fn begin_batch(&mut self) -> Result<(), DbError> {
        send!(self, begin_batch())
    }

    async fn commit_batch(&mut self) -> Result<(), DbError> {
        send!(self, commit_batch())
    }

    async fn rollback_batch(&mut self) -> Result<(), DbError> {
        send!(self, rollback_batch())
    }

    async fn begin_reading(&mut self) -> Result<(), DbError> {
        each!(self, inner => inner.begin_reading().await)
    }

    async fn end_reading(&mut self) -> Result<(), DbError> {
        each!(self, inner => inner.end_reading().await)
    }

    async fn limit(&mut self, lock: Duration, statement: Duration) -> Result<(), DbError> {
        send!(self, limit(lock, statement))
    }

    async fn begin(&mut self) -> Result<(), DbError> {
        send!(self, begin())
    }

    async fn commit(&mut self) -> Result<(), DbError> {
        send!(self, commit())
    }

    async fn rollback(&mut self) -> Result<(), DbError> {
        send!(self, rollback())
    }

    async fn lock(&mut self) -> Result<bool, DbError> {
        let locked = each!(self, inner => inner.lock().await);
        #[cfg(feature = "crash-points")]
        crash::locked();
        locked
    }

    async fn unlock(&mut self) -> Result<(), DbError> {
        send!(self, unlock())
    }

    async fn databases(&mut self) -> Result<Vec<String>, DbError> {
        send!(self, databases())
    }

    async fn scratch(&mut self, server: Option<&Target>, wanted: &Schema) -> Result<Scratch, DbError> {
        each!(self, inner => inner.scratch(server, wanted).await)
    }

    async fn sweep(&mut self) -> Result<Vec<String>, DbError> {
        send!(self, sweep())
    }

    async fn close(self) {
        each!(self, inner => inner.close().await);
    }
}
