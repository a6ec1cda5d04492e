//! What of a declared schema SQLite cannot hold, and what to write instead.

use std::collections::{BTreeMap, BTreeSet};

use super::names::{folded, same};
use super::settle::is_on;
use super::types::{STRICT_TYPES, strict_type};
use crate::dialect::Unsupported;
use crate::model::{
    Check, Column, Deferrable, ForeignKey, IdentityKind, Index, Nulls, Part, PartSource, QName, Schema, Table,
};

/// Everything that SQLite cannot hold.
pub fn unsupported(schema: &Schema) -> Vec<Unsupported> {
    let mut found = Findings { table: None, all: Vec::new() };
    for name in &schema.namespaces {
        found.say(name, "SQLite has no schemas inside a database; leave the schema out of the names");
    }
    for name in &schema.extensions {
        found.say(name, "SQLite has no extensions to install; declare it for another engine only");
    }
    for name in schema.enums.keys() {
        found.say(&name.name, "SQLite has no enum types; use the enum in a column, where it becomes a check");
    }
    check_names(schema, &mut found);
    for table in schema.tables.values() {
        found.table = Some(table.name.clone());
        check_table(table, &mut found);
    }
    found.all
}

/// What was found so far, and where the search is.
struct Findings {
    table: Option<QName>,
    all: Vec<Unsupported>,
}

impl Findings {
    fn say(&mut self, item: &str, message: impl Into<String>) {
        self.push(Some(item.to_owned()), message);
    }

    fn of_table(&mut self, message: impl Into<String>) {
        self.push(None, message);
    }

    fn push(&mut self, item: Option<String>, message: impl Into<String>) {
        self.all.push(Unsupported { table: self.table.clone(), item, message: message.into() });
    }

    /// Says of every option but the known ones that SQLite lacks it.
    fn options(&mut self, item: Option<&str>, options: &BTreeMap<String, String>, known: &[&str]) {
        for key in options.keys().filter(|key| !known.contains(&key.as_str())) {
            self.push(item.map(str::to_owned), format!("SQLite has no option `{key}` here"));
        }
    }
}

/// Tables and indexes share one set of names, in which case does not count.
fn check_names(schema: &Schema, found: &mut Findings) {
    let mut taken = BTreeSet::new();
    for table in schema.tables.values() {
        found.table = Some(table.name.clone());
        if !taken.insert(folded(&table.name.name)) {
            found.of_table("SQLite does not tell this name from another that differs in case only");
        }
    }
    for table in schema.tables.values() {
        found.table = Some(table.name.clone());
        for name in table.indexes.iter().filter_map(|index| index.name.as_ref()) {
            if !taken.insert(folded(name)) {
                found.say(name, "SQLite keeps one list of the names of all tables and indexes, and this one is taken");
            }
        }
    }
    found.table = None;
}

fn check_table(table: &Table, found: &mut Findings) {
    if table.name.schema.is_some() {
        found.of_table("SQLite has no schemas inside a database; leave the schema out of the name");
    }
    if folded(&table.name.name).starts_with("sqlite_") {
        found.of_table("names that start with sqlite_ are SQLite's own");
    }
    if table.columns.iter().all(|column| column.generated.is_some()) {
        found.of_table("a table needs a column that is not generated");
    }
    if is_on(table, "without_rowid") && table.primary_key.is_none() {
        found.of_table("a table WITHOUT ROWID needs a primary key");
    }
    found.options(None, &table.options, &["strict", "without_rowid"]);
    check_columns(table, found);
    check_members(table, found);
}

fn check_columns(table: &Table, found: &mut Findings) {
    let mut taken = BTreeSet::new();
    for column in &table.columns {
        if !taken.insert(folded(&column.name)) {
            found.say(&column.name, "SQLite does not tell this column from another that differs in case only");
        }
        check_column(table, column, found);
    }
}

fn check_column(table: &Table, column: &Column, found: &mut Findings) {
    let name = &column.name;
    if column.on_update.is_some() {
        found.say(name, "SQLite has no ON UPDATE for columns; use a trigger, or declare it for mysql only");
    }
    if let Some(collation) = column.collation.as_ref().filter(|collation| !is_collation(collation)) {
        found.say(name, no_collation(collation));
    }
    if is_on(table, "strict") && strict_type(&column.data_type).is_none() {
        let known = STRICT_TYPES.join(", ");
        found.say(name, format!("a STRICT table has no type {}; write one of {known}", column.data_type));
    }
    if column.generated.is_some() && (column.default.is_some() || column.identity.is_some()) {
        found.say(name, "a generated column has neither default nor identity");
    }
    found.options(Some(name), &column.options, &["not_null_conflict"]);
    check_identity(table, column, found);
}

fn check_identity(table: &Table, column: &Column, found: &mut Findings) {
    let Some(identity) = &column.identity else { return };
    let name = &column.name;
    let alone = table.primary_key.as_ref().is_none_or(|key| key.columns().eq([name.as_str()]));
    if !matches!(identity.kind, IdentityKind::Rowid | IdentityKind::AutoIncrement) {
        found.say(name, "SQLite numbers rows by `identity: true`, with or without `autoincrement: true`");
    }
    if !alone {
        found.say(name, "SQLite numbers rows only in a column that is the whole primary key");
    }
    if is_on(table, "without_rowid") {
        found.say(name, "a table WITHOUT ROWID cannot number its rows");
    }
    for option in identity.options.keys() {
        found.say(name, format!("SQLite has no sequence option `{option}`"));
    }
}

fn check_members(table: &Table, found: &mut Findings) {
    for key in table.primary_key.iter().chain(&table.uniques) {
        check_key(table, key, found);
    }
    for index in &table.indexes {
        let name = label(index);
        check_index(index, &name, found);
        found.options(Some(&name), &index.options, &[]);
    }
    table.foreign_keys.iter().for_each(|key| check_foreign_key(key, found));
    table.checks.iter().for_each(|check| check_check(check, found));
}

fn label(index: &Index) -> String {
    index.name.clone().unwrap_or_else(|| index.columns().collect::<Vec<_>>().join(", "))
}

fn check_key(table: &Table, key: &Index, found: &mut Findings) {
    let name = label(key);
    if key.deferrable != Deferrable::No {
        found.say(&name, "SQLite cannot defer primary keys and unique constraints");
    }
    if key.predicate.is_some() || key.parts.iter().any(|part| matches!(part.source, PartSource::Expr(_))) {
        found.say(&name, "a constraint in SQLite covers columns only; declare a unique index");
    }
    let is_primary = table.primary_key.as_ref() == Some(key);
    let generated = |name: &str| table.column(name).is_some_and(|column| column.generated.is_some());
    if is_primary && key.columns().any(generated) {
        found.say(&name, "a generated column cannot be in a primary key in SQLite");
    }
    check_index(key, &name, found);
    found.options(Some(&name), &key.options, &["conflict"]);
}

fn check_index(index: &Index, name: &str, found: &mut Findings) {
    if let Some(method) = &index.method {
        let instead = if same(method, "fulltext") { "; full text is a virtual table (FTS5) there" } else { "" };
        found.say(name, format!("SQLite has no {method} indexes{instead}; limit it with `engines:`"));
    }
    if !index.include.is_empty() {
        found.say(name, "SQLite has no INCLUDE; add the columns to the index, or limit it with `engines:`");
    }
    if index.nulls_not_distinct {
        found.say(name, "NULLs are always distinct in SQLite's unique indexes");
    }
    index.parts.iter().for_each(|part| check_part(part, name, found));
}

fn check_part(part: &Part, name: &str, found: &mut Findings) {
    let usual = if part.desc { Nulls::Last } else { Nulls::First };
    if part.nulls.is_some_and(|nulls| nulls != usual) {
        found.say(name, "SQLite's indexes have NULLs first when ascending and last when descending, always");
    }
    if part.prefix.is_some() {
        found.say(name, "SQLite indexes whole values; write the expression substr(column, 1, n) for a prefix");
    }
    if let Some(class) = &part.opclass {
        found.say(name, format!("SQLite has no operator classes ({class})"));
    }
    if let Some(collation) = part.collation.as_ref().filter(|collation| !is_collation(collation)) {
        found.say(name, no_collation(collation));
    }
}

fn check_foreign_key(key: &ForeignKey, found: &mut Findings) {
    let name = key.name.clone().unwrap_or_else(|| key.columns.join(", "));
    // MATCH SIMPLE is what SQLite does anyway.
    let simple = key.options.get("match").is_some_and(|value| same(value, "simple"));
    found.options(Some(&name), &key.options, if simple { &["match"] } else { &[] });
}

fn check_check(check: &Check, found: &mut Findings) {
    let name = check.name.clone().unwrap_or_else(|| check.expr.clone());
    found.options(Some(&name), &check.options, &[]);
}

fn is_collation(name: &str) -> bool {
    ["BINARY", "NOCASE", "RTRIM"].iter().any(|known| same(known, name))
}

fn no_collation(name: &str) -> String {
    format!("SQLite itself knows the collations BINARY, NOCASE and RTRIM only, not {name}")
}
