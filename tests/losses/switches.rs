//! What is either on or off.

use rstest::rstest;

use super::support::Engine;
use super::{comes_to, tenant, undrift};

fn schema(table: &str, column: &str, check: &str) -> String {
    format!(
        "schema: core\ntables:\n  t:\n    columns: {{ id: {{ type: bigint, options: {{ {column} }} }}, a: {{ type: int, nullable: true }} }}\n    \
         primary_key: [id]\n    options: {{ {table} }}\n    checks: {{ c: {{ sql: \"a > 0\", options: {{ {check} }} }} }}\n"
    )
}

#[rstest]
#[case(Engine::Sqlite, "strict", "", "")]
#[case(Engine::Sqlite, "without_rowid", "", "")]
#[case(Engine::Postgres, "unlogged", "", "")]
#[case(Engine::Postgres, "", "", "no_inherit")]
#[case(Engine::Mariadb, "", "invisible", "")]
fn another_word_than_true_or_false_is_an_error(
    #[case] engine: Engine,
    #[case] table: &str,
    #[case] column: &str,
    #[case] check: &str,
) {
    let of = |value: &str| {
        let [table, column, check] =
            [table, column, check].map(|key| if key.is_empty() { String::new() } else { format!("{key}: {value}") });
        schema(&table, &column, &check)
    };
    let tenant = tenant(engine, "CREATE TABLE t (id bigint NOT NULL PRIMARY KEY, a int, CONSTRAINT c CHECK (a > 0))");
    for value in ["banana", "1", "on", "\"\""] {
        let output = undrift(&tenant, "plan", &of(value)).expect_code(1);
        let said = output.stdout + &output.stderr;
        assert!(said.contains("it is on or off") && said.contains("core.yaml:"), "{value}: {said}");
    }
    comes_to(&tenant, &of("false"));
}
