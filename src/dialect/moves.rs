//! Values on the way to another column: what all engines have in common.

use crate::model::{
    Assignment, Column, FactKind, Hazard, HazardNote, Move, OnConflict, Precondition, QName, RowTask, RowWork, Table,
    Transform,
};

use super::{Dialect, fact, rows};

/// The characters that a hash of argon2id with the usual parameters has, the longest that undrift makes.
const LONGEST_HASH: u32 = 128;

/// The expression for a value after a transform that the server can do; `None` where it cannot.
pub fn expression(transform: &Transform, value: &str) -> Option<String> {
    match transform {
        Transform::Argon2id(_) | Transform::Bcrypt { .. } => None,
        Transform::Lower => Some(format!("lower({value})")),
        Transform::Trim => Some(format!("trim({value})")),
        Transform::Sql(expr) => Some(format!("({expr})")),
    }
}

/// The same for a move, which may leave values as they are.
pub fn moved(how: &Move, value: &str) -> Option<String> {
    match &how.transform {
        Some(transform) => expression(transform, value),
        None => Some(value.to_owned()),
    }
}

/// Lets the server make an assignment in the rows of a table that lack it.
pub fn set(dialect: &dyn Dialect, table: &Table, assignment: Assignment, untouched: &str, title: String) -> RowWork {
    RowWork {
        table: table.name.clone(),
        key: dialect.row_key(table),
        pending: assignment.pending.clone(),
        task: RowTask::Set { each: vec![assignment], untouched: untouched.to_owned() },
        locked: false,
        title,
        shown: String::new(),
    }
}

/// A value for the rows that have none, as far as there is one.
pub fn filled(dialect: &dyn Dialect, column: &str, fill: &str) -> Assignment {
    let pending = format!("{} IS NULL AND ({fill}) IS NOT NULL", dialect.quote(column));
    Assignment { column: column.to_owned(), value: format!("({fill})"), pending }
}

/// Another value for the rows that have a different one.
pub fn changed(dialect: &dyn Dialect, column: &str, value: String) -> Assignment {
    let pending = dialect.differs(&dialect.quote(column), &value);
    Assignment { column: column.to_owned(), value, pending }
}

/// Hashes the values of a column where they are. `locked`: for what was written since.
pub fn hash_in_place(
    dialect: &dyn Dialect,
    table: &Table,
    column: &str,
    transform: &Transform,
    untouched: &str,
    locked: bool,
) -> RowWork {
    let name = dialect.quote(column);
    RowWork {
        table: table.name.clone(),
        key: dialect.row_key(table),
        pending: format!("{name} IS NOT NULL AND NOT ({})", dialect.is_password_hash(&name)),
        task: RowTask::Hash {
            transform: transform.clone(),
            column: column.to_owned(),
            untouched: untouched.to_owned(),
        },
        locked,
        title: format!("hash {}.{column} with {transform}", table.name),
        shown: String::new(),
    }
}

/// Makes an old and a new column agree, hashing what is no hash yet.
pub fn agree(
    dialect: &dyn Dialect,
    table: &Table,
    columns: (&Column, &Column),
    how: &Move,
    untouched: &str,
    locked: bool,
) -> Option<RowWork> {
    let transform = how.transform.clone().filter(Transform::hashes)?;
    let (from, to) = columns;
    let (old, new) = (dialect.quote(&from.name), dialect.quote(&to.name));
    let differ = dialect.differs(&old, &new);
    let plain = format!("NOT ({})", dialect.is_password_hash(&new));
    Some(RowWork {
        table: table.name.clone(),
        key: dialect.row_key(table),
        pending: format!("{old} IS NOT NULL AND ({new} IS NULL OR {differ} OR {plain})"),
        task: RowTask::Agree {
            transform: transform.clone(),
            old: from.name.clone(),
            new: to.name.clone(),
            on_conflict: how.on_conflict,
            untouched: untouched.to_owned(),
        },
        locked,
        title: format!("move {}.{} into {}, hashed with {transform}", table.name, from.name, to.name),
        shown: String::new(),
    })
}

/// The rows that still have to get a value from the old column, as a condition. `value` computes it.
pub fn to_be_copied(dialect: &dyn Dialect, from: &str, to: &str, value: &str, on_conflict: OnConflict) -> String {
    let (old, new) = (dialect.quote(from), dialect.quote(to));
    match on_conflict {
        OnConflict::Stop | OnConflict::KeepNew => {
            format!("{new} IS NULL AND {old} IS NOT NULL AND {value} IS NOT NULL")
        }
        OnConflict::KeepOld => format!("{old} IS NOT NULL AND {}", dialect.differs(&new, value)),
    }
}

/// A table in which a column still has its old name.
pub fn with_old_name(table: &Table, from: &str, to: &str) -> Table {
    let mut table = table.clone();
    if let Some(column) = table.column_mut(to) {
        column.name = from.to_owned();
    }
    table
}

/// What nobody can do without: something that tells the rows apart.
pub fn rows_are_told_apart(dialect: &dyn Dialect, changes: Vec<usize>, work: &RowWork) -> Option<Precondition> {
    let table = &work.table;
    work.key.is_empty().then(|| {
        let finding = format!(
            "{{n}} rows of {table} are to be hashed, and nothing tells the rows apart: give {table} a primary key first"
        );
        fact::of_the_whole(FactKind::NoKey, changes, table, rows::pending(dialect, work), finding)
    })
}

/// A column that is too narrow for hashes has to be widened first.
pub fn hashes_fit(changes: Vec<usize>, table: &QName, column: &Column, transform: &Transform) -> Option<Precondition> {
    let length =
        column.data_type.split_once('(').and_then(|(_, rest)| rest.split(')').next()?.trim().parse::<u32>().ok())?;
    (transform.hashes() && length < LONGEST_HASH).then(|| {
        let finding = format!(
            "{table}.{} is {}, which is too short for hashes: widen it to varchar(255) first",
            column.name, column.data_type
        );
        fact::of_the_whole(FactKind::TooLong, changes, table, "SELECT 1".to_owned(), finding)
    })
}

/// Why a transform may hurt.
pub fn transform_hazards(table: &QName, column: &str, transform: &Transform) -> Vec<HazardNote> {
    let mut notes = Vec::new();
    if transform.hashes() {
        let why = format!("plain text in {table}.{column} is overwritten by its hash");
        notes.push(HazardNote::new(Hazard::DeletesData, why));
    } else {
        let why = format!("values of {table}.{column} are changed by {transform}");
        notes.push(HazardNote::new(Hazard::MayLoseData, why));
    }
    let why = format!("nothing tells afterwards what the values of {table}.{column} were");
    notes.push(HazardNote::new(Hazard::CannotBeUndone, why));
    notes
}
