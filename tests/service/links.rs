//! Where messages to webhooks point to.

use crate::daemon::{CAREFUL, Fleet, SCHEMA, wait};
use crate::hook::Hook;

/// What is sent when a tenant drifts in two ways, of which one is asked about: before and after the other is put right.
fn messages(more: &str) -> Vec<serde_json::Value> {
    let hook = Hook::answering(&[]);
    let schema = SCHEMA.replace("tables:\n  users", "extras: drop\ntables:\n  users");
    let fleet = Fleet::new(0, &schema, CAREFUL);
    fleet.add("t00", "CREATE TABLE old (a)");
    fleet.configure("every 1s", &format!("webhooks: [{{ url: \"http://{}/hook\" }}]\n{more}", hook.address));
    let daemon = fleet.start();
    daemon.wait_for("undrift_tenants", &["activity=\"pending_approval\""], 1.0);
    daemon.wait_for("undrift_webhook_messages_total", &["delivered"], 4.0);
    let sent: Vec<_> = wait(|| Some(hook.requests()).filter(|sent| sent.len() >= 4)).iter().map(|r| r.json()).collect();
    assert_eq!(daemon.end(), Some(0));
    sent
}

#[test]
fn they_point_to_the_address_at_which_people_reach_the_service() {
    for message in messages("http: { public_url: \"https://example.org/undrift/\" }\n") {
        let (event, id) = (message["event"].as_str().unwrap(), message["id"].as_str().unwrap());
        let link = message["link"].as_str().unwrap();
        let path = match event {
            "drift_found" => format!("shapes/{id}"),
            "approval_needed" => format!("approvals/{id}"),
            "applied" => format!("plans/{id}"),
            other => panic!("{other}"),
        };
        assert!(link.starts_with(&format!("https://example.org/undrift/api/v1/{path}")), "{message}");
    }
}

#[test]
fn without_such_an_address_they_point_nowhere() {
    for message in messages("") {
        assert!(message["link"].is_null(), "{message}");
    }
}
