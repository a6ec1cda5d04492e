//! How rows are numbered: identity columns, serial columns, and the ways between them.

use std::collections::BTreeMap;

use super::names::{ident, literal, made_name, qualified};
use super::types::{Family, parse};
use super::{counter, rights};
use crate::model::{Column, Identity, IdentityKind, QName, Schema};

/// Options of a sequence, by key.
type Options = BTreeMap<String, String>;

/// The numbering of a column if it is of this kind.
pub(super) fn of_kind(column: &Column, kind: IdentityKind) -> Option<&Identity> {
    column.identity.as_ref().filter(|identity| identity.kind == kind)
}

/// The pseudo-type that makes a serial column of an integer type.
pub(super) fn serial_word(data_type: &str) -> &'static str {
    match parse(data_type).family {
        Family::Integer(2) => "smallserial",
        Family::Integer(4) => "serial",
        _ => "bigserial",
    }
}

/// ` GENERATED … AS IDENTITY (…)` in a column definition; nothing for a serial column.
pub(super) fn clause(identity: &Identity) -> String {
    let Some(word) = generated_word(identity.kind) else { return String::new() };
    let options = settings(&identity.options);
    let options = if identity.options.is_empty() { String::new() } else { format!(" ({})", options.join(" ")) };
    format!(" GENERATED {word} AS IDENTITY{options}")
}

fn generated_word(kind: IdentityKind) -> Option<&'static str> {
    match kind {
        IdentityKind::Always => Some("ALWAYS"),
        IdentityKind::ByDefault => Some("BY DEFAULT"),
        _ => None,
    }
}

/// Every setting of a sequence, those that are left out at their defaults.
fn settings(options: &Options) -> Vec<String> {
    let number = |key: &str| options.get(key).and_then(|value| value.parse::<i64>().ok());
    let increment = number("increment").unwrap_or(1);
    let bound = |key: &str, word: &str| number(key).map_or(format!("NO {word}"), |value| format!("{word} {value}"));
    let first = if increment > 0 { number("min").unwrap_or(1) } else { number("max").unwrap_or(-1) };
    let cycle = if options.get("cycle").is_some_and(|value| value == "true") { "CYCLE" } else { "NO CYCLE" };
    vec![
        format!("INCREMENT BY {increment}"),
        bound("min", "MINVALUE"),
        bound("max", "MAXVALUE"),
        format!("START WITH {}", number("start").unwrap_or(first)),
        format!("CACHE {}", number("cache").unwrap_or(1)),
        cycle.to_owned(),
    ]
}

/// The statement that changes the settings of a serial column's sequence, whatever its name is;
/// `None` when they are the same.
pub(super) fn sequence_change(table: &QName, column: &Column, from: &Options, to: &Options) -> Option<String> {
    (from != to).then(|| {
        let data_type = to.get("type").map_or(column.data_type.as_str(), String::as_str);
        let settings = settings(to).join(" ");
        on_sequence(table, &column.name, &format!("ALTER SEQUENCE %s AS {data_type} {settings}"))
    })
}

/// The statement that makes a serial column's sequence count in another integer type.
pub(super) fn sequence_type(table: &QName, column: &str, data_type: &str) -> String {
    on_sequence(table, column, &format!("ALTER SEQUENCE %s AS {data_type}"))
}

/// Runs a statement on the sequence that a column owns; `%s` in it stands for the sequence.
fn on_sequence(table: &QName, column: &str, statement: &str) -> String {
    let body =
        format!("BEGIN EXECUTE pg_catalog.format({}, {}); END", literal(statement), owned_sequence(table, column));
    format!("DO {}", literal(&body))
}

/// The expression for the sequence that a column owns.
pub(super) fn owned_sequence(table: &QName, column: &str) -> String {
    format!("pg_catalog.pg_get_serial_sequence({}, {})", literal(&qualified(table)), literal(column))
}

/// The statements that change how rows are numbered. `from` is the schema as it is, for a name that
/// is free.
pub(super) fn transition(schema: &Schema, table: &QName, from: &Column, to: &Column) -> Vec<String> {
    let alter = format!("ALTER TABLE {} ALTER COLUMN {}", qualified(table), ident(&to.name));
    match (&from.identity, &to.identity) {
        (None, None) => Vec::new(),
        (Some(old), None) => vec![stop(table, &alter, to, old)],
        (Some(old), Some(new)) if is_serial(old) && is_serial(new) => {
            sequence_change(table, to, &old.options, &new.options).into_iter().collect()
        }
        (Some(old), Some(new)) if !is_serial(old) && !is_serial(new) => set(&alter, old, new),
        (Some(old), Some(new)) => {
            let begun = std::iter::once(stop(table, &alter, to, old)).chain(start(schema, table, &alter, to, new));
            counter::carried_over(table, to, None, begun).into_iter().chain(to_insert(table, to, new)).collect()
        }
        (None, Some(new)) => {
            let drop_default = from.default.is_some().then(|| format!("{alter} DROP DEFAULT"));
            let begun = drop_default.into_iter().chain(start(schema, table, &alter, to, new));
            match from.default.as_deref().and_then(counter::drawn_from) {
                Some(sequence) => counter::carried_over(table, to, Some(sequence), begun),
                None => begun.chain([counter::go_on(table, to, &new.options)]).collect(),
            }
        }
    }
}

/// Those who insert rows need a right on the sequence from which a default takes its numbers.
fn to_insert(table: &QName, column: &Column, new: &Identity) -> Option<String> {
    is_serial(new).then(|| rights::let_use(table, &owned_sequence(table, &column.name)))
}

fn is_serial(identity: &Identity) -> bool {
    identity.kind == IdentityKind::Serial
}

/// Takes the numbering off a column: the identity, or the default and the sequence behind it. A
/// sequence that the new default goes on using is only let go.
fn stop(table: &QName, alter: &str, column: &Column, old: &Identity) -> String {
    if !is_serial(old) {
        return format!("{alter} DROP IDENTITY");
    }
    let still_used = column.default.as_deref().is_some_and(|default| default.contains("nextval("));
    let end = if still_used { "ALTER SEQUENCE %s OWNED BY NONE" } else { "DROP SEQUENCE %s" };
    let body = format!(
        "DECLARE owned text := {}; BEGIN EXECUTE {}; EXECUTE pg_catalog.format({}, owned); END",
        owned_sequence(table, &column.name),
        literal(&format!("{alter} DROP DEFAULT")),
        literal(end),
    );
    format!("DO {}", literal(&body))
}

/// Numbers the rows of a column that has no numbering yet.
fn start(schema: &Schema, table: &QName, alter: &str, column: &Column, new: &Identity) -> Vec<String> {
    match generated_word(new.kind) {
        Some(_) => vec![format!("{alter} ADD{}", clause(new))],
        None => start_serial(schema, table, alter, column, new),
    }
}

fn start_serial(schema: &Schema, table: &QName, alter: &str, column: &Column, new: &Identity) -> Vec<String> {
    let sequence = free_name(schema, table, &column.name);
    let name = qualified(&sequence);
    let data_type = new.options.get("type").map_or(column.data_type.as_str(), String::as_str);
    let settings = settings(&new.options).join(" ");
    let owner = format!("{}.{}", qualified(table), ident(&column.name));
    vec![
        format!("CREATE SEQUENCE {name} AS {data_type} {settings} OWNED BY {owner}"),
        format!("{alter} SET DEFAULT nextval({}::regclass)", literal(&name)),
    ]
}

/// A name for a sequence that nothing in sight has: `members_id_seq`, `members_id_seq1`, …
fn free_name(schema: &Schema, table: &QName, column: &str) -> QName {
    let taken = |name: &QName| {
        let indexes = |table: &crate::model::Table| {
            table.indexes.iter().any(|index| index.name.as_deref() == Some(name.name.as_str()))
        };
        schema.tables.contains_key(name)
            || schema.opaque.iter().any(|opaque| opaque.name == *name)
            || schema.tables.values().any(indexes)
    };
    let plain = table.sibling(made_name(&table.name, column, "seq"));
    let numbered = (1..).map(|number| table.sibling(made_name(&table.name, column, &format!("seq{number}"))));
    std::iter::once(plain).chain(numbered).find(|name| !taken(name)).expect("numbers do not run out")
}

/// Changes an identity column to other settings.
fn set(alter: &str, old: &Identity, new: &Identity) -> Vec<String> {
    let kind = generated_word(new.kind).filter(|_| old.kind != new.kind).map(|word| format!("SET GENERATED {word}"));
    let options = if old.options == new.options { Vec::new() } else { settings(&new.options) };
    let options = options.into_iter().map(|setting| format!("SET {setting}"));
    let clauses: Vec<_> = kind.into_iter().chain(options).collect();
    if clauses.is_empty() { Vec::new() } else { vec![format!("{alter} {}", clauses.join(" "))] }
}
