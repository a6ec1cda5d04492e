//! Declared renames that a database still has before it.

use crate::model::{Change, Column, QName, Renames, Schema, Table, Transform};

/// A table that exists under its old and its new name: nobody but a person can say which rows count.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Both {
    /// The old name.
    pub old: QName,
    /// The declared name.
    pub new: QName,
}

/// The renames that are still to be done in a database, in the order in which they can run, and the
/// tables that exist under both names.
///
/// A column whose old and new name both exist is no rename: [`super::difference`] merges it; nor is one whose
/// new values cannot be made in the old column.
pub fn pending(actual: &Schema, reference: &Schema, renames: &Renames) -> (Vec<Change>, Vec<Both>) {
    let mut changes = Vec::new();
    let mut both = Vec::new();
    for (new, old_names) in &renames.tables {
        let Some(old) = old_names.iter().find_map(|old| free_table(actual, reference, renames, old)) else { continue };
        let there = renames.spelling.find_table(actual.tables.keys(), new).filter(|there| *there != old);
        if there.is_some() {
            both.push(Both { old: old.clone(), new: new.clone() });
        } else {
            changes.push(Change::RenameTable { from: old.clone(), to: new.clone() });
        }
    }
    changes.extend(spelled_tables(actual, reference, renames, &changes));
    let renamed = actual.evolve(&changes);
    for (name, wants) in &reference.tables {
        if let Some(has) = renamed.tables.get(name) {
            changes.extend(columns(has, wants, renames));
        }
    }
    (changes, both)
}

/// The table that an old name means, if no table that is wanted has its name.
fn free_table<'a>(actual: &'a Schema, reference: &Schema, renames: &Renames, old: &QName) -> Option<&'a QName> {
    let found = renames.spelling.find_table(actual.tables.keys(), old)?;
    (!reference.tables.contains_key(found)).then_some(found)
}

/// Tables that are wanted with another case in their names, where it does not count.
fn spelled_tables(actual: &Schema, reference: &Schema, renames: &Renames, done: &[Change]) -> Vec<Change> {
    let renamed =
        |name: &QName| done.iter().any(|change| matches!(change, Change::RenameTable { to, .. } if to == name));
    let missing = reference.tables.keys().filter(|name| !actual.tables.contains_key(*name) && !renamed(name));
    let rename = |to: &QName| {
        let from = free_table(actual, reference, renames, to)?.clone();
        Some(Change::RenameTable { from, to: to.clone() })
    };
    missing.filter_map(rename).collect()
}

/// The renames of one table's columns: those that are declared, and those of their spelling alone.
fn columns(has: &Table, wants: &Table, renames: &Renames) -> Vec<Change> {
    let find = |name: &str| renames.spelling.find(has.columns.iter().map(|column| column.name.as_str()), name);
    let free = |old: &str| find(old).filter(|found| wants.column(found).is_none());
    let rename = |wanted: &Column| {
        let new = wanted.name.as_str();
        if has.column(new).is_some() {
            return None;
        }
        let old_names = renames.of_column(&wants.name, new);
        let same = find(new).filter(|same| wants.column(same).is_none());
        let declared = old_names.iter().find_map(|old| free(old)).filter(|old| same.is_none_or(|same| same == *old));
        let transform = declared.and_then(|_| renames.move_to(&wants.name, new).transform);
        let in_place = transform.as_ref().is_none_or(Transform::can_be_repeated);
        let from = declared.or(same)?.to_owned();
        let rename = || Change::RenameColumn { table: wants.name.clone(), from, to: new.to_owned(), transform };
        in_place.then(rename)
    };
    wants.columns.iter().filter_map(rename).collect()
}
