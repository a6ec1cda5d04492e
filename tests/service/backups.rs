//! Backups before something is lost: recorded, bounded, and given up when the service ends.

use crate::daemon::{Fleet, SCHEMA, wait};

const BACKED_UP: &str = "
policy: backed up
rules:
  - { name: drops, match: { change: drop_* }, then: allow, backup: true }
  - { name: the rest, then: allow }
brake: { share: 100% }
";

const OLD: &str = "CREATE TABLE old (a); INSERT INTO old VALUES (1)";

fn fleet(backups: &str) -> Fleet {
    let fleet = Fleet::new(0, &SCHEMA.replace("tables:\n  users", "extras: drop\ntables:\n  users"), BACKED_UP);
    fleet.configure("every 1s", backups);
    fleet.add("t00", OLD);
    fleet
}

fn has_old(fleet: &Fleet) -> bool {
    fleet.query("t00", "SELECT count(*) FROM sqlite_master WHERE name = 'old'").trim() == "1"
}

#[test]
fn a_backup_is_in_the_audit() {
    let fleet = fleet("");
    let daemon = fleet.start();
    daemon.wait_for_sync(1);
    assert!(!has_old(&fleet));
    assert_eq!(daemon.metric("undrift_backup_duration_seconds_count", &["sqlite"]), 1.0);
    assert!(daemon.metric("undrift_backup_bytes_total", &["sqlite"]) > 0.0);
    let history = fleet.run(&["history", "t00"]).expect_code(0).stdout;
    let line = history.lines().find(|line| line.contains("old backed up: ")).expect(&history);
    let file = line.split("backed up: ").nth(1).and_then(|rest| rest.split(',').next()).expect(line);
    assert_eq!(crate::support::sqlite_query(&format!("sqlite:{file}"), "SELECT a FROM old").trim(), "1");
    fleet.run(&["audit", "verify"]).expect_code(0);
}

/// A backup that fails counts as a plan that failed: it is tried again, later and later.
#[test]
fn without_a_backup_the_plan_waits() {
    let fleet = fleet("backups: { command: \"echo the disk is full >&2; false\" }\n");
    let daemon = fleet.start();
    wait(|| (daemon.metric("undrift_backup_failures_total", &["sqlite"]) >= 1.0).then_some(()));
    daemon.wait_for("undrift_applies_total", &["failed"], 1.0);
    assert!(has_old(&fleet));
    let status = wait(|| Some(fleet.run(&["history", "t00"]).stdout).filter(|text| text.contains("the disk is full")));
    assert!(status.contains("the backup failed, and nothing was changed"), "{status}");
}

/// Who is asked to end does not wait for an hour's backup, and does not leave it running.
#[test]
fn a_backup_is_given_up_when_the_service_ends() {
    let fleet = fleet("backups: { command: 'echo $$ > pid; sleep 600; echo elsewhere' }\n");
    let daemon = fleet.start();
    let pid = wait(|| std::fs::read_to_string(fleet.path().join("pid")).ok().filter(|pid| pid.ends_with('\n')));
    let begun = std::time::Instant::now();
    assert_eq!(daemon.end(), Some(0));
    assert!(begun.elapsed().as_secs() < 20, "it took {:?}", begun.elapsed());
    assert!(has_old(&fleet));
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
    assert!(stat.is_err() || stat.is_ok_and(|stat| stat.contains(") Z ")), "the command lives on");

    fleet.configure("every 1s", "");
    let daemon = fleet.start();
    daemon.wait_for_sync(1);
    assert!(!has_old(&fleet));
}
