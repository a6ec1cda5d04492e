//! Killed in the middle, and started again.

use std::collections::BTreeMap;

use rstest::rstest;

use crate::daemon::{FREE, Fleet, SCHEMA, wait};
use crate::support::Engine::{self, Postgres, Sqlite};

#[rstest]
fn a_rollout_goes_on_where_it_was_and_nothing_runs_twice(#[values(Sqlite, Postgres)] state: Engine) {
    let policy = format!("{FREE}rollout: {{ waves: [2, 50%, 100%], soak: 2s, at_once: 1 }}\n");
    let fleet = Fleet::with_state_in(state, 12, SCHEMA, &policy);
    for wanted in [1.0, 5.0] {
        let daemon = fleet.start();
        wait(|| (daemon.metric("undrift_tenants", &["in_sync"]) >= wanted).then_some(()));
        daemon.kill();
    }
    let daemon = fleet.start();
    daemon.wait_for_sync(12);
    assert_eq!(daemon.end(), Some(0));

    assert_eq!(fleet.state("SELECT count(*) FROM rollouts").trim(), "1", "one rollout, whatever happened to undrift");
    let waves = fleet.state("SELECT wave, count(*) FROM members GROUP BY wave ORDER BY wave");
    assert_eq!(waves.split_whitespace().collect::<Vec<_>>(), ["0|2", "1|4", "2|6"]);
    let mut applied: BTreeMap<String, usize> = BTreeMap::new();
    let ends = fleet.state("SELECT tenant FROM audit WHERE event = 'end' AND entry LIKE '%\"applied\"%'");
    ends.split_whitespace().for_each(|tenant| *applied.entry(tenant.to_owned()).or_default() += 1);
    let resolved = fleet.state("SELECT tenant FROM audit WHERE event = 'resolved' AND entry LIKE '%\"reached\":true%'");
    resolved.split_whitespace().for_each(|tenant| *applied.entry(tenant.to_owned()).or_default() += 1);
    assert!(applied.len() == 12 && applied.values().all(|times| *times == 1), "{applied:?}");
    fleet.run(&["audit", "verify"]).expect_code(0);
}

#[test]
fn the_state_can_be_lost() {
    let fleet = Fleet::new(3, SCHEMA, FREE);
    let daemon = fleet.start();
    daemon.wait_for_sync(3);
    daemon.kill();
    for file in ["state.db", "state.db-wal", "state.db-shm"] {
        let _ = std::fs::remove_file(fleet.path().join(file));
    }
    let daemon = fleet.start();
    daemon.wait_for_sync(3);
    assert_eq!(daemon.metric("undrift_applies_total", &[]), 0.0);
}

#[test]
fn the_step_that_runs_is_finished_when_it_is_to_end() {
    let fleet = Fleet::new(20, SCHEMA, &format!("{FREE}rollout: {{ waves: [100%], at_once: 2 }}\n"));
    let daemon = fleet.start();
    wait(|| (daemon.metric("undrift_tenants", &["in_sync"]) >= 1.0).then_some(()));
    assert_eq!(daemon.end(), Some(0));
    for number in 0..20 {
        let tables =
            fleet.query(&format!("t{number:02}"), "SELECT count(*) FROM sqlite_master WHERE name LIKE '%users%'");
        assert!(["0", "1"].contains(&tables.trim()), "t{number:02}: {tables}");
    }
    fleet.run(&["audit", "verify"]).expect_code(0);
    fleet.start().wait_for_sync(20);
}
