//! Looking, and putting right, in waves.

use rstest::rstest;

use crate::daemon::{FREE, Fleet, SCHEMA};
use crate::support::Engine::{self, Postgres, Sqlite};

#[rstest]
fn an_empty_fleet_is_built_and_stays_in_sync(#[values(Sqlite, Postgres)] state: Engine) {
    let fleet = Fleet::with_state_in(state, 5, SCHEMA, FREE);
    let daemon = fleet.start();
    assert_eq!(daemon.get("/healthz").0, 200);
    daemon.wait_for_sync(5);
    assert_eq!(fleet.query("t03", "SELECT count(*) FROM pragma_table_info('users')").trim(), "3");
    assert_eq!(daemon.metric("undrift_applies_total", &["outcome=\"applied\""]), 5.0);
    daemon.wait_for("undrift_shapes", &["in_sync"], 1.0);
    assert_eq!(daemon.get("/readyz").0, 200);
    assert_eq!(daemon.end(), Some(0));
    let entries = fleet.state("SELECT count(*) FROM audit");
    assert!(entries.trim().parse::<u32>().is_ok_and(|count| count >= 20), "{entries}");
}

#[test]
fn waves_wait_for_each_other() {
    let policy = format!("{FREE}rollout: {{ waves: [1, 50%, 100%], soak: 4s, at_once: 8 }}\n");
    let fleet = Fleet::new(8, SCHEMA, &policy);
    let daemon = fleet.start();
    daemon.wait_for_sync(1);
    daemon.wait_for("undrift_rollout_stage", &["stage=\"soaking\""], 1.0);
    assert_eq!(daemon.metric("undrift_tenants", &["in_sync"]), 1.0, "the canary alone");
    assert_eq!(daemon.metric("undrift_tenants", &["activity=\"waiting\""]), 7.0);
    daemon.wait_for_sync(4);
    daemon.wait_for_sync(8);
    let waves = fleet.state("SELECT wave, count(*) FROM members GROUP BY wave ORDER BY wave");
    assert_eq!(waves.split_whitespace().collect::<Vec<_>>(), ["0|1", "1|3", "2|4"]);
}

/// Fails at once where somebody holds the lock.
const IMPATIENT: &str = "limits: { lock_timeout: 200ms, retries: 0 }\n";

#[test]
fn too_many_failures_stop_a_rollout_until_a_person_resumes() {
    let rollout = "rollout: { waves: [3, 100%], at_once: 1, stop_after: { failures: 2 } }\n";
    let fleet = Fleet::new(6, SCHEMA, &format!("{FREE}{IMPATIENT}{rollout}"));
    let held = ["t00", "t01"].map(|name| fleet.hold(name));
    let daemon = fleet.start();
    daemon.wait_for("undrift_rollout_stage", &["stage=\"stopped\""], 1.0);
    assert_eq!(daemon.metric("undrift_rollout_stops_total", &[]), 1.0);
    assert_eq!(daemon.metric("undrift_tenants", &["activity=\"failed\""]), 2.0, "{}", daemon.log());
    assert_eq!(daemon.metric("undrift_tenants", &["in_sync"]), 0.0, "the third of the wave was not begun");
    drop(held);
    fleet.run(&["resume"]).expect_code(0);
    daemon.wait_for_sync(6);
}

#[test]
fn one_tenant_that_is_held_costs_only_itself() {
    let fleet = Fleet::new(4, SCHEMA, &format!("{FREE}{IMPATIENT}"));
    let held = fleet.hold("t02");
    let daemon = fleet.start();
    daemon.wait_for_sync(3);
    daemon.wait_for("undrift_tenants", &["activity=\"failed\""], 1.0);
    let before = daemon.metric("undrift_applies_total", &["outcome=\"failed\""]);
    std::thread::sleep(std::time::Duration::from_secs(3));
    assert_eq!(daemon.metric("undrift_applies_total", &["outcome=\"failed\""]), before, "it waits a minute");
    drop(held);
    fleet.run(&["resume"]).expect_code(0);
    daemon.wait_for_sync(4);
}

#[test]
fn nothing_is_changed_where_nothing_is_to_be_repaired() {
    let fleet = Fleet::new(2, SCHEMA, FREE);
    fleet.configure("every 1s", "repair: false\n");
    let daemon = fleet.start();
    daemon.wait_for("undrift_tenants", &["sync=\"drifted\""], 2.0);
    daemon.wait_for("undrift_passes_total", &["trigger=\"schedule\""], 2.0);
    assert_eq!(fleet.query("t00", "SELECT count(*) FROM sqlite_master").trim(), "0");
}

#[test]
fn tenants_appear_and_disappear() {
    let fleet = Fleet::new(2, SCHEMA, FREE);
    let daemon = fleet.start();
    daemon.wait_for_sync(2);
    fleet.add("t99", "");
    daemon.wait_for_sync(3);
    std::fs::remove_file(fleet.file("t00")).unwrap();
    daemon.wait_for_sync(2);
    assert_eq!(
        fleet.state("SELECT name FROM tenants ORDER BY name").split_whitespace().collect::<Vec<_>>(),
        ["t01", "t99"]
    );
}

#[test]
fn an_unchanged_fleet_is_not_read_again() {
    let fleet = Fleet::new(3, SCHEMA, FREE);
    let daemon = fleet.start();
    daemon.wait_for_sync(3);
    let passes = daemon.metric("undrift_passes_total", &[]);
    daemon.wait_for("undrift_passes_total", &[], passes + 4.0);
    let read = daemon.metric("undrift_check_duration_seconds_count", &["path=\"read\""]);
    daemon.wait_for("undrift_passes_total", &[], passes + 6.0);
    assert_eq!(daemon.metric("undrift_check_duration_seconds_count", &["path=\"read\""]), read);
    assert!(daemon.metric("undrift_check_duration_seconds_count", &["path=\"skipped\""]) >= 3.0);
}
