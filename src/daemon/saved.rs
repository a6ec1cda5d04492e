//! Which records are in the state already, without a second copy of each.

use std::hash::{DefaultHasher, Hash, Hasher};

use jiff::{SignedDuration, Timestamp};

use crate::store::TenantRecord;

/// A record as it was saved last: what it said, and when the tenant had been looked at.
#[derive(Clone, Copy)]
pub struct Saved {
    said: u64,
    checked_at: Option<Timestamp>,
}

impl Saved {
    /// What a record says. The times of looks, which move with every pass, are left out for as long as that takes.
    pub fn of(record: &mut TenantRecord) -> Self {
        let (checked_at, read_at) = (record.checked_at.take(), record.read_at.take());
        let mut hasher = DefaultHasher::new();
        record.hash(&mut hasher);
        (record.checked_at, record.read_at) = (checked_at, read_at);
        Self { said: hasher.finish(), checked_at }
    }

    /// Whether what was saved says the same, of a look that is not much older.
    pub fn covers(&self, present: &Saved, within: SignedDuration) -> bool {
        let age = present.checked_at.zip(self.checked_at).map(|(present, saved)| present.duration_since(saved));
        self.said == present.said && age.is_some_and(|age| age < within)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::TroubleRecord;

    const HOUR: SignedDuration = SignedDuration::from_hours(1);

    fn record(looked_at: &str) -> TenantRecord {
        let record = serde_json::json!({
            "name": "shop", "engine": "sqlite", "server": "", "labels": {}, "schema": "core", "sync": "in_sync",
            "since": "2027-01-01T00:00:00Z", "activity": "idle", "drift": [], "blocked": [], "returned": [],
            "checked_at": looked_at, "read_at": looked_at,
        });
        serde_json::from_value(record).unwrap()
    }

    #[test]
    fn looks_that_find_nothing_new_are_saved_now_and_then() {
        let saved = Saved::of(&mut record("2027-01-01T10:00:00Z"));
        assert!(saved.covers(&Saved::of(&mut record("2027-01-01T10:59:00Z")), HOUR));
        assert!(!saved.covers(&Saved::of(&mut record("2027-01-01T11:00:00Z")), HOUR));
    }

    #[test]
    fn whatever_else_is_new_is_saved_and_nothing_is_lost_on_the_way() {
        let mut record = record("2027-01-01T10:00:00Z");
        let (saved, before) = (Saved::of(&mut record), record.clone());
        assert_eq!(record, before);
        record.trouble = Some(TroubleRecord { what: "it is gone".to_owned(), next: "look".to_owned() });
        assert!(!saved.covers(&Saved::of(&mut record), HOUR));
    }
}
