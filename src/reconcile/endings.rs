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
    alike: Hash,
    /// The structure that the plan leads to.
    end: Fingerprint,
}

impl Beginning {
    /// Of a tenant that a visit found to be kept so ([`Memo::alike`]) before a plan with this end.
    pub(super) fn of(target: &Target, alike: Hash, end: Fingerprint) -> Self {
        let server = (target.engine() != Engine::Sqlite).then(|| target.server());
        Self { server, alike, end }
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
    use crate::model::Schema;

    fn beginning(url: &str, start: usize) -> Beginning {
        let end = Fingerprint::of(&Schema::default());
        Beginning::of(&Target::parse(url).unwrap(), Hash::of(start.to_string()), end)
    }

    #[test]
    fn beginnings_are_a_servers_own_except_of_files() {
        assert_eq!(beginning("sqlite:/a.db", 1), beginning("sqlite:/b.db", 1));
        assert_eq!(beginning("postgres://h/a", 1), beginning("postgres://h/b", 1));
        assert_ne!(beginning("postgres://h/a", 1), beginning("postgres://i/a", 1));
        assert_ne!(beginning("sqlite:/a.db", 1), beginning("sqlite:/a.db", 2));
    }

    #[test]
    fn there_are_not_too_many() {
        let endings = Endings::default();
        let start = |number| beginning("sqlite:/a.db", number);
        (0..=MOST).for_each(|number| endings.remember(start(number), Ending::Unlike));
        endings.remember(start(0), Ending::Unlike);
        assert!(endings.of(&start(MOST - 1)).is_some() && endings.of(&start(MOST)).is_none());
    }
}
