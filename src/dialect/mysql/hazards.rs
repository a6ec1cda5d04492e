//! Why a change may hurt: what becomes of the rows, and what the way in which it is expected to be carried out
//! ([`effects`]) means for the table.

use super::Mysql;
use super::effects::{self, Kind};
use super::names::within;
use super::online::Way;
use super::widening::{TypeChange, compare};
use crate::model::{Column, Hazard, HazardNote, Index, Property, QName, Table};

fn note(hazard: Hazard, why: String) -> HazardNote {
    HazardNote::new(hazard, why)
}

/// What a way to carry out an `ALTER TABLE` does. `rewrites`: whether `INPLACE` writes this table anew.
pub(super) fn of_way(way: Way, table: &QName, rewrites: bool) -> Vec<HazardNote> {
    let mut notes = Vec::new();
    if way.copies() {
        notes.push(note(Hazard::CopiesTable, format!("{table} is copied row by row")));
    }
    if way.copies() || (rewrites && matches!(way, Way::Inplace | Way::InplaceShared)) {
        notes.extend(rebuilds(table));
    }
    if way.stops_writers() {
        notes.push(note(Hazard::ShareLock, format!("writes to {table} wait until it is done")));
    }
    notes
}

/// The table is copied while writes to it wait.
pub(super) fn copies(table: &QName) -> Vec<HazardNote> {
    of_way(Way::Copy, table, true)
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

/// What storage engines do not keep, by their names.
const ENGINES: [(&str, &str); 8] = [
    ("memory", "its rows are gone when the server starts again, and its foreign keys at once"),
    ("heap", "its rows are gone when the server starts again, and its foreign keys at once"),
    ("blackhole", "it keeps no rows"),
    ("archive", "it updates and deletes no rows, and has neither foreign keys nor indexes"),
    ("csv", "it has neither transactions, nor foreign keys, nor indexes"),
    ("ndb", "the server may not see foreign keys and checks as before"),
    ("ndbcluster", "the server may not see foreign keys and checks as before"),
    ("rocksdb", "it has no foreign keys"),
];

/// A table gets a storage engine that keeps less than InnoDB.
pub(super) fn loses_with_engine(table: &QName, engine: &str) -> Option<HazardNote> {
    let name = engine.to_ascii_lowercase();
    if name == "innodb" {
        return None;
    }
    let usual = "it has neither transactions nor foreign keys: what is cut short stays half done";
    let lost = ENGINES.iter().find(|(known, _)| *known == name).map_or(usual, |(_, lost)| lost);
    Some(note(Hazard::MayLoseData, format!("{table} becomes a table of {engine}: {lost}")))
}

/// An index that stays is built again.
pub(super) fn index_anew(table: &QName, index: &Index) -> HazardNote {
    let label = index.name.as_deref().unwrap_or_default();
    note(Hazard::BuildsIndex, format!("{label}, which stays, is built anew over the rows of {table}"))
}

/// A foreign key that stays is away for a while.
pub(super) fn unguarded(table: &QName, label: &str) -> HazardNote {
    may_fail(format!(
        "while {label} is away, rows of {table} may come that refer to nothing: they keep it from coming back"
    ))
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
    /// What the way in which a kind of change is carried out does to the table.
    pub(super) fn does(&self, kind: Kind, table: &QName) -> Vec<HazardNote> {
        let way = effects::way(kind, &self.platform);
        let rewrites = matches!(
            kind,
            Kind::AddNumberedColumn
                | Kind::AddPrimaryKey
                | Kind::AddClusteringKey
                | Kind::ReplacePrimaryKey
                | Kind::MakeNotNull
                | Kind::MakeNullable
                | Kind::SetRowFormat
                | Kind::AddFulltextIndex
                | Kind::DropColumn
        );
        of_way(way, table, rewrites)
    }

    /// A column comes.
    pub(super) fn adds_column(&self, table: &QName, column: &Column) -> Vec<HazardNote> {
        let mut notes = self.does(addition(column), table);
        if needs_value(column) {
            notes.push(may_fail(format!("rows of {table} would have no value for {}", column.name)));
        }
        if column.options.contains_key("check") {
            if !self.is_mariadb() {
                notes.extend(self.does(Kind::AddCheck, table));
            }
            notes.push(may_violate(table, &column.name));
        }
        notes
    }

    /// A column goes.
    pub(super) fn drops_column(&self, table: &QName, column: &Column) -> Vec<HazardNote> {
        let name = within(table, &column.name);
        if let Some(generated) = &column.generated {
            let kind = if generated.stored { Kind::DropColumn } else { Kind::DropVirtualColumn };
            return rename(&name).into_iter().chain(self.does(kind, table)).collect();
        }
        drop_stored(&name).into_iter().chain(self.does(Kind::DropColumn, table)).collect()
    }

    /// One property of a column changes.
    pub(super) fn alters_column(
        &self,
        table: &Table,
        property: Property,
        from: &Column,
        to: &Column,
    ) -> Vec<HazardNote> {
        let name = within(&table.name, &to.name);
        match property {
            Property::Type => self.changes_type(table, &name, from, to),
            Property::Collation => {
                let indexed = table.indexes.iter().chain(&table.primary_key).flat_map(Index::columns);
                let indexed = indexed.into_iter().any(|column| column == to.name);
                self.changes_collation(
                    &table.name,
                    &name,
                    [from.collation.as_deref(), to.collation.as_deref()],
                    indexed,
                )
            }
            Property::Generated => self.changes_generated(&table.name, &name, from, to),
            Property::Identity => {
                let kind = if to.identity.is_some() { Kind::StartNumbering } else { Kind::StopNumbering };
                self.does(kind, &table.name)
            }
            Property::Nullable => self.changes_null(&table.name, &name, to),
            Property::Default | Property::OnUpdate => self.does(Kind::SetDefault, &table.name),
            Property::Comment => self.does(Kind::SetComment, &table.name),
            Property::Options => changes_options(&table.name, &to.name, from, to),
        }
    }

    fn changes_null(&self, table: &QName, name: &str, to: &Column) -> Vec<HazardNote> {
        let mut notes = self.does(if to.nullable { Kind::MakeNullable } else { Kind::MakeNotNull }, table);
        if !to.nullable {
            notes.push(may_fail(format!("{name} may hold NULLs")));
        }
        notes
    }

    fn changes_type(&self, table: &Table, name: &str, from: &Column, to: &Column) -> Vec<HazardNote> {
        let (old, new) = (&from.data_type, &to.data_type);
        let loss = |how: &str| vec![note(Hazard::MayLoseData, format!("{name}: {old} becomes {new}: {how}"))];
        let mut notes = match compare(old, new, self.platform.vendor) {
            TypeChange::Instant => return self.does(Kind::WidenInPlace, &table.name),
            TypeChange::Rewrite => Vec::new(),
            TypeChange::Narrows => loss("not every value may fit"),
            TypeChange::Converts => loss("not every value may be one"),
        };
        notes.extend(self.does(Kind::ChangeType, &table.name));
        notes
    }

    /// Other characters may be missing in another character set; `utf8mb4` has them all.
    pub(super) fn changes_collation(
        &self,
        table: &QName,
        name: &str,
        [from, to]: [Option<&str>; 2],
        indexed: bool,
    ) -> Vec<HazardNote> {
        let charset = |collation: Option<&str>| collation.map(|c| c.split('_').next().unwrap_or(c).to_owned());
        let (old, new) = (charset(from), charset(to));
        // MariaDB takes the bytes of the one for those of the other.
        let grows = self.is_mariadb()
            && matches!(old.as_deref(), Some("utf8" | "utf8mb3"))
            && new.as_deref() == Some("utf8mb4");
        let kind = match (old == new || grows, indexed) {
            (false, _) => Kind::ChangeType,
            (true, true) => Kind::ChangeIndexedCollation,
            (true, false) => Kind::ChangeCollation,
        };
        let mut notes = self.does(kind, table);
        if old != new && new.as_deref() != Some("utf8mb4") {
            let why = format!("{name} changes its character set: it may lack some characters");
            notes.push(note(Hazard::MayLoseData, why));
        }
        notes.push(may_fail(format!("values of {name} that were different may be equal in a unique key")));
        notes
    }

    fn changes_generated(&self, table: &QName, name: &str, from: &Column, to: &Column) -> Vec<HazardNote> {
        match (&from.generated, &to.generated) {
            (Some(old), Some(new)) if !old.stored && !new.stored => self.does(Kind::ChangeVirtualExpression, table),
            (None, Some(_)) => {
                let mut notes = self.does(Kind::ChangeStoredExpression, table);
                notes.push(note(Hazard::DeletesData, format!("the values of {name} are replaced by computed ones")));
                notes
            }
            _ => self.does(Kind::ChangeStoredExpression, table),
        }
    }

    /// An index is built. A unique one over columns that are never NULL gives a table its order that has no primary key.
    pub(super) fn adds_index(&self, table: &QName, index: &Index, label: &str, clusters: bool) -> Vec<HazardNote> {
        let mut notes = vec![note(Hazard::BuildsIndex, format!("{label} is built over the rows of {table}"))];
        notes.extend(self.does(index_kind(index, clusters), table));
        if index.unique {
            notes.push(may_fail(format!("rows of {table} may be duplicates by {label}")));
        }
        notes
    }

    /// A check is checked against the rows.
    pub(super) fn adds_check(&self, table: &QName, label: &str) -> Vec<HazardNote> {
        let mut notes = self.does(Kind::AddCheck, table);
        notes.push(may_violate(table, label));
        notes
    }

    /// A foreign key is checked against the rows.
    pub(super) fn adds_foreign_key(&self, table: &QName, label: &str, parent: &QName) -> Vec<HazardNote> {
        let mut notes = self.does(Kind::AddForeignKey, table);
        notes.push(may_fail(format!("rows of {table} may refer by {label} to rows that {parent} does not have")));
        notes
    }
}

/// Which kind of addition a new column is.
fn addition(column: &Column) -> Kind {
    match (&column.generated, &column.identity, &column.default) {
        (Some(generated), ..) if generated.stored => Kind::AddStoredColumn,
        (Some(_), ..) => Kind::AddVirtualColumn,
        (_, Some(_), _) => Kind::AddNumberedColumn,
        (.., Some(default)) if is_expression(default) => Kind::AddColumnWithExpression,
        _ => Kind::AddColumn,
    }
}

/// Whether a default is computed for each row. The server puts the present time in by itself.
fn is_expression(default: &str) -> bool {
    let text = default.trim_start_matches('(').to_ascii_lowercase();
    let calls = text.contains('(') && !text.starts_with('\'');
    calls && !["current_timestamp", "now(", "localtime"].iter().any(|word| text.starts_with(word))
}

fn index_kind(index: &Index, clusters: bool) -> Kind {
    match index.method.as_deref().map(str::to_ascii_lowercase).as_deref() {
        Some("fulltext") => Kind::AddFulltextIndex,
        Some("spatial") => Kind::AddSpatialIndex,
        _ if clusters => Kind::AddClusteringKey,
        _ => Kind::AddIndex,
    }
}

fn may_violate(table: &QName, label: &str) -> HazardNote {
    may_fail(format!("rows of {table} may violate the check {label}"))
}

/// Whether rows that exist would get a value that nobody chose.
pub(super) fn needs_value(column: &Column) -> bool {
    !column.nullable && column.default.is_none() && column.generated.is_none() && column.identity.is_none()
}

fn changes_options(table: &QName, column: &str, from: &Column, to: &Column) -> Vec<HazardNote> {
    let differs = |key: &str| from.options.get(key) != to.options.get(key);
    let mut notes = Vec::new();
    if ["compressed", "charset", "srid", "storage", "column_format"].into_iter().any(differs) {
        notes.extend(copies(table));
    }
    if differs("check") && to.options.contains_key("check") {
        notes.extend(copies(table));
        notes.push(may_violate(table, column));
    }
    notes
}

/// An index goes.
pub(super) fn drops_index(table: &QName, index: &Index, label: &str) -> HazardNote {
    let what = if index.unique { "nothing keeps rows unique by" } else { "queries may become slow without" };
    note(Hazard::DropsIndex, format!("{what} {}", within(table, label)))
}
