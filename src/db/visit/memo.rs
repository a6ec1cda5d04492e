//! What is remembered of a tenant between two visits.

use std::time::{Duration, Instant};

use crate::db::postgres::{Activity, Kinds};
use crate::db::sqlite::Stamp;
use crate::model::Hash;

/// What the last visit learned, for the next one to compare with. Opaque, and private to one tenant.
#[derive(Clone, Debug)]
pub struct Memo {
    pub(super) key: Hash,
    pub(super) read: Instant,
    /// The first reading of several that found the same, with nothing counted in between.
    pub(super) quiet: Instant,
    pub(super) activity: Option<Activity>,
    /// Of which kinds PostgreSQL has objects there.
    pub(super) kinds: Kinds,
    pub(super) stamp: Option<Stamp>,
}

impl Memo {
    /// What a reading with this key learned, just now.
    pub(in crate::db) fn new(key: Hash) -> Self {
        let now = Instant::now();
        Self { key, read: now, quiet: now, activity: None, kinds: Kinds::default(), stamp: None }
    }

    /// What PostgreSQL's signs with this hash are told by, of objects of these kinds.
    pub(in crate::db) fn of_signs(key: Hash, kinds: Kinds) -> Self {
        Self { kinds, ..Self::new(key) }
    }

    /// When the catalog itself was read last, and not only signs that nothing happened.
    pub fn read_at(&self) -> Instant {
        self.read
    }

    /// The raw key of that reading.
    pub fn key(&self) -> Hash {
        self.key
    }

    /// What PostgreSQL is asked for, and what it has to answer.
    pub(in crate::db) fn signs(&self) -> (Hash, Kinds) {
        (self.key, self.kinds)
    }

    /// The memo of a visit that found what the one before did. Visits that come faster than the server counts must not
    /// put off for ever that it is believed.
    pub(super) fn after(self, before: Option<&Memo>) -> Self {
        let same =
            |before: &&Memo| self.activity.is_some() && (before.key, before.activity) == (self.key, self.activity);
        let quiet = before.filter(same).map_or(self.quiet, |before| before.quiet);
        Self { quiet, ..self }
    }

    /// Whether the server counted no write since before the catalog was read so for the first time, which is long
    /// enough ago for all that was written until then to have been counted.
    pub(super) fn is_idle(&self, activity: Option<&Activity>, lag: Duration) -> bool {
        activity.is_some() && self.activity.as_ref() == activity && self.quiet.elapsed() >= lag
    }
}
