//! A tenant's code runs with the rights of whoever sets it off: with those of a user that can do nothing elsewhere.

use undrift::db::{Confined, Connection, DbError, Patience, Session, Standing, Target, Trouble};
use undrift::model::Logins;

use super::support::{Cli, mariadb};
use super::{connect, database};

fn name(url: &str) -> &str {
    url.split('/').nth(3).unwrap().split('?').next().unwrap()
}

/// A tenant that put a view in its table's place, and the database of somebody else that it is after.
struct Attack {
    tenant: String,
    canary: String,
}

impl Attack {
    fn new(view: &str) -> Self {
        let canary = database("prey", "create table t (x int); insert into t values (1), (2);");
        let tenant = database("hunter", "create table real_t (x int, y int); insert into real_t values (7, 7);");
        let (prey, own) = (name(&canary), name(&tenant));
        mariadb().sql(
            &tenant,
            &format!(
                "create or replace user hunter@localhost; grant all on `{own}`.* to hunter@localhost;
                 DELIMITER //
                 create definer=hunter@localhost function bite(n int) returns int not deterministic modifies sql data
                 sql security invoker
                 begin
                   declare continue handler for sqlexception begin end;
                   delete from `{prey}`.t; return n;
                 end//
                 create definer=hunter@localhost procedure p() sql security invoker delete from `{prey}`.t//
                 DELIMITER ;
                 create {view};"
            ),
        );
        Self { tenant, canary }
    }

    #[track_caller]
    fn harmed_nobody(&self, after: &str) {
        assert_eq!(mariadb().query(&self.canary, "select count(*), sum(x) from t"), "2\t3", "{after}");
    }
}

async fn confined(own: &mut Session) -> Confined {
    assert_eq!(own.standing().await.unwrap(), Standing::Other);
    own.confined().await.unwrap().unwrap_or_else(|refusal| panic!("{refusal:?}"))
}

fn users() -> String {
    mariadb().query(&mariadb().url("mysql"), "select group_concat(user) from mysql.user where user like 'undrift%'")
}

#[tokio::test]
async fn what_became_a_view_reaches_nothing_else() {
    for view in [
        "definer=hunter@localhost sql security invoker view t as select bite(x) as x, y from real_t",
        "definer=hunter@localhost sql security definer view t as select bite(x) as x, y from real_t",
        "definer=hunter@localhost sql security invoker view t as select x, y from real_t where bite(1) = 1",
        "algorithm=temptable definer=hunter@localhost sql security invoker view t as select x, y from real_t where bite(1) = 1",
    ] {
        let attack = Attack::new(view);
        let mut own = connect(&attack.tenant).await;
        let mut made = confined(&mut own).await;
        for statement in
            ["SELECT COUNT(*) FROM t WHERE x > 0", "UPDATE t SET y = 1", "DELETE FROM t", "SELECT bite(1)", "CALL p()"]
        {
            let _ = made.session.count(statement).await;
            let _ = made.session.execute(statement).await;
            attack.harmed_nobody(&format!("{statement} on {view}"));
        }
        made.dismiss(&mut own).await.unwrap();
        // The attack is one: with the rights of undrift's own login the rows are gone.
        mariadb().sql(&attack.tenant, "insert into real_t values (8, 8)");
        own.count("SELECT COUNT(*) FROM t WHERE x > 0").await.ok();
        let left = mariadb().query(&attack.canary, "select count(*) from t");
        assert_eq!(left == "2", view.contains("security definer"), "{view}");
    }
}

#[tokio::test]
async fn a_login_that_was_made_may_do_what_plans_do_and_is_removed() {
    let url = database("made", "create table a (x int primary key); create table b (x int); insert into a values (1);");
    let mut own = connect(&url).await;
    let mut made = confined(&mut own).await;
    let user = made.session.place().user.clone();
    let user = user.split_once('@').unwrap().0.to_owned();
    assert!(users().contains(&user) && made.target().to_string().contains(&user));
    for statement in [
        "LOCK TABLES `a` WRITE, `b` WRITE",
        "ALTER TABLE `b` ADD COLUMN `y` INT, ALGORITHM=INSTANT",
        "UNLOCK TABLES",
        "ALTER TABLE `b` ADD FOREIGN KEY (`x`) REFERENCES `a` (`x`), ALGORITHM=COPY",
        "SET SESSION foreign_key_checks = 0",
        "CREATE TEMPORARY TABLE c (x int)",
        "UPDATE `a` SET x = 2",
        "RENAME TABLE `b` TO `d`",
        "DROP TABLE `d`",
        "CREATE INDEX i ON `a` (x)",
    ] {
        made.session.execute(statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
    own.sweep().await.unwrap();
    assert!(users().contains(&user), "it is in use");
    made.dismiss(&mut own).await.unwrap();
    assert!(!users().contains(&user));
    let left = "select count(*) from information_schema.schemata where schema_name like 'undrift%'";
    let suffix = user.trim_start_matches("undrift_");
    assert_eq!(mariadb().query(&url, &format!("{left} and schema_name like '%{suffix}'")), "0");
}

#[tokio::test]
async fn who_is_in_the_way_is_told_over_a_made_login_too() {
    let url = database("inway", "create table a (x int)");
    let (mut own, mut holder) = (connect(&url).await, connect(&url).await);
    holder.execute("LOCK TABLES a WRITE").await.unwrap();
    let mut made = confined(&mut own).await;
    made.session.limit(std::time::Duration::from_secs(1), std::time::Duration::from_secs(9)).await.unwrap();
    let error = made.session.execute("ALTER TABLE `a` ADD COLUMN y INT").await.unwrap_err();
    assert_eq!(error.trouble, Trouble::LockTimeout);
    assert!(error.blockers.iter().any(|line| line.contains("root@localhost")), "{:?}", error.blockers);
    made.dismiss(&mut own).await.unwrap();
}

async fn login(account: &str, grants: &[String], database: &str, logins: Logins) -> Result<Session, DbError> {
    let grants: String = grants.iter().map(|grant| format!("grant {grant} to {account}@localhost;")).collect();
    let root = mariadb().url("mysql");
    mariadb().sql(&root, &format!("create or replace user {account}@localhost identified by 'p';{grants}"));
    let url = mariadb().url(database).replace("root@", &format!("{account}:p@"));
    Session::connect(&Target::parse(&url).unwrap().with_logins(logins), Patience::default()).await
}

#[tokio::test]
async fn what_a_login_may_is_found_out() {
    let (one, other) = (database("alone", "create table a (x int)"), database("beside", "create table a (x int)"));
    let (one, other) = (name(&one), name(&other));
    let own = [format!("all on `{one}`.*"), r"all on `undrift\_scratch\_1%`.*".to_owned()];
    let more = [own.to_vec(), vec![format!("all on `{other}`.*")]].concat();
    let mut session = login("onlyone", &own, one, Logins::Auto).await.unwrap();
    assert_eq!(session.standing().await.unwrap(), Standing::Own);
    let mut session = login("twoofthem", &more, one, Logins::Own).await.unwrap();
    let Standing::Refused(refusal) = session.standing().await.unwrap() else { panic!("it has rights in {other}") };
    assert!(refusal.missing.contains(&format!("in {other}")) && refusal.remedy.contains("logins: auto"), "{refusal:?}");
    let mut session = login("twoofthem", &more, one, Logins::Auto).await.unwrap();
    assert_eq!(session.standing().await.unwrap(), Standing::Other);
    let refusal = session.confined().await.unwrap().err().unwrap();
    let remedy = format!(
        "GRANT CREATE USER ON *.* TO `twoofthem`@`localhost`; \
         GRANT ALL PRIVILEGES ON `{}`.* TO `twoofthem`@`localhost` WITH GRANT OPTION;",
        one.replace('_', "\\_")
    );
    assert_eq!((refusal.remedy.as_str(), refusal.everything), (remedy.as_str(), false));
    mariadb().sql(&mariadb().url("mysql"), &refusal.remedy);
    let url = mariadb().url(one).replace("root@", "twoofthem:p@");
    let mut session = connect(&url).await;
    confined(&mut session).await.dismiss(&mut session).await.unwrap();
    assert!(session.sweep().await.unwrap().is_empty());
}

/// Rows are written over a login that was made, whatever undrift's own may do.
#[test]
fn a_backfill_runs_over_a_login_that_was_made() {
    let url = database(
        "backfilled",
        "create table t (id int primary key, x int); insert into t values (1, 1), (2, 2);
         create table who (name varchar(200));
         create trigger told before update on t for each row insert into who values (session_user());",
    );
    let folder = tempfile::tempdir().unwrap();
    let schema = "schema: core\ntables:\n  t:\n    columns:\n      id: integer\n      x: { type: integer, nullable: true }\n      \
                  y: { type: integer, backfill: { sql: x + 1 } }\n    primary_key: [id]\n";
    std::fs::write(folder.path().join("schema.yaml"), schema).unwrap();
    std::fs::write(folder.path().join("policy.yaml"), "policy: all\nrules: [{ then: allow }]\n").unwrap();
    let arguments = ["apply", "--url", &url, "--schema", "schema.yaml", "--policy", "policy.yaml", "--yes"];
    let ran = Cli::new().folder(folder.path()).run(&arguments);
    let rows = mariadb().query(&url, "select group_concat(y order by id) from t");
    assert_eq!(rows, "2,3", "{}", ran.stderr);
    let who = mariadb().query(&url, "select count(*), sum(name like 'undrift\\_%@localhost') from who");
    assert_eq!(who, "2\t2", "{}", mariadb().query(&url, "select * from who"));
}
