//! Every kind of fact on every engine.

use rstest::rstest;
use serde_json::{Value, json};

use super::{judged, tenant, undrift};
use crate::support::Engine;

const BEFORE: &str = "
schema: before
tables:
  users:
    columns:
      id: { type: bigint, identity: true }
      email: { type: varchar(100), nullable: true }
      nick: { type: varchar(40), nullable: true }
      town: { type: varchar(60), nullable: true }
      status: { type: { enum: [pending, active, archived] }, nullable: true }
    primary_key: [id]
  orders:
    columns:
      shop: integer
      number: integer
      user_id: { type: bigint, nullable: true }
      amount: { type: integer, nullable: true }
      code: { type: varchar(20), nullable: true }
    primary_key: [shop, number]
  log:
    columns: { line: { type: varchar(200), nullable: true } }
";

const AFTER: &str = "
schema: after
tables:
  users:
    columns:
      id: { type: bigint, identity: true }
      email: varchar(100)
      nick: { type: varchar(40), nullable: true }
      town: { type: varchar(5), nullable: true }
      status: { type: { enum: [pending, active] }, nullable: true }
      phone: { type: varchar(30), nullable: true }
    primary_key: [id]
    indexes: { by_nick: { columns: [nick], unique: true } }
  orders:
    columns:
      shop: integer
      number: integer
      user_id: { type: bigint, nullable: true }
      amount: { type: integer, nullable: true }
      code: { type: integer, nullable: true }
    primary_key: [shop, number]
    foreign_keys: { of_user: { columns: [user_id], references: users(id) } }
    checks: { costs: \"amount > 0\" }
  log:
    columns: { line: varchar(200) }
";

/// Seven users without an address, two with one nick, one with a long town, two archived; orders of nobody, for nothing,
/// and with a code that is no number.
const ROWS: &str = "
    INSERT INTO users (id, email, nick, town, status) VALUES
      (1, NULL, 's3cret-nick', 'Rome', 'active'), (2, NULL, 's3cret-nick', 's3cret-town', 'archived'),
      (3, NULL, 'c', 'Bonn', 'archived'), (4, NULL, 'd', NULL, NULL), (5, NULL, 'e', NULL, NULL),
      (6, NULL, 'f', NULL, NULL), (7, NULL, NULL, NULL, NULL), (8, 'h', NULL, NULL, 'pending');
    INSERT INTO orders VALUES (1, 1, 1, 5, '17'), (1, 2, 99, 5, ' 17 '), (2, 1, 98, -5, 's3cret-code'), (2, 2, NULL, NULL, NULL);
    INSERT INTO log VALUES (NULL), ('x')";

const REPAIR: &str = "
    UPDATE users SET email = 'x', nick = id, town = NULL, status = NULL;
    UPDATE orders SET user_id = 1, amount = 1, code = '1';
    UPDATE log SET line = 'y'";

fn expected(engine: Engine) -> Vec<(&'static str, &'static str, u64, Value, Value)> {
    let mut all = vec![
        ("nulls", "users", 7, json!(["id"]), json!([["1"], ["2"], ["3"], ["4"], ["5"]])),
        ("duplicates", "users", 1, json!(["id"]), json!([["1"], ["2"]])),
        ("orphans", "orders", 2, json!(["shop", "number"]), json!([["1", "2"], ["2", "1"]])),
        ("check", "orders", 1, json!(["shop", "number"]), json!([["2", "1"]])),
        ("nulls", "log", 1, json!([]), json!([])),
    ];
    let archived = (2, json!(["id"]), json!([["2"], ["3"]]));
    if engine == Engine::Sqlite {
        // Texts may be of any length, columns of any type; an enum is a check.
        all.push(("check", "users", archived.0, archived.1, archived.2));
    } else {
        all.push(("labels", "users", archived.0, archived.1, archived.2));
        all.push(("too_long", "users", 1, json!(["id"]), json!([["2"]])));
        all.push(("not_castable", "orders", 1, json!(["shop", "number"]), json!([["2", "1"]])));
    }
    all
}

#[rstest]
fn violations_are_counted_and_shown_with_keys(
    #[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine,
) {
    let tenant = tenant(engine, BEFORE, AFTER);
    tenant.sql(ROWS);
    let judged = judged(&tenant);
    let found = judged["violations"].as_array().expect("a list");
    for (kind, table, count, key, samples) in expected(engine) {
        let violation = found.iter().find(|v| v["kind"] == kind && v["table"] == table);
        let violation = violation.unwrap_or_else(|| panic!("{kind} of {table} is missing in {found:#?}"));
        assert_eq!(violation["count"], count, "{violation:#}");
        assert_eq!((&violation["key"], &violation["samples"]), (&key, &samples), "{violation:#}");
        let all = tenant.query(violation["find"].as_str().expect("a query"));
        let rows = if kind == "duplicates" { 2 } else { count };
        assert_eq!(all.lines().count().max(1) as u64, rows, "{violation:#}\n{all}");
    }
    assert_eq!(found.len(), expected(engine).len(), "{found:#?}");
    assert_eq!(judged["not_known"], json!([]));
    for table in ["users", "orders", "log"] {
        assert!(judged["bytes"][table].as_u64().is_some_and(|bytes| bytes > 0), "{judged:#}");
        assert!(judged["rows"][table].is_u64(), "{judged:#}");
    }
}

/// The violations, if anything differs at all.
fn judged_or_nothing(tenant: &crate::support::Tenant) -> Value {
    let plan = undrift(tenant, &["plan", "--format", "json"]);
    let plan: Value = serde_json::from_str(&plan.stdout).expect("JSON and nothing else");
    plan["shapes"][0]["tenants"][0]["violations"].clone()
}

#[rstest]
fn they_block_their_change_and_nothing_else(
    #[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine,
) {
    let tenant = tenant(engine, BEFORE, AFTER);
    tenant.sql(ROWS);
    for format in ["text", "markdown", "json"] {
        let plan = undrift(&tenant, &["plan", "--format", format]).expect_code(2);
        assert!(!plan.stdout.contains("s3cret"), "values stay where they are:\n{}", plan.stdout);
        let words: &[&str] = match format {
            "text" => &[
                "rows in the way: 7 rows of users",
                "users id: 1, 2, 3, 4, 5, …",
                "all of them: SELECT ",
                "orders (shop, number): (1, 2), (2, 1)",
            ],
            "markdown" => &["**rows in the way**: 7 rows of users", "(users id: 1, 2, 3, 4, 5, …)", "SELECT "],
            _ => &["\"violations\""],
        };
        words.iter().for_each(|words| assert!(plan.stdout.contains(words), "{words}\n{}", plan.stdout));
    }
    let apply = undrift(&tenant, &["apply", "--yes"]).expect_code(3);
    assert!(apply.stdout.contains("1 repaired, 0 skipped, 0 errors"), "{}", apply.stdout);
    assert_eq!(tenant.query("SELECT count(*) FROM users WHERE phone IS NULL"), "8", "the new column is there");
    tenant.sql(REPAIR);
    undrift(&tenant, &["apply"]).expect_code(0);
    // SQLite's old check has no name by which the new one could take its place: it is an extra.
    undrift(&tenant, &["plan"]).expect_code(if engine == Engine::Sqlite { 2 } else { 0 });
    assert_eq!(judged_or_nothing(&tenant), json!([]));
}

/// Keys of bytes are shown as digits, and long ones are cut.
#[rstest]
fn keys_are_fit_to_be_shown(#[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine) {
    let key = "{ postgres: bytea, mysql: varbinary(100), sqlite: blob }";
    let before = format!(
        "
schema: before
tables:
  t: {{ columns: {{ id: {{ type: {key} }}, v: {{ type: integer, nullable: true }} }}, primary_key: [id] }}
"
    );
    let tenant = tenant(engine, &before, &before.replace("{ type: integer, nullable: true }", "integer"));
    let (short, long) = if engine == Engine::Postgres {
        ("'\\x0aff'", "convert_to(repeat('x', 90), 'UTF8')")
    } else {
        ("x'0AFF'", "x'")
    };
    let long = if engine == Engine::Postgres { long.to_owned() } else { format!("{long}{}'", "78".repeat(90)) };
    tenant.sql(&format!("INSERT INTO t VALUES ({short}, NULL), ({long}, NULL)"));
    let samples = judged(&tenant)["violations"][0]["samples"].clone();
    let shown = if engine == Engine::Postgres { "\\x0aff" } else { "0x0AFF" };
    assert_eq!(samples[0], json!([shown]), "{samples}");
    let cut = samples[1][0].as_str().expect("a text");
    assert!(cut.ends_with('…') && cut.chars().count() == 61, "{cut}");
}
