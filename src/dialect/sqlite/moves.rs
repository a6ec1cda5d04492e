//! Values that move to new names and through transforms.
//!
//! What the server can compute happens within the one transaction of a change: nobody else writes meanwhile. What
//! undrift computes would take too long for that, and is done batch by batch beforehand.

use super::Sqlite;
use super::names::quote;
use super::ops::{Group, rename_column};
use crate::dialect::{Dialect, moves, rank};
use crate::model::{Change, Column, Move, Object, OnConflict, Op, Pace, QName, RowWork, Schema, Transform};

/// Renames a column, its values transformed first where they are.
pub fn rename(
    dialect: &Sqlite,
    index: usize,
    table: &QName,
    (from, to): (&str, &str),
    transform: &Transform,
    after: &Schema,
) -> Vec<Op> {
    let mut op = rename_column(index, table, from, to);
    let Some(structure) = after.tables.get(table).map(|table| moves::with_old_name(table, from, to)) else {
        return vec![op];
    };
    op.hazards.extend(moves::transform_hazards(table, from, transform));
    op.pace = Pace::Slow;
    op.alone = true;
    let name = quote(from);
    if let Some(value) = moves::expression(transform, &name) {
        let differ = dialect.differs(&name, &value);
        op.statements.insert(0, format!("UPDATE {} SET {name} = {value} WHERE {differ}", quote(&table.name)));
        return vec![op];
    }
    let work = moves::hash_in_place(dialect, &structure, from, transform, "", false);
    let mut first = in_batches(dialect, index, &work, transform);
    let column = structure.column(from);
    first.preconditions.extend(column.and_then(|column| moves::hashes_fit(vec![index], table, column, transform)));
    first.rank = rank::RENAME;
    first.needs = vec![Object::Table(table.clone())];
    first.frees = vec![Object::Column(table.clone(), from.to_owned())];
    first.makes = vec![Object::Values(table.clone(), from.to_owned())];
    first.hazards = moves::transform_hazards(table, from, transform);
    op.rank = rank::RENAME + 1;
    op.rows = Some((0, RowWork { locked: true, ..work }));
    op.needs.extend(first.makes.iter().cloned());
    vec![first, op]
}

fn in_batches(dialect: &Sqlite, index: usize, work: &RowWork, transform: &Transform) -> Op {
    let mut op = Op::new(vec![index], work.title.clone(), Vec::new());
    op.transactional = false;
    op.pace = Pace::Slow;
    if transform.hashes() {
        op.preconditions.extend(moves::rows_are_told_apart(dialect, vec![index], work));
    }
    op.rows = Some((0, work.clone()));
    op
}

/// Lets the columns that merge through a hash agree before the operations of their table, and once more within them.
pub fn agree_first(dialect: &Sqlite, group: &Group<'_>, ops: &mut Vec<Op>) {
    for (index, change) in &group.changes {
        let Change::MergeColumn { table, from, to, how } = change else { continue };
        let Some(work) = moves::agree(dialect, group.from, (from, to), how, "", false) else { continue };
        let Some(transform) = &how.transform else { continue };
        let mut first = in_batches(dialect, *index, &work, transform);
        first.preconditions.extend(moves::hashes_fit(vec![*index], table, to, transform));
        first.rank = rank::MERGE_COLUMN - 1;
        first.frees = vec![Object::Column(table.clone(), from.name.clone())];
        first.makes = vec![Object::Values(table.clone(), to.name.clone())];
        first.hazards = moves::transform_hazards(table, &from.name, transform);
        for op in ops.iter_mut().filter(|op| op.changes.contains(index)) {
            op.needs.extend(first.makes.iter().cloned());
            op.alone = true;
            op.rows.get_or_insert((0, RowWork { locked: true, ..work.clone() }));
        }
        ops.push(first);
    }
}

/// What the old column gives the new one.
pub fn value(group: &Group<'_>, from: &Column, how: &Move) -> String {
    let old = group.column(&from.name);
    moves::moved(how, &old).unwrap_or(old)
}

/// The value of a column that another one merges into.
pub fn merged(own: String, old: String, on_conflict: OnConflict) -> [String; 2] {
    match on_conflict {
        OnConflict::Stop | OnConflict::KeepNew => [own, old],
        OnConflict::KeepOld => [old, own],
    }
}

/// Copies what the new column lacks, or what the old one has.
pub fn copy(dialect: &Sqlite, group: &Group<'_>, (from, to): (&Column, &Column), how: &Move) -> String {
    let value = value(group, from, how);
    let pending = moves::to_be_copied(dialect, &from.name, &to.name, &value, how.on_conflict);
    format!("UPDATE {} SET {} = {value} WHERE {pending}", group.quoted(), quote(&to.name))
}
