//! Webhooks: what is sent, signed, sent again, dropped, and never said.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod hook;
mod samples;

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use secrecy::SecretString;
use undrift::config::{Occasion, Webhook, WebhookFormat};
use undrift::daemon::notify::{Event, Notifier, Patience, Tenants, sign};
use undrift::telemetry::Metrics;

use hook::Hook;
use samples::{deliver, event, patience, to};

const KEY: &str = "a long random text";
const LONG: Duration = Duration::from_secs(30);

fn webhook(hook: &Hook) -> Webhook {
    to(&format!("http://{}/in", hook.address))
}

#[track_caller]
fn assert_counted(metrics: &str, outcomes: [(&str, usize); 3], retries: usize) {
    for (outcome, count) in outcomes {
        let line = format!("undrift_webhook_messages_total{{outcome=\"{outcome}\"}} {count}\n");
        assert!(metrics.contains(&line), "not {line}{metrics}");
    }
    assert!(metrics.contains(&format!("undrift_webhook_retries_total {retries}\n")), "{metrics}");
}

#[tokio::test]
async fn an_event_is_sent_as_json() {
    let hook = Hook::answering(&[]);
    let metrics = deliver(webhook(&hook), [event(7)]).await;
    assert_counted(&metrics, [("delivered", 1), ("failed", 0), ("dropped", 0)], 0);
    let [request] = &hook.requests()[..] else { panic!("{:?}", hook.requests()) };
    assert!(request.head.starts_with("POST /in HTTP/1.1"), "{}", request.head);
    assert_eq!(request.header("x-undrift-event"), Some("drift_found"));
    assert_eq!(request.header("x-undrift-signature"), None);
    let body = request.json();
    assert_eq!((body["version"].as_u64(), body["event"].as_str()), (Some(1), Some("drift_found")));
    assert_eq!((body["id"].as_str(), body["at"].as_str()), (Some("7"), Some("1970-01-01T00:00:00Z")));
    assert_eq!(body["tenants"]["count"], 12);
    assert_eq!(body["tenants"]["names"].as_array().unwrap().len(), 10);
    assert_eq!(body["changes"][0], "add column users.email");
    assert!(body["why"].is_null());
}

/// The example of the documentation has the keys that are sent.
#[tokio::test]
async fn the_documentation_shows_what_is_sent() {
    let hook = Hook::answering(&[]);
    deliver(webhook(&hook), [event(1)]).await;
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/webhooks.md")).unwrap();
    let example = text.split("```json").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let example: serde_json::Value = serde_json::from_str(example).unwrap();
    let keys = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&example), keys(&hook.requests()[0].json()));
}

#[test]
fn a_signature_is_what_others_compute() {
    // hmac.new(b"key", b'1700000000.{"a":1}', "sha256").hexdigest() in Python.
    let signature = sign(&SecretString::from("key"), Timestamp::from_second(1_700_000_000).unwrap(), "{\"a\":1}");
    assert_eq!(signature, "t=1700000000,v1=a438e398bfafc57e4396bb7fc2304422f0f768e965d073ca313cb52e22e6ad03");
}

#[tokio::test]
async fn messages_are_signed_over_time_and_body() {
    let hook = Hook::answering(&["503 Busy"]);
    let key = SecretString::from(KEY);
    deliver(Webhook { secret: Some(key.clone()), ..webhook(&hook) }, [event(1)]).await;
    let requests = hook.requests();
    assert_eq!(requests.len(), 2);
    for request in requests {
        let signature = request.header("x-undrift-signature").unwrap();
        let at = signature.strip_prefix("t=").and_then(|rest| rest.split(',').next()).unwrap();
        let at = Timestamp::from_second(at.parse().unwrap()).unwrap();
        assert!(Timestamp::now().duration_since(at).as_secs() < 60);
        assert_eq!(signature, sign(&key, at, &request.body));
        assert_ne!(signature, sign(&key, at, &request.body.replace("core", "Core")));
    }
}

#[tokio::test]
async fn a_message_is_sent_again_after_trouble_that_passes() {
    let hook = Hook::answering(&["503 Service Unavailable", "500 Oh", "429 Slow Down"]);
    let metrics = deliver(webhook(&hook), [event(1)]).await;
    assert_counted(&metrics, [("delivered", 1), ("failed", 0), ("dropped", 0)], 3);
    let requests = hook.requests();
    assert!(requests.iter().all(|request| request.body == requests[0].body));
}

#[tokio::test]
async fn patience_ends_and_the_next_message_is_sent() {
    let hook = Hook::answering(&["503 No"; 4]);
    let metrics = deliver(webhook(&hook), [event(1), event(2)]).await;
    assert_counted(&metrics, [("delivered", 1), ("failed", 1), ("dropped", 0)], 3);
    let ids: Vec<_> = hook.requests().iter().map(|request| request.json()["id"].to_string()).collect();
    assert_eq!(ids, ["\"1\"", "\"1\"", "\"1\"", "\"1\"", "\"2\""]);
}

#[tokio::test]
async fn what_is_refused_is_not_sent_again() {
    let hook = Hook::answering(&["404 Not Found"]);
    let metrics = deliver(webhook(&hook), [event(1)]).await;
    assert_counted(&metrics, [("delivered", 0), ("failed", 1), ("dropped", 0)], 0);
}

#[tokio::test]
async fn a_hook_says_how_long_it_wants_to_be_left_alone() {
    let hook = Hook::answering(&["429 Too Many Requests\r\nRetry-After: 1"]);
    deliver(webhook(&hook), [event(1)]).await;
    let [first, second] = &hook.requests()[..] else { panic!("{:?}", hook.requests()) };
    assert!(second.at - first.at >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_hook_cannot_ask_for_longer_than_patience_goes() {
    let hook = Hook::answering(&[
        "503 Later\r\nRetry-After: 86400",
        "503 Later\r\nRetry-After: Fri, 31 Dec 2100 23:59:59 GMT",
    ]);
    let patience = Patience { longest_pause: Duration::from_millis(300), ..patience() };
    let notifier = Notifier::new(vec![webhook(&hook)], patience, Metrics::new()).unwrap();
    notifier.notify(event(1));
    notifier.finish(LONG).await;
    let requests = hook.requests();
    assert_eq!(requests.len(), 3);
    assert!(requests[2].at - requests[0].at >= Duration::from_millis(600), "a date counts as well");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Hook::answering(&[]);
    for status in ["302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let hook = Hook::answering(&[&format!("{status}\r\nLocation: http://{}/", elsewhere.address)]);
        let metrics = deliver(webhook(&hook), [event(1)]).await;
        assert_counted(&metrics, [("delivered", 0), ("failed", 1), ("dropped", 0)], 0);
    }
    assert!(elsewhere.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn too_much_waiting_drops_the_oldest_and_makes_nobody_wait() {
    let hook = Hook::shut();
    let metrics = Metrics::new();
    let patience = Patience { waiting: 3, ..patience() };
    let notifier = Notifier::new(vec![webhook(&hook)], patience, Arc::clone(&metrics)).unwrap();
    notifier.notify(event(0));
    hook.wait_for(1);
    let started = Instant::now();
    (1..=50).for_each(|id| notifier.notify(event(id)));
    assert!(started.elapsed() < Duration::from_secs(5));
    hook.open();
    notifier.finish(LONG).await;
    let ids: Vec<_> = hook.requests().iter().map(|request| request.json()["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids, ["0", "48", "49", "50"]);
    assert_counted(&metrics.render(), [("delivered", 4), ("failed", 0), ("dropped", 47)], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_that_never_answers_holds_up_neither_others_nor_the_end() {
    let (deaf, hook) = (Hook::shut(), Hook::answering(&[]));
    let metrics = Metrics::new();
    let hooks = vec![webhook(&deaf), webhook(&hook)];
    let notifier = Notifier::new(hooks, patience(), Arc::clone(&metrics)).unwrap();
    (0..3).for_each(|id| notifier.notify(event(id)));
    deaf.wait_for(1);
    hook.wait_for(3);
    let started = Instant::now();
    notifier.finish(Duration::from_millis(500)).await;
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_counted(&metrics.render(), [("delivered", 3), ("failed", 0), ("dropped", 3)], 0);
}

#[tokio::test]
async fn an_attempt_takes_so_long_at_most() {
    let hook = Hook::shut();
    let metrics = Metrics::new();
    let patience = Patience { attempts: 2, timeout: Duration::from_millis(200), ..patience() };
    let notifier = Notifier::new(vec![webhook(&hook)], patience, Arc::clone(&metrics)).unwrap();
    notifier.notify(event(1));
    notifier.finish(LONG).await;
    assert_counted(&metrics.render(), [("delivered", 0), ("failed", 1), ("dropped", 0)], 1);
}

#[tokio::test]
async fn hooks_hear_only_of_what_they_asked_for() {
    let hook = Hook::answering(&[]);
    let asked = Webhook { events: vec![Occasion::Blocked], ..webhook(&hook) };
    let events = Occasion::ALL.map(|kind| Event { kind, ..event(1) });
    deliver(asked, events).await;
    let [request] = &hook.requests()[..] else { panic!("{:?}", hook.requests()) };
    assert_eq!(request.json()["event"], "blocked");
}

#[tokio::test]
async fn slack_gets_text_and_blocks_that_call_nobody() {
    let hook = Hook::answering(&[]);
    let slack = Webhook { format: WebhookFormat::Slack, ..webhook(&hook) };
    let hostile = Event {
        schema: "<!channel>".to_owned(),
        changes: (0..300).map(|number| format!("drop ``` <@U1> {number} {}", "ü".repeat(500))).collect(),
        tenants: Tenants { count: 12, names: vec!["a&b".to_owned()] },
        why: Some("too\nlong ".repeat(1000)),
        ..event(1)
    };
    deliver(slack, [event(1), hostile]).await;
    let requests = hook.requests();
    let body = requests[0].json();
    assert_eq!(body["text"], "Drift found: core, 12 tenants");
    let blocks = body["blocks"].as_array().unwrap();
    assert_eq!(blocks[0]["text"]["text"], "*Drift found: core, 12 tenants*");
    assert_eq!(blocks[1]["text"]["text"], "```\nadd column users.email\n```");
    assert!(blocks[2]["text"]["text"].as_str().unwrap().ends_with("tenant_09 and 2 more"));
    assert!(blocks[3]["elements"][0]["text"].as_str().unwrap().contains("<http://undrift/api/v1/shapes/9b1c|more>"));
    assert_tame(&requests[1].json());
}

/// Slack's own limits are kept, and nothing of a tenant's is markup.
fn assert_tame(body: &serde_json::Value) {
    assert_eq!(body["text"], "Drift found: &lt;!channel&gt;, 12 tenants");
    let texts = body["blocks"].as_array().unwrap().iter().filter_map(|block| block["text"]["text"].as_str());
    for text in texts {
        assert!(text.chars().count() < 3000, "{} characters", text.chars().count());
        assert!(!text.contains('<'), "{text}");
        assert!([0, 2].contains(&text.matches("```").count()), "{text}");
    }
}

#[tokio::test]
async fn without_hooks_there_is_nothing_to_do() {
    let notifier = Notifier::new(Vec::new(), patience(), Metrics::new()).unwrap();
    notifier.notify(event(1));
    notifier.finish(Duration::ZERO).await;
}
