//! What is worked out once for many, by whoever needs it first. The others wait, but not for ever: the first one's server
//! may have stopped answering, and they have servers of their own.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::time::timeout;

/// How long somebody else's work is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// How much is kept. What is needed again after that is worked out again.
const MOST: usize = 128;

/// Results by what they are the results for.
pub(super) struct Shared<K, V> {
    slots: Mutex<BTreeMap<K, Arc<Slot<V>>>>,
    patience: Duration,
}

struct Slot<V> {
    made: OnceLock<V>,
    making: tokio::sync::Mutex<()>,
}

impl<K, V> Default for Shared<K, V> {
    fn default() -> Self {
        Self { slots: Mutex::default(), patience: PATIENCE }
    }
}

impl<K: Ord, V: Clone> Shared<K, V> {
    /// What was worked out, if it was.
    pub(super) fn get(&self, key: &K) -> Option<V> {
        self.slots().get(key)?.made.get().cloned()
    }

    /// What was worked out, or else what comes of this now. It is kept if `lasts` says so.
    pub(super) async fn get_or(&self, key: K, work: impl Future<Output = V>, lasts: impl Fn(&V) -> bool) -> V {
        let slot = self.slot(key);
        let _making = timeout(self.patience, slot.making.lock()).await;
        if let Some(made) = slot.made.get() {
            return made.clone();
        }
        let made = work.await;
        if lasts(&made) {
            // Of two who did the same work one is the first.
            let _ = slot.made.set(made.clone());
        }
        made
    }

    fn slot(&self, key: K) -> Arc<Slot<V>> {
        let mut slots = self.slots();
        if slots.len() >= MOST && !slots.contains_key(&key) {
            slots.retain(|_, slot| Arc::strong_count(slot) > 1);
        }
        let new = || Arc::new(Slot { made: OnceLock::new(), making: tokio::sync::Mutex::default() });
        slots.entry(key).or_insert_with(new).clone()
    }

    fn slots(&self) -> MutexGuard<'_, BTreeMap<K, Arc<Slot<V>>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    #[tokio::test]
    async fn what_is_made_for_one_is_there_for_all() {
        let shared = Shared::default();
        let (first, second) = tokio::join!(
            shared.get_or(
                1,
                async {
                    tokio::task::yield_now().await;
                    "first"
                },
                |_| true
            ),
            shared.get_or(1, ready("second"), |_| true),
        );
        assert_eq!((first, second, shared.get(&1), shared.get(&2)), ("first", "first", Some("first"), None));
    }

    #[tokio::test]
    async fn what_does_not_last_is_made_again() {
        let shared = Shared::default();
        assert_eq!(shared.get_or(1, ready("no answer"), |made| *made == "made").await, "no answer");
        assert_eq!(shared.get_or(1, ready("made"), |made| *made == "made").await, "made");
        assert_eq!(shared.get(&1), Some("made"));
    }

    #[tokio::test]
    async fn whoever_never_gets_done_holds_nobody_for_ever() {
        let shared = Shared { patience: Duration::from_millis(20), ..Shared::default() };
        let stuck = shared.get_or(1, pending(), |_| true);
        let other = shared.get_or(1, ready("other"), |_| true);
        let done = tokio::select! {
            biased;
            made = stuck => made,
            made = other => made,
        };
        assert_eq!((done, shared.get(&1)), ("other", Some("other")));
        assert_eq!(shared.get_or(2, ready("another"), |_| true).await, "another");
    }

    #[tokio::test]
    async fn not_everything_is_kept() {
        let shared = Shared::default();
        for key in 0..=MOST {
            shared.get_or(key, ready(()), |()| true).await;
        }
        assert!(shared.get(&0).is_none() && shared.get(&MOST).is_some());
    }
}
