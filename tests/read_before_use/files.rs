//! Schema files.

use rstest::rstest;

use crate::support::{Engine, Tenant};

/// Things in a schema file, with what stands there on every engine: `{}` is what gets out, `name` a column.
const HOSTILE: [&str; 12] = [
    "a: { type: integer, default: { sql: \"1); {}; create table y (id bigint, a int default (3\" } }",
    "a: { type: { sql: \"integer); {}; create table y (id bigint, a int\" } }",
    "a: { type: \"integer primary key\" }",
    "a: { type: \"integer default (1) check (1 = 1)\" }",
    "a: { type: \"integer, b integer\" }",
    "a: { type: integer, nullable: true, generated: { sql: \"1) stored); {}; create table y (a int as (1\" } }",
    "a: { type: integer, backfill: { sql: \"1) where 1 = 1; {}; select (1\" } }",
    "a: { type: integer, renamed_from: [name], transform: { sql: \"1) where 1 = 1; {}; select (1\" } }",
    "a: { type: integer, default: { sql: \"1 /* open\" } }",
    "a: { type: integer, default: { sql: \"1 -- to the end\" } }",
    "a: { type: integer, default: { sql: \"'open\" } }",
    "a: { type: integer, default: { sql: \"1, b integer default 2\" } }",
];

/// Things of a table.
const MEMBERS: [&str; 4] = [
    "checks: { c: \"name > 'a')); {}; create table y (id bigint, a int check ((a>0\" }",
    "checks: [{ sql: \"name > 'a' -- end\" }]",
    "indexes: { i: { columns: [name], where: \"name is not null; {}; --\" } }",
    "indexes: { i: { columns: [{ expr: \"lower(name)), (1); {}; --\" }] } }",
];

fn column(line: &str) -> String {
    format!("tables:\n  t:\n    columns:\n      id: bigint\n      name: text\n      {line}\n")
}

fn member(line: &str) -> String {
    format!("tables:\n  t:\n    columns:\n      id: bigint\n      name: text\n    {line}\n")
}

/// What a text does that gets out, and what tells that it did not.
fn canary(tenant: &Tenant) -> (String, String) {
    match tenant.engine {
        Engine::Postgres => {
            ("create role pwned superuser; delete from secrets".to_owned(), "select count(*) || 'x' from secrets, pg_roles where rolname = 'postgres' and not exists (select 1 from pg_roles where rolname = 'pwned')".to_owned())
        }
        Engine::Mariadb => ("create database if not exists pwned; delete from secrets".to_owned(), "select concat(count(*), 'x') from secrets where not exists (select 1 from information_schema.schemata where schema_name = 'pwned')".to_owned()),
        Engine::Sqlite => {
            let other = tenant.path().join("other.db");
            crate::support::sqlite_sql(&format!("sqlite:{}", other.display()), "create table users (a); insert into users values (1)");
            (format!("attach '{}' as v; delete from v.users; delete from main.secrets", other.display()), format!("attach '{}' as v; select count(*) || 'x' from secrets, v.users", other.display()))
        }
    }
}

#[rstest]
#[case(Engine::Postgres)]
#[case(Engine::Mariadb)]
#[case(Engine::Sqlite)]
fn a_text_in_a_schema_file_stays_where_it_stands(#[case] engine: Engine) {
    let tenant = Tenant::empty(engine);
    let (escape, asked) = canary(&tenant);
    tenant.sql("create table t (id bigint not null, name text); insert into t values (1, 'b')");
    tenant.sql("create table secrets (a int); insert into secrets values (7)");
    tenant.write("review.yaml", include_str!("../../policies/review.yaml"));
    let before = (structure(&tenant), tenant.query(&asked));
    assert_eq!(before.1, "1x");
    let lines = HOSTILE.iter().map(|line| column(line)).chain(MEMBERS.iter().map(|line| member(line)));
    for schema in lines.map(|schema| schema.replace("{}", &escape)) {
        tenant.write("schema.yaml", &schema);
        let runs: [&[&str]; 5] = [
            &["check", "--schema", "schema.yaml"],
            &["plan", "--url", &tenant.url, "--schema", "schema.yaml"],
            &["plan", "--url", &tenant.url, "--schema", "schema.yaml", "--policy", "review.yaml"],
            &["apply", "--url", &tenant.url, "--schema", "schema.yaml", "--yes"],
            &["diff", &tenant.url, "schema.yaml"],
        ];
        for run in runs {
            let output = tenant.run(run);
            assert_eq!(output.code, Some(1), "{run:?}\n{schema}\n{}{}", output.stdout, output.stderr);
            let said = format!("{}{}", output.stdout, output.stderr);
            assert!(said.contains("[schema.yaml:6:") || said.contains("[schema.yaml:7:"), "{run:?}\n{schema}\n{said}");
            assert!(said.contains("has to stand here"), "{run:?}\n{schema}\n{said}");
        }
        assert_eq!((structure(&tenant), tenant.query(&asked)), before, "{schema}");
    }
}

/// The database's structure, without the words that the tool makes up for each dump.
fn structure(tenant: &Tenant) -> String {
    let dump = tenant.dump();
    dump.lines().filter(|line| !line.starts_with('\\')).collect::<Vec<_>>().join("\n")
}

/// Words that are no clauses of their own where they stand: nothing but the value they are part of.
#[rstest]
#[case(Engine::Postgres, &["1 not null", "5 references t (id)", "1 primary key", "1 check (false)"])]
#[case(Engine::Mariadb, &["1 not null", "1 primary key", "1 comment 'x'", "1 on update now()"])]
#[case(Engine::Sqlite, &["1 unique", "5 references t (id)", "1 primary key", "1 check (0)"])]
fn no_clause_comes_with_a_default(#[case] engine: Engine, #[case] defaults: &[&str]) {
    let tenant = Tenant::empty(engine);
    tenant.sql("create table t (id bigint not null, name text)");
    let before = structure(&tenant);
    for default in defaults {
        tenant.write(
            "schema.yaml",
            &column(&format!("a: {{ type: integer, nullable: true, default: {{ sql: \"{default}\" }} }}")),
        );
        let output = tenant.run(&["apply", "--url", &tenant.url, "--schema", "schema.yaml", "--yes"]);
        assert_ne!(output.code, Some(0), "{default}: {}{}", output.stdout, output.stderr);
        assert_eq!(structure(&tenant), before, "{default}");
    }
}

/// Legal, and looking dangerous.
#[rstest]
#[case(
    Engine::Postgres,
    "d: { type: { sql: 'timestamp(3) with time zone' }, nullable: true, default: { sql: \"now() + interval '1 day' -- ; )\\n\" } }"
)]
#[case(Engine::Postgres, "d: { type: text, default: { sql: \"$$;)--$$ || E'\\\\');'\" } }")]
#[case(Engine::Postgres, "d: { type: { sql: 'numeric(5,2)[]' }, default: { sql: 'array[1, 2]::numeric[]' } }")]
#[case(Engine::Postgres, "d: { type: boolean, default: { sql: '1 is not null' } }")]
#[case(Engine::Mariadb, "d: { type: { sql: \"enum('a;)','it''s')\" }, default: { sql: \"'it''s'\" } }")]
#[case(Engine::Mariadb, "d: { type: { sql: 'bigint unsigned' }, default: { sql: '1 + 2' } }")]
#[case(Engine::Mariadb, "d: { type: varchar(20), default: { sql: \"concat('\\\\'', ';--')\" } }")]
#[case(Engine::Sqlite, "d: { type: { sql: 'UNSIGNED BIG INT' }, nullable: true, default: { sql: '(1 + 2) /* ; */' } }")]
#[case(Engine::Sqlite, "d: { type: text, default: { sql: \"'; drop table t; --'\" } }")]
fn what_is_whole_is_taken(#[case] engine: Engine, #[case] line: &str) {
    let tenant = Tenant::empty(engine);
    tenant.sql("create table t (id bigint not null, name text)");
    let schema = column(line).replace("name: text", "name: { type: text, nullable: true }");
    tenant.write("schema.yaml", &schema);
    tenant.run(&["apply", "--url", &tenant.url, "--schema", "schema.yaml", "--yes"]).expect_code(0);
    tenant.run(&["plan", "--url", &tenant.url, "--schema", "schema.yaml"]).expect_code(0);
}

#[test]
fn a_backfill_that_would_be_two_statements_is_refused_whatever_the_policy() {
    let tenant = Tenant::empty(Engine::Postgres);
    tenant.sql("create table t (id bigint primary key, name text); insert into t values (1, 'b'); create table secrets (a int); insert into secrets values (7)");
    tenant.write(
        "schema.yaml",
        &column("a: { type: integer, backfill: { sql: \"1) where 1; delete from secrets; select (1\" } }"),
    );
    let output = tenant.run(&["apply", "--url", &tenant.url, "--schema", "schema.yaml", "--yes"]).expect_code(1);
    assert!(output.stdout.contains("one expression has to stand here"), "{}", output.stdout);
    assert!(output.stdout.contains("schema.yaml:6:"), "{}", output.stdout);
    assert_eq!(tenant.query("select count(*) from secrets"), "1");
}
