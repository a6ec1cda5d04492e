//! What the SQLite tests do again and again: make a file, read it, turn one structure into another.

use std::time::Duration;

use tempfile::TempDir;
use undrift::apply::{Limits, Silence};
use undrift::db::{Connection, Patience, Reading, Session, Target};
use undrift::dialect::{self, Dialect};
use undrift::diff::difference;
use undrift::model::{Change, Fingerprint, Plan, Renames, Schema};
use undrift::plan::{Batch, build, creation};

/// A database file in a folder of its own.
pub struct File {
    pub folder: TempDir,
    pub url: String,
}

pub const PATIENCE: Patience = Patience { connect: Duration::from_secs(2), read: Duration::from_secs(20) };

pub const LIMITS: Limits = Limits {
    lock_timeout: Duration::from_millis(200),
    statement_timeout: Duration::from_secs(10),
    slow_statement_timeout: Duration::from_secs(20),
    retries: 0,
    batch: 1_000,
    batch_pause: Duration::ZERO,
};

/// A new database that a script was run in.
pub async fn file(sql: &str) -> File {
    let folder = crate::support::folder();
    let url = format!("sqlite:{}", folder.path().join("tenant.db").display());
    // Not with a session of undrift's, which refuses much that owners do with their files.
    crate::support::sqlite_sql(&url, sql);
    File { folder, url }
}

pub async fn connect(url: &str) -> Session {
    Session::connect(&Target::parse(url).unwrap(), PATIENCE).await.unwrap_or_else(|error| panic!("{error}"))
}

pub async fn reading(url: &str) -> Reading {
    let mut session = connect(url).await;
    let reading = session.read().await.unwrap_or_else(|error| panic!("{error}"));
    session.close().await;
    reading
}

/// The structure that a script makes.
pub async fn schema(sql: &str) -> Schema {
    let file = file(sql).await;
    reading(&file.url).await.schema
}

pub async fn fingerprint(sql: &str) -> Fingerprint {
    Fingerprint::of(&schema(sql).await)
}

/// The dialect of the library that is linked.
pub fn sqlite() -> Box<dyn Dialect> {
    use undrift::model::{Platform, Vendor, Version};
    dialect::of(&Platform::new(Vendor::Sqlite, Version(3, 51, 0)))
}

/// The statements that build a structure from nothing.
pub fn statements(schema: &Schema) -> Vec<String> {
    creation(&*sqlite(), schema).unwrap().into_iter().flat_map(|step| step.statements).collect()
}

/// The plan from what a file holds to what a script makes.
pub async fn plan(file: &File, goal: &str, renames: &[Change], declared: &Renames) -> Plan {
    let before = reading(&file.url).await.schema;
    let start = Fingerprint::of(&before);
    let renamed = renamed(&before, renames, file).await;
    let wanted = schema(goal).await;
    let changes = difference(&renamed, &wanted, declared).changes;
    let after = renamed.evolve(&changes);
    let first = Batch { from: &before, to: &renamed, changes: renames };
    let rest = Batch { from: &renamed, to: &after, changes: &changes };
    build(&*sqlite(), start, first, rest, Vec::new()).unwrap()
}

/// The structure after renames, as SQLite itself carries them out on a copy.
async fn renamed(before: &Schema, renames: &[Change], file: &File) -> Schema {
    if renames.is_empty() {
        return before.clone();
    }
    let mut session = connect(&file.url).await;
    let mut scratch = session.scratch(None, &Schema::default()).await.unwrap();
    for text in session.read().await.unwrap().copy.unwrap() {
        scratch.session.execute(&text).await.unwrap();
    }
    let to = before.evolve(renames);
    for op in sqlite().ops(before, &to, renames) {
        for statement in op.statements {
            scratch.session.execute(&statement).await.unwrap();
        }
    }
    let schema = scratch.session.read().await.unwrap().schema;
    scratch.discard().await.unwrap();
    session.close().await;
    schema
}

pub async fn run(file: &File, plan: &Plan) -> Result<(), undrift::apply::ApplyError> {
    let mut session = connect(&file.url).await;
    let outcome = undrift::apply::run(&mut session, plan, &LIMITS, &mut Silence).await;
    session.close().await;
    outcome
}

/// Turns what a script made into what another makes, and reads that it is so. Returns the plan.
pub async fn turn(file: &File, goal: &str, renames: &[Change], declared: &Renames) -> Plan {
    let plan = plan(file, goal, renames, declared).await;
    run(file, &plan).await.unwrap_or_else(|error| panic!("{error}\n{plan:#?}"));
    let reached = reading(&file.url).await.schema;
    let left = difference(&reached, &schema(goal).await, declared).changes;
    assert!(left.is_empty(), "left over: {left:#?}\nafter {plan:#?}");
    plan
}

/// Runs a query with SQLite's own client.
pub fn query(file: &File, sql: &str) -> String {
    crate::support::sqlite_query(&file.url, sql)
}
