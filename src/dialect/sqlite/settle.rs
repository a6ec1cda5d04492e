//! The one form of a structure: what is declared and what is read are both brought to it.
//!
//! [`canonical`] is for both sides; [`settle`] also gives a declared schema what SQLite asks for.

use std::collections::{BTreeMap, BTreeSet};

use super::canon::{self, Names};
use super::names::{folded, same};
use super::types::strict_type;
use crate::model::{
    Column, Deferrable, ForeignKey, GivenNames, Identity, IdentityKind, Index, MemberKind, Nulls, Part, PartSource,
    QName, Schema, Table,
};

/// Gives a declared schema the form that SQLite wants.
pub fn settle(schema: &mut Schema) {
    schema.tables.values_mut().for_each(settle_table);
    canonical(schema);
    // What a declared constraint is called is for other engines.
    schema.tables.values_mut().for_each(|table| table.given_names = GivenNames::default());
}

fn settle_table(table: &mut Table) {
    table.comment = None;
    table.options.retain(|_, value| value != "false");
    let numbered = table.columns.iter().find(|column| column.identity.is_some()).map(|column| column.name.clone());
    if let (Some(column), None) = (numbered, &table.primary_key) {
        table.primary_key = Some(Index { unique: true, parts: vec![Part::column(column)], ..Index::default() });
    }
    let strict = is_on(table, "strict");
    for column in &mut table.columns {
        column.comment = None;
        if let Some(kind) = column.identity.as_ref().map(|identity| identity.kind) {
            // Whoever numbers rows in SQLite is the rowid, and the rowid is an INTEGER.
            let numbers = matches!(kind, IdentityKind::Rowid | IdentityKind::AutoIncrement);
            column.data_type = if numbers { "INTEGER".to_owned() } else { std::mem::take(&mut column.data_type) };
        } else if let (true, Some(known)) = (strict, strict_type(&column.data_type)) {
            column.data_type = known.to_owned();
        }
    }
    table.indexes.iter_mut().for_each(settle_index);
}

fn settle_index(index: &mut Index) {
    index.comment = None;
    for part in &mut index.parts {
        let usual = if part.desc { Nulls::Last } else { Nulls::First };
        part.nulls = part.nulls.filter(|nulls| *nulls != usual);
    }
}

/// Whether a table has one of the options that are there or not.
pub fn is_on(table: &Table, option: &str) -> bool {
    table.options.get(option).is_some_and(|value| value == "true")
}

/// Brings texts, names and what follows from something else to their one form.
pub fn canonical(schema: &mut Schema) {
    schema.tables.values_mut().for_each(canonical_table);
    let parents = parents(schema);
    for table in schema.tables.values_mut() {
        table.foreign_keys.iter_mut().for_each(|key| refer(key, &parents));
    }
}

fn canonical_table(table: &mut Table) {
    let columns: Vec<String> = table.columns.iter().map(|column| column.name.clone()).collect();
    let names = Names { table: &table.name.name, columns: columns.iter().map(String::as_str).collect() };
    table.columns.iter_mut().for_each(|column| canonical_column(column, &names));
    let collations = collations(table);
    for index in table.indexes.iter_mut().chain(&mut table.uniques).chain(&mut table.primary_key) {
        canonical_index(index, &names, &collations);
    }
    table.foreign_keys.iter_mut().for_each(|key| canonical_key(key, &names));
    table.checks.iter_mut().for_each(|check| check.expr = canon::expression(&check.expr, &names));
    take_names(table);
    drop_repeated_parts(table);
    number_rows(table);
    drop_doubles(table);
}

fn canonical_column(column: &mut Column, names: &Names<'_>) {
    column.data_type = canon::data_type(&column.data_type);
    column.default = column.default.as_deref().map(canon::default);
    column.collation = column.collation.as_deref().and_then(canon::collation);
    if let Some(generated) = &mut column.generated {
        generated.expr = canon::expression(&generated.expr, names);
    }
}

/// The collation of each column that has another than the usual one.
fn collations(table: &Table) -> BTreeMap<String, String> {
    let collated = |column: &Column| Some((column.name.clone(), column.collation.clone()?));
    table.columns.iter().filter_map(collated).collect()
}

fn canonical_index(index: &mut Index, names: &Names<'_>, collations: &BTreeMap<String, String>) {
    index.predicate = index.predicate.as_deref().map(|text| canon::expression(text, names));
    for part in &mut index.parts {
        match &mut part.source {
            PartSource::Column(name) => {
                *name = spelled(name, &names.columns);
                let own = collations.get(name).map_or("BINARY", String::as_str);
                part.collation = part.collation.take().map(|name| name.to_ascii_uppercase()).filter(|name| name != own);
            }
            PartSource::Expr(text) => {
                *text = canon::expression(text, names);
                part.collation = part.collation.take().map(|name| name.to_ascii_uppercase());
            }
        }
    }
}

/// A name in the case in which the table spells it.
fn spelled(name: &str, all: &[&str]) -> String {
    all.iter().find(|known| same(known, name)).copied().unwrap_or(name).to_owned()
}

fn canonical_key(key: &mut ForeignKey, names: &Names<'_>) {
    key.columns.iter_mut().for_each(|column| *column = spelled(column, &names.columns));
    for action in [&mut key.on_delete, &mut key.on_update] {
        *action = action.take().map(|action| action.to_ascii_uppercase()).filter(|action| action != "NO ACTION");
    }
    // "Deferrable, but not to begin with" cannot be made use of: there is no SET CONSTRAINTS.
    if key.deferrable == Deferrable::Immediate {
        key.deferrable = Deferrable::No;
    }
    // SQLite reads MATCH and pays no attention to it.
    key.options.retain(|option, value| option != "match" || !same(value, "simple"));
}

/// Names of constraints have no effect: they are kept aside. Comments there are none.
fn take_names(table: &mut Table) {
    let constraints = table.members().into_iter().filter(|member| member.kind() != MemberKind::Index);
    constraints.for_each(|constraint| table.given_names.note(&constraint));
    for key in table.uniques.iter_mut().chain(&mut table.primary_key) {
        (key.name, key.comment) = (None, None);
    }
    for key in &mut table.foreign_keys {
        (key.name, key.comment) = (None, None);
    }
    for check in &mut table.checks {
        (check.name, check.comment) = (None, None);
    }
}

/// What follows from the primary key: the rowid's alias, and columns that are NOT NULL without saying so.
/// An alias is never NULL, and not of these: what is written there stays.
fn number_rows(table: &mut Table) {
    let alias = rowid_alias(table).map(str::to_owned);
    let no_nulls = is_on(table, "without_rowid") || is_on(table, "strict");
    let keys: Vec<String> = table.primary_key.iter().flat_map(Index::columns).map(str::to_owned).collect();
    for column in &mut table.columns {
        if alias.as_ref() == Some(&column.name) {
            let rowid = Identity { kind: IdentityKind::Rowid, options: BTreeMap::new() };
            column.identity.get_or_insert(rowid);
        } else if no_nulls && keys.contains(&column.name) {
            column.nullable = false;
        }
    }
    if alias.is_some() {
        table.primary_key.iter_mut().flat_map(|key| &mut key.parts).for_each(|part| part.collation = None);
    }
}

/// The column that is another name of the rowid: an INTEGER that is the primary key all alone.
pub fn rowid_alias(table: &Table) -> Option<&str> {
    let [part] = table.primary_key.as_ref()?.parts.as_slice() else { return None };
    let PartSource::Column(name) = &part.source else { return None };
    let column = table.column(name)?;
    let alias = same(&column.data_type, "INTEGER") && !part.desc && !is_on(table, "without_rowid");
    alias.then_some(&column.name)
}

/// Without a rowid the primary key is the table, and SQLite leaves out of it what is in it twice.
fn drop_repeated_parts(table: &mut Table) {
    let without_rowid = is_on(table, "without_rowid");
    if let Some(key) = table.primary_key.as_mut().filter(|_| without_rowid) {
        let mut seen = Vec::new();
        key.parts.retain(|part| {
            let shape = (part.source.clone(), part.collation.clone());
            let is_new = !seen.contains(&shape);
            seen.push(shape);
            is_new
        });
    }
}

/// SQLite makes one index of keys over the same columns, and none for one that repeats the primary key.
fn drop_doubles(table: &mut Table) {
    let shape = |index: &Index| -> Vec<_> {
        index.parts.iter().map(|part| (part.source.clone(), part.collation.clone())).collect()
    };
    let mut kept: Vec<Index> = Vec::new();
    let primary = table.primary_key.clone().filter(|_| rowid_alias(table).is_none());
    for unique in std::mem::take(&mut table.uniques) {
        if primary.as_ref().is_some_and(|key| shape(key) == shape(&unique)) {
            continue;
        }
        match kept.iter_mut().find(|other| shape(other) == shape(&unique)) {
            Some(other) => other.options.extend(unique.options),
            None => kept.push(unique),
        }
    }
    table.uniques = kept;
}

/// A table that foreign keys refer to.
struct Parent {
    name: QName,
    key: Vec<String>,
    columns: BTreeSet<String>,
}

fn parents(schema: &Schema) -> BTreeMap<String, Parent> {
    let parent = |table: &Table| Parent {
        name: table.name.clone(),
        key: table.primary_key.iter().flat_map(Index::columns).map(str::to_owned).collect(),
        columns: table.columns.iter().map(|column| column.name.clone()).collect(),
    };
    schema.tables.values().map(|table| (folded(&table.name.name), parent(table))).collect()
}

/// Spells a reference as the table referred to spells itself; left out columns are its primary key.
fn refer(key: &mut ForeignKey, parents: &BTreeMap<String, Parent>) {
    let Some(parent) = parents.get(&folded(&key.table.name)) else { return };
    key.table = parent.name.clone();
    let columns: Vec<&str> = parent.columns.iter().map(String::as_str).collect();
    key.referenced.iter_mut().for_each(|column| *column = spelled(column, &columns));
    if key.referenced.is_empty() && parent.key.len() == key.columns.len() {
        key.referenced.clone_from(&parent.key);
    }
}
