//! Locks, scratch databases, scripts.

use undrift::db::{Connection, Patience, Session, Target};
use undrift::model::{Hash, QName, Schema};

use super::support::mariadb;
use super::{connect, database, read};

#[tokio::test]
async fn one_undrift_at_a_time() {
    let url = database("lock", "create table a (x int)");
    let (mut one, mut two) = (connect(&url).await, connect(&url).await);
    assert!(one.lock().await.unwrap());
    assert!(!two.lock().await.unwrap());
    let mut elsewhere = connect(&database("lock", "create table a (x int)")).await;
    assert!(elsewhere.lock().await.unwrap(), "another database is another lock");
    one.unlock().await.unwrap();
    assert!(two.lock().await.unwrap());
    two.close().await;
    for _ in 0..50 {
        if one.lock().await.unwrap() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("a session that ended still holds the lock");
}

/// The session of a login with a password, with a state that has a secret or without one.
async fn with_secret(login: &str, name: &str, secret: Option<&str>) -> Session {
    let url = mariadb().url(name).replace("root@", &format!("{login}@"));
    let target = Target::parse(&url).unwrap().with_lock_secret(secret.map(Hash::of));
    Session::connect(&target, Patience::default()).await.unwrap()
}

#[tokio::test]
async fn a_tenant_cannot_hold_the_lock() {
    let url = database("guessed", "create table a (x int)");
    let name = url.split('/').nth(3).unwrap().split('?').next().unwrap().to_owned();
    mariadb().sql(&url, "create or replace user locker@localhost identified by 'l'; grant all on *.* to locker@localhost; create or replace user plain@localhost;");
    let mut tenant = connect(&mariadb().url("").replace("root@", "plain@")).await;
    let guess = format!("undrift:{}", Hash::of(name.as_str()).short());
    assert_eq!(tenant.count(&format!("SELECT GET_LOCK('{guess}', 0)")).await.unwrap(), 1);
    for (login, secret) in [("locker:l", None), ("root", Some("s")), ("locker:l", Some("s"))] {
        let mut one = with_secret(login, &name, secret).await;
        assert!(one.lock().await.unwrap(), "{login} {secret:?}");
        let seen = tenant.texts("SELECT INFO FROM information_schema.PROCESSLIST WHERE USER <> 'plain'").await.unwrap();
        assert_eq!(seen, [[]; 0], "a tenant sees no name");
        for (other, its) in [("locker:l", None), ("root", Some("s")), ("locker:l", Some("s"))] {
            let is_kept_out = (login == other && login != "root") || (secret == its && secret.is_some());
            let mut two = with_secret(other, &name, its).await;
            assert_eq!(two.lock().await.unwrap(), !is_kept_out, "{login} {secret:?}, {other} {its:?}");
            two.close().await;
        }
        one.unlock().await.unwrap();
        one.close().await;
    }
}

#[tokio::test]
async fn scratch_databases_are_like_the_tenant_and_go_away() {
    let url = database("tenant", "create table a (x int)");
    let name = url.split('/').nth(3).unwrap().split('?').next().unwrap();
    mariadb().sql(&url, &format!("alter database `{name}` character set latin1 collate latin1_german2_ci"));
    let mut session = connect(&url).await;
    let scratch = session.scratch(None, &Schema::default()).await.unwrap();
    let place = scratch.session.place().database.clone();
    assert!(place.starts_with("undrift_scratch_"));
    assert_eq!(scratch.session.platform(), session.platform());
    assert!(!session.databases().await.unwrap().contains(&place));
    assert!(session.sweep().await.unwrap().is_empty(), "it is in use");
    scratch.discard().await.unwrap();
    assert_eq!(mariadb().query(&url, &format!("show databases like '{place}'")), "");
}

#[tokio::test]
async fn left_over_scratch_databases_are_swept() {
    let url = database("sweeper", "create table a (x int)");
    let (dead, alive) = ("undrift_scratch_1000_0000aaaa", "undrift_scratch_1000_0000bbbb");
    let mut maker = connect(&url).await;
    maker.texts(&format!("SELECT GET_LOCK('{alive}', 0)")).await.unwrap();
    mariadb()
        .sql(&url, &format!("create database {dead}; create database {alive}; create database undrift_scratch_mine;"));
    let mut session = connect(&url).await;
    assert_eq!(session.sweep().await.unwrap(), [dead]);
    mariadb().sql(&url, &format!("drop database {alive}; drop database undrift_scratch_mine;"));
}

#[tokio::test]
async fn scripts_stay_in_their_database() {
    let url = database("script", "create table before_it (x int)");
    let mut session = connect(&url).await;
    let script = "
        DROP DATABASE IF EXISTS somewhere; CREATE DATABASE somewhere; USE somewhere;
        /*!40101 SET SQL_MODE='ANSI_QUOTES' */;
        CREATE TABLE \"a;b\" (x int COMMENT ';');
        DELIMITER $$
        CREATE TRIGGER tick BEFORE INSERT ON `a;b` FOR EACH ROW BEGIN SET NEW.x = 1; SET NEW.x = 2; END$$
        DELIMITER ;
        -- the end;";
    session.script(script).await.unwrap();
    assert!(session.script("not sql").await.unwrap_err().statement.is_some());
    let schema = read(&url).await;
    assert!(schema.tables.contains_key(&QName::bare("a;b")) && schema.opaque.len() == 1);
    assert_eq!(session.count("SELECT @@sql_mode LIKE '%ANSI%'").await.unwrap(), 0);
    assert!(!session.databases().await.unwrap().contains(&"somewhere".to_owned()));
}

#[tokio::test]
async fn the_driver_does_not_change_what_sql_means() {
    let mut session = connect(&database("mode", "create table a (x int)")).await;
    assert_eq!(session.count("SELECT 0 || 0").await.unwrap(), 0);
    assert_eq!(session.count("SELECT @@sql_mode LIKE '%PIPES%'").await.unwrap(), 0);
    assert_eq!(session.count("SELECT NULL").await.unwrap(), 0);
    assert_eq!(session.count("SELECT 12.0").await.unwrap(), 12);
}
