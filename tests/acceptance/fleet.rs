//! A fleet on three engines in which everything goes wrong at once.

use std::process::Child;
use std::time::{Duration, Instant};

use crate::daemon::{Daemon, try_wait, wait};
use crate::drift::Drift;
use crate::size::Size;
use crate::support::{self, Engine};
use crate::world::{Tenant, World};
use crate::{books, truth};

/// Everything runs but drops, in waves that leave time to be killed between them, with little patience for locks.
const POLICY: &str = "
policy: careful
rules:
  - { name: no drops, match: { hazard: [deletes_data, may_lose_data] }, then: ask }
  - { name: the rest, then: allow }
brake: { share: 100% }
rollout: { waves: [5%, 20%, 40%, 70%, 100%], soak: 3s, at_once: 2, per_server: 2 }
limits: { lock_timeout: 300ms, retries: 1 }
";

const ENGINES: [(Engine, &str); 3] =
    [(Engine::Postgres, "postgres"), (Engine::Mariadb, "mysql"), (Engine::Sqlite, "sqlite")];

#[test]
fn everything_that_policy_allows_converges_whatever_goes_wrong() {
    let mut story = Story::begin();
    story.a_server_is_killed_during_the_first_pass();
    story.undrift_is_killed_twice_during_the_rollout();
    story.whatever_policy_allows_converges();
    story.the_metrics_agree_with_the_truth();
    story.the_lock_is_given_back_and_questions_are_answered();
    story.nothing_was_done_twice();
}

struct Story {
    world: World,
    daemon: Option<Daemon>,
    holder: Option<Child>,
    started: Instant,
}

impl Story {
    fn begin() -> Self {
        let started = Instant::now();
        let world = World::new(Size::wanted(), POLICY, "every 2s");
        let fits = |tenant: &&Tenant| tenant.drift == Some(Drift::MissingColumn);
        let held = world.of(Engine::Postgres).find(fits).expect("there is one of each");
        let holder = Some(hold(held));
        let story = Self { world, daemon: None, holder, started };
        story.say(&format!("{} tenants are there, {} of them drifted", story.world.tenants.len(), story.drifted()));
        story
    }

    fn a_server_is_killed_during_the_first_pass(&mut self) {
        let daemon = self.start();
        wait(|| (daemon.metric("undrift_check_duration_seconds_count", &[]) >= 5.0).then_some(()));
        support::mariadb().kill();
        self.say("MariaDB was killed");
        std::thread::sleep(Duration::from_secs(3));
        support::mariadb().start_again();
        self.say("MariaDB is back");
        self.daemon = Some(daemon);
    }

    fn undrift_is_killed_twice_during_the_rollout(&mut self) {
        for share in [5, 2] {
            let wanted = (self.allowed() / share).max(books::reached(&self.world) + 1);
            let daemon = self.daemon.take().unwrap_or_else(|| self.start());
            let far = try_wait_long(|| books::reached(&self.world) >= wanted);
            assert!(far, "only {} plans ran\n{}", books::reached(&self.world), daemon.log());
            daemon.kill();
            self.say(&format!("undrift was killed after {} plans", books::reached(&self.world)));
        }
        self.daemon = Some(self.start());
    }

    fn whatever_policy_allows_converges(&mut self) {
        let daemon = self.daemon.as_ref().expect("it runs");
        let refused = 2 * self.world.size.refused;
        let left = self.asked() + 1;
        let wanted = (self.world.size.sound() - left) as f64;
        let metric = |label: &str| daemon.metric("undrift_tenants", &[label]);
        if !try_wait_long(|| metric("sync=\"in_sync\"") == wanted) {
            let status = self.world.run(&["status"]).stdout;
            panic!("{} are in sync and not {wanted}\n{status}\n{}", metric("sync=\"in_sync\""), daemon.log());
        }
        daemon.wait_for("undrift_tenants", &["activity=\"pending_approval\""], self.asked() as f64);
        daemon.wait_for("undrift_tenants", &["sync=\"drifted\""], left as f64);
        daemon.wait_for("undrift_tenants", &["sync=\"unknown\""], refused as f64);
        self.say("what policy allows has converged");
    }

    /// Asks the databases themselves.
    fn the_metrics_agree_with_the_truth(&self) {
        let daemon = self.daemon.as_ref().expect("it runs");
        for (engine, label) in ENGINES {
            let truth = truth::in_order(&self.world, engine).len() as f64;
            let label = format!("engine=\"{label}\"");
            assert_eq!(daemon.metric("undrift_tenants", &[&label, "sync=\"in_sync\""]), truth, "{engine:?}");
            let all = self.world.of(engine).count() as f64;
            assert_eq!(daemon.metric("undrift_tenants", &[&label, "sync=\"drifted\""]), all - truth, "{engine:?}");
        }
        assert_eq!(daemon.metric("undrift_drifted_changes", &["drop_table"]), self.asked() as f64);
        assert_eq!(daemon.metric("undrift_drifted_changes", &[]), (self.asked() + 1) as f64);
        // The one that is held was tried again.
        daemon.wait_for("undrift_tenants", &["activity=\"failed\""], 1.0);
        let questions = self.world.state("SELECT count(*) FROM approvals WHERE state = 'pending'");
        assert_eq!(daemon.metric("undrift_pending_approvals", &[]), questions.parse::<f64>().unwrap());
        assert_eq!(daemon.metric("undrift_server_circuit_open", &[]), 0.0, "all servers answer again");
        self.say("the metrics agree with the databases");
    }

    fn the_lock_is_given_back_and_questions_are_answered(&mut self) {
        let daemon = self.daemon.take().expect("it runs");
        let mut holder = self.holder.take().expect("it holds");
        holder.kill().and_then(|()| holder.wait()).expect("it is ours");
        self.world.run(&["resume"]).expect_code(0);
        for id in self.world.state("SELECT id FROM approvals WHERE state = 'pending'").lines() {
            self.world.run(&["approve", id, "--why", "nobody needs it"]).expect_code(0);
        }
        let all = self.world.size.sound() as f64;
        let done = try_wait_long(|| daemon.metric("undrift_tenants", &["sync=\"in_sync\""]) == all);
        assert!(done, "{}\n{}", self.world.run(&["status"]).stdout, daemon.log());
        self.say("everybody is in sync");
        assert_eq!(daemon.end(), Some(0));
        for (engine, _) in ENGINES {
            assert_eq!(truth::in_order(&self.world, engine).len(), self.world.of(engine).count(), "{engine:?}");
        }
        for tenant in self.world.tenants.iter().filter(|tenant| tenant.drift.is_some()) {
            assert_eq!(truth::row(tenant, &self.world), "Ada Lovelace", "{tenant:?}");
        }
        assert_eq!(truth::scratch_databases(), Vec::<String>::new());
        self.say("and the databases say so, too");
    }

    fn nothing_was_done_twice(&self) {
        self.world.run(&["audit", "verify"]).expect_code(0);
        let accounts = books::accounts(&self.world);
        for tenant in &self.world.tenants {
            let account = accounts.get(&tenant.name).cloned().unwrap_or_default();
            assert_eq!(account.reached, usize::from(tenant.drift.is_some()), "{tenant:?}: {account:?}");
            let ended = account.reached + account.not_done + account.cut_off;
            assert_eq!(account.begun, ended, "every plan has an end: {tenant:?}: {account:?}");
        }
        assert_eq!(accounts.len(), self.drifted(), "nobody else was touched");
        let sum = |count: fn(&books::Account) -> usize| accounts.values().map(count).sum::<usize>();
        let (cut, resolved) = (sum(|account| account.cut_off), sum(|account| account.resolved));
        self.say(&format!("the audit agrees: {cut} plans were cut off, {resolved} more had just got there"));
    }

    fn start(&self) -> Daemon {
        Daemon::start(self.world.path())
    }

    fn drifted(&self) -> usize {
        self.world.tenants.iter().filter(|tenant| tenant.drift.is_some()).count()
    }

    fn asked(&self) -> usize {
        self.world.tenants.iter().filter(|tenant| tenant.drift.is_some_and(Drift::is_asked)).count()
    }

    /// Those that may be put right without a person, but for the one that somebody holds.
    fn allowed(&self) -> usize {
        self.drifted() - self.asked() - 1
    }

    fn say(&self, what: &str) {
        println!("{:6.1} s  {what}", self.started.elapsed().as_secs_f64());
    }
}

/// Lets somebody read a tenant's table in a transaction that does not end.
fn hold(tenant: &Tenant) -> Child {
    let server = support::postgres();
    let holder = server.session(&server.url(&tenant.name), "BEGIN; LOCK TABLE members IN ACCESS SHARE MODE;");
    let held = "SELECT count(*) FROM pg_locks WHERE mode = 'AccessShareLock' AND relation = 'members'::regclass";
    let query = || server.query(&server.url(&tenant.name), held);
    wait(|| (query() != "0").then_some(()));
    holder
}

/// Waits for as long as a large fleet may take.
fn try_wait_long(done: impl Fn() -> bool) -> bool {
    let patience = if Size::is_full() { 10 } else { 1 };
    (0..patience).any(|_| try_wait(|| done().then_some(())).is_some())
}
