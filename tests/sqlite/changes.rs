//! From one structure to another, with rows in the tables.

use std::collections::BTreeMap;

use undrift::apply::ApplyError;
use undrift::model::{Change, Hazard, QName, Renames};

use crate::bench::{file, plan, query, run, turn};

fn none() -> Renames {
    Renames::default()
}

fn fills(table: &str, fills: &[(&str, &str)]) -> Renames {
    let fills = fills.iter().map(|(column, sql)| ((*column).to_owned(), (*sql).to_owned())).collect();
    Renames { fills: BTreeMap::from([(QName::bare(table), fills)]), ..Renames::default() }
}

fn old_name(table: &str, new: &str, old: &str) -> Renames {
    let columns = BTreeMap::from([(new.to_owned(), vec![old.to_owned()])]);
    Renames { columns: BTreeMap::from([(QName::bare(table), columns)]), ..Renames::default() }
}

/// Structures that each can be turned into each other.
const STRUCTURES: [&str; 14] = [
    "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INT)",
    "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT NOT NULL DEFAULT 'x', b INT)",
    "CREATE TABLE t (id INTEGER PRIMARY KEY, b BIGINT DEFAULT 1, a VARCHAR(10) COLLATE NOCASE)",
    "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE, b INT CHECK (b >= 0)); CREATE INDEX i ON t (b)",
    "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INT, c INT AS (b + 1) VIRTUAL, d INT AS (b * 2) STORED)",
    "CREATE TABLE t (id INTEGER, a TEXT, b INT, PRIMARY KEY (a, b)) WITHOUT ROWID",
    "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER) STRICT; CREATE UNIQUE INDEX i ON t (a, b DESC) WHERE b > 0",
    "CREATE TABLE t (id INT, a TEXT, b INT)",
    "CREATE TABLE p (x INTEGER PRIMARY KEY); CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INT, p INT REFERENCES p ON DELETE CASCADE)",
    "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INT, p INT REFERENCES u (y)); CREATE TABLE u (y INT UNIQUE, t INT REFERENCES t)",
    "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INT, e TEXT NOT NULL DEFAULT 'n' CHECK (e IN ('n', 'm')), f TIMESTAMP DEFAULT CURRENT_TIMESTAMP)",
    "CREATE TABLE t (a TEXT, b INT, z INTEGER PRIMARY KEY)",
    "CREATE TABLE t (id INTEGER PRIMARY KEY DESC, a TEXT, b INT, self INT REFERENCES t (id)); CREATE INDEX i ON t (lower(a), b)",
    "CREATE TABLE other (i INT); CREATE INDEX i ON other (i); CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INT)",
];

#[tokio::test]
async fn each_structure_becomes_each_other() {
    for from in STRUCTURES {
        for to in STRUCTURES {
            let numbered = if from.contains("t (id") { "UPDATE t SET id = b" } else { "" };
            let rows = format!("INSERT INTO t (a, b) VALUES ('one', 1), ('two', 2); {numbered}");
            let file = file(&format!("{from}; {rows}")).await;
            turn(&file, to, &[], &none()).await;
            assert_eq!(query(&file, "SELECT a, b FROM t ORDER BY b"), "one|1\ntwo|2", "{from}\n{to}");
            assert_eq!(query(&file, "PRAGMA integrity_check; PRAGMA foreign_key_check"), "ok", "{from}\n{to}");
        }
    }
}

const BUSY: &str = "
    CREATE TABLE log (line TEXT);
    CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT, b INT);
    CREATE TABLE child (id INTEGER PRIMARY KEY, t INT REFERENCES t (id) ON DELETE CASCADE);
    CREATE INDEX idx_a ON t (a);
    CREATE VIEW v AS SELECT a, b FROM t WHERE b > 0;
    CREATE TRIGGER logged AFTER INSERT ON t BEGIN INSERT INTO log VALUES (new.a); END;
    CREATE TRIGGER from_child AFTER INSERT ON child BEGIN UPDATE t SET b = b + 1 WHERE id = new.t; END;
    INSERT INTO t VALUES (1, 'one', 1), (5, 'five', 5), (9, 'nine', 9);
    INSERT INTO child VALUES (1, 5);
    DELETE FROM t WHERE id = 9; DELETE FROM log;";

#[tokio::test]
async fn a_rebuild_keeps_what_hangs_on_the_table() {
    let file = file(BUSY).await;
    let goal = BUSY.replace("a TEXT, b INT)", "a TEXT NOT NULL, b BIGINT NOT NULL DEFAULT 0)");
    let plan = turn(&file, goal.split("INSERT INTO t VALUES").next().unwrap(), &[], &none()).await;
    assert_eq!(plan.steps.len(), 1, "one rebuild");
    assert!(plan.hazards_of(0).any(|note| note.hazard == Hazard::RewritesTable));
    assert_eq!(query(&file, "SELECT * FROM t"), "1|one|1\n5|five|6");
    assert_eq!(query(&file, "INSERT INTO t (a) VALUES ('ten'); SELECT max(id) FROM t; SELECT * FROM log"), "10\nten");
    assert_eq!(query(&file, "INSERT INTO child VALUES (2, 1); SELECT b FROM t WHERE id = 1"), "2");
    assert_eq!(query(&file, "SELECT count(*) FROM v"), "2");
    let deleted = "PRAGMA foreign_keys = ON; DELETE FROM t WHERE id = 5; SELECT count(*) FROM child WHERE t = 5";
    assert_eq!(query(&file, deleted), "0");
    assert_eq!(query(&file, "SELECT count(*) FROM sqlite_master WHERE sql LIKE '%undrift%'"), "0");
}

#[tokio::test]
async fn a_rebuild_keeps_the_names_of_constraints() {
    let file = file(
        "CREATE TABLE p (id INTEGER CONSTRAINT p_key PRIMARY KEY, x INT CONSTRAINT positive CHECK (x > 0));
         CREATE TABLE t (a INT, b TEXT, c REFERENCES p, CONSTRAINT \"t's key\" PRIMARY KEY (a), CONSTRAINT once UNIQUE (b, c),
           CONSTRAINT gone CHECK (a <> 7), CONSTRAINT small CHECK (A < 9), CONSTRAINT of_p FOREIGN KEY (b) REFERENCES P)",
    )
    .await;
    let goal = "CREATE TABLE p (id INTEGER PRIMARY KEY, x INT NOT NULL CHECK (x > 0));
         CREATE TABLE t (a INT, b TEXT NOT NULL, c REFERENCES p, PRIMARY KEY (a), UNIQUE (b, c), CHECK (a < 9), FOREIGN KEY (b) REFERENCES p)";
    turn(&file, goal, &[], &none()).await;
    let texts = query(&file, "SELECT sql FROM sqlite_master WHERE type = 'table' ORDER BY name");
    for kept in [
        "CONSTRAINT \"p_key\" PRIMARY KEY",
        "CONSTRAINT \"positive\" CHECK (x > 0)",
        "CONSTRAINT \"t's key\" PRIMARY KEY (\"a\")",
        "CONSTRAINT \"once\" UNIQUE (\"b\", \"c\")",
        "CONSTRAINT \"small\" CHECK (a < 9)",
        "CONSTRAINT \"of_p\" FOREIGN KEY (\"b\") REFERENCES \"p\"",
    ] {
        assert!(texts.contains(kept), "{kept}: {texts}");
    }
    assert_eq!(texts.matches("CONSTRAINT").count(), 6, "{texts}");
}

#[tokio::test]
async fn a_rebuild_keeps_rowids() {
    let file = file("CREATE TABLE t (a TEXT); INSERT INTO t (rowid, a) VALUES (3, 'x'), (70, 'y')").await;
    turn(&file, "CREATE TABLE t (a TEXT NOT NULL, rowid INT)", &[], &none()).await;
    assert_eq!(query(&file, "SELECT _rowid_, a FROM t"), "3|x\n70|y");
    turn(&file, "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)", &[], &none()).await;
    assert_eq!(query(&file, "SELECT id, a FROM t"), "3|x\n70|y");
}

#[tokio::test]
async fn new_columns_get_their_values() {
    let file = file(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO t VALUES (1, 'Ada Lovelace'), (2, 'Bob')",
    )
    .await;
    let declared = fills(
        "t",
        &[
            ("first", "substr(name, 1, instr(name || ' ', ' ') - 1) -- up to the blank"),
            ("key", "lower(hex(randomblob(4)))"),
        ],
    );
    let goal = "CREATE TABLE t (id INTEGER PRIMARY KEY, first TEXT NOT NULL, key TEXT NOT NULL UNIQUE)";
    turn(&file, goal, &[], &declared).await;
    assert_eq!(query(&file, "SELECT first, length(key) FROM t"), "Ada|8\nBob|8");
    assert_eq!(query(&file, "SELECT count(DISTINCT key) FROM t"), "2");
}

#[tokio::test]
async fn a_declared_expression_gives_the_values_of_the_new_type() {
    let file =
        file("CREATE TABLE t (id INTEGER PRIMARY KEY, size TEXT); INSERT INTO t VALUES (1, 'small'), (2, NULL)").await;
    let cast = BTreeMap::from([("size".to_owned(), "CASE size WHEN 'small' THEN 1 ELSE 2 END".to_owned())]);
    let declared = Renames { casts: BTreeMap::from([(QName::bare("t"), cast)]), ..Renames::default() };
    let plan = turn(&file, "CREATE TABLE t (id INTEGER PRIMARY KEY, size INTEGER NOT NULL)", &[], &declared).await;
    assert_eq!(query(&file, "SELECT id, size, typeof(size) FROM t"), "1|1|integer\n2|2|integer");
    assert!(plan.steps.iter().flat_map(|step| &step.hazards).any(|note| note.hazard == Hazard::MayLoseData));
}

#[tokio::test]
async fn a_nullable_column_is_added_and_filled_without_a_rebuild() {
    let file = file("CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1), (2)").await;
    let goal = "CREATE TABLE t (id INTEGER PRIMARY KEY, n INT, s TEXT NOT NULL DEFAULT 'a' CHECK (s IN ('a', 'b')), p INT REFERENCES t ON DELETE SET NULL)";
    let plan = turn(&file, goal, &[], &fills("t", &[("n", "id * 10")])).await;
    assert!(plan.steps.iter().all(|step| step.title.starts_with("add column")), "{plan:#?}");
    assert_eq!(query(&file, "SELECT id, n, s, p FROM t"), "1|10|a|\n2|20|a|");
}

#[tokio::test]
async fn a_column_is_dropped_after_its_index() {
    let start = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INT); CREATE INDEX i ON t (a) WHERE a <> ''; INSERT INTO t VALUES (1, 'x', 2)";
    let file = file(start).await;
    let plan = turn(&file, "CREATE TABLE t (id INTEGER PRIMARY KEY, b INT)", &[], &none()).await;
    let titles: Vec<_> = plan.steps.iter().map(|step| step.title.as_str()).collect();
    assert_eq!(titles, ["drop index t.i", "drop column t.a"]);
    assert!(plan.steps[1].hazards.iter().any(|note| note.hazard == Hazard::DeletesData));
    assert_eq!(query(&file, "SELECT * FROM t"), "1|2");
}

#[tokio::test]
async fn renames_are_followed_by_everything() {
    let file = file(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, password TEXT CHECK (password <> ''));
         CREATE TABLE logins (u INT REFERENCES users); CREATE INDEX i ON users (lower(password));
         CREATE VIEW v AS SELECT password FROM users; INSERT INTO users VALUES (1, 'h')",
    )
    .await;
    let people = QName::bare("people");
    let renames = [
        Change::RenameTable { from: QName::bare("users"), to: people.clone() },
        Change::RenameColumn { table: people, from: "password".into(), to: "password_hash".into(), transform: None },
    ];
    let goal = "CREATE TABLE people (id INTEGER PRIMARY KEY, password_hash TEXT CHECK (password_hash <> ''));
         CREATE TABLE logins (u INT REFERENCES people); CREATE INDEX i ON people (lower(password_hash));";
    let plan = turn(&file, goal, &renames, &none()).await;
    assert_eq!(plan.changes.len(), 2);
    assert_eq!(query(&file, "SELECT * FROM v"), "h");
}

#[tokio::test]
async fn an_old_column_is_merged_into_the_new_one() {
    for (start, rebuilt) in [("new TEXT, old TEXT", false), ("new TEXT, old TEXT UNIQUE", true)] {
        let file = file(&format!(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, {start}); INSERT INTO t VALUES (1, 'n', NULL), (2, NULL, 'o'), (3, 'same', 'same')"
        ))
        .await;
        let plan =
            turn(&file, "CREATE TABLE t (id INTEGER PRIMARY KEY, new TEXT)", &[], &old_name("t", "new", "old")).await;
        assert_eq!(plan.steps[0].title.starts_with("rebuild"), rebuilt, "{}", plan.steps[0].title);
        assert_eq!(query(&file, "SELECT new FROM t"), "n\no\nsame");
    }
}

#[tokio::test]
async fn rows_that_disagree_stop_a_merge() {
    let file =
        file("CREATE TABLE t (new TEXT COLLATE NOCASE, old TEXT); INSERT INTO t VALUES ('a', 'A'), ('b', 'b')").await;
    let plan = plan(&file, "CREATE TABLE t (new TEXT COLLATE NOCASE)", &[], &old_name("t", "new", "old")).await;
    let error = run(&file, &plan).await.unwrap_err();
    assert!(error.to_string().contains("1 rows of t have both old and new with different values"), "{error}");
    assert_eq!(query(&file, "SELECT * FROM t"), "a|A\nb|b");
}

#[tokio::test]
async fn rows_that_do_not_fit_stop_a_step_with_a_count() {
    const START: &str = "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE t (a TEXT, b INT);
        INSERT INTO t VALUES ('x', 1), ('x', 1), (NULL, 2)";
    const P: &str = "CREATE TABLE p (id INTEGER PRIMARY KEY); ";
    for (goal, finding) in [
        ("CREATE TABLE t (a TEXT NOT NULL, b INT)", "1 rows of t have no a"),
        ("CREATE TABLE t (a TEXT UNIQUE, b INT)", "1 values of t (a) occur more than once"),
        (
            "CREATE TABLE t (a TEXT, b INT); CREATE UNIQUE INDEX i ON t (a, b)",
            "1 values of t (a, b) occur more than once",
        ),
        ("CREATE TABLE t (a TEXT, b INT CHECK (b < 2))", "1 rows of t violate the check b < 2"),
        ("CREATE TABLE t (a TEXT, b INT REFERENCES p)", "3 rows of t have no counterpart of b in p"),
        (
            "CREATE TABLE t (a TEXT, b INT REFERENCES q); CREATE TABLE q (id INTEGER PRIMARY KEY)",
            "3 rows of t have no counterpart of b in q",
        ),
        ("CREATE TABLE t (a TEXT, b INT, c INT DEFAULT 1, CHECK (rowid + c < 3))", "2 rows of t violate the check"),
        (
            "CREATE TABLE t (a, b INT, c INT, UNIQUE (c)); CREATE UNIQUE INDEX i ON t (b) WHERE rowid < 3 AND c IS NULL",
            "1 values of t (b) occur more than once",
        ),
        ("CREATE TABLE t (a INTEGER PRIMARY KEY, b INT)", "1 rows of t have no a"),
        ("CREATE TABLE t (a INTEGER PRIMARY KEY NOT NULL, b INT)", "1 rows of t have no a"),
        ("CREATE TABLE t (a TEXT, c INT, b AS (c + 1) NOT NULL)", "b is computed to be NULL for 3 rows of t"),
        (
            "CREATE TABLE t (a TEXT, b INT, c INT NOT NULL)",
            "3 rows of t would have no value for c: declare a default or a backfill",
        ),
        (
            "CREATE TABLE t (a TEXT, b INT, c INT NOT NULL UNIQUE)",
            "3 rows of t would have no value for c: declare a default or a backfill",
        ),
    ] {
        let file = file(START).await;
        let plan = plan(&file, &format!("{P}{goal}"), &[], &none()).await;
        let error = run(&file, &plan).await.unwrap_err();
        assert!(matches!(&error, ApplyError::Step(stopped) if stopped.committed.is_empty()), "{error}");
        assert!(error.to_string().contains(finding), "{error}\n{finding}");
        assert_eq!(query(&file, "SELECT count(*) FROM t"), "3");
    }
}

#[tokio::test]
async fn a_strict_table_refuses_what_does_not_fit() {
    let file = file("CREATE TABLE t (a INT); INSERT INTO t VALUES ('12'), ('twelve')").await;
    let goal = "CREATE TABLE t (a INT) STRICT";
    let strict = plan(&file, goal, &[], &none()).await;
    assert!(strict.hazards_of(0).any(|note| note.hazard == Hazard::MayFailOnData));
    let error = run(&file, &strict).await.unwrap_err();
    assert!(error.to_string().contains("1 rows of t hold what is no INT in a"), "{error}");
    assert_eq!(query(&file, "DELETE FROM t WHERE a = 'twelve'; SELECT typeof(a) FROM t"), "integer");
    turn(&file, goal, &[], &none()).await;
}

#[tokio::test]
async fn an_index_changes_its_name_or_its_table() {
    let file = file("CREATE TABLE a (x); CREATE TABLE b (x); CREATE INDEX i ON a (x); CREATE INDEX j ON b (x)").await;
    let goal = "CREATE TABLE a (x); CREATE TABLE b (x); CREATE INDEX i ON b (x DESC); CREATE INDEX k ON b (x)";
    turn(&file, goal, &[], &none()).await;
}

#[tokio::test]
async fn a_journal_mode_stays() {
    let file = file("PRAGMA journal_mode = WAL; CREATE TABLE t (a)").await;
    turn(&file, "CREATE TABLE t (a NOT NULL)", &[], &none()).await;
    assert_eq!(query(&file, "PRAGMA journal_mode"), "wal");
}

#[tokio::test]
async fn what_views_use_is_not_dropped_unseen() {
    let file = file(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE TABLE u (x); CREATE VIEW v AS SELECT a, x FROM t, u",
    )
    .await;
    let seems = |plan: &undrift::model::Plan, why: &str| {
        plan.steps.iter().any(|step| step.hazards.iter().any(|note| note.why == why))
    };
    let column = plan(&file, "CREATE TABLE t (id INTEGER PRIMARY KEY); CREATE TABLE u (x)", &[], &none()).await;
    assert!(seems(&column, "the view v seems to use t.a"));
    assert!(run(&file, &column).await.unwrap_err().to_string().contains("error in view v after drop column"));
    let table = plan(&file, "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)", &[], &none()).await;
    assert!(seems(&table, "the view v seems to use u"));
}

#[tokio::test]
async fn a_foreign_key_to_columns_that_are_not_unique_is_the_schemas_own_affair() {
    let file = file("CREATE TABLE p (a INT); CREATE TABLE t (a INT); INSERT INTO t VALUES (1)").await;
    let error =
        run(&file, &plan(&file, "CREATE TABLE p (a INT); CREATE TABLE t (a INT REFERENCES p (a))", &[], &none()).await)
            .await;
    assert!(error.unwrap_err().to_string().contains("1 rows of t have no counterpart of a in p"));
    query(&file, "INSERT INTO p VALUES (1)");
    turn(&file, "CREATE TABLE p (a INT); CREATE TABLE t (a INT REFERENCES p (a))", &[], &none()).await;
}
