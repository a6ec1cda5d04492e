//! Text from outside that leads out of its statement, and what is built in scratch that reaches out of it.

use std::time::Duration;

use undrift::db::{Connection, Patience, Scratch, Session, Target, Trouble};
use undrift::model::Schema;

use super::support::mariadb;
use super::{connect, database};

/// The name of a database out of its URL.
fn name(url: &str) -> &str {
    url.split('/').nth(3).unwrap().split('?').next().unwrap()
}

/// The databases, users and rows that have to stay as they are.
struct Canary {
    url: String,
}

impl Canary {
    fn new() -> Self {
        Self { url: database("canary", "create table t (x int); insert into t values (1), (2);") }
    }

    fn name(&self) -> &str {
        name(&self.url)
    }

    #[track_caller]
    fn is_whole(&self, after: &str) {
        assert_eq!(mariadb().query(&self.url, "select count(*), sum(x) from t"), "2\t3", "{after}");
        assert_eq!(mariadb().query(&self.url, "show tables"), "t", "{after}");
        assert_eq!(mariadb().query(&self.url, "select count(*) from mysql.user where user = 'pwn'"), "0", "{after}");
    }
}

async fn scratch(url: &str) -> Scratch {
    connect(url).await.scratch(None, &Schema::default()).await.unwrap()
}

#[tokio::test]
async fn a_statement_goes_to_the_server_alone() {
    let canary = Canary::new();
    let url = database("alone", "create table a (x int, `b;c` int); insert into a values (1, 1);");
    let other = canary.name();
    for statement in [
        format!("SELECT 1; DROP TABLE `{other}`.t"),
        format!("ALTER TABLE a ADD COLUMN n INT DEFAULT (1)); DELETE FROM `{other}`.t; -- )"),
        format!("SELECT 1 /*! ; DELETE FROM `{other}`.t */"),
        format!("SELECT 1 /*M!100000 ; DELETE FROM `{other}`.t */"),
        format!("SELECT 'a\\'; DELETE FROM `{other}`.t; -- '"),
        format!("SELECT \"a\"; DELETE FROM `{other}`.t"),
        format!("LOCK TABLES a READ; DELETE FROM `{other}`.t"),
        format!("UNLOCK TABLES; DELETE FROM `{other}`.t"),
        format!("START TRANSACTION; DELETE FROM `{other}`.t; COMMIT"),
        format!("COMMIT; DELETE FROM `{other}`.t"),
    ] {
        let mut session = connect(&url).await;
        let _ = session.execute(&statement).await;
        let _ = session.count(&statement).await;
        let _ = session.texts(&statement).await;
        let _ = session.together(&[statement.clone(), "SELECT 1".to_owned()]).await;
        let open = ["SELECT 'a".to_owned(), format!("'; DELETE FROM `{other}`.t; -- ")];
        let _ = session.together(&open).await;
        session.close().await;
        canary.is_whole(&statement);
    }
}

#[tokio::test]
async fn statements_that_go_alone_do_what_they_did() {
    let url = database("still", "create table a (x int primary key, `b;c` varchar(20) default 'é;''\\\\')");
    let mut session = connect(&url).await;
    session.execute("SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES'").await.unwrap();
    assert_eq!(session.execute("INSERT INTO a VALUES (1, 'é\\'), (2, ';')").await.unwrap(), 2);
    assert_eq!(
        session.texts("SELECT \"b;c\" FROM a ORDER BY x").await.unwrap().concat(),
        [Some("é\\".to_owned()), Some(";".to_owned())]
    );
    session.execute("LOCK TABLES `a` WRITE").await.unwrap();
    assert_eq!(session.count("SELECT COUNT(*) FROM a").await.unwrap(), 2);
    session.execute("UNLOCK TABLES").await.unwrap();
    let halt = session
        .together(&["INSERT INTO a VALUES (3, '')".to_owned(), "INSERT INTO a VALUES (3, '')".to_owned()])
        .await
        .unwrap_err();
    assert_eq!((halt.done, halt.error.trouble), (1, Trouble::Data));
}

#[tokio::test]
async fn what_is_built_in_scratch_reaches_nothing_else() {
    let canary = Canary::new();
    let url = database("builder", "create table a (x int)");
    let other = canary.name();
    let mut scratch = scratch(&url).await;
    let session = &mut scratch.session;
    for statement in [
        format!("DROP TABLE `{other}`.t"),
        format!("USE `{other}`"),
        format!("TRUNCATE `{other}`.t"),
        format!("DELETE FROM `{other}`.t"),
        format!("RENAME TABLE `{other}`.t TO stolen"),
        format!("CREATE VIEW v AS SELECT * FROM `{other}`.t"),
        format!("CREATE TABLE c AS SELECT * FROM `{other}`.t"),
        format!("CREATE TABLE c LIKE `{other}`.t"),
        format!("CREATE TABLE c (x int) ENGINE=MERGE UNION=(`{other}`.t)"),
        "CREATE USER pwn@localhost".to_owned(),
        format!("GRANT ALL ON `{other}`.* TO CURRENT_USER()"),
        "SELECT 1 INTO OUTFILE '/tmp/undrift-canary'".to_owned(),
        "SET GLOBAL max_connections = 10".to_owned(),
        format!("ALTER DATABASE `{other}` CHARACTER SET latin1"),
        format!("CREATE TRIGGER `{other}`.g BEFORE INSERT ON `{other}`.t FOR EACH ROW SET NEW.x = 9"),
        format!("CREATE EVENT `{other}`.e ON SCHEDULE EVERY 1 SECOND DO DELETE FROM t"),
        format!("CREATE DEFINER=root@localhost PROCEDURE p() DELETE FROM `{other}`.t"),
        format!("EXECUTE IMMEDIATE 'DROP TABLE `{other}`.t'"),
    ] {
        assert!(session.execute(&statement).await.is_err(), "{statement} was taken");
        canary.is_whole(&statement);
    }
    session
        .execute(&format!("CREATE FUNCTION f() RETURNS INT BEGIN DELETE FROM `{other}`.t; RETURN 1; END"))
        .await
        .ok();
    assert!(session.count("SELECT f()").await.is_err());
    canary.is_whole("a function");
    scratch.discard().await.unwrap();
    assert!(!std::path::Path::new("/tmp/undrift-canary").exists());
}

#[tokio::test]
async fn time_runs_out_in_scratch_too() {
    let url = database("endless", "create table a (x int)");
    let mut scratch = scratch(&url).await;
    scratch.session.limit(Duration::from_secs(1), Duration::from_millis(300)).await.unwrap();
    let endless = "SELECT SLEEP(60) FROM (SELECT 1 UNION SELECT 2) AS two";
    assert_eq!(scratch.session.execute(endless).await.unwrap_err().trouble, Trouble::TimedOut);
    scratch.discard().await.unwrap();
}

#[tokio::test]
async fn users_that_are_made_go_away() {
    let url = database("gone", "create table a (x int)");
    let mut session = connect(&url).await;
    let scratch = session.scratch(None, &Schema::default()).await.unwrap();
    let (place, user) = (scratch.session.place().database.clone(), scratch.session.place().user.clone());
    let (user, _) = user.split_once('@').unwrap();
    let users = |user: &str| mariadb().query(&url, &format!("select count(*) from mysql.user where user = '{user}'"));
    assert_eq!((user.starts_with("undrift_"), users(user).as_str()), (true, "1"));
    let grants = mariadb().query(&url, &format!("show grants for '{user}'@localhost")).to_lowercase();
    let escaped = place.replace('_', "\\\\_");
    assert!(grants.contains(&format!("on `{escaped}`.* to")) && !grants.contains("grant option"), "{grants}");
    scratch.discard().await.unwrap();
    assert_eq!(users(user), "0");
    // What a killed run leaves.
    let (dead, left) = ("undrift_scratch_1000_0000dddd", "undrift_1000_0000dddd");
    mariadb().sql(&url, &format!("create database {dead}; create user {left}@localhost; create user {left}@'10.%';"));
    let mut swept = Vec::new();
    while !swept.contains(&dead.to_owned()) {
        swept = session.sweep().await.unwrap();
        if mariadb().query(&url, &format!("show databases like '{dead}'")).is_empty() {
            break;
        }
    }
    assert_eq!(users(left), "0");
}

/// A login with these rights, and its URL for a database.
fn login(user: &str, grants: &[String], database: &str) -> String {
    let account = format!("{user}@localhost");
    let grants: String = grants.iter().map(|grant| format!("grant {grant} to {account};")).collect();
    let root = mariadb().url("mysql");
    mariadb().sql(&root, &format!("create or replace user {account} identified by 'p';{grants}"));
    mariadb().url(database).replace("root@", &format!("{user}:p@"))
}

async fn try_scratch(url: &str) -> Result<String, undrift::db::DbError> {
    let mut session = Session::connect(&Target::parse(url).unwrap(), Patience::default()).await.unwrap();
    let scratch = session.scratch(None, &Schema::default()).await?;
    let user = scratch.session.place().user.clone();
    scratch.discard().await.unwrap();
    Ok(user)
}

/// Names of scratch databases begin with the time; another test has one that only looks like it.
const SCRATCH: &str = r"all on `undrift\_scratch\_1%`.*";

#[tokio::test]
async fn a_login_that_can_make_no_user_builds_only_where_it_can_reach_nothing_else() {
    let (one, other) = (database("one", "create table a (x int)"), database("other", "create table a (x int)"));
    let (one, other) = (name(&one), name(&other));
    let own = vec![format!("all on `{one}`.*"), SCRATCH.to_owned()];
    assert_eq!(try_scratch(&login("confined", &own, one)).await.unwrap(), "confined@localhost");
    let both = [own.clone(), vec![format!("all on `{other}`.*")]].concat();
    let error = try_scratch(&login("several", &both, one)).await.unwrap_err();
    assert_eq!(error.trouble, Trouble::Privilege);
    assert!(error.to_string().contains(&format!("in {other}")), "{error}");
    let remedy = "GRANT CREATE USER ON *.* TO `several`@`localhost`; \
                  GRANT ALL PRIVILEGES ON `undrift\\_scratch\\_%`.* TO `several`@`localhost` WITH GRANT OPTION;";
    assert_eq!(error.advice(), remedy);
    // Another address of the same server is no other server.
    let mut session = connect(&mariadb().url(one).replace("root@", "several:p@")).await;
    let elsewhere = Target::parse(&mariadb().tcp_url("several:p", one)).unwrap();
    let error = session.scratch(Some(&elsewhere), &Schema::default()).await.err().unwrap();
    assert_eq!(error.trouble, Trouble::Privilege);
    // The server takes the narrower pattern where two fit, and that one may not be passed on.
    mariadb().sql(&mariadb().url("mysql"), &format!("REVOKE {SCRATCH} FROM several@localhost"));
    mariadb().sql(&mariadb().url("mysql"), error.advice());
    let url = mariadb().url(one).replace("root@", "several:p@");
    assert!(try_scratch(&url).await.unwrap().starts_with("undrift_"));
    assert_eq!(
        mariadb().query(&mariadb().url("mysql"), "select count(*) from mysql.user where user like 'undrift%2'"),
        "0"
    );
}
