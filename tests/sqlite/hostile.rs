//! Names and texts that somebody chose to break things with.

use undrift::model::{Change, QName, Renames};

use crate::bench::{file, query, schema, statements, turn};

const NAMES: [&str; 8] = ["o'brien", "a\"b", "c`d", "e]f", "select", "ü → 漢", "a.b; --", " spaced \t"];

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[tokio::test]
async fn any_name_is_a_name() {
    for name in NAMES {
        let q = quoted(name);
        let start =
            format!("CREATE TABLE {q} (id INTEGER PRIMARY KEY, {q} TEXT DEFAULT 'x'); INSERT INTO {q} VALUES (7, 'y')");
        let goal = format!(
            "CREATE TABLE {q} (id INTEGER PRIMARY KEY, {q} TEXT NOT NULL DEFAULT 'x' CHECK ({q} <> ''), z INT REFERENCES {q});
             CREATE UNIQUE INDEX {} ON {q} ({q})",
            quoted(&format!("idx {name}"))
        );
        let file = file(&start).await;
        turn(&file, &goal, &[], &Renames::default()).await;
        assert_eq!(query(&file, &format!("SELECT id, {q} FROM {q}")), "7|y", "{name}");
        let read = schema(&goal).await;
        assert_eq!(schema(&statements(&read).join(";\n")).await, read, "{name}");
    }
}

#[tokio::test]
async fn any_name_can_be_renamed() {
    for name in NAMES {
        let file = file("CREATE TABLE plain (a TEXT); INSERT INTO plain VALUES ('y')").await;
        let q = quoted(name);
        let renames = [
            Change::RenameTable { from: QName::bare("plain"), to: QName::bare(name) },
            Change::RenameColumn { table: QName::bare(name), from: "a".into(), to: name.into(), transform: None },
        ];
        turn(&file, &format!("CREATE TABLE {q} ({q} TEXT)"), &renames, &Renames::default()).await;
        assert_eq!(query(&file, &format!("SELECT {q} FROM {q}")), "y", "{name}");
    }
}

#[tokio::test]
async fn a_name_that_changes_its_case_only() {
    let file = file("CREATE TABLE Users (Name TEXT); INSERT INTO users VALUES ('y')").await;
    let renames = [
        Change::RenameTable { from: QName::bare("Users"), to: QName::bare("users") },
        Change::RenameColumn { table: QName::bare("users"), from: "Name".into(), to: "name".into(), transform: None },
    ];
    turn(&file, "CREATE TABLE users (name TEXT)", &renames, &Renames::default()).await;
    assert_eq!(query(&file, "SELECT name FROM users"), "y");
}

#[tokio::test]
async fn texts_with_quotes_comments_and_statements_in_them() {
    for text in ["'; DROP TABLE t; --", "/* open", "-- end", "a''b", "\"", "\n;\n", "\\", "%s {n} $1 ?1"] {
        let literal = format!("'{}'", text.replace('\'', "''"));
        let goal = format!("CREATE TABLE t (a TEXT DEFAULT {literal} CHECK (a <> {literal} OR 1), b AS ({literal}))");
        let file = file("CREATE TABLE t (a TEXT); INSERT INTO t VALUES ('kept')").await;
        turn(&file, &goal, &[], &Renames::default()).await;
        assert_eq!(query(&file, "SELECT count(*) FROM t WHERE a = 'kept'"), "1", "{text}");
    }
}
