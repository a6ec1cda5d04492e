//! What MySQL and MariaDB know of walking over rows.

use super::names::{literal, quote_table};
use super::types::{base, is_textual};
use crate::dialect::rows::natural_key;
use crate::model::{Column, QName, Table};

/// The columns of the key, with their types.
pub(super) fn key(table: &Table) -> Vec<(String, String)> {
    natural_key(table, walks)
}

/// Whether rows are sorted by a column as its literals compare: labels are sorted by their position, and a float's
/// literal is not the float.
fn walks(column: &Column) -> bool {
    let kind = base(&column.data_type);
    !matches!(kind.as_str(), "enum" | "set" | "float" | "double" | "real" | "bit" | "json" | "geometry" | "point")
}

/// Numbers stand for themselves: compared with a text, a large one would lose digits.
pub(super) fn key_literal(column: &str, data_type: &str) -> String {
    let kind = base(data_type);
    if kind.ends_with("int") || matches!(kind.as_str(), "integer" | "decimal" | "numeric" | "year") {
        format!("CAST({column} AS CHAR)")
    } else if kind.ends_with("binary") || kind.ends_with("blob") {
        format!("CONCAT('x', QUOTE(HEX({column})))")
    } else if is_textual(data_type) {
        format!("QUOTE(CONVERT({column} USING utf8mb4))")
    } else {
        format!("QUOTE(CAST({column} AS CHAR))")
    }
}

/// A comparison of rows finds no range in an index here; written out it does.
pub(super) fn compares(columns: &[String], operator: &str, values: &[String]) -> String {
    let strict = &operator[..1];
    let (Some(column), Some(value)) = (columns.first(), values.first()) else { return "TRUE".to_owned() };
    if columns.len() == 1 {
        return format!("{column} {operator} {value}");
    }
    let rest = compares(&columns[1..], operator, &values[1..]);
    format!("({column} {strict} {value} OR ({column} = {value} AND {rest}))")
}

pub(super) fn set_some(table: &QName, set: &str, pending: &str, size: usize) -> String {
    format!("UPDATE {} SET {set} WHERE {pending} LIMIT {size}", quote_table(table))
}

/// The patterns of `hashing::recognise`.
const PASSWORD_HASH: &str = "^([$]2[abxy][$][0-9]{2}[$][./A-Za-z0-9]{53}\
    |[$](argon2id|argon2i|argon2d|scrypt|pbkdf2|balloon)(-[a-z0-9-]*)?([$][A-Za-z0-9+/.=,_-]+){2,}\
    |[$]5[$](rounds=[0-9]+[$])?[./A-Za-z0-9]{0,16}[$][./A-Za-z0-9]{43}\
    |[$]6[$](rounds=[0-9]+[$])?[./A-Za-z0-9]{0,16}[$][./A-Za-z0-9]{86})$";

pub(super) fn is_password_hash(column: &str) -> String {
    format!("CONVERT({column} USING utf8mb4) COLLATE utf8mb4_bin REGEXP {}", literal(PASSWORD_HASH))
}

/// What two columns compare as, byte by byte: what a collation takes for equal is not the same password.
pub(super) fn bytes(value: &str) -> String {
    format!("CAST(CONVERT({value} USING utf8mb4) AS BINARY)")
}
