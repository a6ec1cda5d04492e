//! Looking at tenants again and again, as cheaply as is sound.
//!
//! A [`Visitor`] keeps what all visits share: budgets and circuits of servers, sessions with MySQL servers,
//! what a PostgreSQL server brings along. What belongs to one tenant is a [`Memo`] that the caller keeps.

mod gate;
mod memo;
mod sign;

use std::collections::BTreeMap;
use std::time::Duration;

pub use self::gate::{Budget, Turn};
pub use self::memo::Memo;
pub use self::sign::FileSign;

pub(crate) use self::gate::dice;

use self::gate::Gate;
use super::circuit::CircuitState;
use super::postgres::{self, Activity};
use super::sqlite::{self, Looked};
use super::{Connection, DbError, Glance, Patience, Place, Session, Target, mysql};
use crate::model::{Engine, Platform};

/// How long PostgreSQL may take to count what was written: the servers' own bound.
const LAG: Duration = Duration::from_secs(60);

/// How to look at a tenant.
#[derive(Clone, Copy, Default)]
pub struct Look<'a> {
    /// What the last visit learned. Without it everything is new.
    pub known: Option<&'a Memo>,
    /// Reads the catalog whatever else says that nothing happened. To be asked for now and then: signs can be
    /// forged (a clock that was set back, a superuser who switches the counting off).
    pub full: bool,
    /// PostgreSQL: what [`Visitor::activity`] said of the database just before, if idle tenants are to be skipped.
    pub activity: Option<&'a Activity>,
}

/// What a visit learned.
pub enum Visit {
    /// The tenant's structure is what it was.
    Unchanged {
        /// For the next visit.
        memo: Memo,
        /// What says so.
        evidence: Evidence,
    },
    /// It is new, or may be.
    Seen(Box<Seen>),
}

/// What says that nothing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// PostgreSQL counted no write in the database. Nobody connected.
    Activity,
    /// The operating system says that nobody wrote the SQLite file. Nobody opened it.
    File,
    /// The catalog reads as it did.
    Catalog,
}

/// A tenant whose structure is to be worked out.
pub struct Seen {
    /// The server's vendor, version and this database's defaults.
    pub platform: Platform,
    /// Where it is, as the server says.
    pub place: Place,
    /// What the catalog holds.
    pub glance: Glance,
    /// For the next visit.
    pub memo: Memo,
}

/// What an engine found: where, and the rows unless they are known.
pub(super) struct Found {
    pub(super) platform: Platform,
    pub(super) place: Place,
    pub(super) glance: Glance,
}

/// Visits tenants.
pub struct Visitor {
    patience: Patience,
    lag: Duration,
    gate: Gate,
    acquaintances: postgres::Acquaintances,
    sessions: mysql::Sessions,
    lookout: sqlite::Lookout,
}

impl Visitor {
    /// A visitor that has been nowhere yet.
    pub fn new(patience: Patience, budget: Budget) -> Self {
        Self {
            patience,
            lag: LAG,
            gate: Gate::new(budget),
            acquaintances: postgres::Acquaintances::default(),
            sessions: mysql::Sessions::default(),
            lookout: sqlite::Lookout::default(),
        }
    }

    /// With another bound for how long PostgreSQL may take to count what was written.
    #[must_use]
    pub fn with_lag(self, lag: Duration) -> Self {
        Self { lag, ..self }
    }

    /// Waits for a place within the budgets, for a session that the caller opens by itself. Waiting takes as
    /// long as those before need, and each of them is bounded.
    pub async fn turn(&self, target: &Target) -> Turn {
        self.gate.turn(target).await
    }

    /// Opens a session for more than looking, with what visits know of the server. Within the budgets is who has a
    /// [`Visitor::turn`].
    ///
    /// # Errors
    /// What the server or the network said.
    pub async fn session(&self, target: &Target) -> Result<Session, DbError> {
        match target.engine() {
            Engine::Postgres => {
                let session = postgres::PostgresSession::arrive(target, self.patience, &self.acquaintances).await?;
                Ok(Session::Postgres(Box::new(session)))
            }
            Engine::Mysql => {
                let session = mysql::MysqlSession::arrive(target, self.patience, &self.sessions).await?;
                Ok(Session::Mysql(Box::new(session)))
            }
            Engine::Sqlite => Session::connect(target, self.patience).await,
        }
    }

    /// How many places each server has given away, by engine and address: databases that are looked at just now.
    pub fn taken(&self) -> BTreeMap<(Engine, String), usize> {
        self.gate.taken()
    }

    /// Whether each server is gone to, by engine and address.
    pub fn circuits(&self) -> BTreeMap<(Engine, String), CircuitState> {
        self.gate.circuits()
    }

    /// Learns whether a tenant's structure is still what it was, within the budgets.
    ///
    /// # Errors
    /// What the server or the network said. A server that did not answer several times in a row is
    /// [`Trouble::Unreachable`](super::Trouble::Unreachable) at once, until somebody is to go and see.
    pub async fn visit(&self, target: &Target, look: Look<'_>) -> Result<Visit, DbError> {
        if let Some(memo) = look.known.filter(|memo| !look.full && memo.is_idle(look.activity, self.lag)) {
            return Ok(Visit::Unchanged { memo: memo.clone(), evidence: Evidence::Activity });
        }
        let _turn = self.gate.turn(target).await;
        match target.engine() {
            Engine::Postgres => self.postgres(target, look).await,
            Engine::Mysql => Ok(judge(self.mysql(target).await?, look.known)),
            Engine::Sqlite => self.sqlite(target, look).await,
        }
    }

    /// What a PostgreSQL server counted of the writes in each of its databases, for [`Look::activity`]: one
    /// query on any of them. Databases that it says nothing reliable about are left out.
    ///
    /// # Errors
    /// What the server or the network said.
    pub async fn activity(&self, server: &Target) -> Result<BTreeMap<String, Activity>, DbError> {
        let _turn = self.gate.turn(server).await;
        let ticket = self.gate.admit(server)?;
        let connected = postgres::Arrival::connect(server, self.patience, &self.acquaintances).await;
        ticket.settle(&connected);
        connected?.activity().await
    }

    async fn postgres(&self, target: &Target, look: Look<'_>) -> Result<Visit, DbError> {
        let ticket = self.gate.admit(target)?;
        let connected = postgres::Arrival::connect(target, self.patience, &self.acquaintances).await;
        ticket.settle(&connected);
        let activity = look.activity.copied();
        let known = look.known.map(Memo::signs);
        Ok(match connected?.look(&self.acquaintances, known).await? {
            postgres::Looked::Same(key, kinds) => unchanged(Memo::postgres(key, kinds, activity).after(look.known)),
            postgres::Looked::New(found, kinds) => {
                let memo = Memo::postgres(found.glance.key(), kinds, activity);
                seen(found, memo)
            }
        })
    }

    /// On a session that is there, or else on a new one.
    async fn mysql(&self, target: &Target) -> Result<Found, DbError> {
        if let Some(found) = self.sessions.reuse(target).await? {
            return Ok(found);
        }
        let ticket = self.gate.admit(target)?;
        let connected = mysql::MysqlSession::connect(target, self.patience).await;
        ticket.settle(&connected);
        self.sessions.look(connected?, target).await
    }

    async fn sqlite(&self, target: &Target, look: Look<'_>) -> Result<Visit, DbError> {
        if let Some(memo) = look.known.filter(|_| !look.full)
            && let Some(stamp) = memo.stamp()
            && self.lookout.is_unwritten(target, stamp, self.patience).await?
        {
            return Ok(Visit::Unchanged { memo: memo.clone(), evidence: Evidence::File });
        }
        let file = sqlite::File::find(target, self.patience).await?;
        let stamp = file.stamp();
        Ok(match file.look(look.known.map(Memo::key), self.patience).await? {
            Looked::New(found) => {
                let memo = Memo::sqlite(found.glance.key(), stamp);
                seen(found, memo)
            }
            Looked::Same(key) => unchanged(Memo::sqlite(key, stamp)),
        })
    }
}

/// Compares a glance with the last one.
fn judge(found: Found, known: Option<&Memo>) -> Visit {
    let memo = Memo::mysql(&found.glance);
    if known.is_some_and(|known| known.key() == memo.key()) { unchanged(memo) } else { seen(found, memo) }
}

/// The catalog reads as it did.
fn unchanged(memo: Memo) -> Visit {
    Visit::Unchanged { memo, evidence: Evidence::Catalog }
}

/// The catalog reads otherwise.
fn seen(found: Found, memo: Memo) -> Visit {
    let Found { platform, place, glance } = found;
    Visit::Seen(Box::new(Seen { platform, place, glance, memo }))
}
