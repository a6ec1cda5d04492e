//! PostgreSQL: a connection a visit, one message.

use undrift::db::{Connection, Evidence, Look, Session, Trouble, Visit};

use super::support::postgres;
use super::{PATIENCE, expect_unchanged, meet, notices_each, revisit, target, visitor, what_is_learned_tells};

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

/// A kind of object is only asked for where there is one.
#[tokio::test]
async fn the_first_and_the_last_of_its_kind_are_noticed() {
    let url = postgres().database("first");
    let statements = [
        "CREATE TABLE t (a integer)",
        "CREATE TABLE heir () INHERITS (t)",
        "ALTER TABLE heir NO INHERIT t",
        "ALTER TABLE heir INHERIT t",
        "DROP TABLE heir",
        "CREATE TABLE parts (a integer) PARTITION BY LIST (a)",
        "DROP TABLE parts",
        "CREATE TYPE mood AS ENUM ('sad')",
        "ALTER TYPE mood ADD VALUE 'happy'",
        "DROP TYPE mood",
        "CREATE TABLE rows_of (t t, all_of t[])",
        "DROP TABLE rows_of",
        "CREATE DOMAIN d AS integer",
        "DROP DOMAIN d",
        "CREATE VIEW v AS SELECT 1 AS a",
        "DROP VIEW v",
        "DROP TABLE t",
    ];
    notices_each(&url, &statements, |statement| postgres().sql(&url, statement)).await;
}

/// Empty databases have no numbers of their own in them.
#[tokio::test]
async fn an_empty_database_in_the_place_of_another_is_noticed() {
    let url = postgres().database("emptied");
    let visitor = visitor();
    let (_, memo) = meet(&visitor, &url).await;
    let name = target(&url).database().unwrap();
    let admin = postgres().url("postgres");
    postgres().sql(&admin, &format!("DROP DATABASE {name}"));
    postgres().sql(
        &admin,
        &format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'"),
    );
    assert!(matches!(revisit(&visitor, &url, &memo).await, Visit::Seen(_)));
}

/// What expressions, definitions and types refer to goes by a number in the catalog, and by its name in a schema.
#[tokio::test]
async fn a_new_name_for_what_is_referred_to_is_noticed() {
    let url = postgres().database("names");
    let role = target(&url).database().unwrap() + "_role";
    postgres().sql(&url, &format!("{REFERRED} CREATE ROLE {role}; CREATE POLICY p ON t TO {role} USING (true)"));
    let policy = format!("ALTER ROLE {role} RENAME TO other_{role}");
    let statements = [
        "ALTER FUNCTION initial() RENAME TO starting",
        "ALTER FUNCTION starting() SET SCHEMA apart",
        "ALTER SCHEMA apart RENAME TO aside",
        "ALTER TYPE mood RENAME VALUE 'sad' TO 'gloomy'",
        "ALTER TYPE mood RENAME TO humour",
        "ALTER TYPE pair RENAME ATTRIBUTE a TO b",
        "ALTER TYPE pair RENAME TO couple",
        "ALTER DOMAIN share RENAME CONSTRAINT most TO atmost",
        "ALTER DOMAIN share RENAME TO part",
        "ALTER DOMAIN part SET DEFAULT 2",
        "ALTER COLLATION plain RENAME TO simple",
        "ALTER TABLE t RENAME COLUMN amount TO quantity",
        "ALTER SEQUENCE counter RENAME TO meter",
        "ALTER SEQUENCE meter OWNED BY NONE",
        "ALTER OPERATOR CLASS numbers USING btree RENAME TO integers",
        "ALTER TEXT SEARCH CONFIGURATION words RENAME TO terms",
        "ALTER TEXT SEARCH DICTIONARY stems RENAME TO roots",
        "ALTER FUNCTION touched() RENAME TO changed",
        "ALTER TRIGGER touch ON t RENAME TO alter",
        "ALTER STATISTICS pairs RENAME TO two",
        "ALTER VIEW seen RENAME COLUMN total TO sum",
        "ALTER VIEW seen RENAME TO shown",
        "ALTER RULE nothing ON t RENAME TO never",
        "ALTER EVENT TRIGGER watch RENAME TO see",
        "ALTER EXTENSION citext DROP FUNCTION texticlike(citext, citext)",
        "ALTER EXTENSION citext ADD FUNCTION texticlike(citext, citext)",
        "ALTER TABLE t ALTER COLUMN amount_twice SET STATISTICS 7",
        "ALTER TABLE p ATTACH PARTITION p1 FOR VALUES IN (1)",
        "ALTER INDEX by_search RENAME TO search",
        "ALTER TABLE p DETACH PARTITION p1",
        &policy,
    ];
    notices_each(&url, &statements, |statement| postgres().sql(&url, statement)).await;
}

const REFERRED: &str = "
    CREATE SCHEMA apart;
    CREATE EXTENSION citext;
    CREATE TYPE mood AS ENUM ('sad', 'happy');
    CREATE TYPE pair AS (a integer);
    CREATE DOMAIN share AS integer DEFAULT 1 CONSTRAINT most CHECK (VALUE < 100);
    CREATE COLLATION plain FROM \"C\";
    CREATE SEQUENCE counter;
    CREATE FUNCTION initial() RETURNS integer LANGUAGE sql AS 'SELECT 1';
    CREATE FUNCTION touched() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE FUNCTION watched() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
    CREATE EVENT TRIGGER watch ON ddl_command_end WHEN TAG IN ('CREATE AGGREGATE') EXECUTE FUNCTION watched();
    CREATE OPERATOR CLASS numbers FOR TYPE integer USING btree AS
        OPERATOR 1 <, OPERATOR 3 =, OPERATOR 5 >, FUNCTION 1 btint4cmp(integer, integer);
    CREATE TEXT SEARCH DICTIONARY stems (TEMPLATE = simple);
    CREATE TEXT SEARCH CONFIGURATION words (COPY = simple);
    CREATE TABLE t (
        id integer DEFAULT nextval('counter'), first integer DEFAULT initial(), mood mood DEFAULT 'sad',
        pair pair, share share, name text COLLATE plain, amount integer CHECK (amount > 0),
        amount_twice integer GENERATED ALWAYS AS (amount * 2) STORED,
        lexemes text[] DEFAULT ts_lexize('stems', 'x'));
    ALTER SEQUENCE counter OWNED BY t.id;
    CREATE INDEX by_number ON t (id numbers);
    CREATE INDEX by_search ON t USING gin (to_tsvector('words', name));
    CREATE VIEW seen AS SELECT id, amount AS total FROM t WHERE first > 0;
    CREATE RULE nothing AS ON DELETE TO t DO INSTEAD NOTHING;
    CREATE TRIGGER touch BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION touched();
    CREATE STATISTICS pairs ON id, amount FROM t;
    CREATE TABLE p (x integer) PARTITION BY LIST (x);
    CREATE TABLE p1 (x integer);";

/// Statistics of the catalog itself are left alone: with others the server may bring its rows in another order, which
/// costs a reading.
#[tokio::test]
async fn rows_and_statistics_are_no_change() {
    let url = tenant("rows");
    let visitor = visitor();
    let (_, memo) = meet(&visitor, &url).await;
    postgres().sql(
        &url,
        "INSERT INTO parent (name) SELECT 'x' FROM generate_series(1, 1000); ANALYZE parent, child; VACUUM parent",
    );
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
    assert_eq!(seen.glance.reading().unwrap().schema, session.read().await.unwrap().schema);
    session.close().await;
}

/// Clones are kept alike, and still are after the same change.
#[tokio::test]
async fn what_is_learned_of_one_clone_tells_of_another() {
    let first = tenant("clone");
    let (same, different) = (postgres().copy(&first), postgres().copy(&first));
    // A text would make a table for what is too long for a row, which has a number of its own in each.
    for (url, data_type) in [(&first, "integer"), (&same, "integer"), (&different, "bigint")] {
        postgres().sql(url, &format!("ALTER TABLE child ADD COLUMN note {data_type}"));
    }
    what_is_learned_tells(&[(&first, true), (&same, true), (&different, false)]).await;
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

/// A login with a password that the server asks for in this manner.
fn login(name: &str, manner: &str) {
    let admin = postgres().url("postgres");
    postgres().sql(&admin, &format!("SET password_encryption = '{manner}'; CREATE ROLE {name} LOGIN PASSWORD 'p w'"));
    let rules = postgres().query(&admin, "SHOW hba_file");
    let text = std::fs::read_to_string(&rules).unwrap();
    std::fs::write(&rules, format!("host all {name} 127.0.0.1/32 {manner}\n{text}")).unwrap();
    postgres().sql(&admin, "SELECT pg_reload_conf()");
}

/// That a tenant is met, found unchanged, and found changed, and that a wrong password is refused.
async fn is_let_in(name: &str, manner: &str) {
    let database = target(&tenant(name)).database().unwrap();
    login(name, manner);
    let url = postgres().tcp_url(&format!("{name}:p%20w"), &database);
    let admin = postgres().url(&database);
    notices_each(
        &url,
        &["ALTER TABLE child ADD COLUMN note text", "CREATE VIEW seen AS SELECT 1 AS one"],
        |statement| {
            postgres().sql(&admin, statement);
        },
    )
    .await;
    let (schema, _) = meet(&visitor(), &url).await;
    assert_eq!(schema, meet(&visitor(), &admin).await.0);
    let wrong = postgres().tcp_url(&format!("{name}:wrong"), &database);
    let Err(error) = visitor().visit(&target(&wrong), Look::default()).await else { panic!("it is let in") };
    assert_eq!(error.trouble, Trouble::LoginRefused, "{error}");
}

// One test, because they change the same rules.
#[tokio::test]
async fn whatever_way_a_login_is_proven() {
    is_let_in("proven", "scram-sha-256").await;
    // The driver's to do.
    is_let_in("formal", "md5").await;
}
