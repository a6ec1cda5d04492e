//! The connection itself: messages out, rows in, nothing longer than it may take.
//!
//! Everything goes through the text protocol, several statements to a message. A connection that
//! did not answer in time is never used again: the answer may still come.

use std::time::Duration;

use futures_util::TryStreamExt;
use sqlx::{AssertSqlSafe, Connection, Either, PgConnection, Row as _, ValueRef, postgres::PgRow};

use super::error::{Moment, classify};
use super::sheet::{self, Sheet};
use crate::db::{DbError, Trouble};

/// One row: the text of each value, NULL as `None`.
pub(super) type Row = Vec<Option<String>>;

/// What one statement of a message returned.
#[derive(Debug)]
pub(super) struct Answer<R = Row> {
    /// The rows of a query.
    pub(super) rows: Vec<R>,
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
        self.ask_all(sql, within, |row| texts(&row)).await
    }

    /// The same with the rows as they come.
    pub(super) async fn fetch(&mut self, sql: &str, within: Duration) -> Result<Vec<Sheet>, DbError> {
        let answers = self.ask_all(sql, within, |row| packed(&row)).await?;
        Ok(answers.iter().map(|answer| Sheet::of(&answer.rows)).collect())
    }

    async fn ask_all<R>(
        &mut self,
        sql: &str,
        within: Duration,
        take: impl Fn(PgRow) -> Result<R, sqlx::Error>,
    ) -> Result<Vec<Answer<R>>, DbError> {
        let doing = format!("run on {}", self.place);
        if sql.contains('\0') {
            return Err(DbError::new(Trouble::Usage, doing, "a statement holds a NUL character"));
        }
        self.ask(within, &doing, async |connection| answers(connection, sql, take).await).await
    }

    /// Runs one statement and returns how many rows it touched. That it is one is the server's
    /// word: it refuses a message of several.
    pub(super) async fn single(&mut self, sql: &str, within: Duration) -> Result<u64, DbError> {
        let doing = format!("run on {}", self.place);
        let run = async |connection: &mut PgConnection| sqlx::query(statement(sql)).execute(connection).await;
        self.ask(within, &doing, run).await.map(|done| done.rows_affected())
    }

    /// Runs one query, and no more than one, for a single integer.
    pub(super) async fn number(&mut self, sql: &str, within: Duration) -> Result<Option<i64>, DbError> {
        let doing = format!("run on {}", self.place);
        let run = async |connection: &mut PgConnection| {
            let row = sqlx::query(statement(sql)).fetch_one(connection).await?;
            row.try_get::<Option<i64>, _>(0).or_else(|_| Ok(row.try_get::<Option<i32>, _>(0)?.map(i64::from)))
        };
        self.ask(within, &doing, run).await
    }

    /// Runs one query, and no more than one, whose columns are texts.
    pub(super) async fn query(&mut self, sql: &str, within: Duration) -> Result<Vec<Row>, DbError> {
        let doing = format!("run on {}", self.place);
        let run = async |connection: &mut PgConnection| {
            let rows = sqlx::query(statement(sql)).fetch_all(connection).await?;
            rows.iter().map(texts).collect()
        };
        self.ask(within, &doing, run).await
    }

    /// Waits for an answer for as long as it may take.
    async fn ask<T>(
        &mut self,
        within: Duration,
        doing: &str,
        run: impl AsyncFnOnce(&mut PgConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T, DbError> {
        let Some(connection) = &mut self.connection else {
            return Err(DbError::new(Trouble::Disconnected, doing, "the connection was lost before"));
        };
        match tokio::time::timeout(within, run(connection)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(self.failed(classify(error, Moment::Talking, doing))),
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

    /// The server's version as it said it at the start: `150004`. Some poolers keep it to themselves.
    pub(super) fn version_number(&self) -> Option<u32> {
        self.connection.as_ref()?.server_version_num()
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
#[expect(clippy::disallowed_methods, reason = "the one place where PostgreSQL's texts are vouched for")]
fn statement(sql: &str) -> AssertSqlSafe<String> {
    AssertSqlSafe(sql.to_owned())
}

async fn answers<R>(
    connection: &mut PgConnection,
    sql: &str,
    take: impl Fn(PgRow) -> Result<R, sqlx::Error>,
) -> Result<Vec<Answer<R>>, sqlx::Error> {
    let (mut answers, mut rows) = (Vec::new(), Vec::new());
    let mut stream = sqlx::raw_sql(statement(sql)).fetch_many(connection);
    while let Some(item) = stream.try_next().await? {
        match item {
            Either::Right(row) => rows.push(take(row)?),
            Either::Left(result) => {
                answers.push(Answer { rows: std::mem::take(&mut rows), affected: result.rows_affected() });
            }
        }
    }
    Ok(answers)
}

/// A row as the server sent it.
fn packed(row: &PgRow) -> Result<Vec<u8>, sqlx::Error> {
    let cell = |at| {
        let value = row.try_get_raw(at)?;
        let bytes = (!value.is_null()).then(|| value.as_bytes().map(<[u8]>::to_vec)).transpose();
        bytes.map_err(sqlx::Error::Decode)
    };
    let cells: Vec<Option<Vec<u8>>> = (0..row.len()).map(cell).collect::<Result<_, _>>()?;
    Ok(sheet::row(cells.iter().map(Option::as_deref)))
}

/// The values of a row as text.
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
