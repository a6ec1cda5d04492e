//! What is in the way is called what it is, and nobody is advised to lose it.

use super::support::Engine;
use super::{tenant, undrift};

const WANTED: &str = "schema: core\ntables:\n  acct:\n    columns: { id: bigint }\n    primary_key: [id]\n";

fn says(engine: Engine, script: &str, kind: &str) {
    let tenant = tenant(engine, script);
    let output = undrift(&tenant, "plan", WANTED).expect_code(1);
    let said = format!("{}{}", output.stdout, output.stderr);
    assert!(said.contains(&format!("acct is a {kind} here")), "{kind}: {said}");
    assert!(said.contains("`ignore: { tables:"), "{kind}: {said}");
    assert!(!said.contains("remove what"), "{kind}: {said}");
    let ignored = "schema: core\nignore: { tables: [acct] }\ntables: {}\n";
    undrift(&tenant, "plan", ignored).expect_code(0);
}

#[test]
fn tables_with_a_history_on_mariadb() {
    says(Engine::Mariadb, "CREATE TABLE acct (id bigint PRIMARY KEY) WITH SYSTEM VERSIONING", "system-versioned table");
    let period = "CREATE TABLE acct (id bigint, a date, b date, PERIOD FOR p (a, b))";
    says(Engine::Mariadb, period, "table with a period");
    says(Engine::Mariadb, "CREATE SEQUENCE acct", "sequence");
    says(Engine::Mariadb, "CREATE VIEW acct AS SELECT 1 AS id", "view");
}

#[test]
fn what_has_the_name_of_a_table_on_postgres() {
    says(Engine::Postgres, "CREATE TABLE acct (id bigint PRIMARY KEY) PARTITION BY RANGE (id)", "partitioned table");
    says(
        Engine::Postgres,
        "CREATE TABLE p (id bigint) PARTITION BY RANGE (id); CREATE TABLE acct PARTITION OF p DEFAULT",
        "partition",
    );
    says(Engine::Postgres, "CREATE MATERIALIZED VIEW acct AS SELECT 1 AS id", "materialized view");
    says(Engine::Postgres, "CREATE SEQUENCE acct", "sequence");
}

#[test]
fn what_has_the_name_of_a_table_on_sqlite() {
    says(Engine::Sqlite, "CREATE VIRTUAL TABLE acct USING fts5(id)", "virtual table");
    says(Engine::Sqlite, "CREATE VIEW acct AS SELECT 1 AS id", "view");
}
