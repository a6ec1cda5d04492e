//! Looking again at tenants: what a visit notices, what it costs, and what it does when servers are away.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

#[path = "../support/mod.rs"]
mod support;

mod circuits;
mod idle;
mod mariadb;
mod postgres;
mod road;
mod sqlite;

use std::time::Duration;

use undrift::db::{Budget, Connection, Evidence, Look, Memo, Patience, Session, Target, Visit, Visitor};
use undrift::model::Schema;

const PATIENCE: Patience = Patience { connect: Duration::from_secs(20), read: Duration::from_secs(60) };

fn visitor() -> Visitor {
    Visitor::new(PATIENCE, Budget { at_once: 8, per_server: 4 })
}

fn target(url: &str) -> Target {
    Target::parse(url).unwrap()
}

/// Looks at a tenant for the first time.
async fn meet(visitor: &Visitor, url: &str) -> (Schema, Memo) {
    expect_seen(visitor.visit(&target(url), Look::default()).await.unwrap_or_else(|error| panic!("{error}")))
}

/// Looks again.
async fn revisit(visitor: &Visitor, url: &str, known: &Memo) -> Visit {
    let look = Look { known: Some(known), ..Look::default() };
    visitor.visit(&target(url), look).await.unwrap_or_else(|error| panic!("{error}"))
}

#[track_caller]
fn expect_seen(visit: Visit) -> (Schema, Memo) {
    match visit {
        Visit::Seen(seen) => (seen.glance.reading().unwrap().schema, seen.memo),
        Visit::Unchanged { evidence, .. } => panic!("unchanged, says {evidence:?}"),
    }
}

#[track_caller]
fn expect_unchanged(visit: Visit, by: Evidence) -> Memo {
    match visit {
        Visit::Unchanged { memo, evidence } if evidence == by => memo,
        Visit::Unchanged { evidence, .. } => panic!("unchanged, but {evidence:?} says so"),
        Visit::Seen(_) => panic!("it is taken for changed"),
    }
}

/// That what is learned of the first of these databases tells which of them are kept in the same way, and that the others
/// read otherwise.
async fn what_is_learned_tells(databases: &[(&String, bool)]) {
    let mut session = Session::connect(&target(databases[0].0), PATIENCE).await.unwrap();
    let (structure, memo) = session.learn().await.unwrap();
    assert_eq!(structure, session.structure().await.unwrap());
    session.close().await;
    let memo = memo.expect("something tells");
    for (url, alike) in databases {
        let mut session = Session::connect(&target(url), PATIENCE).await.unwrap();
        let found = session.look_again(&memo).await.unwrap();
        assert_eq!(found.is_none(), *alike, "{url}");
        assert!(found.is_none_or(|found| found != structure), "{url}");
        session.close().await;
    }
}

/// That each of these statements is noticed, and nothing else is.
async fn notices_each(url: &str, statements: &[&str], run: impl Fn(&str)) {
    let visitor = visitor();
    let (_, mut memo) = meet(&visitor, url).await;
    for statement in statements {
        memo = expect_unchanged(revisit(&visitor, url, &memo).await, Evidence::Catalog);
        run(statement);
        let visit = revisit(&visitor, url, &memo).await;
        assert!(matches!(visit, Visit::Seen(_)), "not noticed: {statement}");
        memo = expect_seen(visit).1;
    }
}
