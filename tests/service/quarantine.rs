//! What is kept instead of dropped: renamed, listed, and gone when its time is over.

use serde_json::Value;

use crate::daemon::{Fleet, SCHEMA, wait};

const KEEP: &str = "
policy: keep
rules:
  - { name: keep, match: { change: drop_* }, then: ask, quarantine: { keep_for: 30d } }
  - { name: the rest, then: allow }
brake: { share: 100% }
";

fn today() -> String {
    jiff::Timestamp::now().strftime("%Y%m%d").to_string()
}

fn tables(fleet: &Fleet, tenant: &str) -> String {
    fleet.query(tenant, "SELECT group_concat(name, ' ') FROM sqlite_master WHERE name LIKE '%old'").trim().to_owned()
}

#[test]
fn a_table_is_kept_listed_and_dropped_in_the_end() {
    let schema = SCHEMA.replace("tables:\n  users", "extras: drop\ntables:\n  users");
    let fleet = Fleet::new(0, &schema, KEEP);
    for name in ["t00", "t01"] {
        fleet.add(name, "CREATE TABLE old (a); INSERT INTO old VALUES (1)");
    }
    let daemon = fleet.start();
    daemon.wait_for("undrift_tenants", &["activity=\"pending_approval\""], 2.0);
    let pending = || fleet.state("SELECT id FROM approvals WHERE state = 'pending'");
    let id = wait(|| Some(pending().trim().to_owned()).filter(|id| !id.is_empty()));
    let kept = format!("undrift_dropped_{}_old", today());
    let asked = fleet.run(&["approvals", &id]).expect_code(0).stdout;
    assert!(asked.contains(&kept), "whoever is asked sees that it is kept: {asked}");
    fleet.run(&["approve", &id, "--why", "it is kept"]).expect_code(0);
    daemon.wait_for_sync(2);
    wait(|| (tables(&fleet, "t00") == kept && tables(&fleet, "t01") == kept).then_some(()));
    assert_eq!(fleet.query("t01", &format!("SELECT a FROM {kept}")).trim(), "1");

    let status = wait(|| {
        let output = fleet.run(&["status", "--output", "json"]);
        let status: Value = serde_json::from_str(&output.stdout).ok()?;
        (status["quarantined"][0]["tenants"] == 2).then_some(status)
    });
    assert_eq!((&status["quarantined"][0]["object"], &status["quarantined_total"]), (&kept.clone().into(), &1.into()));
    let shown = fleet.run(&["status"]).stdout;
    assert!(shown.contains("QUARANTINE 1") && shown.contains(&kept), "{shown}");

    drop(daemon);
    let old = "undrift_dropped_20200101_old";
    fleet.sql("t00", &format!("ALTER TABLE {kept} RENAME TO {old}"));
    // Undrift believes its own state, and nobody's names: of t01 it does not know that it keeps something so old.
    let (day, aged) = (jiff::Timestamp::now().strftime("%Y-%m-%d"), "2020-01-01");
    fleet.state(&format!(
        "UPDATE tenants SET body = replace(replace(body, '{kept}', '{old}'), '{day}', '{aged}') WHERE name = 't00'"
    ));
    fleet.add("t02", &format!("CREATE TABLE users (id INTEGER PRIMARY KEY); CREATE TABLE {old} (a)"));
    let daemon = fleet.start();
    wait(|| tables(&fleet, "t00").is_empty().then_some(()));
    assert_eq!(tables(&fleet, "t01"), kept, "its time is not over");
    daemon.wait_for_sync(3);
    assert_eq!(tables(&fleet, "t02"), old, "it is only called so");
    let history = fleet.run(&["history", "t00"]).expect_code(0).stdout;
    assert!(history.contains("DROP TABLE") && history.contains("for as long as the policy says"), "{history}");
    fleet.run(&["audit", "verify"]).expect_code(0);
}
