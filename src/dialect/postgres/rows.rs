//! What PostgreSQL knows of walking over rows.

use super::names::{literal, qualified};
use crate::dialect::rows::natural_key;
use crate::model::{QName, Table};

/// The columns of the key, with their types.
pub(super) fn key(table: &Table) -> Vec<(String, String)> {
    natural_key(table, |_| true)
}

/// The value as a literal of its type.
pub(super) fn key_literal(column: &str, data_type: &str) -> String {
    format!("quote_literal({column}::text) || {}", literal(&format!("::{data_type}")))
}

pub(super) fn set_some(table: &QName, set: &str, pending: &str, size: usize) -> String {
    let table = qualified(table);
    format!("UPDATE {table} SET {set} WHERE ctid = ANY (ARRAY(SELECT ctid FROM {table} WHERE {pending} LIMIT {size}))")
}

/// There are no statistics of a new column, for which the server takes one row in two hundred to be NULL: it would rather
/// read and sort the whole table for each batch than follow the key. With these settings it reads each row once in a walk.
pub(super) const KEEP_TO_THE_KEY: [&str; 2] = ["SET enable_seqscan = off", "SET enable_sort = off"];
pub(super) const LET_GO_OF_THE_KEY: [&str; 2] = ["RESET enable_seqscan", "RESET enable_sort"];

/// The oldest transaction that is still open, as rows are marked with it: what commits from now on has a number that
/// is not before it.
pub(super) const MOMENT: &str = "SELECT (txid_snapshot_xmin(txid_current_snapshot()) % 4294967296)::text";

/// Numbers of transactions go round, and are compared by their age. CASE keeps the server from looking at the condition
/// first, which may cost a hundred times as much.
pub(super) fn touched_since(moment: &str, condition: &str) -> String {
    format!("CASE WHEN age(xmin) <= age('{moment}'::xid) THEN {condition} ELSE false END")
}

/// The patterns of `hashing::recognise`.
pub(super) const PASSWORD_HASH: &str = "^([$]2[abxy][$][0-9]{2}[$][./A-Za-z0-9]{53}\
    |[$](argon2id|argon2i|argon2d|scrypt|pbkdf2|balloon)(-[a-z0-9-]*)?([$][A-Za-z0-9+/.=,_-]+){2,}\
    |[$]5[$](rounds=[0-9]+[$])?[./A-Za-z0-9]{0,16}[$][./A-Za-z0-9]{43}\
    |[$]6[$](rounds=[0-9]+[$])?[./A-Za-z0-9]{0,16}[$][./A-Za-z0-9]{86})$";

pub(super) fn is_password_hash(column: &str) -> String {
    format!("{column}::text ~ {}", literal(PASSWORD_HASH))
}
