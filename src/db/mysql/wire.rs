//! The one place where text goes to the server: several statements in a message, bounded in time. They are undrift's own;
//! what may hold text from outside is wrapped by [`alone`](super::alone) first.

use std::time::Duration;

use futures_util::TryStreamExt;
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection as _, Either, Row};

use super::error;
use crate::db::{DbError, Trouble};

/// How long a statement that was told to stop may take to do so.
const GRACE: Duration = Duration::from_secs(5);

/// The result of one statement: its rows as text, and how many rows it touched.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// The rows that it returned.
    pub rows: Vec<Vec<Option<String>>>,
    /// The rows that it changed.
    pub touched: u64,
}

/// A connection and what it takes to interrupt it.
pub(super) struct Wire {
    connection: MySqlConnection,
    options: MySqlConnectOptions,
    id: u64,
    broken: bool,
}

impl Wire {
    /// Connects within a time.
    pub async fn open(options: MySqlConnectOptions, within: Duration, doing: &str) -> Result<Self, DbError> {
        let connected = tokio::time::timeout(within, options.connect()).await;
        let connection = connected
            .map_err(|_| DbError::new(Trouble::TimedOut, doing, format!("no connection within {within:?}")))?
            .map_err(|failure| error::connecting(&failure, doing))?;
        Ok(Self { connection, options, id: 0, broken: false })
    }

    /// Remembers the connection's number on the server: what `KILL QUERY` is given.
    pub fn numbered(&mut self, id: u64) {
        self.id = id;
    }

    /// The connection's number on the server.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Sends statements in one message and returns what each answered. What takes longer than `within` is
    /// killed on the server; a server that does not answer even then is given up on.
    pub async fn ask(&mut self, sql: &str, within: Duration, doing: &str) -> Result<Vec<Answer>, DbError> {
        let mut answers = Vec::new();
        self.ask_into(&mut answers, sql, within, doing).await?;
        Ok(answers)
    }

    /// As [`Wire::ask`], with the answers of the statements before the one that failed.
    pub async fn ask_into(
        &mut self,
        into: &mut Vec<Answer>,
        sql: &str,
        within: Duration,
        doing: &str,
    ) -> Result<(), DbError> {
        if self.broken {
            return Err(DbError::new(Trouble::Disconnected, doing, "the connection was given up on"));
        }
        let mut work = std::pin::pin!(answers(&mut self.connection, sql, into));
        if let Ok(done) = tokio::time::timeout(within, &mut work).await {
            return done.map_err(|failure| error::statement(&failure, doing));
        }
        kill(&self.options, self.id).await;
        let overdue = || DbError::new(Trouble::TimedOut, doing, format!("it took longer than {within:?}"));
        match tokio::time::timeout(GRACE, &mut work).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(overdue()),
            Err(_) => {
                self.broken = true;
                Err(overdue())
            }
        }
    }

    /// Says goodbye, or just hangs up when nobody listens.
    pub async fn close(self) {
        if !self.broken {
            let _ = tokio::time::timeout(GRACE, self.connection.close()).await;
        }
    }
}

/// Sends statements whose text was put together here. All identifiers and literals in it went through the
/// dialect's quoting; whole statements and expressions from outside stand in it as digits only.
#[expect(clippy::disallowed_methods, reason = "this is the engine's one function for dynamic SQL")]
async fn answers(connection: &mut MySqlConnection, sql: &str, answers: &mut Vec<Answer>) -> Result<(), sqlx::Error> {
    let mut results = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_many(connection);
    let mut current = Answer::default();
    while let Some(item) = results.try_next().await? {
        match item {
            Either::Right(row) => current.rows.push(texts(&row)?),
            Either::Left(result) => {
                current.touched = result.rows_affected();
                answers.push(std::mem::take(&mut current));
            }
        }
    }
    Ok(())
}

/// The text protocol sends every value as characters, whatever its type.
fn texts(row: &MySqlRow) -> Result<Vec<Option<String>>, sqlx::Error> {
    let text = |at| {
        let bytes: Option<&[u8]> = row.try_get_unchecked(at)?;
        Ok(bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned()))
    };
    (0..row.len()).map(text).collect()
}

/// Interrupts what a connection runs, from a second one. If that fails there is nothing more to be done here.
async fn kill(options: &MySqlConnectOptions, id: u64) {
    let interrupt = async {
        let mut second = options.connect().await?;
        let sql = format!("KILL QUERY {id}");
        answers(&mut second, &sql, &mut Vec::new()).await?;
        second.close().await
    };
    if !matches!(tokio::time::timeout(GRACE, interrupt).await, Ok(Ok(()))) {
        tracing::warn!(connection = id, "the statement could not be interrupted");
    }
}
