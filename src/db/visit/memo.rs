//! What is remembered of a tenant between two visits.

use std::time::{Duration, Instant};

use crate::db::Glance;
use crate::db::postgres::{Activity, Kinds};
use crate::db::sqlite::Stamp;
use crate::model::Hash;

/// What the last visit learned, for the next one to compare with. Opaque, and about one tenant; of another it tells only
/// where that is kept in the same way, on the same server.
#[derive(Clone, Debug)]
pub struct Memo {
    key: Hash,
    read: Instant,
    beside: Beside,
}

/// What there is to compare with beside the key.
#[derive(Clone, Debug)]
enum Beside {
    Postgres {
        /// Of which kinds there are objects.
        kinds: Kinds,
        activity: Option<Activity>,
        /// The first reading of several that found the same, with nothing counted in between.
        quiet: Instant,
    },
    Mysql {
        /// What the key has of tables alone.
        structure: Hash,
    },
    Sqlite {
        stamp: Option<Stamp>,
    },
}

impl Memo {
    fn new(key: Hash, beside: Beside) -> Self {
        Self { key, read: Instant::now(), beside }
    }

    /// What PostgreSQL's signs with this hash are told by, read just now: of objects of these kinds, after the server
    /// had counted so much.
    pub(in crate::db) fn postgres(key: Hash, kinds: Kinds, activity: Option<Activity>) -> Self {
        Self::new(key, Beside::Postgres { kinds, activity, quiet: Instant::now() })
    }

    /// What such a glance at a MySQL database learned, just now.
    pub(in crate::db) fn mysql(glance: &Glance) -> Self {
        Self::new(glance.key(), Beside::Mysql { structure: glance.structure() })
    }

    /// What SQLite's texts with this key are told by, read just now from a file that looked like this before.
    pub(in crate::db) fn sqlite(key: Hash, stamp: Option<Stamp>) -> Self {
        Self::new(key, Beside::Sqlite { stamp })
    }

    /// When the catalog itself was read last, and not only signs that nothing happened.
    pub fn read_at(&self) -> Instant {
        self.read
    }

    /// The raw key of that reading.
    pub fn key(&self) -> Hash {
        self.key
    }

    /// What tenants of one server have in common that keep the same structure in the same way.
    pub fn alike(&self) -> Hash {
        match self.beside {
            Beside::Mysql { structure } => structure,
            Beside::Postgres { .. } | Beside::Sqlite { .. } => self.key,
        }
    }

    /// What PostgreSQL is asked for, and what it has to answer.
    pub(in crate::db) fn signs(&self) -> (Hash, Kinds) {
        match self.beside {
            Beside::Postgres { kinds, .. } => (self.key, kinds),
            Beside::Mysql { .. } | Beside::Sqlite { .. } => (self.key, Kinds::default()),
        }
    }

    /// What the SQLite file looked like from outside, unless it was in motion.
    pub(super) fn stamp(&self) -> Option<Stamp> {
        match self.beside {
            Beside::Sqlite { stamp } => stamp,
            Beside::Postgres { .. } | Beside::Mysql { .. } => None,
        }
    }

    /// The memo of a visit that found what the one before did. Visits that come faster than the server counts must not
    /// put off for ever that it is believed.
    pub(super) fn after(mut self, before: Option<&Memo>) -> Self {
        if let Beside::Postgres { activity: Some(counted), quiet, .. } = &mut self.beside
            && let Some(Memo { key, beside: Beside::Postgres { activity: Some(same), quiet: since, .. }, .. }) = before
            && (key, same) == (&self.key, counted)
        {
            *quiet = *since;
        }
        self
    }

    /// Whether the server counted no write since before the catalog was read so for the first time, which is long
    /// enough ago for all that was written until then to have been counted.
    pub(super) fn is_idle(&self, now: Option<&Activity>, lag: Duration) -> bool {
        match &self.beside {
            Beside::Postgres { activity: Some(counted), quiet, .. } => now == Some(counted) && quiet.elapsed() >= lag,
            _ => false,
        }
    }
}
