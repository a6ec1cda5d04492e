//! What is written down is what is read.

use std::collections::BTreeMap;

use rstest::rstest;
use undrift::store::{MemberRecord, MemberState, Role, RolloutRecord, RunRecord, Stage, TokenRecord, Trigger};

use crate::home::Home;
use crate::samples::{at, begin, entry, hash, intent, plan, rollout, shape, tenant};
use crate::support::Engine::{self, Postgres, Sqlite};

#[rstest]
#[tokio::test]
async fn tenants_come_back_as_they_were(#[values(Sqlite, Postgres)] engine: Engine) {
    let home = Home::new(engine);
    let store = home.open().await;
    let mut a = tenant("a");
    store.save_tenants(&[tenant("b"), a.clone(), tenant("ü'\"\\")]).await.unwrap();
    assert_eq!(store.tenant("a").await.unwrap(), Some(a.clone()));
    assert_eq!(store.tenant("A").await.unwrap(), None);

    a.trouble = None;
    a.failure = None;
    a.shape = None;
    store.save_tenants(&[tenant("a"), a.clone()]).await.unwrap();
    store.save_tenants(&[]).await.unwrap();
    store.close().await;
    let store = home.open().await;
    assert_eq!(store.tenants().await.unwrap(), [a, tenant("b"), tenant("ü'\"\\")]);

    store.forget_tenants(&["a".to_owned(), "nobody".to_owned()]).await.unwrap();
    let names: Vec<_> = store.tenants().await.unwrap().into_iter().map(|tenant| tenant.name).collect();
    assert_eq!(names, ["b", "ü'\"\\"]);
}

#[rstest]
#[tokio::test]
async fn a_state_has_one_secret(#[values(Sqlite, Postgres)] engine: Engine) {
    let (home, elsewhere) = (Home::new(engine), Home::new(engine));
    let (store, replica) = (home.open().await, home.open().await);
    let (one, other) = tokio::join!(store.secret(), replica.secret());
    let secret = one.unwrap();
    assert_eq!(other.unwrap(), secret);
    store.close().await;
    assert_eq!(home.open().await.secret().await.unwrap(), secret);
    assert_ne!(elsewhere.open().await.secret().await.unwrap(), secret);
}

#[rstest]
#[tokio::test]
async fn shapes_know_their_tenants(#[values(Sqlite, Postgres)] engine: Engine) {
    let home = Home::new(engine);
    let store = home.open().await;
    let (used, unused) = (shape("shape"), shape("other"));
    store.save_shape(&used).await.unwrap();
    store.save_shape(&unused).await.unwrap();
    store.save_tenants(&[tenant("a"), tenant("b")]).await.unwrap();
    let mut expected = [(used.clone(), 2), (unused.clone(), 0)];
    expected.sort_by_key(|(shape, _)| shape.id);
    assert_eq!(store.shapes().await.unwrap(), expected);

    store.forget_shapes(&[used.id, unused.id]).await.unwrap();
    assert_eq!(store.shape(used.id).await.unwrap(), Some(used), "tenants have it");
    assert_eq!(store.shape(unused.id).await.unwrap(), None);
}

#[rstest]
#[tokio::test]
async fn plans_are_kept_under_their_hash(#[values(Sqlite, Postgres)] engine: Engine) {
    let home = Home::new(engine);
    let store = home.open().await;
    let plan = plan("a");
    store.save_plan(&plan).await.unwrap();
    store.save_plan(&plan).await.unwrap();
    assert_eq!(store.plan(plan.hash()).await.unwrap(), Some(plan.clone()));
    assert_eq!(store.plan(hash("other")).await.unwrap(), None);

    home.sql("UPDATE plans SET body = replace(body, 'create_namespace', 'drop_namespace')");
    let error = store.plan(plan.hash()).await.unwrap_err();
    assert!(error.to_string().contains("its hash is not"), "{error}");
}

#[rstest]
#[tokio::test]
async fn a_plan_is_kept_with_its_first_entries(#[values(Sqlite, Postgres)] engine: Engine) {
    let home = Home::new(engine);
    let store = home.open().await;
    let plan = plan("a");
    for tenant in ["one", "two"] {
        let entries = [entry(0, tenant, begin()), entry(0, tenant, intent(1))];
        store.open_plan(&plan, &entries).await.unwrap();
    }
    assert_eq!(store.audit_head().await.unwrap(), 4);
    assert_eq!(store.open_plans().await.unwrap().len(), 2);
    assert_eq!(store.plan(plan.hash()).await.unwrap(), Some(plan));
    store.verify_audit().await.unwrap();
}

#[rstest]
#[tokio::test]
async fn runs_are_numbered_in_order(#[values(Sqlite, Postgres)] engine: Engine) {
    let home = Home::new(engine);
    let store = home.open().await;
    assert_eq!(store.last_run().await.unwrap(), None);
    let first = store.begin_run(Trigger::Start, at(0)).await.unwrap();
    let second = store.begin_run(Trigger::Schedule, at(300)).await.unwrap();
    assert!(first < second);
    let ended = RunRecord {
        id: first,
        started: at(0),
        ended: Some(at(20)),
        trigger: Trigger::Start,
        counts: BTreeMap::from([("in_sync".to_owned(), 7)]),
        troubles: vec!["no such folder".to_owned()],
    };
    store.end_run(&ended).await.unwrap();

    let killed = store.last_run().await.unwrap().unwrap();
    assert_eq!((killed.id, killed.ended), (second, None));
    assert_eq!(store.runs(10, None).await.unwrap(), [killed, ended.clone()]);
    assert_eq!(store.runs(10, Some(second)).await.unwrap(), [ended]);
    assert_eq!(store.runs(10, Some(first)).await.unwrap(), []);
}

#[rstest]
#[tokio::test]
async fn a_rollout_goes_on_member_by_member(#[values(Sqlite, Postgres)] engine: Engine) {
    let home = Home::new(engine);
    let store = home.open().await;
    let id = store.new_rollout(&rollout(1200)).await.unwrap();
    let running = MemberRecord { wave: Some(3), state: MemberState::Running };
    store.save_member(id, "tenant_00007", running).await.unwrap();
    let soaking = Stage::Soaking { until: at(600) };
    store.save_stage(id, &soaking, 3, None).await.unwrap();

    let mut expected = RolloutRecord { id, stage: soaking, wave: 3, ..rollout(1200) };
    expected.members.insert("tenant_00007".to_owned(), running);
    store.close().await;
    let store = home.open().await;
    assert_eq!(store.open_rollouts().await.unwrap(), [expected.clone()]);

    expected.members.remove("tenant_00001");
    store.save_rollout(&expected).await.unwrap();
    assert_eq!(store.rollout(id).await.unwrap(), Some(expected.clone()));

    store.save_stage(id, &Stage::Done, 3, Some(at(700))).await.unwrap();
    assert_eq!(store.open_rollouts().await.unwrap(), []);
    let next = store.new_rollout(&rollout(1)).await.unwrap();
    let ids: Vec<_> = store.rollouts(10).await.unwrap().iter().map(|rollout| rollout.id).collect();
    assert_eq!(ids, [next, id]);
    assert!(store.save_stage(99, &Stage::Done, 0, None).await.is_err());
    assert_eq!(store.rollout(99).await.unwrap(), None);
}

#[rstest]
#[tokio::test]
async fn a_rollout_that_another_state_knew_can_be_saved(#[values(Sqlite, Postgres)] engine: Engine) {
    let home = Home::new(engine);
    let store = home.open().await;
    store.save_rollout(&RolloutRecord { id: 7, ..rollout(1) }).await.unwrap();
    assert_eq!(store.new_rollout(&rollout(1)).await.unwrap(), 8);
}

#[rstest]
#[tokio::test]
async fn tokens_are_made_and_revoked(#[values(Sqlite, Postgres)] engine: Engine) {
    let home = Home::new(engine);
    let store = home.open().await;
    let token = |id: &str, seconds| TokenRecord {
        id: id.to_owned(),
        name: "grafana".to_owned(),
        role: Role::Viewer,
        hash: "$argon2id$…".to_owned(),
        created: at(seconds),
        expires: Some(at(100)),
        revoked: None,
    };
    store.make_token(&token("b", 0)).await.unwrap();
    store.make_token(&token("a", 1)).await.unwrap();
    assert!(store.make_token(&token("a", 2)).await.is_err(), "it is somebody else's");
    assert_eq!(store.tokens().await.unwrap(), [token("b", 0), token("a", 1)]);

    assert!(store.revoke_token("a", at(5)).await.unwrap());
    assert!(!store.revoke_token("a", at(6)).await.unwrap());
    assert!(!store.revoke_token("nobody", at(6)).await.unwrap());
    let revoked = store.token("a").await.unwrap().unwrap();
    assert_eq!(revoked, TokenRecord { revoked: Some(at(5)), ..token("a", 1) });
    assert!(!revoked.is_valid(at(7)));
    assert!(token("b", 0).is_valid(at(99)) && !token("b", 0).is_valid(at(100)));
}

#[rstest]
#[tokio::test]
async fn notes_are_small_facts(#[values(Sqlite, Postgres)] engine: Engine) {
    let home = Home::new(engine);
    let store = home.open().await;
    assert_eq!(store.note::<String>("paused").await.unwrap(), None);
    store.set_note("paused", &"anna").await.unwrap();
    store.set_note("paused", &"bert").await.unwrap();
    store.set_note("tables", &["a", "b"]).await.unwrap();
    assert_eq!(store.note::<String>("paused").await.unwrap().as_deref(), Some("bert"));
    assert_eq!(store.note::<Vec<String>>("tables").await.unwrap().unwrap(), ["a", "b"]);
    assert!(store.note::<u32>("paused").await.unwrap_err().to_string().contains("note"));
    store.drop_note("paused").await.unwrap();
    assert_eq!(store.note::<String>("paused").await.unwrap(), None);
}
