//! Tenants that PostgreSQL counted no write in.

use std::time::Duration;

use undrift::db::{Activity, Evidence, Look, Memo, Visit, Visitor};

use super::support::postgres;
use super::{expect_seen, expect_unchanged, target, visitor};

/// What the server counted in a tenant.
async fn activity(visitor: &Visitor, url: &str) -> Activity {
    let name = target(url).database().unwrap();
    visitor.activity(&target(url)).await.unwrap_or_else(|error| panic!("{error}"))[&name]
}

async fn look(visitor: &Visitor, url: &str, known: Option<&Memo>, full: bool) -> Visit {
    let activity = activity(visitor, url).await;
    visitor.visit(&target(url), Look { known, full, activity: Some(&activity) }).await.unwrap()
}

/// A tenant that was read after everything in it had been counted.
async fn settled(visitor: &Visitor, url: &str) -> Memo {
    let mut memo = expect_seen(look(visitor, url, None, false).await).1;
    for _ in 0..100 {
        match look(visitor, url, Some(&memo), false).await {
            Visit::Unchanged { memo, evidence: Evidence::Activity } => return memo,
            Visit::Unchanged { memo: next, .. } => memo = next,
            Visit::Seen(_) => panic!("nothing happened"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the server never stops counting");
}

#[tokio::test]
async fn idle_tenants_are_left_alone_until_they_are_not() {
    let url = postgres().database("idle");
    postgres().sql(
        &url,
        "CREATE TYPE mood AS ENUM ('sad'); CREATE TABLE p (id integer PRIMARY KEY);
         CREATE TABLE c (p integer CONSTRAINT up REFERENCES p);
         ALTER TABLE c ADD CONSTRAINT few CHECK (p < 9) NOT VALID",
    );
    let visitor = visitor().with_lag(Duration::ZERO);
    let statements = [
        "ALTER TABLE c ADD COLUMN note text",
        "ALTER TABLE c VALIDATE CONSTRAINT few",
        "ALTER TABLE c DROP CONSTRAINT up",
        "ALTER TYPE mood ADD VALUE 'angry'",
        "COMMENT ON TABLE c IS 'small'",
        "CREATE SEQUENCE s",
        "ALTER SEQUENCE s INCREMENT 5",
        "CREATE FUNCTION one() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "CREATE INDEX CONCURRENTLY i ON c (p)",
        "ALTER TABLE c SET (fillfactor = 70)",
        "DROP TABLE c",
    ];
    for statement in statements {
        let memo = settled(&visitor, &url).await;
        let read = memo.read_at();
        let memo = expect_unchanged(look(&visitor, &url, Some(&memo), false).await, Evidence::Activity);
        assert_eq!(memo.read_at(), read, "nobody read anything");
        postgres().sql(&url, statement);
        noticed(&visitor, &url, &memo, statement).await;
    }
}

/// A session counts at the latest when it ends, but its end is not waited for.
async fn noticed(visitor: &Visitor, url: &str, memo: &Memo, statement: &str) {
    for _ in 0..100 {
        if matches!(look(visitor, url, Some(memo), false).await, Visit::Seen(_)) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("not noticed: {statement}");
}

#[tokio::test]
async fn a_full_look_believes_no_counter() {
    let url = postgres().database("full");
    let visitor = visitor().with_lag(Duration::ZERO);
    let memo = settled(&visitor, &url).await;
    expect_unchanged(look(&visitor, &url, Some(&memo), true).await, Evidence::Catalog);
}

#[tokio::test]
async fn what_was_read_lately_is_read_again() {
    let url = postgres().database("lately");
    let memo = settled(&visitor().with_lag(Duration::ZERO), &url).await;
    expect_unchanged(look(&visitor(), &url, Some(&memo), false).await, Evidence::Catalog);
}

#[tokio::test]
async fn where_counting_may_be_off_nothing_is_said() {
    let url = postgres().database("uncounted");
    let name = target(&url).database().unwrap();
    let visitor = visitor();
    assert!(visitor.activity(&target(&url)).await.unwrap().contains_key(&name));
    postgres().sql(&url, &format!("ALTER DATABASE {name} SET track_counts = off"));
    let counted = visitor.activity(&target(&url)).await.unwrap();
    postgres().sql(&url, &format!("ALTER DATABASE {name} RESET track_counts"));
    assert!(!counted.contains_key(&name));
}

/// A service that looks every second is to believe a server that counts once a minute.
#[tokio::test]
async fn visits_that_come_faster_than_the_server_counts_do_not_put_it_off() {
    let url = postgres().database("idle");
    let visitor = visitor().with_lag(Duration::from_secs(2));
    let begun = std::time::Instant::now();
    let memo = settled(&visitor, &url).await;
    assert!(begun.elapsed() >= Duration::from_secs(2), "it was believed too early");
    assert!(memo.read_at().elapsed() < Duration::from_secs(1), "it was looked at again and again until then");
    postgres().sql(&url, "CREATE TABLE t (a integer)");
    let mut memo = memo;
    for _ in 0..100 {
        match look(&visitor, &url, Some(&memo), false).await {
            Visit::Unchanged { memo: next, .. } => memo = next,
            Visit::Seen(_) => return,
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the table was never seen");
}
