//! What is wrong is said in documents that programs and people can read.

use jiff::{SignedDuration, Timestamp};
use rstest::rstest;
use serde_json::{Value, json};
use undrift::store::{ApprovalRecord, AuditEvent};

use super::client::{Reply, request, send};
use super::samples;
use super::world::{World, why};

#[track_caller]
fn is_problem(reply: &Reply, status: u16, path: &str) -> Value {
    assert_eq!(reply.status, status, "{reply:?}");
    assert_eq!(reply.header("content-type"), Some("application/problem+json"), "{reply:?}");
    let problem = reply.json();
    assert_eq!((&problem["status"], &problem["instance"]), (&json!(status), &json!(path)));
    for key in ["type", "title", "detail"] {
        assert!(problem[key].as_str().is_some_and(|text| !text.is_empty()), "{key}: {problem}");
    }
    problem
}

#[rstest]
#[case("/api/v1/nothing")]
#[case("/")]
#[case("/api/v1/tenants/nobody")]
#[case("/api/v1/shapes/0000")]
#[case("/api/v1/shapes/0000000000000000000000000000000000000000000000000000000000000000")]
#[case("/api/v1/plans/0000000000000000000000000000000000000000000000000000000000000000")]
#[case("/api/v1/plans/'; DROP TABLE plans; --")]
#[case("/api/v1/rollouts/7")]
#[case("/api/v1/rollouts/x")]
#[case("/api/v1/approvals/abc")]
#[case("/api/v1/approvals/%25")]
#[tokio::test]
async fn what_is_not_there_is_not_found(#[case] path: &str) {
    let world = World::new().await;
    let path = path.replace(' ', "%20");
    is_problem(&world.get(&path).await, 404, &path);
}

#[rstest]
#[case("/api/v1/status?verbose=1", "verbose")]
#[case("/api/v1/tenants?limit=0", "limit")]
#[case("/api/v1/tenants?limit=1001", "limit")]
#[case("/api/v1/tenants?limit=-1", "limit")]
#[case("/api/v1/tenants?limit=ten", "limit")]
#[case("/api/v1/tenants?sync=fine", "sync")]
#[case("/api/v1/tenants?sync=drifted&sync=unknown", "sync")]
#[case("/api/v1/tenants?activity=", "activity")]
#[case("/api/v1/tenants?engine=oracle", "engine")]
#[case("/api/v1/tenants?shape=0", "shape")]
#[case("/api/v1/tenants?label=gold", "label")]
#[case("/api/v1/tenants?name=%5B", "name")]
#[case("/api/v1/tenants?offset=3", "offset")]
#[case("/api/v1/plans/x?format=pdf", "format")]
#[case("/api/v1/approvals?state=open", "state")]
#[case("/api/v1/audit?since=yesterday", "since")]
#[case("/api/v1/audit?before=x", "before")]
#[case("/api/v1/runs?before=9223372036854775808", "before")]
#[tokio::test]
async fn a_wrong_parameter_is_named(#[case] path: &str, #[case] field: &str) {
    let world = World::new().await;
    let problem = is_problem(&world.get(path).await, 422, path.split('?').next().unwrap());
    assert_eq!(problem["field"], field, "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains(field), "{problem}");
}

#[rstest]
#[case("/api/v1/pause", "{}", "why")]
#[case("/api/v1/pause", "", "why")]
#[case("/api/v1/pause", r#"{"why": " "}"#, "why")]
#[case("/api/v1/pause", r#"{"why": 7}"#, "why")]
#[case("/api/v1/pause", r#"{"why": "x", "until": "noon"}"#, "until")]
#[case("/api/v1/approvals/a/reject", "{}", "why")]
#[case("/api/v1/approvals/a/approve", r#"{"reason": "x"}"#, "reason")]
#[case("/api/v1/check", r#"{"tenants": "all"}"#, "tenants")]
#[case("/api/v1/check", r#"{"tenants": ["nobody"]}"#, "tenants")]
#[case("/api/v1/check", r#"{"tenants": [""]}"#, "tenants")]
#[case("/api/v1/resume", r#"{"tenants": ["tier=lead"]}"#, "tenants")]
#[tokio::test]
async fn a_wrong_key_is_named(#[case] path: &str, #[case] body: &str, #[case] field: &str) {
    let world = World::new().await;
    world.store.save_tenants(&[samples::tenant("a")]).await.unwrap();
    let reply = world.call("POST", path, Some(&world.operator), body).await;
    assert_eq!(is_problem(&reply, 422, path)["field"], field, "{reply:?}");
    assert_eq!(world.store.take_requests().await.unwrap(), []);
    assert_eq!(world.deeds().await, Vec::<String>::new(), "nothing was done");
}

#[tokio::test]
async fn a_reason_is_no_novel() {
    let world = World::new().await;
    assert_eq!(world.post("/api/v1/pause", why(&"ä".repeat(1001))).await.status, 422);
    assert_eq!(world.post("/api/v1/pause", why(&"ä".repeat(1000))).await.status, 200);
}

#[tokio::test]
async fn bodies_are_json() {
    let world = World::new().await;
    let path = "/api/v1/pause";
    is_problem(&world.call("POST", path, Some(&world.operator), "{\"why\"").await, 400, path);
    is_problem(&world.call("POST", path, Some(&world.operator), "[]").await, 422, path);
    let bearer = format!("Bearer {}", world.operator);
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp"] {
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", kind)];
        let reply = send(world.address, &request("POST", path, &headers, "{\"why\": \"x\"}")).await;
        is_problem(&reply, 415, path);
    }
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "Application/JSON; charset=utf-8")];
    assert_eq!(send(world.address, &request("POST", path, &headers, "{\"why\": \"x\"}")).await.status, 200);
}

#[tokio::test]
async fn a_path_says_which_methods_it_takes() {
    let world = World::new().await;
    let reply = world.post("/api/v1/status", json!({})).await;
    is_problem(&reply, 405, "/api/v1/status");
    assert_eq!(reply.header("allow"), Some("GET,HEAD"));
    let reply = world.get("/api/v1/check").await;
    is_problem(&reply, 405, "/api/v1/check");
    assert_eq!(reply.header("allow"), Some("POST"));
}

#[tokio::test]
async fn a_question_is_answered_once() {
    let world = World::new().await;
    let now = Timestamp::now();
    let hour = SignedDuration::from_hours(1);
    let question = |id: &str| ApprovalRecord { asked: now, expires: now + hour, ..samples::question(id) };
    let expired = ApprovalRecord { expires: now - hour, ..question("eeeeeeeeeeee") };
    for record in [question("aaaaaaaaaaaa"), question("aaaaaaaaaaab"), question("dddddddddddd"), expired] {
        world.store.ask(&record).await.unwrap();
    }
    world.store.withdraw(&["dddddddddddd".to_owned()]).await.unwrap();
    let answer = async |id: &str, verb: &str| {
        let path = format!("/api/v1/approvals/{id}/{verb}");
        (world.post(&path, why("because")).await, path)
    };
    assert_eq!(answer("aaaaaaaaaaaa", "approve").await.0.ok(200)["state"], "approved");
    for (id, verb, kind) in [
        ("aaaaaaaaaaaa", "approve", "already-answered"),
        ("aaaaaaaaaaaa", "reject", "already-answered"),
        ("aaaaaaaaaaa", "reject", "ambiguous-id"),
        ("dddd", "approve", "withdrawn"),
        ("eeee", "approve", "expired"),
    ] {
        let (reply, path) = answer(id, verb).await;
        assert_eq!(is_problem(&reply, 409, &path)["type"], format!("urn:undrift:problem:{kind}"), "{id}");
    }
    let (reply, path) = answer("ffff", "approve").await;
    is_problem(&reply, 404, &path);
    let audit = world.store.audit(&Default::default(), None, 10).await.unwrap();
    assert!(
        matches!(audit.as_slice(), [(_, entry)] if matches!(entry.event, AuditEvent::Answered { .. })),
        "{audit:?}"
    );
}

#[tokio::test]
async fn a_state_that_is_gone_is_unavailable() {
    let world = World::new().await;
    assert_eq!(world.get("/api/v1/status").await.status, 200);
    world.store.clone().close().await;
    let reply = world.get("/api/v1/status").await;
    let problem = is_problem(&reply, 503, "/api/v1/status");
    assert!(!problem["detail"].as_str().unwrap().contains("sqlite"), "nobody was let in yet: {problem}");
}

#[tokio::test]
async fn every_answer_has_the_headers_of_safety() {
    let world = World::new().await;
    for path in ["/healthz", "/metrics", "/api/v1/status", "/api/v1/nothing"] {
        let reply = world.get(path).await;
        for (name, value) in [("x-content-type-options", "nosniff"), ("cache-control", "no-store")] {
            assert_eq!(reply.header(name), Some(value), "{path}");
        }
    }
    let reply = world.call("GET", "/api/v1/status", None, "").await;
    assert_eq!(reply.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn the_metrics_name_routes_and_never_paths() {
    let world = World::new().await;
    world.get("/api/v1/tenants/somebody").await;
    world.get("/api/v1/elsewhere").await;
    let metrics = world.metrics.render();
    assert!(metrics.contains(r#"route="/api/v1/tenants/{name}""#), "{metrics}");
    assert!(metrics.contains(r#"route="none""#), "{metrics}");
    assert!(!metrics.contains("somebody") && !metrics.contains("elsewhere"), "{metrics}");
}
