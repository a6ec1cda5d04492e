//! The audit shows what was done, and when somebody changed it.

use rstest::rstest;
use undrift::store::{AuditEvent, AuditFilter, Store, VerifyError};

use crate::home::Home;
use crate::samples::{applied, at, begin, end, entry, fingerprint, hash, intent, plan};
use crate::support::Engine::{self, Postgres, Sqlite};

async fn broken(store: &Store) -> (i64, String) {
    match store.verify_audit().await {
        Err(VerifyError::Broken { sequence, why }) => (sequence, why),
        other => panic!("{other:?}"),
    }
}

#[rstest]
#[tokio::test]
async fn entries_come_back_newest_first(#[values(Sqlite, Postgres)] engine: Engine) {
    let home = Home::new(engine);
    let store = home.open().await;
    assert_eq!(store.verify_audit().await.unwrap().entries, 0);
    let (a, b) = (applied(0, "a", 1), applied(10, "b", 2));
    assert_eq!(store.append(&a).await.unwrap(), 4);
    assert_eq!(store.append(&b).await.unwrap(), 10);
    assert_eq!(store.append(&[]).await.unwrap(), 10);
    store.close().await;

    let store = home.open().await;
    let all = store.audit(&AuditFilter::default(), None, 100).await.unwrap();
    let expected: Vec<_> = (1i64..).zip([a, b].concat()).collect();
    assert_eq!(all, Vec::from_iter(expected.into_iter().rev()));
    let sequences = async |filter: AuditFilter, before, limit| {
        let entries = store.audit(&filter, before, limit).await.unwrap();
        entries.into_iter().map(|(sequence, _)| sequence).collect::<Vec<_>>()
    };
    let none = AuditFilter::default;
    assert_eq!(sequences(none(), Some(9), 2).await, [8, 7]);
    assert_eq!(sequences(AuditFilter { tenant: Some("a".into()), ..none() }, Some(4), 9).await, [3, 2, 1]);
    assert_eq!(sequences(AuditFilter { since: Some(at(10)), ..none() }, Some(7), 9).await, [6, 5]);
    assert_eq!(sequences(AuditFilter { plan: Some(hash("other")), ..none() }, None, 9).await, [0i64; 0]);
    let verified = store.verify_audit().await.unwrap();
    assert_eq!((verified.entries, verified.from, verified.to), (10, 1, 10));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writers_at_once_make_one_chain(#[values(Sqlite, Postgres)] engine: Engine) {
    let home = Home::new(engine);
    let stores = [home.open().await, home.open().await];
    let tasks = (0..16).map(|number| {
        let store = stores[number % 2].clone();
        tokio::spawn(async move {
            for round in 0..5i64 {
                let tenant = format!("t{number}");
                let entries = applied(round, &tenant, 1);
                let last = store.append(&entries).await.unwrap();
                let filter = AuditFilter { tenant: Some(tenant), ..AuditFilter::default() };
                let newest = store.audit(&filter, None, 4).await.unwrap();
                let expected: Vec<_> = (last - 3..).zip(entries).collect();
                assert_eq!(
                    newest,
                    Vec::from_iter(expected.into_iter().rev()),
                    "its entries stand together, at the sequence that it was told"
                );
            }
        })
    });
    for task in Vec::from_iter(tasks) {
        task.await.unwrap();
    }
    assert_eq!(stores[0].verify_audit().await.unwrap().entries, 16 * 5 * 4);
}

#[rstest]
#[tokio::test]
async fn plans_that_nobody_saw_end_are_open(#[values(Sqlite, Postgres)] engine: Engine) {
    let home = Home::new(engine);
    let store = home.open().await;
    let resolved = AuditEvent::Resolved { found: fingerprint("actual"), reached: false };
    let (killed, other) = (entry(3, "killed", begin()), entry(5, "other", begin()));
    let mut entries = applied(0, "done", 1);
    entries.extend([entry(1, "resolved", begin()), entry(1, "resolved", intent(1))]);
    entries.extend([entry(2, "killed", begin()), entry(2, "killed", end())]);
    entries.extend([killed.clone(), entry(4, "killed", intent(1)), entry(4, "resolved", resolved), other.clone()]);
    let mut elsewhere = entry(6, "other", end());
    elsewhere.plan = Some(plan("b").hash());
    entries.push(elsewhere);
    store.append(&entries).await.unwrap();
    let open: Vec<_> = store.open_plans().await.unwrap().into_iter().map(|(_, entry)| entry).collect();
    assert_eq!(open, [killed, other]);
}

#[rstest]
#[tokio::test]
async fn the_audit_is_only_appended_to(#[values(Sqlite, Postgres)] engine: Engine) {
    let home = Home::new(engine);
    home.open().await.append(&applied(0, "a", 1)).await.unwrap();
    let mut statements = vec!["UPDATE audit SET tenant = 'b'", "DELETE FROM audit WHERE sequence = 4"];
    if engine == Postgres {
        statements.push("TRUNCATE audit");
    }
    for statement in statements {
        let refused = std::panic::catch_unwind(|| home.sql(statement)).unwrap_err();
        let message = refused.downcast_ref::<String>().unwrap();
        assert!(message.contains("the audit is only appended to"), "{message}");
    }
}

#[rstest]
#[case::a_changed_text("UPDATE audit SET entry = replace(entry, 'UPDATE', 'DELETE') WHERE sequence = 2", 2, "its hash")]
#[case::a_changed_column("UPDATE audit SET tenant = 'b' WHERE sequence = 3", 3, "the columns")]
#[case::a_changed_hash(
    "UPDATE audit SET hash = (SELECT hash FROM audit WHERE sequence = 1) WHERE sequence = 2",
    2,
    "its hash"
)]
#[case::a_gap("DELETE FROM audit WHERE sequence = 3", 3, "it is missing; the next one is 4")]
#[case::no_beginning("DELETE FROM audit WHERE sequence <= 2", 1, "it is missing; the next one is 3")]
#[case::swapped(
    "UPDATE audit SET sequence = -2 WHERE sequence = 2; UPDATE audit SET sequence = 2 WHERE sequence = 3;
     UPDATE audit SET sequence = 3 WHERE sequence = -2",
    2,
    "its hash"
)]
#[case::slipped_in(
    "INSERT INTO audit SELECT sequence - 9, at, event, tenant, plan, hash, entry FROM audit WHERE sequence = 2",
    1,
    "it is missing; the next one is -7"
)]
#[case::a_hidden_beginning(
    "DELETE FROM audit WHERE sequence <= 2;
     INSERT INTO anchors SELECT 2, '0000000000000000000000000000000000000000000000000000000000000000'",
    3,
    "its hash"
)]
#[tokio::test]
async fn tampering_is_found(
    #[values(Sqlite, Postgres)] engine: Engine,
    #[case] script: &str,
    #[case] sequence: i64,
    #[case] why: &str,
) {
    let home = Home::new(engine);
    let store = home.open().await;
    store.append(&applied(0, "a", 2)).await.unwrap();
    home.tamper(script);
    let found = broken(&store).await;
    assert_eq!(found.0, sequence, "{found:?}");
    assert!(found.1.starts_with(why), "{found:?}");
}

#[rstest]
#[tokio::test]
async fn a_beginning_cut_off_by_hand_is_found(#[values(Sqlite, Postgres)] engine: Engine) {
    let home = Home::new(engine);
    let store = home.open().await;
    store.append(&applied(0, "a", 2)).await.unwrap();
    home.tamper(
        "INSERT INTO anchors SELECT sequence, hash FROM audit WHERE sequence = 2;
         DELETE FROM audit WHERE sequence <= 2",
    );
    assert_eq!(broken(&store).await, (3, "no entry says that those before it were removed".to_owned()));
}

/// The chain alone cannot know its end: whoever notes the head elsewhere can.
#[rstest]
#[tokio::test]
async fn an_end_cut_off_changes_the_head(#[values(Sqlite, Postgres)] engine: Engine) {
    let home = Home::new(engine);
    let store = home.open().await;
    store.append(&applied(0, "a", 2)).await.unwrap();
    let before = store.verify_audit().await.unwrap();
    home.tamper("DELETE FROM audit WHERE sequence = 6");
    let after = store.verify_audit().await.unwrap();
    assert_ne!(before.head, after.head);
    store.append(&[entry(9, "a", end())]).await.unwrap();
    assert_ne!(store.verify_audit().await.unwrap().head, before.head);
}

/// The documented way to verify with other tools.
#[tokio::test]
async fn a_hash_can_be_computed_with_other_tools() {
    let home = Home::new(Sqlite);
    let store = home.open().await;
    store.append(&[entry(0, "a", begin()), entry(1, "a", end())]).await.unwrap();
    let text = home.query("SELECT 'undrift audit 1' || char(10) || 2 || char(10) || (SELECT hash FROM audit WHERE sequence = 1) || char(10) || entry FROM audit WHERE sequence = 2");
    assert_eq!(home.query("SELECT hash FROM audit WHERE sequence = 2"), hash(&text).to_string());
}
