//! What a change may lose is said before it runs.

use rstest::rstest;

use super::support::Engine;
use super::{tenant, undrift};

fn schema(a: &str, options: &str, more: &str) -> String {
    format!(
        "schema: core\nextras: ignore\ntables:\n  t:\n    columns:\n      id: bigint\n      a: {{ {a}, nullable: true }}\n    \
         primary_key: [id]\n    options: {{ {options} }}\n{more}"
    )
}

#[rstest]
#[case(Engine::Mariadb, "type: char(20)", "", "may_lose_data: t.a: varchar(9) becomes char(20)")]
#[case(
    Engine::Mariadb,
    "type: varchar(9)",
    "engine: MyISAM",
    "may_lose_data: t becomes a table of MyISAM: it has neither transactions"
)]
#[case(Engine::Mariadb, "type: varchar(9)", "engine: MEMORY", "its rows are gone when the server starts again")]
#[case(Engine::Postgres, "type: char(20)", "", "blanks at the end of values do not count any more")]
#[case(Engine::Postgres, "type: varchar(9)", "unlogged: true", "may_lose_data: the rows of t are gone after a crash")]
fn a_change_that_loses_says_what(
    #[case] engine: Engine,
    #[case] column: &str,
    #[case] options: &str,
    #[case] words: &str,
) {
    let tenant = tenant(
        engine,
        "CREATE TABLE t (id bigint NOT NULL PRIMARY KEY, a varchar(9)); INSERT INTO t VALUES (1, 'x ');",
    );
    let plan = undrift(&tenant, "plan", &schema(column, options, "")).expect_code(2).stdout;
    assert!(plan.contains(words), "{words}: {plan}");
}

#[test]
fn the_built_in_policy_asks_before_such_a_change() {
    let tenant = tenant(Engine::Mariadb, "CREATE TABLE t (id bigint NOT NULL PRIMARY KEY, a varchar(9));");
    tenant.write("core.yaml", &schema("type: char(9)", "", ""));
    let plan = tenant.run(&["plan", "--url", &tenant.url, "--schema", "core.yaml"]).expect_code(2).stdout;
    assert!(plan.contains("nothing is lost without a person"), "{plan}");
}

#[test]
fn mariadb_says_that_a_foreign_key_is_away() {
    let script = "CREATE TABLE p (id int NOT NULL PRIMARY KEY);
        CREATE TABLE t (id bigint NOT NULL PRIMARY KEY, a int, CONSTRAINT f FOREIGN KEY (a) REFERENCES p (id));";
    let tenant = tenant(Engine::Mariadb, script);
    let more = "    foreign_keys:\n      f: { columns: [a], references: p(id) }\n  p:\n    columns: { id: bigint }\n    primary_key: [id]\n";
    let plan = undrift(&tenant, "plan", &schema("type: bigint", "", more)).expect_code(2).stdout;
    assert!(plan.contains("while f is away, rows of t may come that refer to nothing"), "{plan}");
}

#[test]
fn indexes_that_nobody_declared_are_said_to_be_built_anew() {
    let script = "CREATE TABLE t (id bigint NOT NULL PRIMARY KEY, a int, g int GENERATED ALWAYS AS (a + 1) STORED);
        CREATE INDEX nobody ON t (g);";
    let tenant = tenant(Engine::Postgres, script);
    let of = |a: &str| {
        schema(a, "", "").replace(
            "    primary_key",
            "      g: { type: int, nullable: true, generated: { sql: a + 1, stored: true } }\n    primary_key",
        )
    };
    let plan = undrift(&tenant, "plan", &of("type: bigint")).expect_code(2).stdout;
    assert!(plan.contains("builds_index: nobody, which stays, is built anew over the rows of t"), "{plan}");

    let tenant = super::tenant(
        Engine::Sqlite,
        "CREATE TABLE t (id bigint NOT NULL PRIMARY KEY, a int); CREATE INDEX nobody ON t (a);",
    );
    let plan = undrift(&tenant, "plan", &schema("type: text", "", "")).expect_code(2).stdout;
    assert!(plan.contains("builds_index: the indexes of t are built anew over all rows: nobody"), "{plan}");
}
