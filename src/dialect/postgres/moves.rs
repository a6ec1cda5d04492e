//! Values that move: to new names, through transforms.
//!
//! The rows are done in batches while everybody works on. Then, under one short lock, what was written
//! meanwhile is done, and the column gets its name.

use super::batch::{Batch, column_objects};
use super::facts;
use super::names::{ident, qualified};
use super::rights;
use super::text::identifiers;
use crate::dialect::{moves, rank, rows};
use crate::model::{
    Assignment, Column, Hazard, HazardNote, Move, Object, OnConflict, Op, Pace, QName, RowWork, Table, Transform,
};

/// Takes the lock under which a column gets its name.
fn lock(table: &QName) -> String {
    format!("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", qualified(table))
}

/// An operation on rows, outside of any transaction.
pub(super) fn in_batches(change: usize, work: RowWork) -> Op {
    let mut op = Op::new(vec![change], work.title.clone(), Vec::new());
    op.transactional = false;
    op.pace = Pace::Slow;
    op.rows = Some((0, work));
    op
}

/// An operation in a transaction of its own, under the lock.
pub(super) fn under_lock(change: usize, title: String, table: &QName, statements: Vec<String>) -> Op {
    let mut op = Op::new(vec![change], title, std::iter::once(lock(table)).chain(statements).collect());
    op.alone = true;
    op.pace = Pace::Slow;
    op
}

/// What later operations of the same change wait for.
pub(super) fn values(table: &QName, column: &str) -> Object {
    Object::Values(table.clone(), column.to_owned())
}

/// The columns of the table that an expression mentions.
pub(super) fn mentioned(batch: &Batch<'_>, table: &QName, expr: &str) -> Vec<Object> {
    let known = |name: &String| batch.column_before(table, name).is_some() || batch.column_after(table, name).is_some();
    let names: std::collections::BTreeSet<String> = identifiers(expr).into_iter().filter(known).collect();
    column_objects(table, names)
}

/// Renames a column, its values transformed first where they are.
pub(super) fn rename(
    batch: &Batch<'_>,
    change: usize,
    table: &QName,
    from: &str,
    to: &str,
    transform: Option<&Transform>,
) -> Vec<Op> {
    let statement = format!("ALTER TABLE {} RENAME COLUMN {} TO {}", qualified(table), ident(from), ident(to));
    let title = format!("rename column {table}.{from} to {to}");
    let mut op = match transform {
        None => Op::new(vec![change], title, vec![statement]),
        Some(_) => under_lock(change, title, table, vec![statement]),
    };
    op.rank = rank::RENAME + 1;
    op.needs = vec![Object::Table(table.clone())];
    op.drops = column_objects(table, [from.to_owned()]);
    op.makes = column_objects(table, [to.to_owned()]);
    op.hazards.push(breaks(table, from));
    let Some(transform) = transform else { return vec![op] };
    let Some(structure) = batch.table_after(table).map(|table| moves::with_old_name(table, from, to)) else {
        return vec![op];
    };
    let mut first = match transformed(batch, &structure, from, transform) {
        Transformed::Here(work) => {
            let locked = RowWork { locked: true, ..work.clone() };
            op.rows = Some((1, locked));
            in_batches(change, work)
        }
        Transformed::There(work, catch_up) => {
            op.statements.insert(1, catch_up);
            in_batches(change, work)
        }
    };
    first.rank = rank::RENAME;
    first.needs = vec![Object::Table(table.clone())];
    first.frees = column_objects(table, [from.to_owned()]);
    first.makes = vec![values(table, from)];
    first.hazards = moves::transform_hazards(table, from, transform);
    if let Some((_, work)) = &first.rows {
        first.needs.extend(column_objects(table, work.key.iter().map(|(name, _)| name.clone())));
        let told = transform.hashes().then(|| moves::rows_are_told_apart(batch.dialect, vec![change], work)).flatten();
        first.preconditions.extend(told);
    }
    let column = structure.column(from);
    let fits = column.and_then(|column| moves::hashes_fit(vec![change], table, column, transform));
    first.preconditions.extend(fits);
    first.needs.retain(|object| !first.frees.contains(object));
    op.needs.push(values(table, from));
    op.hazards.extend(first.hazards.iter().cloned());
    vec![first, op]
}

/// Who transforms a column's values where they are.
enum Transformed {
    /// undrift.
    Here(RowWork),
    /// The server, with the statement for what was written meanwhile.
    There(RowWork, String),
}

fn transformed(batch: &Batch<'_>, table: &Table, column: &str, transform: &Transform) -> Transformed {
    let name = ident(column);
    let Some(value) = moves::expression(transform, &name) else {
        return Transformed::Here(moves::hash_in_place(batch.dialect, table, column, transform, "", false));
    };
    let assignment = moves::changed(batch.dialect, column, value);
    let title = format!("{transform} {}.{column}", table.name);
    let work = moves::set(batch.dialect, table, assignment.clone(), "", title);
    let catch_up = rows::at_once(batch.dialect, &work, &assignment);
    Transformed::There(work, catch_up)
}

/// Moves the values of a column to its new name and drops it.
pub(super) fn merge(
    batch: &Batch<'_>,
    change: usize,
    table: &QName,
    from: &Column,
    to: &Column,
    how: &Move,
) -> Vec<Op> {
    let Some(structure) = batch.table_before(table) else { return Vec::new() };
    let (name, old) = (qualified(table), ident(&from.name));
    let mut op = under_lock(change, format!("merge {table}.{} into {}", from.name, to.name), table, Vec::new());
    op.rank = rank::MERGE_COLUMN + 1;
    op.needs = column_objects(table, [to.name.clone()]);
    op.drops = column_objects(table, [from.name.clone()]);
    op.frees.extend(batch.type_object(&from.data_type));
    op.hazards = merge_hazards(table, from, to);
    let mut first = match moves::agree(batch.dialect, structure, (from, to), how, "", false) {
        Some(work) => {
            op.rows = Some((1, RowWork { locked: true, ..work.clone() }));
            op.preconditions.extend(moves::rows_are_told_apart(batch.dialect, vec![change], &work));
            op.preconditions.extend(
                how.transform.iter().filter_map(|transform| moves::hashes_fit(vec![change], table, to, transform)),
            );
            op.preconditions.extend(facts::no_other_hash(batch, change, table, from, to, how));
            in_batches(change, work)
        }
        None => copy(batch, change, structure, (from, to), how, &mut op),
    };
    first.rank = rank::MERGE_COLUMN;
    first.needs.clone_from(&op.needs);
    first.frees.clone_from(&op.drops);
    first.makes = vec![values(table, &to.name)];
    first.preconditions.clone_from(&op.preconditions);
    first.hazards.clone_from(&op.hazards);
    let transforms = how.transform.iter().flat_map(|transform| moves::transform_hazards(table, &from.name, transform));
    first.hazards.extend(transforms);
    op.preconditions.clear();
    op.needs.push(values(table, &to.name));
    op.statements.push(rights::keep_column(table, &from.name));
    op.statements.push(format!("ALTER TABLE {name} DROP COLUMN {old}"));
    op.statements.push(rights::give_column(table, &from.name, &to.name));
    vec![first, op]
}

/// Copies what the new column lacks; the rest happens under the lock.
fn copy(
    batch: &Batch<'_>,
    change: usize,
    table: &Table,
    (from, to): (&Column, &Column),
    how: &Move,
    op: &mut Op,
) -> Op {
    let old = ident(&from.name);
    let data_type = batch.column_before(&table.name, &to.name).map_or(&to.data_type, |column| &column.data_type);
    let value = moves::moved(how, &old).unwrap_or_else(|| old.clone());
    let value = if *data_type == from.data_type { value } else { format!("({value})::{data_type}") };
    let pending = moves::to_be_copied(batch.dialect, &from.name, &to.name, &value, how.on_conflict);
    let assignment = Assignment { column: to.name.clone(), value: value.clone(), pending };
    let title = format!("copy {}.{} into {}", table.name, from.name, to.name);
    let work = moves::set(batch.dialect, table, assignment.clone(), "", title);
    op.statements.push(rows::at_once(batch.dialect, &work, &assignment));
    if how.on_conflict == OnConflict::Stop {
        op.statements.push(facts::stop_on_disagreement(&table.name, from, to, &value));
        op.preconditions.push(facts::no_disagreement(vec![change], &table.name, from, to, &value));
    }
    in_batches(change, work)
}

fn merge_hazards(table: &QName, from: &Column, to: &Column) -> Vec<HazardNote> {
    let mut notes = old_goes(table, from);
    let why = format!("nothing tells afterwards which values came from {}", from.name);
    notes.push(HazardNote::new(Hazard::CannotBeUndone, why));
    let why = format!("rows may have both {} and {}, and differ", from.name, to.name);
    notes.push(HazardNote::new(Hazard::MayFailOnData, why));
    notes
}

pub(super) fn old_goes(table: &QName, from: &Column) -> Vec<HazardNote> {
    let why = format!("{table}.{} is dropped after its values were copied", from.name);
    vec![HazardNote::new(Hazard::DeletesData, why), breaks(table, &from.name)]
}

fn breaks(table: &QName, column: &str) -> HazardNote {
    HazardNote::new(Hazard::BreaksRunningApplication, format!("an application that still uses {table}.{column} fails"))
}
