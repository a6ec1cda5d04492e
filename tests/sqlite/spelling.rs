//! Which spellings are one structure, and which are not.

use undrift::model::Renames;

use crate::bench::{file, fingerprint, turn};

#[tokio::test]
async fn spellings_of_one_structure() {
    let pairs = [
        (
            "CREATE TABLE t (a INTEGER PRIMARY KEY, b text)",
            "create table [t] ( `a` integer null primary key,\n b TEXT -- b\n)",
        ),
        ("CREATE TABLE t (id INTEGER PRIMARY KEY)", "CREATE TABLE t (id INTEGER, CONSTRAINT pk PRIMARY KEY (ID DESC))"),
        ("CREATE TABLE t (a INT DEFAULT 1)", "CREATE TABLE t (a INT DEFAULT (1))"),
        ("CREATE TABLE t (a TEXT DEFAULT NULL)", "CREATE TABLE t (a TEXT NULL DEFAULT (null))"),
        ("CREATE TABLE t (a TEXT DEFAULT 'x')", "CREATE TABLE t (a TEXT DEFAULT x)"),
        ("CREATE TABLE t (a VARCHAR(10) COLLATE NOCASE)", "CREATE TABLE t (a varchar ( 10 ) COLLATE \"nocase\")"),
        ("CREATE TABLE t (a INT CHECK (a != 1))", "CREATE TABLE t (a INT, CONSTRAINT c CHECK ((\"A\"  <>/**/1)))"),
        ("CREATE TABLE t (a INT CHECK (a == 1))", "CREATE TABLE t (a INT CHECK (t.a = 1))"),
        (
            "CREATE TABLE t (a INT, b INT, UNIQUE (a, b))",
            "CREATE TABLE t (a INT, b INT, CONSTRAINT u UNIQUE (\"a\", B ASC))",
        ),
        ("CREATE TABLE t (a TEXT PRIMARY KEY)", "CREATE TABLE t (a TEXT PRIMARY KEY UNIQUE)"),
        (
            "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p INT REFERENCES p)",
            "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p INT, FOREIGN KEY (P) REFERENCES \"P\"(ID) MATCH SIMPLE ON DELETE no action NOT DEFERRABLE INITIALLY DEFERRED)",
        ),
        (
            "CREATE TABLE t (a); CREATE INDEX i ON t (a)",
            "CREATE TABLE t (a); CREATE INDEX i ON T ((\"a\") COLLATE BINARY ASC)",
        ),
        (
            "CREATE TABLE t (a, b); CREATE INDEX i ON t (lower(a)) WHERE b IS NOT NULL",
            "CREATE TABLE t (b, a); CREATE INDEX i ON t ( LOWER( [A] ) ) WHERE (B NOTNULL)",
        ),
        ("CREATE TABLE t (a INT, b AS (a+1))", "CREATE TABLE t (a INT, b GENERATED ALWAYS AS (A + 1) VIRTUAL)"),
        (
            "CREATE TABLE t (a INT PRIMARY KEY) WITHOUT ROWID",
            "CREATE TABLE t (a INT NOT NULL, PRIMARY KEY (a)) WITHOUT ROWID",
        ),
    ];
    for (one, other) in pairs {
        assert_eq!(fingerprint(one).await, fingerprint(other).await, "{one}\n{other}");
    }
}

#[tokio::test]
async fn what_a_dump_shows_is_not_passed_over() {
    let pairs = [
        ("a INTEGER PRIMARY KEY", "a INTEGER PRIMARY KEY NOT NULL"),
        ("a INTEGER PRIMARY KEY AUTOINCREMENT", "a INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT"),
        ("a TEXT", "a TEXT DEFAULT NULL"),
        ("a BOOLEAN DEFAULT 1", "a BOOLEAN DEFAULT true"),
        ("a TEXT DEFAULT 'true'", "a TEXT DEFAULT (TRUE)"),
    ];
    for (one, other) in
        pairs.map(|(one, other)| (format!("CREATE TABLE t ({one})"), format!("CREATE TABLE t ({other})")))
    {
        assert_ne!(fingerprint(&one).await, fingerprint(&other).await, "{one}\n{other}");
        for (from, to) in [(&one, &other), (&other, &one)] {
            turn(&file(from).await, to, &[], &Renames::default()).await;
        }
    }
}

#[tokio::test]
async fn structures_that_differ() {
    const BASE: &str = "CREATE TABLE p (id INTEGER PRIMARY KEY, x INT UNIQUE);
        CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL DEFAULT 'x' COLLATE NOCASE, b INT REFERENCES p ON DELETE CASCADE,
          c TEXT CHECK (c <> 'x'), d INT AS (b + 1) VIRTUAL, e INT UNIQUE);
        CREATE INDEX i ON t (a, b DESC) WHERE c > 'a';";
    let changes = [
        ("id INTEGER PRIMARY KEY, a", "id INTEGER PRIMARY KEY AUTOINCREMENT, a"),
        ("id INTEGER PRIMARY KEY, a", "id INT PRIMARY KEY, a"),
        ("id INTEGER PRIMARY KEY, a", "id INTEGER, a"),
        ("id INTEGER PRIMARY KEY, a", "id INTEGER PRIMARY KEY DESC, a"),
        ("id INTEGER PRIMARY KEY, a", "id INTEGER PRIMARY KEY ON CONFLICT REPLACE, a"),
        ("a TEXT", "A TEXT"),
        ("a TEXT", "a VARCHAR(9)"),
        ("NOT NULL DEFAULT 'x'", "DEFAULT 'x'"),
        ("NOT NULL DEFAULT 'x'", "NOT NULL ON CONFLICT IGNORE DEFAULT 'x'"),
        ("DEFAULT 'x'", ""),
        ("DEFAULT 'x'", "DEFAULT 'X'"),
        ("DEFAULT 'x'", "DEFAULT CURRENT_TIMESTAMP"),
        ("DEFAULT 'x'", "DEFAULT 'current_timestamp'"),
        ("COLLATE NOCASE", ""),
        ("COLLATE NOCASE", "COLLATE RTRIM"),
        ("REFERENCES p ON DELETE CASCADE", ""),
        ("REFERENCES p", "REFERENCES p(x)"),
        ("ON DELETE CASCADE", "ON DELETE SET NULL"),
        ("ON DELETE CASCADE", "ON UPDATE CASCADE"),
        ("ON DELETE CASCADE", "ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED"),
        ("CHECK (c <> 'x')", ""),
        ("CHECK (c <> 'x')", "CHECK (c <> 'X')"),
        ("CHECK (c <> 'x')", "CHECK (c <> 'x ')"),
        ("CHECK (c <> 'x')", "CHECK (a <> 'x')"),
        ("AS (b + 1) VIRTUAL", ""),
        ("AS (b + 1) VIRTUAL", "AS (b + 2) VIRTUAL"),
        ("AS (b + 1) VIRTUAL", "AS (b + 1) STORED"),
        ("e INT UNIQUE", "e INT"),
        ("e INT UNIQUE", "e INT UNIQUE ON CONFLICT IGNORE"),
        ("e INT UNIQUE", "e INT, UNIQUE (e, b)"),
        ("INDEX i", "INDEX j"),
        ("INDEX i", "UNIQUE INDEX i"),
        ("(a, b DESC)", "(a, b)"),
        ("(a, b DESC)", "(b DESC, a)"),
        ("(a, b DESC)", "(a COLLATE BINARY, b DESC)"),
        ("(a, b DESC)", "(a || '', b DESC)"),
        ("WHERE c > 'a'", ""),
        ("WHERE c > 'a'", "WHERE c >= 'a'"),
        ("UNIQUE);\n        CREATE INDEX", "UNIQUE) STRICT;\n        CREATE INDEX"),
        ("UNIQUE);\n        CREATE INDEX", "UNIQUE) WITHOUT ROWID;\n        CREATE INDEX"),
        ("TABLE p (", "TABLE q (y); CREATE TABLE p ("),
        ("x INT UNIQUE", "x INT UNIQUE, y"),
    ];
    let base = fingerprint(BASE).await;
    for (from, to) in changes {
        assert!(BASE.contains(from), "{from}");
        assert_ne!(fingerprint(&BASE.replacen(from, to, 1)).await, base, "{from} -> {to}");
    }
}
