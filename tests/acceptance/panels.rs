//! Every panel of the dashboard and every alert, asked of a Prometheus that watches the running service.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::daemon::{Daemon, wait};
use crate::expressions::{self, Expression};
use crate::size::Size;
use crate::support::{self, Engine, Prometheus};
use crate::world::World;

/// Drops are asked about, and locks are hardly waited for.
const POLICY: &str = "
policy: careful
rules:
  - { name: no drops, match: { hazard: [deletes_data, may_lose_data] }, then: ask }
  - { name: the rest, then: allow }
brake: { share: 100% }
rollout: { waves: [100%], at_once: 2 }
limits: { lock_timeout: 200ms, retries: 1 }
waivers: [{ name: over, tenant: nobody, until: 2020-01-31, owner: dba, why: a test }]
";

/// What has nothing to show in a fleet where this has not happened: that is no fault of theirs.
const SILENT: [&str; 13] = [
    "UndriftBrakeEngaged",
    "UndriftDown",
    "UndriftDriftUnresolved",
    "UndriftFlapping",
    "UndriftNoSuccessfulPass",
    "UndriftApprovalWaiting",
    "UndriftReloadFailing",
    "UndriftRolloutStopped",
    "UndriftServerCircuitOpen",
    "UndriftStateFailing",
    "UndriftTenantEmptied",
    "UndriftTenantUnknown",
    "undrift started",
];

#[test]
fn whatever_should_show_something_does() {
    let size = Size { postgres: 4, mariadb: 4, sqlite: 10, drifted: 2, refused: 1 };
    let world = World::new(size, POLICY, "every 1s");
    let more = "metrics: { per_tenant: true }\nhttp: { public_url: \"http://127.0.0.1\" }\n\
                webhooks: [{ url: \"http://127.0.0.1:1/\" }]\n";
    let configuration = std::fs::read_to_string(world.path().join("undrift.yaml")).unwrap();
    world.write("undrift.yaml", &format!("{configuration}{more}"));
    let held = world.of(Engine::Postgres).next().unwrap();
    let server = support::postgres();
    let mut holder = server.session(&server.url(&held.name), "BEGIN; LOCK TABLE members IN ACCESS SHARE MODE;");
    let daemon = Daemon::start(world.path());
    let prometheus = Prometheus::watching(daemon.address(), &expressions::rules());
    daemon.wait_for("undrift_tenants", &["activity=\"failed\""], 1.0);
    ask(&daemon, &world);
    let pending = || world.state("SELECT id FROM approvals WHERE state = 'pending'");
    let id = wait(|| pending().lines().next().map(str::to_owned));
    world.run(&["reject", &id, "--why", "it is needed"]).expect_code(0);

    // Counters must have been seen before they can be seen to increase.
    prometheus.wait_for("undrift_lock_wait_seconds_count >= 2");
    let all: Vec<Expression> = expressions::panels().into_iter().chain(expressions::alerts()).collect();
    let silent = || -> BTreeSet<&str> {
        let says_nothing = |each: &&Expression| {
            prometheus.query(&each.text).unwrap_or_else(|error| panic!("{}: {error}", each.place)).is_empty()
        };
        all.iter().filter(says_nothing).map(|each| each.place.as_str()).collect()
    };
    let expected: BTreeSet<&str> = SILENT.into();
    let settled = crate::daemon::try_wait(|| {
        std::thread::sleep(Duration::from_millis(500));
        silent().is_subset(&expected).then_some(())
    });
    assert!(settled.is_some(), "{:?} show nothing", silent().difference(&expected).collect::<Vec<_>>());
    holder.kill().and_then(|()| holder.wait()).expect("it is ours");
}

/// Asks the API for something, with a token and without.
fn ask(daemon: &Daemon, world: &World) {
    let made = world.run(&["token", "create", "--name", "panels", "--role", "viewer"]).expect_code(0);
    let token = made.stdout.split_whitespace().find(|word| word.starts_with("undrift_")).expect("it is printed");
    for (token, expected) in [(token, "HTTP/1.1 200"), ("undrift_0", "HTTP/1.1 401")] {
        let mut stream = TcpStream::connect(daemon.address()).expect("it listens");
        let head = "GET /api/v1/status HTTP/1.1\r\nHost: undrift\r\nConnection: close";
        write!(stream, "{head}\r\nAuthorization: Bearer {token}\r\n\r\n").expect("it listens");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        assert!(answer.starts_with(expected), "{answer}");
    }
}
