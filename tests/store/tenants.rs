//! Finding tenants among many.

use std::collections::BTreeMap;

use rstest::rstest;
use undrift::model::{Engine as Kind, Glob};
use undrift::store::{Activity, Store, Sync, TenantFilter, TenantRecord};

use crate::home::Home;
use crate::samples::{hash, tenant};
use crate::support::Engine::{self, Postgres, Sqlite};

/// Every third one is in sync on SQLite, every tenth is silver.
fn numbered(number: usize) -> TenantRecord {
    let mut tenant = tenant(&format!("tenant_{number:05}"));
    if number.is_multiple_of(3) {
        (tenant.sync, tenant.activity, tenant.engine) = (Sync::InSync, Activity::Idle, Kind::Sqlite);
        tenant.shape = None;
    }
    if number.is_multiple_of(10) {
        tenant.labels.insert("tier".to_owned(), "silver".to_owned());
    }
    tenant
}

async fn filled(home: &Home, number: usize) -> Store {
    let store = home.open().await;
    let tenants: Vec<_> = (0..number).map(numbered).collect();
    store.save_tenants(&tenants).await.unwrap();
    store
}

async fn names(store: &Store, filter: &TenantFilter, after: Option<&str>, limit: usize) -> Vec<usize> {
    let page = store.tenants_page(filter, after, limit).await.unwrap();
    page.iter().map(|tenant| tenant.name["tenant_".len()..].parse().unwrap()).collect()
}

#[rstest]
#[tokio::test]
async fn pages_follow_each_other(#[values(Sqlite, Postgres)] engine: Engine) {
    let home = Home::new(engine);
    let store = filled(&home, 25).await;
    let all = TenantFilter::default();
    assert_eq!(names(&store, &all, None, 10).await, Vec::from_iter(0..10));
    assert_eq!(names(&store, &all, Some("tenant_00009"), 10).await, Vec::from_iter(10..20));
    assert_eq!(names(&store, &all, Some("tenant_00019"), 10).await, Vec::from_iter(20..25));
    assert_eq!(names(&store, &all, Some("tenant_00024"), 10).await, [0usize; 0]);
    assert_eq!(names(&store, &all, None, 0).await, [0usize; 0]);
}

#[rstest]
#[tokio::test]
async fn filters_choose(#[values(Sqlite, Postgres)] engine: Engine) {
    let home = Home::new(engine);
    // More than is read at a time.
    let store = filled(&home, 1203).await;
    let none = TenantFilter::default;
    let silver = Some(("tier".to_owned(), Glob::new("sil*").unwrap()));
    let thirds: Vec<_> = (0..1203).step_by(3).collect();
    for filter in [
        TenantFilter { sync: Some(Sync::InSync), ..none() },
        TenantFilter { activity: Some(Activity::Idle), ..none() },
        TenantFilter { engine: Some(Kind::Sqlite), ..none() },
    ] {
        assert_eq!(names(&store, &filter, None, 5000).await, thirds, "{filter:?}");
    }
    let shape = TenantFilter { shape: Some(hash("shape")), ..none() };
    assert_eq!(names(&store, &shape, None, 4).await, [1, 2, 4, 5]);
    let label = TenantFilter { label: silver.clone(), ..none() };
    assert_eq!(names(&store, &label, Some("tenant_01170"), 10).await, [1180, 1190, 1200]);
    let name = TenantFilter { name: Some(Glob::new("*_012{00,01}").unwrap()), ..none() };
    assert_eq!(names(&store, &name, None, 10).await, [1200, 1201]);
    let both = TenantFilter { label: silver, sync: Some(Sync::InSync), ..none() };
    assert_eq!(names(&store, &both, None, 3).await, [0, 30, 60]);
    let nobody = TenantFilter { label: Some(("region".to_owned(), Glob::new("*").unwrap())), ..none() };
    assert_eq!(names(&store, &nobody, None, 3).await, [0usize; 0]);
}

#[rstest]
#[tokio::test]
async fn the_summary_counts(#[values(Sqlite, Postgres)] engine: Engine) {
    let home = Home::new(engine);
    let store = filled(&home, 30).await;
    let summary = store.summary().await.unwrap();
    assert_eq!(summary.sync[&Kind::Sqlite], BTreeMap::from([(Sync::InSync, 10)]));
    assert_eq!(summary.sync[&Kind::Postgres], BTreeMap::from([(Sync::Drifted, 20)]));
    assert_eq!(summary.activity, BTreeMap::from([(Activity::Idle, 10), (Activity::PendingApproval, 20)]));
    let json = serde_json::to_value(&summary).unwrap();
    assert_eq!(json["sync"]["sqlite"]["in_sync"], 10);
}
