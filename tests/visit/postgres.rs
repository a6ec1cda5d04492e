//! PostgreSQL: a connection a visit, one message.

use undrift::db::{Connection, Evidence, Look, Session, Trouble, Visit};

use super::support::postgres;
use super::{PATIENCE, expect_unchanged, meet, notices_each, revisit, target, visitor};

const TENANT: &str = "
    CREATE TYPE mood AS ENUM ('sad', 'happy');
    CREATE TABLE parent (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name varchar(20) NOT NULL);
    CREATE TABLE child (id integer PRIMARY KEY, parent bigint, mood mood, n numeric(10,2) DEFAULT 0,
        CONSTRAINT up FOREIGN KEY (parent) REFERENCES parent (id));
    ALTER TABLE child ADD CONSTRAINT positive CHECK (n >= 0) NOT VALID;
    CREATE INDEX by_mood ON child (mood)";

fn tenant(hint: &str) -> String {
    let url = postgres().database(hint);
    postgres().sql(&url, TENANT);
    url
}

#[tokio::test]
async fn every_kind_of_ddl_is_noticed() {
    let url = tenant("ddl");
    let statements = [
        "ALTER TABLE child ADD COLUMN note text",
        "ALTER TABLE child RENAME COLUMN note TO remark",
        "ALTER TABLE child ALTER COLUMN remark SET DEFAULT 'x'",
        "ALTER TABLE child ALTER COLUMN remark SET NOT NULL",
        "ALTER TABLE child ALTER COLUMN remark TYPE varchar(9)",
        "ALTER TABLE child DROP COLUMN remark",
        "ALTER TABLE child VALIDATE CONSTRAINT positive",
        "ALTER TABLE child DROP CONSTRAINT up",
        "ALTER TYPE mood ADD VALUE 'angry'",
        "ALTER TYPE mood RENAME VALUE 'sad' TO 'gloomy'",
        "COMMENT ON COLUMN child.n IS 'how many'",
        "COMMENT ON TABLE child IS 'small'",
        "CREATE UNIQUE INDEX CONCURRENTLY names ON parent (lower(name) DESC)",
        "ALTER INDEX names RENAME TO other_names",
        "DROP INDEX by_mood",
        "ALTER TABLE child SET (fillfactor = 70)",
        "ALTER TABLE parent ALTER COLUMN name SET STORAGE EXTERNAL",
        "CREATE VIEW seen AS SELECT id FROM parent",
        "CREATE OR REPLACE VIEW seen AS SELECT id, name FROM parent",
        "CREATE FUNCTION one() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "CREATE OR REPLACE FUNCTION one() RETURNS integer LANGUAGE sql AS 'SELECT 2'",
        "CREATE TRIGGER t BEFORE UPDATE ON parent FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "CREATE POLICY p ON parent USING (id > 1)",
        "ALTER TABLE parent ENABLE ROW LEVEL SECURITY",
        "CREATE SEQUENCE s",
        "ALTER SEQUENCE s INCREMENT 5",
        "CREATE DOMAIN d AS integer",
        "ALTER DOMAIN d ADD CONSTRAINT c CHECK (VALUE > 0)",
        "CREATE SCHEMA other",
        "CREATE STATISTICS st ON id, name FROM parent",
        "CREATE EXTENSION citext",
        "CREATE OPERATOR CLASS int_odd FOR TYPE integer USING btree AS OPERATOR 1 <, FUNCTION 1 btint4cmp(integer, integer)",
        "DROP TABLE child",
    ];
    notices_each(&url, &statements, |statement| postgres().sql(&url, statement)).await;
}

#[tokio::test]
async fn rows_and_statistics_are_no_change() {
    let url = tenant("rows");
    let visitor = visitor();
    let (_, memo) = meet(&visitor, &url).await;
    postgres().sql(&url, "INSERT INTO parent (name) SELECT 'x' FROM generate_series(1, 1000); ANALYZE; VACUUM parent");
    expect_unchanged(revisit(&visitor, &url, &memo).await, Evidence::Catalog);
}

#[tokio::test]
async fn a_visit_reads_what_a_session_reads() {
    let (first, second) = (tenant("same"), tenant("same"));
    let visitor = visitor();
    meet(&visitor, &first).await;
    // From here on the visitor knows what the server brings along.
    let visited = visitor.visit(&target(&second), Look::default()).await.unwrap();
    let Visit::Seen(seen) = visited else { panic!("nothing was known") };
    let mut session = Session::connect(&target(&second), PATIENCE).await.unwrap();
    assert_eq!((&seen.platform, &seen.place), (session.platform(), session.place()));
    assert_eq!(seen.glance.key(), session.glance().await.unwrap().key());
    assert_eq!(seen.glance.reading().unwrap().schema, session.read().await.unwrap().schema);
    session.close().await;
}

#[tokio::test]
async fn another_database_in_its_place_is_noticed() {
    let url = tenant("swapped");
    let visitor = visitor();
    let (_, memo) = meet(&visitor, &url).await;
    let other = postgres().database("swapped");
    let name = |url: &str| target(url).database().unwrap();
    let swap = format!("DROP DATABASE {}; ALTER DATABASE {} RENAME TO {0}", name(&url), name(&other));
    postgres().sql(&postgres().url("postgres"), &swap);
    assert!(matches!(revisit(&visitor, &url, &memo).await, Visit::Seen(_)));
}

#[tokio::test]
async fn what_is_wrong_with_one_tenant_is_its_own() {
    let visitor = visitor();
    let url = tenant("fine");
    for _ in 0..5 {
        let Err(error) = visitor.visit(&target(&postgres().url("no_such_one")), Look::default()).await else {
            panic!("it is there")
        };
        assert_eq!(error.trouble, Trouble::NoDatabase);
    }
    meet(&visitor, &url).await;
}
