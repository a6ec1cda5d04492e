//! Drift that people accept for a while.

use crate::daemon::{CAREFUL, FREE, Fleet, SCHEMA, wait};

const WAIVE: [&str; 6] = ["--owner", "dba", "--why", "ticket 4711", "--until", "2999-01-31"];

fn waive(fleet: &Fleet, target: &str, drift: &str) -> String {
    let said = fleet.run(&[&["waive", target, drift][..], &WAIVE].concat()).expect_code(0).stdout;
    said.split_whitespace().rfind(|word| word.len() == 12).expect("it says the id").to_owned()
}

#[test]
fn waived_drift_is_left_alone_until_the_waiver_ends() {
    let fleet = Fleet::new(2, SCHEMA, FREE);
    let daemon = fleet.start();
    daemon.wait_for_sync(2);
    waive(&fleet, "t00", "add_column/users.email");
    let id = waive(&fleet, "t01", "add_column");
    daemon.wait_for("undrift_waivers", &["active"], 2.0);
    for name in ["t00", "t01"] {
        fleet.sql(name, "ALTER TABLE users DROP COLUMN email; ALTER TABLE users DROP COLUMN password_hash;");
    }
    // One of them has drift that nobody accepted.
    daemon.wait_for("undrift_applies_total", &["applied"], 3.0);
    daemon.wait_for("undrift_tenants", &["sync=\"drifted\""], 2.0);
    let passes = daemon.metric("undrift_passes_total", &[]);
    daemon.wait_for("undrift_passes_total", &[], passes + 3.0);
    assert_eq!(daemon.metric("undrift_applies_total", &[]), 3.0, "{}", daemon.log());
    assert!(fleet.query("t00", "SELECT group_concat(name) FROM pragma_table_info('users')").contains("password_hash"));
    assert_eq!(fleet.query("t01", "SELECT group_concat(name) FROM pragma_table_info('users')"), "id");
    assert_eq!(daemon.metric("undrift_oldest_drift_timestamp_seconds", &[]), 0.0, "waived drift alerts nobody");
    let status = fleet.run(&["status"]).expect_code(2).stdout;
    assert!(!status.contains("t01"), "nobody has to look at it:\n{status}");
    let planned = fleet.run(&["plan"]).expect_code(2).stdout;
    assert!(planned.contains("waived until 2999-01-31 by dba"), "{planned}");

    fleet.run(&["unwaive", &id]).expect_code(0);
    daemon.wait_for_sync(1);
    daemon.wait_for("undrift_waivers", &["active"], 1.0);
}

#[test]
fn a_waiver_for_a_shape_answers_its_question() {
    let schema = SCHEMA.replace("tables:\n  users", "extras: drop\ntables:\n  users");
    let fleet = Fleet::new(0, &schema, CAREFUL);
    (0..2).for_each(|number| fleet.add(&format!("t{number:02}"), "CREATE TABLE old (a)"));
    let daemon = fleet.start();
    daemon.wait_for("undrift_tenants", &["activity=\"pending_approval\""], 2.0);
    let shape = wait(|| Some(fleet.state("SELECT shape FROM tenants WHERE name = 't00'")).filter(|id| !id.is_empty()));
    let id = waive(&fleet, &shape[..8], "drop_table/old");
    daemon.wait_for("undrift_pending_approvals", &[], 0.0);
    daemon.wait_for("undrift_tenants", &["activity=\"idle\"", "drifted"], 2.0);

    // Other drift makes another shape, of which nothing was said.
    fleet.sql("t01", "CREATE TABLE older (a)");
    daemon.wait_for("undrift_tenants", &["activity=\"pending_approval\""], 1.0);
    fleet.run(&["unwaive", &id]).expect_code(0);
    daemon.wait_for("undrift_tenants", &["activity=\"pending_approval\""], 2.0);
}

#[test]
fn a_waiver_that_is_over_is_counted_and_holds_no_more() {
    let fleet = Fleet::new(1, SCHEMA, FREE);
    let daemon = fleet.start();
    daemon.wait_for_sync(1);
    let id = waive(&fleet, "t00", "*");
    fleet.sql("t00", "ALTER TABLE users DROP COLUMN password_hash");
    daemon.wait_for("undrift_tenants", &["sync=\"drifted\""], 1.0);
    // Nobody can wait until 2999.
    let over = format!("UPDATE waivers SET body = replace(body, '2999-01-31', '2020-01-31') WHERE id = '{id}'");
    wait(|| (fleet.state(&format!("{over} RETURNING id")) == id).then_some(()));
    daemon.wait_for("undrift_waivers", &["expired"], 1.0);
    daemon.wait_for_sync(1);
    assert!(fleet.run(&["waivers"]).expect_code(0).stdout.contains("expired"));
}
