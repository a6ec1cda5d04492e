//! SQL from outside works in its own database alone, one statement at a time, and for a while.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use undrift::db::{Connection, DbError, Patience, Session, Target};
use undrift::model::Schema;

use crate::bench::{File, connect, file, query};
use crate::support::folder;

/// What a database beside another was before somebody tried to change it.
struct Canary {
    file: File,
    bytes: Vec<u8>,
    written: SystemTime,
}

impl Canary {
    async fn new() -> Self {
        let file = file("CREATE TABLE users (a); INSERT INTO users VALUES (1), (2)").await;
        let (bytes, written) = state(&file);
        Self { file, bytes, written }
    }

    fn path(&self) -> String {
        path(&self.file).display().to_string()
    }

    fn is_unharmed(&self) {
        assert_eq!(state(&self.file), (self.bytes.clone(), self.written));
    }
}

fn path(file: &File) -> std::path::PathBuf {
    file.folder.path().join("tenant.db")
}

fn state(file: &File) -> (Vec<u8>, SystemTime) {
    let path = path(file);
    (std::fs::read(&path).unwrap(), std::fs::metadata(&path).unwrap().modified().unwrap())
}

/// Statements that reach outside of the database that they run in, or stay behind in it.
fn harms(canary: &Canary, folder: &Path) -> Vec<String> {
    let (other, new) = (canary.path(), folder.join("new.db").display().to_string());
    vec![
        format!("ATTACH '{other}' AS v"),
        format!("ATTACH DATABASE 'file:{other}?mode=rw' AS v"),
        format!("ATTACH '{new}' AS v"),
        "ATTACH ':memory:' AS v".to_owned(),
        "ATTACH '' AS v".to_owned(),
        "DETACH main".to_owned(),
        format!("VACUUM INTO '{new}'"),
        "VACUUM".to_owned(),
        format!("SELECT load_extension('{other}')"),
        format!("SELECT writefile('{new}', 'x')"),
        format!("SELECT readfile('{other}')"),
        "SELECT edit('x', 'sh')".to_owned(),
        "SELECT fts3_tokenizer('simple', x'0000000000000000')".to_owned(),
        "PRAGMA writable_schema = ON".to_owned(),
        "PRAGMA journal_mode = OFF".to_owned(),
        "PRAGMA journal_mode = WAL".to_owned(),
        "PRAGMA user_version = 7".to_owned(),
        "PRAGMA trusted_schema = ON".to_owned(),
        "PRAGMA ignore_check_constraints = ON".to_owned(),
        format!("PRAGMA temp_store_directory = '{}'", folder.display()),
        "PRAGMA incremental_vacuum".to_owned(),
        "PRAGMA wal_checkpoint(TRUNCATE)".to_owned(),
        "UPDATE sqlite_schema SET sql = 'x'".to_owned(),
        format!("CREATE VIRTUAL TABLE z USING zipfile('{other}')"),
        format!("CREATE VIRTUAL TABLE z USING csv(filename = '{other}')"),
    ]
}

#[tokio::test]
async fn nothing_reaches_out_of_its_database() {
    let (canary, beside) = (Canary::new().await, folder());
    let tenant = file("CREATE TABLE t (a); INSERT INTO t VALUES (1)").await;
    for harm in harms(&canary, beside.path()) {
        let mut session = connect(&tenant.url).await;
        let mut scratch = session.scratch(None, &Schema::default()).await.unwrap();
        for session in [&mut session, &mut scratch.session] {
            assert!(session.execute(&harm).await.is_err(), "{harm}");
            assert!(session.script(&harm).await.is_err(), "{harm}");
            assert!(session.count(&harm).await.is_err(), "{harm}");
            assert!(session.texts(&harm).await.is_err(), "{harm}");
            assert!(session.together(std::slice::from_ref(&harm)).await.is_err(), "{harm}");
        }
        scratch.discard().await.unwrap();
        session.close().await;
        assert_eq!(std::fs::read_dir(beside.path()).unwrap().count(), 0, "{harm}");
    }
    canary.is_unharmed();
    assert_eq!(query(&tenant, "SELECT count(*) FROM t"), "1");
}

/// Where an expression stands in what undrift makes or reads, `{}` being its place.
const PLACES: [&str; 9] = [
    "CREATE INDEX i ON t (a) WHERE {}",
    "CREATE INDEX i ON t (({}))",
    "CREATE TABLE n (a DEFAULT ({}))",
    "CREATE TABLE n (a CHECK ({}))",
    "CREATE TABLE n (a, b AS ({}))",
    "CREATE VIEW v AS SELECT {} FROM t",
    "CREATE TRIGGER g AFTER INSERT ON t WHEN {} BEGIN SELECT 1; END",
    "UPDATE t SET a = ({})",
    "SELECT count(*) FROM t WHERE {}",
];

#[tokio::test]
async fn a_statement_behind_another_never_runs() {
    let canary = Canary::new().await;
    let attach = format!("ATTACH '{}' AS v", canary.path());
    for place in PLACES {
        for tail in [attach.as_str(), "DELETE FROM t", "DROP TABLE t", "/* ; */ DELETE FROM t -- ;"] {
            let tenant = file("CREATE TABLE t (a); INSERT INTO t VALUES (1)").await;
            let mut session = connect(&tenant.url).await;
            for text in [
                format!("{}; {tail}", place.replace("{}", "a IS NOT NULL")),
                place.replace("{}", &format!("a IS NOT NULL)); {tail}; SELECT ((1")),
                place.replace("{}", &format!("a IS NOT NULL; {tail}; SELECT 1")),
                format!("{} -- \n; {tail};", place.replace("{}", "a <> ';'")),
            ] {
                let error = session.execute(&text).await.unwrap_err();
                assert!(error.to_string().contains("none of them ran") || error.code.is_some(), "{text}: {error}");
                assert!(session.count(&text).await.is_err() && session.texts(&text).await.is_err(), "{text}");
                assert!(session.together(std::slice::from_ref(&text)).await.is_err(), "{text}");
            }
            session.close().await;
            assert_eq!(query(&tenant, "SELECT count(*) FROM t"), "1", "{place} {tail}");
            assert_eq!(query(&tenant, "SELECT count(*) FROM sqlite_master"), "1", "{place} {tail}");
        }
    }
    canary.is_unharmed();
}

/// Everything that does not end by itself, as a statement of a script.
const ENDLESS: [&str; 4] = [
    "CREATE TABLE t AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n",
    "CREATE TABLE t (a); INSERT INTO t WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n",
    "CREATE VIEW v AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n; SELECT * FROM v",
    "CREATE TABLE t (a); CREATE VIEW v AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) AS i FROM n;
     CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT i FROM v; END; INSERT INTO t VALUES (1)",
];

#[tokio::test]
async fn what_never_ends_is_stopped_in_scratch_too() {
    for script in ENDLESS {
        let tenant = file("CREATE TABLE u (a)").await;
        let patience = Patience { connect: Duration::from_secs(2), read: Duration::from_millis(300) };
        let mut session = Session::connect(&Target::parse(&tenant.url).unwrap(), patience).await.unwrap();
        let mut scratch = session.scratch(None, &Schema::default()).await.unwrap();
        let begun = Instant::now();
        let error: DbError = scratch.session.script(script).await.unwrap_err();
        assert_eq!(error.trouble, undrift::db::Trouble::TimedOut, "{error}");
        assert!(
            error.message.contains("time-out")
                && error.statement.is_some()
                && begun.elapsed() < Duration::from_secs(10),
            "{error}"
        );
        scratch.discard().await.unwrap();
    }
}
