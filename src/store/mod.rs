//! undrift's own state: what was seen, asked, answered and done.
//!
//! [`Store`] keeps it in a SQLite file or a PostgreSQL database. Losing it loses history, approvals and the
//! waves' progress, and nothing else: tenants, shapes and plans are found again by looking.

mod approval;
mod audit;
mod database;
mod error;
mod format;
mod lease;
mod log;
mod note;
mod open;
mod person;
mod prune;
pub mod record;
mod request;
mod rollout;
mod run;
mod secret;
mod shape;
mod tables;
mod tenant;
#[cfg(test)]
mod tests;
pub mod token;
mod tokens;
mod waiver;

use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

pub use audit::{Verified, VerifyError};
pub use error::{AnswerError, StoreError};
pub use log::AuditFilter;
pub use person::{Person, RequestError, WaiverText};
pub use prune::{Pruned, Retention};
pub use record::*;
pub use request::{Pause, Request};
pub use tenant::{Summary, TenantFilter};
pub use waiver::{WaiverError, WaiverRecord};

use self::database::Database;
use self::log::Log;

/// undrift's state. A clone is another handle on the same connections.
#[derive(Clone, Debug)]
pub struct Store {
    database: Database,
    log: Log,
}

impl Store {
    /// Opens the state at an address: `sqlite:path` (made if it is not there, with its folder, for its owner
    /// alone) or `postgres://…` (the tables stand in a schema of their own, `undrift`). Tables of an older undrift
    /// are brought up to date.
    ///
    /// # Errors
    /// [`StoreError`] names the place, what is wrong with it and what to do. It is left as it was.
    pub async fn open(url: &SecretString) -> Result<Self, StoreError> {
        let database = open::open(url.expose_secret()).await?;
        let log = Log::start(database.clone());
        Ok(Self { database, log })
    }

    /// Closes all connections when their work is done. Whatever is asked for afterwards fails.
    pub async fn close(self) {
        self.database.close().await;
    }
}

/// A record as it is kept.
fn json(record: &impl Serialize) -> String {
    serde_json::to_string(record).expect("records always serialise")
}
