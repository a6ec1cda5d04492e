//! The connection itself: messages out, rows in, nothing longer than it may take.
//!
//! What undrift asks of its own accord goes several statements to a message. What holds a text from outside goes one
//! statement to a message, in the form of the protocol in which the server takes one alone. A connection that did not answer
//! in time is never used again: the answer may still come.

use std::time::Duration;

use sqlx::PgConnection;

use super::driver;
use super::error::Moment;
use super::express::{Express, Failure};
use super::sheet::Sheet;
use super::signs::Manner;
use crate::db::{DbError, Trouble};

/// One row: the text of each value, NULL as `None`.
pub(super) type Row = Vec<Option<String>>;

/// What one statement of a message returned.
#[derive(Debug)]
pub(super) struct Answer<R = Vec<Row>> {
    /// The rows of a query.
    pub(super) rows: R,
    /// How many rows were touched.
    pub(super) affected: u64,
}

/// A connection to one database.
pub(super) struct Wire {
    /// `None` once it is lost.
    line: Option<Line>,
    /// What the database is called in errors.
    place: String,
}

/// What carries the messages.
pub(super) enum Line {
    /// What is quick, and knows only the ways that most servers know.
    Express(Express),
    /// What knows all of them.
    Driver(PgConnection),
}

impl Wire {
    /// A connection that stands.
    pub(super) fn new(line: Line, place: String) -> Self {
        Self { line: Some(line), place }
    }

    /// Sends a message of one or more statements and waits for all answers.
    pub(super) async fn send(&mut self, sql: &str, within: Duration) -> Result<Vec<Answer>, DbError> {
        self.check(sql)?;
        let sent = async |line: &mut Line| match line {
            Line::Express(express) => express.ask(sql).await.map(texts),
            Line::Driver(connection) => Ok(driver::answers(connection, sql, |row| driver::texts(&row)).await?),
        };
        self.ask(within, sent).await
    }

    /// The same with the rows as they come.
    pub(super) async fn fetch(&mut self, sql: &str, within: Duration) -> Result<Vec<Sheet>, DbError> {
        self.check(sql)?;
        let fetched = async |line: &mut Line| match line {
            Line::Express(express) => Ok(express.ask(sql).await?.into_iter().map(|answer| answer.rows).collect()),
            Line::Driver(connection) => {
                let answers = driver::answers(connection, sql, |row| driver::packed(&row)).await?;
                Ok(answers.iter().map(|answer| Sheet::of(&answer.rows)).collect())
            }
        };
        self.ask(within, fetched).await
    }

    /// Runs one statement and returns how many rows it touched. That it is one is the server's
    /// word: it refuses a message of several.
    pub(super) async fn single(&mut self, sql: &str, within: Duration) -> Result<u64, DbError> {
        self.check(sql)?;
        let ran = async |line: &mut Line| match line {
            Line::Express(express) => express.ask_one(sql).await.map(|answer| answer.affected),
            Line::Driver(connection) => Ok(driver::single(connection, sql).await?),
        };
        self.ask(within, ran).await
    }

    /// Runs statements up to the first that fails, each as one, where that can be without waiting between them. There has to
    /// be a transaction around them.
    pub(super) async fn each(&mut self, statements: &[String], within: Duration) -> Result<(), DbError> {
        statements.iter().try_for_each(|statement| self.check(statement))?;
        if !matches!(self.line, Some(Line::Express(_))) {
            for statement in statements {
                self.single(statement, within).await?;
            }
            return Ok(());
        }
        let ran = async |line: &mut Line| match line {
            Line::Express(express) => express.ask_each(statements).await,
            Line::Driver(_) => Ok(()),
        };
        self.ask(within.saturating_mul(u32::try_from(statements.len()).unwrap_or(u32::MAX)), ran).await
    }

    /// Runs one query, and no more than one, for a single integer.
    pub(super) async fn number(&mut self, sql: &str, within: Duration) -> Result<Option<i64>, DbError> {
        self.check(sql)?;
        let ran = async |line: &mut Line| match line {
            Line::Express(express) => express.ask_one(sql).await.map(|answer| number(&answer.rows)),
            Line::Driver(connection) => Ok(driver::number(connection, sql).await?),
        };
        self.ask(within, ran).await
    }

    /// Runs one query, and no more than one, whose columns are texts.
    pub(super) async fn query(&mut self, sql: &str, within: Duration) -> Result<Vec<Row>, DbError> {
        self.check(sql)?;
        let ran = async |line: &mut Line| match line {
            Line::Express(express) => express.ask_one(sql).await.map(|answer| answer.rows.texts()),
            Line::Driver(connection) => Ok(driver::query(connection, sql).await?),
        };
        self.ask(within, ran).await
    }

    fn check(&self, sql: &str) -> Result<(), DbError> {
        match sql.contains('\0') {
            true => Err(DbError::new(Trouble::Usage, self.doing(), "a statement holds a NUL character")),
            false => Ok(()),
        }
    }

    fn doing(&self) -> String {
        format!("run on {}", self.place)
    }

    /// Waits for an answer for as long as it may take.
    async fn ask<T>(
        &mut self,
        within: Duration,
        run: impl AsyncFnOnce(&mut Line) -> Result<T, Failure>,
    ) -> Result<T, DbError> {
        let doing = self.doing();
        let Some(line) = &mut self.line else {
            return Err(DbError::new(Trouble::Disconnected, doing, "the connection was lost before"));
        };
        match tokio::time::timeout(within, run(line)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(failure)) => Err(self.failed(failure.explain(Moment::Talking, &doing))),
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
            self.line = None;
        }
        error
    }

    /// The first row of the first statement that returned any.
    pub(super) async fn row(&mut self, sql: &str, within: Duration) -> Result<Row, DbError> {
        let answers = self.send(sql, within).await?;
        let row = answers.into_iter().find_map(|answer| answer.rows.into_iter().next());
        row.ok_or_else(|| DbError::new(Trouble::Statement, self.doing(), "the query returned no row"))
    }

    /// The server's version as it said it at the start: `150004`. Some poolers keep it to themselves.
    pub(super) fn version_number(&self) -> Option<u32> {
        match self.line.as_ref()? {
            Line::Express(express) => express.version_number(),
            Line::Driver(connection) => connection.server_version_num(),
        }
    }

    /// How it is asked for signs.
    pub(super) fn manner(&self) -> Manner {
        match &self.line {
            Some(Line::Express(_)) => Manner::Copy,
            Some(Line::Driver(_)) | None => Manner::Rows,
        }
    }

    /// Ends the session. Whether the server hears of it does not matter.
    pub(super) async fn close(self) {
        match self.line {
            Some(Line::Express(express)) => express.close().await,
            Some(Line::Driver(connection)) => driver::close(connection).await,
            None => {}
        }
    }
}

fn texts(answers: Vec<Answer<Sheet>>) -> Vec<Answer> {
    answers.into_iter().map(|answer| Answer { rows: answer.rows.texts(), affected: answer.affected }).collect()
}

fn number(rows: &Sheet) -> Option<i64> {
    rows.texts().into_iter().next()?.into_iter().next()??.parse().ok()
}

/// A duration for people: `3s`, `500ms`.
pub(super) fn seconds(duration: Duration) -> String {
    format!("{duration:?}")
}
