//! Who may go to which server when: budgets and circuits.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::db::circuit::{Circuit, CircuitState, Pass};
use crate::db::{DbError, Target, Trouble};
use crate::model::Engine;

/// How many databases may be in use together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// In all.
    pub at_once: usize,
    /// On one server.
    pub per_server: usize,
}

/// A place within the budgets, free for the next one when it is dropped.
pub struct Turn {
    _server: Option<OwnedSemaphorePermit>,
    _all: OwnedSemaphorePermit,
}

/// All servers that were ever gone to.
pub(super) struct Gate {
    budget: Budget,
    all: Arc<Semaphore>,
    servers: Mutex<BTreeMap<(Engine, String), Arc<Server>>>,
}

/// One server.
struct Server {
    places: Arc<Semaphore>,
    circuit: Mutex<Circuit>,
}

impl Gate {
    pub(super) fn new(budget: Budget) -> Self {
        let all = Arc::new(Semaphore::new(budget.at_once.max(1)));
        Self { budget, all, servers: Mutex::default() }
    }

    /// Waits for a place: on the server first, so that nobody holds one in all while waiting for a slow
    /// server. A SQLite file is no server.
    pub(super) async fn turn(&self, target: &Target) -> Turn {
        let server = match target.engine() {
            Engine::Sqlite => None,
            _ => Some(place(&self.server(target).places).await),
        };
        Turn { _server: server, _all: place(&self.all).await }
    }

    /// Asks the server's circuit whether to connect.
    pub(super) fn admit(&self, target: &Target) -> Result<Ticket, DbError> {
        let server = self.server(target);
        let admitted = server.circuit().admit(Instant::now());
        match admitted {
            Ok(pass) => Ok(Ticket { server, pass, settled: false }),
            Err(state) => Err(refusal(target, state)),
        }
    }

    /// How each server's circuit is.
    pub(super) fn circuits(&self) -> BTreeMap<(Engine, String), CircuitState> {
        let servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        servers.iter().map(|(name, server)| (name.clone(), server.circuit().state())).collect()
    }

    /// How many places are taken on each server.
    pub(super) fn taken(&self) -> BTreeMap<(Engine, String), usize> {
        let servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = |server: &Server| self.budget.per_server.max(1) - server.places.available_permits();
        let is_server = |(name, server): (&(Engine, String), &Arc<Server>)| {
            (name.0 != Engine::Sqlite).then(|| (name.clone(), taken(server)))
        };
        servers.iter().filter_map(is_server).collect()
    }

    fn server(&self, target: &Target) -> Arc<Server> {
        let mut servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        let places = || Arc::new(Semaphore::new(self.budget.per_server.max(1)));
        let fresh = || Arc::new(Server { places: places(), circuit: Mutex::default() });
        servers.entry((target.engine(), target.server())).or_insert_with(fresh).clone()
    }
}

impl Server {
    fn circuit(&self) -> MutexGuard<'_, Circuit> {
        self.circuit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn place(places: &Arc<Semaphore>) -> OwnedSemaphorePermit {
    places.clone().acquire_owned().await.expect("the semaphores are never closed")
}

fn refusal(target: &Target, state: CircuitState) -> DbError {
    let message = match state {
        CircuitState::Open { until } => {
            let left = until.saturating_duration_since(Instant::now()).as_secs_f64();
            format!("the server did not answer several times; its circuit is open for another {left:.1} s")
        }
        _ => "the server did not answer several times; somebody is trying it just now".to_owned(),
    };
    DbError::new(Trouble::Unreachable, format!("connect to {target}"), message)
}

/// One attempt to connect. Dropped before it was settled, it was given up.
pub(super) struct Ticket {
    server: Arc<Server>,
    pass: Pass,
    settled: bool,
}

impl Ticket {
    /// Tells the circuit what became of the attempt. That one tenant's login or database is wrong is an
    /// answer: the server is there.
    pub(super) fn settle<T>(mut self, connected: &Result<T, DbError>) {
        let mut circuit = self.server.circuit();
        match connected.as_ref().map_err(|error| error.trouble) {
            Err(Trouble::Unreachable | Trouble::TooManyConnections | Trouble::TimedOut) => {
                circuit.failed(self.pass, Instant::now(), dice());
            }
            // Nobody was asked.
            Err(Trouble::Usage) => circuit.unknown(self.pass, Instant::now()),
            Ok(_) | Err(_) => circuit.answered(),
        }
        drop(circuit);
        self.settled = true;
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if !self.settled {
            self.server.circuit().unknown(self.pass, Instant::now());
        }
    }
}

/// A number between 0 and 1, by which pauses differ.
pub(crate) fn dice() -> f64 {
    RandomState::new().build_hasher().finish() as f64 / u64::MAX as f64
}
