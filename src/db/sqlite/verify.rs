//! Whether what was read from the texts agrees with what SQLite's pragmas say.
//!
//! The texts say more, but only SQLite understands them for sure: where the two differ, nothing of
//! it is believed.

use std::collections::{BTreeMap, BTreeSet};

use super::raw::{ColumnRow, IndexRow, KeyRow, Raw};
use crate::db::{DbError, Trouble};
use crate::dialect::sqlite::canon;
use crate::dialect::sqlite::names::{folded, same};
use crate::dialect::sqlite::settle::rowid_alias;
use crate::model::{Column, Index, Part, PartSource, QName, Schema, Table};

/// Compares every table with the pragmas.
pub(super) fn against(raw: &Raw, schema: &Schema) -> Result<(), DbError> {
    let columns = by_table(&raw.columns, |row| &row.table);
    let indexes = by_table(&raw.indexes, |row| &row.table);
    let keys = by_table(&raw.keys, |row| &row.table);
    for table in schema.tables.values() {
        let name = &table.name.name;
        let of = |message: String| doubt(&table.name, &message);
        compare_columns(table, columns.get(name.as_str()).map_or(&[], Vec::as_slice)).map_err(of)?;
        compare_indexes(table, indexes.get(name.as_str()).map_or(&[], Vec::as_slice)).map_err(of)?;
        compare_keys(table, keys.get(name.as_str()).map_or(&[], Vec::as_slice)).map_err(of)?;
    }
    Ok(())
}

fn by_table<T>(rows: &[T], table: fn(&T) -> &String) -> BTreeMap<&str, Vec<&T>> {
    let mut all: BTreeMap<&str, Vec<&T>> = BTreeMap::new();
    for row in rows {
        all.entry(table(row).as_str()).or_default().push(row);
    }
    all
}

fn doubt(table: &QName, message: &str) -> DbError {
    let message = format!("what undrift reads in its definition and what SQLite says of it differ: {message}");
    DbError::new(Trouble::Unreadable, format!("read the table {table}"), message)
        .with_remedy("report the table's definition as a bug of undrift")
}

fn compare_columns(table: &Table, rows: &[&ColumnRow]) -> Result<(), String> {
    if table.columns.len() != rows.len() {
        return Err(format!("{} columns, not {}", rows.len(), table.columns.len()));
    }
    table.columns.iter().zip(rows).try_for_each(|(column, row)| compare_column(table, column, row))
}

fn compare_column(table: &Table, column: &Column, row: &ColumnRow) -> Result<(), String> {
    let in_key = table.primary_key.iter().flat_map(Index::columns).any(|name| name == column.name);
    let generated = column.generated.as_ref().map_or(0, |generated| if generated.stored { 3 } else { 2 });
    let agrees = |what: &str, holds: bool| if holds { Ok(()) } else { Err(format!("{what} of column {}", row.name)) };
    agrees("the name", column.name == row.name)?;
    agrees("the type", same_type(&column.data_type, &row.data_type))?;
    agrees("NOT NULL", column.nullable != row.not_null)?;
    agrees("the default", row.has_default == column.default.is_some())?;
    agrees("the place in the primary key", in_key == (row.key != 0))?;
    agrees("the expression", generated == row.hidden)
}

/// Of a type in quotes SQLite's versions tell different things.
fn same_type(ours: &str, theirs: &str) -> bool {
    ours.contains('"') || canon::data_type(theirs) == ours || theirs.contains(['"', '\'', '`', '['])
}

fn compare_indexes(table: &Table, rows: &[&IndexRow]) -> Result<(), String> {
    let mut theirs: BTreeMap<&str, (&IndexRow, Vec<Option<String>>)> = BTreeMap::new();
    for row in rows {
        let entry = theirs.entry(&row.index).or_insert_with(|| (row, Vec::new()));
        entry.1.push(row.column.as_ref().map(|column| shape(&folded(column), row.desc, &row.collation)));
    }
    // SQLite keeps `a UNIQUE` beside `PRIMARY KEY (a, a)` WITHOUT ROWID, which it then takes for one on `a`.
    let primary = theirs.values().find(|(row, _)| row.origin == "pk").map(|(_, parts)| parts.clone());
    let theirs: BTreeSet<_> = theirs
        .into_values()
        .filter(|(row, parts)| row.origin != "u" || primary.as_ref() != Some(parts))
        .map(|(row, parts)| (if row.origin == "c" { row.index.clone() } else { row.origin.clone() }, row.unique, parts))
        .collect();
    let ours: BTreeSet<_> = our_indexes(table).collect();
    match theirs.symmetric_difference(&ours).next() {
        Some((name, ..)) => Err(format!("the index {name}")),
        None => Ok(()),
    }
}

type Shape = (String, bool, Vec<Option<String>>);

fn our_indexes(table: &Table) -> impl Iterator<Item = Shape> {
    let parts = |index: &Index| index.parts.iter().map(|part| part_shape(table, part)).collect::<Vec<_>>();
    let primary = table.primary_key.iter().filter(|_| rowid_alias(table).is_none());
    let named = |name: &str, index: &Index| (name.to_owned(), index.unique, parts(index));
    let mut all: Vec<Shape> = primary.map(|index| named("pk", index)).collect();
    all.extend(table.uniques.iter().map(|index| named("u", index)));
    all.extend(table.indexes.iter().map(|index| named(index.name.as_deref().unwrap_or_default(), index)));
    all.into_iter()
}

fn part_shape(table: &Table, part: &Part) -> Option<String> {
    let PartSource::Column(name) = &part.source else { return None };
    let own = table.column(name).and_then(|column| column.collation.as_deref());
    Some(shape(&folded(name), part.desc, part.collation.as_deref().or(own).unwrap_or("BINARY")))
}

fn shape(column: &str, desc: bool, collation: &str) -> String {
    format!("{column} {desc} {}", collation.to_ascii_uppercase())
}

fn compare_keys(table: &Table, rows: &[&KeyRow]) -> Result<(), String> {
    // The pragma numbers them from the last to the first.
    let mut theirs: BTreeMap<i64, Vec<&KeyRow>> = BTreeMap::new();
    for row in rows {
        theirs.entry(-row.id).or_default().push(row);
    }
    if theirs.len() != table.foreign_keys.len() {
        return Err(format!("{} foreign keys, not {}", theirs.len(), table.foreign_keys.len()));
    }
    for (key, rows) in table.foreign_keys.iter().zip(theirs.values()) {
        let first = rows[0];
        let action = |ours: &Option<String>, theirs: &str| same(ours.as_deref().unwrap_or("NO ACTION"), theirs);
        let columns = rows.iter().map(|row| row.from.as_str()).eq(key.columns.iter().map(String::as_str));
        let named = rows.iter().zip(&key.referenced).all(|(row, name)| row.to.as_ref().is_none_or(|to| same(to, name)));
        let acts = action(&key.on_delete, &first.on_delete) && action(&key.on_update, &first.on_update);
        if !(columns && named && acts && same(&key.table.name, &first.parent)) {
            return Err(format!("the foreign key on {}", key.columns.join(", ")));
        }
    }
    Ok(())
}
