//! What waits for one hook.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::Event;

/// A queue that never makes anybody wait: where it is full, the oldest goes.
pub(super) struct Queue {
    most: usize,
    inner: Mutex<Inner>,
    changed: Notify,
}

#[derive(Default)]
struct Inner {
    waiting: VecDeque<Arc<Event>>,
    closed: bool,
}

impl Queue {
    /// A queue for so many events.
    pub(super) fn new(most: usize) -> Self {
        Self { most, inner: Mutex::default(), changed: Notify::new() }
    }

    /// Adds an event, and returns the one that had to go for it.
    pub(super) fn push(&self, event: Arc<Event>) -> Option<Arc<Event>> {
        let mut inner = self.lock();
        let gone = if inner.waiting.len() >= self.most { inner.waiting.pop_front() } else { None };
        inner.waiting.push_back(event);
        self.changed.notify_one();
        gone
    }

    /// Nothing is added any more.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_one();
    }

    /// The oldest event, as soon as there is one; nothing once the queue is closed and empty.
    pub(super) async fn pop(&self) -> Option<Arc<Event>> {
        loop {
            let (event, closed) = self.take();
            if event.is_some() || closed {
                return event;
            }
            // Each change leaves a permit behind, so that none is missed between the look and the wait.
            self.changed.notified().await;
        }
    }

    /// How many are waiting.
    pub(super) fn len(&self) -> usize {
        self.lock().waiting.len()
    }

    fn take(&self) -> (Option<Arc<Event>>, bool) {
        let mut inner = self.lock();
        (inner.waiting.pop_front(), inner.closed)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
