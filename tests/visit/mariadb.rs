//! MariaDB: a few sessions for all tenants of a server.

use futures_util::StreamExt;
use undrift::db::{Budget, Connection, Evidence, Look, Session, Trouble, Visit, Visitor};

use super::road::Road;
use super::support::mariadb;
use super::{PATIENCE, expect_unchanged, meet, notices_each, revisit, target, visitor, what_is_learned_tells};

const TENANT: &str = "
    CREATE TABLE parent (id bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, name varchar(20) NOT NULL);
    CREATE TABLE child (id int PRIMARY KEY, parent bigint unsigned, n decimal(10,2) DEFAULT 0,
        CONSTRAINT up FOREIGN KEY (parent) REFERENCES parent (id))";

fn tenant(hint: &str) -> String {
    let url = mariadb().database(hint);
    mariadb().sql(&url, TENANT);
    url
}

#[tokio::test]
async fn every_kind_of_ddl_is_noticed() {
    let url = tenant("ddl");
    let name = target(&url).database().unwrap();
    let collation = format!("ALTER DATABASE `{name}` COLLATE utf8mb4_bin");
    let statements = [
        "ALTER TABLE child ADD COLUMN note text",
        "ALTER TABLE child RENAME COLUMN note TO remark",
        "ALTER TABLE child MODIFY remark varchar(9) NOT NULL DEFAULT 'x'",
        "ALTER TABLE child MODIFY remark varchar(9) NOT NULL DEFAULT 'x' COMMENT 'AUTO_INCREMENT=7'",
        "ALTER TABLE child DROP COLUMN remark",
        "ALTER TABLE child DROP FOREIGN KEY up",
        "ALTER TABLE child ADD CONSTRAINT positive CHECK (n >= 0)",
        "CREATE UNIQUE INDEX names ON parent (name)",
        "ALTER TABLE parent COMMENT 'tall'",
        "ALTER TABLE parent ROW_FORMAT = COMPRESSED",
        "ALTER TABLE parent CONVERT TO CHARACTER SET latin1",
        "CREATE VIEW seen AS SELECT id FROM parent",
        "CREATE OR REPLACE VIEW seen AS SELECT id, name FROM parent",
        "CREATE PROCEDURE nothing() SELECT 1",
        "CREATE OR REPLACE PROCEDURE nothing() SELECT 2",
        "CREATE FUNCTION one() RETURNS int RETURN 1",
        "CREATE TRIGGER t BEFORE INSERT ON parent FOR EACH ROW SET NEW.name = 'x'",
        "CREATE OR REPLACE TRIGGER t BEFORE INSERT ON parent FOR EACH ROW SET NEW.name = 'y'",
        "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO SET @a = 1",
        "CREATE SEQUENCE s",
        "ALTER SEQUENCE s INCREMENT 5",
        &collation,
        "DROP TABLE child",
    ];
    notices_each(&url, &statements, |statement| mariadb().sql(&url, statement)).await;
}

/// Databases of one server whose tables are the same, whatever their names and their counters.
#[tokio::test]
async fn what_is_learned_of_one_database_tells_of_another() {
    let [first, same, different] = ["learned", "same", "different"].map(tenant);
    for (url, data_type) in [(&first, "text"), (&same, "text"), (&different, "varchar(9)")] {
        mariadb().sql(url, &format!("ALTER TABLE child ADD COLUMN note {data_type}"));
    }
    mariadb().sql(&same, "INSERT INTO parent (name) VALUES ('x'); CREATE VIEW seen AS SELECT id FROM parent");
    what_is_learned_tells(&[(&first, true), (&same, true), (&different, false)]).await;
    // What a visit learned of everything tells of the tables, too.
    let (_, memo) = meet(&visitor(), &same).await;
    let mut session = Session::connect(&target(&first), PATIENCE).await.unwrap();
    assert!(session.look_again(&memo).await.unwrap().is_none());
    session.close().await;
}

/// The same text, which in one database names another and in that one itself.
#[tokio::test]
async fn the_name_of_a_database_in_a_text_makes_a_difference() {
    let [first, second] = ["named", "named"].map(|hint| mariadb().database(hint));
    let own = target(&first).database().unwrap();
    for url in [&first, &second] {
        mariadb().sql(url, "CREATE SEQUENCE s");
        mariadb().sql(url, &format!("CREATE TABLE t (id bigint NOT NULL DEFAULT nextval(`{own}`.s) PRIMARY KEY)"));
    }
    what_is_learned_tells(&[(&first, true), (&second, false)]).await;
}

#[tokio::test]
async fn rows_and_counters_are_no_change() {
    let url = tenant("rows");
    let visitor = visitor();
    let (_, memo) = meet(&visitor, &url).await;
    mariadb().sql(&url, "INSERT INTO parent (name) VALUES ('x'), ('y'); ANALYZE TABLE parent");
    expect_unchanged(revisit(&visitor, &url, &memo).await, Evidence::Catalog);
}

#[tokio::test]
async fn a_visit_reads_what_a_session_reads() {
    let (first, second) = (tenant("same"), tenant("same"));
    mariadb().sql(&second, "ALTER TABLE child ADD COLUMN note text");
    let visitor = visitor();
    meet(&visitor, &first).await;
    let Visit::Seen(seen) = visitor.visit(&target(&second), Look::default()).await.unwrap() else { panic!() };
    let mut session = Session::connect(&target(&second), PATIENCE).await.unwrap();
    assert_eq!((&seen.platform, &seen.place), (session.platform(), session.place()));
    assert_eq!(seen.glance.key(), session.glance().await.unwrap().key());
    assert_eq!(seen.glance.reading().unwrap().schema, session.read().await.unwrap().schema);
    session.close().await;
}

#[tokio::test]
async fn many_tenants_over_few_sessions_and_never_the_wrong_one() {
    const TENANTS: usize = 40;
    let login = "GRANT ALL ON *.* TO few@127.0.0.1 IDENTIFIED BY 'pw'";
    mariadb().sql(&mariadb().url("mysql"), login);
    let tenants: Vec<_> = (0..TENANTS)
        .map(|at| {
            let url = mariadb().database("crowd");
            mariadb().sql(&url, &format!("CREATE TABLE only_{at} (x int)"));
            let database = target(&url).database().unwrap();
            (mariadb().tcp_url("few:pw", &database), database, format!("only_{at}"))
        })
        .collect();
    let visitor = Visitor::new(PATIENCE, Budget { at_once: 16, per_server: 3 });
    for _ in 0..3 {
        futures_util::stream::iter(&tenants)
            .for_each_concurrent(16, async |(url, database, table)| {
                let Visit::Seen(seen) = visitor.visit(&target(url), Look::default()).await.unwrap() else { panic!() };
                assert_eq!(&seen.place.database, database);
                let schema = seen.glance.reading().unwrap().schema;
                assert_eq!(schema.tables.keys().map(|name| name.name.as_str()).collect::<Vec<_>>(), [table]);
            })
            .await;
        assert!((1..=3).contains(&sessions_of("few")), "{}", sessions_of("few"));
    }
}

/// How many sessions a login has.
fn sessions_of(login: &str) -> usize {
    let query = format!("SELECT count(*) FROM information_schema.PROCESSLIST WHERE USER = '{login}'");
    mariadb().query(&mariadb().url("mysql"), &query).parse().unwrap()
}

#[tokio::test]
async fn a_session_of_another_login_makes_room() {
    let database = target(&tenant("logins")).database().unwrap();
    for login in ["one", "two", "three"] {
        let grant = format!("GRANT ALL ON *.* TO {login}@127.0.0.1 IDENTIFIED BY 'pw'");
        mariadb().sql(&mariadb().url("mysql"), &grant);
    }
    let visitor = Visitor::new(PATIENCE, Budget { at_once: 4, per_server: 1 });
    for login in ["one", "two", "three"] {
        meet(&visitor, &mariadb().tcp_url(&format!("{login}:pw"), &database)).await;
    }
    let all = || ["one", "two", "three"].map(sessions_of).iter().sum::<usize>();
    // The server takes its time to forget a session that said goodbye.
    for _ in 0..50 {
        if all() == 1 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{} sessions", all());
}

#[tokio::test]
async fn a_dead_session_is_replaced() {
    mariadb().sql(&mariadb().url("mysql"), "GRANT ALL ON *.* TO cut@127.0.0.1 IDENTIFIED BY 'pw'");
    let near = mariadb().tcp_url("cut:pw", &target(&tenant("dead")).database().unwrap());
    let mut road = Road::to(&near).await;
    let far = road.by(&near);
    let visitor = visitor();
    let (_, memo) = meet(&visitor, &far).await;
    road.close().await;
    road.open().await;
    expect_unchanged(revisit(&visitor, &far, &memo).await, Evidence::Catalog);
}

#[tokio::test]
async fn a_session_does_not_outlive_its_rights() {
    let url = tenant("rights");
    mariadb().sql(&mariadb().url("mysql"), "GRANT ALL ON *.* TO fading@127.0.0.1 IDENTIFIED BY 'pw'");
    let theirs = mariadb().tcp_url("fading:pw", &target(&url).database().unwrap());
    let visitor = visitor();
    let (_, memo) = meet(&visitor, &theirs).await;
    mariadb().sql(&url, "REVOKE ALL ON *.* FROM fading@127.0.0.1; GRANT SELECT ON *.* TO fading@127.0.0.1");
    let look = Look { known: Some(&memo), ..Look::default() };
    let Err(error) = visitor.visit(&target(&theirs), look).await else { panic!("half a schema") };
    assert_eq!(error.trouble, Trouble::Unreadable);
    mariadb().sql(&url, "GRANT ALL ON *.* TO fading@127.0.0.1");
    expect_unchanged(revisit(&visitor, &theirs, &memo).await, Evidence::Catalog);
}

#[tokio::test]
async fn a_tenant_without_a_database_does_not_hurt_the_next() {
    let url = tenant("next");
    let visitor = visitor();
    let (_, memo) = meet(&visitor, &url).await;
    let gone = mariadb().url("no_such_tenant");
    for _ in 0..2 {
        let Err(error) = visitor.visit(&target(&gone), Look::default()).await else { panic!("it is there") };
        assert_eq!(error.trouble, Trouble::NoDatabase, "{error}");
        expect_unchanged(revisit(&visitor, &url, &memo).await, Evidence::Catalog);
    }
}
