//! SQLite: files that nobody wrote are not even opened.

use std::fs::File;
use std::time::{Duration, SystemTime};

use undrift::db::{Connection, Evidence, Look, Trouble, Visit};

use super::support::{sqlite, sqlite_sql};
use super::{expect_seen, expect_unchanged, meet, notices_each, revisit, target, visitor, what_is_learned_tells};

const TENANT: &str = "CREATE TABLE parent (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
    CREATE TABLE child (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parent (id))";

/// Longer than a file's times stand still.
const SETTLING: Duration = Duration::from_millis(4500);

#[tokio::test]
async fn every_kind_of_ddl_is_noticed() {
    let (_folder, url) = sqlite(TENANT);
    let statements = [
        "ALTER TABLE child ADD COLUMN note TEXT",
        "ALTER TABLE child RENAME COLUMN note TO remark",
        "ALTER TABLE child DROP COLUMN remark",
        "CREATE INDEX by_parent ON child (parent)",
        "DROP INDEX by_parent",
        "CREATE VIEW seen AS SELECT id FROM parent",
        "CREATE TRIGGER t AFTER INSERT ON parent BEGIN SELECT 1; END",
        "CREATE VIRTUAL TABLE words USING fts5(word)",
        "ALTER TABLE child RENAME TO kid",
        "PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = replace(sql, 'NOT NULL', '') WHERE name = 'parent'",
        "DROP TABLE kid",
    ];
    notices_each(&url, &statements, |statement| sqlite_sql(&url, statement)).await;
}

#[tokio::test]
async fn files_that_nobody_wrote_are_not_opened() {
    let (_folder, url) = sqlite(TENANT);
    tokio::time::sleep(SETTLING).await;
    let visitor = visitor();
    let (_, memo) = meet(&visitor, &url).await;
    let memo = expect_unchanged(revisit(&visitor, &url, &memo).await, Evidence::File);
    let full = Look { known: Some(&memo), full: true, ..Look::default() };
    expect_unchanged(visitor.visit(&target(&url), full).await.unwrap(), Evidence::Catalog);
    sqlite_sql(&url, "INSERT INTO parent VALUES (1, 'x')");
    let memo = expect_unchanged(revisit(&visitor, &url, &memo).await, Evidence::Catalog);
    expect_unchanged(revisit(&visitor, &url, &memo).await, Evidence::Catalog);
    tokio::time::sleep(SETTLING).await;
    let memo = expect_unchanged(revisit(&visitor, &url, &memo).await, Evidence::Catalog);
    expect_unchanged(revisit(&visitor, &url, &memo).await, Evidence::File);
}

#[tokio::test]
async fn a_file_is_not_hidden_behind_its_old_times() {
    let (_folder, url) = sqlite(TENANT);
    tokio::time::sleep(SETTLING).await;
    let visitor = visitor();
    let (_, memo) = meet(&visitor, &url).await;
    let path = target(&url).path();
    let before = std::fs::metadata(&path).unwrap();
    // The same length, in the same file, with the same time of writing.
    sqlite_sql(&url, "PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = replace(sql, 'name', 'nick')");
    File::options().write(true).open(&path).unwrap().set_modified(before.modified().unwrap()).unwrap();
    let after = std::fs::metadata(&path).unwrap();
    assert_eq!((before.len(), before.modified().unwrap()), (after.len(), after.modified().unwrap()));
    let (schema, _) = expect_seen(revisit(&visitor, &url, &memo).await);
    assert!(schema.tables.values().any(|table| table.column("nick").is_some()));
}

#[tokio::test]
async fn a_change_that_is_only_in_the_log_is_noticed() {
    let (_folder, url) = sqlite(&format!("PRAGMA journal_mode = WAL; {TENANT}"));
    tokio::time::sleep(SETTLING).await;
    let visitor = visitor();
    let (_, memo) = meet(&visitor, &url).await;
    let mut other = undrift::db::Session::connect(&target(&url), super::PATIENCE).await.unwrap();
    other.execute("CREATE TABLE more (x)").await.unwrap();
    assert!(matches!(revisit(&visitor, &url, &memo).await, Visit::Seen(_)), "it is in the log alone");
    other.close().await;
}

#[tokio::test]
async fn another_file_in_its_place_is_noticed() {
    let (_folder, url) = sqlite(TENANT);
    let (_other_folder, other) = sqlite(&TENANT.replace("name", "nick"));
    tokio::time::sleep(SETTLING).await;
    let visitor = visitor();
    let (_, memo) = meet(&visitor, &url).await;
    // Both have seen as many changes of their schema.
    std::fs::rename(target(&other).path(), target(&url).path()).unwrap();
    assert!(matches!(revisit(&visitor, &url, &memo).await, Visit::Seen(_)));
}

#[tokio::test]
async fn a_file_that_is_gone_is_missed() {
    let (folder, url) = sqlite(TENANT);
    tokio::time::sleep(SETTLING).await;
    let visitor = visitor();
    let (_, memo) = meet(&visitor, &url).await;
    drop(folder);
    let look = Look { known: Some(&memo), ..Look::default() };
    let Err(error) = visitor.visit(&target(&url), look).await else { panic!("it is gone") };
    assert_eq!(error.trouble, Trouble::NoDatabase);
}

#[tokio::test]
async fn a_file_from_the_future_is_read() {
    let (_folder, url) = sqlite(TENANT);
    let later = SystemTime::now() + Duration::from_secs(3600);
    File::options().write(true).open(target(&url).path()).unwrap().set_modified(later).unwrap();
    let visitor = visitor();
    let (_, memo) = meet(&visitor, &url).await;
    expect_unchanged(revisit(&visitor, &url, &memo).await, Evidence::Catalog);
}

#[tokio::test]
async fn what_a_file_keeps_in_utf_16_is_read() {
    let tenant = "CREATE TABLE \"ü → 漢😀\" (id INTEGER PRIMARY KEY, ä TEXT DEFAULT '😀');
        CREATE VIEW \"a😀b\" AS SELECT 'ß'; CREATE TABLE keyed (name TEXT PRIMARY KEY)";
    let (_folder, narrow) = sqlite(tenant);
    let visitor = visitor();
    let (schema, _) = meet(&visitor, &narrow).await;
    assert_eq!((schema.tables.len(), schema.opaque.len()), (2, 1));
    for encoding in ["UTF-16le", "UTF-16be"] {
        let (_folder, wide) = sqlite(&format!("PRAGMA encoding = '{encoding}'; {tenant}"));
        assert_eq!(meet(&visitor, &wide).await.0, schema, "{encoding}");
        notices_each(&wide, &["ALTER TABLE keyed ADD COLUMN more TEXT DEFAULT 'ö'"], |sql| sqlite_sql(&wide, sql))
            .await;
    }
}

#[tokio::test]
async fn what_is_learned_of_one_file_tells_of_another() {
    let change = "ALTER TABLE child ADD COLUMN note TEXT";
    let [(_first, first), (_same, same), (_different, different)] =
        [change, change, "ALTER TABLE child ADD COLUMN note"].map(|change| sqlite(&format!("{TENANT}; {change}")));
    what_is_learned_tells(&[(&first, true), (&same, true), (&different, false)]).await;
}
