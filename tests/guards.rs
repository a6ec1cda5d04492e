//! What rules guard stays guarded: whatever case a name is written in, whatever it is renamed to, and whatever it is
//! merely called. With the real binary.

mod support;

use rstest::rstest;
use support::{Engine, Output, Tenant};

fn undrift(tenant: &Tenant, command: &str, more: &[&str]) -> Output {
    let arguments = [command, "--url", &tenant.url, "--schema", "core.yaml"];
    tenant.run(&[&arguments, more].concat())
}

fn judged(tenant: &Tenant, command: &str) -> Output {
    undrift(tenant, command, &["--policy", "policy.yaml"])
}

fn schema(tables: &str) -> String {
    format!(
        "schema: core\nextras: drop\ntables:\n  keep:\n    columns: {{ id: bigint }}\n    primary_key: [id]\n{tables}"
    )
}

fn guarded(rule: &str) -> String {
    format!("policy: guarded\nrules:\n  - {{ name: guard, {rule} }}\n  - {{ name: rest, then: allow }}\n")
}

/// A tenant with the table `keep` and what a script makes beside it.
fn tenant(engine: Engine, script: &str) -> Tenant {
    let tenant = Tenant::empty(engine);
    tenant.sql(&format!("CREATE TABLE keep (id bigint NOT NULL PRIMARY KEY);\n{script}"));
    tenant
}

fn count(tenant: &Tenant, query: &str) -> String {
    tenant.query(query).trim().to_owned()
}

#[rstest]
fn a_rule_guards_a_name_as_the_engine_compares_it(#[values(Engine::Mariadb, Engine::Sqlite)] engine: Engine) {
    let script = "CREATE TABLE USERS (id bigint, Secret varchar(20)); INSERT INTO USERS VALUES (1, 'x');";
    for rule in [
        "match: { table: users, change: drop_* }, then: deny",
        "match: { object: 'users*' }, then: ask",
        "match: { table: 'us?rs' }, then: deny",
    ] {
        let tenant = tenant(engine, script);
        tenant.write("core.yaml", &schema(""));
        tenant.write("policy.yaml", &guarded(rule));
        judged(&tenant, "apply").expect_code(3);
        assert_eq!(count(&tenant, "SELECT count(*) FROM USERS"), "1", "{rule}");
    }
}

#[test]
fn postgres_tells_names_apart() {
    let tenant = tenant(Engine::Postgres, "CREATE TABLE \"USERS\" (id bigint);");
    tenant.write("core.yaml", &schema(""));
    tenant.write("policy.yaml", &guarded("match: { table: users }, then: deny"));
    judged(&tenant, "apply").expect_code(0);
}

#[rstest]
fn columns_are_guarded_in_any_case(#[values(Engine::Mariadb, Engine::Sqlite)] engine: Engine) {
    let tenant = tenant(engine, "ALTER TABLE keep ADD Secret varchar(20);");
    tenant.write("core.yaml", &schema(""));
    tenant.write("policy.yaml", &guarded("match: { column: secret }, then: deny"));
    judged(&tenant, "apply").expect_code(3);
    assert_eq!(count(&tenant, "SELECT count(Secret) FROM keep"), "0");
}

/// What `ignore` leaves alone is left alone however it is written.
#[rstest]
fn ignored_tables_are_compared_as_the_engine_compares_them(#[values(Engine::Mariadb, Engine::Sqlite)] engine: Engine) {
    let tenant = tenant(engine, "CREATE TABLE USERS (id bigint);");
    tenant.write("core.yaml", &format!("ignore: {{ tables: ['user*'] }}\n{}", schema("")));
    tenant.write("policy.yaml", "policy: all\nrules: [{ then: allow }]\n");
    judged(&tenant, "apply").expect_code(0);
    assert_eq!(count(&tenant, "SELECT count(*) FROM USERS"), "0");
}

const PEOPLE: &str = "  people:
    renamed_from: [users]
    columns: { id: bigint }
    primary_key: [id]
";

/// In the run that renames, and in the next one.
#[rstest]
fn a_rename_takes_nothing_out_of_a_deny(
    #[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine,
    #[values("table: users", "object: 'users.*'", "table: people")] guard: &str,
) {
    let script =
        "CREATE TABLE users (id bigint NOT NULL PRIMARY KEY, secret varchar(20)); INSERT INTO users VALUES (1, 'x');";
    let tenant = tenant(engine, script);
    tenant.write("core.yaml", &schema(PEOPLE));
    tenant.write("policy.yaml", &guarded(&format!("match: {{ {guard}, change: drop_* }}, then: deny")));
    for _ in 0..2 {
        judged(&tenant, "apply").expect_code(3);
        assert_eq!(count(&tenant, "SELECT count(secret) FROM people"), "1");
    }
}

/// An `allow` has to fit what a thing is called before and after.
#[rstest]
fn a_rename_brings_nothing_into_an_allow(#[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine) {
    let script =
        "CREATE TABLE users (id bigint NOT NULL PRIMARY KEY, secret varchar(20)); INSERT INTO users VALUES (1, 'x');";
    let tenant = tenant(engine, script);
    tenant.write("core.yaml", &schema(PEOPLE));
    let policy = "policy: p\nrules:\n  - { match: { change: drop_*, table: people }, then: allow }\n  - { match: { change: rename_* }, then: allow }\n";
    tenant.write("policy.yaml", policy);
    judged(&tenant, "apply").expect_code(3);
    assert_eq!(count(&tenant, "SELECT count(secret) FROM people"), "1");
}

#[rstest]
fn the_old_name_of_a_column_guards_it(#[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine) {
    let tenant = tenant(engine, "ALTER TABLE keep ADD old varchar(200); INSERT INTO keep VALUES (1, 'x');");
    let columns = "columns: { id: bigint, new: { type: varchar(100), nullable: true, renamed_from: [old] } }";
    tenant.write("core.yaml", &schema("").replace("columns: { id: bigint }", columns));
    tenant.write("policy.yaml", &guarded("match: { column: old, change: alter_column_* }, then: deny"));
    for _ in 0..2 {
        judged(&tenant, "apply").expect_code(3);
        assert_eq!(count(&tenant, "SELECT new FROM keep"), "x");
    }
}

/// A table that is merely called as if undrift had put it away is an extra like any other.
#[rstest]
fn a_name_alone_is_no_quarantine(#[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine) {
    let script =
        "CREATE TABLE undrift_dropped_20200101_x (id bigint); INSERT INTO undrift_dropped_20200101_x VALUES (1);
                  ALTER TABLE keep ADD undrift_dropped_20200101_y bigint; INSERT INTO keep VALUES (1, 2);";
    let rows = |tenant: &Tenant| {
        let query = "SELECT (SELECT count(*) FROM undrift_dropped_20200101_x) + (SELECT count(undrift_dropped_20200101_y) FROM keep)";
        count(tenant, query)
    };
    let asks = "policy: p\nrules:\n  - { match: { change: drop_* }, then: ask, quarantine: { keep_for: 1d } }\n  - { then: allow }\n";
    let allows = asks.replace("then: ask, q", "then: allow, q");
    for (policy, schema) in [(asks, schema("")), (&allows, schema("").replace("extras: drop\n", ""))] {
        let tenant = tenant(engine, script);
        tenant.write("core.yaml", &schema);
        tenant.write("policy.yaml", policy);
        let plan = judged(&tenant, "plan").stdout;
        assert!(plan.contains("kept until somebody drops it"), "{plan}");
        judged(&tenant, "apply");
        undrift(&tenant, "apply", &["--policy", "policy.yaml", "--yes"]);
        assert_eq!(rows(&tenant), "2");
    }
}

/// An index that is merely called as if a run had left it is an extra, whatever made it be called so.
#[test]
fn a_name_alone_is_no_left_over() {
    let tenant = tenant(
        Engine::Postgres,
        "ALTER TABLE keep ADD a integer; CREATE INDEX undrift_new_idx ON keep (a);
         ALTER TABLE keep ADD CONSTRAINT undrift_new_c CHECK (a > 0);
         ALTER TABLE keep ADD undrift_new_col integer; INSERT INTO keep VALUES (1, 2, 3);",
    );
    let columns = "columns: { id: bigint, a: { type: integer, nullable: true } }";
    let core = schema("").replace("columns: { id: bigint }", columns);
    let there = || {
        let query = "SELECT (SELECT count(*) FROM pg_class WHERE relname = 'undrift_new_idx')
                         + (SELECT count(*) FROM pg_constraint WHERE conname = 'undrift_new_c')
                         + (SELECT count(*) FROM pg_attribute WHERE attname = 'undrift_new_col')";
        count(&tenant, query)
    };
    tenant.write("core.yaml", &core.replace("extras: drop\n", ""));
    undrift(&tenant, "apply", &[]).expect_code(0);
    assert_eq!(there(), "3", "they are reported, like any other");
    tenant.write("core.yaml", &core);
    undrift(&tenant, "apply", &["--yes"]);
    assert_eq!(count(&tenant, "SELECT count(undrift_new_col) FROM keep"), "1", "no flag lets values go");
    tenant.sql("CREATE INDEX IF NOT EXISTS undrift_new_idx ON keep (a);");
    undrift(&tenant, "apply", &[]).expect_code(3);
    assert_eq!(
        count(&tenant, "SELECT count(*) FROM pg_class WHERE relname = 'undrift_new_idx'"),
        "1",
        "a person is asked"
    );
}

/// Columns too, where indexes have no such names.
#[rstest]
fn a_column_without_a_mark_is_an_extra(#[values(Engine::Mariadb, Engine::Sqlite)] engine: Engine) {
    let tenant = tenant(engine, "ALTER TABLE keep ADD undrift_new_a bigint; INSERT INTO keep VALUES (1, 2);");
    tenant.write("core.yaml", &schema(""));
    undrift(&tenant, "apply", &[]).expect_code(3);
    undrift(&tenant, "apply", &["--yes"]).expect_code(3);
    assert_eq!(count(&tenant, "SELECT count(undrift_new_a) FROM keep"), "1");
    tenant.write("core.yaml", &schema("").replace("extras: drop\n", ""));
    undrift(&tenant, "apply", &[]).expect_code(0);
    assert_eq!(count(&tenant, "SELECT count(undrift_new_a) FROM keep"), "1");
}

/// What names a column that gets another name.
fn dependents(engine: Engine) -> &'static [&'static str] {
    match engine {
        Engine::Postgres => &[
            "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.email := lower(NEW.email); RETURN NEW; END';
             CREATE TRIGGER t BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION f();",
            "CREATE FUNCTION g() RETURNS bigint LANGUAGE sql AS $$ SELECT count(email) FROM users $$;",
            "CREATE FUNCTION g() RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'UPDATE users SET EMAIL = null'; END $$;",
        ],
        Engine::Mariadb => &[
            "CREATE TRIGGER t BEFORE INSERT ON users FOR EACH ROW SET NEW.email = lower(NEW.email);",
            "CREATE VIEW v AS SELECT email FROM users;",
            "CREATE PROCEDURE p() UPDATE users SET `Email` = NULL;",
        ],
        Engine::Sqlite => &[
            "CREATE VIRTUAL TABLE words USING fts5(email, content='users', content_rowid='id');",
        ],
    }
}

/// The built-in policy lets declared renames go, but not those after which something in the database fails.
#[rstest]
fn what_names_a_renamed_column_is_found(#[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine) {
    let users = "  users:
    columns: { id: bigint, mail: { type: varchar(100), nullable: true, renamed_from: [email] } }
    primary_key: [id]
";
    let table = "CREATE TABLE users (id bigint NOT NULL PRIMARY KEY, email varchar(100));";
    let free = tenant(engine, table);
    free.write("core.yaml", &schema(users));
    undrift(&free, "apply", &[]).expect_code(0);
    for dependent in dependents(engine) {
        let tenant = tenant(engine, &format!("{table}\n{dependent}"));
        tenant.write("core.yaml", &schema(users));
        let plan = undrift(&tenant, "plan", &[]).stdout;
        assert!(plan.contains("breaks_dependents"), "{dependent}\n{plan}");
        undrift(&tenant, "apply", &[]).expect_code(3);
        assert_eq!(count(&tenant, "SELECT count(email) FROM users"), "0", "{dependent}");
    }
}

#[rstest]
fn what_names_a_renamed_table_is_found(#[values(Engine::Postgres, Engine::Mariadb)] engine: Engine) {
    let dependent = match engine {
        Engine::Postgres => "CREATE FUNCTION g() RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM users $$;",
        _ => "CREATE VIEW v AS SELECT id FROM users;",
    };
    let tenant = tenant(engine, &format!("CREATE TABLE users (id bigint NOT NULL PRIMARY KEY);\n{dependent}"));
    tenant.write("core.yaml", &schema(PEOPLE));
    undrift(&tenant, "apply", &[]).expect_code(3);
    assert_eq!(count(&tenant, "SELECT count(*) FROM users"), "0");
}
