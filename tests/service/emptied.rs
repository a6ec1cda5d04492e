//! A tenant that had tables and has none is not made to look healthy: a person is asked, each time.

use rstest::rstest;

use crate::daemon::{Daemon, FREE, Fleet, SCHEMA, wait};
use crate::support::{Engine, Tenant};

/// A fleet of one tenant on an engine, called `shop`.
fn fleet(tenant: &Tenant) -> Fleet {
    let fleet = Fleet::new(0, SCHEMA, FREE);
    let config = format!(
        "schema: schema.yaml\npolicy: policy.yaml\nstate: sqlite:state.db\nschedule: every 1s\n\
         tenants:\n  - list: [{{ name: shop, url: \"{}\" }}]\n",
        tenant.url
    );
    fleet.write("undrift.yaml", &config);
    fleet
}

fn pending(fleet: &Fleet) -> Option<String> {
    let ids = fleet.state("SELECT id FROM approvals WHERE state = 'pending'");
    ids.lines().next().map(str::to_owned)
}

/// Waits until the service says so, and makes sure that it leaves the tenant alone meanwhile.
fn stays_empty(fleet: &Fleet, daemon: &Daemon, tenant: &Tenant) -> String {
    daemon.wait_for("undrift_emptied_tenants", &[], 1.0);
    let id = wait(|| pending(fleet));
    let passes = daemon.metric("undrift_passes_total", &[]);
    daemon.wait_for("undrift_passes_total", &[], passes + 3.0);
    assert!(!tenant.takes("SELECT * FROM users"), "nobody said that it may be filled");
    id
}

#[rstest]
fn what_lost_all_of_its_tables_is_filled_when_a_person_says_so_and_once(
    #[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine,
) {
    let tenant = Tenant::empty(engine);
    let fleet = fleet(&tenant);
    let daemon = fleet.start();
    // It is new, so nothing is lost when it is filled.
    daemon.wait_for_sync(1);
    tenant.sql("DROP TABLE users");
    let first = stays_empty(&fleet, &daemon, &tenant);
    assert!(daemon.log().contains("had tables and has none now"), "{}", daemon.log());
    let shown = fleet.run(&["approvals", &first]).expect_code(0).stdout;
    assert!(shown.contains("shop had tables and has none now"), "{shown}");
    fleet.run(&["apply", "--yes"]).expect_code(3);
    assert!(!tenant.takes("SELECT * FROM users"), "a flag is no person");

    // It is in the state, which survives.
    drop(daemon);
    let daemon = fleet.start();
    assert_eq!(stays_empty(&fleet, &daemon, &tenant), first);
    fleet.run(&["approve", &first, "--why", "it was a test"]).expect_code(0);
    daemon.wait_for_sync(1);
    daemon.wait_for("undrift_emptied_tenants", &[], 0.0);

    tenant.sql("DROP TABLE users");
    assert_ne!(stays_empty(&fleet, &daemon, &tenant), first, "the answer was for the first time");
}

/// A file that is removed and made anew was no new tenant's.
#[test]
fn who_comes_back_empty_is_remembered() {
    let fleet = Fleet::new(2, SCHEMA, FREE);
    let daemon = fleet.start();
    daemon.wait_for_sync(2);
    std::fs::remove_file(fleet.file("t00")).expect("it is there");
    daemon.wait_for("undrift_tenants", &[], 1.0);
    fleet.add("t00", "");
    fleet.add("t02", "");
    daemon.wait_for("undrift_emptied_tenants", &[], 1.0);
    daemon.wait_for_sync(2);
    let id = wait(|| pending(&fleet));
    fleet.run(&["approve", &id, "--why", "it is meant"]).expect_code(0);
    daemon.wait_for_sync(3);
}
