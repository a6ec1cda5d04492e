//! What goes wrong is told apart, in bounded time, and without secrets.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use super::engine::{name_of, session};
use super::support::postgres;
use undrift::db::{Connection, DbError, Patience, Session, Target, Trouble};

async fn refusal(url: &str) -> DbError {
    let patience = Patience { connect: Duration::from_secs(2), read: Duration::from_secs(2) };
    match Session::connect(&Target::parse(url).unwrap(), patience).await {
        Ok(_) => panic!("{url} let somebody in"),
        Err(error) => error,
    }
}

#[tokio::test]
async fn a_closed_port_is_unreachable() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = refusal(&format!("postgres://u:s3cret@127.0.0.1:{free}/db")).await;
    assert_eq!(error.trouble, Trouble::Unreachable);
    assert!(!format!("{error} {error:?}").contains("s3cret"));
    let error = refusal("postgres://u@localhost/db?host=/nowhere/at/all").await;
    assert_eq!(error.trouble, Trouble::Unreachable);
    let error = refusal("postgres://u@no-such-host.invalid/db").await;
    assert!(matches!(error.trouble, Trouble::Unreachable | Trouble::TimedOut), "{error}");
}

#[tokio::test]
async fn a_missing_database_and_a_missing_login_are_two_things() {
    assert_eq!(refusal(&postgres().url("no_such_database")).await.trouble, Trouble::NoDatabase);
    let url = postgres().url("postgres").replace("postgres@", "nobody_there@");
    assert_eq!(refusal(&url).await.trouble, Trouble::LoginRefused);
}

#[tokio::test]
async fn a_server_that_never_answers_costs_no_more_than_the_patience() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let started = Instant::now();
    let error = refusal(&format!("postgres://u:s3cret@127.0.0.1:{port}/db?sslmode=disable")).await;
    assert_eq!(error.trouble, Trouble::TimedOut);
    assert!(started.elapsed() < Duration::from_secs(4));
    assert!(!format!("{error} {error:?}").contains("s3cret"));
}

#[tokio::test]
async fn statements_fail_by_kind() {
    let url = postgres().database("kinds");
    postgres().sql(&url, "CREATE TABLE t (id integer PRIMARY KEY, n integer NOT NULL); INSERT INTO t VALUES (1, 1)");
    let mut session = session(&url).await;
    for (sql, trouble, code) in [
        ("INSERT INTO t VALUES (1, 2)", Trouble::Data, "23505"),
        ("INSERT INTO t VALUES (2, NULL)", Trouble::Data, "23502"),
        ("SELECT 1 / 0", Trouble::Data, "22012"),
        ("CREATE TABLE t ()", Trouble::Statement, "42P07"),
        ("SELEC", Trouble::Statement, "42601"),
    ] {
        let error = session.execute(sql).await.unwrap_err();
        assert_eq!((error.trouble, error.code.as_deref()), (trouble, Some(code)), "{error}");
        assert_eq!(error.statement.as_deref(), Some(sql));
    }
    let error = session.execute("INSERT INTO t VALUES (3, NULL)").await.unwrap_err();
    assert!(!error.message.contains("(3, null)"), "a row is quoted: {}", error.message);
}

#[tokio::test]
async fn locks_and_long_statements_end_in_time() {
    let url = postgres().database("limits");
    postgres().sql(&url, "CREATE TABLE t (id integer)");
    let (mut holder, mut waiter) = (session(&url).await, session(&url).await);
    holder.begin().await.unwrap();
    holder.execute("LOCK TABLE t").await.unwrap();
    waiter.limit(Duration::from_millis(100), Duration::from_secs(5)).await.unwrap();
    let error = waiter.execute("ALTER TABLE t ADD COLUMN x integer").await.unwrap_err();
    assert_eq!(error.trouble, Trouble::LockTimeout);
    assert!(error.trouble.passes());
    holder.rollback().await.unwrap();
    waiter.execute("ALTER TABLE t ADD COLUMN x integer").await.unwrap();
    waiter.limit(Duration::from_secs(1), Duration::from_millis(100)).await.unwrap();
    let error = waiter.execute("SELECT pg_sleep(10)").await.unwrap_err();
    assert_eq!(error.trouble, Trouble::TimedOut);
    waiter.execute("SELECT 1").await.expect("the server's own time-out leaves the connection as it is");
}

/// The server stops in the middle, as far as we can see: nothing comes any more.
#[tokio::test]
async fn a_connection_that_stops_answering_is_given_up() {
    let url = postgres().database("silent");
    let mut session = session(&url).await;
    session.limit(Duration::from_secs(1), Duration::from_millis(500)).await.unwrap();
    // The server's own time-out is taken away, so that only ours is left.
    let started = Instant::now();
    session.execute("SET statement_timeout = 0").await.unwrap();
    let error = session.execute("SELECT pg_sleep(60)").await.unwrap_err();
    assert_eq!(error.trouble, Trouble::TimedOut);
    assert!(started.elapsed() < Duration::from_secs(20));
    assert_eq!(session.execute("SELECT 1").await.unwrap_err().trouble, Trouble::Disconnected);
    session.close().await;
}

#[tokio::test]
async fn a_login_without_rights_hears_which_grant_is_missing() {
    let url = postgres().database("privilege");
    postgres().sql(
        &url,
        "DROP ROLE IF EXISTS app_owner, undrift_login; CREATE ROLE app_owner; CREATE ROLE undrift_login LOGIN;
         CREATE TABLE t (id integer); ALTER TABLE t OWNER TO app_owner",
    );
    let login = url.replace("postgres@", "undrift_login@");
    let mut session = Session::connect(&Target::parse(&login).unwrap(), Patience::default()).await.unwrap();
    assert_eq!(session.read().await.unwrap().schema.tables.len(), 1, "reading takes no rights");
    let error = session.prepare().await.unwrap_err();
    assert_eq!(error.trouble, Trouble::Privilege);
    assert_eq!(error.advice(), "GRANT \"app_owner\" TO \"undrift_login\"");
    let error = match session.scratch(None, &Default::default()).await {
        Ok(_) => panic!("a scratch database without CREATEDB"),
        Err(error) => error,
    };
    assert_eq!(error.trouble, Trouble::Privilege);
    assert!(error.advice().contains("CREATEDB"), "{}", error.advice());
    session.close().await;
    postgres().sql(&url, "GRANT app_owner TO undrift_login");
    let mut session = Session::connect(&Target::parse(&login).unwrap(), Patience::default()).await.unwrap();
    session.prepare().await.unwrap();
    session.execute("ALTER TABLE t ADD COLUMN x integer").await.unwrap();
    session.close().await;
    assert_eq!(postgres().query(&url, "SELECT tableowner FROM pg_tables WHERE tablename = 't'"), "app_owner");
}

#[tokio::test]
async fn a_read_only_database_takes_no_changes() {
    let url = postgres().database("read_only");
    let name = name_of(&url);
    postgres().sql(&url, &format!("ALTER DATABASE {name} SET default_transaction_read_only = on"));
    let mut session = Session::connect(&Target::parse(&url).unwrap(), Patience::default()).await.unwrap();
    session.read().await.unwrap();
    assert_eq!(session.prepare().await.unwrap_err().trouble, Trouble::ReadOnly);
    session.close().await;
}

/// Whoever holds a lock for too long is named, without what they run.
#[tokio::test]
async fn who_holds_the_lock_is_told() {
    let url = postgres().database("held");
    postgres().sql(&url, "CREATE TABLE t (id integer)");
    let (mut holder, mut waiter) = (session(&url).await, session(&url).await);
    holder.execute("SET application_name = 'nightly job'").await.unwrap();
    holder.begin().await.unwrap();
    holder.execute("INSERT INTO t SELECT length('s3cret')").await.unwrap();
    waiter.limit(Duration::from_secs(1), Duration::from_secs(9)).await.unwrap();
    for statement in ["ALTER TABLE t ADD COLUMN n integer", "CREATE INDEX CONCURRENTLY i ON t (id)"] {
        let error = waiter.execute(statement).await.unwrap_err();
        assert_eq!(error.trouble, Trouble::LockTimeout);
        let [blocker] = error.blockers.as_slice() else { panic!("{error}") };
        assert!(blocker.starts_with("pid "), "{blocker}");
        for part in ["user postgres", "application \"nightly job\"", "idle in transaction", "statement begun "] {
            assert!(blocker.contains(part), "{blocker}");
        }
        assert!(error.to_string().ends_with(blocker) && !error.to_string().contains("s3cret"), "{error}");
    }
    holder.rollback().await.unwrap();
    let error = waiter.execute("ALTER TABLE nothing ADD n integer").await.unwrap_err();
    assert_eq!(error.blockers, [""; 0]);
}
