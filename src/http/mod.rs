//! What undrift answers over HTTP: probes, metrics, the API.
//!
//! The API reads the state and leaves notes there for the service; it never touches a tenant. `docs/api.md` is for
//! those who call it.

mod api;
mod body;
mod finish;
mod guard;
mod limiter;
mod openapi;
mod parameter;
mod problem;
mod query;
mod router;
mod serve;
pub mod view;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

pub use api::routes;
pub use openapi::document;
pub use problem::Problem;
pub use serve::{HttpError, Server, serve, serve_within};

use crate::store::Store;
use crate::telemetry::Metrics;

/// What needs no token.
const PROBES: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// What answers are made from.
#[derive(Clone)]
pub struct Context {
    /// undrift's state.
    pub store: Store,
    /// The metrics.
    pub metrics: Arc<Metrics>,
    /// Whether this process is the one that works on the state.
    pub ready: Readiness,
}

/// How much is taken from anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The bytes of a request's body.
    pub body: usize,
    /// How long a request may take, its body included.
    pub request: Duration,
    /// How long the head of a request may take, and how long a connection may do nothing.
    pub head: Duration,
    /// How many connections may be open. The next one waits until one closes.
    pub connections: usize,
    /// How many wrong tokens an address may show within `wrong_tokens_within`.
    pub wrong_tokens: u32,
    /// See `wrong_tokens`.
    pub wrong_tokens_within: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 64 * 1024,
            request: Duration::from_secs(30),
            head: Duration::from_secs(30),
            connections: 256,
            wrong_tokens: 10,
            wrong_tokens_within: Duration::from_secs(60),
        }
    }
}

/// Whether the service is ready; a clone says the same.
#[derive(Clone, Debug, Default)]
pub struct Readiness(Arc<AtomicBool>);

impl Readiness {
    /// It is ready from now on.
    pub fn set(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// It is not ready any more.
    pub fn clear(&self) {
        self.0.store(false, Ordering::Release);
    }

    /// Whether it is.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}
