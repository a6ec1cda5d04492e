//! Values that move: into new columns, to new names, through transforms.
//!
//! The rows are done in batches while everybody works on. Then, under one short lock, what was written
//! meanwhile is done, and the column gets its name.

use super::batch::{Batch, column_objects};
use super::columns::add_plain;
use super::create::column_comment;
use super::facts;
use super::names::{cut, ident, qualified};
use super::text::identifiers;
use crate::dialect::{Dialect, moves, rank, rows};
use crate::model::{
    Assignment, Column, Hazard, HazardNote, Move, Object, OnConflict, Op, Pace, QName, RowWork, Table, Transform,
    work_mark, working_name,
};

/// Takes the lock under which a column gets its name.
fn lock(table: &QName) -> String {
    format!("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", qualified(table))
}

/// An operation on rows, outside of any transaction.
fn in_batches(change: usize, work: RowWork) -> Op {
    let mut op = Op::new(vec![change], work.title.clone(), Vec::new());
    op.transactional = false;
    op.pace = Pace::Slow;
    op.rows = Some((0, work));
    op
}

/// An operation in a transaction of its own, under the lock.
fn under_lock(change: usize, title: String, table: &QName, statements: Vec<String>) -> Op {
    let mut op = Op::new(vec![change], title, std::iter::once(lock(table)).chain(statements).collect());
    op.alone = true;
    op.pace = Pace::Slow;
    op
}

/// What later operations of the same change wait for.
fn values(table: &QName, column: &str) -> Object {
    Object::Values(table.clone(), column.to_owned())
}

/// Adds a column and gives the rows that exist their value. Until they have it, it has a working name.
pub(super) fn add_filled(batch: &Batch<'_>, change: usize, table: &QName, column: &Column, fill: &str) -> Vec<Op> {
    let Some(structure) = batch.table_before(table) else { return Vec::new() };
    let working = cut(&working_name(&column.name));
    let assignment = moves::filled(batch.dialect, &working, fill);
    let title = format!("fill {table}.{}", column.name);
    let work = moves::set(batch.dialect, structure, assignment.clone(), "", title);
    let rest = rows::at_once(batch.dialect, &work, &assignment);

    let mut begin = begin_column(batch, change, table, column, &working, fill);
    let mut first = in_batches(change, work);
    first.rank = rank::ADD_COLUMN + 1;
    first.makes = vec![values(table, &column.name)];
    // One that was begun for other values, or has no mark yet, goes first.
    first.makes.extend(column_objects(table, [working.clone()]));
    first.needs = mentioned(batch, table, fill);
    first.needs.push(Object::Table(table.clone()));
    first.needs.extend(begin.iter().flat_map(|begin| begin.makes.iter().cloned()));
    first.frees = mentioned(batch, table, fill);
    first.hazards = fill_hazards(table, column);
    if !column.nullable {
        let earliest = begin.as_mut().unwrap_or(&mut first);
        earliest.preconditions.extend(facts::fill_gives_values(batch, change, table, column, fill));
    }

    let mut statements = vec![rest];
    statements.extend(finish_column(table, column, &working));
    let mut last = under_lock(change, format!("give column {table}.{} its name", column.name), table, statements);
    last.rank = rank::ADD_COLUMN + 2;
    last.needs = vec![values(table, &column.name)];
    last.frees = mentioned(batch, table, fill);
    last.makes = column_objects(table, [column.name.clone()]);
    last.hazards = fill_hazards(table, column);
    begin.into_iter().chain([first, last]).collect()
}

/// Gives the rows that lack one a value in a column that is there.
pub(super) fn fill_existing(
    batch: &Batch<'_>,
    change: usize,
    table: &QName,
    column: &Column,
    fill: &str,
) -> Option<Op> {
    let title = format!("fill {table}.{}", column.name);
    let assignment = moves::filled(batch.dialect, &column.name, fill);
    let mut op = in_batches(change, moves::set(batch.dialect, batch.table_before(table)?, assignment, "", title));
    op.rank = rank::ALTER_COLUMN + 2;
    op.makes = vec![values(table, &column.name)];
    op.needs = mentioned(batch, table, fill);
    Some(op)
}

fn fill_hazards(table: &QName, column: &Column) -> Vec<HazardNote> {
    let why = format!("the backfill may leave rows of {table} without a value for {}", column.name);
    (!column.nullable).then(|| HazardNote::new(Hazard::MayFailOnData, why)).into_iter().collect()
}

/// Makes the working column, unless a run that was cut short began it for the same values. Within one transaction: what
/// is there without its mark is nobody's.
fn begin_column(
    batch: &Batch<'_>,
    change: usize,
    table: &QName,
    column: &Column,
    working: &str,
    fill: &str,
) -> Option<Op> {
    let mark = work_mark(fill);
    let goes = batch.drops_column(table, working);
    let begun = |column: &Column| column.comment.as_deref() == Some(&mark) && !goes;
    if batch.column_before(table, working).is_some_and(begun) {
        return None;
    }
    let bare = Column { name: working.to_owned(), nullable: true, default: None, comment: None, ..column.clone() };
    let mut statements = add_plain(batch, table, &bare);
    // The default is for new rows only, and for those that come meanwhile.
    let default = column.default.as_ref();
    let alter = format!("ALTER TABLE {} ALTER COLUMN {}", qualified(table), ident(working));
    statements.extend(default.map(|default| format!("{alter} SET DEFAULT {default}")));
    statements.push(column_comment(table, working, Some(&mark)));
    let mut op = Op::new(vec![change], format!("add column {table}.{} as {working}", column.name), statements);
    op.rank = rank::ADD_COLUMN;
    op.makes = column_objects(table, [working.to_owned()]);
    op.needs = vec![Object::Table(table.clone())];
    op.needs.extend(batch.type_object(&column.data_type));
    Some(op)
}

fn finish_column(table: &QName, column: &Column, working: &str) -> Vec<String> {
    let (name, own) = (qualified(table), ident(&column.name));
    let mut statements = vec![format!("ALTER TABLE {name} RENAME COLUMN {} TO {own}", ident(working))];
    statements.extend((!column.nullable).then(|| format!("ALTER TABLE {name} ALTER COLUMN {own} SET NOT NULL")));
    statements.push(column_comment(table, &column.name, column.comment.as_deref()));
    statements
}

/// The columns of the table that an expression mentions.
fn mentioned(batch: &Batch<'_>, table: &QName, expr: &str) -> Vec<Object> {
    let known = |name: &String| batch.column_before(table, name).is_some() || batch.column_after(table, name).is_some();
    let names: std::collections::BTreeSet<String> = identifiers(expr).into_iter().filter(known).collect();
    column_objects(table, names)
}

/// Replaces a column by one of another name whose values are computed from it. The old one stays, and what is written
/// to it counts, until the new one gets its name.
pub(super) fn replace(
    batch: &Batch<'_>,
    change: usize,
    table: &QName,
    from: &Column,
    to: &Column,
    expr: &str,
) -> Vec<Op> {
    let mut ops = add_filled(batch, change, table, to, expr);
    let Some(last) = ops.last_mut() else { return ops };
    let (name, target) = (qualified(table), ident(&cut(&working_name(&to.name))));
    let differ = batch.dialect.differs(&target, &format!("({expr})"));
    last.statements[1] = format!("UPDATE {name} SET {target} = ({expr}) WHERE {differ}");
    last.statements.push(format!("ALTER TABLE {name} DROP COLUMN {}", ident(&from.name)));
    last.drops = column_objects(table, [from.name.clone()]);
    last.frees.retain(|object| !last.drops.contains(object));
    last.frees.extend(batch.type_object(&from.data_type));
    last.hazards.extend(old_goes(table, from));
    last.hazards.extend(moves::transform_hazards(table, &from.name, &Transform::Sql(expr.to_owned())));
    ops
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
    op.statements.push(format!("ALTER TABLE {name} DROP COLUMN {old}"));
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

fn old_goes(table: &QName, from: &Column) -> Vec<HazardNote> {
    let why = format!("{table}.{} is dropped after its values were copied", from.name);
    vec![HazardNote::new(Hazard::DeletesData, why), breaks(table, &from.name)]
}

fn breaks(table: &QName, column: &str) -> HazardNote {
    HazardNote::new(Hazard::BreaksRunningApplication, format!("an application that still uses {table}.{column} fails"))
}
