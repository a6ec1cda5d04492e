//! One daemon works, others stand by.

use std::time::Duration;

use rstest::rstest;

use crate::home::Home;
use crate::support::Engine::{self, Postgres, Sqlite};

const LONG: Duration = Duration::from_secs(600);
const SHORT: Duration = Duration::from_millis(300);

#[rstest]
#[tokio::test]
async fn a_lease_is_one_daemons(#[values(Sqlite, Postgres)] engine: Engine) {
    let home = Home::new(engine);
    let (a, b) = (home.open().await, home.open().await);
    assert_eq!(b.leaseholder().await.unwrap(), None);
    let epoch = a.lease("a", LONG).await.unwrap().unwrap();
    assert_eq!(b.lease("b", LONG).await.unwrap(), None);
    assert_eq!(b.leaseholder().await.unwrap(), Some(("a".to_owned(), 1)));
    assert!(a.renew(epoch).await.unwrap());

    a.release(epoch).await.unwrap();
    assert_eq!(b.leaseholder().await.unwrap(), None);
    let next = b.lease("b", LONG).await.unwrap().unwrap();
    assert!(next > epoch);
    assert!(!a.renew(epoch).await.unwrap());
    a.release(epoch).await.unwrap();
    assert_eq!(b.leaseholder().await.unwrap(), Some(("b".to_owned(), 2)), "an old epoch gives nothing back");
}

#[rstest]
#[tokio::test]
async fn a_lease_of_the_dead_goes_on(#[values(Sqlite, Postgres)] engine: Engine) {
    let home = Home::new(engine);
    let (dead, next) = (home.open().await, home.open().await);
    let old = dead.lease("dead", SHORT).await.unwrap().unwrap();
    tokio::time::sleep(2 * SHORT).await;
    assert!(dead.renew(old).await.unwrap(), "nobody took it");
    tokio::time::sleep(2 * SHORT).await;
    assert!(next.lease("next", LONG).await.unwrap().unwrap() > old);
    assert!(!dead.renew(old).await.unwrap());
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_at_once_one_gets_it(#[values(Sqlite, Postgres)] engine: Engine) {
    let home = Home::new(engine);
    let stores = [home.open().await, home.open().await, home.open().await];
    let tries = stores.iter().map(|store| store.lease("x", LONG));
    let epochs = futures_util::future::try_join_all(tries).await.unwrap();
    assert_eq!(epochs.iter().flatten().count(), 1, "{epochs:?}");
}
