//! What must hold of the rows before a change runs: queries that count what stands in its way.

use std::collections::BTreeSet;

use super::canon;
use super::castable;
use super::create::enclosed;
use super::moves;
use super::names::{quote, same};
use super::objects;
use super::ops::Group;
use super::rebuild;
use super::settle::is_on;
use crate::dialect::fact::{self, of_rows};
use crate::model::{
    Change, Check, Column, FactKind, ForeignKey, Index, Member, Move, OnConflict, Part, PartSource, Precondition,
    Property, Transform,
};

/// What a change that is part of a rebuild asks of the rows.
pub fn of_change(group: &Group<'_>, index: usize, change: &Change) -> Vec<Precondition> {
    let one = match change {
        Change::AddColumn { to, fill, .. } => no_value(group, index, to, fill.as_deref()),
        // SQLite would make up a number for each NULL.
        Change::AlterColumn { property: Property::Identity, from, to, .. } if from.identity.is_none() => {
            let numbers = refused(group, index, to, castable::no_whole_number);
            return nulls(group, index, to).into_iter().chain(numbers).collect();
        }
        Change::AlterColumn { property: Property::Generated, to, .. } if to.generated.is_some() => {
            no_value(group, index, to, None)
        }
        Change::AlterColumn { property: Property::Type, to, .. } if is_on(&group.to, "strict") => {
            castable::strict(&to.data_type).and_then(|test| refused(group, index, to, test))
        }
        Change::AlterTableOption { option, to: Some(_), .. } if option == "strict" => {
            let of = |column: &Column| refused(group, index, column, castable::strict(&column.data_type)?);
            return group.to.columns.iter().filter_map(of).collect();
        }
        Change::MergeColumn { from, to, how, .. } => disagreement(group, index, (from, to), how),
        Change::ReplaceColumn { to, .. } if !to.nullable => nulls(group, index, to),
        Change::AlterColumn { property: Property::Nullable, to, fill: None, .. } if !to.nullable => {
            nulls(group, index, to)
        }
        Change::AddMember { to, .. } | Change::AlterMember { to, .. } => of_member(group, index, to),
        _ => None,
    };
    one.into_iter().collect()
}

/// Values that a column does not take, by a test of its own. Of a new column nothing is asked.
fn refused(group: &Group<'_>, index: usize, column: &Column, test: castable::Test) -> Option<Precondition> {
    group.from.column(&column.name)?;
    let rows = rows(group, [column.name.clone()], None)?;
    let condition = test(&group.column(&column.name));
    let finding = format!("{{n}} rows of {} hold what is no {} in {}", group.name(), column.data_type, column.name);
    Some(of_rows(FactKind::NotCastable, index, group.name(), &format!("FROM {rows} WHERE {condition}"), finding))
}

/// A new column that has to have a value and gets none: there must be no rows, or none for which
/// it is computed to be NULL.
pub fn no_value(group: &Group<'_>, index: usize, column: &Column, fill: Option<&str>) -> Option<Precondition> {
    if let Some(generated) = column.generated.as_ref().filter(|_| !column.nullable) {
        let rows = rows(group, objects::mentioned(group, &generated.expr), None)?;
        let rows = format!("FROM {rows} WHERE {} IS NULL", enclosed(&generated.expr));
        let finding = format!("{} is computed to be NULL for {{n}} rows of {}", column.name, group.name());
        return Some(of_rows(FactKind::NoValue, index, group.name(), &rows, finding));
    }
    let given = canon::gives_value(column.default.as_deref());
    let given = given || column.generated.is_some() || column.identity.is_some() || fill.is_some();
    if column.nullable || given {
        return None;
    }
    let (table, name) = (group.name(), &column.name);
    let finding = format!("{{n}} rows of {table} would have no value for {name}: declare a default or a backfill");
    Some(of_rows(FactKind::NoValue, index, table, &format!("FROM {}", group.quoted()), finding))
}

/// Rows in which the old and the new column both have a value, and not the same. Where values are hashed on the way,
/// plain text and its hash are the same: undrift checks that before anything changes, and here hashes alone.
pub fn disagreement(
    group: &Group<'_>,
    index: usize,
    (old, new): (&Column, &Column),
    how: &Move,
) -> Option<Precondition> {
    let (from, to) = (group.column(&old.name), group.column(&new.name));
    let value = moves::value(group, old, how);
    let hashes = how.transform.as_ref().is_some_and(Transform::hashes);
    let hashed = if hashes { format!(" AND {}", super::rows::is_password_hash(&from)) } else { String::new() };
    let rows = format!(
        "FROM {} WHERE {from} IS NOT NULL AND {to} IS NOT NULL AND {value} <> {to} COLLATE BINARY{hashed}",
        group.quoted()
    );
    let finding =
        format!("{{n}} rows of {} have both {} and {} with different values", group.name(), old.name, new.name);
    let fact = of_rows(FactKind::Disagreement, index, group.name(), &rows, finding);
    (how.on_conflict == OnConflict::Stop).then_some(fact)
}

/// Rows that have no value in a column that is to be NOT NULL.
fn nulls(group: &Group<'_>, index: usize, column: &Column) -> Option<Precondition> {
    // What numbers the rows has no NULLs.
    if group.from.column(&column.name).is_some_and(|before| before.identity.is_some()) {
        return None;
    }
    let rows = rows(group, [column.name.clone()], None)?;
    let rows = format!("FROM {rows} WHERE {} IS NULL", group.column(&column.name));
    let finding = format!("{{n}} rows of {} have no {}", group.name(), column.name);
    Some(of_rows(FactKind::Nulls, index, group.name(), &rows, finding))
}

/// What a key, unique index, foreign key or check asks of the rows.
pub fn of_member(group: &Group<'_>, index: usize, member: &Member) -> Option<Precondition> {
    let rows = rows(group, objects::columns(group, member), rebuild::mentioned_rowid(group, member))?;
    match member {
        Member::PrimaryKey(key) | Member::Unique(key) => Some(duplicates(group, index, &rows, key)),
        Member::Index(key) if key.unique => Some(duplicates(group, index, &rows, key)),
        Member::Index(_) => None,
        Member::ForeignKey(key) => orphans(group, index, &rows, key),
        Member::Check(check) => Some(violations(group, index, &rows, check)),
    }
}

/// What a unique index asks that is made without a rebuild. Of columns that are new too, nothing is
/// asked: they get their values in steps of their own, and the index itself finds duplicates.
pub fn of_unique_index(group: &Group<'_>, index: usize, to: &Index) -> Option<Precondition> {
    let columns = objects::columns(group, &Member::Index(to.clone()));
    let old = columns.iter().all(|name| group.from.column(name).is_some());
    (to.unique && old).then(|| duplicates(group, index, &group.quoted(), to))
}

fn duplicates(group: &Group<'_>, index: usize, rows: &str, key: &Index) -> Precondition {
    let terms: Vec<String> = key.parts.iter().map(|part| term(group, part)).collect();
    let mut conditions: Vec<String> = terms.iter().map(|term| format!("{term} IS NOT NULL")).collect();
    conditions.extend(key.predicate.as_deref().map(enclosed));
    let (set, terms) = (conditions.join(" AND "), terms.join(", "));
    let query = format!("SELECT count(*) FROM (SELECT 1 FROM {rows} WHERE {set} GROUP BY {terms} HAVING count(*) > 1)");
    let found = format!(
        "FROM (SELECT *, count(*) OVER (PARTITION BY {terms}) AS undrift_times FROM {rows} WHERE {set}) \
         WHERE undrift_times > 1"
    );
    let label = Member::Unique(Index { name: None, ..key.clone() }).label();
    let finding = format!("{{n}} values of {} {label} occur more than once", group.name());
    fact::counted(FactKind::Duplicates, index, group.name(), query, &found, finding)
}

/// What a unique key compares, as it compares it.
fn term(group: &Group<'_>, part: &Part) -> String {
    let collation = part.collation.as_deref();
    let (text, own) = match &part.source {
        PartSource::Column(name) => {
            let wanted = group.to.column(name).and_then(|column| column.collation.as_deref());
            (group.column(name), wanted.or(Some("BINARY")))
        }
        PartSource::Expr(text) => (enclosed(text), None),
    };
    match collation.or(own) {
        Some(collation) => format!("{text} COLLATE {}", quote(collation)),
        None => text,
    }
}

fn orphans(group: &Group<'_>, index: usize, rows: &str, key: &ForeignKey) -> Option<Precondition> {
    let parent = group.before.tables.get(&key.table);
    if parent.is_some() && key.referenced.len() != key.columns.len() {
        return None;
    }
    if parent.is_some_and(|parent| key.referenced.iter().any(|name| parent.column(name).is_none())) {
        return None;
    }
    let mut conditions: Vec<String> =
        key.columns.iter().map(|name| format!("{} IS NOT NULL", group.column(name))).collect();
    if parent.is_some() || group.before.has_beside(&key.table) {
        let pairs = key.referenced.iter().zip(&key.columns);
        let equal: Vec<String> =
            pairs.map(|(to, from)| format!("undrift_parent.{} = {}", quote(to), group.column(from))).collect();
        let parent = quote(&key.table.name);
        conditions.push(format!("NOT EXISTS (SELECT 1 FROM {parent} AS undrift_parent WHERE {})", equal.join(" AND ")));
    }
    let rows = format!("FROM {rows} WHERE {}", conditions.join(" AND "));
    let columns = key.columns.join(", ");
    let finding = format!("{{n}} rows of {} have no counterpart of {columns} in {}", group.name(), key.table);
    Some(of_rows(FactKind::Orphans, index, group.name(), &rows, finding))
}

fn violations(group: &Group<'_>, index: usize, rows: &str, check: &Check) -> Precondition {
    let rows = format!("FROM {rows} WHERE NOT {}", enclosed(&check.expr));
    let finding = format!("{{n}} rows of {} violate the check {}", group.name(), check.expr);
    of_rows(FactKind::Check, index, group.name(), &rows, finding)
}

/// The table's rows as they will be, under the table's own name, with at least these columns and their number
/// under this name; `None` where that cannot be told beforehand.
fn rows(group: &Group<'_>, columns: impl IntoIterator<Item = String>, number: Option<&str>) -> Option<String> {
    let names: BTreeSet<String> = columns.into_iter().collect();
    let values: Option<Vec<(String, String)>> =
        names.into_iter().map(|name| later(group, &name).map(|value| (name, value))).collect();
    let values = values?;
    if values.iter().all(|(name, value)| group.column(name) == *value) {
        return Some(group.quoted());
    }
    let mut list: Vec<String> = values.iter().map(|(name, value)| format!("{value} AS {}", quote(name))).collect();
    list.extend(
        key(group)
            .filter(|name| !values.iter().any(|(other, _)| same(other, name)))
            .map(|name| format!("{} AS {}", group.column(name), quote(name))),
    );
    list.extend(number.map(|name| format!("{}.{name} AS {name}", group.quoted())));
    Some(format!("(SELECT {} FROM {}) AS {}", list.join(", "), group.quoted(), group.quoted()))
}

/// The columns of the table's key as it is: by them rows are found.
fn key<'g>(group: &'g Group<'_>) -> impl Iterator<Item = &'g str> {
    group.from.primary_key.iter().flat_map(Index::columns)
}

/// What a column will hold, as an expression over the rows that there are.
fn later(group: &Group<'_>, name: &str) -> Option<String> {
    let column = group.to.column(name)?;
    let computed = group.from.column(name).map(|before| &before.generated) != Some(&column.generated);
    if column.generated.is_some() && computed {
        return None;
    }
    let default = || column.default.as_deref().map_or("NULL".to_owned(), enclosed);
    Some(rebuild::value(group, column).unwrap_or_else(default))
}
