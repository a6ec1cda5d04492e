//! A process that is killed while it writes leaves a whole state, with everything in it that it was told is there.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use rstest::rstest;
use secrecy::SecretString;
use undrift::store::Store;

use crate::home::Home;
use crate::samples::{applied, tenant};
use crate::support::Engine::{self, Postgres, Sqlite};

const STATE: &str = "UNDRIFT_TEST_STATE";

#[rstest]
#[tokio::test]
async fn nothing_that_was_acknowledged_is_lost(#[values(Sqlite, Postgres)] engine: Engine) {
    let home = Home::new(engine);
    home.open().await.close().await;
    for _ in 0..2 {
        let acknowledged = write_and_kill(home.url());
        let store = home.open().await;
        let verified = store.verify_audit().await.unwrap();
        assert!(verified.to >= acknowledged, "{acknowledged} was lost: {verified:?}");
        assert!(matches!(store.tenants().await.unwrap().len(), 0 | 300), "half of what was written at once");
        store.close().await;
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_who_gives_up_cuts_nothing_in_half(#[values(Sqlite, Postgres)] engine: Engine) {
    let home = Home::new(engine);
    let store = home.open().await;
    let tenants: Vec<_> = (0..300).map(|number| tenant(&format!("t{number}"))).collect();
    for micros in [0, 100, 1_000, 5_000, 20_000, 50_000] {
        let patience = Duration::from_micros(micros);
        tokio::time::timeout(patience, store.save_tenants(&tenants)).await.ok();
        tokio::time::timeout(patience, store.append(&applied(0, "a", 1))).await.ok();
        // Waits for its turn behind what goes on without its caller.
        store.set_note("turn", &micros).await.unwrap();
        assert!(matches!(store.tenants().await.unwrap().len(), 0 | 300));
        assert_eq!(store.verify_audit().await.unwrap().entries % 4, 0);
    }
}

/// Lets a child write until it has been told of some entries, kills it, and returns the last that it was told of.
fn write_and_kill(url: &str) -> i64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "killed::writes_until_it_is_killed", "--ignored", "--nocapture"])
        .env(STATE, url)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut told = lines.filter_map(|line| line.strip_prefix("told ")?.parse::<i64>().ok());
    let mut last = told.by_ref().take(150).max().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    last = told.max().unwrap_or(0).max(last);
    last
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "started and killed by another test"]
async fn writes_until_it_is_killed() {
    let Ok(url) = std::env::var(STATE) else { return };
    let store = Store::open(&SecretString::from(url)).await.unwrap();
    let writers = (0..4).map(|number| {
        let store = store.clone();
        tokio::spawn(async move {
            loop {
                let last = store.append(&applied(0, &format!("t{number}"), 1)).await.unwrap();
                println!("told {last}");
            }
        })
    });
    let writers = Vec::from_iter(writers);
    let tenants: Vec<_> = (0..300).map(|number| tenant(&format!("t{number}"))).collect();
    let names: Vec<_> = tenants.iter().map(|tenant| tenant.name.clone()).collect();
    loop {
        store.save_tenants(&tenants).await.unwrap();
        store.forget_tenants(&names).await.unwrap();
        assert!(!writers.iter().any(tokio::task::JoinHandle::is_finished));
    }
}
