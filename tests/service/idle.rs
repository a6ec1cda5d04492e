//! PostgreSQL databases in which nothing was done are passed over.

use std::time::Duration;

use crate::daemon::{Daemon, FREE, Fleet, SCHEMA, wait};
use crate::support;

#[test]
fn idle_databases_are_passed_over_and_others_are_not() {
    let fleet = Fleet::new(0, SCHEMA, FREE);
    let server = support::postgres();
    let urls = [0, 1, 2].map(|_| server.database("idle"));
    let listed: String =
        urls.iter().enumerate().map(|(n, url)| format!("      - {{ name: t{n}, url: \"{url}\" }}\n")).collect();
    fleet.write(
        "undrift.yaml",
        &format!(
            "schema: schema.yaml\npolicy: policy.yaml\nstate: sqlite:state.db\nschedule: every 1s\n\
             idle_detector: true\nfull_read: 1h\ntenants:\n  - list:\n{listed}"
        ),
    );
    let daemon = Daemon::start(fleet.path());
    daemon.wait_for_sync(3);
    // The server counts with a lag of up to a minute, and nothing is believed that is younger.
    let skipped = || daemon.metric("undrift_idle_skips_total", &[]);
    wait(|| (skipped() >= 3.0).then_some(()));
    let (skips, looks) = (skipped(), "undrift_check_duration_seconds_count");
    let read = daemon.metric(looks, &["postgres", "cached"]);
    wait(|| (skipped() >= skips + 6.0).then_some(()));
    assert_eq!(daemon.metric(looks, &["postgres", "cached"]), read, "nobody connected meanwhile");

    server.sql(&urls[1], "ALTER TABLE users DROP COLUMN email");
    daemon.wait_for("undrift_applies_total", &["applied"], 4.0);
    daemon.wait_for_sync(3);
    assert!(
        server.query(&urls[1], "SELECT attname FROM pg_attribute WHERE attrelid = 'users'::regclass").contains("email")
    );
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(daemon.metric("undrift_tenants", &["unknown"]), 0.0);
}
