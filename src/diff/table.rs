//! One table that exists on both sides.

use std::collections::BTreeSet;

use super::members;
use crate::model::{Change, Column, Property, Renames, Table};

/// The changes that turn one version of a table into the other.
pub(super) fn compare(from: &Table, to: &Table, renames: &Renames, changes: &mut Vec<Change>) {
    compare_options(from, to, changes);
    compare_columns(from, to, renames, changes);
    members::compare(from, to, changes);
    if from.comment != to.comment {
        let (table, from, to) = (to.name.clone(), from.comment.clone(), to.comment.clone());
        changes.push(Change::AlterTableComment { table, from, to });
    }
}

fn compare_options(from: &Table, to: &Table, changes: &mut Vec<Change>) {
    let keys: BTreeSet<_> = from.options.keys().chain(to.options.keys()).collect();
    for key in keys.into_iter().filter(|key| from.options.get(*key) != to.options.get(*key)) {
        changes.push(Change::AlterTableOption {
            table: to.name.clone(),
            option: key.clone(),
            from: from.options.get(key).cloned(),
            to: to.options.get(key).cloned(),
        });
    }
}

fn compare_columns(from: &Table, to: &Table, renames: &Renames, changes: &mut Vec<Change>) {
    for wanted in &to.columns {
        let fill = renames.fill_of(&to.name, &wanted.name).cloned();
        match from.column(&wanted.name) {
            Some(column) => compare_column(to, column, wanted, fill, changes),
            None => changes.push(Change::AddColumn { table: to.name.clone(), to: wanted.clone(), fill }),
        }
    }
    for column in from.columns.iter().filter(|column| to.column(&column.name).is_none()) {
        changes.push(leftover(from, to, column, renames));
    }
}

fn compare_column(table: &Table, from: &Column, to: &Column, fill: Option<String>, changes: &mut Vec<Change>) {
    for property in Property::ALL.into_iter().filter(|property| !property.same(from, to)) {
        let fill = fill.clone().filter(|_| property == Property::Nullable && !to.nullable);
        changes.push(Change::AlterColumn {
            table: table.name.clone(),
            property,
            from: from.clone(),
            to: to.clone(),
            fill,
        });
    }
}

/// A column that is not wanted: the old name of one that is there too is merged into it.
fn leftover(from: &Table, to: &Table, column: &Column, renames: &Renames) -> Change {
    let table = to.name.clone();
    let heir = to.columns.iter().find(|wanted| {
        renames.of_column(&table, &wanted.name).contains(&column.name) && from.column(&wanted.name).is_some()
    });
    match heir {
        Some(heir) => Change::MergeColumn { table, from: column.clone(), to: heir.clone() },
        None => Change::DropColumn { table, from: column.clone() },
    }
}
