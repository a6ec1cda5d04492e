//! What ALTER TABLE can do, and CREATE and DROP INDEX: one operation for each change.
//!
//! The rules are those of SQLite's ALTER TABLE page, for SQLite 3.35 and later.

use super::Sqlite;
use super::canon;
use super::create;
use super::facts;
use super::hazards;
use super::moves;
use super::names::quote;
use super::objects;
use super::ops::Group;
use crate::dialect::rank;
use crate::model::{Change, Check, Column, Index, Member, Move, Op, Pace, Property, Table};

/// Whether all changes of a group can be made without building the table anew.
pub fn can(group: &Group<'_>) -> bool {
    let merges = group.changes.iter().any(|(_, change)| matches!(change, Change::MergeColumn { .. }));
    group.changes.iter().all(|(_, change)| match change {
        Change::AddColumn { to, fill, .. } => can_add(&group.to, to, fill.is_some()),
        Change::DropColumn { from, .. } | Change::MergeColumn { from, .. } => can_drop(group.from, &from.name),
        Change::AlterColumn { property, .. } => *property == Property::Comment,
        Change::AlterTableOption { .. } | Change::ReplaceColumn { .. } => false,
        // The rows that a unique index is made for are not there before the merge.
        Change::AddMember { to: Member::Index(index), .. } | Change::AlterMember { to: Member::Index(index), .. } => {
            !(merges && index.unique)
        }
        Change::AddMember { to, .. } => host(group, to).is_some(),
        Change::DropMember { from, .. } | Change::AlterMember { from, .. } => matches!(from, Member::Index(_)),
        _ => true,
    })
}

/// Whether ADD COLUMN takes a column.
fn can_add(table: &Table, column: &Column, filled: bool) -> bool {
    let keys = table.primary_key.iter().chain(&table.uniques);
    let in_key = keys.flat_map(Index::columns).any(|name| name == column.name);
    let stored = column.generated.as_ref().is_some_and(|generated| generated.stored);
    let constant = column.default.as_deref().is_none_or(canon::is_constant_default);
    let fits = column.nullable || !filled;
    !in_key && !stored && constant && fits && column.identity.is_none()
}

/// Whether DROP COLUMN takes a column. Indexes on it have been dropped by then.
fn can_drop(table: &Table, name: &str) -> bool {
    let mut keys = table.primary_key.iter().chain(&table.uniques).flat_map(Index::columns);
    let mut referring = table.foreign_keys.iter().flat_map(|key| &key.columns);
    let others = table.columns.iter().filter(|column| column.name != name);
    let mut generated = others.clone().filter_map(|column| column.generated.as_ref());
    let in_expressions = table.checks.iter().any(|check| canon::mentions(&check.expr, name))
        || generated.any(|generated| canon::mentions(&generated.expr, name));
    let last = others.filter(|column| column.generated.is_none()).count() == 0;
    !keys.any(|key| key == name) && !referring.any(|column| column == name) && !in_expressions && !last
}

/// The new column that can bring a check or a foreign key along, because only this column is in it.
fn host<'a>(group: &'a Group<'_>, member: &Member) -> Option<&'a str> {
    if !matches!(member, Member::Check(_) | Member::ForeignKey(_)) {
        return None;
    }
    let columns = objects::columns(group, member);
    let only = columns.first().filter(|_| columns.len() == 1)?;
    group.changes.iter().find_map(|(_, change)| match change {
        Change::AddColumn { to, fill, .. } if to.name == *only => {
            // Rows that exist get a value after the constraint is there.
            let free =
                fill.is_none() && (matches!(member, Member::Check(_)) || !canon::gives_value(to.default.as_deref()));
            free.then_some(to.name.as_str())
        }
        _ => None,
    })
}

/// The operations, one for each change.
pub fn ops(dialect: &Sqlite, group: &Group<'_>) -> Vec<Op> {
    group.changes.iter().filter_map(|(index, change)| op(dialect, group, *index, change)).collect()
}

fn op(dialect: &Sqlite, group: &Group<'_>, index: usize, change: &Change) -> Option<Op> {
    let mut op = match change {
        Change::AddColumn { to, fill, .. } => add_column(group, index, to, fill.as_deref()),
        Change::DropColumn { from, .. } => drop_column(group, index, from),
        Change::MergeColumn { from, to, how, .. } => merge_column(dialect, group, index, (from, to), how),
        Change::AddMember { to: Member::Index(to), .. } => add_index(group, index, to),
        Change::DropMember { from: Member::Index(from), .. } => drop_index(group, index, from),
        Change::AlterMember { from: Member::Index(from), to: Member::Index(to), .. }
        | Change::RenameMember { from: Member::Index(from), to: Member::Index(to), .. } => {
            replace_index(group, index, from, to)
        }
        _ => return None,
    };
    for position in op.changes.clone() {
        if let Some((_, change)) = group.changes.iter().find(|(index, _)| *index == position) {
            objects::add(&mut op, group, change);
            hazards::add(&mut op, group, change);
        }
    }
    objects::settle(&mut op);
    Some(op)
}

fn add_column(group: &Group<'_>, index: usize, column: &Column, fill: Option<&str>) -> Op {
    let mut changes = vec![index];
    let mut definition = create::definition(column);
    for (position, member) in hosted(group, &column.name) {
        changes.push(position);
        match member {
            Member::Check(Check { expr, .. }) => {
                definition.push_str(&format!(" CHECK {}", create::enclosed(expr)));
            }
            Member::ForeignKey(key) => definition.push_str(&format!(" {}", create::references(key))),
            _ => {}
        }
    }
    let mut statements = vec![format!("ALTER TABLE {} ADD COLUMN {definition}", group.quoted())];
    let title = format!("add column {}.{}", group.name(), column.name);
    if let Some(fill) = fill {
        let set = format!("UPDATE {} SET {} = {}", group.quoted(), quote(&column.name), create::enclosed(fill));
        statements.push(set);
    }
    let pace = if fill.is_some() || changes.len() > 1 { Pace::Slow } else { Pace::Quick };
    let mut op = Op { rank: rank::ADD_COLUMN, pace, ..Op::new(changes, title, statements) };
    op.preconditions.extend(facts::no_value(group, index, column, fill));
    let brought = hosted(group, &column.name).filter(|(_, member)| matches!(member, Member::Check(_)));
    op.preconditions.extend(brought.filter_map(|(position, check)| facts::of_member(group, position, check)));
    op
}

/// The checks and foreign keys that a new column brings along.
fn hosted<'a>(group: &'a Group<'_>, column: &'a str) -> impl Iterator<Item = (usize, &'a Member)> {
    group.changes.iter().filter_map(move |(index, change)| match change {
        Change::AddMember { to, .. } if host(group, to) == Some(column) => Some((*index, to)),
        _ => None,
    })
}

fn drop_column(group: &Group<'_>, index: usize, column: &Column) -> Op {
    let title = format!("drop column {}.{}", group.name(), column.name);
    let statement = drop_column_statement(group, column);
    Op { rank: rank::DROP_COLUMN, pace: Pace::Slow, ..Op::new(vec![index], title, vec![statement]) }
}

/// SQLite refuses this where a view or trigger would break, and says which.
fn drop_column_statement(group: &Group<'_>, column: &Column) -> String {
    format!("ALTER TABLE {} DROP COLUMN {}", group.quoted(), quote(&column.name))
}

fn merge_column(dialect: &Sqlite, group: &Group<'_>, index: usize, (old, new): (&Column, &Column), how: &Move) -> Op {
    let mut statements = vec![moves::copy(dialect, group, (old, new), how)];
    statements.extend(stranded(group, &old.name).map(drop_index_statement));
    statements.push(drop_column_statement(group, old));
    let title = format!("merge column {}.{} into {}", group.name(), old.name, new.name);
    let mut op = Op { rank: rank::MERGE_COLUMN, pace: Pace::Slow, ..Op::new(vec![index], title, statements) };
    op.preconditions.extend(facts::disagreement(group, index, (old, new), how));
    op
}

/// The indexes over a column that nobody drops and that would stop the column from being dropped.
fn stranded<'a>(group: &'a Group<'_>, column: &'a str) -> impl Iterator<Item = &'a Index> {
    let changed = |index: &&Index| {
        group.changes.iter().any(|(_, change)| match change {
            Change::DropMember { from: Member::Index(from), .. }
            | Change::AlterMember { from: Member::Index(from), .. } => from == *index,
            _ => false,
        })
    };
    let over = move |index: &&Index| index.columns().any(|name| name == column);
    group.from.indexes.iter().filter(over).filter(move |index| !changed(index))
}

fn add_index(group: &Group<'_>, index: usize, to: &Index) -> Op {
    let statement = create::index(&group.name().name, to);
    let title = format!("create index {}.{}", group.name(), name(to));
    let mut op = Op { rank: rank::ADD_INDEX, pace: Pace::Slow, ..Op::new(vec![index], title, vec![statement]) };
    op.preconditions.extend(facts::of_unique_index(group, index, to));
    op
}

fn drop_index(group: &Group<'_>, index: usize, from: &Index) -> Op {
    let title = format!("drop index {}.{}", group.name(), name(from));
    Op { rank: rank::DROP_INDEX, ..Op::new(vec![index], title, vec![drop_index_statement(from)]) }
}

/// SQLite cannot rename an index, nor change one.
fn replace_index(group: &Group<'_>, index: usize, from: &Index, to: &Index) -> Op {
    let statements = vec![drop_index_statement(from), create::index(&group.name().name, to)];
    let title = if from.name == to.name {
        format!("replace index {}.{}", group.name(), name(to))
    } else {
        format!("rename index {}.{} to {}", group.name(), name(from), name(to))
    };
    let mut op = Op { rank: rank::ADD_INDEX, pace: Pace::Slow, ..Op::new(vec![index], title, statements) };
    if !from.same_definition(to) {
        op.preconditions.extend(facts::of_unique_index(group, index, to));
    }
    op
}

fn drop_index_statement(index: &Index) -> String {
    format!("DROP INDEX {}", quote(name(index)))
}

fn name(index: &Index) -> &str {
    index.name.as_deref().unwrap_or_default()
}
