//! Plans that run on tenants.

use std::time::Duration;

use crate::model::Engine;

use super::registrar::{Counter, Histogram, Registrar};

const APPLY: [f64; 12] = [0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 1200.0, 3600.0, 14400.0];
const LOCK: [f64; 10] = [0.001, 0.01, 0.05, 0.1, 0.5, 1.0, 3.0, 10.0, 30.0, 60.0];

/// Plans that run on tenants.
pub struct Applies {
    applies: Counter<2>,
    duration: Histogram<1>,
    steps: Counter<2>,
    retries: Counter<2>,
    lock_waits: Histogram<1>,
    backups: Histogram<1>,
    backup_bytes: Counter<1>,
    backup_failures: Counter<1>,
}

/// How a step of a plan ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepOutcome {
    /// It ran.
    Done,
    /// It failed.
    Failed,
}

impl StepOutcome {
    fn key(self) -> &'static str {
        match self {
            StepOutcome::Done => "done",
            StepOutcome::Failed => "failed",
        }
    }
}

impl Applies {
    pub(super) fn new(registrar: &mut Registrar) -> Self {
        Self {
            applies: registrar.counter(
                "undrift_applies_total",
                "Plans that were to run on a tenant, by how that ended.",
                ["engine", "outcome"],
            ),
            duration: registrar.histogram(
                "undrift_apply_duration_seconds",
                "How long a plan took on one tenant, from the lock to the reading afterwards.",
                ["engine"],
                &APPLY,
            ),
            steps: registrar.counter(
                "undrift_steps_total",
                "Steps of plans that ran on a tenant, by how they ended.",
                ["engine", "outcome"],
            ),
            retries: registrar.counter(
                "undrift_statement_retries_total",
                "Statements that were run again, by the trouble that they had met.",
                ["engine", "trouble"],
            ),
            lock_waits: registrar.histogram(
                "undrift_lock_wait_seconds",
                "How long plans waited for a lock in a tenant, each time that they gave up.",
                ["engine"],
                &LOCK,
            ),
            backups: registrar
                .histogram(
                    "undrift_backup_duration_seconds",
                    "How long backups took that were made before a plan ran.",
                    ["engine"],
                    &APPLY,
                )
                .starting_at_zero_for_engines(),
            backup_bytes: registrar
                .counter(
                    "undrift_backup_bytes_total",
                    "Bytes that were written to backups, as far as they are files.",
                    ["engine"],
                )
                .starting_at_zero_for_engines(),
            backup_failures: registrar
                .counter(
                    "undrift_backup_failures_total",
                    "Plans that did not run because their backup failed.",
                    ["engine"],
                )
                .starting_at_zero_for_engines(),
        }
    }

    /// A plan ended on a tenant: `applied`, `skipped` or `failed`.
    pub fn ended(&self, engine: Engine, outcome: &str, took: Duration) {
        self.applies.increase([engine.key(), outcome]);
        self.duration.observe([engine.key()], took);
    }

    /// A step ended.
    pub fn step_ended(&self, engine: Engine, outcome: StepOutcome) {
        self.steps.increase([engine.key(), outcome.key()]);
    }

    /// A statement is run again.
    pub fn statement_retried(&self, engine: Engine, trouble: &str) {
        self.retries.increase([engine.key(), trouble]);
    }

    /// A backup was made.
    pub fn backed_up(&self, engine: Engine, bytes: Option<u64>, took: Duration) {
        self.backups.observe([engine.key()], took);
        self.backup_bytes.add([engine.key()], bytes.unwrap_or_default());
    }

    /// A plan did not run because there was no backup.
    pub fn backup_failed(&self, engine: Engine) {
        self.backup_failures.increase([engine.key()]);
    }

    /// A lock in a tenant was waited for in vain.
    pub fn waited_for_lock(&self, engine: Engine, waited: Duration) {
        self.lock_waits.observe([engine.key()], waited);
    }
}
