//! Random pairs of structures: one becomes the other, and the rows stay.
//!
//! `UNDRIFT_PAIRS` says how many; a few in the usual run.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use undrift::apply::ApplyError;
use undrift::db::Trouble;
use undrift::model::Renames;

use crate::bench::{file, plan, query, reading, run, schema, statements, turn};

/// One column but `id`, each feature drawn by itself.
fn column() -> impl Strategy<Value = String> {
    let kind = prop::sample::select(vec!["", "TEXT", "INT", "varchar(9)", "REAL", "Numeric(4,2)", "BLOB", "BOOLEAN"]);
    let default = prop::sample::select(vec![
        "",
        "",
        "",
        "DEFAULT 1",
        "DEFAULT 'x''y'",
        "DEFAULT (1 + 1)",
        "DEFAULT CURRENT_DATE",
        "NOT NULL DEFAULT 7",
        "DEFAULT NULL",
    ]);
    let rule = prop::sample::select(vec![
        "",
        "",
        "",
        "",
        "UNIQUE",
        "COLLATE NOCASE",
        "CHECK (NAME is not 'never')",
        "REFERENCES parent",
        "REFERENCES \"parent\" (id) ON DELETE SET NULL",
        "CONSTRAINT named CHECK (length(\"NAME\") < 99 OR id > 0)",
        "REFERENCES t (id) DEFERRABLE INITIALLY DEFERRED",
    ]);
    (kind, default, rule).prop_map(|(kind, default, rule)| format!("{kind} {default} {rule}"))
}

fn index() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "(NAME)",
        "(NAME DESC, id)",
        "(lower(NAME))",
        "(NAME COLLATE NOCASE) WHERE id > 1",
        "(id, NAME) WHERE NAME IS NOT NULL",
    ])
    .prop_map(str::to_owned)
}

const NAMES: [&str; 6] = ["a", "b", "Order", "c d", "e\"f", "g"];

/// A table `t` with a column `id`, beside a table `parent`.
fn structure() -> impl Strategy<Value = String> {
    let key = prop::sample::select(vec![
        "INTEGER PRIMARY KEY",
        "INTEGER PRIMARY KEY AUTOINCREMENT",
        "INT UNIQUE",
        "INTEGER NOT NULL UNIQUE",
    ]);
    let columns = prop::collection::vec(prop::option::weighted(0.6, column()), NAMES.len());
    let indexes = prop::collection::vec((0..NAMES.len(), index()), 0..3);
    let computed =
        prop::sample::select(vec!["", "", ", v AS (id + 1)", ", v INT AS (id * 2) STORED", ", CHECK (id > 0)"]);
    (key, columns, indexes, computed)
        .prop_map(|(key, columns, indexes, computed)| written(key, &columns, &indexes, computed))
}

fn written(key: &str, columns: &[Option<String>], indexes: &[(usize, String)], computed: &str) -> String {
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let present = |position: usize| columns[position].is_some();
    let fill = |text: &str, name: &str| text.replace("\"NAME\"", "NAME").replace("NAME", &quoted(name));
    let list: Vec<String> = NAMES
        .iter()
        .zip(columns)
        .filter_map(|(name, column)| Some(format!(", {} {}", quoted(name), fill(column.as_ref()?, name))))
        .collect();
    let mut sql =
        format!("CREATE TABLE parent (id INTEGER PRIMARY KEY); CREATE TABLE t (id {key}{}{computed});", list.concat());
    let mut made = BTreeSet::new();
    for (position, parts) in indexes.iter().filter(|(position, _)| present(*position)) {
        if made.insert(position) {
            sql.push_str(&format!(
                "CREATE INDEX {} ON t {};",
                quoted(&format!("i {position}")),
                fill(parts, NAMES[*position])
            ));
        }
    }
    sql
}

#[test]
fn one_becomes_the_other_and_the_rows_stay() {
    let cases = std::env::var("UNDRIFT_PAIRS").ok().and_then(|text| text.parse().ok()).unwrap_or(25);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&(structure(), structure()), |(from, to)| {
        runtime.block_on(pair(&from, &to));
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}

async fn pair(from: &str, to: &str) {
    let read = schema(from).await;
    assert_eq!(schema(&statements(&read).join(";\n")).await, read, "the fix point of {from}");
    let file = file(&format!("{from}INSERT OR IGNORE INTO t (id) VALUES (11), (22);")).await;
    let rows = query(&file, "SELECT id FROM t ORDER BY id");
    let plan = plan(&file, to, &[], &Renames::default()).await;
    if let Err(error) = run(&file, &plan).await {
        // Rows may stand in the way; then nothing has happened, and without them all of it does.
        assert!(is_about_rows(&error), "{error}\n{from}\n{to}");
        assert_eq!(reading(&file.url).await.schema, read, "{from}\n{to}");
        assert_eq!(query(&file, "SELECT id FROM t ORDER BY id"), rows, "{from}\n{to}");
        query(&file, "DELETE FROM t");
        turn(&file, to, &[], &Renames::default()).await;
    } else {
        assert_eq!(query(&file, "SELECT id FROM t ORDER BY id"), rows, "{from}\n{to}");
    }
    turn(&file, to, &[], &Renames::default()).await;
    assert_eq!(query(&file, "PRAGMA integrity_check"), "ok");
}

fn is_about_rows(error: &ApplyError) -> bool {
    match error {
        ApplyError::Step(stopped) => stopped.db_error().is_none_or(|error| error.trouble == Trouble::Data),
        _ => false,
    }
}
