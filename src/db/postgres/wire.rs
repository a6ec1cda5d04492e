//! The connection itself: messages out, rows in, nothing longer than it may take.
//!
//! Everything goes through the text protocol, several statements to a message. A connection that
//! did not answer in time is never used again: the answer may still come.

use std::time::Duration;

use futures_util::TryStreamExt;
use sqlx::{AssertSqlSafe, Connection, Either, PgConnection, Row as _, ValueRef, postgres::PgRow};

use super::error::{Moment, classify};
use crate::db::{DbError, Trouble};

/// One row: the text of each value, NULL as `None`.
pub(super) type Row = Vec<Option<String>>;

/// What one statement of a message returned.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// The rows of a query.
    pub(super) rows: Vec<Row>,
    /// How many rows were touched.
    pub(super) affected: u64,
}

/// A connection to one database.
pub(super) struct Wire {
    /// `None` once it is lost.
    connection: Option<PgConnection>,
    /// What the database is called in errors.
    place: String,
}

impl Wire {
    /// A connection that stands.
    pub(super) fn new(connection: PgConnection, place: String) -> Self {
        Self { connection: Some(connection), place }
    }

    /// Sends a message of one or more statements and waits for all answers.
    pub(super) async fn send(&mut self, sql: &str, within: Duration) -> Result<Vec<Answer>, DbError> {
        let doing = format!("run on {}", self.place);
        if sql.contains('\0') {
            return Err(DbError::new(Trouble::Usage, doing, "a statement holds a NUL character"));
        }
        let Some(connection) = &mut self.connection else {
            return Err(DbError::new(Trouble::Disconnected, doing, "the connection was lost before"));
        };
        match tokio::time::timeout(within, answers(connection, sql)).await {
            Ok(Ok(answers)) => Ok(answers),
            Ok(Err(error)) => Err(self.failed(classify(error, Moment::Talking, &doing))),
            Err(_) => {
                let message = format!("no answer within {}", seconds(within));
                Err(self.failed(DbError::new(Trouble::TimedOut, doing, message)))
            }
        }
    }

    /// Forgets the connection if the error says that it cannot be used any more. A time-out with a
    /// code is the server's own, and leaves the connection as it is.
    fn failed(&mut self, error: DbError) -> DbError {
        let ours = error.trouble == Trouble::TimedOut && error.code.is_none();
        if ours || error.trouble == Trouble::Disconnected {
            self.connection = None;
        }
        error
    }

    /// The first row of the first statement that returned any.
    pub(super) async fn row(&mut self, sql: &str, within: Duration) -> Result<Row, DbError> {
        let answers = self.send(sql, within).await?;
        let row = answers.into_iter().find_map(|answer| answer.rows.into_iter().next());
        row.ok_or_else(|| {
            DbError::new(Trouble::Statement, format!("run on {}", self.place), "the query returned no row")
        })
    }

    /// Ends the session. Whether the server hears of it does not matter.
    pub(super) async fn close(self) {
        if let Some(connection) = self.connection {
            let _ = tokio::time::timeout(Duration::from_secs(5), connection.close()).await;
        }
    }
}

/// A duration for people: `3s`, `500ms`.
pub(super) fn seconds(duration: Duration) -> String {
    format!("{duration:?}")
}

/// The one place where text becomes SQL for PostgreSQL. Identifiers and literals in it were quoted
/// by the dialect; what a person wrote as SQL is SQL.
#[allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "this is the one place")]
fn statement(sql: &str) -> AssertSqlSafe<String> {
    AssertSqlSafe(sql.to_owned())
}

async fn answers(connection: &mut PgConnection, sql: &str) -> Result<Vec<Answer>, sqlx::Error> {
    let mut answers = Vec::new();
    let mut answer = Answer::default();
    let mut stream = sqlx::raw_sql(statement(sql)).fetch_many(connection);
    while let Some(item) = stream.try_next().await? {
        match item {
            Either::Right(row) => answer.rows.push(texts(&row)?),
            Either::Left(result) => {
                answer.affected = result.rows_affected();
                answers.push(std::mem::take(&mut answer));
            }
        }
    }
    Ok(answers)
}

fn texts(row: &PgRow) -> Result<Row, sqlx::Error> {
    let text = |at| {
        let value = row.try_get_raw(at)?;
        if value.is_null() {
            return Ok(None);
        }
        value.as_str().map(|text| Some(text.to_owned())).map_err(sqlx::Error::Decode)
    };
    (0..row.len()).map(text).collect()
}
