//! Keys and constraints that the schema gives no names: each server calls them as it likes.

mod support;

use rstest::rstest;
use support::{Engine, Output, Tenant};

const SCHEMA: &str = r#"
schema: unnamed
tables:
  units: { columns: { id: integer }, primary_key: [id] }
  members:
    columns: { id: integer, email: varchar(100), age: integer, unit: integer }
    primary_key: [id]
    unique: [[email]]
    indexes: { by_unit: [unit] }
    foreign_keys: [{ columns: [unit], references: units(id) }]
    checks: ["age > 17"]
"#;

/// What a hand or another tool made of it.
const NAMED_OTHERWISE: &str = "
CREATE TABLE units (id integer NOT NULL, CONSTRAINT u1 PRIMARY KEY (id));
CREATE TABLE members (id integer NOT NULL, email varchar(100) NOT NULL, age integer NOT NULL, unit integer NOT NULL,
    CONSTRAINT m1 PRIMARY KEY (id), CONSTRAINT m2 UNIQUE (email), CONSTRAINT m4 CHECK (age > 17));
CREATE INDEX by_unit ON members (unit);
";

fn undrift(tenant: &Tenant, command: &str, schema: &str) -> Output {
    tenant.write("unnamed.yaml", schema);
    tenant.run(&[command, "--url", &tenant.url, "--schema", "unnamed.yaml"])
}

#[rstest]
fn any_names_will_do(#[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine) {
    let tenant = Tenant::empty(engine);
    if engine == Engine::Sqlite {
        let key = "unit integer NOT NULL CONSTRAINT m3 REFERENCES units (id)";
        tenant.sql(&NAMED_OTHERWISE.replace("unit integer NOT NULL", key));
    } else {
        let key = "ALTER TABLE members ADD CONSTRAINT m3 FOREIGN KEY (unit) REFERENCES units (id)";
        tenant.sql(&format!("{NAMED_OTHERWISE}{key}"));
    }
    undrift(&tenant, "plan", SCHEMA).expect_code(0);
    let named = SCHEMA.replace(r#"checks: ["age > 17"]"#, r#"checks: { of_age: "age > 17" }"#);
    let renamed = if engine == Engine::Sqlite { 0 } else { 2 };
    undrift(&tenant, "plan", &named).expect_code(renamed);
}

#[rstest]
fn a_check_without_a_name_that_says_something_else_is_altered(
    #[values(Engine::Postgres, Engine::Mariadb)] engine: Engine,
) {
    let tenant = Tenant::empty(engine);
    undrift(&tenant, "apply", SCHEMA).expect_code(0);
    let older = undrift(&tenant, "plan", &SCHEMA.replace("age > 17", "age > 20")).expect_code(2).stdout;
    assert!(older.contains("> 20") && !older.contains("extra"), "{older}");
    assert!(older.contains("> 17"), "both versions of one check are shown: {older}");
}
