//! Everything that metrics can be told, told once.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use undrift::model::{ChangeKind, Engine, Hazard};
use undrift::telemetry::{
    Answered, CheckPath, FleetSight, Loaded, Metrics, PassOutcome, RolloutSight, StepOutcome, TenantSight,
};

const TOOK: Duration = Duration::from_millis(20);

/// So long ago that every alert about time is due.
pub fn long_ago() -> Timestamp {
    Timestamp::now() - SignedDuration::from_hours(24)
}

/// Tells what happens again and again.
pub fn happen(metrics: &Metrics) {
    let engine = Engine::Postgres;
    metrics.passes.ended("schedule", PassOutcome::Complete, long_ago(), TOOK);
    metrics.passes.checked(engine, CheckPath::Cached, TOOK);
    metrics.passes.checked(engine, CheckPath::Read, TOOK);
    metrics.passes.checked(Engine::Sqlite, CheckPath::Skipped, TOOK);
    metrics.passes.check_failed(engine, "login_refused");
    metrics.passes.passed_over(3);
    metrics.applies.ended(engine, "applied", TOOK);
    metrics.applies.step_ended(engine, StepOutcome::Done);
    metrics.applies.statement_retried(engine, "lock_timeout");
    metrics.applies.waited_for_lock(engine, TOOK);
    metrics.applies.backed_up(engine, Some(4096), TOOK);
    metrics.applies.backup_failed(engine);
    metrics.rollouts.stopped();
    metrics.approvals.answered(Answered::Approved);
    metrics.reloads.failed(Loaded::Policy);
    metrics.webhooks.delivered();
    metrics.webhooks.failed();
    metrics.webhooks.dropped();
    metrics.webhooks.retried();
    metrics.state.audited(4);
    metrics.state.failed();
    metrics.http.answered(Some("/api/v1/tenants/{name}"), "GET", 200, TOOK);
    metrics.http.refused();
}

/// Shows a fleet in which everything that can be wrong is wrong.
pub fn show(metrics: &Metrics, per_tenant: bool) {
    metrics.fleet.show(fleet(per_tenant, 3));
    metrics.rollouts.show(&[RolloutSight {
        schema: "core".to_owned(),
        wave: 2,
        stage: "stopped".to_owned(),
        tenants: vec![("done".to_owned(), 1), ("failed".to_owned(), 2)],
    }]);
    metrics.rollouts.brake("core", true);
    metrics.approvals.pending(2, Some(long_ago()));
    metrics.approvals.waivers(1, 1);
    metrics.servers.circuit("postgres:db1:5432", true);
    metrics.servers.connections("postgres:db1:5432", 4);
    for what in Loaded::ALL {
        metrics.reloads.succeeded(what, long_ago());
    }
    metrics.reloads.failed(Loaded::Policy);
}

/// A fleet with so many tenants of each sort.
pub fn fleet(per_tenant: bool, of_each: usize) -> FleetSight {
    let mut sight = FleetSight::new(per_tenant);
    for number in 0..of_each {
        for (sync, activity) in [("in_sync", "idle"), ("drifted", "blocked"), ("unknown", "idle")] {
            sight.tenant(TenantSight { sync, activity, ..tenant(&format!("{sync}_{number}")) });
        }
    }
    sight.change(ChangeKind::DropColumn, [Hazard::CannotBeUndone, Hazard::DeletesData], 2);
    sight.change(ChangeKind::AddColumn, [], 5);
    sight.shape(true);
    sight.shape(false);
    sight
}

/// A tenant that is what it should be, and was not looked at for a day.
pub fn tenant(name: &str) -> TenantSight<'_> {
    TenantSight {
        name,
        engine: Engine::Postgres,
        server: "postgres:db1:5432",
        schema: "core",
        sync: "in_sync",
        since: long_ago(),
        activity: "idle",
        waived: false,
        flapping: true,
        emptied: true,
        checked_at: Some(long_ago()),
        read_at: Some(long_ago()),
    }
}
