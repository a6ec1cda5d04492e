//! A catalog's rows before anybody has asked what they mean.

use super::{DbError, Reading, mysql, postgres, sqlite};
use crate::model::Hash;

/// How much of a catalog is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// All of it.
    Whole,
    /// What is modelled, and nothing that is only kept as text.
    Modelled,
}

/// A complete reading of a catalog that is not worked out yet. Most are never: their key says that nothing
/// changed, and they are dropped.
pub struct Glance {
    key: Hash,
    rows: Rows,
}

enum Rows {
    Postgres(Box<postgres::Rows>),
    Mysql(Box<mysql::Rows>),
    Sqlite(Box<sqlite::Rows>),
}

impl Glance {
    pub(super) fn postgres(key: Hash, rows: postgres::Rows) -> Self {
        Self { key, rows: Rows::Postgres(Box::new(rows)) }
    }

    pub(super) fn mysql(key: Hash, rows: mysql::Rows) -> Self {
        Self { key, rows: Rows::Mysql(Box::new(rows)) }
    }

    pub(super) fn sqlite(key: Hash, rows: sqlite::Rows) -> Self {
        Self { key, rows: Rows::Sqlite(Box::new(rows)) }
    }

    /// The *raw key*: the hash of what the server returned. Two glances at one tenant with the same key
    /// describe the same structure. Keys of different tenants differ even if their structures do not.
    pub fn key(&self) -> Hash {
        self.key
    }

    /// The part of the key that the modelled structure comes from; all of it, where there is no cheaper reading of that part
    /// alone.
    pub(super) fn structure(&self) -> Hash {
        match &self.rows {
            Rows::Mysql(rows) => rows.structure(),
            Rows::Postgres(_) | Rows::Sqlite(_) => self.key,
        }
    }

    /// Works out what the rows describe.
    ///
    /// # Errors
    /// [`Trouble::Unreadable`](super::Trouble::Unreadable) where they make no sense to this version of undrift.
    pub fn reading(self) -> Result<Reading, DbError> {
        match self.rows {
            Rows::Postgres(rows) => rows.reading(self.key),
            Rows::Mysql(rows) => rows.reading(self.key),
            Rows::Sqlite(rows) => rows.reading(self.key),
        }
    }
}
