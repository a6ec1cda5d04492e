//! Sessions that are there for all databases of one server and login.
//!
//! They only ever read, each visit enters its own database first, and one that had an error is never used
//! again: so there is no state of a session to be reset between two tenants.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::MysqlSession;
use super::canon::Charsets;
use crate::db::visit::Found;
use crate::db::{Connection, DbError, Target, Trouble};
use crate::model::Hash;

/// How long a session may be idle before it is closed.
const REST: Duration = Duration::from_secs(30);

/// The sessions with all servers. There are never more with one server than may visit it together.
#[derive(Default)]
pub(in crate::db) struct Sessions(Arc<Mutex<Resting>>);

/// The sessions that nobody uses.
#[derive(Default)]
struct Resting {
    servers: HashMap<String, Vec<Idle>>,
    /// Whether somebody closes those that are idle for too long.
    watched: bool,
}

struct Idle {
    login: Hash,
    session: MysqlSession,
    since: Instant,
}

/// What there is for a visit.
#[derive(Default)]
struct Taken {
    /// A session of the same login.
    own: Option<MysqlSession>,
    /// Otherwise one of another login that has to make room.
    other: Option<MysqlSession>,
}

impl Sessions {
    /// Looks at a database on a session that is there, if there is one and it is alive.
    pub(in crate::db) async fn reuse(&self, target: &Target) -> Result<Option<Found>, DbError> {
        let Taken { own, other } = self.take(target)?;
        if let Some(other) = other {
            other.close().await;
        }
        let Some(session) = own else { return Ok(None) };
        match self.look(session, target).await {
            Err(error) if error.trouble == Trouble::Disconnected => Ok(None),
            looked => looked.map(Some),
        }
    }

    /// Looks at a database on a session of its server and login, and keeps the session for the next.
    pub(in crate::db) async fn look(&self, mut session: MysqlSession, target: &Target) -> Result<Found, DbError> {
        let glance = session.visit(target).await?;
        let found = Found { platform: session.platform().clone(), place: session.place().clone(), glance };
        self.put(target, session)?;
        Ok(found)
    }

    /// What a session with the same server was told of its character sets, if one is there.
    pub(super) fn charsets(&self, target: &Target) -> Option<Arc<Charsets>> {
        self.resting().servers.get(&target.server())?.iter().find_map(|idle| idle.session.charsets.clone())
    }

    fn resting(&self) -> MutexGuard<'_, Resting> {
        lock(&self.0)
    }

    fn take(&self, target: &Target) -> Result<Taken, DbError> {
        let login = target.login()?;
        let mut resting = self.resting();
        let Some(idle) = resting.servers.get_mut(&target.server()) else { return Ok(Taken::default()) };
        Ok(match idle.iter().rposition(|idle| idle.login == login) {
            Some(at) => Taken { own: Some(idle.remove(at).session), other: None },
            None if idle.is_empty() => Taken::default(),
            None => Taken { own: None, other: Some(idle.remove(0).session) },
        })
    }

    fn put(&self, target: &Target, session: MysqlSession) -> Result<(), DbError> {
        let idle = Idle { login: target.login()?, session, since: Instant::now() };
        let mut resting = self.resting();
        resting.servers.entry(target.server()).or_default().push(idle);
        if !std::mem::replace(&mut resting.watched, true) {
            tokio::spawn(watch(Arc::downgrade(&self.0)));
        }
        Ok(())
    }
}

fn lock(resting: &Mutex<Resting>) -> MutexGuard<'_, Resting> {
    resting.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Closes what is idle for too long, until nothing is left or nobody can need it any more.
async fn watch(resting: Weak<Mutex<Resting>>) {
    let mut over = false;
    while !over {
        tokio::time::sleep(REST / 2).await;
        let Some(resting) = resting.upgrade() else { return };
        let tired = lock(&resting).tired();
        over = !lock(&resting).watched;
        for session in tired {
            session.close().await;
        }
    }
}

impl Resting {
    /// Takes out what is idle for too long. With the last one gone there is nothing to watch.
    fn tired(&mut self) -> Vec<MysqlSession> {
        let mut tired = Vec::new();
        for idle in self.servers.values_mut() {
            tired.extend(idle.extract_if(.., |idle| idle.since.elapsed() >= REST).map(|idle| idle.session));
        }
        self.servers.retain(|_, idle| !idle.is_empty());
        self.watched = !self.servers.is_empty();
        tired
    }
}
