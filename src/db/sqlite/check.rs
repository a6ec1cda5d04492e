//! Checks among the statements of a plan: what they find is in the rows that they return.

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::db::{DbError, Trouble};

/// Whether a statement is a check.
pub(super) fn is_check(sql: &str) -> bool {
    sql.starts_with("PRAGMA integrity_check")
}

/// What a check found: `ok`, or what is wrong.
pub(super) fn verdict(doing: String, results: &[Vec<SqliteRow>]) -> Result<(), DbError> {
    let lines = results.iter().flatten().filter_map(|row| row.try_get_unchecked::<String, _>(0).ok());
    let findings: Vec<String> = lines.filter(|line| line != "ok").collect();
    if findings.is_empty() {
        return Ok(());
    }
    let remedy = "everything was taken back; check the file with `PRAGMA integrity_check`, and the disk that it is on";
    Err(DbError::new(Trouble::Unreadable, doing, findings.join("; ")).with_remedy(remedy))
}
