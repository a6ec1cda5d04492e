//! Waivers, over HTTP and at the command line.

use serde_json::{Value, json};
use undrift::store::Role;

use super::commands::desk_with;
use super::samples;
use super::world::World;

fn body() -> Value {
    json!({
        "target": "tenant_*", "drift": "drop_index/votes.*", "until": "2999-01-31", "owner": "dba", "why": "ticket 4711"
    })
}

async fn world() -> World {
    let world = World::new().await;
    world.store.save_tenants(&[samples::tenant("tenant_a")]).await.unwrap();
    world
}

#[tokio::test]
async fn a_waiver_is_written_listed_and_ended() {
    let world = world().await;
    let written = world.post("/api/v1/waivers", body()).await.ok(201);
    assert_eq!(written["tenant"], "tenant_*");
    assert_eq!((&written["change"], &written["object"]), (&json!("drop_index"), &json!("votes.*")));
    assert_eq!((&written["until"], &written["given"]["who"]), (&json!("2999-01-31"), &json!("otto")));
    let listed = world.get("/api/v1/waivers").await.ok(200);
    assert_eq!(listed["items"], json!([written]));

    let id = written["id"].as_str().unwrap();
    let ended = world.post(&format!("/api/v1/waivers/{}/unwaive", &id[..5]), json!({})).await.ok(200);
    assert_eq!(ended["ended"]["who"], "otto");
    assert_eq!(world.get("/api/v1/waivers").await.ok(200)["items"], json!([]));
    assert_eq!(world.get("/api/v1/waivers?ended=true").await.ok(200)["items"], json!([ended]));
    let again = world.post(&format!("/api/v1/waivers/{id}/unwaive"), json!({ "why": "again" })).await.ok(409);
    assert_eq!(again["type"], "urn:undrift:problem:already-ended");
    assert!(world.deeds().await[0].contains("ended the waiver"));
}

#[tokio::test]
async fn what_is_wrong_is_named_by_its_key() {
    let world = world().await;
    for (key, value) in [
        ("target", json!("tenant_b")),
        ("drift", json!("drop_indx/a")),
        ("until", json!("2020-01-31")),
        ("until", json!("soon")),
        ("until", Value::Null),
        ("owner", json!(" ")),
        ("why", Value::Null),
    ] {
        let mut wrong = body();
        match value {
            Value::Null => drop(wrong.as_object_mut().unwrap().remove(key)),
            value => wrong[key] = value,
        }
        let refused = world.post("/api/v1/waivers", wrong).await.ok(422);
        assert_eq!(refused["field"], key, "{refused}");
    }
    world.post("/api/v1/waivers/abc/unwaive", json!({})).await.ok(404);
    world.get("/api/v1/waivers?ended=perhaps").await.ok(422);
    let viewer = super::world::make_token(&world.store, "vera", Role::Viewer).await;
    assert_eq!(world.call("POST", "/api/v1/waivers", Some(&viewer), &body().to_string()).await.status, 403);
    assert_eq!(world.get("/api/v1/waivers").await.ok(200)["items"], json!([]));
}

#[tokio::test]
async fn the_commands_do_the_same() {
    let desk = desk_with(&[samples::tenant("tenant_a")]).await;
    assert_eq!(desk.run(&["waivers"]).expect_code(0).stdout, "nothing is waived\n");
    let waive = ["waive", "tenant_a", "drop_index", "--until", "2999-01-31", "--owner", "dba", "--why", "ticket 4711"];
    let said = desk.run(&waive).expect_code(0).stdout;
    let id = said.split_whitespace().find(|word| word.len() == 12).unwrap().to_owned();
    let listed = desk.run(&["waivers"]).expect_code(0).stdout;
    for word in [&*id, "active", "2999-01-31", "dba", "tenant_a", "drop_index", "ticket 4711"] {
        assert!(listed.contains(word), "{word}\n{listed}");
    }
    desk.run(&["unwaive", &id]).expect_code(0);
    assert!(!desk.run(&["waivers"]).expect_code(0).stdout.contains(&id));
    let all = desk.run(&["waivers", "--all", "--output", "json"]).expect_code(0).stdout;
    assert!(all.contains(&id) && all.contains("anna"), "{all}");
    assert!(desk.fails(&["unwaive", &id]).contains("ended already, by anna"));
    assert!(
        desk.fails(&["waive", "tenant_b", "drop_index", "--until", "2999-01-31", "--owner", "a", "--why", "b"])
            .contains("tenant_b")
    );
    assert!(
        desk.fails(&["waive", "tenant_a", "drop_index", "--until", "soon", "--owner", "a", "--why", "b"])
            .contains("2027-01-31")
    );
}
