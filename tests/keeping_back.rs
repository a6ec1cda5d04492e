//! What policy keeps back stays as it is, what needs it stays with it, and the rest runs.

mod support;

use std::thread;
use std::time::Duration;

use rstest::rstest;
use support::{Engine, Output, Tenant};

const BEFORE: &str = "
schema: before
tables:
  users:
    columns:
      id: { type: bigint, identity: true }
      password: { type: varchar(255), nullable: true }
      nick: { type: varchar(40), nullable: true }
    primary_key: [id]
";

const AFTER: &str = "
schema: after
tables:
  users:
    columns:
      id: { type: bigint, identity: true }
      password_hash: { type: varchar(255), nullable: true, renamed_from: [password] }
      nick: { type: varchar(40), nullable: true }
      phone: { type: varchar(30), nullable: true }
      town: { type: varchar(30), nullable: true }
    primary_key: [id]
    indexes:
      idx_phone: [phone]
      idx_town: [town]
      idx_hash: [password_hash]
";

/// A database as it was before, with two rows.
fn before(engine: Engine) -> Tenant {
    let tenant = Tenant::empty(engine);
    tenant.write("before.yaml", BEFORE);
    tenant.write("after.yaml", AFTER);
    tenant.run(&["apply", "--url", &tenant.url, "--schema", "before.yaml"]).expect_code(0);
    tenant.sql("INSERT INTO users (id, password, nick) VALUES (1, 'h1', 'a'), (2, 'h2', 'b')");
    tenant
}

fn undrift(tenant: &Tenant, command: &str, more: &[&str]) -> Output {
    let fixed = [command, "--url", &tenant.url, "--schema", "after.yaml", "--policy", "policy.yaml"];
    tenant.run(&[&fixed, more].concat())
}

#[rstest]
fn what_needs_something_denied_is_kept_back_with_it(
    #[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine,
) {
    let tenant = before(engine);
    let policy = "policy: some\nrules:\n  - { name: no phones, match: { object: users.phone }, then: deny }\n  - { name: rest, match: {}, then: allow }\n";
    tenant.write("policy.yaml", policy);
    let apply = undrift(&tenant, "apply", &["--yes"]).expect_code(3);
    assert!(apply.stdout.contains("deny (no phones)"), "{}", apply.stdout);
    assert!(apply.stdout.contains("needs users.phone, which is kept back"), "{}", apply.stdout);
    assert!(
        apply.stdout.contains("0 in sync, 1 drifted, 0 unknown; 1 repaired, 0 skipped, 0 errors"),
        "{}",
        apply.stdout
    );
    assert_eq!(tenant.query("SELECT count(password_hash) + count(town) FROM users"), "2");
    let plan = undrift(&tenant, "plan", &[]).expect_code(2);
    for (there, words) in [(true, "users.phone"), (true, "users.idx_phone"), (false, "users.town"), (false, "idx_hash")]
    {
        assert_eq!(plan.stdout.contains(words), there, "{words}\n{}", plan.stdout);
    }
}

#[rstest]
fn a_rename_that_is_denied_keeps_back_what_uses_the_new_name(
    #[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine,
) {
    let tenant = before(engine);
    let policy = "policy: some\nrules:\n  - { name: no renames, match: { change: rename_column }, then: deny }\n  - { name: rest, match: {}, then: allow }\n";
    tenant.write("policy.yaml", policy);
    let apply = undrift(&tenant, "apply", &[]).expect_code(3);
    assert!(apply.stdout.contains("1 repaired, 0 skipped, 0 errors"), "{}", apply.stdout);
    assert_eq!(tenant.query("SELECT count(password) + count(phone) + count(town) FROM users"), "2");
    let plan = undrift(&tenant, "plan", &[]).expect_code(2);
    assert!(plan.stdout.contains("users.password → password_hash"), "{}", plan.stdout);
    assert!(plan.stdout.contains("users.idx_hash") && !plan.stdout.contains("users.idx_town"), "{}", plan.stdout);
}

/// Nobody declared the indexes, and they stay as long as they can: not without their column.
#[rstest]
fn an_extra_that_hangs_on_a_merged_column_goes_with_it(
    #[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine,
) {
    let tenant = before(engine);
    tenant.sql(
        "ALTER TABLE users ADD COLUMN password_hash varchar(255);
         CREATE INDEX by_old ON users (password);
         CREATE INDEX by_old_and_id ON users (password, id);
         CREATE INDEX by_nick ON users (nick);",
    );
    tenant.write("policy.yaml", include_str!("../policies/permissive.yaml"));
    let apply = undrift(&tenant, "apply", &["--yes"]).expect_code(0);
    assert!(apply.stdout.contains("1 repaired, 0 skipped, 0 errors"), "{}", apply.stdout);
    assert_eq!(tenant.query("SELECT count(password_hash) FROM users"), "2");
    let plan = undrift(&tenant, "plan", &[]);
    assert!(plan.stdout.contains("by_nick") && !plan.stdout.contains("by_old"), "{}", plan.stdout);
}

#[rstest]
fn report_only_changes_nothing(#[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine) {
    let tenant = before(engine);
    let review = include_str!("../policies/review.yaml");
    tenant.write("policy.yaml", review);
    let apply = undrift(&tenant, "apply", &["--yes"]).expect_code(3);
    assert!(apply.stdout.contains("0 repaired, 1 skipped, 0 errors"), "{}", apply.stdout);
    assert_eq!(tenant.query("SELECT count(password) FROM users"), "2");
}

#[test]
fn a_dry_run_changes_nothing() {
    let tenant = before(Engine::Sqlite);
    tenant.write("policy.yaml", include_str!("../policies/permissive.yaml"));
    undrift(&tenant, "apply", &["--dry-run"]).expect_code(0);
    assert_eq!(tenant.query("SELECT count(password) FROM users"), "2");
}

/// Somebody holds the table: undrift gives way, tries again, and gets there. A second undrift that
/// comes meanwhile is told that the first one is at work.
#[test]
fn a_lock_is_waited_for_in_short_turns_and_two_never_work_on_one_database() {
    let tenant = before(Engine::Postgres);
    let policy = "policy: short\nrules: [{ name: all, match: {}, then: allow }]\nlimits: { lock_timeout: 500ms }\n";
    tenant.write("policy.yaml", policy);
    tenant.sql("CREATE TABLE let_go (x integer)");
    thread::scope(|scope| {
        scope.spawn(|| tenant.sql(HOLD_UNTIL_MARKED));
        until(|| {
            tenant.query("SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND relation = 'users'::regclass") == "1"
        });
        let first = scope.spawn(|| undrift(&tenant, "apply", &[]));
        until(|| {
            tenant.query("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'users'::regclass") == "1"
        });
        let second = undrift(&tenant, "apply", &[]);
        tenant.sql("INSERT INTO let_go VALUES (1)");
        let first = first.join().expect("it ran").expect_code(0);
        assert!(first.stderr.contains("trying again"), "{}", first.stderr);
        assert!(first.stdout.contains("1 repaired, 0 skipped, 0 errors"), "{}", first.stdout);
        let second = second.expect_code(1);
        assert!(second.stdout.contains("another undrift is working on this database"), "{}", second.stdout);
    });
}

const HOLD_UNTIL_MARKED: &str = "BEGIN; LOCK TABLE users;
    DO $$ BEGIN LOOP EXIT WHEN EXISTS (SELECT FROM let_go); PERFORM pg_sleep(0.05); END LOOP; END $$;
    COMMIT";

/// Waits until something holds, a minute at most.
fn until(holds: impl Fn() -> bool) {
    for _ in 0..600 {
        if holds() {
            return;
        }
        thread::sleep(Duration::from_millis(100));
    }
    panic!("it never came to hold");
}
