//! What the table of type changes says is what the server does.

use super::engine::{assert_same, changes, dialect, ordered, read, run, schema_of, session};
use super::support::postgres;
use undrift::db::Connection;
use undrift::dialect::postgres::conversion::{TYPE_CHANGES, TypeChange, Values, Work};
use undrift::model::{Hazard, Op};

/// A value of the old type that the new one takes.
fn sample(change: &TypeChange) -> &'static str {
    match (change.from, change.to) {
        ("text", "uuid") | ("uuid", _) => "11111111-1111-1111-1111-111111111111",
        ("text", "timestamp with time zone") => "2026-01-02 03:04:05+00",
        ("text" | "json" | "jsonb", "jsonb" | "json") => "{\"a\": 1}",
        (from, _) if from.starts_with("timestamp") || from == "date" => "2026-01-02 03:04:05.5",
        (from, _) if from.starts_with("time") => "03:04:05.5",
        (from, _) if from.starts_with("interval") => "90 minutes",
        (from, _) if from.starts_with("bit") => "10101010",
        (from, _) if from.ends_with("[]") => "{1,2}",
        ("cidr" | "inet", _) => "10.1.0.0/16",
        ("macaddr", _) => "08:00:2b:01:02:03",
        _ => "1",
    }
}

/// Whether the type has an order, so that an index over it can be built.
fn is_sorted(name: &str) -> bool {
    name != "json"
}

/// What the server, or a hazard, says otherwise.
async fn tried(change: &TypeChange) -> Vec<String> {
    let TypeChange { from, to, .. } = *change;
    let (url, goal_url) = (postgres().database("type"), postgres().database("type_goal"));
    let index = if is_sorted(from) && is_sorted(to) { "CREATE INDEX i ON t (c);" } else { "" };
    let extension = if from == "citext" || to == "citext" { "CREATE EXTENSION citext;" } else { "" };
    let create = |name: &str| format!("{extension} CREATE TABLE t (c {name}); {index}");
    postgres().sql(&url, &format!("{} INSERT INTO t VALUES ('{}')", create(from), sample(change)));
    postgres().sql(&goal_url, &create(to));
    let files = "SELECT pg_relation_filenode('t'), pg_relation_filenode('i')";
    let files = if index.is_empty() { "SELECT pg_relation_filenode('t')" } else { files };
    let before = postgres().query(&url, files);
    let goal = schema_of(&goal_url).await;
    let mut tenant = session(&url).await;
    let start = read(&mut tenant).await;
    let ops = ordered(dialect(&tenant).ops(&start, &goal, &changes(&start, &goal)));
    run(&mut tenant, &ops).await;
    assert_same(&read(&mut tenant).await, &goal);
    tenant.close().await;
    let done = work(&before, &postgres().query(&url, files));
    let mut wrong = wrong_hazards(change, &ops, !index.is_empty());
    wrong.extend((done != change.work).then(|| format!("{from} → {to}: the server {done:?}")));
    wrong
}

fn work(before: &str, after: &str) -> Work {
    let files = |text: &str| text.split('|').map(str::to_owned).collect::<Vec<_>>();
    let (before, after) = (files(before), files(after));
    match (before[0] != after[0], before.get(1) != after.get(1)) {
        (true, _) => Work::Rewrites,
        (false, true) => Work::Reindexes,
        (false, false) => Work::Nothing,
    }
}

fn wrong_hazards(change: &TypeChange, ops: &[Op], is_indexed: bool) -> Vec<String> {
    let has = |hazard| ops.iter().flat_map(|op| &op.hazards).any(|note| note.hazard == hazard);
    let slow = change.work == Work::Rewrites || (change.work == Work::Reindexes && is_indexed);
    let wanted = [
        (Hazard::ExclusiveLock, slow),
        (Hazard::RewritesTable, change.work == Work::Rewrites),
        (Hazard::MayLoseData, change.values == Values::Altered),
        (Hazard::MayFailOnData, change.values == Values::Checked || has(Hazard::MayFailOnData)),
    ];
    let wrong = wanted.into_iter().filter(|(hazard, wanted)| has(*hazard) != *wanted);
    wrong.map(|(hazard, wanted)| format!("{} → {}: {hazard} should be {wanted}", change.from, change.to)).collect()
}

#[tokio::test]
async fn every_change_of_type_does_what_the_table_says() {
    let mut wrong = Vec::new();
    for change in &TYPE_CHANGES {
        wrong.extend(tried(change).await);
    }
    assert_eq!(wrong, [""; 0]);
}
