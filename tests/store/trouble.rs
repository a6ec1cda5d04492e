//! What a person is told when the state cannot be had.

use std::os::unix::fs::PermissionsExt;

use rstest::rstest;
use secrecy::SecretString;
use undrift::db::Target;
use undrift::store::{Store, StoreError};

use crate::home::Home;
use crate::samples::{applied, tenant};
use crate::support::Engine::{self, Postgres, Sqlite};
use crate::support::{folder, postgres, sqlite, sqlite_query};

async fn refused(url: &str) -> StoreError {
    Store::open(&SecretString::from(url)).await.expect_err("it is opened")
}

/// Wherever errors are shown.
fn all_words(error: &StoreError) -> String {
    format!("{error} {error:?} {}", error.advice())
}

#[tokio::test]
async fn a_new_file_is_its_owners_alone() {
    let folder = folder();
    let path = folder.path().join("not/there/yet/state.db");
    let store = Store::open(&SecretString::from(format!("sqlite://{}", path.display()))).await.unwrap();
    store.append(&applied(0, "a", 1)).await.unwrap();
    for name in ["state.db", "state.db-wal", "state.db-shm"] {
        let mode = path.with_file_name(name).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    store.close().await;
    assert!(!path.with_file_name("state.db-wal").exists(), "a closed state is one file");
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn several_may_open_an_empty_place_at_once(#[values(Sqlite, Postgres)] engine: Engine) {
    let home = Home::new(engine);
    let (a, b, c) = tokio::join!(home.try_open(), home.try_open(), home.try_open());
    for store in [a.unwrap(), b.unwrap(), c.unwrap()] {
        store.save_tenants(&[tenant("a")]).await.unwrap();
    }
}

#[rstest]
#[tokio::test]
async fn a_newer_format_is_refused_by_name(#[values(Sqlite, Postgres)] engine: Engine) {
    let home = Home::new(engine);
    home.open().await.close().await;
    home.sql("UPDATE meta SET value = '77'");
    let error = home.try_open().await.unwrap_err();
    assert!(matches!(error, StoreError::Newer { found: 77, known: 1, .. }), "{error:?}");
    assert!(error.to_string().contains("format 77"), "{error}");
    assert_eq!(home.query("SELECT value FROM meta"), "77");
}

#[tokio::test]
async fn another_database_is_left_as_it_is() {
    for script in [
        "CREATE TABLE users (id INTEGER)",
        "CREATE TABLE meta (id INTEGER)",
        "CREATE TABLE meta (key TEXT, value TEXT); INSERT INTO meta VALUES ('undrift_format', 'x')",
    ] {
        let (folder, url) = sqlite(script);
        let before = std::fs::read(folder.path().join("tenant.db")).unwrap();
        let error = refused(&url).await;
        assert!(matches!(error, StoreError::NotAStore { .. }), "{error:?}");
        assert_eq!(std::fs::read(folder.path().join("tenant.db")).unwrap(), before);
    }
    let home = Home::new(Postgres);
    postgres().sql(home.url(), "CREATE SCHEMA undrift; CREATE TABLE undrift.users (id int)");
    assert!(matches!(home.try_open().await.unwrap_err(), StoreError::NotAStore { .. }));
}

#[tokio::test]
async fn a_damaged_file_is_said() {
    let home = Home::new(Sqlite);
    let path = home.url().trim_start_matches("sqlite:").to_owned();
    std::fs::write(&path, "no database at all ".repeat(500)).unwrap();
    let error = home.try_open().await.unwrap_err();
    assert!(error.to_string().contains("tenant.db") && error.advice().contains("backup"), "{}", all_words(&error));

    std::fs::write(&path, "").unwrap();
    let store = home.open().await;
    let tenants: Vec<_> = (0..200).map(|number| tenant(&format!("t{number}"))).collect();
    store.save_tenants(&tenants).await.unwrap();
    store.close().await;
    let mut bytes = std::fs::read(&path).unwrap();
    let half = bytes.len() / 2;
    bytes[half..].fill(0xA5);
    std::fs::write(&path, bytes).unwrap();
    let error = match home.try_open().await {
        Ok(store) => store.tenants().await.unwrap_err(),
        Err(error) => error,
    };
    assert!(error.advice().contains("backup"), "{}", all_words(&error));
}

#[rstest]
#[tokio::test]
async fn a_record_that_makes_no_sense_is_named(#[values(Sqlite, Postgres)] engine: Engine) {
    let home = Home::new(engine);
    let store = home.open().await;
    store.save_tenants(&[tenant("a")]).await.unwrap();
    home.sql("UPDATE tenants SET body = '{}'");
    let error = store.tenant("a").await.unwrap_err();
    assert!(matches!(error, StoreError::Record { what: "tenant", .. }), "{error:?}");
}

#[tokio::test]
async fn whoever_holds_the_file_is_waited_for_and_then_told() {
    let home = Home::new(Sqlite);
    let store = home.open().await;
    let path = home.url().trim_start_matches("sqlite:").to_owned();
    let mut other = std::process::Command::new("sqlite3")
        .arg(&path)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = other.stdin.take().unwrap();
    std::io::Write::write_all(&mut input, b"BEGIN IMMEDIATE;\nSELECT 'held';\n").unwrap();
    let mut held = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(other.stdout.take().unwrap()), &mut held).unwrap();
    assert_eq!(held, "held\n");

    assert_eq!(store.tenants().await.unwrap(), [], "reading does not wait");
    let error = store.save_tenants(&[tenant("a")]).await.unwrap_err();
    assert!(error.advice().starts_with("another program writes"), "{}", all_words(&error));
    drop(input);
    other.wait().unwrap();
    store.save_tenants(&[tenant("a")]).await.unwrap();
    assert_eq!(sqlite_query(home.url(), "SELECT count(*) FROM tenants"), "1");
}

#[tokio::test]
async fn addresses_that_make_no_sense_say_why() {
    for (url, words) in [
        ("mysql://u:s3cret@h/d", "SQLite or PostgreSQL"),
        ("sqlite::memory:", "has to be a file"),
        ("sqlite:", "has to be a file"),
        ("sqlite:a.db?mode=ro", "is no option"),
        ("undrift.db", "starts with postgres://"),
        ("postgres://u:s3cret@127.0.0.1:1/d?colour=red", "`colour`"),
    ] {
        let error = refused(url).await;
        assert!(error.to_string().contains(words), "{error}");
        assert!(!all_words(&error).contains("s3cret"), "{error:?}");
    }
    let folder = folder();
    let error = refused(&format!("sqlite:{}", folder.path().display())).await;
    assert!(error.to_string().contains(&*folder.path().to_string_lossy()), "{error}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_said_at_once() {
    let started = std::time::Instant::now();
    let error = refused("postgres://u:s3cret@127.0.0.1:1/state").await;
    assert!(started.elapsed().as_secs() < 8, "a pool tries for longer");
    assert!(error.to_string().contains("127.0.0.1:1/state"), "{error}");
    assert!(error.advice().contains("check host and port"), "{}", all_words(&error));
    assert!(!all_words(&error).contains("s3cret"), "{error:?}");
}

#[tokio::test]
async fn a_missing_database_or_right_is_said() {
    let error = refused(&postgres().url("nowhere")).await;
    assert_eq!(error.advice(), "create the database that `state` names");

    let home = Home::new(Postgres);
    let name = Target::parse(home.url()).unwrap().database().unwrap();
    postgres().sql(home.url(), &format!("CREATE ROLE guest_of_{name} LOGIN"));
    let error = refused(&postgres().tcp_url(&format!("guest_of_{name}"), &name)).await;
    assert!(error.advice().contains("schema named `undrift`"), "{}", all_words(&error));
}
