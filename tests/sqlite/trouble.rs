//! What goes wrong, and how it is told.

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use undrift::db::{Connection, DbError, Session, Target, Trouble};
use undrift::model::Schema;

use crate::bench::{PATIENCE, connect, file};
use crate::support::folder;

async fn refusal(url: &str) -> DbError {
    match Session::connect(&Target::parse(url).unwrap(), PATIENCE).await {
        Ok(_) => panic!("{url} was opened"),
        Err(error) => error,
    }
}

#[tokio::test]
async fn a_missing_file_is_never_made() {
    let folder = folder();
    let path = folder.path().join("missing.db");
    let error = refusal(&format!("sqlite:{}", path.display())).await;
    assert_eq!(error.trouble, Trouble::NoDatabase);
    assert!(error.advice().contains("mode=rwc") && !path.exists());
}

#[tokio::test]
async fn what_is_no_database_says_so() {
    let folder = folder();
    let path = folder.path().join("notes.txt");
    std::fs::write(&path, "These are notes and not a database. ".repeat(50)).unwrap();
    let error = refusal(&format!("sqlite:{}", path.display())).await;
    assert_eq!(error.trouble, Trouble::Unreadable);
    assert_eq!(refusal(&format!("sqlite:{}", folder.path().display())).await.trouble, Trouble::Usage);
    assert_eq!(refusal("sqlite::memory:").await.trouble, Trouble::Usage);
    assert_eq!(refusal("sqlite:x.db?mode=rx").await.trouble, Trouble::Usage);
}

#[tokio::test]
async fn an_empty_file_is_an_empty_database() {
    let folder = folder();
    let path = folder.path().join("empty.db");
    std::fs::write(&path, "").unwrap();
    let mut session = connect(&format!("sqlite:{}", path.display())).await;
    assert_eq!(session.read().await.unwrap().schema, Schema::default());
}

#[tokio::test]
async fn a_read_only_file_is_read_and_not_written() {
    let file = file("CREATE TABLE t (a)").await;
    let mut session = connect(&format!("{}?mode=ro", file.url)).await;
    assert_eq!(session.read().await.unwrap().schema.tables.len(), 1);
    let error = session.execute("ALTER TABLE t ADD COLUMN b").await.unwrap_err();
    assert_eq!(error.trouble, Trouble::ReadOnly);
    assert_eq!(error.statement.as_deref(), Some("ALTER TABLE t ADD COLUMN b"));
}

#[tokio::test]
async fn a_locked_file_is_waited_for_a_while() {
    let file = file("CREATE TABLE t (a)").await;
    let mut other = connect(&file.url).await;
    other.execute("BEGIN EXCLUSIVE").await.unwrap();
    let started = Instant::now();
    let error = refusal(&file.url).await;
    assert_eq!(error.trouble, Trouble::LockTimeout);
    assert!(started.elapsed() < Duration::from_secs(10));
    other.execute("COMMIT").await.unwrap();
    let mut session = connect(&file.url).await;
    session.limit(Duration::from_millis(100), Duration::from_secs(5)).await.unwrap();
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    assert_eq!(session.begin().await.unwrap_err().trouble, Trouble::LockTimeout);
    other.execute("ROLLBACK").await.unwrap();
    session.begin().await.unwrap();
    session.commit().await.unwrap();
}

#[tokio::test]
async fn a_statement_that_takes_too_long_is_stopped() {
    let file = file("CREATE TABLE t (a)").await;
    let mut session = connect(&file.url).await;
    session.limit(Duration::from_secs(1), Duration::from_millis(200)).await.unwrap();
    let endless = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) INSERT INTO t SELECT max(i) FROM n";
    let started = Instant::now();
    assert_eq!(session.execute(endless).await.unwrap_err().trouble, Trouble::TimedOut);
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!(session.count("SELECT count(*) FROM t").await.unwrap(), 0);
}

#[tokio::test]
async fn two_undrifts_do_not_work_on_one_file() {
    let file = file("CREATE TABLE t (a)").await;
    let link = file.folder.path().join("link.db");
    std::os::unix::fs::symlink(file.folder.path().join("tenant.db"), &link).unwrap();
    let (mut first, mut second) = (connect(&file.url).await, connect(&format!("sqlite:{}", link.display())).await);
    assert!(first.lock().await.unwrap());
    assert!(first.lock().await.unwrap(), "once more is no harm");
    assert!(!second.lock().await.unwrap());
    first.unlock().await.unwrap();
    assert!(second.lock().await.unwrap());
    second.close().await;
    assert!(first.lock().await.unwrap());
    first.close().await;
    let left: Vec<_> = std::fs::read_dir(file.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().ends_with(".undrift-lock")), "{left:?}");
}

#[tokio::test]
async fn a_new_orphan_takes_everything_back_and_an_old_one_does_not() {
    let file = file(
        "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p INT REFERENCES p); INSERT INTO p VALUES (1);
         INSERT INTO c VALUES (1), (99)",
    )
    .await;
    let mut session = connect(&file.url).await;
    session.begin().await.unwrap();
    session.execute("ALTER TABLE c ADD COLUMN note").await.unwrap();
    session.commit().await.unwrap();
    session.begin().await.unwrap();
    session.execute("DELETE FROM p").await.unwrap();
    let error = session.commit().await.unwrap_err();
    assert_eq!(error.trouble, Trouble::Data);
    assert!(error.message.contains("2 rows of c refer to nothing in p"), "{error}");
    assert_eq!(session.count("SELECT count(*) FROM p").await.unwrap(), 1);
}

#[tokio::test]
async fn a_scratch_database_is_gone_afterwards() {
    let file = file("CREATE TABLE t (a)").await;
    let mut session = connect(&file.url).await;
    let mut scratch = session.scratch(None, &Schema::default()).await.unwrap();
    assert!(scratch.session.lock().await.unwrap());
    scratch.session.execute("CREATE TABLE x (a)").await.unwrap();
    let place = std::path::PathBuf::from(&scratch.session.place().database);
    let rights = std::fs::metadata(place.parent().unwrap()).unwrap().permissions();
    assert_eq!(rights.mode() & 0o777, 0o700);
    scratch.discard().await.unwrap();
    assert!(!place.parent().unwrap().exists());
}

#[tokio::test]
async fn a_corrupt_catalog_is_not_half_read() {
    let file = file(
        "CREATE TABLE t (a); PRAGMA writable_schema = ON;
         UPDATE sqlite_master SET sql = 'CREATE TABLE t (a INT, b INT)' WHERE name = 't'; PRAGMA writable_schema = OFF;
         CREATE TABLE u (a)",
    )
    .await;
    // The text is what SQLite itself goes by, so this is simply another table.
    assert_eq!(crate::bench::reading(&file.url).await.schema.tables.len(), 2);
    let broken = crate::bench::file(
        "CREATE TABLE t (a); PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = 'CREATE TABLE t (((' WHERE name = 't'",
    )
    .await;
    let error = refusal(&broken.url).await;
    assert_eq!(error.trouble, Trouble::Unreadable, "{error}");
}

#[tokio::test]
async fn a_virtual_table_of_a_module_that_is_not_there() {
    let file = file(
        "CREATE TABLE ghost_data (a); CREATE TABLE ghosts (a); PRAGMA writable_schema = ON;
         INSERT INTO sqlite_master VALUES ('table', 'ghost', 'ghost', 0, 'CREATE VIRTUAL TABLE ghost USING nowhere(x)')",
    )
    .await;
    let reading = crate::bench::reading(&file.url).await;
    let tables: Vec<_> = reading.schema.tables.keys().map(ToString::to_string).collect();
    assert_eq!(tables, ["ghosts"]);
    assert_eq!(reading.schema.opaque[0].name.to_string(), "ghost");
    assert_eq!(reading.copy.unwrap(), ["CREATE TABLE ghosts (a)"]);
    let mut session = connect(&file.url).await;
    session.begin().await.unwrap();
    session.commit().await.unwrap();
}

#[tokio::test]
async fn a_definition_that_is_not_understood_is_shown() {
    // What SQLite lets pass and nobody writes: a table whose text says more than SQLite reads of it.
    let file = file(
        "CREATE TABLE t (a INT); PRAGMA writable_schema = ON;
         UPDATE sqlite_master SET sql = 'CREATE INDEX i ON t (a) WHERE a COLLATE' WHERE name = 't'",
    )
    .await;
    assert_eq!(refusal(&file.url).await.trouble, Trouble::Unreadable);
}

#[tokio::test]
async fn scratch_databases_of_killed_runs_are_swept() {
    let file = file("CREATE TABLE t (a)").await;
    let mut session = connect(&file.url).await;
    let scratch = session.scratch(None, &Schema::default()).await.unwrap();
    let alive = std::path::PathBuf::from(&scratch.session.place().database).parent().unwrap().to_owned();
    let dead = std::env::temp_dir().join(format!("undrift_scratch_1_{}", std::process::id()));
    std::fs::create_dir(&dead).unwrap();
    std::fs::write(dead.join("scratch.db"), "").unwrap();
    for folder in [&alive, &dead] {
        let hour_ago = std::time::SystemTime::now() - Duration::from_secs(3600);
        std::fs::File::open(folder).unwrap().set_modified(hour_ago).unwrap();
    }
    let swept = session.sweep().await.unwrap();
    assert!(swept.iter().any(|name| dead.ends_with(name)), "{swept:?}");
    assert!(!dead.exists() && alive.exists());
    scratch.discard().await.unwrap();
}
