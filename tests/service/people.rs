//! Questions, answers, pauses and the brake.

use rstest::rstest;

use crate::daemon::{CAREFUL, FREE, Fleet, SCHEMA, wait};
use crate::support::Engine::{self, Postgres, Sqlite};

/// Tenants with a table that the schema does not know.
fn with_extras(state: Engine, tenants: usize) -> Fleet {
    let schema = SCHEMA.replace("tables:\n  users", "extras: drop\ntables:\n  users");
    let fleet = Fleet::with_state_in(state, 0, &schema, CAREFUL);
    for number in 0..tenants {
        fleet.add(&format!("t{number:02}"), "CREATE TABLE old (a); INSERT INTO old VALUES (1)");
    }
    fleet
}

fn pending(fleet: &Fleet) -> Vec<String> {
    let ids = fleet.state("SELECT id FROM approvals WHERE state = 'pending'");
    ids.split_whitespace().map(str::to_owned).collect()
}

#[rstest]
fn one_question_for_each_plan_and_its_answer_runs_it(#[values(Sqlite, Postgres)] state: Engine) {
    let fleet = with_extras(state, 3);
    let daemon = fleet.start();
    daemon.wait_for("undrift_pending_approvals", &[], 1.0);
    // What policy allows ran meanwhile, on all of them.
    daemon.wait_for("undrift_tenants", &["activity=\"pending_approval\""], 3.0);
    assert_eq!(fleet.query("t01", "SELECT count(*) FROM old").trim(), "1");
    let id = wait(|| pending(&fleet).pop());
    let shown = fleet.run(&["approvals"]).expect_code(0);
    assert!(shown.stdout.contains(&id) && shown.stdout.contains("old"), "{}", shown.stdout);
    fleet.run(&["approve", &id, "--why", "it is empty"]).expect_code(0);
    daemon.wait_for_sync(3);
    fleet.run(&["approve", &id]).expect_code(1);
    assert_eq!(fleet.query("t01", "SELECT count(*) FROM sqlite_master WHERE name = 'old'").trim(), "0");
    fleet.run(&["audit", "verify"]).expect_code(0);
    let history = fleet.run(&["history", "t01"]).expect_code(0);
    assert!(history.stdout.contains("DROP TABLE"), "{}", history.stdout);
}

#[test]
fn what_was_rejected_is_not_asked_again() {
    let fleet = with_extras(Sqlite, 1);
    let daemon = fleet.start();
    let id = wait(|| pending(&fleet).pop().filter(|_| daemon.metric("undrift_tenants", &["pending_approval"]) == 1.0));
    fleet.run(&["reject", &id, "--why", "it is needed"]).expect_code(0);
    daemon.wait_for("undrift_pending_approvals", &[], 0.0);
    let passes = daemon.metric("undrift_passes_total", &[]);
    daemon.wait_for("undrift_passes_total", &[], passes + 3.0);
    assert_eq!(pending(&fleet), Vec::<String>::new());
    assert_eq!(fleet.query("t00", "SELECT count(*) FROM old").trim(), "1");
}

#[test]
fn a_pause_keeps_everything_as_it_is() {
    let fleet = Fleet::new(2, SCHEMA, FREE);
    let daemon = fleet.start();
    daemon.wait_for_sync(2);
    fleet.run(&["pause", "--why", "an incident"]).expect_code(0);
    fleet.sql("t00", "ALTER TABLE users DROP COLUMN password_hash");
    daemon.wait_for("undrift_tenants", &["sync=\"drifted\""], 1.0);
    let passes = daemon.metric("undrift_passes_total", &[]);
    daemon.wait_for("undrift_passes_total", &[], passes + 3.0);
    assert_eq!(daemon.metric("undrift_tenants", &["drifted"]), 1.0);
    fleet.run(&["resume"]).expect_code(0);
    daemon.wait_for_sync(2);
}

#[test]
fn the_brake_asks_when_nothing_explains_that_so_many_differ() {
    let fleet = Fleet::new(6, SCHEMA, &FREE.replace("100%", "30%"));
    let daemon = fleet.start();
    // A new schema explains that everybody differs.
    daemon.wait_for_sync(6);
    fleet.run(&["pause", "--why", "so that all are seen together"]).expect_code(0);
    for number in 0..4 {
        fleet.sql(&format!("t{number:02}"), "ALTER TABLE users DROP COLUMN password_hash");
    }
    daemon.wait_for("undrift_brake_engaged", &[], 1.0);
    fleet.run(&["resume"]).expect_code(0);
    let passes = daemon.metric("undrift_passes_total", &[]);
    daemon.wait_for("undrift_passes_total", &[], passes + 3.0);
    assert_eq!(daemon.metric("undrift_tenants", &["in_sync"]), 2.0, "{}", daemon.log());
    let id = wait(|| pending(&fleet).pop());
    fleet.run(&["approve", &id, "--why", "a restore"]).expect_code(0);
    daemon.wait_for_sync(6);
    daemon.wait_for("undrift_brake_engaged", &[], 0.0);
}

#[test]
fn the_brake_asks_when_the_schema_lost_a_column() {
    let schema = SCHEMA.replace("tables:\n  users", "extras: drop\ntables:\n  users");
    let fleet = Fleet::new(2, &schema, FREE);
    let daemon = fleet.start();
    daemon.wait_for_sync(2);
    fleet.write("schema.yaml", &schema.replace("      email: varchar(190)\n", ""));
    daemon.wait_for("undrift_brake_engaged", &[], 1.0);
    assert!(fleet.query("t00", "SELECT name FROM pragma_table_info('users')").contains("email"));
    let id = wait(|| pending(&fleet).pop());
    fleet.run(&["approve", &id, "--why", "nobody reads it"]).expect_code(0);
    daemon.wait_for_sync(2);
    assert!(!fleet.query("t00", "SELECT name FROM pragma_table_info('users')").contains("email"));
}
