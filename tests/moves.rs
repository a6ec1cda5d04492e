//! Values on their way to new columns and new names, with the real binary on every engine.

mod support;

use rstest::rstest;
use support::{Engine, Output, Tenant};
use undrift::hashing;

fn schema(password: &str) -> String {
    format!(
        "schema: core
tables:
  tenant_users:
    columns:
      id: {{ type: bigint, identity: true }}
      email: varchar(190)
      password_hash: {password}
    primary_key: [id]
"
    )
}

const HASHED: &str = "{ type: varchar(255), nullable: true, renamed_from: [password], \
    transform: { argon2id: { memory: 8, iterations: 1 } } }";

/// A hash that Laravel made.
const BCRYPT: &str = "$2y$04$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW";

/// Lets everything run, as a person who reviewed the plan would.
const POLICY: &str = "policy: all\nrules: [{ then: allow }]\nlimits: { backfill_batch: 2 }\n";

/// A tenant in sync with a schema without the column in question, and then what happened to it.
fn tenant(engine: Engine, password: &str, script: &str) -> Tenant {
    let tenant = Tenant::empty(engine);
    tenant.write("policy.yaml", POLICY);
    tenant.write("core.yaml", &schema("{ type: varchar(255), nullable: true }"));
    undrift(&tenant, "apply", &[]).expect_code(0);
    tenant.sql(script);
    tenant.write("core.yaml", &schema(password));
    tenant
}

fn undrift(tenant: &Tenant, command: &str, more: &[&str]) -> Output {
    let arguments = [command, "--url", &tenant.url, "--schema", "core.yaml", "--policy", "policy.yaml"];
    tenant.run(&[&arguments, more].concat())
}

fn is_in_sync(tenant: &Tenant) {
    let output = undrift(tenant, "plan", &[]).expect_code(0);
    assert!(output.stdout.contains("1 in sync, 0 drifted, 0 unknown"), "{}", output.stdout);
}

/// The values of a column, by id.
fn values(tenant: &Tenant, column: &str) -> Vec<String> {
    let rows = tenant.query(&format!("SELECT coalesce({column}, '-') FROM tenant_users ORDER BY id"));
    rows.lines().map(str::to_owned).collect()
}

fn has_column(tenant: &Tenant, column: &str) -> bool {
    let exported = tenant.run(&["export", "--url", &tenant.url]).expect_code(0);
    exported.stdout.contains(&format!("      {column}:"))
}

const OLD_ONLY: &str = "ALTER TABLE tenant_users RENAME COLUMN password_hash TO password;";

fn people(column: &str, values: &[&str]) -> String {
    let rows = values.iter().enumerate().map(|(at, value)| {
        let value = if *value == "-" { "NULL".to_owned() } else { format!("'{value}'") };
        format!("({}, 'p{at}@example.org', {value})", at + 1)
    });
    format!("INSERT INTO tenant_users (id, email, {column}) VALUES {};", rows.collect::<Vec<_>>().join(", "))
}

#[rstest]
fn only_the_old_column_is_hashed_where_it_is_and_renamed(
    #[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine,
) {
    let rows = people("password", &["secret", BCRYPT, "-", "", "o''brien 日本"]);
    let tenant = tenant(engine, HASHED, &format!("{OLD_ONLY} {rows}"));
    let plan = undrift(&tenant, "plan", &[]).expect_code(2);
    assert!(plan.stdout.contains("hash tenant_users.password with argon2id"), "{}", plan.stdout);
    assert!(!plan.stdout.contains("secret"), "no value is in a plan:\n{}", plan.stdout);
    let apply = undrift(&tenant, "apply", &[]).expect_code(0);
    assert!(!format!("{}{}", apply.stdout, apply.stderr).contains("secret"), "no value is printed");
    is_in_sync(&tenant);
    let values = values(&tenant, "password_hash");
    assert_eq!((values[1].as_str(), values[2].as_str()), (BCRYPT, "-"), "hashes and NULLs stay as they are");
    for (at, plain) in [(0, "secret"), (3, ""), (4, "o'brien 日本")] {
        assert!(values[at].starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{}", values[at]);
        assert!(hashing::is_hash_of(&values[at], plain), "{plain}");
    }
}

#[rstest]
fn bcrypt_is_as_good(#[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine) {
    let bcrypt = "{ type: varchar(255), nullable: true, renamed_from: [password], transform: { bcrypt: { cost: 4 } } }";
    let tenant = tenant(engine, bcrypt, &format!("{OLD_ONLY} {}", people("password", &["secret"])));
    undrift(&tenant, "apply", &[]).expect_code(0);
    is_in_sync(&tenant);
    let hash = &values(&tenant, "password_hash")[0];
    assert!(hash.starts_with("$2y$04$") && hashing::is_hash_of(hash, "secret"), "{hash}");
}

#[rstest]
fn both_columns_agree_by_hash_before_the_old_one_goes(
    #[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine,
) {
    let opened = hashing::hashed(&cheap(), "opened").unwrap();
    let tenant = tenant(
        engine,
        HASHED,
        &format!(
            "ALTER TABLE tenant_users ADD COLUMN password varchar(255); {} \
             UPDATE tenant_users SET password = 'opened' WHERE id = 1; \
             UPDATE tenant_users SET password = 'plain' WHERE id = 2; \
             UPDATE tenant_users SET password = '{BCRYPT}' WHERE id = 3; \
             UPDATE tenant_users SET password = password_hash WHERE id = 4;",
            people("password_hash", &[&opened, "-", "-", BCRYPT, &opened]),
        ),
    );
    undrift(&tenant, "apply", &[]).expect_code(0);
    is_in_sync(&tenant);
    let values = values(&tenant, "password_hash");
    assert_eq!([&values[0], &values[2], &values[3], &values[4]], [&opened, BCRYPT, BCRYPT, &opened]);
    assert!(hashing::is_hash_of(&values[1], "plain"), "{}", values[1]);
    assert!(!has_column(&tenant, "password"));
}

fn cheap() -> undrift::model::Transform {
    undrift::model::Transform::Argon2id(undrift::model::Argon2idCost { memory: 8, iterations: 1, parallelism: 1 })
}

#[rstest]
fn hashes_that_disagree_stop_before_anything_changes(
    #[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine,
) {
    let other = hashing::hashed(&cheap(), "another").unwrap();
    let script = format!(
        "ALTER TABLE tenant_users ADD COLUMN password varchar(255); {} \
         UPDATE tenant_users SET password = 'plain' WHERE id < 3;",
        people("password_hash", &["-", &other]),
    );
    let tenant = tenant(engine, HASHED, &script);
    let apply = undrift(&tenant, "apply", &[]).expect_code(1);
    let said = format!("{}{}", apply.stdout, apply.stderr);
    assert!(
        said.contains("1 rows of tenant_users have both password and password_hash with different values"),
        "{said}"
    );
    assert_eq!(values(&tenant, "password"), ["plain", "plain"], "nothing was changed");
    assert_eq!(values(&tenant, "password_hash"), ["-", other.as_str()]);
}

#[rstest]
#[case("keep_new", ["old1", "new2", "new3"])]
#[case("keep_old", ["old1", "old2", "new3"])]
fn who_counts_where_both_have_a_value_can_be_declared(
    #[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine,
    #[case] on_conflict: &str,
    #[case] expected: [&str; 3],
) {
    let column =
        format!("{{ type: varchar(255), nullable: true, renamed_from: [password], on_conflict: {on_conflict} }}");
    let script = format!(
        "ALTER TABLE tenant_users ADD COLUMN password varchar(255); {} \
         UPDATE tenant_users SET password = 'old1' WHERE id = 1; UPDATE tenant_users SET password = 'old2' WHERE id = 2;",
        people("password_hash", &["-", "new2", "new3"]),
    );
    let tenant = tenant(engine, &column, &script);
    undrift(&tenant, "apply", &[]).expect_code(0);
    is_in_sync(&tenant);
    assert_eq!(values(&tenant, "password_hash"), expected);
}

#[rstest]
#[case("lower", "{ type: varchar(255), nullable: true, renamed_from: [password], transform: lower }", ["abc", "-", "é"])]
#[case("trim", "{ type: varchar(255), nullable: true, renamed_from: [password], transform: trim }", ["ABC", "-", "é"])]
#[case(
    "sql",
    "{ type: varchar(255), nullable: true, renamed_from: [password], transform: { sql: \"replace(password, 'A', 'x')\" } }",
    [" xBC ", "-", "é"],
)]
fn the_server_transforms_what_it_can(
    #[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine,
    #[case] name: &str,
    #[case] column: &str,
    #[case] expected: [&str; 3],
) {
    let script = format!("{OLD_ONLY} {}", people("password", &[" ABC ", "-", "é"]));
    let tenant = tenant(engine, column, &script);
    undrift(&tenant, "apply", &[]).expect_code(0);
    is_in_sync(&tenant);
    let found = values(&tenant, "password_hash");
    let found: Vec<&str> = found.iter().map(|v| if name == "lower" { v.trim() } else { v.as_str() }).collect();
    assert_eq!(found, expected);
    assert!(!has_column(&tenant, "password"));
}

#[rstest]
fn a_new_column_is_filled_in_batches(#[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine) {
    let column = "{ type: varchar(255), nullable: true }\n      code: { type: varchar(40), default: none, \
                  backfill: { sql: { postgres: \"'c' || id\", mysql: \"concat('c', id)\", sqlite: \"'c' || id\" } } }";
    let tenant = tenant(engine, column, &people("password_hash", &["a", "b", "c", "d", "e"]));
    undrift(&tenant, "apply", &[]).expect_code(0);
    is_in_sync(&tenant);
    assert_eq!(values(&tenant, "code"), ["c1", "c2", "c3", "c4", "c5"]);
    tenant.sql("INSERT INTO tenant_users (id, email) VALUES (6, 'f@example.org')");
    assert_eq!(values(&tenant, "code")[5], "none");
}

const NAMES: &str = "{ type: varchar(255), nullable: true }
      first_name: { type: varchar(100), nullable: true, backfill: { sql: \"upper(email)\" } }
      last_name: { type: varchar(100), nullable: true, backfill: { sql: \"nullif(lower(email), 'b')\" } }";

#[rstest]
fn columns_that_are_filled_in_one_walk_keep_what_one_of_them_has(
    #[values(Engine::Postgres, Engine::Mariadb)] engine: Engine,
    #[values(true, false)] has_key: bool,
) {
    let rows = ["A", "B", "C", "D", "E"].map(|name| format!("('{name}')")).join(", ");
    let tenant = tenant(engine, NAMES, &format!("INSERT INTO tenant_users (email) VALUES {rows}"));
    if !has_key {
        tenant
            .write("core.yaml", &schema(NAMES).replace("    primary_key: [id]\n", "").replace(", identity: true", ""));
        let drop = "ALTER TABLE tenant_users DROP PRIMARY KEY, MODIFY id bigint NOT NULL";
        let drop = if engine == Engine::Mariadb { drop } else { POSTGRES_WITHOUT_KEY };
        tenant.sql(drop);
    }
    tenant.sql(&begun(engine, "undrift_new_first_name", "upper(email)"));
    tenant.sql("UPDATE tenant_users SET undrift_new_first_name = 'kept' WHERE email = 'C'");
    let plan = undrift(&tenant, "plan", &[]);
    assert!(plan.stdout.contains("in one walk"), "{}", plan.stdout);
    undrift(&tenant, "apply", &[]).expect_code(0);
    is_in_sync(&tenant);
    assert_eq!(values(&tenant, "first_name"), ["A", "B", "kept", "D", "E"]);
    assert_eq!(values(&tenant, "last_name"), ["a", "-", "c", "d", "e"]);
}

const POSTGRES_WITHOUT_KEY: &str =
    "ALTER TABLE tenant_users DROP CONSTRAINT tenant_users_pkey; ALTER TABLE tenant_users ALTER id DROP IDENTITY";

/// What a run that did not end leaves of a column of text.
fn begun(engine: Engine, column: &str, fill: &str) -> String {
    let mark = undrift::model::work_mark(fill);
    match engine {
        Engine::Mariadb => format!("ALTER TABLE tenant_users ADD {column} varchar(100) NULL COMMENT '{mark}'"),
        _ => format!(
            "ALTER TABLE tenant_users ADD {column} varchar(100); COMMENT ON COLUMN tenant_users.{column} IS '{mark}'"
        ),
    }
}

/// A column that takes no NULLs, filled without and with a look at the row; whether a lock is held for a last look.
#[rstest]
#[case("uuid", "generate: uuid", false)]
#[case("varchar(40)", "sql: \"'c' || id\"", true)]
fn postgres_proves_that_a_filled_column_has_no_nulls_while_others_write(
    #[case] data_type: &str,
    #[case] backfill: &str,
    #[case] looks_again: bool,
) {
    let column = format!(
        "{{ type: varchar(255), nullable: true }}\n      code: {{ type: {data_type}, backfill: {{ {backfill} }} }}"
    );
    let tenant = tenant(Engine::Postgres, &column, &people("password_hash", &["a", "b", "c"]));
    let plan = undrift(&tenant, "plan", &[]).stdout;
    let at = |sql: &str| plan.find(sql);
    assert!(at("NOT VALID").is_some_and(|added| at("VALIDATE CONSTRAINT").is_some_and(|read| added < read)), "{plan}");
    assert!(at("VALIDATE CONSTRAINT") < at("SET NOT NULL"), "{plan}");
    assert_eq!(at("LOCK TABLE").is_some(), looks_again, "{plan}");
    undrift(&tenant, "apply", &[]).expect_code(0);
    is_in_sync(&tenant);
    assert_eq!(tenant.query("SELECT count(DISTINCT code) FROM tenant_users"), "3");
}

#[test]
fn postgres_reads_a_table_once_for_all_batches_of_a_walk() {
    let tenant =
        tenant(Engine::Postgres, NAMES, "INSERT INTO tenant_users (email) SELECT 'E' FROM generate_series(1, 200)");
    undrift(&tenant, "apply", &[]).expect_code(0);
    let scans = tenant.query("SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'tenant_users'");
    assert!(scans.parse::<u64>().unwrap() < 20, "the whole table was read {scans} times for 100 batches");
}

#[rstest]
fn without_anything_that_tells_rows_apart_values_are_not_hashed(
    #[values(Engine::Postgres, Engine::Mariadb)] engine: Engine,
) {
    let tenant = Tenant::empty(engine);
    tenant.write("policy.yaml", POLICY);
    tenant.write("core.yaml", &format!("schema: core\ntables:\n  t:\n    columns:\n      password_hash: {HASHED}\n"));
    tenant.sql("CREATE TABLE t (password varchar(255)); INSERT INTO t VALUES ('secret')");
    let plan = undrift(&tenant, "plan", &[]).expect_code(2);
    assert!(plan.stdout.contains("nothing tells the rows apart"), "{}", plan.stdout);
    undrift(&tenant, "apply", &[]).expect_code(3);
    assert_eq!(tenant.query("SELECT password FROM t").trim(), "secret");
}

#[rstest]
fn servers_tell_hashes_from_passwords_as_undrift_does(
    #[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine,
) {
    let tenant = Tenant::empty(engine);
    tenant.sql("CREATE TABLE t (v varchar(255))");
    let platform = match engine {
        Engine::Postgres => {
            undrift::model::Platform::new(undrift::model::Vendor::Postgres, undrift::model::Version(15, 0, 0))
        }
        Engine::Mariadb => {
            undrift::model::Platform::new(undrift::model::Vendor::Mariadb, undrift::model::Version(10, 11, 0))
        }
        Engine::Sqlite => {
            undrift::model::Platform::new(undrift::model::Vendor::Sqlite, undrift::model::Version(3, 45, 0))
        }
    };
    let dialect = undrift::dialect::of(&platform);
    for line in include_str!("support/hashes.txt").lines() {
        let (kind, value) = line.split_once(' ').expect("a kind and a value");
        tenant.sql(&format!("DELETE FROM t; INSERT INTO t VALUES ({})", dialect.literal(value)));
        let found = tenant.query(&format!("SELECT count(*) FROM t WHERE {}", dialect.is_password_hash("v")));
        assert_eq!(found.trim() == "1", kind == "hash", "{value}");
    }
}
