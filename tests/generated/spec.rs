//! What a generated schema file says, with an identity for every table, column and member that
//! survives renames: so that what is before can be compared with what is after.

use undrift::model::{Engine, QName};

use crate::formula::Formula;
use crate::tree::Tree;
use crate::types::Type;

pub type Id = u32;

/// A schema file for one engine.
#[derive(Clone, Debug)]
pub struct Spec {
    pub engine: Engine,
    pub enums: Vec<Enum>,
    pub tables: Vec<Table>,
    /// The last identity that was given out.
    pub next: Id,
    /// Reserved words that are names already: each is one name only, or a new thing could not be told from an old one.
    pub reserved: Vec<&'static str>,
}

/// A shared enum.
#[derive(Clone, Debug)]
pub struct Enum {
    pub id: Id,
    pub name: QName,
    pub labels: Vec<String>,
    pub check: bool,
    pub comment: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Table {
    pub id: Id,
    pub name: QName,
    pub old: Vec<QName>,
    pub comment: Option<String>,
    pub options: Vec<(String, Tree)>,
    pub columns: Vec<Column>,
    /// The column that numbers the rows of the test and is never changed.
    pub marker: Id,
    pub primary_key: Option<Key>,
    pub members: Vec<Member>,
}

#[derive(Clone, Debug)]
pub struct Key {
    pub name: Option<String>,
    pub columns: Vec<Id>,
}

#[derive(Clone, Debug)]
pub struct Column {
    pub id: Id,
    pub name: String,
    pub old: Vec<String>,
    pub kind: Kind,
    pub nullable: bool,
    pub default: Option<Tree>,
    pub generated: Option<Generated>,
    pub identity: Option<Tree>,
    pub autoincrement: bool,
    pub collation: Option<&'static str>,
    pub on_update: Option<Tree>,
    pub comment: Option<String>,
    pub options: Vec<(String, Tree)>,
    pub backfill: Option<Tree>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    Type(&'static Type),
    Shared(Id),
    Inline { labels: Vec<String>, check: bool },
}

#[derive(Clone, Debug, PartialEq)]
pub struct Generated {
    pub formula: Formula,
    pub stored: bool,
}

#[derive(Clone, Debug)]
pub struct Member {
    pub id: Id,
    pub name: Option<String>,
    pub comment: Option<String>,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq)]
pub enum What {
    Unique {
        columns: Vec<Id>,
        extra: Vec<(&'static str, Tree)>,
    },
    Index {
        parts: Vec<Part>,
        unique: bool,
        filter: Option<Formula>,
        include: Vec<Id>,
        extra: Vec<(&'static str, Tree)>,
    },
    ForeignKey(ForeignKey),
    Check {
        formula: Formula,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    pub source: Source,
    pub extra: Vec<(&'static str, Tree)>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    Column(Id),
    Expr(Formula),
}

#[derive(Clone, Debug, PartialEq)]
pub struct ForeignKey {
    pub columns: Vec<Id>,
    pub table: Id,
    pub referenced: Vec<Id>,
    pub on_delete: Option<&'static str>,
    pub on_update: Option<&'static str>,
    pub deferrable: Option<&'static str>,
    pub full: bool,
}

impl Spec {
    pub fn fresh(&mut self) -> Id {
        self.next += 1;
        self.next
    }

    pub fn table(&self, id: Id) -> Option<&Table> {
        self.tables.iter().find(|table| table.id == id)
    }

    pub fn enumeration(&self, id: Id) -> Option<&Enum> {
        self.enums.iter().find(|enumeration| enumeration.id == id)
    }

    /// The labels of a column's type, if it has any.
    pub fn labels<'a>(&'a self, kind: &'a Kind) -> Option<&'a [String]> {
        match kind {
            Kind::Type(_) => None,
            Kind::Shared(id) => self.enumeration(*id).map(|enumeration| enumeration.labels.as_slice()),
            Kind::Inline { labels, .. } => Some(labels),
        }
    }
}

impl Table {
    pub fn column(&self, id: Id) -> Option<&Column> {
        self.columns.iter().find(|column| column.id == id)
    }

    pub fn column_mut(&mut self, id: Id) -> Option<&mut Column> {
        self.columns.iter_mut().find(|column| column.id == id)
    }

    pub fn foreign_keys(&self) -> impl Iterator<Item = &ForeignKey> {
        self.members.iter().filter_map(|member| match &member.what {
            What::ForeignKey(key) => Some(key),
            _ => None,
        })
    }

    pub fn option(&self, key: &str) -> Option<&Tree> {
        self.options.iter().find(|(known, _)| known == key).map(|(_, value)| value)
    }

    pub fn is_on(&self, key: &str) -> bool {
        self.option(key).is_some()
    }
}

impl What {
    /// The table's own columns that it is about.
    pub fn columns(&self) -> Vec<Id> {
        match self {
            What::Unique { columns, .. } => columns.clone(),
            What::Index { parts, filter, include, .. } => {
                let mut all = include.clone();
                all.extend(filter.iter().flat_map(|formula| formula.columns.clone()));
                all.extend(parts.iter().flat_map(|part| part.source.columns()));
                all
            }
            What::ForeignKey(key) => key.columns.clone(),
            What::Check { formula } => formula.columns.clone(),
        }
    }
}

impl Source {
    pub fn columns(&self) -> Vec<Id> {
        match self {
            Source::Column(id) => vec![*id],
            Source::Expr(formula) => formula.columns.clone(),
        }
    }
}
