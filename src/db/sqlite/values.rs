//! Values of any type as texts.

use std::fmt::Write as _;

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, TypeInfo, ValueRef};

/// The values of a row as texts, NULL as `None`, bytes as hexadecimal digits.
pub(super) fn texts(row: &SqliteRow) -> Result<Vec<Option<String>>, sqlx::Error> {
    (0..row.len()).map(|at| text(row, at)).collect()
}

fn text(row: &SqliteRow, at: usize) -> Result<Option<String>, sqlx::Error> {
    let value = row.try_get_raw(at)?;
    if value.is_null() {
        return Ok(None);
    }
    let name = value.type_info().name().to_owned();
    Ok(Some(match name.as_str() {
        "INTEGER" => row.try_get_unchecked::<i64, _>(at)?.to_string(),
        "REAL" => row.try_get_unchecked::<f64, _>(at)?.to_string(),
        "BLOB" => hexadecimal(row.try_get_unchecked(at)?),
        _ => row.try_get_unchecked(at)?,
    }))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold("0x".to_owned(), |mut text, byte| {
        let _ = write!(text, "{byte:02X}");
        text
    })
}
