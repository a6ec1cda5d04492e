//! What is old is forgotten, and nothing else.

use std::time::Duration;

use rstest::rstest;
use undrift::store::{AuditEvent, AuditFilter, Pruned, Retention, Stage, Trigger};

use crate::home::Home;
use crate::samples::{answer, applied, at, begin, entry, plan, question, rollout, shape};
use crate::support::Engine::{self, Postgres, Sqlite};

const HOUR: Duration = Duration::from_secs(3600);
const AN_HOUR: Retention = Retention { runs: HOUR, audit: Some(HOUR), rollouts: HOUR, approvals: HOUR, plans: HOUR };

#[rstest]
#[tokio::test]
async fn a_pruned_audit_can_be_verified(#[values(Sqlite, Postgres)] engine: Engine) {
    let home = Home::new(engine);
    let store = home.open().await;
    for round in 0..4 {
        store.append(&applied(3600 * round, "a", 3)).await.unwrap();
    }
    let forever = Retention { audit: None, ..AN_HOUR };
    assert_eq!(store.prune(&forever, at(360_000)).await.unwrap().audit, 0);

    assert_eq!(store.prune(&AN_HOUR, at(3600 * 2)).await.unwrap().audit, 8);
    let verified = store.verify_audit().await.unwrap();
    assert_eq!((verified.entries, verified.from, verified.to), (25, 9, 33));
    let newest = store.audit(&AuditFilter::default(), None, 1).await.unwrap();
    assert!(matches!(&newest[0].1.event, AuditEvent::Did { what, .. } if what.contains("up to entry 8")));
    assert_eq!(store.prune(&AN_HOUR, at(3600 * 2)).await.unwrap(), Pruned::default(), "there is nothing more");

    // Even when all goes, the entry that says so stays.
    assert_eq!(store.prune(&AN_HOUR, at(3600 * 9)).await.unwrap().audit, 25);
    assert_eq!(store.verify_audit().await.unwrap().entries, 1);
    assert_eq!(store.append(&applied(3600 * 9, "a", 0)).await.unwrap(), 36);
    store.verify_audit().await.unwrap();

    home.tamper("DELETE FROM audit WHERE sequence = 34");
    store.verify_audit().await.unwrap_err();
}

#[rstest]
#[tokio::test]
async fn an_open_plan_keeps_the_audit_from_there_on(#[values(Sqlite, Postgres)] engine: Engine) {
    let home = Home::new(engine);
    let store = home.open().await;
    store.append(&applied(0, "a", 1)).await.unwrap();
    store.append(&[entry(0, "killed", begin())]).await.unwrap();
    store.append(&applied(0, "b", 1)).await.unwrap();
    assert_eq!(store.prune(&AN_HOUR, at(360_000)).await.unwrap().audit, 4);
    assert_eq!(store.open_plans().await.unwrap().len(), 1);
    store.verify_audit().await.unwrap();
}

#[rstest]
#[tokio::test]
async fn what_is_open_or_newest_stays(#[values(Sqlite, Postgres)] engine: Engine) {
    let home = Home::new(engine);
    let store = home.open().await;
    for seconds in [0, 1, 2] {
        store.begin_run(Trigger::Schedule, at(seconds)).await.unwrap();
    }
    let (open, done, newest) = (
        store.new_rollout(&rollout(3)).await.unwrap(),
        store.new_rollout(&rollout(3)).await.unwrap(),
        store.new_rollout(&rollout(3)).await.unwrap(),
    );
    for id in [done, newest] {
        store.save_stage(id, &Stage::Superseded, 0, Some(at(5))).await.unwrap();
    }
    for id in ["aa", "bb", "cc"] {
        store.ask(&question(id)).await.unwrap();
    }
    store.answer("aa", false, answer("anna"), at(60)).await.unwrap();
    store.answer("bb", true, answer("anna"), at(60)).await.unwrap();

    let pruned = store.prune(&AN_HOUR, at(360_000)).await.unwrap();
    assert_eq!((pruned.runs, pruned.rollouts, pruned.approvals), (2, 1, 1));
    let kept: Vec<_> = store.rollouts(9).await.unwrap().iter().map(|rollout| rollout.id).collect();
    assert_eq!(kept, [newest, open]);
    assert_eq!(home.query("SELECT count(*) FROM members"), "6");
    assert_eq!(store.approvals(None).await.unwrap().len(), 2);
    assert_eq!(store.begin_run(Trigger::Schedule, at(3)).await.unwrap(), 4, "no number is given twice");
}

#[rstest]
#[tokio::test]
async fn a_plan_stays_while_something_names_it(#[values(Sqlite, Postgres)] engine: Engine) {
    let home = Home::new(engine);
    let store = home.open().await;
    for name in ["a", "b"] {
        store.save_plan(&plan(name)).await.unwrap();
    }
    let (now, later) = (jiff::Timestamp::now(), jiff::Timestamp::now() + 2 * HOUR);
    store.save_shape(&shape("shape")).await.unwrap();
    assert_eq!(store.prune(&AN_HOUR, now).await.unwrap().plans, 0, "who saved it may be about to name it");
    assert_eq!(store.prune(&AN_HOUR, later).await.unwrap().plans, 1);
    assert_eq!(store.plan(plan("a").hash()).await.unwrap(), Some(plan("a")));
    assert_eq!(store.plan(plan("b").hash()).await.unwrap(), None);
    store.forget_shapes(&[shape("shape").id]).await.unwrap();
    assert_eq!(store.prune(&AN_HOUR, later).await.unwrap().plans, 1);
}
