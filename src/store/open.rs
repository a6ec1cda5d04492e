//! From the address in `state` to connections: what is there is looked at before anything is changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Executor, PgConnection};

use super::database::{Database, Pools};
use super::error::{Place, Result, StoreError};
use super::format;
use crate::db::{self, Target, Trouble};
use crate::model::Engine;

/// How long to wait for a connection or for the lock on the file.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long to leave a file alone that others are preparing.
const BREATH: Duration = Duration::from_millis(20);

/// Readers of a SQLite file never wait for its writer.
const READERS: u32 = 4;
const POSTGRES_CONNECTIONS: u32 = 5;

/// Our own schema, whatever the login's `search_path` is; nobody waits for ever; and what is committed
/// is on the disk, even if the server was told that others may lose a second.
const POSTGRES_SESSION: &str = "SET search_path = undrift; SET lock_timeout = '30s'; \
    SET idle_in_transaction_session_timeout = '60s'; SET client_min_messages = warning; \
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";

/// Connects, and makes or migrates the tables.
pub(super) async fn open(url: &str) -> Result<Database> {
    let target = Target::parse(url)?;
    let place = Place::new(target.engine(), &target.to_string());
    match target.engine() {
        Engine::Sqlite => sqlite(&target, place).await,
        Engine::Postgres => postgres(&target, place).await,
        Engine::Mysql => Err(place.usage("undrift keeps its state in SQLite or PostgreSQL")),
    }
}

async fn sqlite(target: &Target, place: Place) -> Result<Database> {
    let path = path(target, &place)?;
    make(&path).map_err(|error| place.io(&path, error))?;
    let options = SqliteConnectOptions::new()
        .filename(&path)
        .busy_timeout(PATIENCE)
        .foreign_keys(false)
        // An entry of the audit is on the disk before the statement that it announces runs.
        .synchronous(SqliteSynchronous::Full)
        .pragma("trusted_schema", "OFF")
        .disable_statement_logging();
    let writer = sqlite_pool(1, options.clone());
    let readers = sqlite_pool(READERS, options);
    let database = Database { place, pools: Pools::Sqlite { writer: writer.clone(), readers } };
    settle(&database, &writer).await?;
    Ok(database)
}

/// Makes the tables and switches to a write-ahead log. While somebody else does the same, SQLite may say that the
/// file is locked without waiting for `busy_timeout`: a connection that wants more than others hold does not wait.
async fn settle(database: &Database, writer: &SqlitePool) -> Result<()> {
    let started = Instant::now();
    loop {
        match prepared(database, writer).await {
            Err(StoreError::Database(error))
                if error.trouble == Trouble::LockTimeout && started.elapsed() < PATIENCE =>
            {
                tokio::time::sleep(BREATH).await;
            }
            done => return done,
        }
    }
}

async fn prepared(database: &Database, writer: &SqlitePool) -> Result<()> {
    format::bring_up(database).await?;
    let journal = sqlx::raw_sql("PRAGMA journal_mode = WAL").execute(writer).await;
    journal.map(drop).map_err(|error| database.place.error(error))
}

fn path(target: &Target, place: &Place) -> Result<PathBuf> {
    let path = target.path();
    if path.as_os_str().is_empty() || path == Path::new(":memory:") {
        return Err(place.usage("it has to be a file: sqlite:path/to/undrift-state.db"));
    }
    let shown = target.to_string();
    let query = shown.split_once('?').map_or("", |(_, query)| query);
    if !matches!(query, "" | "mode=rw" | "mode=rwc") {
        return Err(place.usage(&format!("`{query}` is no option of undrift's state: leave it out")));
    }
    Ok(path)
}

/// Makes the file if there is none, for its owner alone; SQLite gives the files beside it the same rights.
fn make(path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder)?;
    }
    let mut file = fs::OpenOptions::new();
    file.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
    match file.open(path) {
        // A file that is there is left to SQLite: closing a second handle would drop the locks on it.
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        made => made.map(drop),
    }
}

fn sqlite_pool(connections: u32, options: SqliteConnectOptions) -> SqlitePool {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(3 * PATIENCE)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .connect_lazy_with(options)
}

async fn postgres(target: &Target, place: Place) -> Result<Database> {
    let options = db::postgres::options(target, place.name())?.statement_cache_capacity(100);
    reach(&options, &place).await?;
    let database = Database { place, pools: Pools::Postgres(postgres_pool(options)) };
    format::bring_up(&database).await?;
    Ok(database)
}

/// A pool tries again while a server refuses; a person who starts undrift wants to know why at once.
async fn reach(options: &PgConnectOptions, place: &Place) -> Result<()> {
    let connecting = async { PgConnection::connect_with(options).await?.close().await };
    match tokio::time::timeout(PATIENCE, connecting).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => {
            Err(StoreError::Database(db::postgres::classify(error, db::postgres::Moment::Connecting, place.name())))
        }
        Err(_) => Err(place.trouble(Trouble::TimedOut, "no answer in time").into()),
    }
}

fn postgres_pool(options: PgConnectOptions) -> PgPool {
    PgPoolOptions::new()
        .max_connections(POSTGRES_CONNECTIONS)
        .acquire_timeout(PATIENCE)
        .after_connect(|connection, _| connection.execute(POSTGRES_SESSION).map(|done| done.map(drop)).boxed())
        .connect_lazy_with(options)
}
