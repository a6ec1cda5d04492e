//! SQLite knows no statement time-out: a watchdog that its progress handler asks.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::sqlite::SqliteConnection;

use super::error::classify;
use crate::db::DbError;

/// How many steps of its virtual machine SQLite takes between two looks at the clock.
const STEPS: i32 = 1000;

/// Until when what runs may run.
#[derive(Clone, Default)]
pub(super) struct Deadline(Arc<Mutex<Option<Instant>>>);

impl Deadline {
    /// A deadline that stops the statements of a connection.
    pub(super) async fn watch(connection: &mut SqliteConnection) -> Result<Self, DbError> {
        let deadline = Self::default();
        let asked = deadline.clone();
        let mut handle = connection.lock_handle().await.map_err(|error| classify("watch the clock", &error))?;
        handle.set_progress_handler(STEPS, move || !asked.is_over());
        Ok(deadline)
    }

    /// What runs next may take this long.
    pub(super) fn set(&self, limit: Duration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now().checked_add(limit);
    }

    /// What runs next may take as long as it wants.
    pub(super) fn clear(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn is_over(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|end| Instant::now() > end)
    }
}
