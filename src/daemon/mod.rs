//! The service: it looks at the fleet again and again, puts right what policy allows, and asks for the rest.
//!
//! One task keeps the time ([`run`]); passes and plans are tasks of their own. What is seen is in memory
//! (`fleet`), what must outlive a kill is in the state. Every decision is made in `decide`, from what is known.

mod backoff;
mod bell;
mod brake;
mod clock;
mod decide;
mod entry;
mod fleet;
mod keeper;
mod logins;
pub mod notify;
mod pass;
mod quarantine;
mod recorder;
mod repair;
mod saved;
mod service;
mod settings;
mod signals;
mod tell;
mod unwritten;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use secrecy::ExposeSecret;
use tokio::sync::{Mutex, Notify, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use service::{Failure, Flags, GRACE, run};
pub use settings::Settings;

use self::fleet::Fleet;
use self::notify::Notifier;
use self::repair::Job;
use crate::db::{Budget, DbError, Patience, Target, Visitor};
use crate::model::{Engine, Hash};
use crate::reconcile::Reconciler;
use crate::reconcile::watch::Watch;
use crate::store::{Store, StoreError};
use crate::telemetry::Metrics;

/// How long messages may take to go out when undrift ends.
const LAST_MESSAGES: Duration = Duration::from_secs(5);

/// Everything that the service's tasks share.
pub(crate) struct Daemon {
    path: PathBuf,
    store: Store,
    metrics: Arc<Metrics>,
    notifier: RwLock<Arc<Notifier>>,
    settings: RwLock<Arc<Settings>>,
    watch: RwLock<Arc<Watch>>,
    fleet: Mutex<Fleet>,
    /// Something happened after which decisions may be others.
    wake: Notify,
    /// undrift is to end: nothing new begins, and what runs ends with its step.
    stopping: CancellationToken,
    /// Whether a pass is under way.
    passing: AtomicBool,
    /// Whether something may happen that nobody tells of: a pause that ends, an answer.
    expectant: AtomicBool,
    /// The audit's last entry that was counted.
    audited: AtomicI64,
    tasks: TaskTracker,
    /// The logins of which the log says what they may do.
    told_of: std::sync::Mutex<BTreeSet<Hash>>,
    /// Who changes how many tenants of each server, by engine, address and how many may be.
    servers: std::sync::Mutex<BTreeMap<(Engine, String, usize), Arc<Semaphore>>>,
}

/// Takes a lock whatever became of the thread that had it: what it guards is replaced as a whole.
macro_rules! held {
    ($lock:expr) => {
        Arc::clone(&$lock.read().unwrap_or_else(PoisonError::into_inner))
    };
}

impl Daemon {
    fn new(path: PathBuf, settings: Settings, store: Store, metrics: Arc<Metrics>) -> Result<Self, Failure> {
        let watch = Arc::new(watch_of(&settings)?);
        let notifier = notifier_of(&settings, &metrics)?;
        Ok(Self {
            path,
            store,
            metrics,
            notifier: RwLock::new(Arc::new(notifier)),
            settings: RwLock::new(Arc::new(settings)),
            watch: RwLock::new(watch),
            fleet: Mutex::default(),
            wake: Notify::new(),
            stopping: CancellationToken::new(),
            passing: AtomicBool::new(false),
            expectant: AtomicBool::new(false),
            audited: AtomicI64::new(0),
            tasks: TaskTracker::new(),
            told_of: std::sync::Mutex::default(),
            servers: std::sync::Mutex::default(),
        })
    }

    fn settings(&self) -> Arc<Settings> {
        held!(self.settings)
    }

    fn watch(&self) -> Arc<Watch> {
        held!(self.watch)
    }

    fn notifier(&self) -> Arc<Notifier> {
        held!(self.notifier)
    }

    /// Lets the messages that wait go out, for a moment.
    async fn last_messages(&self) {
        let Ok(nobody) = Notifier::new(Vec::new(), notify::Patience::default(), Arc::clone(&self.metrics)) else {
            return;
        };
        let last = {
            let mut notifier = self.notifier.write().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *notifier, Arc::new(nobody))
        };
        if let Some(last) = Arc::into_inner(last) {
            last.finish(LAST_MESSAGES).await;
        }
    }

    /// Puts new settings in the place of the old ones. What was seen stays, as far as it is about the same.
    fn replace(&self, settings: Settings) -> Result<(), Failure> {
        let before = self.settings();
        if !same_servers(&before, &settings) {
            let watch = Arc::new(watch_of(&settings)?);
            *self.watch.write().unwrap_or_else(PoisonError::into_inner) = watch;
        }
        if format!("{:?}", before.config.webhooks) != format!("{:?}", settings.config.webhooks) {
            let notifier = notifier_of(&settings, &self.metrics)?;
            *self.notifier.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(notifier);
        }
        let mut present = self.settings.write().unwrap_or_else(PoisonError::into_inner);
        *present = Arc::new(settings.waiving(present.waived().to_vec()));
        Ok(())
    }

    /// Takes in what people waived, or waive no longer.
    async fn take_waivers(&self) -> Result<(), StoreError> {
        let waived = self.store.waivers(false).await?;
        let mut settings = self.settings.write().unwrap_or_else(PoisonError::into_inner);
        if settings.waived() != waived {
            *settings = Arc::new(settings.waiving(waived));
        }
        Ok(())
    }

    /// Waits until one tenant fewer of this server is being changed.
    async fn turn_of(&self, job: &Job) -> OwnedSemaphorePermit {
        let turns = {
            let mut servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
            let at_once = self.settings().policy.rollout.per_server.max(1);
            let target = &job.member.target;
            let key = (target.engine(), target.server(), at_once);
            Arc::clone(servers.entry(key).or_insert_with(|| Arc::new(Semaphore::new(at_once))))
        };
        turns.acquire_owned().await.expect("the semaphores are never closed")
    }

    /// How many connections to each server are in use, by looks and by plans.
    fn connections(&self) -> BTreeMap<(Engine, String), usize> {
        let mut connections = self.watch().visitor.taken();
        let servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        for ((engine, server, at_once), turns) in servers.iter().filter(|((engine, ..), _)| *engine != Engine::Sqlite) {
            *connections.entry((*engine, server.clone())).or_default() += at_once - turns.available_permits();
        }
        connections
    }
}

fn same_servers(a: &Settings, b: &Settings) -> bool {
    let scratch = |settings: &Settings| -> BTreeMap<_, _> {
        settings.config.scratch.iter().map(|(engine, url)| (*engine, url.expose_secret().to_owned())).collect()
    };
    a.config.timeouts == b.config.timeouts && a.config.concurrency == b.config.concurrency && scratch(a) == scratch(b)
}

fn notifier_of(settings: &Settings, metrics: &Arc<Metrics>) -> Result<Notifier, notify::NoClient> {
    Notifier::new(settings.config.webhooks.clone(), notify::Patience::default(), Arc::clone(metrics))
}

fn watch_of(settings: &Settings) -> Result<Watch, DbError> {
    let config = &settings.config;
    let patience = Patience { connect: config.timeouts.connect, read: config.timeouts.read };
    let mut scratch = BTreeMap::new();
    for (engine, url) in &config.scratch {
        scratch.insert(*engine, Target::parse(url.expose_secret())?);
    }
    let budget = Budget { at_once: config.concurrency.at_once, per_server: config.concurrency.per_server };
    Ok(Watch::new(Reconciler::new(patience, scratch), Visitor::new(patience, budget)))
}
