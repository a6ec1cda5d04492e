//! MySQL and MariaDB, against a real MariaDB server.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

#[path = "../support/mod.rs"]
mod support;

mod alterations;
mod errors;
mod fingerprints;
mod fixpoint;
mod implicit;
mod names;
mod pairs;
mod sessions;

use undrift::db::{Connection, Patience, Session, Target};
use undrift::diff::difference;
use undrift::model::{Fingerprint, Plan, Renames, Schema};
use undrift::{apply, dialect, plan};

/// A session with a database.
async fn connect(url: &str) -> Session {
    Session::connect(&Target::parse(url).unwrap(), Patience::default()).await.unwrap()
}

/// What a database holds.
async fn read(url: &str) -> Schema {
    let mut session = connect(url).await;
    let schema = session.read().await.unwrap().schema;
    session.close().await;
    schema
}

/// A database made by a script of the server's own client.
fn database(hint: &str, sql: &str) -> String {
    let url = support::mariadb().database(hint);
    support::mariadb().sql(&url, sql);
    url
}

/// Builds a schema in a new database, from nothing.
async fn build(hint: &str, schema: &Schema) -> String {
    let url = support::mariadb().database(hint);
    let mut session = connect(&url).await;
    session.prepare().await.unwrap();
    let dialect = dialect::of(session.platform());
    for step in plan::creation(&*dialect, schema).unwrap() {
        for statement in &step.statements {
            session.execute(statement).await.unwrap_or_else(|error| panic!("{error}\n{statement}"));
        }
    }
    session.close().await;
    url
}

/// The plan that turns one schema into another.
async fn plan_between(url: &str, from: &Schema, to: &Schema, renames: &Renames) -> Plan {
    let session = connect(url).await;
    let dialect = dialect::of(session.platform());
    let changes = difference(from, to, renames).changes;
    let goal = from.evolve(&changes);
    let nothing = plan::Batch { from, to: from, changes: &[] };
    let rest = plan::Batch { from, to: &goal, changes: &changes };
    plan::build(&*dialect, Fingerprint::of(from), nothing, rest, Vec::new())
        .unwrap_or_else(|circle| panic!("{circle}: {changes:#?}"))
}

/// Runs a plan's statements, its preconditions first.
async fn run(url: &str, plan: &Plan) {
    let mut session = connect(url).await;
    session.prepare().await.unwrap();
    let ran = apply::run(&mut session, plan, &apply::Limits::GENEROUS, &mut apply::Silence).await;
    ran.unwrap_or_else(|error| panic!("{error}"));
    session.close().await;
}
