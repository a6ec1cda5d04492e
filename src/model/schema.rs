//! The structure of one database, as undrift models it.
//!
//! The same types hold what a YAML file declares, what a server reads back from it (the
//! *reference*) and what introspection found in a tenant (*actual*). Type names, defaults and
//! expressions are text in the engine's own spelling: the server is the judge of what is equal.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{GivenNames, QName};

/// Everything modelled in one database.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Schema {
    /// PostgreSQL schemas other than `public`.
    pub namespaces: BTreeSet<String>,
    /// Installed PostgreSQL extensions.
    pub extensions: BTreeSet<String>,
    /// PostgreSQL enum types.
    pub enums: BTreeMap<QName, EnumType>,
    /// Tables.
    pub tables: BTreeMap<QName, Table>,
    /// What exists but is not modelled: views, functions, triggers, …
    pub opaque: Vec<Opaque>,
}

impl Schema {
    /// Whether there is something of this name that is not modelled, or that somebody else keeps.
    pub fn has_beside(&self, name: &QName) -> bool {
        self.opaque.iter().any(|opaque| opaque.name == *name)
    }
}

/// A PostgreSQL enum type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EnumType {
    /// Its name.
    pub name: QName,
    /// Its labels, in order.
    pub labels: Vec<String>,
    /// Its comment.
    pub comment: Option<String>,
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Table {
    /// Its name.
    pub name: QName,
    /// Its columns, in the order of the database. The order is never drift.
    pub columns: Vec<Column>,
    /// The primary key.
    pub primary_key: Option<Index>,
    /// Unique *constraints*. MySQL knows none beside unique indexes: there this is empty.
    pub uniques: Vec<Index>,
    /// Indexes that belong to no constraint.
    pub indexes: Vec<Index>,
    /// Foreign keys.
    pub foreign_keys: Vec<ForeignKey>,
    /// Check constraints.
    pub checks: Vec<Check>,
    /// The comment.
    pub comment: Option<String>,
    /// What else matters, by the engine's own key: `engine`, `collation`, `strict`, `without_rowid`, `fillfactor`, …
    pub options: BTreeMap<String, String>,
    /// Names of constraints that mean nothing to the engine. They are no part of the structure.
    #[serde(skip)]
    pub given_names: GivenNames,
}

impl Table {
    /// A table without anything in it.
    pub fn new(name: QName) -> Self {
        Self {
            name,
            columns: Vec::new(),
            primary_key: None,
            uniques: Vec::new(),
            indexes: Vec::new(),
            foreign_keys: Vec::new(),
            checks: Vec::new(),
            comment: None,
            options: BTreeMap::new(),
            given_names: GivenNames::default(),
        }
    }

    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The column of that name, to change it.
    pub fn column_mut(&mut self, name: &str) -> Option<&mut Column> {
        self.columns.iter_mut().find(|column| column.name == name)
    }
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type as the engine writes it, with parameters: `character varying(255)`, `bigint unsigned`.
    pub data_type: String,
    /// Whether it may be NULL.
    pub nullable: bool,
    /// The default as an SQL expression in the engine's spelling.
    pub default: Option<String>,
    /// The expression that computes it, if it is a generated column.
    pub generated: Option<Generated>,
    /// How the server numbers new rows, if it does.
    pub identity: Option<Identity>,
    /// The collation where it is not the one the column would get anyway.
    pub collation: Option<String>,
    /// MySQL's `ON UPDATE` expression.
    pub on_update: Option<String>,
    /// The comment.
    pub comment: Option<String>,
    /// What else matters, by the engine's own key: `storage`, `compression`, `invisible`, `charset`, …
    pub options: BTreeMap<String, String>,
}

impl Column {
    /// A nullable column of a type, with nothing else to it.
    pub fn new(name: impl Into<String>, data_type: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            data_type: data_type.into(),
            nullable: true,
            default: None,
            generated: None,
            identity: None,
            collation: None,
            on_update: None,
            comment: None,
            options: BTreeMap::new(),
        }
    }
}

/// A generated column's expression.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Generated {
    /// The expression in the engine's spelling.
    pub expr: String,
    /// Whether it is stored (else computed when read).
    pub stored: bool,
}

/// How the server numbers new rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Identity {
    /// Which mechanism.
    pub kind: IdentityKind,
    /// Sequence options that differ from the defaults for the column's type: `start`, `increment`, `min`, `max`, `cache`, `cycle`.
    pub options: BTreeMap<String, String>,
}

/// The mechanisms that number rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IdentityKind {
    /// PostgreSQL `GENERATED ALWAYS AS IDENTITY`.
    Always,
    /// PostgreSQL `GENERATED BY DEFAULT AS IDENTITY`.
    ByDefault,
    /// PostgreSQL: an integer with a sequence that the column owns as default.
    Serial,
    /// MySQL `AUTO_INCREMENT`, SQLite `AUTOINCREMENT`.
    AutoIncrement,
    /// SQLite: `INTEGER PRIMARY KEY`, an alias of the rowid.
    Rowid,
}

/// An index, or the index behind a primary key or unique constraint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Index {
    /// Its name; `None` where the engine keeps none or nobody declared one (then it is not compared).
    pub name: Option<String>,
    /// What is indexed, in order.
    pub parts: Vec<Part>,
    /// Whether it is unique. True for primary keys and unique constraints too.
    pub unique: bool,
    /// The access method where it is not the default: `gin`, `hash`, `fulltext`, `spatial`, …
    pub method: Option<String>,
    /// PostgreSQL `INCLUDE` columns.
    pub include: Vec<String>,
    /// The predicate of a partial index.
    pub predicate: Option<String>,
    /// PostgreSQL 15's `NULLS NOT DISTINCT`.
    pub nulls_not_distinct: bool,
    /// Whether the constraint can be deferred (primary keys and unique constraints).
    pub deferrable: Deferrable,
    /// The comment.
    pub comment: Option<String>,
    /// What else matters, by the engine's own key: `fillfactor`, `parser`, `visible`, `conflict`, …
    pub options: BTreeMap<String, String>,
}

impl Index {
    /// The columns that are indexed as such (expressions left out).
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match &part.source {
            PartSource::Column(name) => Some(name.as_str()),
            PartSource::Expr(_) => None,
        })
    }

    /// Whether both index the same in the same way, names and comments aside.
    pub fn same_definition(&self, other: &Index) -> bool {
        let bare = |index: &Index| Index { name: None, comment: None, ..index.clone() };
        bare(self) == bare(other)
    }
}

/// One thing that is indexed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Part {
    /// A column or an expression.
    pub source: PartSource,
    /// Whether it is sorted downwards.
    pub desc: bool,
    /// Where NULLs go, when that is not the default for the direction.
    pub nulls: Option<Nulls>,
    /// The operator class when it is not the default one.
    pub opclass: Option<String>,
    /// The collation when it is not the column's own.
    pub collation: Option<String>,
    /// MySQL: how many characters are indexed.
    pub prefix: Option<u32>,
}

impl Part {
    /// A column, ascending, with nothing else to it.
    pub fn column(name: impl Into<String>) -> Self {
        Self::of(PartSource::Column(name.into()))
    }

    /// A part with nothing but its source.
    pub fn of(source: PartSource) -> Self {
        Self { source, desc: false, nulls: None, opclass: None, collation: None, prefix: None }
    }
}

/// What an index part is made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PartSource {
    /// A column.
    Column(String),
    /// An expression in the engine's spelling.
    Expr(String),
}

/// Where NULLs are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Nulls {
    /// Before all values.
    First,
    /// After all values.
    Last,
}

/// Whether and how a constraint waits for the end of the transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Deferrable {
    /// Checked at once.
    #[default]
    No,
    /// May be deferred, is not to begin with.
    Immediate,
    /// Deferred to begin with.
    Deferred,
}

/// A foreign key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ForeignKey {
    /// Its name; `None` where the engine keeps none.
    pub name: Option<String>,
    /// The columns that refer.
    pub columns: Vec<String>,
    /// The table referred to.
    pub table: QName,
    /// The columns referred to.
    pub referenced: Vec<String>,
    /// `ON DELETE` in capitals (`CASCADE`, `SET NULL`, …); `None` is the engine's default.
    pub on_delete: Option<String>,
    /// `ON UPDATE`, likewise.
    pub on_update: Option<String>,
    /// Whether it can be deferred.
    pub deferrable: Deferrable,
    /// What else matters: `match: full`, `not_valid: true`, `set_null: a,b`, …
    pub options: BTreeMap<String, String>,
    /// The comment.
    pub comment: Option<String>,
}

impl ForeignKey {
    /// Whether both say the same, names and comments aside.
    pub fn same_definition(&self, other: &ForeignKey) -> bool {
        let bare = |key: &ForeignKey| ForeignKey { name: None, comment: None, ..key.clone() };
        bare(self) == bare(other)
    }
}

/// A check constraint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    /// Its name; `None` where the engine keeps none.
    pub name: Option<String>,
    /// The condition in the engine's spelling, without outer parentheses.
    pub expr: String,
    /// What else matters: `not_valid`, `no_inherit`, `enforced: false`, …
    pub options: BTreeMap<String, String>,
    /// The comment.
    pub comment: Option<String>,
}

impl Check {
    /// Whether both say the same, names and comments aside.
    pub fn same_definition(&self, other: &Check) -> bool {
        self.expr == other.expr && self.options == other.options
    }
}

/// Something that exists and that undrift does not model. It is counted, reported, never touched;
/// its text is there so that a scratch copy can hold it too.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Opaque {
    /// The kind in the engine's words: `view`, `trigger`, `function`, `partitioned table`, …
    pub kind: String,
    /// Its name, qualified as people would write it.
    pub name: QName,
    /// The table that it hangs on, if it hangs on one.
    pub table: Option<QName>,
    /// A statement that makes it again, where the server can give one.
    pub sql: Option<String>,
}
