//! The statements of [`RowWork`], batch by batch: what all engines have in common.
//!
//! A batch begins after the key of the last row of the one before. Keys come from the server as literals and
//! go back as they came.

use super::Dialect;
use crate::model::{Assignment, Column, Index, RowTask, RowWork, Table};

/// The literals of a row's key.
pub type Key = Vec<String>;

/// A row that undrift writes: its key, and the assignments' values in the order of [`RowWork::reads`].
pub struct Written<'a> {
    /// The row.
    pub key: &'a Key,
    /// The values of the columns.
    pub values: Vec<&'a str>,
}

/// The columns of a table's primary key, or else of a unique key that takes no NULLs, if all their types can be walked
/// along.
pub fn natural_key(table: &Table, walks: impl Fn(&Column) -> bool) -> Vec<(String, String)> {
    let unique = table.indexes.iter().filter(|index| index.unique && index.predicate.is_none());
    let keys = table.primary_key.iter().chain(&table.uniques).chain(unique);
    let columns = |key: &Index| {
        let columns: Vec<&Column> = key.columns().filter_map(|name| table.column(name)).collect();
        let whole = columns.len() == key.parts.len() && key.parts.iter().all(|part| part.prefix.is_none());
        (whole && columns.iter().all(|column| !column.nullable && walks(column))).then_some(columns)
    };
    let found = keys.into_iter().find_map(columns).unwrap_or_default();
    found.into_iter().map(|column| (column.name.clone(), column.data_type.clone())).collect()
}

/// What is said of the work where statements are shown or recorded.
pub fn described(dialect: &dyn Dialect, work: &RowWork) -> String {
    let by = match work.key.as_slice() {
        [] => String::new(),
        key => format!(" by {}", key.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")),
    };
    match &work.task {
        RowTask::Set { each, .. } => {
            let walk = if each.len() > 1 { "one walk, " } else { "" };
            let updates: Vec<String> = each.iter().map(|one| at_once(dialect, work, one)).collect();
            format!("{} /* in {walk}batches{by} */", updates.join(";\n"))
        }
        _ => format!("/* {}, in batches{by}: undrift computes the values */", work.title),
    }
}

/// Makes an assignment in all rows that lack it.
pub fn at_once(dialect: &dyn Dialect, work: &RowWork, one: &Assignment) -> String {
    let set = assigned(dialect, work, std::slice::from_ref(one));
    format!("UPDATE {} SET {set} WHERE {}", dialect.quote_name(&work.table), one.pending)
}

/// The assignments as they stand in a statement.
fn assigned(dialect: &dyn Dialect, work: &RowWork, some: &[Assignment]) -> String {
    let set: Vec<String> = some.iter().map(|one| format!("{} = {}", dialect.quote(&one.column), one.value)).collect();
    format!("{}{}", set.join(", "), untouched(work))
}

/// Assignments that keep columns as they are which would note the time of the update.
fn untouched(work: &RowWork) -> &str {
    match &work.task {
        RowTask::Set { untouched, .. } | RowTask::Hash { untouched, .. } | RowTask::Agree { untouched, .. } => {
            untouched
        }
    }
}

/// How many rows are still to be done.
pub fn pending(dialect: &dyn Dialect, work: &RowWork) -> String {
    format!("SELECT count(*) FROM {} WHERE {}", dialect.quote_name(&work.table), work.pending)
}

/// The key of the last row of a batch of this size; no row if what is left is a smaller one.
pub fn bound(dialect: &dyn Dialect, work: &RowWork, after: Option<&Key>, size: usize) -> String {
    let last = size.saturating_sub(1);
    format!(
        "SELECT {} FROM {} WHERE {} ORDER BY {} LIMIT 1 OFFSET {last}",
        literals(dialect, work).join(", "),
        dialect.quote_name(&work.table),
        from(dialect, work, after),
        names(dialect, work).join(", "),
    )
}

/// Makes assignments in the rows of a batch that lack all of them.
pub fn set(
    dialect: &dyn Dialect,
    work: &RowWork,
    some: &[Assignment],
    after: Option<&Key>,
    upto: Option<&Key>,
) -> String {
    let upto = upto.map(|key| format!(" AND {}", dialect.key_compares(&names(dialect, work), "<=", key)));
    format!(
        "UPDATE {} SET {} WHERE {}{}",
        dialect.quote_name(&work.table),
        assigned(dialect, work, some),
        after_key(dialect, work, &lacking(some), after),
        upto.unwrap_or_default(),
    )
}

/// Makes assignments in so many rows that lack all of them, where no key tells rows apart.
pub fn set_some(dialect: &dyn Dialect, work: &RowWork, some: &[Assignment], size: usize) -> String {
    dialect.set_some(&work.table, &assigned(dialect, work, some), &lacking(some), size)
}

/// The condition that a row lacks all of these.
fn lacking(some: &[Assignment]) -> String {
    match some {
        [one] => one.pending.clone(),
        _ => some.iter().map(|one| format!("({})", one.pending)).collect::<Vec<_>>().join(" AND "),
    }
}

/// The keys and values of the rows of a batch.
pub fn read(dialect: &dyn Dialect, work: &RowWork, after: Option<&Key>, size: usize) -> String {
    format!(
        "{} WHERE {} ORDER BY {} LIMIT {size}",
        selection(dialect, work),
        from(dialect, work, after),
        names(dialect, work).join(", "),
    )
}

/// The keys and values of certain rows as they are now, and a lock on these rows.
pub fn read_again(dialect: &dyn Dialect, work: &RowWork, keys: &[&Key]) -> String {
    let lock = if dialect.locks_rows() { " FOR UPDATE" } else { "" };
    format!("{} WHERE {}{lock}", selection(dialect, work), any_of(dialect, work, keys))
}

/// Writes the values of rows.
pub fn write(dialect: &dyn Dialect, work: &RowWork, rows: &[Written<'_>]) -> String {
    let untouched = untouched(work);
    let columns = work.reads();
    let set: Vec<String> = columns
        .iter()
        .enumerate()
        .map(|(at, column)| {
            let cases = rows.iter().map(|row| {
                let equal = equals(dialect, work, row.key);
                format!("WHEN {equal} THEN {}", dialect.literal(row.values[at]))
            });
            let cases: Vec<String> = cases.collect();
            let name = dialect.quote(column);
            format!("{name} = CASE {} ELSE {name} END", cases.join(" "))
        })
        .collect();
    let keys: Vec<&Key> = rows.iter().map(|row| row.key).collect();
    format!(
        "UPDATE {} SET {}{untouched} WHERE {}",
        dialect.quote_name(&work.table),
        set.join(", "),
        any_of(dialect, work, &keys)
    )
}

fn selection(dialect: &dyn Dialect, work: &RowWork) -> String {
    let values = work.reads().into_iter().map(|column| dialect.as_text(&dialect.quote(column)));
    let all: Vec<String> = literals(dialect, work).into_iter().chain(values).collect();
    format!("SELECT {} FROM {}", all.join(", "), dialect.quote_name(&work.table))
}

fn from(dialect: &dyn Dialect, work: &RowWork, after: Option<&Key>) -> String {
    after_key(dialect, work, &work.pending, after)
}

/// A condition, for rows after a key.
fn after_key(dialect: &dyn Dialect, work: &RowWork, condition: &str, after: Option<&Key>) -> String {
    match after {
        Some(key) => format!("({condition}) AND {}", dialect.key_compares(&names(dialect, work), ">", key)),
        None => format!("({condition})"),
    }
}

fn names(dialect: &dyn Dialect, work: &RowWork) -> Vec<String> {
    work.key.iter().map(|(name, _)| dialect.quote(name)).collect()
}

fn literals(dialect: &dyn Dialect, work: &RowWork) -> Vec<String> {
    work.key.iter().map(|(name, data_type)| dialect.key_literal(&dialect.quote(name), data_type)).collect()
}

fn any_of(dialect: &dyn Dialect, work: &RowWork, keys: &[&Key]) -> String {
    match work.key.as_slice() {
        [(name, _)] => {
            let values: Vec<&str> = keys.iter().filter_map(|key| key.first()).map(String::as_str).collect();
            format!("{} IN ({})", dialect.quote(name), values.join(", "))
        }
        _ => keys.iter().map(|key| format!("({})", equals(dialect, work, key))).collect::<Vec<_>>().join(" OR "),
    }
}

fn equals(dialect: &dyn Dialect, work: &RowWork, key: &Key) -> String {
    let pairs = work.key.iter().zip(key).map(|((name, _), value)| format!("{} = {value}", dialect.quote(name)));
    pairs.collect::<Vec<_>>().join(" AND ")
}
