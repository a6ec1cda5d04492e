//! Options of tables, columns and indexes: storage parameters and what has syntax of its own.

use std::collections::BTreeMap;

use super::names::{ident, literal, parameter};
use super::types::{Family, parse};

/// The options that a column can have.
pub(super) const COLUMN_OPTIONS: [&str; 5] =
    ["storage", "compression", "statistics", "n_distinct", "n_distinct_inherited"];

/// Options of an index that are no storage parameters: a build that failed leaves the index invalid.
const INDEX_MARKS: [&str; 1] = ["invalid"];

/// Options of a table that are no storage parameters.
const TABLE_WORDS: [&str; 2] = ["unlogged", "access_method"];

/// Whether a key is an option of tables: a word or a storage parameter.
pub(super) fn is_table_option(key: &str) -> bool {
    let bare = key.strip_prefix("toast.").unwrap_or(key);
    let known = ["fillfactor", "parallel_workers", "toast_tuple_target", "user_catalog_table"];
    let families = ["autovacuum_", "vacuum_", "log_auto"];
    TABLE_WORDS.contains(&key) || known.contains(&bare) || families.iter().any(|family| bare.starts_with(family))
}

/// Whether an option of a table is a storage parameter.
pub(super) fn is_parameter(key: &str) -> bool {
    !TABLE_WORDS.contains(&key)
}

/// ` WITH (…)` for the storage parameters among some options of a table; empty without any.
pub(super) fn table_parameters(options: &BTreeMap<String, String>) -> String {
    with_clause(options.iter().filter(|(key, _)| is_parameter(key)))
}

/// ` WITH (…)` for an index.
pub(super) fn index_parameters(options: &BTreeMap<String, String>) -> String {
    with_clause(options.iter().filter(|(key, _)| !INDEX_MARKS.contains(&key.as_str())))
}

fn with_clause<'a>(options: impl Iterator<Item = (&'a String, &'a String)>) -> String {
    let list: Vec<_> = options.map(|(key, value)| assignment(key, value)).collect();
    if list.is_empty() { String::new() } else { format!(" WITH ({})", list.join(", ")) }
}

/// A storage parameter with its value.
pub(super) fn assignment(key: &str, value: &str) -> String {
    format!("{} = {}", parameter(key), literal(value))
}

/// The statements that give an index other storage parameters; `None` when that takes a new index.
pub(super) fn index_changes(
    index: &str,
    from: &BTreeMap<String, String>,
    to: &BTreeMap<String, String>,
) -> Option<Vec<String>> {
    if from.keys().chain(to.keys()).any(|key| INDEX_MARKS.contains(&key.as_str())) {
        return None;
    }
    let set = to
        .iter()
        .filter(|(key, value)| from.get(*key) != Some(value))
        .map(|(key, value)| format!("ALTER INDEX {index} SET ({})", assignment(key, value)));
    let reset = from
        .keys()
        .filter(|key| !to.contains_key(*key))
        .map(|key| format!("ALTER INDEX {index} RESET ({})", parameter(key)));
    Some(set.chain(reset).collect())
}

/// The statements that give a column its options, coming from others.
pub(super) fn column_changes(
    table: &str,
    column: &str,
    data_type: &str,
    from: &BTreeMap<String, String>,
    to: &BTreeMap<String, String>,
) -> Vec<String> {
    let alter = format!("ALTER TABLE {table} ALTER COLUMN {}", ident(column));
    let keys = COLUMN_OPTIONS.iter().filter(|key| from.get(**key) != to.get(**key));
    keys.map(|key| format!("{alter} {}", column_change(key, to.get(*key), data_type))).collect()
}

fn column_change(key: &str, value: Option<&String>, data_type: &str) -> String {
    match (key, value) {
        ("storage", value) => {
            format!("SET STORAGE {}", ident(value.map_or(default_storage(data_type), String::as_str)))
        }
        ("compression", Some(value)) => format!("SET COMPRESSION {}", ident(value)),
        ("compression", None) => "SET COMPRESSION default".to_owned(),
        ("statistics", value) => {
            let target = value.and_then(|value| value.parse::<i32>().ok()).unwrap_or(-1);
            format!("SET STATISTICS {target}")
        }
        (key, Some(value)) => format!("SET ({})", assignment(key, value)),
        (key, None) => format!("RESET ({})", parameter(key)),
    }
}

/// The storage that a column of a type gets by itself. Before PostgreSQL 16 there is no word for it.
fn default_storage(data_type: &str) -> &'static str {
    let parsed = parse(data_type);
    match parsed.family {
        Family::Numeric => "main",
        Family::Text | Family::Varchar | Family::Char | Family::Json | Family::Jsonb => "extended",
        Family::Other if matches!(parsed.name.as_str(), "inet" | "cidr") => "main",
        Family::Other => "extended",
        _ => "plain",
    }
}
