//! Drops that are renames, with the real binary on every engine.

mod support;

use rstest::rstest;
use support::{Engine, Output, Tenant};

/// What a fleet begins with: a table that has a child, and one that is its parent.
const BEFORE: &str = "schema: core
extras: drop
tables:
  teams:
    columns:
      id: { type: bigint, identity: true }
      name: varchar(100)
    primary_key: [id]
  users:
    columns:
      id: { type: bigint, identity: true }
      email: varchar(100)
      nick: { type: varchar(50) }
      team_id: { type: bigint }
    primary_key: [id]
    indexes:
      idx_users_nick: { columns: [nick], unique: true }
      idx_users_both: { columns: [email, nick] }
    foreign_keys:
      fk_users_team: { columns: [team_id], references: { table: teams, columns: [id] } }
    checks:
      nick_is_said: \"nick <> ''\"
  orders:
    columns:
      id: { type: bigint, identity: true }
      user_id: { type: bigint }
      note: varchar(50)
    primary_key: [id]
    indexes:
      idx_orders_note: { columns: [note] }
    foreign_keys:
      fk_orders_user: { columns: [user_id], references: { table: users, columns: [id] } }
";

/// Without the column `nick`, the key to `teams` and the table `orders`.
const AFTER: &str = "schema: core
extras: drop
tables:
  teams:
    columns:
      id: { type: bigint, identity: true }
      name: varchar(100)
    primary_key: [id]
  users:
    columns:
      id: { type: bigint, identity: true }
      email: varchar(100)
    primary_key: [id]
";

const ROWS: &str = "INSERT INTO teams (id, name) VALUES (1, 'red');
INSERT INTO users (id, email, nick, team_id) VALUES (1, 'a@example.org', 'ann', 1), (2, 'b@example.org', 'bob', 1);
INSERT INTO orders (id, user_id, note) VALUES (7, 1, 'first');";

const KEEP: &str = "policy: keep
rules:
  - { match: { change: drop_* }, then: allow, quarantine: { keep_for: 30d } }
  - { then: allow }
";

fn undrift(tenant: &Tenant, command: &str, more: &[&str]) -> Output {
    let arguments = [command, "--url", &tenant.url, "--schema", "core.yaml", "--policy", "policy.yaml"];
    tenant.run(&[&arguments, more].concat())
}

/// A tenant with rows, and then a schema that lacks some of what it has.
fn tenant(engine: Engine) -> Tenant {
    let tenant = Tenant::empty(engine);
    tenant.write("policy.yaml", KEEP);
    tenant.write("core.yaml", BEFORE);
    undrift(&tenant, "apply", &[]).expect_code(0);
    tenant.sql(ROWS);
    tenant.write("core.yaml", AFTER);
    tenant
}

/// The name under which something is kept that goes today.
fn kept(name: &str) -> String {
    format!("undrift_dropped_{}_{name}", jiff::Timestamp::now().strftime("%Y%m%d"))
}

/// Gives what is in quarantine a date that is long ago.
fn age(tenant: &Tenant) {
    let old = |name: &str| format!("undrift_dropped_20200101_{name}");
    let renames = [
        format!("ALTER TABLE users RENAME COLUMN {} TO {}", kept("nick"), old("nick")),
        format!("ALTER TABLE users RENAME COLUMN {} TO {}", kept("team_id"), old("team_id")),
        format!("ALTER TABLE {} RENAME TO {}", kept("orders"), old("orders")),
    ];
    renames.iter().for_each(|sql| tenant.sql(&format!("{sql};")));
}

#[rstest]
fn what_is_dropped_is_kept_not_compared_and_gone_in_the_end(
    #[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine,
) {
    let tenant = tenant(engine);
    let (nick, orders) = (kept("nick"), kept("orders"));
    let plan = undrift(&tenant, "plan", &[]).expect_code(2).stdout;
    assert!(plan.contains(&format!("kept as {nick}")) && plan.contains(&format!("kept as {orders}")), "{plan}");
    assert!(!plan.contains("DROP TABLE") || engine == Engine::Sqlite, "the statements are those that run:\n{plan}");

    undrift(&tenant, "apply", &[]).expect_code(0);
    let values = tenant.query(&format!("SELECT {nick} FROM users ORDER BY id"));
    assert_eq!(values.split_whitespace().collect::<Vec<_>>(), ["ann", "bob"]);
    assert_eq!(tenant.query(&format!("SELECT note FROM {orders}")).trim(), "first");

    tenant.sql("INSERT INTO users (id, email) VALUES (3, 'c@example.org'), (4, 'd@example.org');");
    tenant.sql("DELETE FROM users WHERE id = 1;");
    tenant.sql("DELETE FROM teams WHERE id = 1;");

    let plan = undrift(&tenant, "plan", &[]).expect_code(0).stdout;
    assert!(plan.contains("1 in sync, 0 drifted, 0 unknown"), "{plan}");
    assert!(plan.contains(&format!("in quarantine: users.{nick} since ")), "{plan}");
    let apply = undrift(&tenant, "apply", &[]).expect_code(0).stdout;
    assert!(apply.contains("0 repaired"), "it is not time yet:\n{apply}");

    age(&tenant);
    let plan = undrift(&tenant, "plan", &[]).expect_code(0).stdout;
    assert!(plan.contains("long enough: apply drops it"), "{plan}");
    let apply = undrift(&tenant, "apply", &[]).expect_code(0).stdout;
    assert!(apply.contains("3 things dropped for good"), "{apply}");
    let plan = undrift(&tenant, "plan", &[]).expect_code(0).stdout;
    assert!(!plan.contains("undrift_dropped"), "{plan}");
    assert_eq!(tenant.query("SELECT count(*) FROM users").trim(), "3");
}

/// Neither in an export nor in a comparison of two databases.
#[rstest]
fn it_is_not_part_of_the_structure(#[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine) {
    let tenant = tenant(engine);
    undrift(&tenant, "apply", &[]).expect_code(0);
    let export = tenant.run(&["export", "--url", &tenant.url]).expect_code(0);
    assert!(!export.stdout.contains("undrift_dropped") && export.stdout.contains("email"), "{}", export.stdout);
    assert!(export.stderr.contains(&format!("kept for a while: users.{}", kept("nick"))), "{}", export.stderr);
    tenant.run(&["diff", &tenant.url, "core.yaml"]).expect_code(0);
}

/// `renamed_from` has it back, values and all, across a fleet.
#[rstest]
fn it_can_be_had_back(#[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine) {
    let tenant = tenant(engine);
    undrift(&tenant, "apply", &[]).expect_code(0);
    let back = format!("email: varchar(100)\n      nick: {{ type: varchar(50), renamed_from: [{}] }}", kept("nick"));
    tenant.write("core.yaml", &AFTER.replace("email: varchar(100)", &back));
    undrift(&tenant, "apply", &[]).expect_code(0);
    undrift(&tenant, "plan", &[]).expect_code(0);
    assert_eq!(
        tenant.query("SELECT nick FROM users ORDER BY id").split_whitespace().collect::<Vec<_>>(),
        ["ann", "bob"]
    );
}

/// What policy denies stays where it is; what is asked is kept once somebody says yes.
#[rstest]
fn policy_decides_as_ever(#[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine) {
    let tenant = tenant(engine);
    tenant.write(
        "policy.yaml",
        "policy: careful
rules:
  - { match: { change: drop_table }, then: deny }
  - { match: { change: drop_column, column: nick }, then: ask, yes: true, quarantine: true }
  - { then: allow }
",
    );
    undrift(&tenant, "apply", &[]).expect_code(3);
    assert_eq!(tenant.query("SELECT count(nick) FROM users").trim(), "2");
    undrift(&tenant, "apply", &["--yes"]).expect_code(3);
    assert_eq!(tenant.query(&format!("SELECT count({}) FROM users", kept("nick"))).trim(), "2");
    assert_eq!(tenant.query("SELECT count(*) FROM orders").trim(), "1");
    let plan = undrift(&tenant, "plan", &[]).expect_code(2).stdout;
    assert!(plan.contains("kept until somebody drops it"), "{plan}");
}

/// A table that is built anew must not lose what is in quarantine.
#[rstest]
fn later_changes_of_the_table_leave_it_alone(
    #[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine,
) {
    let tenant = tenant(engine);
    undrift(&tenant, "apply", &[]).expect_code(0);
    let changed = AFTER.replace("email: varchar(100)", "email: { type: varchar(200), nullable: true }");
    tenant.write("core.yaml", &changed);
    undrift(&tenant, "apply", &[]).expect_code(0);
    let values = tenant.query(&format!("SELECT {} FROM users ORDER BY id", kept("nick")));
    assert_eq!(values.split_whitespace().collect::<Vec<_>>(), ["ann", "bob"]);
    undrift(&tenant, "plan", &[]).expect_code(0);
}

/// Declaring it again makes it anew beside what is kept, and dropping that again finds another name.
#[rstest]
fn it_can_come_back_and_go_again(#[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine) {
    let tenant = tenant(engine);
    undrift(&tenant, "apply", &[]).expect_code(0);
    tenant.write(
        "core.yaml",
        &BEFORE
            .replace("nick: { type: varchar(50) }", "nick: { type: varchar(50), nullable: true }")
            .replace("team_id: { type: bigint }", "team_id: { type: bigint, nullable: true }"),
    );
    undrift(&tenant, "apply", &[]).expect_code(0);
    undrift(&tenant, "plan", &[]).expect_code(0);
    assert_eq!(tenant.query("SELECT count(*) FROM orders").trim(), "0");
    tenant.write("core.yaml", AFTER);
    undrift(&tenant, "apply", &[]).expect_code(0);
    assert_eq!(tenant.query(&format!("SELECT count(*) FROM {}_2", kept("orders"))).trim(), "0");
    assert_eq!(tenant.query(&format!("SELECT count(*) FROM {}", kept("orders"))).trim(), "1");
    undrift(&tenant, "plan", &[]).expect_code(0);
}

/// The key's column goes too, and with it what numbers the rows.
#[rstest]
fn a_column_that_numbers_the_rows_is_kept(#[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine) {
    let schema = |columns: &str, key: &str| {
        format!(
            "schema: core\nextras: drop\ntables:\n  t:\n    columns:\n{columns}      code: varchar(10)\n    primary_key: [{key}]\n"
        )
    };
    let tenant = Tenant::empty(engine);
    tenant.write("policy.yaml", KEEP);
    tenant.write("core.yaml", &schema("      id: { type: bigint, identity: true }\n", "id"));
    undrift(&tenant, "apply", &[]).expect_code(0);
    tenant.sql("INSERT INTO t (id, code) VALUES (5, 'five'), (6, 'six');");
    tenant.write("core.yaml", &schema("", "code"));
    undrift(&tenant, "apply", &[]).expect_code(0);
    tenant.sql("INSERT INTO t (code) VALUES ('new');");
    let ids = tenant.query(&format!("SELECT {} FROM t WHERE code <> 'new' ORDER BY code", kept("id")));
    assert_eq!(ids.split_whitespace().collect::<Vec<_>>(), ["5", "6"]);
    undrift(&tenant, "plan", &[]).expect_code(0);
}

/// A PostgreSQL schema and an enum type that are needed for what is kept go after it.
#[test]
fn what_it_is_made_of_goes_after_it() {
    let tenant = tenant(Engine::Postgres);
    tenant.sql(
        "CREATE SCHEMA audit; CREATE TABLE audit.events (id bigint); CREATE TYPE mood AS ENUM ('fine');
         ALTER TABLE users ADD COLUMN mood mood; UPDATE users SET mood = 'fine';",
    );
    undrift(&tenant, "apply", &[]).expect_code(0);
    undrift(&tenant, "plan", &[]).expect_code(0);
    assert_eq!(tenant.query(&format!("SELECT count({}) FROM users", kept("mood"))).trim(), "2");
    age(&tenant);
    tenant.sql(&format!("ALTER TABLE users RENAME COLUMN {} TO undrift_dropped_20200101_mood", kept("mood")));
    tenant.sql(&format!("ALTER TABLE audit.{} RENAME TO undrift_dropped_20200101_events", kept("events")));
    undrift(&tenant, "apply", &[]).expect_code(0);
    undrift(&tenant, "apply", &[]).expect_code(0);
    let left = tenant.query("SELECT count(*) FROM pg_namespace n FULL JOIN pg_type t ON false WHERE n.nspname = 'audit' OR t.typname = 'mood'");
    assert_eq!(left.trim(), "0");
    undrift(&tenant, "plan", &[]).expect_code(0);
}

/// Who is asked on a terminal sees the renames, not drops.
#[test]
fn a_person_sees_what_is_kept() {
    let tenant = tenant(Engine::Postgres);
    tenant.write(
        "policy.yaml",
        "policy: asks
rules:
  - { match: { change: drop_* }, then: ask, quarantine: true, backup: true }
  - { then: allow }
",
    );
    let arguments = ["apply", "--url", &tenant.url, "--schema", "core.yaml", "--policy", "policy.yaml", "--quiet"];
    let shown = tenant.answered(&arguments, "no").expect_code(3).stdout;
    let question = shown.split("The policy asks a person").nth(1).expect(&shown);
    assert!(question.contains(&format!("RENAME TO \"{}\"", kept("orders"))), "{question}");
    assert!(!question.contains("DROP TABLE") && !question.contains("backed up first"), "{question}");
}
