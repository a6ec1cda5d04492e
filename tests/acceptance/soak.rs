//! The service at its work for long: nothing grows.

use std::time::{Duration, Instant};

use crate::daemon::{Daemon, wait};
use crate::drift::Drift;
use crate::size::Size;
use crate::support::{self, Engine};
use crate::truth;
use crate::world::{Tenant, World};

/// Everything runs, at once.
const POLICY: &str = "
policy: free
rules: [{ name: all, then: allow }]
brake: { share: 100% }
rollout: { waves: [100%], at_once: 4, per_server: 2 }
";

/// How much more memory the service may have at the end: what an allocator keeps, and nothing that grows.
const MARGIN: u64 = 16 << 20;

/// How long somebody waits between two hot fixes.
const HOT_FIX: Duration = Duration::from_secs(3);

#[test]
fn nothing_grows() {
    let world = World::new(Size { postgres: 6, mariadb: 6, sqlite: 12, drifted: 100, refused: 1 }, POLICY, "every 1s");
    let daemon = Daemon::start(world.path());
    daemon.wait_for_sync(world.size.sound());
    let (asked, started) = (lasting(), Instant::now());
    let mut fixes = 0;
    // What the first times take is no growth.
    disturb(&world, &daemon, &mut fixes, asked / 5);
    let before = Footprint::of(&world, &daemon);
    before.say(started);
    let mut worst = before;
    while started.elapsed() < asked {
        disturb(&world, &daemon, &mut fixes, (asked / 30).max(HOT_FIX));
        let now = Footprint::of(&world, &daemon);
        now.say(started);
        worst = worst.worse_of(now);
    }
    let after = Footprint::of(&world, &daemon);
    println!("{fixes} hot fixes put right; at the worst: {worst:?}");
    assert!(after.memory <= before.memory + MARGIN, "{before:?} became {after:?}");
    assert!(after.files <= before.files + 8, "{before:?} became {after:?}");
    assert!(worst.connections <= 30, "{worst:?}");
    assert_eq!(after.scratch, 0, "scratch databases are left: {:?}", truth::scratch_databases());
    assert_eq!(daemon.end(), Some(0));
    assert_eq!(Footprint::connections(), 0, "connections are left");
    assert_eq!(lock_files(&world), Vec::<String>::new(), "lock files are left");
    world.run(&["audit", "verify"]).expect_code(0);
}

/// How long to watch: what `UNDRIFT_SOAK` says, or some seconds.
fn lasting() -> Duration {
    let asked = std::env::var("UNDRIFT_SOAK").unwrap_or_else(|_| "12s".to_owned());
    undrift::policy::duration::parse(&asked).unwrap_or_else(|why| panic!("UNDRIFT_SOAK={asked}: {why}"))
}

/// For a while, drifts one tenant after the other, and makes sure that each is put right.
fn disturb(world: &World, daemon: &Daemon, fixes: &mut usize, lasts: Duration) {
    let end = Instant::now() + lasts;
    while Instant::now() < end {
        let tenant = &world.tenants[*fixes * 7 % world.tenants.len()];
        // Not the names of columns: to run it twice is to be no error.
        let drift = [Drift::MissingColumn, Drift::MissingIndex, Drift::ExtraTable][*fixes % 3];
        let applied = |daemon: &Daemon| daemon.metric("undrift_applies_total", &["applied"]);
        let before = applied(daemon);
        world.sql(tenant, drift.sql(tenant.engine));
        wait(|| (applied(daemon) > before).then_some(()));
        daemon.wait_for_sync(world.size.sound());
        assert_eq!(truth::row(tenant, world), "Ada Lovelace", "{tenant:?}");
        *fixes += 1;
        std::thread::sleep(HOT_FIX.min(end.saturating_duration_since(Instant::now())));
    }
}

/// What the service takes.
#[derive(Clone, Copy, Debug)]
struct Footprint {
    /// Resident memory, in bytes.
    memory: u64,
    /// Open file descriptors.
    files: usize,
    /// Connections to both servers.
    connections: usize,
    /// Scratch databases on both servers.
    scratch: usize,
}

impl Footprint {
    /// What it takes when it does not happen to prove a plan.
    fn of(world: &World, daemon: &Daemon) -> Self {
        daemon.wait_for_sync(world.size.sound());
        wait(|| truth::scratch_databases().is_empty().then_some(()));
        let process = |what: &str| format!("/proc/{}/{what}", daemon.id());
        let status = std::fs::read_to_string(process("status")).expect("it runs");
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("Linux says so");
        let kilobytes: u64 = resident.trim().trim_end_matches(" kB").parse().expect("a number");
        Self {
            memory: kilobytes << 10,
            files: std::fs::read_dir(process("fd")).expect("it runs").count(),
            connections: Self::connections(),
            scratch: truth::scratch_databases().len(),
        }
    }

    /// Connections to both servers, but for those that ask.
    fn connections() -> usize {
        let (postgres, mariadb) = (support::postgres(), support::mariadb());
        let count = |text: String| text.trim().parse::<usize>().expect("a number");
        count(postgres.query(
            &postgres.url("postgres"),
            "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
        )) + count(mariadb.query(
            &mariadb.url("mysql"),
            "SELECT count(*) FROM information_schema.processlist WHERE id <> connection_id() AND user <> 'system user'",
        ))
    }

    fn worse_of(self, other: Self) -> Self {
        Self {
            memory: self.memory.max(other.memory),
            files: self.files.max(other.files),
            connections: self.connections.max(other.connections),
            scratch: self.scratch.max(other.scratch),
        }
    }

    fn say(&self, started: Instant) {
        let Self { memory, files, connections, .. } = self;
        let (seconds, megabytes) = (started.elapsed().as_secs(), *memory as f64 / f64::from(1 << 20));
        println!("{seconds:5} s  {megabytes:6.1} MiB  {files} file descriptors  {connections} connections");
    }
}

/// Files beside the tenants that are not tenants, but for SQLite's own and undrift's lock files, of which each tenant
/// has one at most.
fn lock_files(world: &World) -> Vec<String> {
    let tenants: Vec<&Tenant> = world.of(Engine::Sqlite).collect();
    let found = std::fs::read_dir(world.path().join("tenants")).expect("the folder is ours").flatten();
    let names = found.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let known = |name: &str| tenants.iter().any(|tenant| name == format!("{}.db", tenant.name));
    names.filter(|name| !known(name)).collect()
}
