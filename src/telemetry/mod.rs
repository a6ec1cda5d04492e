//! Every metric that undrift shows, and nothing else that knows Prometheus.
//!
//! The rest of undrift says what happened ([`Metrics::passes`] ended, [`Metrics::applies`] retried) and never
//! names a metric. How many series there are does not depend on how many tenants there are, unless a
//! [`FleetSight`] is made to show single tenants; then only gauges name them, never histograms or counters.
//! `docs/metrics.md` lists all of them.

mod applies;
mod approvals;
mod fleet;
mod http;
mod passes;
mod registrar;
mod reloads;
mod rollouts;
mod servers;
mod state;
mod webhooks;

use std::sync::Arc;

use prometheus::TextEncoder;

use crate::model::FINGERPRINT_FORMAT;

use registrar::Registrar;

pub use applies::{Applies, StepOutcome};
pub use approvals::{Answered, Approvals};
pub use fleet::{Fleet, FleetSight, TenantSight};
pub use http::Http;
pub use passes::{CheckPath, PassOutcome, Passes};
pub use registrar::{Described, MetricKind};
pub use reloads::{Loaded, Reloads};
pub use rollouts::{RolloutSight, Rollouts};
pub use servers::Servers;
pub use state::State;
pub use webhooks::Webhooks;

/// All metrics, each group with the events that change it.
pub struct Metrics {
    registrar: Registrar,
    /// Tenants, shapes and drift as they are now.
    pub fleet: Fleet,
    /// Passes over the fleet and checks of single tenants.
    pub passes: Passes,
    /// Plans that run on tenants.
    pub applies: Applies,
    /// Schemas on their way through the fleet, and the brake.
    pub rollouts: Rollouts,
    /// Questions to people, and waivers.
    pub approvals: Approvals,
    /// The tenants' servers.
    pub servers: Servers,
    /// What is read from files.
    pub reloads: Reloads,
    /// Messages to webhooks.
    pub webhooks: Webhooks,
    /// undrift's own state.
    pub state: State,
    /// The API.
    pub http: Http,
}

impl Metrics {
    /// Metrics in a registry of their own.
    pub fn new() -> Arc<Self> {
        let mut registrar = Registrar::new();
        build_info(&mut registrar);
        process(&registrar);
        let registrar = &mut registrar;
        let (fleet, passes, applies) = (Fleet::new(registrar), Passes::new(registrar), Applies::new(registrar));
        Arc::new(Self {
            fleet,
            passes,
            applies,
            rollouts: Rollouts::new(registrar),
            approvals: Approvals::new(registrar),
            servers: Servers::new(registrar),
            reloads: Reloads::new(registrar),
            webhooks: Webhooks::new(registrar),
            state: State::new(registrar),
            http: Http::new(registrar),
            registrar: std::mem::replace(registrar, Registrar::new()),
        })
    }

    /// What Prometheus is given when it asks, in its text format.
    pub fn render(&self) -> String {
        let families = self.registrar.registry.gather();
        TextEncoder::new().encode_to_string(&families).expect("what a registry gathers can be encoded")
    }

    /// What there is, whether it has a value or not; without what Prometheus knows of every process.
    pub fn catalogue(&self) -> &[Described] {
        &self.registrar.catalogue
    }
}

fn build_info(registrar: &mut Registrar) {
    let help = "Always 1; the labels say which undrift it is, and which format its fingerprints have.";
    let info = registrar.gauge("undrift_build_info", help, ["version", "format"]);
    info.set([env!("CARGO_PKG_VERSION"), &FINGERPRINT_FORMAT.to_string()], 1.0);
}

/// Memory, CPU time, file descriptors and threads, under the names that every dashboard knows.
#[cfg(target_os = "linux")]
fn process(registrar: &Registrar) {
    let process = prometheus::process_collector::ProcessCollector::for_self();
    registrar.registry.register(Box::new(process)).expect("undrift's own metrics have another prefix");
}

#[cfg(not(target_os = "linux"))]
fn process(_registrar: &Registrar) {}
