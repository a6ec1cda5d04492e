//! Catalogs into which somebody wrote.

use crate::support::{Engine, Tenant, sqlite_query, sqlite_sql};

/// What is there, the row of which the text is changed, and the beginning of the text that it gets.
const ROWS: [(&str, &str, &str); 5] = [
    ("create index i on t (a) where a is not null", "i", "CREATE INDEX i ON t (a) WHERE a is not null"),
    ("create view v as select a from t", "v", "CREATE VIEW v AS SELECT a FROM t"),
    (
        "create trigger g after insert on t begin select 1; end",
        "g",
        "CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END",
    ),
    ("create virtual table f using fts5(a)", "f", "CREATE VIRTUAL TABLE f USING fts5(a)"),
    ("create table u (a)", "u", "CREATE TABLE u (a)"),
];

#[test]
fn what_follows_a_statement_in_a_sqlite_file_is_never_run() {
    for (make, name, text) in ROWS {
        let tenant = Tenant::empty(Engine::Sqlite);
        let other = format!("sqlite:{}", tenant.path().join("other.db").display());
        sqlite_sql(&other, "create table users (a); insert into users values (1)");
        let path = other.trim_start_matches("sqlite:");
        let hostile = format!("{text}; attach ''{path}'' as v; delete from v.users");
        tenant.sql(&format!(
            "create table t (a int); {make}; pragma writable_schema = on;
             update sqlite_master set sql = '{hostile}' where name = '{name}'"
        ));
        tenant.write("schema.yaml", "tables:\n  t:\n    columns:\n      a: { type: int, nullable: true }\n      b: { type: int, nullable: true }\n");
        let read_only = format!("{}?mode=ro", tenant.url);
        let runs: [&[&str]; 5] = [
            &["plan", "--url", &tenant.url, "--schema", "schema.yaml"],
            &["plan", "--url", &read_only, "--schema", "schema.yaml"],
            &["apply", "--url", &tenant.url, "--schema", "schema.yaml", "--yes"],
            &["export", "--url", &tenant.url],
            &["diff", &tenant.url, "schema.yaml"],
        ];
        for run in runs {
            let output = tenant.run(run);
            assert_eq!(output.code, Some(1), "{name} {run:?}\n{}{}", output.stdout, output.stderr);
            let said = format!("{}{}", output.stdout, output.stderr);
            assert!(said.contains(name) && said.contains("not one statement"), "{name} {run:?}: {said}");
        }
        assert_eq!(sqlite_query(&other, "select count(*) from users"), "1", "{name}");
    }
}

/// A text that makes something else than its row says is as little to be believed.
#[test]
fn a_text_of_another_kind_or_name_is_refused() {
    for text in ["CREATE VIEW u AS SELECT 1", "CREATE TABLE other (a)", "ATTACH ''x'' AS y", "CREATE TEMP TABLE u (a)"]
    {
        let tenant = Tenant::empty(Engine::Sqlite);
        tenant.sql(&format!(
            "create table u (a); pragma writable_schema = on; update sqlite_master set sql = '{text}' where name = 'u'"
        ));
        let output = tenant.run(&["export", "--url", &tenant.url]);
        assert_eq!(output.code, Some(1), "{text}: {}{}", output.stdout, output.stderr);
    }
}

/// Triggers, views, indexes, full-text tables and generated columns as people write them.
#[test]
fn an_honest_file_is_read() {
    let tenant = Tenant::empty(Engine::Sqlite);
    tenant.sql(
        "create table t (id integer primary key, \"end\" text check (\"end\" <> ';'), c int as (id + 1)) -- a comment
         ; create unique index i on t (lower(\"end\")) where id > 1 /* ; */;
         create view v (a) as select case when id > 1 then 'x;' else \"end\" end from t;
         create trigger g after update of \"end\" on t when new.id > 1 begin
           update t set \"end\" = case when id then 'a' else 'b' end where id = old.id;
           select raise(ignore) where 0;
         end;
         create virtual table f using fts5(a, tokenize = 'porter');",
    );
    let output = tenant.run(&["export", "--url", &tenant.url]).expect_code(0);
    tenant.write("schema.yaml", &output.stdout);
    tenant.run(&["plan", "--url", &tenant.url, "--schema", "schema.yaml"]).expect_code(0);
}

#[test]
fn an_honest_mariadb_is_read() {
    let tenant = Tenant::empty(Engine::Mariadb);
    tenant.sql(
        "create sequence s; create table t (
           id bigint default (nextval(s)) primary key, a varchar(20) default concat('a', ';') comment 'select; table',
           b timestamp default current_timestamp(6) on update current_timestamp(6), c int as (id + 1) stored,
           d enum('a;', 'it''s') default 'a;', e json, f datetime(6) default (now(6) + interval 1 day), g blob default ('x'),
           h double default 1.5e3, i bit(3) default b'101', j date default (curdate()), check (a like '%;%')
         ) partition by hash (id) partitions 2"
            .replace("timestamp default current_timestamp(6) on update current_timestamp(6)", "timestamp(6) default current_timestamp(6) on update current_timestamp(6)")
            .as_str(),
    );
    tenant.sql("create table v (a int) with system versioning; create view w as select 1");
    let output = tenant.run(&["export", "--url", &tenant.url]).expect_code(0);
    tenant.write("schema.yaml", &output.stdout);
    tenant.run(&["plan", "--url", &tenant.url, "--schema", "schema.yaml"]).expect_code(0);
}

#[test]
fn an_honest_postgres_is_read() {
    let tenant = Tenant::empty(Engine::Postgres);
    tenant.sql(
        r#"create type kind as enum ('a;', 'it''s'); create sequence s; create domain d as text default ';' check (value <> ')');
         create function f(a int) returns int language sql begin atomic select case when a > 1 then 1 else 2 end; select 2; end;
         create function g() returns trigger language plpgsql as $$ begin perform 1; return new; end $$;
         create table t (id bigint generated by default as identity primary key, k kind default 'a;', n numeric(5,2)[] default '{}',
           x text collate "C" default 'a' || ';', y timestamptz(3) default now() - interval '1 day', z d default E'\\;',
           v varchar(3) default 'x'::varchar(3), w bigint default nextval('s'), b bit varying(5) default B'101',
           c text generated always as (case when x is null then ';' else x end) stored, check (id > 0 or x like E'%\'%'),
           i interval day to second(3) default '1 day', q boolean default (1 is not null));
         create index i on t (lower(x) text_pattern_ops, (id + 1)) where x is not null;
         create view v as select ';' as a from t; create rule r as on update to v do instead (select 1; select 2);
         create trigger tr before insert on t for each row execute function g(); create materialized view m as select 1 as a;
         create unique index mi on m (a); create statistics st on id, x from t; alter table t enable row level security;
         create policy p on t using (x <> ';'); create table parts (a int) partition by range (a);
         create table p1 partition of parts for values from (1) to (2); create type comp as (a int, b text);"#,
    );
    let output = tenant.run(&["export", "--url", &tenant.url]).expect_code(0);
    tenant.write("schema.yaml", &output.stdout);
    tenant.run(&["plan", "--url", &tenant.url, "--schema", "schema.yaml"]).expect_code(0);
}
