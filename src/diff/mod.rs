//! Two schemas ─► the changes between them.
//!
//! Both sides have been read back from a server, so whatever is not equal is a difference: there
//! are no special cases here for the ways in which the same thing can be spelled.

mod members;
mod renames;
mod table;
#[cfg(test)]
mod tests;

pub use renames::{Both, pending as pending_renames};

use crate::model::{Change, Column, EnumType, QName, Renames, Schema, is_work_mark, is_working_name};

/// What separates a database from the reference.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Difference {
    /// What would make it equal.
    pub changes: Vec<Change>,
    /// Wanted tables that cannot be made because something that is not modelled has their name.
    pub obstacles: Vec<Obstacle>,
}

/// Something in the way of a wanted table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// The table that is wanted.
    pub table: QName,
    /// The kind of thing that has its name: `view`, `partitioned table`.
    pub kind: String,
}

/// The changes that turn `actual` into `reference`. Declared renames have been carried out in
/// `actual` before; `renames` tells which leftovers are to be merged and how new columns are filled.
pub fn difference(actual: &Schema, reference: &Schema, renames: &Renames) -> Difference {
    let mut difference = Difference::default();
    compare_namespaces(actual, reference, &mut difference.changes);
    compare_enums(actual, reference, &mut difference.changes);
    compare_tables(actual, reference, renames, &mut difference);
    difference
}

fn compare_namespaces(actual: &Schema, reference: &Schema, changes: &mut Vec<Change>) {
    let missing = reference.namespaces.difference(&actual.namespaces).cloned();
    changes.extend(missing.map(|name| Change::CreateNamespace { name }));
    let missing = reference.extensions.difference(&actual.extensions).cloned();
    changes.extend(missing.map(|name| Change::CreateExtension { name }));
    let extra = actual.namespaces.difference(&reference.namespaces).cloned();
    changes.extend(extra.map(|name| Change::DropNamespace { name }));
}

fn compare_enums(actual: &Schema, reference: &Schema, changes: &mut Vec<Change>) {
    for (name, to) in &reference.enums {
        match actual.enums.get(name) {
            None => changes.push(Change::CreateEnum { to: to.clone() }),
            Some(from) if from != to => changes.push(Change::AlterEnum { from: from.clone(), to: to.clone() }),
            Some(_) => {}
        }
    }
    let extra = |(name, _): &(&QName, &EnumType)| !reference.enums.contains_key(*name);
    changes.extend(actual.enums.iter().filter(extra).map(|(_, from)| Change::DropEnum { from: from.clone() }));
}

fn compare_tables(actual: &Schema, reference: &Schema, renames: &Renames, difference: &mut Difference) {
    for (name, to) in &reference.tables {
        match actual.tables.get(name) {
            Some(from) => table::compare(from, to, renames, &mut difference.changes),
            None => match obstacle(actual, name) {
                Some(obstacle) => difference.obstacles.push(obstacle),
                None => difference.changes.push(Change::CreateTable { to: to.clone() }),
            },
        }
    }
    let extra = actual.tables.values().filter(|table| !reference.tables.contains_key(&table.name));
    difference.changes.extend(extra.map(|from| Change::DropTable { from: from.clone() }));
}

/// What is not modelled and yet has the name of a table. Only relations share their names with
/// tables; a function or trigger may be called the same.
fn obstacle(actual: &Schema, name: &QName) -> Option<Obstacle> {
    let relation = |kind: &str| {
        let words = ["table", "view", "sequence", "partition"];
        words.iter().any(|word| kind.contains(word)) && kind != "event trigger"
    };
    let found = actual.opaque.iter().find(|opaque| opaque.name == *name && relation(&opaque.kind))?;
    Some(Obstacle { table: name.clone(), kind: found.kind.clone() })
}

/// Whether a column was begun by a run that did not end, as its comment says beside its name.
fn is_begun(column: &Column) -> bool {
    is_working_name(&column.name) && column.comment.as_deref().is_some_and(is_work_mark)
}

/// Whether a change only removes something that the reference does not mention and that no other
/// change replaces: an *extra*.
pub fn is_extra(change: &Change, all: &[Change], renames: &Renames) -> bool {
    match change {
        Change::DropTable { from } => !renames.tables.values().any(|old| old.contains(&from.name)),
        Change::DropColumn { table, from } => {
            !is_begun(from)
                && !renames.columns.get(table).is_some_and(|all| all.values().any(|old| old.contains(&from.name)))
        }
        Change::DropMember { table, from } => !from.is_left_over() && !members::is_replaced(table, from, all),
        other => other.only_removes(),
    }
}
