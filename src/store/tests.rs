//! What only the inside can bring about: a disk that is full.

use jiff::Timestamp;
use secrecy::SecretString;

use super::database::Script;
use super::{AuditEntry, AuditEvent, Store, StoreError};
use crate::db::Trouble;

async fn limit_to(store: &Store, pages: &'static str) {
    let script = Script { sqlite: pages, postgres: "" };
    store.database.write(move |transaction| Box::pin(transaction.script(script))).await.unwrap();
}

fn entry() -> AuditEntry {
    let event = AuditEvent::Did { who: "dba".to_owned(), what: "x".repeat(2000) };
    AuditEntry { at: Timestamp::UNIX_EPOCH, event, tenant: None, plan: None }
}

#[tokio::test]
async fn a_full_disk_is_said_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let url = SecretString::from(format!("sqlite:{}", folder.path().join("state.db").display()));
    let store = Store::open(&url).await.unwrap();
    limit_to(&store, "PRAGMA max_page_count = 60").await;
    let mut kept = 0;
    let error = loop {
        match store.append(&[entry()]).await {
            Ok(sequence) => kept = sequence,
            Err(error) => break error,
        }
        assert!(kept < 1000, "the limit does not hold");
    };
    assert!(matches!(&error, StoreError::Database(error) if error.trouble == Trouble::DiskFull), "{error:?}");
    assert_eq!(error.advice(), "make room on the disk that holds undrift's state");

    limit_to(&store, "PRAGMA max_page_count = 1000000").await;
    assert_eq!(store.append(&[entry()]).await.unwrap(), kept + 1);
    assert_eq!(store.verify_audit().await.unwrap().to, kept + 1);
}
