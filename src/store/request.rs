//! What commands and the API ask of the service: they leave a note, and the service finds it there.

use std::sync::atomic::{AtomicU32, Ordering};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Store;
use super::error::Result;

/// The note that says that nothing is to be changed: a [`Pause`].
const PAUSED: &str = "paused";

/// What the names of requests begin with.
const REQUESTS: &str = "request/";

/// That nothing is to be changed until somebody resumes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Pause {
    /// Who paused.
    pub who: String,
    /// Why.
    pub why: String,
    /// When.
    pub at: Timestamp,
}

/// Something that the service is asked to do once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Request {
    /// Look at these tenants now; at all of them, if none are named.
    Check {
        /// Names or labels, as `--tenant` takes them.
        tenants: Vec<String>,
    },
    /// Go on with rollouts that stopped, and try blocked tenants again.
    Resume {
        /// Names or labels of the blocked tenants; all, if none are named.
        tenants: Vec<String>,
    },
}

/// Tells requests of one process at one instant apart.
static NUMBER: AtomicU32 = AtomicU32::new(0);

impl Store {
    /// Leaves a request for the service.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn request(&self, request: &Request) -> Result<()> {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let key = format!("{REQUESTS}{}-{}-{number}", Timestamp::now().as_nanosecond(), std::process::id());
        self.set_note(&key, request).await
    }

    /// Takes the requests that were left, oldest first.
    ///
    /// # Errors
    /// When the state cannot be read or written.
    pub async fn take_requests(&self) -> Result<Vec<Request>> {
        let mut requests = Vec::new();
        for (key, request) in self.notes(REQUESTS).await? {
            self.drop_note(&key).await?;
            requests.push(request);
        }
        Ok(requests)
    }

    /// Whether, and why, nothing is to be changed.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn pause(&self) -> Result<Option<Pause>> {
        self.note(PAUSED).await
    }

    /// Lets nothing be changed until somebody resumes.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn set_pause(&self, pause: &Pause) -> Result<()> {
        self.set_note(PAUSED, pause).await
    }

    /// Ends a pause.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn end_pause(&self) -> Result<()> {
        self.drop_note(PAUSED).await
    }
}
