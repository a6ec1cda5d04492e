//! The shortest way to a catalog: connect, one message, hang up.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::catalog::{self, Builtin};
use super::connect::{self, Greeting};
use super::rows;
use super::wire::{Wire, texts};
use super::{Activity, GRACE, activity};
use crate::db::visit::Found;
use crate::db::{DbError, Patience, Target, Trouble};
use crate::model::Version;

/// What each server brings along, by its address and its version's number.
#[derive(Default)]
pub(in crate::db) struct Builtins(Mutex<BTreeMap<(String, u32), Arc<Builtin>>>);

impl Builtins {
    fn get(&self, key: &(String, u32)) -> Option<Arc<Builtin>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    fn put(&self, key: (String, u32), builtin: Arc<Builtin>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, builtin);
    }
}

/// A connection that stands and over which nothing was said yet.
pub(in crate::db) struct Arrival {
    wire: Wire,
    server: String,
    doing: String,
    patience: Patience,
}

impl Arrival {
    /// Connects and logs in.
    pub(in crate::db) async fn connect(target: &Target, patience: Patience) -> Result<Self, DbError> {
        let wire = connect::open(target, patience).await?;
        Ok(Self { wire, server: target.server(), doing: format!("connect to {target}"), patience })
    }

    /// Asks where this is and for the whole catalog, in one message.
    pub(in crate::db) async fn look(mut self, builtins: &Builtins) -> Result<Found, DbError> {
        let version = self.version().await?;
        let place = (self.server.clone(), version);
        let known = builtins.get(&place);
        let message = message(connect::version(version), known.is_none(), self.patience);
        let answers = self.wire.fetch(&message, self.patience.read + GRACE).await;
        self.wire.close().await;
        let answers = answers?;
        let said = answers.iter().find_map(|answer| answer.rows.first()).map(texts).transpose();
        let said = said.ok().flatten().ok_or_else(|| silent(&self.doing))?;
        let greeting = Greeting::of(said, &self.doing)?;
        let (glance, builtin) = rows::glance(answers, known, &greeting)?;
        builtins.put(place, builtin);
        Ok(Found { platform: greeting.platform, place: greeting.place, glance })
    }

    /// Asks what the server counted of the writes in each of its databases.
    pub(in crate::db) async fn activity(mut self) -> Result<BTreeMap<String, Activity>, DbError> {
        let answers = self.wire.send(activity::QUERY, self.patience.read).await;
        self.wire.close().await;
        Ok(answers?.into_iter().flat_map(|answer| answer.rows).filter_map(|row| activity::of(&row)).collect())
    }

    /// The version's number: what the server said when it let us in, or else what it says when it is asked.
    async fn version(&mut self) -> Result<u32, DbError> {
        if let Some(number) = self.wire.version_number() {
            return Ok(number);
        }
        let row = self.wire.row("SHOW server_version_num", self.patience.connect).await?;
        let number = row.into_iter().next().flatten().and_then(|text| text.parse().ok());
        number.ok_or_else(|| silent(&self.doing))
    }
}

fn silent(doing: &str) -> DbError {
    DbError::new(Trouble::Unreadable, doing, "the server does not say what it is")
}

/// Where and what, from one snapshot.
fn message(version: Version, builtin: bool, patience: Patience) -> String {
    let limit = patience.read.as_millis();
    format!(
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = {limit};\n{};\n\
         SET LOCAL search_path = pg_catalog, public; {}; COMMIT",
        Greeting::message(),
        catalog::query(version, builtin)
    )
}
