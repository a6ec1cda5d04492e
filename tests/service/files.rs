//! Files that change while the service runs, and two services on one state.

use crate::daemon::{FREE, Fleet, SCHEMA, wait};

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
    fleet.sql("t00", "DROP TABLE users");
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

#[test]
fn a_second_service_stands_by_and_takes_over() {
    let fleet = Fleet::new(1, SCHEMA, FREE);
    let first = fleet.start();
    first.wait_for_sync(1);
    let second = fleet.start();
    assert_eq!(second.get("/readyz").0, 503);
    assert_eq!(second.metric("undrift_passes_total", &[]), 0.0);
    assert_eq!(first.end(), Some(0));
    second.wait_for_sync(1);
    assert_eq!(second.get("/readyz").0, 200);
}

#[test]
fn a_service_with_mistakes_in_its_files_does_not_start() {
    let fleet = Fleet::new(1, SCHEMA, "policy: p\nrules: [{ then: perhaps }]\n");
    let ended = fleet.run(&["run"]).expect_code(1);
    assert!(ended.stderr.contains("policy.yaml:2"), "{}", ended.stderr);
}
