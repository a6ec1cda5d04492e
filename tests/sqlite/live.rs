//! Rebuilds of files that others are reading and writing.

use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use undrift::apply::{self, ApplyError, Cause, Limits, Silence};
use undrift::db::{Connection, DbError, Trouble};
use undrift::model::{Plan, Renames};

use crate::bench::{File, LIMITS, connect, file, plan, query, run};

const FROM: &str = "CREATE TABLE p (id INTEGER PRIMARY KEY);
    CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, p INT REFERENCES p ON DELETE CASCADE); CREATE INDEX k ON t (a)";
const TO: &str = "CREATE TABLE p (id INTEGER PRIMARY KEY);
    CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL, p INT REFERENCES p ON DELETE CASCADE); CREATE INDEX k ON t (a)";

/// A file with rows, and the plan that builds its table anew.
async fn prepared(rows: u32, before: &str) -> (File, Plan) {
    let fill = format!(
        "INSERT INTO p VALUES (1); WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
         INSERT INTO t SELECT i, 'name ' || i, 1 FROM n"
    );
    let file = file(&format!("{before}; {FROM}; {fill}")).await;
    let plan = plan(&file, TO, &[], &Renames::default()).await;
    assert!(plan.steps.iter().any(|step| step.title.starts_with("rebuild table t")));
    (file, plan)
}

fn failure(outcome: Result<(), ApplyError>) -> DbError {
    match outcome {
        Err(ApplyError::Step(stopped)) => match stopped.cause {
            Cause::Db(error) => error,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

/// A `sqlite3` process that has run a script and stays.
struct Other(Child);

impl Other {
    fn on(file: &File, script: &str) -> Self {
        let ready = file.folder.path().join("ready");
        let mut client = Command::new("sqlite3");
        client.args(["-bail", "-init", "/dev/null"]).arg(file.folder.path().join("tenant.db"));
        let mut child = client.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        writeln!(child.stdin.as_mut().unwrap(), "{script};\n.system touch {}", ready.display()).unwrap();
        let started = Instant::now();
        while !ready.exists() {
            assert!(started.elapsed() < Duration::from_secs(20) && child.try_wait().unwrap().is_none());
            std::thread::sleep(Duration::from_millis(10));
        }
        std::fs::remove_file(ready).unwrap();
        Self(child)
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn in_wal_mode_a_reader_sees_the_old_table_until_it_looks_again() {
    let (file, plan) = prepared(1_000, "PRAGMA journal_mode = WAL").await;
    let mut reader = connect(&file.url).await;
    reader.execute("BEGIN").await.unwrap();
    assert_eq!(reader.count("SELECT count(*) FROM t").await.unwrap(), 1_000);
    let mut writer = connect(&file.url).await;
    writer.execute("INSERT INTO t VALUES (1001, 'late', 1)").await.unwrap();
    let log = file.folder.path().join("tenant.db-wal");
    assert!(std::fs::metadata(&log).unwrap().len() > 0, "what was just written is in the log only");
    run(&file, &plan).await.unwrap();
    assert_eq!(reader.count("SELECT count(*) FROM t").await.unwrap(), 1_000, "as it was when it began");
    reader.execute("COMMIT").await.unwrap();
    assert_eq!(reader.count("SELECT count(*) FROM t").await.unwrap(), 1_001);
    writer.execute("INSERT INTO t VALUES (1002, 'later', 1)").await.unwrap();
    assert_eq!(query(&file, "PRAGMA journal_mode; PRAGMA integrity_check; SELECT max(id) FROM t"), "wal\nok\n1002");
    assert_eq!(query(&file, "SELECT \"notnull\" FROM pragma_table_info('t') WHERE name = 'a'"), "1");
}

#[tokio::test]
async fn whoever_else_holds_the_file_is_named() {
    for (mode, script) in [
        ("WAL", "BEGIN IMMEDIATE; DELETE FROM t WHERE id = 1"),
        ("DELETE", "BEGIN IMMEDIATE; DELETE FROM t WHERE id = 1"),
        // A reader keeps a transaction from its commit.
        ("DELETE", "BEGIN; SELECT count(*) FROM t"),
    ] {
        let (file, plan) = prepared(10, &format!("PRAGMA journal_mode = {mode}")).await;
        let other = Other::on(&file, script);
        let started = Instant::now();
        let error = failure(run(&file, &plan).await);
        assert!(started.elapsed() < LIMITS.lock_timeout + Duration::from_secs(10), "{:?}", started.elapsed());
        assert_eq!((error.trouble, error.trouble.passes()), (Trouble::LockTimeout, true), "{error}");
        let named = format!("process {} (sqlite3)", other.0.id());
        assert_eq!(error.blockers, std::slice::from_ref(&named), "{mode} {script}");
        assert!(error.to_string().contains(&format!("; the lock is held by {named}")), "{error}");
        drop(other);
        assert_eq!(query(&file, "SELECT count(*) FROM t"), "10");
        run(&file, &plan).await.unwrap();
    }
}

#[tokio::test]
async fn a_lock_that_goes_away_is_waited_for() {
    let (file, plan) = prepared(10, "SELECT 1").await;
    let other = Other::on(&file, "BEGIN IMMEDIATE");
    let holder = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(500));
        drop(other);
    });
    let mut session = connect(&file.url).await;
    let patient = Limits { retries: 5, ..LIMITS };
    apply::run(&mut session, &plan, &patient, &mut Silence).await.unwrap();
    holder.join().unwrap();
    assert_eq!(query(&file, "SELECT \"notnull\" FROM pragma_table_info('t') WHERE name = 'a'"), "1");
}

#[tokio::test]
async fn a_full_disk_takes_everything_back() {
    for mode in ["WAL", "DELETE"] {
        let (file, plan) = prepared(20_000, &format!("PRAGMA journal_mode = {mode}")).await;
        let before = query(&file, "SELECT count(*), sum(id), sum(length(a)) FROM t; SELECT sql FROM sqlite_master");
        let mut session = connect(&file.url).await;
        let pages = session.count("PRAGMA page_count").await.unwrap();
        session.execute(&format!("PRAGMA max_page_count = {}", pages + 5)).await.unwrap();
        let error = failure(apply::run(&mut session, &plan, &LIMITS, &mut Silence).await);
        assert_eq!((error.trouble, error.code.as_deref()), (Trouble::DiskFull, Some("13")), "{error}");
        assert!(error.advice().contains("make room on the disk"), "{}", error.advice());
        let after = "SELECT count(*), sum(id), sum(length(a)) FROM t; SELECT sql FROM sqlite_master";
        assert_eq!(query(&file, after), before, "{mode}");
        assert_eq!(query(&file, "PRAGMA integrity_check"), "ok");
        session.execute("PRAGMA max_page_count = 1000000").await.unwrap();
        apply::run(&mut session, &plan, &LIMITS, &mut Silence).await.unwrap();
    }
}

#[tokio::test]
async fn a_table_that_is_not_sound_is_not_committed() {
    let (file, plan) = prepared(100, "SELECT 1").await;
    let checks: Vec<_> =
        plan.steps.iter().flat_map(|step| &step.statements).filter(|sql| sql.starts_with("PRAGMA integrity")).collect();
    assert_eq!(checks, ["PRAGMA integrity_check('t')"]);
    // The index is said to be over another column than the one that it was built over.
    let spoil =
        "PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = 'CREATE INDEX k ON t (p)' WHERE name = 'k'";
    query(&file, spoil);
    let mut session = connect(&file.url).await;
    let error = session.execute(checks[0]).await.unwrap_err();
    assert_eq!(error.trouble, Trouble::Unreadable);
    assert!(error.message.contains("missing from index k"), "{error}");
    assert!(error.advice().contains("everything was taken back"), "{}", error.advice());
}

#[tokio::test]
async fn a_process_that_is_killed_in_a_rebuild_leaves_the_old_table() {
    let (file, plan) = prepared(2_000, "SELECT 1").await;
    let statements: Vec<&String> = plan.steps.iter().flat_map(|step| &step.statements).collect();
    let before = query(&file, "SELECT count(*), sum(id) FROM t; SELECT sql FROM sqlite_master");
    for count in 1..=statements.len() {
        let some = statements[..count].iter().map(|sql| format!("{sql};\n")).collect::<String>();
        // `drop` kills it.
        drop(Other::on(&file, &format!("PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE; {some} SELECT 1")));
        assert_eq!(query(&file, "SELECT count(*), sum(id) FROM t; SELECT sql FROM sqlite_master"), before, "{count}");
    }
    run(&file, &plan).await.unwrap();
    assert_eq!(
        query(&file, "SELECT count(*) FROM sqlite_master WHERE name LIKE 'undrift%'; PRAGMA integrity_check"),
        "0\nok"
    );
}
