//! Killed from outside, while a statement runs or waits.

use std::path::Path;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rstest::rstest;
use tokio::runtime::{Builder, Runtime};
use undrift::db::{Connection, Patience, Session, Target};

use crate::plan::{Attempt, Story};
use crate::support::{Engine, Tenant};

/// Somebody who keeps everybody from writing to a table.
struct Holder(Runtime, Option<Session>);

impl Holder {
    fn of(tenant: &Tenant) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let session = runtime.block_on(async {
            let mut session =
                Session::connect(&Target::parse(&tenant.url).unwrap(), Patience::default()).await.unwrap();
            let lock: &[&str] = match tenant.engine {
                Engine::Postgres => &["BEGIN", "LOCK TABLE tenant_users IN SHARE MODE"],
                Engine::Mariadb => &["LOCK TABLES tenant_users READ"],
                Engine::Sqlite => &["BEGIN IMMEDIATE"],
            };
            for sql in lock {
                session.execute(sql).await.unwrap();
            }
            session
        });
        Self(runtime, Some(session))
    }

    fn let_go(mut self) {
        self.0.block_on(self.1.take().unwrap().close());
    }
}

fn start(attempt: &Attempt) -> Child {
    start_saying(attempt, Stdio::null)
}

/// The same, with what it says going somewhere.
fn start_saying(attempt: &Attempt, to: impl Fn() -> Stdio) -> Child {
    let mut command = attempt.cli(None).command(&attempt.arguments());
    command.stdout(to()).stderr(to()).spawn().unwrap()
}

fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Waits until a statement of undrift waits for somebody.
fn somebody_waits(tenant: &Tenant) {
    let query = match tenant.engine {
        Engine::Postgres => {
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        }
        Engine::Mariadb => {
            "SELECT count(*) FROM information_schema.processlist WHERE db = database() AND state LIKE 'Waiting for%lock'"
        }
        // Nobody can see who waits for a file. By then it does.
        Engine::Sqlite => return sleep(Duration::from_secs(2)),
    };
    let begun = Instant::now();
    while tenant.query(query) == "0" {
        assert!(begun.elapsed() < Duration::from_secs(60), "undrift never came to wait");
        sleep(Duration::from_millis(50));
    }
}

#[rstest]
fn a_run_that_was_killed_while_it_waited_keeps_nobody_waiting(
    #[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine,
    #[values("columns", "password_hashed", "backfill")] plan: &str,
) {
    let story = Story::read(Path::new(&format!("tests/killed/plans/{plan}.txt")), engine);
    let attempt = story.begin();
    let holder = Holder::of(&attempt.tenant);
    let child = start(&attempt);
    somebody_waits(&attempt.tenant);
    kill(child);
    let next = start(&attempt);
    sleep(Duration::from_secs(1));
    holder.let_go();
    let ended = next.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(0), "the next run does the rest, though the one before had not quite gone");
    story.is_told(&attempt, plan);
}

/// How many statements of undrift the server is at that write rows, and wait for nobody.
fn writing(tenant: &Tenant) -> String {
    tenant.query(match tenant.engine {
        Engine::Postgres => {
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active'
             AND query LIKE 'UPDATE%' AND wait_event_type IS DISTINCT FROM 'Lock'"
        }
        Engine::Mariadb => {
            "SELECT count(*) FROM information_schema.processlist WHERE db = database() AND info LIKE 'UPDATE%'"
        }
        Engine::Sqlite => panic!("SQLite works within undrift"),
    })
}

/// Waits until something is so.
fn until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what} never came");
        sleep(Duration::from_millis(10));
    }
}

#[rstest]
fn a_run_that_was_killed_while_the_server_worked_for_it_is_finished_by_the_next(
    #[values(Engine::Postgres, Engine::Mariadb)] engine: Engine,
) {
    let story = Story::read(Path::new("tests/killed/big/name_split.txt"), engine);
    let attempt = story.begin();
    let child = start(&attempt);
    until("the batch", || writing(&attempt.tenant) == "1");
    kill(child);
    assert_eq!(writing(&attempt.tenant), "1", "the batch was too small: it ended before undrift did");
    attempt.undrift(None).expect_code(0);
    story.is_told(&attempt, "killed while a batch ran");
}

#[rstest]
fn a_run_that_was_killed_while_it_computed_is_finished_by_the_next(
    #[values(Engine::Postgres, Engine::Mariadb)] engine: Engine,
) {
    let story = Story::read(Path::new("tests/killed/big/passwords_hashed.txt"), engine);
    let attempt = story.begin();
    let child = start(&attempt);
    let hashed = || {
        let query = "SELECT count(*) FROM tenant_users WHERE password LIKE '$argon2id$%'";
        attempt.tenant.query(query).parse::<u64>().unwrap()
    };
    // The second batch is under way when the first is written.
    until("the first batch", || hashed() > 0);
    kill(child);
    let (done, all) = (hashed(), 128 * 5);
    assert!(done < all, "all {all} rows were done before undrift was killed");
    attempt.undrift(None).expect_code(0);
    story.is_told(&attempt, "killed while it hashed");
}

#[rstest]
fn runs_that_are_killed_again_and_again_come_to_an_end(
    #[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine,
    #[values("password_hashed", "backfill", "members")] plan: &str,
) {
    let story = Story::read(Path::new(&format!("tests/killed/plans/{plan}.txt")), engine);
    let attempt = story.begin();
    let (mut patience, mut refused) = (Duration::from_millis(50), 0);
    loop {
        let mut child = start_saying(&attempt, Stdio::piped);
        sleep(patience);
        if child.try_wait().unwrap().is_none() {
            kill(child);
            patience = patience.mul_f64(1.3);
            continue;
        }
        let ended = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&[ended.stdout, ended.stderr].concat()).into_owned();
        if ended.status.success() {
            break;
        }
        // What the server still did for the one before, after this one had made its plan.
        refused += 1;
        assert!(
            refused < 5 && said.contains("the database changed since the plan was made"),
            "after {patience:?}: {said}"
        );
    }
    story.is_told(&attempt, plan);
}
