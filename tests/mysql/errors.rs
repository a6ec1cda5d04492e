//! What goes wrong says what to do, within a bounded time.

use std::time::{Duration, Instant};

use undrift::db::{Connection, DbError, Patience, Session, Target, Trouble};

use super::support::mariadb;
use super::{connect, database};

const HASTY: Patience = Patience { connect: Duration::from_secs(2), read: Duration::from_secs(2) };

async fn refused(url: &str) -> DbError {
    match Session::connect(&Target::parse(url).unwrap(), HASTY).await {
        Ok(_) => panic!("{} is let in", Target::parse(url).unwrap()),
        Err(error) => error,
    }
}

#[tokio::test]
async fn each_failure_to_connect_is_told_apart() {
    let url = database("login", "create user if not exists 'someone'@'%' identified by 'right'");
    let name = url.rsplit('/').find_map(|part| part.split_once('?')).unwrap().0.to_owned();
    let wrong = refused(&mariadb().tcp_url("someone:wrong", &name)).await;
    assert_eq!((wrong.trouble, wrong.code.as_deref()), (Trouble::LoginRefused, Some("1045")));
    assert_eq!(refused(&mariadb().url("not_there")).await.trouble, Trouble::NoDatabase);
    assert_eq!(refused("mysql://root@127.0.0.1:1/x").await.trouble, Trouble::Unreachable);
    assert_eq!(refused("mysql://root@localhost/x?socket=/nowhere").await.trouble, Trouble::Unreachable);
    assert!(!wrong.to_string().contains("wrong@"), "no password in {wrong}");
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up_on() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let started = Instant::now();
    let error = refused(&format!("mysql://root@127.0.0.1:{}/x", listener.local_addr().unwrap().port())).await;
    assert_eq!(error.trouble, Trouble::TimedOut);
    assert!(started.elapsed() < Duration::from_secs(4));
}

#[tokio::test]
async fn half_a_schema_is_never_shown() {
    let url = database("hidden", "create table a (x int); create table b (x int);");
    let name = url.split('/').nth(3).unwrap().split('?').next().unwrap().to_owned();
    let grant = format!("create user 'blind'@'%' identified by 'b'; grant select on `{name}`.a to 'blind'@'%';");
    mariadb().sql(&url, &grant);
    let target = Target::parse(&mariadb().tcp_url("blind:b", &name)).unwrap();
    let mut session = Session::connect(&target, Patience::default()).await.unwrap();
    let error = session.read().await.unwrap_err();
    assert_eq!(error.trouble, Trouble::Unreadable);
    let pattern = name.replace('_', "\\_");
    assert_eq!(error.advice(), format!("GRANT SELECT, SHOW VIEW, TRIGGER ON `{pattern}`.* TO `blind`@`%`;"));
    mariadb().sql(&url, error.advice());
    let mut session = Session::connect(&target, Patience::default()).await.unwrap();
    assert_eq!(session.read().await.unwrap().schema.tables.len(), 2);
    let scratch = session.scratch(None, &undrift::model::Schema::default()).await.err().unwrap();
    assert_eq!(scratch.trouble, Trouble::Privilege);
    assert!(scratch.advice().starts_with("GRANT ALL PRIVILEGES ON `undrift\\_scratch\\_%`.*"), "{}", scratch.advice());
}

#[tokio::test]
async fn a_slow_statement_is_killed() {
    let mut session = connect(&database("slow", "create table a (x int)")).await;
    session.limit(Duration::from_secs(1), Duration::from_millis(300)).await.unwrap();
    let started = Instant::now();
    let error = session.execute("SELECT SLEEP(30) FROM (SELECT 1 UNION SELECT 2) AS two").await.unwrap_err();
    assert_eq!(error.trouble, Trouble::TimedOut);
    assert!(started.elapsed() < Duration::from_secs(8));
    assert_eq!(session.count("SELECT 7").await.unwrap(), 7, "the session lives on");
}

#[tokio::test]
async fn a_locked_table_is_not_waited_for_long() {
    let url = database("locked", "create table a (x int); insert into a values (1);");
    let (mut holder, mut other) = (connect(&url).await, connect(&url).await);
    holder.begin().await.unwrap();
    holder.execute("UPDATE a SET x = 2").await.unwrap();
    other.limit(Duration::from_millis(500), Duration::from_secs(20)).await.unwrap();
    let error = other.execute("ALTER TABLE a ADD y INT").await.unwrap_err();
    assert_eq!((error.trouble, error.trouble.passes()), (Trouble::LockTimeout, true));
    holder.rollback().await.unwrap();
    other.execute("ALTER TABLE a ADD y INT").await.unwrap();
}
