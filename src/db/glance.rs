//! A catalog's rows before anybody has asked what they mean.

use super::{DbError, Reading, Trouble, mysql, postgres, sqlite};
use crate::dialect::form::{Author, excerpt};
use crate::dialect::texts::{self, Stray};
use crate::model::{Engine, Hash, Renames};

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
        let (engine, reading) = match self.rows {
            Rows::Postgres(rows) => (Engine::Postgres, rows.reading(self.key)?),
            Rows::Mysql(rows) => (Engine::Mysql, rows.reading(self.key)?),
            Rows::Sqlite(rows) => (Engine::Sqlite, rows.reading(self.key)?),
        };
        let strays = texts::strays(engine, &reading.schema, &Renames::default(), Author::Server);
        strays.into_iter().next().map_or(Ok(reading), |stray| Err(refused(&stray)))
    }
}

/// A text of the catalog is not what it should be. Nothing is made of it, so nothing of this database is known.
fn refused(stray: &Stray) -> DbError {
    let place = [stray.table.as_ref().map(ToString::to_string), stray.item.clone()];
    let place: Vec<String> = place.into_iter().flatten().collect();
    let message =
        format!("its {} is not {}: {}, in `{}`", stray.role, stray.expected, stray.misfit.why, excerpt(&stray.text));
    DbError::new(Trouble::Unreadable, format!("read {}", place.join(".")), message)
        .with_remedy("look at it with the server's own client: nothing is run that is not what it should be")
}
