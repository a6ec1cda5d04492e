//! Operations that add, drop and merge columns.

use super::batch::{Batch, column_objects};
use super::create::{after_column, definition};
use super::facts;
use super::names::{ident, qualified};
use super::text::identifiers;
use crate::dialect::rank;
use crate::model::{Column, Hazard, HazardNote, IdentityKind, Object, Op, Pace, QName, Table};

/// Adds a column that nothing has to fill.
pub(super) fn add(batch: &Batch<'_>, change: usize, table: &QName, column: &Column) -> Op {
    let statements = add_plain(batch, table, column);
    let mut op = Op::new(vec![change], format!("add column {table}.{}", column.name), statements);
    // A generated column comes after those that it is computed from have got their types.
    op.rank = if column.generated.is_some() { rank::ALTER_COLUMN + 8 } else { rank::ADD_COLUMN };
    op.makes = vec![Object::Column(table.clone(), column.name.clone())];
    let mentioned = mentioned(batch, table, column);
    op.frees = column_objects(table, mentioned.clone());
    op.needs = column_objects(table, mentioned);
    op.needs.push(Object::Table(table.clone()));
    op.needs.extend(batch.type_object(&column.data_type));
    op.hazards = add_hazards(table, column);
    op.pace = if op.hazards.is_empty() { Pace::Quick } else { Pace::Slow };
    op.alone = op.pace == Pace::Slow;
    if !column.nullable && column.generated.is_some() {
        op.preconditions.extend(facts::is_computed(batch, change, table, column));
    } else if !column.nullable && !has_value_of_its_own(column) {
        op.preconditions.push(facts::no_rows(change, table, &column.name));
    }
    op
}

/// What a column's default gives each row, where the server would write every row anew to do so. The column is
/// added without it then and filled like one with a backfill.
pub(super) fn default_by_row(column: &Column) -> Option<&str> {
    let plain = column.generated.is_none() && column.identity.is_none();
    column.default.as_deref().filter(|default| plain && is_volatile(default))
}

fn has_value_of_its_own(column: &Column) -> bool {
    column.default.is_some() || column.generated.is_some() || column.identity.is_some()
}

/// The other columns of the table that a column is computed from.
fn mentioned(batch: &Batch<'_>, table: &QName, column: &Column) -> Vec<String> {
    let exprs = column.generated.iter().map(|generated| generated.expr.as_str());
    let names: std::collections::BTreeSet<_> = exprs.flat_map(identifiers).collect();
    let known = |name: &String| batch.column_before(table, name).is_some() || batch.column_after(table, name).is_some();
    names.into_iter().filter(|name| *name != column.name).filter(known).collect()
}

/// The statements that add a column as it will be.
pub(super) fn add_plain(batch: &Batch<'_>, table: &QName, column: &Column) -> Vec<String> {
    let add = format!("ALTER TABLE {} ADD COLUMN {}", qualified(table), definition(column));
    std::iter::once(add).chain(after(batch, table, column)).collect()
}

fn after(batch: &Batch<'_>, table: &QName, column: &Column) -> Vec<String> {
    match batch.table_after(table) {
        Some(structure) => after_column(structure, column),
        None => after_column(&Table::new(table.clone()), column),
    }
}

fn add_hazards(table: &QName, column: &Column) -> Vec<HazardNote> {
    let mut hazards = Vec::new();
    let name = &column.name;
    if writes_every_row(column) {
        let why = format!("every row of {table} is written anew with its {name}");
        hazards.push(HazardNote::new(Hazard::RewritesTable, why));
        let why = format!("{table} can be neither read nor written meanwhile");
        hazards.push(HazardNote::new(Hazard::ExclusiveLock, why));
    } else if !column.nullable && !has_value_of_its_own(column) {
        let why = format!("rows of {table} would have no value for {name}");
        hazards.push(HazardNote::new(Hazard::MayFailOnData, why));
    }
    hazards
}

/// Whether each row gets a value of its own. A constant, or the time of the statement, is kept in
/// the catalog.
fn writes_every_row(column: &Column) -> bool {
    let stored = column.generated.as_ref().is_some_and(|generated| generated.stored);
    stored || column.identity.is_some() || column.default.as_deref().is_some_and(is_volatile)
}

/// Whether a default may be another one for each row: unless it is known not to, any function may.
fn is_volatile(default: &str) -> bool {
    let known = ["now()", "transaction_timestamp()", "statement_timestamp()", "current_date", "localtime"];
    let rest = known.iter().fold(default.to_lowercase(), |rest, known| rest.replace(known, ""));
    let call = rest.char_indices().filter(|(_, c)| *c == '(');
    let after_name = |at: usize| rest[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '"');
    // `'x'::character varying(10)` has parentheses after a name too, with a number in them.
    let has_number = |at: usize| rest[at + 1..].starts_with(|c: char| c.is_ascii_digit());
    call.into_iter().any(|(at, _)| after_name(at) && !has_number(at))
}

/// Drops a column.
pub(super) fn drop(batch: &Batch<'_>, change: usize, table: &QName, column: &Column) -> Op {
    let statement = format!("ALTER TABLE {} DROP COLUMN {}", qualified(table), ident(&column.name));
    let mut op = Op::new(vec![change], format!("drop column {table}.{}", column.name), vec![statement]);
    // A generated column goes before those that it is computed from change or go.
    op.rank = if column.generated.is_some() { rank::ALTER_COLUMN - 5 } else { rank::DROP_COLUMN };
    op.drops = vec![Object::Column(table.clone(), column.name.clone())];
    op.frees = column_objects(table, mentioned(batch, table, column));
    op.frees.push(Object::Table(table.clone()));
    op.frees.extend(batch.type_object(&column.data_type));
    if column.generated.is_none() {
        let why = format!("{table}.{} is dropped with its values", column.name);
        op.hazards.push(HazardNote::new(Hazard::DeletesData, why));
        let why = format!("no statement brings back the values of {table}.{}", column.name);
        op.hazards.push(HazardNote::new(Hazard::CannotBeUndone, why));
    }
    let why = format!("an application that still uses {table}.{} fails", column.name);
    op.hazards.push(HazardNote::new(Hazard::BreaksRunningApplication, why));
    op
}

/// Whether a column is a serial one.
pub(super) fn is_serial(column: &Column) -> bool {
    column.identity.as_ref().is_some_and(|identity| identity.kind == IdentityKind::Serial)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_defaults_that_differ_by_row() {
        for constant in ["'x'::character varying(10)", "now()", "CURRENT_TIMESTAMP", "(1 + 2)", "'a'::text"] {
            assert!(!is_volatile(constant), "{constant}");
        }
        for volatile in ["gen_random_uuid()", "random()", "nextval('s'::regclass)"] {
            assert!(is_volatile(volatile), "{volatile}");
        }
    }
}
