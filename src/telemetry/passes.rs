//! Passes over the fleet and checks of single tenants.

use std::time::Duration;

use jiff::Timestamp;

use crate::model::Engine;

use super::registrar::{Counter, Gauge, Histogram, Registrar, seconds};

const CHECK: [f64; 15] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0, 60.0];
const PASS: [f64; 12] = [0.1, 0.5, 1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0];

/// Passes over the fleet and checks of single tenants.
pub struct Passes {
    passes: Counter<2>,
    duration: Histogram<0>,
    last: Gauge<0>,
    checks: Histogram<2>,
    errors: Counter<2>,
    idle: Counter<0>,
}

/// How a pass ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PassOutcome {
    /// Every source of tenants was read and every tenant was come to, whatever was found.
    Complete,
    /// A source failed, or undrift was asked to end.
    Incomplete,
    /// There was no pass: the schema, the policy or the state could not be had.
    Failed,
}

impl PassOutcome {
    fn key(self) -> &'static str {
        match self {
            PassOutcome::Complete => "complete",
            PassOutcome::Incomplete => "incomplete",
            PassOutcome::Failed => "failed",
        }
    }
}

/// How a check came to its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckPath {
    /// The catalog was as it had been seen before.
    Cached,
    /// The catalog was new and was worked through.
    Read,
    /// The database itself said that nothing changed, so that its catalog was not read.
    Skipped,
}

impl CheckPath {
    fn key(self) -> &'static str {
        match self {
            CheckPath::Cached => "cached",
            CheckPath::Read => "read",
            CheckPath::Skipped => "skipped",
        }
    }
}

impl Passes {
    pub(super) fn new(registrar: &mut Registrar) -> Self {
        Self {
            passes: registrar.counter(
                "undrift_passes_total",
                "Passes over the fleet, by what set them off and how they ended.",
                ["trigger", "outcome"],
            ),
            duration: registrar.histogram(
                "undrift_pass_duration_seconds",
                "How long passes over the fleet took.",
                [],
                &PASS,
            ),
            last: registrar.gauge("undrift_last_pass_timestamp_seconds", "When the last complete pass ended.", []),
            checks: registrar.histogram(
                "undrift_check_duration_seconds",
                "How long looking at one tenant took, by whether its catalog was known (cached), worked through \
                 (read) or not even read (skipped).",
                ["engine", "path"],
                &CHECK,
            ),
            errors: registrar.counter(
                "undrift_check_errors_total",
                "Checks of a tenant that failed, by the kind of trouble.",
                ["engine", "trouble"],
            ),
            idle: registrar
                .counter(
                    "undrift_idle_skips_total",
                    "Tenants that were passed over without a connection because nothing was done in them.",
                    [],
                )
                .starting_at_zero(),
        }
    }

    /// A pass ended.
    pub fn ended(&self, trigger: &str, outcome: PassOutcome, at: Timestamp, took: Duration) {
        self.passes.increase([trigger, outcome.key()]);
        self.duration.observe([], took);
        if outcome == PassOutcome::Complete {
            self.last.set([], seconds(at));
        }
    }

    /// A tenant was looked at.
    pub fn checked(&self, engine: Engine, path: CheckPath, took: Duration) {
        self.checks.observe([engine.key(), path.key()], took);
    }

    /// A tenant could not be looked at.
    pub fn check_failed(&self, engine: Engine, trouble: &str) {
        self.errors.increase([engine.key(), trouble]);
    }

    /// Tenants were passed over because nothing was done in them.
    pub fn passed_over(&self, tenants: u64) {
        self.idle.add([], tenants);
    }
}
