//! What is read from files.

use jiff::Timestamp;

use super::registrar::{Counter, Gauge, Registrar, flag, seconds};

/// What is read from files.
pub struct Reloads {
    success: Gauge<1>,
    failures: Counter<1>,
    last: Gauge<1>,
}

/// What was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loaded {
    /// `undrift.yaml`.
    Config,
    /// The declared schemas.
    Schema,
    /// The policy.
    Policy,
}

impl Loaded {
    /// All of them.
    pub const ALL: [Loaded; 3] = [Loaded::Config, Loaded::Schema, Loaded::Policy];

    fn key(self) -> &'static str {
        match self {
            Loaded::Config => "config",
            Loaded::Schema => "schema",
            Loaded::Policy => "policy",
        }
    }
}

impl Reloads {
    pub(super) fn new(registrar: &mut Registrar) -> Self {
        let failures = registrar.counter(
            "undrift_reload_failures_total",
            "How often the configuration, the schemas or the policy could not be read.",
            ["what"],
        );
        for loaded in Loaded::ALL {
            failures.add([loaded.key()], 0);
        }
        Self {
            success: registrar.gauge(
                "undrift_reload_success",
                "Whether the configuration, the schemas and the policy could be read the last time; if not (0), those \
                 before still hold.",
                ["what"],
            ),
            failures,
            last: registrar.gauge(
                "undrift_last_reload_timestamp_seconds",
                "When the configuration, the schemas and the policy were last read with success.",
                ["what"],
            ),
        }
    }

    /// Something was read.
    pub fn succeeded(&self, what: Loaded, at: Timestamp) {
        self.success.set([what.key()], flag(true));
        self.last.set([what.key()], seconds(at));
    }

    /// Something could not be read; what was read before still holds.
    pub fn failed(&self, what: Loaded) {
        self.success.set([what.key()], flag(false));
        self.failures.increase([what.key()]);
    }
}
