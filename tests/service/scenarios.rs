//! The stories of the platform, with the service watching.

use std::path::Path;

use crate::daemon::{Daemon, FREE, Fleet, SCHEMA, wait};
use crate::support::{self, Prometheus};

/// A policy that reports and changes nothing.
const REPORT: &str = "policy: report\nrules: [{ name: look only, then: deny }]\n";

/// The shipped alerts, with hours and minutes cut short.
fn impatient_alerts(folder: &Path) -> std::path::PathBuf {
    let rules = std::fs::read_to_string("grafana/alerts.yaml").expect("the alerts are shipped");
    let rules = rules.replace("for: 5m", "for: 0s").replace("timestamp_seconds > 3600", "timestamp_seconds > 2");
    let file = folder.join("alerts.yaml");
    std::fs::write(&file, rules).expect("the folder is ours");
    file
}

fn firing(alert: &str) -> String {
    format!("ALERTS{{alertname=\"{alert}\", alertstate=\"firing\"}}")
}

/// Scenario 13: somebody's hot fix.
#[test]
fn a_hot_fix_is_seen_alerted_and_put_right() {
    let schema = SCHEMA.replace("tables:\n  users", "extras: drop\ntables:\n  users");
    let fleet = Fleet::new(4, &schema, FREE);
    let daemon = fleet.start();
    daemon.wait_for_sync(4);
    fleet.write("policy.yaml", REPORT);
    daemon.wait_for("undrift_passes_total", &["trigger=\"reload\""], 1.0);
    let prometheus = Prometheus::watching(daemon.address(), &impatient_alerts(fleet.path()));
    prometheus.wait_for("undrift_tenants{sync=\"in_sync\"} == 4");

    let passes = daemon.metric("undrift_passes_total", &["outcome=\"complete\""]);
    fleet.sql("t02", "ALTER TABLE users ADD COLUMN hot_fix text");
    wait(|| (daemon.metric("undrift_tenants", &["sync=\"drifted\""]) == 1.0).then_some(()));
    let seen = daemon.metric("undrift_passes_total", &["outcome=\"complete\""]);
    assert!(seen - passes <= 3.0, "within one interval, the pass under way and the look of this test aside");
    let status = fleet.run(&["status"]).expect_code(2);
    assert!(status.stdout.contains("t02"), "{}", status.stdout);
    prometheus.wait_for(&firing("UndriftDriftUnresolved"));

    fleet.write("policy.yaml", FREE);
    daemon.wait_for_sync(4);
    assert!(!fleet.query("t02", "SELECT name FROM pragma_table_info('users')").contains("hot_fix"));
    wait(|| prometheus.query(&firing("UndriftDriftUnresolved")).unwrap().is_empty().then_some(()));
}

/// Drift that comes back is told apart from drift.
#[test]
fn whatever_comes_back_is_flapping() {
    let fleet = Fleet::new(2, SCHEMA, FREE);
    let daemon = fleet.start();
    daemon.wait_for_sync(2);
    fleet.sql("t00", "ALTER TABLE users DROP COLUMN password_hash");
    daemon.wait_for("undrift_flapping_tenants", &[], 1.0);
    daemon.wait_for_sync(2);
    assert!(daemon.log().contains("drift came back after a repair"), "{}", daemon.log());
}

/// Scenario 12: one bad tenant does not stop the others, on any engine.
#[test]
fn one_bad_tenant_costs_only_itself() {
    let fleet = Fleet::new(0, SCHEMA, FREE);
    let (postgres, mariadb) = (support::postgres(), support::mariadb());
    let mut list = String::new();
    let mut add = |name: &str, url: &str| list.push_str(&format!("      - {{ name: {name}, url: \"{url}\" }}\n"));
    for number in 0..3 {
        add(&format!("pg{number}"), &postgres.database("service"));
        add(&format!("my{number}"), &mariadb.database("service"));
        fleet.write(&format!("lite{number}.db"), "");
        add(&format!("lite{number}"), &format!("sqlite:{}", fleet.path().join(format!("lite{number}.db")).display()));
    }
    add("wrong_password", &mariadb.tcp_url("nobody:wrong", "none"));
    add("no_database", &postgres.url("there_is_no_such_database"));
    add("no_server", "postgres://nobody@127.0.0.1:1/none");
    fleet.write("broken.db", "this is no database, and long enough to be told from one\n");
    add("no_file", &format!("sqlite:{}", fleet.path().join("broken.db").display()));
    let config = format!(
        "schema: schema.yaml\npolicy: policy.yaml\nstate: sqlite:state.db\nschedule: every 1s\ntenants:\n  - list:\n{list}"
    );
    fleet.write("undrift.yaml", &config);
    let daemon = Daemon::start(fleet.path());
    daemon.wait_for_sync(9);
    daemon.wait_for("undrift_tenants", &["sync=\"unknown\""], 4.0);
    for (engine, count) in [("postgres", 3.0), ("mysql", 3.0), ("sqlite", 3.0)] {
        let labels = [format!("engine=\"{engine}\""), "in_sync".to_owned()];
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        assert_eq!(daemon.metric("undrift_tenants", &labels), count, "{engine}");
    }
    let status = fleet.run(&["status"]).expect_code(1);
    for name in ["wrong_password", "no_database", "no_server", "no_file"] {
        assert!(status.stdout.contains(name), "{name}\n{}", status.stdout);
    }
    wait(|| (daemon.metric("undrift_server_circuit_open", &["127.0.0.1:1"]) == 1.0).then_some(()));
}
