//! What undrift answers over HTTP: probes, metrics, the API.

mod serve;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub use serve::{HttpError, Server, serve};

use crate::store::Store;
use crate::telemetry::Metrics;

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
