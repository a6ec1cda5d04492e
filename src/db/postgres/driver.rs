//! The driver's part of the wire: where it is needed, and where nothing quicker was asked for.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::TryStreamExt;
use sqlx::{AssertSqlSafe, Connection, Either, PgConnection, Row as _, ValueRef, postgres::PgRow};

use super::sheet;
use super::wire::{Answer, Row};

/// The one place where text becomes SQL for PostgreSQL's driver. Identifiers and literals in it were quoted
/// by the dialect; what a person wrote as SQL is SQL.
#[expect(clippy::disallowed_methods, reason = "the one place where PostgreSQL's texts are vouched for")]
fn statement(sql: &str) -> AssertSqlSafe<String> {
    AssertSqlSafe(sql.to_owned())
}

/// Runs the statements of a message.
pub(super) async fn answers<R>(
    connection: &mut PgConnection,
    sql: &str,
    take: impl Fn(PgRow) -> Result<R, sqlx::Error>,
) -> Result<Vec<Answer<Vec<R>>>, sqlx::Error> {
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

/// Runs one statement, and no more than one. The server closes it afterwards: nothing is kept by a name.
pub(super) async fn single(connection: &mut PgConnection, sql: &str) -> Result<u64, sqlx::Error> {
    sqlx::query(statement(sql)).persistent(false).execute(connection).await.map(|done| done.rows_affected())
}

/// Runs one query, and no more than one, for a single integer.
pub(super) async fn number(connection: &mut PgConnection, sql: &str) -> Result<Option<i64>, sqlx::Error> {
    let rows = query(connection, sql).await?;
    Ok(rows.into_iter().next().and_then(|row| row.into_iter().next()).flatten().and_then(|text| text.parse().ok()))
}

/// Runs one query, and no more than one, for the texts of its values. The driver asks for values in the server's own form
/// wherever it lets the server take one statement alone; prepared by name first, a query can be run for texts.
pub(super) async fn query(connection: &mut PgConnection, sql: &str) -> Result<Vec<Row>, sqlx::Error> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    // A failed transaction keeps the name, so it is not used again.
    let name = format!("undrift_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    single(connection, &format!("PREPARE {name} AS {sql}")).await?;
    let answers = answers(connection, &format!("EXECUTE {name}; DEALLOCATE {name}"), |row| texts(&row)).await?;
    Ok(answers.into_iter().flat_map(|answer| answer.rows).collect())
}

/// Ends the session.
pub(super) async fn close(connection: PgConnection) {
    let _ = tokio::time::timeout(Duration::from_secs(5), connection.close()).await;
}

/// A row as the server sent it.
pub(super) fn packed(row: &PgRow) -> Result<Vec<u8>, sqlx::Error> {
    let cell = |at| {
        let value = row.try_get_raw(at)?;
        let bytes = (!value.is_null()).then(|| value.as_bytes().map(<[u8]>::to_vec)).transpose();
        bytes.map_err(sqlx::Error::Decode)
    };
    let cells: Vec<Option<Vec<u8>>> = (0..row.len()).map(cell).collect::<Result<_, _>>()?;
    Ok(sheet::row(cells.iter().map(Option::as_deref)))
}

/// The values of a row as text.
pub(super) fn texts(row: &PgRow) -> Result<Row, sqlx::Error> {
    let text = |at| {
        let value = row.try_get_raw(at)?;
        if value.is_null() {
            return Ok(None);
        }
        value.as_str().map(|text| Some(text.to_owned())).map_err(sqlx::Error::Decode)
    };
    (0..row.len()).map(text).collect()
}
