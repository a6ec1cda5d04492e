//! What the state costs, as ratios: what is written together costs less than what is written one by one.

use std::time::{Duration, Instant};

use rstest::rstest;
use undrift::store::Store;

use crate::home::Home;
use crate::samples::{entry, intent, tenant};
use crate::support::Engine::{self, Postgres, Sqlite};

#[rstest]
#[tokio::test]
async fn ten_thousand_tenants_are_saved_together(#[values(Sqlite, Postgres)] engine: Engine) {
    let home = Home::new(engine);
    let store = home.open().await;
    let tenants: Vec<_> = (0..10_000).map(|number| tenant(&format!("tenant_{number:05}"))).collect();
    let started = Instant::now();
    for tenant in &tenants[..50] {
        store.save_tenants(std::slice::from_ref(tenant)).await.unwrap();
    }
    let alone = started.elapsed() / 50;
    let started = Instant::now();
    store.save_tenants(&tenants).await.unwrap();
    let together = started.elapsed();
    println!("a tenant alone: {alone:?}; 10,000 together: {together:?}");
    assert!(together < alone * 10_000, "{together:?} for 10,000 is no less than {alone:?} each");
    assert_eq!(store.tenants().await.unwrap().len(), 10_000);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn appends_at_once_share_the_way_to_the_disk(#[values(Sqlite, Postgres)] engine: Engine) {
    let home = Home::new(engine);
    let store = home.open().await;
    let alone = rate(&store, 1).await;
    let together = rate(&store, 8).await;
    println!("appends a second: {alone:.0} by one task, {together:.0} by eight");
    assert!(together > alone, "{together:.0} appends a second by eight tasks, {alone:.0} by one");
}

/// Appends a second of so many tasks, each waiting for one append before the next.
async fn rate(store: &Store, tasks: usize) -> f64 {
    let started = Instant::now();
    let work = (0..tasks).map(|_| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut done = 0;
            while started.elapsed() < Duration::from_secs(1) {
                store.append(&[entry(0, "a", intent(1))]).await.unwrap();
                done += 1;
            }
            done
        })
    });
    let mut done = 0;
    for task in Vec::from_iter(work) {
        done += task.await.unwrap();
    }
    f64::from(done) / started.elapsed().as_secs_f64()
}
