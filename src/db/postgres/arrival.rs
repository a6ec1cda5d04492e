//! The shortest way to a catalog: connect, one message, hang up.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::catalog::{self, Builtin};
use super::connect::{self, Greeting};
use super::express::{Express, Login, Remembered};
use super::rows::Rows;
use super::sheet::Sheet;
use super::signs::{self, Kinds, Manner, Told};
use super::wire::Wire;
use super::{Activity, GRACE, activity};
use crate::db::visit::Found;
use crate::db::{DbError, Glance, Patience, Target, Trouble};
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

/// A connection that stands and over which nothing was said yet.
pub(in crate::db) struct Arrival {
    road: Road,
    server: String,
    doing: String,
    patience: Patience,
}

/// How the server is talked to.
enum Road {
    Express(Express),
    Driver(Wire),
}

impl Road {
    async fn open(target: &Target, patience: Patience, known: &Acquaintances, doing: &str) -> Result<Self, DbError> {
        let id = target.login()?;
        if !lock(&known.formal).contains(&id) {
            let login = Login { id, password: target.password()?, remembered: &known.keys };
            let options = connect::options(target, doing)?;
            if let Some(express) = Express::connect(&options, &login, patience, doing).await? {
                return Ok(Self::Express(express));
            }
            lock(&known.formal).insert(id);
        }
        connect::open(target, patience).await.map(Self::Driver)
    }

    async fn ask(&mut self, sql: &str, within: Duration) -> Result<Vec<Sheet>, DbError> {
        match self {
            Self::Express(express) => express.ask(sql, within).await,
            Self::Driver(wire) => wire.fetch(sql, within).await,
        }
    }

    fn manner(&self) -> Manner {
        match self {
            Self::Express(_) => Manner::Copy,
            Self::Driver(_) => Manner::Rows,
        }
    }

    fn version_number(&self) -> Option<u32> {
        match self {
            Self::Express(express) => express.version_number(),
            Self::Driver(wire) => wire.version_number(),
        }
    }

    async fn close(self) {
        match self {
            Self::Express(express) => express.close().await,
            Self::Driver(wire) => wire.close().await,
        }
    }
}

impl Arrival {
    /// Connects and logs in.
    pub(in crate::db) async fn connect(
        target: &Target,
        patience: Patience,
        known: &Acquaintances,
    ) -> Result<Self, DbError> {
        let doing = format!("connect to {target}");
        let road = Road::open(target, patience, known, &doing).await?;
        Ok(Self { road, server: target.server(), doing, patience })
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
        self.road.close().await;
        looked
    }

    async fn is_same(&mut self, version: Version, key: Hash, kinds: Kinds) -> Result<bool, DbError> {
        let (signs, count) = signs::query(version, kinds, self.road.manner());
        let message = format!("{}; {signs}; COMMIT", self.beginning());
        let answers = self.road.ask(&message, self.patience.read + GRACE).await?;
        Ok(signs::told(between(&answers, count), kinds).is_some_and(|told| told.key == key))
    }

    /// Reads everything: the signs, where this is, and the catalog, from one snapshot.
    async fn read(&mut self, acquaintances: &Acquaintances, number: u32) -> Result<Looked, DbError> {
        let place = (self.server.clone(), number);
        let builtin = lock(&acquaintances.builtins).get(&place).cloned();
        let version = connect::version(number);
        let (signs, count) = signs::query(version, Kinds::ALL, self.road.manner());
        let catalog = catalog::query(version, builtin.is_none());
        let message = format!(
            "{}; {signs};\n{}; SET LOCAL search_path = pg_catalog, public; {catalog}; COMMIT",
            self.beginning(),
            Greeting::message()
        );
        let mut answers = self.road.ask(&message, self.patience.read + GRACE).await?;
        let rest = answers.split_off((BEGINNING + count).min(answers.len()));
        let Some(Told { key, kinds }) = signs::told(between(&answers, count), Kinds::ALL) else {
            return Err(silent(&self.doing));
        };
        let said = rest.iter().find_map(|sheet| sheet.texts().into_iter().next());
        let greeting = Greeting::of(said.ok_or_else(|| silent(&self.doing))?, &self.doing)?;
        let rows = Rows::take(rest, builtin, &greeting)?;
        lock(&acquaintances.builtins).insert(place, rows.builtin());
        let glance = Glance::postgres(key, rows);
        Ok(Looked::New(Found { platform: greeting.platform, place: greeting.place, glance }, kinds))
    }

    fn beginning(&self) -> String {
        let limit = self.patience.read.as_millis();
        format!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = {limit}")
    }

    /// Asks what the server counted of the writes in each of its databases.
    pub(in crate::db) async fn activity(mut self) -> Result<BTreeMap<String, Activity>, DbError> {
        let answers = self.road.ask(activity::QUERY, self.patience.read).await;
        self.road.close().await;
        Ok(answers?.iter().flat_map(Sheet::texts).filter_map(|row| activity::of(&row)).collect())
    }

    /// The version's number: what the server said when it let us in, or else what it says when it is asked.
    async fn version(&mut self) -> Result<u32, DbError> {
        if let Some(number) = self.road.version_number() {
            return Ok(number);
        }
        let answers = self.road.ask("SHOW server_version_num", self.patience.connect).await?;
        let row = answers.first().and_then(|sheet| sheet.texts().into_iter().next());
        let number = row.and_then(|row| row.into_iter().next().flatten()).and_then(|text| text.parse().ok());
        number.ok_or_else(|| silent(&self.doing))
    }
}

/// How many statements a message begins with.
const BEGINNING: usize = 2;

/// The answers to the statements after those.
fn between(answers: &[Sheet], count: usize) -> &[Sheet] {
    answers.get(BEGINNING..BEGINNING + count).unwrap_or_default()
}

fn silent(doing: &str) -> DbError {
    DbError::new(Trouble::Unreadable, doing, "the server does not say what it is")
}
