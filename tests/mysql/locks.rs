//! Locks that cannot be had: given up in time, and told by whom they are held.

use std::time::{Duration, Instant};

use undrift::db::{Connection, Session, Trouble};

use super::support::mariadb;
use super::{connect, database};

async fn hasty(url: &str) -> Session {
    let mut session = connect(url).await;
    session.limit(Duration::from_secs(1), Duration::from_secs(20)).await.unwrap();
    session
}

async fn number(session: &mut Session) -> u64 {
    session.count("SELECT CONNECTION_ID()").await.unwrap()
}

#[tokio::test]
async fn who_holds_a_lock_is_told_and_not_what_they_run() {
    let url =
        database("holder", "create table a (x int primary key, secret varchar(9)); insert into a values (1, 's');");
    let (mut holder, mut bystander, mut other) = (connect(&url).await, connect(&url).await, hasty(&url).await);
    assert_eq!(bystander.count("SELECT 1").await.unwrap(), 1);
    holder.begin().await.unwrap();
    holder.execute("UPDATE a SET secret = 'hidden'").await.unwrap();
    let id = number(&mut holder).await;
    for statement in [
        "ALTER TABLE `a` ADD COLUMN `y` INT, ALGORITHM=INSTANT, LOCK=NONE",
        "UPDATE `a` SET x = 3",
        "LOCK TABLES `a` WRITE",
    ] {
        let started = Instant::now();
        let error = other.execute(statement).await.unwrap_err();
        assert!(started.elapsed() < Duration::from_secs(4), "{statement} took {:?}", started.elapsed());
        assert_eq!((error.trouble, error.trouble.passes()), (Trouble::LockTimeout, true));
        let first = error.blockers.first().unwrap_or_else(|| panic!("nobody is in the way of {statement}"));
        assert!(first.starts_with(&format!("connection {id} of root@localhost, idle for ")), "{first}");
        assert!(first.contains("in a transaction for"), "{first}");
        let told = error.to_string();
        assert!(told.contains("; the lock is held by connection ") && !told.contains("hidden"), "{told}");
    }
    holder.rollback().await.unwrap();
    other.execute("ALTER TABLE `a` ADD COLUMN `y` INT, ALGORITHM=INSTANT, LOCK=NONE").await.unwrap();
    with_the_plugin_only_holders_of_the_table_are_told().await;
}

/// Not beside the other half: the plugin is the whole server's.
async fn with_the_plugin_only_holders_of_the_table_are_told() {
    let url = database("plugin", "create table a (x int); create table b (x int);");
    mariadb().sql(&url, "INSTALL SONAME 'metadata_lock_info'");
    let (mut holder, mut elsewhere, mut other) = (connect(&url).await, connect(&url).await, hasty(&url).await);
    elsewhere.execute("LOCK TABLES b WRITE").await.unwrap();
    holder.execute("LOCK TABLES a WRITE").await.unwrap();
    let error = other.execute("ALTER TABLE `a` COMMENT='x', ALGORITHM=INSTANT, LOCK=NONE").await.unwrap_err();
    let id = number(&mut holder).await;
    mariadb().sql(&url, "UNINSTALL SONAME 'metadata_lock_info'");
    assert_eq!(error.blockers.len(), 1, "{:?}", error.blockers);
    assert!(error.blockers[0].starts_with(&format!("connection {id} of root@localhost, idle for ")));
    assert!(!error.blockers[0].contains("perhaps"));
}

#[tokio::test]
async fn a_statement_that_runs_too_long_is_ended_and_leaves_nothing() {
    let url = database(
        "long",
        "create table a (x int primary key, y int);
        insert into a select seq, seq from seq_1_to_400000;",
    );
    let mut session = connect(&url).await;
    session.limit(Duration::from_secs(1), Duration::from_millis(30)).await.unwrap();
    let error = session.execute("ALTER TABLE `a` MODIFY `y` BIGINT, ALGORITHM=COPY, LOCK=SHARED").await.unwrap_err();
    assert_eq!(error.trouble, Trouble::TimedOut);
    assert_eq!(left_over(&url), "");
}

/// The files of tables that a statement was building.
pub fn left_over(url: &str) -> String {
    mariadb().query(url, "SELECT GROUP_CONCAT(NAME) FROM information_schema.INNODB_SYS_TABLES WHERE NAME LIKE CONCAT(DATABASE(), '/#sql%')").replace("NULL", "")
}
