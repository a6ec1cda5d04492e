//! What tenants of one shape were like when a plan had run on them.
//!
//! Tenants that are clones of one, or have the same history, keep their structure in the same way, and still do after
//! the same plan. Then the next one's end need not be read and worked out anew: it is enough that it is kept as the
//! first one's is.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::db::{Memo, Target};
use crate::model::{Engine, Fingerprint, Hash};

/// More are not remembered: tenants that are not kept alike would each have one of their own.
const MOST: usize = 256;

/// What tenants have in common that will be kept alike when a plan has run on them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Beginning {
    /// Catalogs have numbers for what a server brings along, and those are the server's own. SQLite's have none.
    server: Option<String>,
    /// How the structure was kept before.
    key: Hash,
    /// The structure that the plan leads to.
    end: Fingerprint,
}

impl Beginning {
    /// Of a tenant of which a visit learned this before a plan with this end.
    pub(super) fn of(target: &Target, start: &Memo, end: Fingerprint) -> Self {
        let server = (target.engine() != Engine::Sqlite).then(|| target.server());
        Self { server, key: start.key(), end }
    }
}

/// How tenants with one beginning ended.
#[derive(Clone)]
pub(super) enum Ending {
    /// All of them are kept in the way that this tells.
    Alike(Memo),
    /// What is new has numbers of its own in each.
    Unlike,
}

/// The ending of each beginning.
#[derive(Default)]
pub(super) struct Endings(Mutex<BTreeMap<Beginning, Ending>>);

impl Endings {
    pub(super) fn of(&self, beginning: &Beginning) -> Option<Ending> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(beginning).cloned()
    }

    pub(super) fn remember(&self, beginning: Beginning, ending: Ending) {
        let mut endings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if endings.len() < MOST || endings.contains_key(&beginning) {
            endings.insert(beginning, ending);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginnings_are_a_servers_own_except_of_files() {
        let (key, end) = (Memo::new(Hash::of("start")), Fingerprint::of(&Default::default()));
        let of = |url: &str| Beginning::of(&Target::parse(url).unwrap(), &key, end);
        assert_eq!(of("sqlite:/a.db"), of("sqlite:/b.db"));
        assert_eq!(of("postgres://h/a"), of("postgres://h/b"));
        assert_ne!(of("postgres://h/a"), of("postgres://i/a"));
    }

    #[test]
    fn a_later_ending_counts_and_there_are_not_too_many() {
        let endings = Endings::default();
        let beginning = |number: usize| {
            let start = Memo::new(Hash::of(&number.to_string()));
            Beginning::of(&Target::parse("sqlite:/a.db").unwrap(), &start, Fingerprint::of(&Default::default()))
        };
        (0..MOST + 1).for_each(|number| endings.remember(beginning(number), Ending::Alike(Memo::new(Hash::of("end")))));
        endings.remember(beginning(0), Ending::Unlike);
        assert!(matches!(endings.of(&beginning(0)), Some(Ending::Unlike)));
        assert!(matches!(endings.of(&beginning(1)), Some(Ending::Alike(_))));
        assert!(endings.of(&beginning(MOST)).is_none());
    }
}
