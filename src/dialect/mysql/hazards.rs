//! Why a change may hurt, as the servers' documentation of online DDL has it: what is done in the catalog alone
//! (`INSTANT`), what rewrites the table while it is used, and what copies it while writes wait.

use super::Mysql;
use super::names::within;
use super::widening::{TypeChange, compare};
use crate::model::{Column, Hazard, HazardNote, Index, Property, QName, Vendor, Version, is_working_name};

fn note(hazard: Hazard, why: String) -> HazardNote {
    HazardNote::new(hazard, why)
}

/// The table is copied while writes to it wait.
pub(super) fn copies(table: &QName) -> Vec<HazardNote> {
    vec![
        note(Hazard::RewritesTable, format!("{table} is written anew")),
        note(Hazard::ShareLock, format!("writes to {table} wait while it is copied")),
    ]
}

/// The table is written anew while it is in use.
pub(super) fn rebuilds(table: &QName) -> Vec<HazardNote> {
    vec![note(Hazard::RewritesTable, format!("{table} is written anew"))]
}

/// Values are filled in.
pub(super) fn fills(table: &QName, column: &str) -> Vec<HazardNote> {
    let column = within(table, column);
    vec![
        note(Hazard::RewritesTable, format!("every row of {table} gets its {column}")),
        note(Hazard::ShareLock, format!("writes to rows of {table} wait while {column} is filled")),
    ]
}

/// The server refuses it when rows do not allow it.
pub(super) fn may_fail(why: String) -> HazardNote {
    note(Hazard::MayFailOnData, why)
}

/// A table goes.
pub(super) fn drop_table(table: &QName) -> Vec<HazardNote> {
    vec![
        note(Hazard::DeletesData, format!("{table} is dropped with its rows")),
        note(Hazard::BreaksRunningApplication, format!("what still uses {table} fails")),
        note(Hazard::CannotBeUndone, format!("no statement brings the rows of {table} back")),
    ]
}

/// A name goes.
pub(super) fn rename(what: &str) -> Vec<HazardNote> {
    vec![note(Hazard::BreaksRunningApplication, format!("what still uses {what} fails"))]
}

/// A column merges into another one.
pub(super) fn merge(table: &QName, old: &str) -> Vec<HazardNote> {
    let column = within(table, old);
    let mut notes = drop_stored(&column);
    notes[0] = note(Hazard::DeletesData, format!("{column} is dropped after its values were copied"));
    notes.push(note(Hazard::ExclusiveLock, format!("{table} is locked while the values are copied")));
    notes.extend(rebuilds(table));
    notes
}

fn drop_stored(column: &str) -> Vec<HazardNote> {
    vec![
        note(Hazard::DeletesData, format!("{column} is dropped with its values")),
        note(Hazard::BreaksRunningApplication, format!("what still uses {column} fails")),
        note(Hazard::CannotBeUndone, format!("no statement brings the values of {column} back")),
    ]
}

impl Mysql {
    /// A column comes.
    pub(super) fn adds_column(&self, table: &QName, column: &Column) -> Vec<HazardNote> {
        let stored = column.generated.as_ref().is_some_and(|generated| generated.stored);
        let mut notes = if stored || column.identity.is_some() { copies(table) } else { Vec::new() };
        if needs_value(column) {
            notes.push(may_fail(format!("rows of {table} would have no value for {}", column.name)));
        }
        if column.options.contains_key("check") {
            notes.extend(adds_check(table, &column.name));
        }
        notes
    }

    /// A column goes.
    pub(super) fn drops_column(&self, table: &QName, column: &Column) -> Vec<HazardNote> {
        let name = within(table, &column.name);
        if is_working_name(&column.name) {
            return Vec::new();
        }
        if column.generated.is_some() {
            return rename(&name);
        }
        let mut notes = drop_stored(&name);
        if self.platform.vendor == Vendor::Mysql && self.platform.version < Version(8, 0, 29) {
            notes.extend(rebuilds(table));
        }
        notes
    }

    /// One property of a column changes.
    pub(super) fn alters_column(
        &self,
        table: &QName,
        property: Property,
        from: &Column,
        to: &Column,
    ) -> Vec<HazardNote> {
        let name = within(table, &to.name);
        match property {
            Property::Type => changes_type(table, &name, from, to),
            Property::Collation => changes_collation(table, &name, from.collation.as_deref(), to.collation.as_deref()),
            Property::Generated => changes_generated(table, &name, from, to),
            Property::Identity => copies(table),
            Property::Nullable => self.changes_null(table, &name, to),
            Property::Default | Property::OnUpdate | Property::Comment => Vec::new(),
            Property::Options => changes_options(table, &to.name, from, to),
        }
    }

    fn changes_null(&self, table: &QName, name: &str, to: &Column) -> Vec<HazardNote> {
        let mut notes = if to.nullable && self.is_mariadb() { Vec::new() } else { rebuilds(table) };
        if !to.nullable {
            notes.push(may_fail(format!("{name} may hold NULLs")));
        }
        notes
    }
}

/// Whether rows that exist would get a value that nobody chose.
pub(super) fn needs_value(column: &Column) -> bool {
    !column.nullable && column.default.is_none() && column.generated.is_none() && column.identity.is_none()
}

fn changes_type(table: &QName, name: &str, from: &Column, to: &Column) -> Vec<HazardNote> {
    match compare(&from.data_type, &to.data_type) {
        TypeChange::Instant => Vec::new(),
        TypeChange::Rewrite => copies(table),
        TypeChange::Lossy(how) => {
            let mut notes = copies(table);
            notes.push(note(Hazard::MayLoseData, format!("{name}: {how}")));
            notes
        }
    }
}

/// Other characters may be missing in another character set; `utf8mb4` has them all.
pub(super) fn changes_collation(table: &QName, name: &str, from: Option<&str>, to: Option<&str>) -> Vec<HazardNote> {
    let charset = |collation: Option<&str>| collation.map(|c| c.split('_').next().unwrap_or(c).to_owned());
    let mut notes = copies(table);
    if charset(from) != charset(to) && charset(to).as_deref() != Some("utf8mb4") {
        notes.push(note(Hazard::MayLoseData, format!("{name} changes its character set: it may lack some characters")));
    }
    notes.push(may_fail(format!("values of {name} that were different may be equal in a unique key")));
    notes
}

fn changes_generated(table: &QName, name: &str, from: &Column, to: &Column) -> Vec<HazardNote> {
    match (&from.generated, &to.generated) {
        (Some(old), Some(new)) if !old.stored && !new.stored => Vec::new(),
        (None, Some(_)) => {
            let mut notes = copies(table);
            notes.push(note(Hazard::DeletesData, format!("the values of {name} are replaced by computed ones")));
            notes
        }
        _ => copies(table),
    }
}

fn changes_options(table: &QName, column: &str, from: &Column, to: &Column) -> Vec<HazardNote> {
    let differs = |key: &str| from.options.get(key) != to.options.get(key);
    let mut notes = Vec::new();
    if ["compressed", "charset", "srid", "storage", "column_format"].into_iter().any(differs) {
        notes.extend(copies(table));
    }
    if differs("check") && to.options.contains_key("check") {
        notes.extend(adds_check(table, column));
    }
    notes
}

/// An index is built.
pub(super) fn adds_index(table: &QName, index: &Index, label: &str) -> Vec<HazardNote> {
    let mut notes = vec![note(Hazard::BuildsIndex, format!("{label} is built over the rows of {table}"))];
    if index.method.is_some() {
        notes.push(note(Hazard::ShareLock, format!("writes to {table} wait while {label} is built")));
    }
    if index.unique {
        notes.push(may_fail(format!("rows of {table} may be duplicates by {label}")));
    }
    notes
}

/// An index goes.
pub(super) fn drops_index(table: &QName, index: &Index, label: &str) -> HazardNote {
    let what = if index.unique { "nothing keeps rows unique by" } else { "queries may become slow without" };
    note(Hazard::DropsIndex, format!("{what} {}", within(table, label)))
}

/// A check is checked against the rows, by copying them.
pub(super) fn adds_check(table: &QName, label: &str) -> Vec<HazardNote> {
    let mut notes = copies(table);
    notes.push(may_fail(format!("rows of {table} may violate the check {label}")));
    notes
}

/// A foreign key is checked against the rows, by copying them.
pub(super) fn adds_foreign_key(table: &QName, label: &str, parent: &QName) -> Vec<HazardNote> {
    let mut notes = copies(table);
    notes.push(may_fail(format!("rows of {table} may refer by {label} to rows that {parent} does not have")));
    notes
}
