//! What SQLite knows of walking over rows.

use super::names::{quote, same};
use super::settle::is_on;
use crate::dialect::rows::natural_key;
use crate::model::{QName, Table};

/// The rowid under a name that no column has, or the primary key of a table without one.
pub(super) fn key(table: &Table) -> Vec<(String, String)> {
    if is_on(table, "without_rowid") {
        return natural_key(table, |_| true);
    }
    let free = |name: &&str| !table.columns.iter().any(|column| same(&column.name, name));
    let rowid = ["rowid", "_rowid_", "oid"].into_iter().find(free);
    rowid.map(|name| vec![(name.to_owned(), "INTEGER".to_owned())]).unwrap_or_default()
}

pub(super) fn key_literal(column: &str) -> String {
    format!("CAST(quote({column}) AS TEXT)")
}

/// Without anything that tells the rows apart: all of them.
pub(super) fn set_some(table: &QName, set: &str, pending: &str) -> String {
    format!("UPDATE {} SET {set} WHERE {pending}", quote(&table.name))
}

/// The patterns of `hashing::recognise`, as far as GLOB can say them.
pub(super) fn is_password_hash(column: &str) -> String {
    let crypt = "NOT GLOB '*[^./A-Za-z0-9]*'";
    let bcrypt =
        format!("length({column}) = 60 AND {column} GLOB '$2[abxy]$[0-9][0-9]$*' AND substr({column}, 8) {crypt}");
    let names = ["argon2id", "argon2i", "argon2d", "scrypt", "pbkdf2", "balloon"];
    let phc =
        names.map(|name| format!("{column} GLOB '${name}$?*$?*' OR {column} GLOB '${name}-*$?*$?*'")).join(" OR ");
    let fields =
        format!("{column} NOT GLOB '*[^A-Za-z0-9+/.=,_$-]*' AND {column} NOT GLOB '*$$*' AND {column} NOT GLOB '*$'");
    let name = format!("substr({column}, 2, instr(substr({column}, 2), '$')) NOT GLOB '*[^a-z0-9$-]*'");
    let sha = |kind: &str, length: usize| {
        format!(
            "{column} GLOB '${kind}$*$*' AND substr({column}, -{}, 1) = '$' AND substr({column}, -{length}) {crypt} \
             AND length({column}) > {length}",
            length + 1
        )
    };
    format!("(({bcrypt}) OR (({phc}) AND {fields} AND {name}) OR ({}) OR ({}))", sha("5", 43), sha("6", 86))
}
