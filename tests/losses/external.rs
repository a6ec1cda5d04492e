//! Foreign keys to tables that undrift does not model, or that somebody else keeps.

use rstest::rstest;

use super::support::{Engine, mariadb};
use super::{comes_to, exported, tenant, undrift};

const CHILD: &str = "CREATE TABLE orders (id bigint NOT NULL PRIMARY KEY, event_id bigint,
    CONSTRAINT orders_event FOREIGN KEY (event_id) REFERENCES events (id) ON DELETE CASCADE)";

#[rstest]
#[case(Engine::Postgres, "CREATE TABLE events (id bigint PRIMARY KEY) PARTITION BY RANGE (id)")]
#[case(Engine::Mariadb, "CREATE TABLE events (id bigint PRIMARY KEY) WITH SYSTEM VERSIONING")]
#[case(Engine::Sqlite, "CREATE VIRTUAL TABLE events USING fts5(id)")]
fn what_is_exported_is_in_sync(#[case] engine: Engine, #[case] parent: &str) {
    let tenant = tenant(engine, &format!("{parent}; {CHILD};"));
    let file = exported(&tenant);
    assert!(file.contains("external: true") || engine == Engine::Sqlite, "{file}");
    let output = undrift(&tenant, "plan", &file).expect_code(0);
    assert!(output.stdout.contains("1 in sync"), "{}", output.stdout);
    let dropped = file.replace("extras: drop", "extras: report");
    assert!(undrift(&tenant, "plan", &dropped).expect_code(0).stdout.contains("1 in sync"));
}

#[test]
fn a_key_to_another_database_stays() {
    let other = tenant(Engine::Mariadb, "CREATE TABLE events (id bigint PRIMARY KEY)");
    let name = other.query("SELECT database()");
    let tenant = tenant(Engine::Mariadb, &CHILD.replace("events (", &format!("`{name}`.events (")));
    let file = exported(&tenant);
    assert!(file.contains("external: true"), "{file}");
    let output = undrift(&tenant, "plan", &file).expect_code(0);
    assert!(output.stdout.contains("1 in sync"), "{}", output.stdout);

    // A login that has no rights in the other database sees the same.
    let (own, user) =
        (tenant.query("SELECT database()"), tenant.query("SELECT concat('e_', right(md5(database()), 8))"));
    tenant.sql(&format!(
        "CREATE USER {user}@'127.0.0.1'; GRANT ALL ON `{own}`.* TO {user}@'127.0.0.1';
         GRANT ALL ON `undrift\\_scratch\\_%`.* TO {user}@'127.0.0.1'"
    ));
    let url = mariadb().tcp_url(&user, &own);
    let output =
        tenant.run(&["plan", "--url", &url, "--schema", "core.yaml", "--policy", "policy.yaml"]).expect_code(0);
    assert!(output.stdout.contains("1 in sync"), "{}", output.stdout);
}

#[rstest]
fn a_key_to_a_table_that_is_not_declared_comes_and_stays(
    #[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine,
) {
    let script = "CREATE TABLE events (id bigint NOT NULL PRIMARY KEY, x int); INSERT INTO events VALUES (7, 1);
        CREATE TABLE orders (id bigint NOT NULL PRIMARY KEY, event_id bigint); INSERT INTO orders VALUES (1, 7);";
    let tenant = tenant(engine, script);
    let schema = "schema: core
extras: drop
tables:
  orders:
    columns: { id: bigint, event_id: { type: bigint, nullable: true } }
    primary_key: [id]
    foreign_keys:
      orders_event: { columns: [event_id], references: events(id), external: true }
";
    comes_to(&tenant, schema);
    assert!(tenant.dump().contains("events"), "{}", tenant.dump());
    assert_eq!(tenant.query("SELECT x FROM events"), "1");
    assert!(tenant.dump().contains("REFERENCES"), "{}", tenant.dump());
    comes_to(&tenant, &schema.replace("bigint, event_id", "int, event_id"));
}

#[test]
fn an_external_reference_says_what_it_refers_to() {
    let tenant = tenant(Engine::Sqlite, "CREATE TABLE a (id INTEGER PRIMARY KEY)");
    let with = |references: &str, more: &str| {
        format!(
            "schema: core\ntables:\n  a:\n    columns: {{ id: integer }}\n    primary_key: [id]\n    foreign_keys:\n      k: {{ columns: [id], references: {references}{more} }}\n"
        )
    };
    for (schema, words) in [
        (with("b", ", external: true"), "names the columns that it refers to"),
        (with("a(id)", ", external: true"), "is declared in this file"),
        (with("zzz_events(id)", ""), "external: true"),
    ] {
        let output = undrift(&tenant, "plan", &schema).expect_code(1);
        let said = output.stdout + &output.stderr;
        assert!(said.contains(words), "{words}: {said}");
    }
}
