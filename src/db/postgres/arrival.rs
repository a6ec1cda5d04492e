//! The shortest way to a catalog: connect, one message, hang up.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::catalog::{self, Builtin};
use super::connect::{self, Greeting};
use super::express::{Express, Login, Remembered};
use super::question::{BEGINNING, Question, beginning, between};
use super::rows::Rows;
use super::sheet::Sheet;
use super::signs::{self, Kinds, Told};
use super::wire::{Line, Wire};
use super::{Activity, GRACE, activity};
use crate::db::visit::Found;
use crate::db::{DbError, Extent, Glance, Patience, Target, Trouble};
use crate::model::{Hash, Version};

/// What all visits know of servers and logins.
#[derive(Default)]
pub(in crate::db) struct Acquaintances {
    /// What each server brings along, by its address and its version's number.
    builtins: Mutex<BTreeMap<(String, u32), Arc<Builtin>>>,
    keys: Remembered,
    /// Logins with which only the driver gets in.
    formal: Mutex<HashSet<Hash>>,
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a look at a database gave.
pub(in crate::db) enum Looked {
    /// The signs are those that are known.
    Same(Hash, Kinds),
    /// They are others, so everything was read. Their hash is the glance's key.
    New(Found, Kinds),
}

impl Acquaintances {
    /// Connects in the quickest way that the server takes, and says nothing yet.
    pub(super) async fn open(&self, target: &Target, patience: Patience) -> Result<Wire, DbError> {
        let id = target.login()?;
        if !lock(&self.formal).contains(&id) {
            let doing = format!("connect to {target}");
            let login = Login { id, password: target.password()?, remembered: &self.keys };
            let options = connect::options(target, &doing)?;
            if let Some(express) = Express::connect(&options, &login, patience, &doing).await? {
                return Ok(Wire::new(Line::Express(express), connect::place(&options)));
            }
            lock(&self.formal).insert(id);
        }
        connect::open(target, patience).await
    }

    /// What a server brings along, if it was read.
    pub(super) fn builtin(&self, server: &str, version: u32) -> Option<Arc<Builtin>> {
        lock(&self.builtins).get(&(server.to_owned(), version)).cloned()
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
    pub(in crate::db) async fn connect(
        target: &Target,
        patience: Patience,
        known: &Acquaintances,
    ) -> Result<Self, DbError> {
        let wire = known.open(target, patience).await?;
        Ok(Self { wire, server: target.server(), doing: format!("connect to {target}"), patience })
    }

    /// Asks for the signs of a change, in one message; for the whole catalog too, unless they have this hash.
    pub(in crate::db) async fn look(
        mut self,
        acquaintances: &Acquaintances,
        known: Option<(Hash, Kinds)>,
    ) -> Result<Looked, DbError> {
        let number = self.version().await?;
        let looked = match known {
            Some((key, kinds)) if self.is_same(connect::version(number), key, kinds).await? => {
                Ok(Looked::Same(key, kinds))
            }
            _ => self.read(acquaintances, number).await,
        };
        self.wire.close().await;
        looked
    }

    async fn is_same(&mut self, version: Version, key: Hash, kinds: Kinds) -> Result<bool, DbError> {
        let question = Question::new(version, kinds, self.wire.manner(), self.patience.read);
        let answers = self.wire.fetch(&question.message, self.patience.read + GRACE).await?;
        Ok(question.is_answered_with(key, &answers))
    }

    /// Reads everything: the signs, where this is, and the catalog, from one snapshot.
    async fn read(&mut self, acquaintances: &Acquaintances, number: u32) -> Result<Looked, DbError> {
        let builtin = acquaintances.builtin(&self.server, number);
        let version = connect::version(number);
        let (signs, count) = signs::query(version, Kinds::ALL, self.wire.manner());
        let catalog = catalog::query(version, Extent::Whole, builtin.is_none());
        let message = format!(
            "{}; {signs};\n{}; {catalog}; COMMIT",
            beginning(self.patience.read),
            Greeting::message_inside(number)
        );
        let mut answers = self.wire.fetch(&message, self.patience.read + GRACE).await?;
        answers.pop();
        let Some(Told { key, kinds }) = signs::told(between(&answers, count), version, Kinds::ALL) else {
            return Err(silent(&self.doing));
        };
        let rest = answers.split_off(BEGINNING + count);
        let said = rest.iter().find_map(|sheet| sheet.texts().into_iter().next());
        let greeting = Greeting::of(said.ok_or_else(|| silent(&self.doing))?, &self.doing)?;
        let rows = Rows::take(rest, builtin, &greeting)?;
        lock(&acquaintances.builtins).insert((self.server.clone(), number), rows.builtin());
        let glance = Glance::postgres(key, rows);
        Ok(Looked::New(Found { platform: greeting.platform, place: greeting.place, glance }, kinds))
    }

    /// Asks what the server counted of the writes in each of its databases.
    pub(in crate::db) async fn activity(mut self) -> Result<BTreeMap<String, Activity>, DbError> {
        let message = format!("{}; {}; COMMIT", beginning(self.patience.read), activity::QUERY);
        let answers = self.wire.fetch(&message, self.patience.read + GRACE).await;
        self.wire.close().await;
        Ok(answers?.iter().flat_map(Sheet::texts).filter_map(|row| activity::of(&row)).collect())
    }

    /// The version's number: what the server said when it let us in, or else what it says when it is asked.
    async fn version(&mut self) -> Result<u32, DbError> {
        if let Some(number) = self.wire.version_number() {
            return Ok(number);
        }
        let answers = self.wire.fetch("SHOW server_version_num", self.patience.connect).await?;
        let row = answers.first().and_then(|sheet| sheet.texts().into_iter().next());
        let number = row.and_then(|row| row.into_iter().next().flatten()).and_then(|text| text.parse().ok());
        number.ok_or_else(|| silent(&self.doing))
    }
}

fn silent(doing: &str) -> DbError {
    DbError::new(Trouble::Unreadable, doing, "the server does not say what it is")
}
