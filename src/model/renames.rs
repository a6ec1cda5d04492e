//! Which old names the declared schema knows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Engine, Move, QName, Spelling};

/// The declared old names of tables and columns, and how new columns get values for old rows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renames {
    /// Old names of a table, by its declared name, the most recent first.
    pub tables: BTreeMap<QName, Vec<QName>>,
    /// Old names of a column, by declared table and column, the most recent first.
    pub columns: BTreeMap<QName, BTreeMap<String, Vec<String>>>,
    /// SQL expressions that fill a column of rows that exist, by declared table and column.
    pub fills: BTreeMap<QName, BTreeMap<String, String>>,
    /// How values get from a column's old name to its declared one, where that is not simply as they are.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub moves: BTreeMap<QName, BTreeMap<String, Move>>,
    /// SQL expressions that give a column of another type its values, by declared table and column.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub casts: BTreeMap<QName, BTreeMap<String, String>>,
    /// Which names are one although their case differs: the engine's matter, and no part of what is declared.
    #[serde(skip)]
    pub spelling: Spelling,
}

impl Renames {
    /// No old names, where names are compared as this engine does.
    pub fn none(engine: Engine) -> Self {
        Self { spelling: Spelling::of(engine), ..Self::default() }
    }

    /// Whether a name is among the declared old names of a column.
    pub fn was_column(&self, table: &QName, column: &str, name: &str) -> bool {
        self.of_column(table, column).iter().any(|old| self.spelling.same(old, name))
    }

    /// The declared old names of a column.
    pub fn of_column(&self, table: &QName, column: &str) -> &[String] {
        self.columns.get(table).and_then(|columns| columns.get(column)).map_or(&[], Vec::as_slice)
    }

    /// The declared old names of a table.
    pub fn of_table(&self, table: &QName) -> &[QName] {
        self.tables.get(table).map_or(&[], Vec::as_slice)
    }

    /// The expression that fills a column of rows that exist.
    pub fn fill_of(&self, table: &QName, column: &str) -> Option<&String> {
        self.fills.get(table).and_then(|columns| columns.get(column))
    }

    /// How values get from a column's old name to its declared one.
    pub fn move_to(&self, table: &QName, column: &str) -> Move {
        self.moves.get(table).and_then(|columns| columns.get(column)).cloned().unwrap_or_default()
    }

    /// The expression that gives a column of another type its values.
    pub fn cast_of(&self, table: &QName, column: &str) -> Option<&String> {
        self.casts.get(table).and_then(|columns| columns.get(column))
    }
}
