//! Long lists come in pages, and the pages hold everything once.

use serde_json::Value;
use undrift::model::Engine;
use undrift::store::{Activity, AuditEvent, Sync, TenantRecord, Trigger};

use super::samples;
use super::world::World;

/// All items of a list, page by page, and how many pages there were.
async fn all(world: &World, path: &str, from: &str) -> (Vec<Value>, usize) {
    let (mut items, mut pages, mut place) = (Vec::new(), 0, None::<String>);
    loop {
        let more = place.as_ref().map(|place| format!("&{from}={place}")).unwrap_or_default();
        let page = world.get(&format!("{path}{more}")).await.ok(200);
        items.extend(page["items"].as_array().unwrap().iter().cloned());
        pages += 1;
        match page["next"].as_str() {
            Some(next) => place = Some(next.to_owned()),
            None => return (items, pages),
        }
    }
}

fn fleet() -> Vec<TenantRecord> {
    let tenant = |number: usize| {
        let mut tenant = samples::tenant(&format!("tenant_{number:04}"));
        let kinds = [(Engine::Postgres, Sync::InSync), (Engine::Mysql, Sync::Drifted), (Engine::Sqlite, Sync::Unknown)];
        (tenant.engine, tenant.sync) = kinds[number % 3];
        tenant.activity = if number.is_multiple_of(10) { Activity::Blocked } else { Activity::Idle };
        tenant.labels = [("tier".to_owned(), if number < 600 { "gold" } else { "iron" }.to_owned())].into();
        tenant.shape = Some(samples::hash(if number.is_multiple_of(2) { "even" } else { "odd" }));
        tenant
    };
    (0..1200).map(tenant).collect()
}

#[tokio::test]
async fn tenants_come_once_and_in_order() {
    let world = World::new().await;
    world.store.save_tenants(&fleet()).await.unwrap();
    for (path, count, pages) in [
        ("?limit=1000", 1200, 2),
        ("?limit=100", 1200, 12),
        ("?limit=7&name=tenant_000*", 10, 2),
        ("?sync=drifted&limit=200", 400, 2),
        ("?engine=sqlite&sync=unknown", 400, 4),
        ("?engine=sqlite&sync=in_sync", 0, 1),
        ("?activity=blocked&limit=1000", 120, 1),
        ("?label=tier%3Dgo*&limit=600", 600, 1),
        (&format!("?shape={}&limit=600", samples::hash("odd")), 600, 1),
    ] {
        let path = format!("/api/v1/tenants{path}");
        let (items, found) = all(&world, &path, "after").await;
        let names: Vec<_> = items.iter().map(|item| item["name"].as_str().unwrap()).collect();
        assert_eq!((names.len(), found), (count, pages), "{path}");
        assert!(names.is_sorted_by(|a, b| a < b), "{path}");
    }
    let page = world.get("/api/v1/tenants").await.ok(200);
    assert_eq!(page["items"].as_array().unwrap().len(), 100);
    assert_eq!(page["next"], "tenant_0099");
}

#[tokio::test]
async fn the_audit_goes_back_to_the_first_entry() {
    let world = World::new().await;
    let did = |number| AuditEvent::Did { who: "anna".to_owned(), what: format!("did {number}") };
    for number in 0..25 {
        let tenant = if number % 5 == 0 { "a" } else { "b" };
        world.store.append(&[samples::entry(number, tenant, did(number))]).await.unwrap();
    }
    let (items, pages) = all(&world, "/api/v1/audit?limit=10", "before").await;
    assert_eq!((items.len(), pages), (25, 3));
    assert_eq!((&items[0]["what"], &items[24]["what"]), (&"anna did 24".into(), &"anna did 0".into()));
    let of_a = world.get("/api/v1/audit?tenant=a").await.ok(200);
    assert_eq!(of_a["items"].as_array().unwrap().len(), 5);
    let late = world.get(&format!("/api/v1/audit?since={}", samples::at(20))).await.ok(200);
    assert_eq!(late["items"].as_array().unwrap().len(), 5);
    let plan = samples::plan("a").hash();
    assert_eq!(
        world.get(&format!("/api/v1/audit?plan={plan}&limit=30")).await.ok(200)["items"].as_array().unwrap().len(),
        25
    );
}

#[tokio::test]
async fn runs_and_shapes_have_pages_too() {
    let world = World::new().await;
    for number in 0..5 {
        world.store.begin_run(Trigger::Schedule, samples::at(number)).await.unwrap();
        world.store.save_shape(&samples::shape(&number.to_string())).await.unwrap();
    }
    let (runs, pages) = all(&world, "/api/v1/runs?limit=2", "before").await;
    assert_eq!((runs.len(), pages, &runs[0]["id"]), (5, 3, &5.into()));
    let (shapes, pages) = all(&world, "/api/v1/shapes?limit=2", "after").await;
    let ids: Vec<_> = shapes.iter().map(|shape| shape["id"].as_str().unwrap()).collect();
    assert_eq!((ids.len(), pages), (5, 3));
    assert!(ids.is_sorted_by(|a, b| a < b));
}
