//! A real connection pooler between undrift and the server.

use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use undrift::db::{Budget, Connection, DbError, Look, Patience, Session, Target, Trouble, Visit, Visitor};

use crate::support::{Pgbouncer, postgres};

/// What the driver needs to be let in, and what psql says here besides.
const PARAMETERS: &str = "ignore_startup_parameters = extra_float_digits, options";

/// What sessions set, as others of the pool would find it.
const SETTINGS: &str = "SELECT string_agg(name || '=' || setting, ' ' ORDER BY name) FROM pg_sleep(0.3), pg_settings WHERE name IN \
    ('search_path', 'row_security', 'lock_timeout', 'statement_timeout', 'role', 'IntervalStyle', 'client_min_messages')";

fn database(hint: &str) -> String {
    let url = postgres().database(hint);
    postgres().sql(&url, "CREATE TABLE t (a integer)");
    Target::parse(&url).unwrap().database().unwrap()
}

async fn connect(url: &str) -> Result<Session, DbError> {
    Session::connect(&Target::parse(url).unwrap(), Patience::default()).await
}

async fn refused(url: &str) -> DbError {
    match connect(url).await {
        Ok(_) => panic!("{url} is let in"),
        Err(error) => error,
    }
}

/// That no process of the pool keeps a setting or a lock.
fn is_as_it_was(pooler: &Pgbouncer, database: &str) {
    let before = postgres().query(&pooler.url("postgres"), SETTINGS);
    // All at once, so that each is given another one.
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(postgres().query(&pooler.url(database), SETTINGS), before));
        }
    });
    let locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = \
        (SELECT oid FROM pg_database WHERE datname = current_database())";
    assert_eq!(postgres().query(&postgres().url(database), locks), "0");
}

/// Somebody who uses the pool all the while.
fn somebody(url: &str) -> Child {
    let mut client = Command::new("psql");
    client.args(["-X", "-q", "-o", "/dev/null", url]).stdin(Stdio::piped());
    let mut child = client.spawn().unwrap();
    let script = "SELECT pg_sleep(0.003);\n".repeat(500);
    child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    child
}

#[tokio::test]
async fn a_pool_of_transactions_is_refused_before_anything_is_set() {
    for (mode, clients) in [("transaction", 0), ("transaction", 3), ("statement", 0)] {
        let pooler = Pgbouncer::start(mode, PARAMETERS);
        let name = database("shared");
        let others: Vec<_> = (0..clients).map(|_| somebody(&pooler.url(&name))).collect();
        for _ in 0..3 {
            let error = refused(&pooler.url(&name)).await;
            assert_eq!(error.trouble, Trouble::Usage, "{error}");
            let said = format!("{error} {}", error.advice());
            assert!(said.contains("transaction mode") && said.contains("session mode"), "{said}");
        }
        for mut other in others {
            other.kill().unwrap();
            other.wait().unwrap();
        }
        is_as_it_was(&pooler, &name);
    }
}

#[tokio::test]
async fn looking_leaves_nothing_behind_in_a_pool_of_transactions() {
    let pooler = Pgbouncer::start("transaction", PARAMETERS);
    let name = database("looked_at");
    let visitor = Visitor::new(Patience::default(), Budget { at_once: 2, per_server: 2 });
    let target = Target::parse(&pooler.url(&name)).unwrap();
    let Visit::Seen(seen) = visitor.visit(&target, Look::default()).await.unwrap() else { panic!("it is new") };
    let look = Look { known: Some(&seen.memo), ..Look::default() };
    assert!(matches!(visitor.visit(&target, look).await.unwrap(), Visit::Unchanged { .. }));
    is_as_it_was(&pooler, &name);
}

#[tokio::test]
async fn a_pool_of_sessions_is_as_good_as_the_server() {
    // The last one has no second process to give.
    for more in [PARAMETERS.to_owned(), format!("{PARAMETERS}\nmax_db_connections = 1\nquery_wait_timeout = 5")] {
        let pooler = Pgbouncer::start("session", &more);
        let name = database("sessions");
        let mut session = connect(&pooler.url(&name)).await.unwrap();
        session.limit(Duration::from_secs(1), Duration::from_secs(5)).await.unwrap();
        assert!(session.lock().await.unwrap());
        assert_eq!(session.structure().await.unwrap().tables.len(), 1);
        session.prepare().await.unwrap();
        session.execute("ALTER TABLE t ADD COLUMN b integer").await.unwrap();
        session.unlock().await.unwrap();
        session.close().await;
        is_as_it_was(&pooler, &name);
    }
}

#[tokio::test]
async fn a_pool_that_does_not_know_the_drivers_parameters_says_what_to_do() {
    let pooler = Pgbouncer::start("session", "");
    let error = refused(&pooler.url(&database("parameters"))).await;
    assert!(error.advice().contains("ignore_startup_parameters = extra_float_digits"), "{error}");
    assert_eq!(error.trouble, Trouble::Usage, "the server is well");
}
