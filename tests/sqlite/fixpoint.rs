//! What is read builds what is read: the most important property.

use undrift::db::Connection;

use crate::bench::{connect, file, reading, schema, statements};

/// Every feature that the model covers, as different authors write it.
const RICH: &str = r#"
CREATE TABLE organisations (
  id INTEGER PRIMARY KEY AUTOINCREMENT, -- numbers are never given again
  slug varchar(63) NOT NULL UNIQUE COLLATE nocase,
  "weird ""name""" text default 'it''s; DROP TABLE x; --',
  kind text not null default 'party' check (kind in ('party', 'union')),
  founded DATE DEFAULT current_date, created timestamp DEFAULT CURRENT_TIMESTAMP NOT NULL,
  score numeric(10, 2) DEFAULT -1.50, flag boolean default true, raw blob default x'ab01',
  computed text GENERATED ALWAYS AS (lower(slug) || '-' || kind) STORED,
  short AS (substr(slug, 1, 3)),
  token text DEFAULT (lower(hex(randomblob(16)))),
  untyped
);
CREATE TABLE [members] (
  organisation_id int not null references organisations on delete cascade,
  number INT NOT NULL ON CONFLICT REPLACE DEFAULT 1,
  email TEXT, manager INT,
  PRIMARY KEY (organisation_id, number),
  CONSTRAINT members_email UNIQUE (email COLLATE rtrim, organisation_id) ON CONFLICT IGNORE,
  FOREIGN KEY (organisation_id, manager) REFERENCES members (organisation_id, number)
    ON UPDATE SET DEFAULT ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED,
  CHECK (number > 0 AND (email IS NULL OR email LIKE '%@%'))
) WITHOUT ROWID;
CREATE TABLE pairs (a ANY, b INTEGER, c REAL NOT NULL, PRIMARY KEY (b DESC, a)) STRICT;
CREATE TABLE not_an_alias (id INTEGER PRIMARY KEY DESC);
CREATE TABLE an_alias (x, id INTEGER, PRIMARY KEY (id DESC));
CREATE TABLE downwards (id INTEGER PRIMARY KEY DESC, other UNIQUE) WITHOUT ROWID;
CREATE TABLE downwards_too (id INTEGER, PRIMARY KEY (id DESC)) WITHOUT ROWID;
CREATE TABLE indexed_nothing (a); CREATE INDEX on_nothing ON indexed_nothing ((NULL), a);
CREATE TABLE odd_types (a INT GENERATED ALWAYS, b LONGERTYPENAME ALWAYS, c INT ALWAYS, d GENERATED ALWAYS AS (a));
CREATE TABLE twice (a UNIQUE, b, PRIMARY KEY (a, a)) WITHOUT ROWID;
CREATE TABLE no_comma (a REFERENCES odd_types, b INT CONSTRAINT loose, CHECK (b > 0) CONSTRAINT b_key FOREIGN KEY (b) REFERENCES odd_types (a) CONSTRAINT loose);
CREATE INDEX on_a_text ON odd_types ("no column", a, "it's" COLLATE nocase DESC);
CREATE INDEX on_some ON odd_types (a) WHERE length(main.odd_types.b) > 3 AND rowid > 1;
CREATE TABLE code_keys (code TEXT PRIMARY KEY, other UNIQUE ON CONFLICT REPLACE);
CREATE TABLE orphan (id INTEGER PRIMARY KEY, gone REFERENCES nowhere, gone2 REFERENCES nowhere (x));
CREATE TABLE made AS SELECT 1 AS a, 'x' AS b;
CREATE TABLE "order" ("group" INT, "select" TEXT CHECK ("select" <> "group"), [key] INT, CHECK (key > 0));
CREATE UNIQUE INDEX idx_lower ON organisations (lower(slug) COLLATE binary, kind DESC) WHERE kind = 'party';
CREATE INDEX idx_case ON organisations ("slug" COLLATE BINARY, founded ASC);
CREATE INDEX idx_json ON "order" (("group" + 1), json_extract("select", '$.a'));
CREATE VIEW people AS SELECT email FROM members;
CREATE TRIGGER touched AFTER UPDATE ON organisations BEGIN UPDATE organisations SET flag = 0 WHERE id = new.id; END;
CREATE VIRTUAL TABLE search USING fts5(body);
"#;

#[tokio::test]
async fn what_is_read_builds_what_is_read() {
    let read = schema(RICH).await;
    let mut rebuilt = schema(&statements(&read).join(";\n")).await;
    rebuilt.opaque.clone_from(&read.opaque);
    for (name, table) in &read.tables {
        assert_eq!(rebuilt.tables.get(name), Some(table), "{name}");
    }
    assert_eq!(rebuilt, read);
}

#[tokio::test]
async fn the_texts_build_a_copy() {
    let original = file(RICH).await;
    let reading = reading(&original.url).await;
    let copy = file(&reading.copy.clone().unwrap().join(";\n")).await;
    assert_eq!(crate::bench::reading(&copy.url).await.schema, reading.schema);
}

#[tokio::test]
async fn what_is_not_modelled_is_named() {
    let read = schema(RICH).await;
    let opaque: Vec<_> = read.opaque.iter().map(|opaque| format!("{} {}", opaque.kind, opaque.name)).collect();
    assert_eq!(opaque, ["trigger touched", "view people", "virtual table search"]);
    assert!(!read.tables.keys().any(|name| name.name.starts_with("search_") || name.name.starts_with("sqlite_")));
}

#[tokio::test]
async fn a_settled_schema_is_what_is_read_from_it() {
    let mut declared = schema(RICH).await;
    crate::bench::sqlite().settle(&mut declared);
    assert_eq!(declared, schema(RICH).await, "settling what was read changes nothing");
    assert_eq!(crate::bench::sqlite().unsupported(&declared), []);
}

#[tokio::test]
async fn reading_works_within_a_transaction_too() {
    let file = file("CREATE TABLE t (a)").await;
    let mut session = connect(&file.url).await;
    session.begin().await.unwrap();
    session.execute("ALTER TABLE t ADD COLUMN b").await.unwrap();
    let within = session.read().await.unwrap().schema;
    assert_eq!(within.tables.values().next().unwrap().columns.len(), 2);
    session.rollback().await.unwrap();
    let after = session.read().await.unwrap().schema;
    assert_eq!(after.tables.values().next().unwrap().columns.len(), 1);
}
