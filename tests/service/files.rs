//! Files that change while the service runs, and two services on one state.

use std::time::{Duration, Instant};

use rstest::rstest;

use crate::daemon::{FREE, Fleet, SCHEMA, wait};
use crate::support::Engine::{self, Postgres, Sqlite};

#[test]
fn a_changed_schema_goes_out() {
    let fleet = Fleet::new(2, SCHEMA, FREE);
    fleet.configure("every 1h", "");
    let daemon = fleet.start();
    daemon.wait_for_sync(2);
    let wider =
        SCHEMA.replace("    primary_key", "      phone: { type: varchar(30), nullable: true }\n    primary_key");
    fleet.write("schema.yaml", &wider);
    wait(|| fleet.query("t01", "SELECT name FROM pragma_table_info('users')").contains("phone").then_some(()));
    daemon.wait_for_sync(2);
    assert_eq!(daemon.metric("undrift_passes_total", &["trigger=\"reload\""]), 1.0);
}

#[test]
fn a_broken_file_changes_nothing_and_is_shown() {
    let fleet = Fleet::new(1, SCHEMA, FREE);
    let daemon = fleet.start();
    daemon.wait_for_sync(1);
    fleet.write("policy.yaml", "policy: p\nrules: [{ then: perhaps }]\n");
    daemon.wait_for("undrift_reload_success", &["what=\"policy\""], 0.0);
    assert!(daemon.metric("undrift_reload_failures_total", &["policy"]) >= 1.0);
    assert!(daemon.log().contains("perhaps"), "{}", daemon.log());
    fleet.sql("t00", "ALTER TABLE users DROP COLUMN password_hash");
    daemon.wait_for("undrift_applies_total", &["applied"], 2.0);
    daemon.wait_for_sync(1);
    fleet.write("policy.yaml", FREE);
    daemon.wait_for("undrift_reload_success", &["what=\"policy\""], 1.0);
}

#[test]
fn hang_up_reads_the_files_again() {
    let fleet = Fleet::new(1, SCHEMA, FREE);
    fleet.configure("every 1h", "");
    let daemon = fleet.start();
    daemon.wait_for_sync(1);
    let failures = || daemon.metric("undrift_reload_failures_total", &["config"]);
    std::fs::write(fleet.path().join("undrift.yaml"), "nonsense: 1\n").unwrap();
    daemon.signal("HUP");
    wait(|| (failures() >= 1.0).then_some(()));
}

#[rstest]
fn a_second_service_stands_by_and_takes_over(#[values(Sqlite, Postgres)] state: Engine) {
    let fleet = Fleet::with_state_in(state, 1, SCHEMA, FREE);
    let first = fleet.start();
    first.wait_for_sync(1);
    let second = fleet.start();
    assert_eq!(second.get("/readyz").0, 503);
    assert_eq!(second.metric("undrift_passes_total", &[]), 0.0);
    assert_eq!(first.end(), Some(0));
    second.wait_for_sync(1);
    assert_eq!(second.get("/readyz").0, 200);
}

/// Nobody waits for the lease of one that was killed on this machine.
#[rstest]
fn the_place_of_one_that_was_killed_is_taken_at_once(#[values(Sqlite, Postgres)] state: Engine) {
    let fleet = Fleet::with_state_in(state, 1, SCHEMA, FREE);
    let first = fleet.start();
    first.wait_for_sync(1);
    let second = fleet.start();
    assert_eq!(second.get("/readyz").0, 503);
    let killed = Instant::now();
    first.kill();
    second.wait_for_sync(1);
    assert!(killed.elapsed() < Duration::from_secs(20), "it waited for the lease to run out");
    assert!(second.log().contains("was killed; taking over"), "{}", second.log());
}

#[test]
fn another_policy_is_followed_from_the_next_pass_on() {
    let fleet = Fleet::new(1, SCHEMA, "policy: report\nrules: [{ name: look only, then: deny }]\n");
    let daemon = fleet.start();
    daemon.wait_for("undrift_tenants", &["sync=\"drifted\""], 1.0);
    fleet.write("free.yaml", FREE);
    let configuration = std::fs::read_to_string(fleet.path().join("undrift.yaml")).unwrap();
    fleet.write("undrift.yaml", &configuration.replace("policy: policy.yaml", "policy: free.yaml"));
    daemon.wait_for_sync(1);
    assert_eq!(daemon.metric("undrift_passes_total", &["trigger=\"reload\""]), 1.0);
    // From now on it is the other file that is watched.
    fleet.write("free.yaml", "policy: p\nrules: [{ then: perhaps }]\n");
    daemon.wait_for("undrift_reload_success", &["what=\"policy\""], 0.0);
    fleet.write("free.yaml", FREE);
    daemon.wait_for("undrift_reload_success", &["what=\"policy\""], 1.0);
}

#[test]
fn a_cron_line_says_when_to_look() {
    let fleet = Fleet::new(1, SCHEMA, FREE);
    fleet.configure("*/2 * * * * *", "");
    let daemon = fleet.start();
    daemon.wait_for_sync(1);
    fleet.add("t01", "");
    daemon.wait_for_sync(2);
    let passes = || daemon.metric("undrift_passes_total", &["trigger=\"schedule\""]);
    let (before, begun) = (passes(), Instant::now());
    wait(|| (passes() >= before + 3.0).then_some(()));
    let took = begun.elapsed();
    assert!(took > Duration::from_secs(3) && took < Duration::from_secs(20), "every two seconds: {took:?}");
    // A time that is far away comes into force at once, too.
    fleet.configure("0 0 1 1 *", "");
    daemon.wait_for("undrift_passes_total", &["trigger=\"reload\""], 1.0);
    let before = passes();
    std::thread::sleep(Duration::from_secs(5));
    assert_eq!(passes(), before, "it waits for the new year");
}

#[test]
fn a_service_with_mistakes_in_its_files_does_not_start() {
    let fleet = Fleet::new(1, SCHEMA, "policy: p\nrules: [{ then: perhaps }]\n");
    let ended = fleet.run(&["run"]).expect_code(1);
    assert!(ended.stderr.contains("policy.yaml:2"), "{}", ended.stderr);
}
