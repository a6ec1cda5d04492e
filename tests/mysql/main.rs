//! MySQL and MariaDB, against a real MariaDB server.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

#[path = "../support/mod.rs"]
mod support;

mod alterations;
mod confined;
mod errors;
mod fingerprints;
mod fixpoint;
mod implicit;
mod killed;
mod live_data;
mod locks;
mod names;
mod online;
mod pairs;
mod sessions;
mod walls;

use std::collections::BTreeMap;

use undrift::db::{Connection, DbError, Patience, Session, Target, Trouble};
use undrift::dialect::Dialect;
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

/// Runs a statement in the best way that the server takes, as a proof does. Returns the statement that it took.
async fn settle(session: &mut Session, statement: &str) -> Result<String, DbError> {
    let dialect = dialect::of(session.platform());
    let mut sql = statement.to_owned();
    loop {
        match session.execute(&sql).await {
            Ok(_) => return Ok(sql),
            Err(error) if error.trouble == Trouble::NotThatWay => match dialect.weaker(&sql) {
                Some(weaker) => sql = weaker,
                None => return Err(error),
            },
            Err(error) => return Err(error),
        }
    }
}

/// Runs a plan's statements, its preconditions first. Returns the statements that the server took.
async fn run(url: &str, plan: &Plan) -> Vec<String> {
    let mut session = connect(url).await;
    session.prepare().await.unwrap();
    let mut settling = Settling { dialect: dialect::of(session.platform()), taken: BTreeMap::new(), left: usize::MAX };
    let ran = apply::run(&mut session, plan, &apply::Limits::GENEROUS, &mut settling).await;
    ran.unwrap_or_else(|error| panic!("{error}"));
    session.close().await;
    settling.taken.into_values().collect()
}

/// Has statements carried out in ways that the server takes, as a proof does.
struct Settling {
    dialect: Box<dyn Dialect>,
    /// The statements, as they ran last.
    taken: BTreeMap<(usize, usize), String>,
    /// How many more statements may run.
    left: usize,
}

impl apply::Progress for Settling {
    fn instead(&mut self, _at: apply::Position, sql: &str, error: &DbError) -> Option<String> {
        self.dialect.weaker(sql).filter(|_| error.trouble == Trouble::NotThatWay)
    }

    fn before<'a>(&'a mut self, at: apply::Position, sql: &'a str) -> apply::Waiting<'a> {
        let is_new = self.taken.insert((at.step, at.statement), sql.to_owned()).is_none();
        let proceeds = !is_new || self.left > 0;
        self.left -= usize::from(is_new && proceeds);
        Box::pin(std::future::ready(if proceeds { Ok(()) } else { Err("cut short".to_owned()) }))
    }
}
