//! Declared renames that a database still has before it.

use crate::model::{Change, QName, Renames, Schema, Transform};

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
        let free = |old: &&QName| actual.tables.contains_key(*old) && !reference.tables.contains_key(*old);
        let Some(old) = old_names.iter().find(free) else { continue };
        if actual.tables.contains_key(new) {
            both.push(Both { old: old.clone(), new: new.clone() });
        } else {
            changes.push(Change::RenameTable { from: old.clone(), to: new.clone() });
        }
    }
    let renamed = actual.evolve(&changes);
    for table in renames.columns.keys() {
        changes.extend(columns(&renamed, reference, renames, table));
    }
    (changes, both)
}

fn columns(actual: &Schema, reference: &Schema, renames: &Renames, table: &QName) -> Vec<Change> {
    let (Some(has), Some(wants)) = (actual.tables.get(table), reference.tables.get(table)) else { return Vec::new() };
    let rename = |(new, old_names): (&String, &Vec<String>)| {
        if has.column(new).is_some() || wants.column(new).is_none() {
            return None;
        }
        let free = |old: &&String| has.column(old).is_some() && wants.column(old).is_none();
        let old = old_names.iter().find(free)?;
        let transform = renames.move_to(table, new).transform;
        let in_place = transform.as_ref().is_none_or(Transform::can_be_repeated);
        let rename = || Change::RenameColumn { table: table.clone(), from: old.clone(), to: new.clone(), transform };
        in_place.then(rename)
    };
    renames.columns[table].iter().filter_map(rename).collect()
}
