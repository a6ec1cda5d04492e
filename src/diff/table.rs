//! One table that exists on both sides.

use std::collections::BTreeSet;

use super::members;
use crate::model::{Change, Column, Property, Renames, Table, Transform, work_mark, working_name};

/// The changes that turn one version of a table into the other.
pub(super) fn compare(from: &Table, to: &Table, renames: &Renames, changes: &mut Vec<Change>) {
    compare_options(from, to, changes);
    compare_columns(from, to, renames, changes);
    members::compare(from, to, renames.spelling, changes);
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
            Some(column) => compare_column(to, column, wanted, renames, changes),
            None => changes.push(replacement(from, to, wanted, renames).unwrap_or_else(|| Change::AddColumn {
                table: to.name.clone(),
                to: wanted.clone(),
                fill,
            })),
        }
    }
    for column in from.columns.iter().filter(|column| to.column(&column.name).is_none()) {
        changes.extend(leftover(from, to, column, renames));
    }
}

/// A new column whose values are computed from one of its old names.
fn replacement(from: &Table, to: &Table, wanted: &Column, renames: &Renames) -> Option<Change> {
    let Some(Transform::Sql(expr)) = renames.move_to(&to.name, &wanted.name).transform else { return None };
    let old_names = renames.of_column(&to.name, &wanted.name).iter().filter(|old| to.column(old).is_none());
    let there = from.columns.iter().map(|column| column.name.as_str());
    let old = from.column(renames.spelling.find(there, old_names.into_iter().next()?)?)?;
    Some(Change::ReplaceColumn { table: to.name.clone(), from: old.clone(), to: wanted.clone(), expr })
}

fn compare_column(table: &Table, from: &Column, to: &Column, renames: &Renames, changes: &mut Vec<Change>) {
    let (fill, cast) = (renames.fill_of(&table.name, &to.name), renames.cast_of(&table.name, &to.name));
    for property in Property::ALL.into_iter().filter(|property| !property.same(from, to)) {
        let fill = fill.filter(|_| property == Property::Nullable && !to.nullable).cloned();
        let using = cast.filter(|_| property == Property::Type).cloned();
        changes.push(Change::AlterColumn {
            table: table.name.clone(),
            property,
            from: from.clone(),
            to: to.clone(),
            fill,
            using,
        });
    }
}

/// What becomes of a column that is not wanted: the old name of one that is there too is merged into it.
fn leftover(from: &Table, to: &Table, column: &Column, renames: &Renames) -> Option<Change> {
    let table = to.name.clone();
    if to.columns.iter().any(|wanted| is_begun(from, to, column, wanted, renames)) {
        return None;
    }
    let is_old_name_of = |wanted: &&Column| renames.was_column(&table, &wanted.name, &column.name);
    let heir = to.columns.iter().find(|wanted| is_old_name_of(wanted) && from.column(&wanted.name).is_some());
    let replaced = |wanted: &Column| {
        let replacement = replacement(from, to, wanted, renames).filter(|_| from.column(&wanted.name).is_none());
        matches!(replacement, Some(Change::ReplaceColumn { from: old, .. }) if old.name == column.name)
    };
    if to.columns.iter().any(replaced) {
        return None;
    }
    Some(match heir {
        Some(heir) => {
            let how = renames.move_to(&table, &heir.name);
            Change::MergeColumn { table, from: column.clone(), to: heir.clone(), how }
        }
        None => Change::DropColumn { table, from: column.clone() },
    })
}

/// Whether a column is the beginning of a wanted one that is filled with the same values: the change goes on with it.
fn is_begun(from: &Table, to: &Table, column: &Column, wanted: &Column, renames: &Renames) -> bool {
    let expr = match replacement(from, to, wanted, renames) {
        Some(Change::ReplaceColumn { expr, .. }) => Some(expr),
        // A default that differs by row fills the rows that exist, too.
        _ => renames.fill_of(&to.name, &wanted.name).or(wanted.default.as_ref()).cloned(),
    };
    from.column(&wanted.name).is_none()
        && column.name == working_name(&wanted.name)
        && column.data_type == wanted.data_type
        && expr.is_some_and(|expr| column.comment == Some(work_mark(&expr)))
}
