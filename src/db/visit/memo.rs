//! What is remembered of a tenant between two visits.

use std::time::{Duration, Instant};

use crate::db::postgres::Activity;
use crate::db::sqlite::Stamp;
use crate::model::Hash;

/// What the last visit learned, for the next one to compare with. Opaque, and private to one tenant.
#[derive(Clone, Debug)]
pub struct Memo {
    pub(super) key: Hash,
    pub(super) read: Instant,
    pub(super) activity: Option<Activity>,
    pub(super) stamp: Option<Stamp>,
}

impl Memo {
    /// When the catalog itself was read last, and not only signs that nothing happened.
    pub fn read_at(&self) -> Instant {
        self.read
    }

    /// The raw key of that reading.
    pub fn key(&self) -> Hash {
        self.key
    }

    /// Whether the server counted no write since before that reading, which is long enough ago for all
    /// that was written until then to have been counted.
    pub(super) fn is_idle(&self, activity: Option<&Activity>, lag: Duration) -> bool {
        activity.is_some() && self.activity.as_ref() == activity && self.read.elapsed() >= lag
    }
}
