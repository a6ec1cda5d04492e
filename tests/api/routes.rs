//! Every route, when all is well.

use serde_json::{Value, json};
use undrift::model::{Change, Plan, PlannedChange, Reason, Ruling, Step, Verdict};
use undrift::model::{Hazard, HazardNote, Pace};
use undrift::store::{
    Activity, ApprovalRecord, DriftRecord, MemberRecord, MemberState, Question, Request, RolloutRecord, RunRecord,
    Sync, TenantRecord, Trigger,
};

use super::samples;
use super::world::{World, why};

/// A plan with a step.
pub fn plan() -> Plan {
    let change = Change::CreateNamespace { name: "audit".to_owned() };
    let step = Step {
        rows: None,
        alone: false,
        changes: vec![0],
        title: "create schema audit".to_owned(),
        statements: vec!["CREATE SCHEMA \"audit\"".to_owned()],
        hazards: vec![HazardNote::new(Hazard::Unproved, "no copy")],
        transactional: true,
        pace: Pace::Quick,
        preconditions: Vec::new(),
        undo: Vec::new(),
    };
    Plan {
        changes: vec![PlannedChange { change, requires: Vec::new() }],
        steps: vec![step],
        left_out: Vec::new(),
        ..samples::plan("a")
    }
}

/// Something of everything.
pub async fn fill(world: &World) {
    let store = &world.store;
    let shape = undrift::store::ShapeRecord { plan: Some(plan().hash()), ..samples::shape("shape") };
    store.save_shape(&shape).await.unwrap();
    store.save_plan(&plan()).await.unwrap();
    let fine = TenantRecord {
        sync: Sync::InSync,
        activity: Activity::Idle,
        drift: Vec::new(),
        trouble: None,
        failure: None,
        ..samples::tenant("fine")
    };
    let blocked = TenantRecord { activity: Activity::Blocked, trouble: None, ..samples::tenant("blocked") };
    store.save_tenants(&[fine, blocked, samples::tenant("ä/b c"), drifted()]).await.unwrap();
    let run = store.begin_run(Trigger::Start, samples::at(0)).await.unwrap();
    let counts = [("tenants".to_owned(), 4)].into();
    let (started, ended) = (samples::at(0), Some(samples::at(9)));
    let run = RunRecord { id: run, started, ended, trigger: Trigger::Start, counts, troubles: Vec::new() };
    store.end_run(&run).await.unwrap();
    store.begin_run(Trigger::Schedule, samples::at(60)).await.unwrap();
    let mut rollout: RolloutRecord = samples::rollout(4);
    rollout.members.insert("x".to_owned(), MemberRecord { wave: Some(0), state: MemberState::Done });
    store.new_rollout(&rollout).await.unwrap();
    store.ask(&asked("aaaaaaaaaaaa")).await.unwrap();
    store.ask(&braked()).await.unwrap();
    store.append(&samples::applied(100, "drifted", 2)).await.unwrap();
}

fn drifted() -> TenantRecord {
    let ruling = Ruling { verdict: Verdict::Ask, reason: Reason::Rule { name: "new schemas".to_owned() } };
    let (trouble, failure, blocked) = (None, None, Vec::new());
    TenantRecord {
        drift: vec![DriftRecord { change: 0, ruling }],
        trouble,
        failure,
        blocked,
        ..samples::tenant("drifted")
    }
}

/// A question that can be answered now.
pub fn asked(id: &str) -> ApprovalRecord {
    let now = jiff::Timestamp::now();
    ApprovalRecord { asked: now, expires: now + jiff::SignedDuration::from_hours(1), ..samples::question(id) }
}

fn braked() -> ApprovalRecord {
    let question = Question::Brake {
        schema: "shop".to_owned(),
        sight: samples::hash("sight"),
        why: "the declared schema lost users".to_owned(),
    };
    ApprovalRecord { question, ..asked("bbbbbbbbbbbb") }
}

async fn world() -> World {
    let world = World::new().await;
    fill(&world).await;
    world
}

fn names<'a>(list: &'a Value, key: &str) -> Vec<&'a str> {
    list.as_array().unwrap().iter().map(|item| item[key].as_str().unwrap()).collect()
}

#[tokio::test]
async fn status_is_the_fleet_at_a_glance() {
    let world = world().await;
    world.post("/api/v1/pause", why("lunch")).await.ok(200);
    let status = world.get("/api/v1/status").await.ok(200);
    assert_eq!(status["tenants"], json!({ "total": 4, "in_sync": 1, "drifted": 3, "unknown": 0 }));
    assert_eq!(status["engines"]["postgres"]["total"], 4);
    assert_eq!(status["activity"], json!({ "idle": 1, "pending_approval": 2, "blocked": 1 }));
    assert_eq!((&status["shapes_total"], &status["shapes"][0]["tenants"]), (&1.into(), &4.into()));
    assert_eq!(status["rollouts"][0]["progress"]["done"], 1);
    assert_eq!((&status["rollouts"][0]["wave"], &status["rollouts"][0]["stage"]["is"]), (&1.into(), &"running".into()));
    assert_eq!((&status["approvals_total"], names(&status["approvals"], "id").len()), (&2.into(), 2));
    assert_eq!(status["braked"][0]["why"], "the declared schema lost users");
    assert_eq!(status["paused"]["who"], "otto");
    assert_eq!(names(&status["problems"], "tenant"), ["blocked", "drifted", "ä/b c"], "the worst first");
    assert_eq!(status["problems"][1]["what"], "audit new schema: ask (new schemas)");
    assert_eq!(status["problems"][1]["next"], "answer the question: `undrift approvals`");
    assert_eq!(status["last_run"]["trigger"], "schedule");
    assert_eq!(status["last_pass_ended"], json!(samples::at(9)));
    assert_eq!(status["service"], Value::Null);
}

#[tokio::test]
async fn a_tenant_comes_with_its_diff_and_history() {
    let world = world().await;
    let tenant = world.get("/api/v1/tenants/drifted").await.ok(200);
    assert_eq!((&tenant["sync"], &tenant["changes"]), (&"drifted".into(), &1.into()));
    assert_eq!(
        tenant["drift"][0],
        json!({ "sign": "+", "object": "audit", "what": "new schema", "kind": "create_schema", "verdict": "ask",
                "reason": "new schemas", "hazards": ["it takes long"] })
    );
    assert_eq!(tenant["plan"], json!(plan().hash()));
    let history = names(&tenant["history"], "what");
    assert_eq!(history.len(), 6);
    assert!(history[0].ends_with("was applied") && history[5].ends_with("begins: additive"), "{history:?}");
    assert!(history[4].contains("UPDATE"), "{history:?}");
    let odd = world.get("/api/v1/tenants/%C3%A4%2Fb%20c").await.ok(200);
    assert_eq!(odd["name"], "ä/b c");
}

#[tokio::test]
async fn shapes_and_plans_can_be_looked_at() {
    let world = world().await;
    let shapes = world.get("/api/v1/shapes").await.ok(200);
    let id = shapes["items"][0]["id"].as_str().unwrap();
    let shape = world.get(&format!("/api/v1/shapes/{id}")).await.ok(200);
    assert_eq!((&shape["tenants"], &shape["differences"][0]["object"]), (&4.into(), &"audit".into()));
    let path = format!("/api/v1/plans/{}", shape["plan"].as_str().unwrap());
    let json = world.get(&path).await.ok(200);
    assert_eq!(json["steps"][0]["statements"], json!(["CREATE SCHEMA \"audit\""]));
    assert_eq!(json["hash"], shape["plan"]);
    let sql = world.get(&format!("{path}?format=sql")).await;
    assert_eq!(sql.header("content-type"), Some("text/plain; charset=utf-8"));
    assert!(
        sql.body.contains("\n-- 1. create schema audit\n-- hazard unproved: no copy\nCREATE SCHEMA \"audit\";\n"),
        "{}",
        sql.body
    );
    let text = world.get(&format!("{path}?format=text")).await.body;
    assert!(text.contains("  + audit  new schema\n") && text.contains("  1. create schema audit\n"), "{text}");
}

#[tokio::test]
async fn runs_and_rollouts_can_be_looked_at() {
    let world = world().await;
    let runs = world.get("/api/v1/runs").await.ok(200);
    assert_eq!((&runs["items"][0]["ended"], &runs["items"][1]["counts"]["tenants"]), (&Value::Null, &4.into()));
    let rollouts = world.get("/api/v1/rollouts").await.ok(200);
    let path = format!("/api/v1/rollouts/{}", rollouts["items"][0]["id"]);
    let rollout = world.get(&path).await.ok(200);
    assert_eq!(rollout["tenants"][4], json!({ "name": "x", "wave": 1, "state": "done" }));
    assert_eq!(rollout["progress"]["waiting"], 4);
}

#[tokio::test]
async fn questions_are_answered() {
    let world = world().await;
    let pending = world.get("/api/v1/approvals?state=pending").await.ok(200);
    let mut ids = names(&pending["items"], "id");
    ids.sort_unstable();
    assert_eq!(ids, ["aaaaaaaaaaaa", "bbbbbbbbbbbb"]);
    let yes = world.post("/api/v1/approvals/aaaa/approve", json!({})).await.ok(200);
    assert_eq!((&yes["state"], &yes["answer"]["who"]), (&"approved".into(), &"otto".into()));
    let no = world.post("/api/v1/approvals/bbbb/reject", why("they are needed")).await.ok(200);
    assert_eq!((&no["state"], &no["answer"]["why"]), (&"rejected".into(), &"they are needed".into()));
    assert_eq!(world.get("/api/v1/approvals/aaaa").await.ok(200)["state"], "approved");
    assert_eq!(world.get("/api/v1/approvals?state=pending").await.ok(200)["items"], json!([]));
    assert_eq!(world.get("/api/v1/approvals").await.ok(200)["items"].as_array().unwrap().len(), 2);
    let deeds = world.deeds().await;
    assert_eq!(deeds[..2], ["otto rejected bbbbbbbbbbbb: they are needed", "otto approved aaaaaaaaaaaa"]);
}

#[tokio::test]
async fn the_service_is_told() {
    let world = world().await;
    assert_eq!(world.post("/api/v1/check", json!({})).await.ok(202), json!({ "tenants": [] }));
    let some = json!({ "tenants": ["fi*", "tier=gold"] });
    assert_eq!(world.post("/api/v1/check", some.clone()).await.ok(202), some);
    assert_eq!(world.call("POST", "/api/v1/check", Some(&world.operator), "").await.status, 202, "no body is all");
    world.post("/api/v1/resume", json!({ "tenants": ["blocked"] })).await.ok(202);
    let tenants = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        world.store.take_requests().await.unwrap(),
        [
            Request::Check { tenants: Vec::new() },
            Request::Check { tenants: tenants(&["fi*", "tier=gold"]) },
            Request::Check { tenants: Vec::new() },
            Request::Resume { tenants: tenants(&["blocked"]) },
        ]
    );
}

#[tokio::test]
async fn a_pause_ends_when_all_is_resumed() {
    let world = world().await;
    let pause = world.post("/api/v1/pause", why(" lunch ")).await.ok(200);
    assert_eq!((&pause["who"], &pause["why"]), (&"otto".into(), &"lunch".into()));
    assert_eq!(world.store.pause().await.unwrap().unwrap().why, "lunch");
    world.post("/api/v1/resume", json!({ "tenants": ["blocked"] })).await.ok(202);
    assert!(world.store.pause().await.unwrap().is_some(), "some tenants are not all");
    world.post("/api/v1/resume", json!({})).await.ok(202);
    assert!(world.store.pause().await.unwrap().is_none());
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let world = world().await;
    let reply = world.call("HEAD", "/api/v1/status", Some(&world.viewer), "").await;
    assert_eq!((reply.status, reply.body.as_str()), (200, ""));
}
