//! The failures of the platform, each as it happened, put right by the real binary on every engine.

mod support;

use rstest::rstest;
use support::{Engine, Output, Tenant};

const SCHEMA: &str = r#"
schema: core
extras: report
ignore: { tables: [migrations] }
tables:
  tenant_users:
    columns:
      id: { type: bigint, identity: true }
      email: varchar(190)
      password_hash: { type: varchar(255), nullable: true, renamed_from: [password] }
      first_name: { type: varchar(100), nullable: true }
      phone: { type: varchar(30), nullable: true }
      status: { type: { enum: [pending, active, archived] }, default: pending }
      must_change_password: { type: boolean, default: false }
      created_at: { type: timestamp, nullable: true }
    primary_key: [id]
    indexes:
      idx_email: { columns: [email], unique: true }
      idx_status: [status]
  elections:
    columns:
      id: { type: bigint, identity: true }
      title: varchar(200)
      chief_id: { type: bigint, nullable: true }
    primary_key: [id]
    indexes: { idx_chief: [chief_id] }
    foreign_keys:
      elections_chief: { columns: [chief_id], references: tenant_users(id), on_delete: set_null }
    checks: { title_is_given: "title <> ''" }
"#;

const ROWS: &str = "INSERT INTO tenant_users (id, email, password_hash) VALUES
    (1, 'ada@example.org', 'h1'), (2, 'bo@example.org', 'h2'), (3, 'cy@example.org', NULL);
    INSERT INTO elections (id, title, chief_id) VALUES (1, 'Board', 1), (2, 'Chair', NULL)";

/// An empty database, and the schema that it should have.
fn empty(engine: Engine) -> Tenant {
    let tenant = Tenant::empty(engine);
    tenant.write("core.yaml", SCHEMA);
    tenant
}

/// A database as it should be, with rows.
fn healthy(engine: Engine) -> Tenant {
    let tenant = empty(engine);
    undrift(&tenant, "apply", &[]).expect_code(0);
    tenant.sql(ROWS);
    undrift(&tenant, "plan", &[]).expect_code(0);
    tenant
}

/// One that something happened to.
fn after(engine: Engine, script: &str) -> Tenant {
    let tenant = healthy(engine);
    tenant.sql(script);
    tenant
}

fn undrift(tenant: &Tenant, command: &str, more: &[&str]) -> Output {
    tenant.run(&[&[command, "--url", &tenant.url, "--schema", "core.yaml"], more].concat())
}

/// `apply`, with a person who says yes to everything that is asked.
fn person_says_yes(tenant: &Tenant) -> Output {
    tenant.answered(&["apply", "--url", &tenant.url, "--schema", "core.yaml"], "yes")
}

fn is_in_sync(tenant: &Tenant) {
    let output = undrift(tenant, "plan", &[]).expect_code(0);
    assert!(output.stdout.contains("1 in sync, 0 drifted, 0 unknown"), "{}", output.stdout);
}

fn users(tenant: &Tenant) -> String {
    let rows = tenant.query("SELECT email, coalesce(password_hash, '-') FROM tenant_users ORDER BY id");
    rows.replace(['|', '\t'], " ")
}

const ALL_USERS: &str = "ada@example.org h1\nbo@example.org h2\ncy@example.org -";

#[rstest]
fn scenario_1_an_empty_database_is_drift_and_done_means_read_back(
    #[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine,
) {
    let tenant = empty(engine);
    let plan = undrift(&tenant, "plan", &[]).expect_code(2);
    assert!(plan.stdout.contains("+ tenant_users"), "{}", plan.stdout);
    assert!(plan.stdout.contains("0 in sync, 1 drifted, 0 unknown"), "{}", plan.stdout);
    let apply = undrift(&tenant, "apply", &[]).expect_code(0);
    assert!(
        apply.stdout.contains("1 in sync, 0 drifted, 0 unknown; 1 repaired, 0 skipped, 0 errors"),
        "{}",
        apply.stdout
    );
    is_in_sync(&tenant);
    tenant.sql(ROWS);
    assert_eq!(users(&tenant), ALL_USERS);
}

#[rstest]
fn scenario_2_only_the_old_column_is_renamed(
    #[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine,
) {
    let tenant = after(engine, "ALTER TABLE tenant_users RENAME COLUMN password_hash TO password");
    let plan = undrift(&tenant, "plan", &[]).expect_code(2);
    assert!(plan.stdout.contains("tenant_users.password → password_hash"), "{}", plan.stdout);
    assert!(!plan.stdout.contains("drop"), "a rename is never a drop and an add:\n{}", plan.stdout);
    undrift(&tenant, "apply", &[]).expect_code(0);
    is_in_sync(&tenant);
    assert_eq!(users(&tenant), ALL_USERS);
}

#[rstest]
fn scenario_2_neither_column_is_added(#[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine) {
    let tenant = after(engine, "ALTER TABLE tenant_users DROP COLUMN password_hash");
    undrift(&tenant, "apply", &[]).expect_code(0);
    is_in_sync(&tenant);
    assert_eq!(users(&tenant), "ada@example.org -\nbo@example.org -\ncy@example.org -");
}

const BOTH: &str = "ALTER TABLE tenant_users ADD COLUMN password varchar(255);
    UPDATE tenant_users SET password = password_hash;
    UPDATE tenant_users SET password_hash = NULL WHERE id = 2";

#[rstest]
fn scenario_2_both_columns_are_merged_when_a_person_says_so(
    #[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine,
) {
    let tenant = after(engine, BOTH);
    let plan = undrift(&tenant, "plan", &[]).expect_code(2);
    assert!(plan.stdout.contains("merge") || plan.stdout.contains("both exist"), "{}", plan.stdout);
    let held = undrift(&tenant, "apply", &[]).expect_code(3);
    assert!(held.stdout.contains("0 repaired, 1 skipped, 0 errors"), "{}", held.stdout);
    // The old column goes with its values: the default policy lets no flag answer for that.
    undrift(&tenant, "apply", &["--yes"]).expect_code(3);
    person_says_yes(&tenant).expect_code(0);
    is_in_sync(&tenant);
    assert_eq!(users(&tenant), ALL_USERS);
}

#[rstest]
fn scenario_2_rows_that_disagree_stop_the_merge_with_their_number(
    #[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine,
) {
    let tenant = after(engine, BOTH);
    tenant.sql("UPDATE tenant_users SET password = 'other' WHERE id = 1");
    let plan = undrift(&tenant, "plan", &[]).expect_code(2);
    assert!(plan.stdout.contains("blocked") && plan.stdout.contains("1 row"), "{}", plan.stdout);
    let apply = undrift(&tenant, "apply", &["--yes"]).expect_code(3);
    assert!(apply.stdout.contains("0 repaired"), "{}", apply.stdout);
    assert_eq!(tenant.query("SELECT count(*) FROM tenant_users WHERE password IS NOT NULL"), "2");
}

#[rstest]
fn scenario_3_missing_columns_are_added_and_rows_stay(
    #[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine,
) {
    let tenant = after(
        engine,
        "ALTER TABLE tenant_users DROP COLUMN phone; ALTER TABLE tenant_users DROP COLUMN first_name;
         ALTER TABLE tenant_users DROP COLUMN must_change_password; ALTER TABLE tenant_users DROP COLUMN created_at",
    );
    let plan = undrift(&tenant, "plan", &[]).expect_code(2);
    for column in ["phone", "first_name", "must_change_password", "created_at"] {
        assert!(plan.stdout.contains(&format!("+ tenant_users.{column}")), "{}", plan.stdout);
    }
    undrift(&tenant, "apply", &[]).expect_code(0);
    is_in_sync(&tenant);
    assert_eq!(users(&tenant), ALL_USERS);
}

#[rstest]
fn scenario_4_the_database_is_looked_at_and_never_a_ledger(
    #[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine,
) {
    let tenant = after(
        engine,
        "CREATE TABLE migrations (id integer, migration varchar(100));
         INSERT INTO migrations VALUES (1, 'create_elections_table');
         DROP TABLE elections",
    );
    let plan = undrift(&tenant, "plan", &[]).expect_code(2);
    assert!(plan.stdout.contains("+ elections") && !plan.stdout.contains("migrations"), "{}", plan.stdout);
    undrift(&tenant, "apply", &[]).expect_code(0);
    is_in_sync(&tenant);
    assert_eq!(tenant.query("SELECT count(*) FROM migrations"), "1");
}

#[rstest]
fn scenario_5_half_a_migration_converges(#[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine) {
    let tenant = healthy(engine);
    let drop_index =
        if engine == Engine::Mariadb { "DROP INDEX idx_status ON tenant_users" } else { "DROP INDEX idx_status" };
    tenant.sql(&format!("{drop_index}; ALTER TABLE tenant_users DROP COLUMN phone; DROP TABLE elections"));
    undrift(&tenant, "apply", &[]).expect_code(0);
    is_in_sync(&tenant);
    let again = undrift(&tenant, "apply", &[]).expect_code(0);
    assert!(
        again.stdout.contains("1 in sync, 0 drifted, 0 unknown; 0 repaired, 0 skipped, 0 errors"),
        "{}",
        again.stdout
    );
    assert_eq!(users(&tenant), ALL_USERS);
}

#[rstest]
fn scenario_13_a_hot_fix_is_seen_kept_and_dropped_only_when_all_agree(
    #[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine,
) {
    let tenant = after(
        engine,
        "ALTER TABLE tenant_users ADD COLUMN hotfix varchar(20); UPDATE tenant_users SET hotfix = 'x';
         CREATE INDEX idx_by_night ON tenant_users (hotfix)",
    );
    let plan = undrift(&tenant, "plan", &[]).expect_code(2);
    assert!(plan.stdout.contains("- tenant_users.hotfix") && plan.stdout.contains("extra"), "{}", plan.stdout);
    assert!(plan.stdout.contains("- tenant_users.idx_by_night"), "{}", plan.stdout);
    undrift(&tenant, "apply", &["--yes"]).expect_code(0);
    assert_eq!(tenant.query("SELECT count(hotfix) FROM tenant_users"), "3");

    let drop = SCHEMA.replace("extras: report", "extras: drop");
    tenant.write("core.yaml", &drop);
    undrift(&tenant, "apply", &[]).expect_code(3);
    assert_eq!(tenant.query("SELECT count(hotfix) FROM tenant_users"), "3");
    person_says_yes(&tenant).expect_code(0);
    is_in_sync(&tenant);
    assert_eq!(users(&tenant), ALL_USERS);
}

#[rstest]
fn what_was_exported_makes_the_same_database(
    #[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine,
) {
    let original = healthy(engine);
    let exported = original.run(&["export", "--url", &original.url]).expect_code(0);
    let copy = empty(engine);
    copy.write("core.yaml", &exported.stdout);
    undrift(&copy, "apply", &[]).expect_code(0);
    let same = original.run(&["diff", &original.url, &copy.url]).expect_code(0);
    assert_eq!(same.stdout, "");
    original.write("core.yaml", &exported.stdout);
    is_in_sync(&original);
}
