//! Who may do what.

use std::net::{Ipv4Addr, SocketAddr};

use jiff::{SignedDuration, Timestamp};
use rstest::rstest;
use serde_json::json;
use tokio_util::sync::CancellationToken;
use undrift::http::{self, Context, HttpError, Limits, Readiness};
use undrift::store::Role;
use undrift::telemetry::Metrics;

use super::world::{World, id_of, keep_token, make_token, open, why, with_wrong_secret};
use crate::support;

/// A path with something in the place of its names.
fn filled(path: &str) -> String {
    path.replace("{name}", "a").replace("{id}", "1").replace("{hash}", &"0".repeat(64))
}

#[tokio::test]
async fn probes_need_no_token_and_all_else_does() {
    let world = World::new().await;
    for path in ["/healthz", "/metrics"] {
        assert_eq!(world.call("GET", path, None, "").await.status, 200, "{path}");
    }
    assert_eq!(world.call("GET", "/readyz", None, "").await.body, "standing by\n");
    world.ready.set();
    assert_eq!(world.call("GET", "/readyz", None, "").await.status, 200);
    let unknown = ["GET /", "GET /api/v1", "GET /api/v1/nothing", "GET /healthz/", "GET //healthz", "GET /%68ealthz"];
    let known = http::routes().into_iter().map(|(method, path)| format!("{method} {}", filled(path)));
    for route in known.chain(unknown.map(str::to_owned)) {
        let (method, path) = route.split_once(' ').unwrap();
        let reply = world.call(method, path, None, "").await;
        assert_eq!(
            (reply.status, reply.header("www-authenticate")),
            (401, Some("Bearer realm=\"undrift\"")),
            "{route}"
        );
    }
}

#[derive(Clone, Copy, Debug)]
enum Token {
    Viewer,
    Operator,
    Nothing,
    Malformed,
    WrongSecret,
    UnknownId,
    Revoked,
    Expired,
}

#[rstest]
#[case(Token::Viewer, 200, 403)]
#[case(Token::Operator, 200, 200)]
#[case(Token::Nothing, 401, 401)]
#[case(Token::Malformed, 401, 401)]
#[case(Token::WrongSecret, 401, 401)]
#[case(Token::UnknownId, 401, 401)]
#[case(Token::Revoked, 401, 401)]
#[case(Token::Expired, 401, 401)]
#[tokio::test]
async fn a_token_opens_what_its_role_may(#[case] token: Token, #[case] looking: u16, #[case] acting: u16) {
    let world = World::new().await;
    let before = Timestamp::now() - SignedDuration::from_secs(1);
    let token = match token {
        Token::Viewer => Some(world.viewer.clone()),
        Token::Operator => Some(world.operator.clone()),
        Token::Nothing => None,
        Token::Malformed => Some("undrift_x.y".to_owned()),
        Token::WrongSecret => Some(with_wrong_secret(&world.operator)),
        Token::UnknownId => Some(format!("undrift_{}.{}", "0".repeat(16), "0".repeat(64))),
        Token::Revoked => Some(keep_token(&world.store, "gone", Role::Operator, None, Some(before)).await),
        Token::Expired => Some(keep_token(&world.store, "old", Role::Operator, Some(before), None).await),
    };
    let get = world.call("GET", "/api/v1/status", token.as_deref(), "").await;
    assert_eq!(get.status, looking, "{get:?}");
    let post = world.call("POST", "/api/v1/pause", token.as_deref(), &why("lunch").to_string()).await;
    assert_eq!(post.status, acting, "{post:?}");
    assert_eq!(world.store.pause().await.unwrap().is_some(), acting == 200);
    let refused = [looking, acting].iter().filter(|status| **status >= 400).count();
    let metrics = world.metrics.render();
    assert!(metrics.contains(&format!("undrift_http_auth_failures_total {refused}\n")), "{metrics}");
    if acting == 401 {
        assert!(post.header("www-authenticate").is_some_and(|challenge| challenge.starts_with("Bearer ")));
    }
}

#[tokio::test]
async fn a_viewer_may_do_nothing() {
    let world = World::new().await;
    for (method, path) in http::routes().into_iter().filter(|(method, _)| method == "POST") {
        let reply = world.call(&method, &filled(path), Some(&world.viewer), "").await;
        assert_eq!(reply.status, 403, "{path}: {reply:?}");
    }
    let reply = world.call("DELETE", "/api/v1/tenants/a", Some(&world.viewer), "").await;
    assert_eq!(reply.status, 403, "whatever does not only look is an operator's: {reply:?}");
    assert_eq!(world.store.take_requests().await.unwrap(), []);
}

#[tokio::test]
async fn a_revoked_token_opens_nothing_from_then_on() {
    let world = World::new().await;
    assert_eq!(world.get("/api/v1/status").await.status, 200);
    assert_eq!(world.get("/api/v1/status").await.status, 200, "remembered");
    assert!(world.store.revoke_token(id_of(&world.viewer), Timestamp::now()).await.unwrap());
    let reply = world.get("/api/v1/status").await;
    assert_eq!(reply.status, 401);
    assert_eq!(reply.json()["detail"], "the token has expired or was revoked");
}

#[tokio::test]
async fn who_guesses_has_to_wait() {
    let world = World::within(Limits { wrong_tokens: 3, ..Limits::default() }).await;
    assert_eq!(world.get("/api/v1/status").await.status, 200);
    let wrong = with_wrong_secret(&world.viewer);
    for _ in 0..5 {
        assert_eq!(world.call("GET", "/api/v1/status", None, "").await.status, 401, "no token is no guess");
    }
    for _ in 0..3 {
        assert_eq!(world.call("GET", "/api/v1/status", Some(&wrong), "").await.status, 401);
    }
    for guess in [wrong.as_str(), "undrift_x.y", &world.operator] {
        let reply = world.call("GET", "/api/v1/status", Some(guess), "").await;
        assert_eq!(reply.status, 429, "{guess}");
        let seconds: u64 = reply.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=60).contains(&seconds), "{seconds}");
    }
    assert_eq!(world.get("/api/v1/status").await.status, 200, "who was let in before is not locked out by others");
}

#[tokio::test]
async fn guesses_at_once_are_no_way_around() {
    let world = World::within(Limits { wrong_tokens: 3, ..Limits::default() }).await;
    let wrong = with_wrong_secret(&world.viewer);
    let guesses = (0..30).map(|_| world.call("GET", "/api/v1/status", Some(&wrong), ""));
    let replies = futures_util::future::join_all(guesses).await;
    let wrong = replies.iter().filter(|reply| reply.status == 401).count();
    // Two are computed together: one may have begun when the last one that counts failed.
    assert!((3..=4).contains(&wrong), "{wrong} guesses were looked at");
    assert_eq!(replies.iter().filter(|reply| reply.status == 429).count(), 30 - wrong);
}

#[tokio::test]
async fn the_audit_says_who_it_was() {
    let world = World::new().await;
    world.post("/api/v1/pause", why("lunch")).await.ok(200);
    world.post("/api/v1/resume", json!({})).await.ok(202);
    world.post("/api/v1/check", json!({})).await.ok(202);
    let deeds = world.deeds().await;
    assert_eq!(deeds, ["otto asked for a look at all tenants", "otto resumed all tenants", "otto paused: lunch"]);
    assert!(world.store.verify_audit().await.is_ok());
}

#[tokio::test]
async fn others_are_let_in_only_when_there_is_a_token() {
    let folder = support::folder();
    let store = open(&folder).await;
    let serve = async |host| {
        let context = Context { store: store.clone(), metrics: Metrics::new(), ready: Readiness::default() };
        let end = CancellationToken::new();
        let _ends = end.clone().drop_guard();
        http::serve(SocketAddr::from((host, 0)), context, end).await.map(drop)
    };
    let refused = serve(Ipv4Addr::UNSPECIFIED).await.unwrap_err();
    assert!(matches!(refused, HttpError::NoToken { .. }), "{refused}");
    assert!(refused.advice().contains("undrift token create"));
    serve(Ipv4Addr::LOCALHOST).await.unwrap();
    let before = Timestamp::now() - SignedDuration::from_secs(1);
    keep_token(&store, "old", Role::Viewer, Some(before), None).await;
    keep_token(&store, "gone", Role::Viewer, None, Some(before)).await;
    serve(Ipv4Addr::UNSPECIFIED).await.unwrap_err();
    make_token(&store, "vera", Role::Viewer).await;
    serve(Ipv4Addr::UNSPECIFIED).await.unwrap();
}
