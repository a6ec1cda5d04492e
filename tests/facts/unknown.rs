//! What could not be found out is never taken for harmless.

use rstest::rstest;

use super::{judged, tenant, undrift};
use crate::support::{Engine, Tenant};

const BEFORE: &str = "
schema: before
tables:
  t: { columns: { id: bigint, v: { type: varchar(20), nullable: true } }, primary_key: [id] }
";

fn not_null() -> String {
    BEFORE.replace("{ type: varchar(20), nullable: true }", "varchar(20), w: { type: integer, nullable: true }")
}

/// Rows without a NULL among them: nothing stands in the way, and yet nobody knows.
fn fill(tenant: &Tenant) {
    let numbers = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)";
    tenant.sql(&match tenant.engine {
        Engine::Mariadb => {
            format!("SET max_recursive_iterations = 1000000; INSERT INTO t {numbers} SELECT i, 'x' FROM n")
        }
        _ => format!("{numbers} INSERT INTO t SELECT i, 'x' FROM n"),
    });
}

#[rstest]
fn what_takes_too_long_is_asked(#[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine) {
    let tenant = tenant(engine, BEFORE, &not_null());
    fill(&tenant);
    let free = super::FREE;
    tenant.write("policy.yaml", &format!("{free}limits: {{ facts_timeout: 1ms }}\n"));
    let plan = undrift(&tenant, &["plan"]).expect_code(2);
    let words = "ask (not known: whether any rows of t have no";
    let words = if engine == Engine::Mariadb { "ask (not known: whether any rows of t have NULL in v" } else { words };
    assert!(plan.stdout.contains(words), "{}", plan.stdout);
    let apply = undrift(&tenant, &["apply", "--yes"]).expect_code(3);
    assert!(apply.stdout.contains("1 repaired, 0 skipped, 0 errors"), "what needs no rows runs:\n{}", apply.stdout);
    let arguments = ["apply", "--url", &tenant.url, "--schema", "after.yaml", "--policy", "policy.yaml"];
    tenant.answered(&arguments, "yes").expect_code(0);
    tenant.write("policy.yaml", free);
    undrift(&tenant, &["plan"]).expect_code(0);
}

#[test]
fn a_table_that_somebody_locked_is_not_known() {
    let tenant = tenant(Engine::Postgres, BEFORE, &not_null());
    tenant.sql("CREATE TABLE let_go (x integer)");
    let hold = "BEGIN; LOCK TABLE t; DO $$ BEGIN LOOP EXIT WHEN EXISTS (SELECT FROM let_go); PERFORM pg_sleep(0.05); \
                END LOOP; END $$; COMMIT";
    let held = std::thread::scope(|scope| {
        scope.spawn(|| tenant.sql(hold));
        let locks =
            "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND relation = 't'::regclass";
        while tenant.query(locks) != "1" {
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        let plan = undrift(&tenant, &["plan", "--format", "json"]);
        tenant.sql("INSERT INTO let_go VALUES (1)");
        plan.expect_code(2)
    });
    assert!(held.stdout.contains("somebody held a lock on the table for 3s"), "{}", held.stdout);
    assert_eq!(judged(&tenant)["not_known"], serde_json::json!([]));
}

/// Only a change that is tried can tell whether a text is a date: a person decides, and no flag.
#[rstest]
fn what_no_query_can_tell_is_asked(#[values(Engine::Postgres, Engine::Mariadb)] engine: Engine) {
    let tenant = tenant(engine, BEFORE, &BEFORE.replace("varchar(20)", "date"));
    tenant.sql("INSERT INTO t VALUES (1, '2026-11-28')");
    let plan = undrift(&tenant, &["plan"]).expect_code(2);
    let words = "ask (not known: whether all values of t.v can become date; no query can tell";
    assert!(plan.stdout.contains(words), "{}", plan.stdout);
    undrift(&tenant, &["apply", "--yes"]).expect_code(3);
    let arguments = ["apply", "--url", &tenant.url, "--schema", "after.yaml", "--policy", "policy.yaml"];
    tenant.answered(&arguments, "yes").expect_code(0);
    assert_eq!(tenant.query("SELECT v FROM t"), "2026-11-28");
}

/// A check that writes when it is asked: it is not asked, and nothing is written.
#[test]
fn nothing_is_written_by_looking() {
    let after = BEFORE.replace("primary_key: [id] }", "primary_key: [id], checks: { seen: \"saw(id)\" } }");
    let tenant = tenant(Engine::Postgres, BEFORE, &after);
    tenant.sql(
        "INSERT INTO t VALUES (1, 'a'); CREATE TABLE seen (id bigint);
         CREATE FUNCTION saw(bigint) RETURNS boolean LANGUAGE plpgsql
         AS 'BEGIN INSERT INTO seen VALUES ($1); RETURN true; END'",
    );
    let judged = judged(&tenant);
    let what = judged["not_known"][0]["what"].as_str().unwrap_or_else(|| panic!("{judged:#}"));
    assert!(what.contains("read-only transaction"), "{what}");
    assert_eq!(tenant.query("SELECT count(*) FROM seen"), "0");
}
