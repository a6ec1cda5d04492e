//! The service's life: start, keep the time, reload, end.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::Timestamp;
use thiserror::Error;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::bell::Bell;
use super::clock::{Clock, dice};
use super::keeper::{BEAT, Lease};
use super::settings::Settings;
use super::signals::{Asked, Files, Signals};
use super::{Daemon, tell};
use crate::backup;
use crate::config::Backups;
use crate::http;
use crate::reconcile::rollout;
use crate::registry::Selector;
use crate::store::record::{AuditEvent, Trigger};
use crate::store::{Request, Retention, Store, StoreError};
use crate::telemetry::{Loaded, Metrics};
use crate::yaml::Report;

/// How long the steps that run may take to end when undrift is to end. Then their connections are closed.
pub const GRACE: Duration = Duration::from_secs(60);

/// How often the state is looked at for answers and requests.
const POLL: Duration = Duration::from_secs(1);

/// How often history is trimmed.
const TRIM: Duration = Duration::from_secs(3600);

/// What the command line says.
#[derive(Clone, Debug)]
pub struct Flags {
    /// The configuration file.
    pub config: PathBuf,
    /// Where to listen, in place of what the configuration says.
    pub listen: Option<SocketAddr>,
}

/// Why the service could not start, or had to end.
#[derive(Debug, Error)]
pub enum Failure {
    /// Mistakes in files.
    #[error("the files have mistakes")]
    Files(Report),
    /// undrift's own state.
    #[error("{0}")]
    State(#[from] StoreError),
    /// A server's address.
    #[error("{0}")]
    Db(#[from] crate::db::DbError),
    /// Webhooks.
    #[error("{0}")]
    Webhooks(#[from] super::notify::NoClient),
    /// The HTTP server.
    #[error("{0}")]
    Http(#[from] http::HttpError),
    /// Signals cannot be heard.
    #[error("the system does not let undrift listen to signals: {0}")]
    Signals(std::io::Error),
    /// Another undrift took the state over.
    #[error("another undrift took over, because this one did not renew its lease in time")]
    LeaseLost,
}

impl Failure {
    /// What to do next.
    pub fn advice(&self) -> &str {
        match self {
            Failure::Files(_) => "correct the files",
            Failure::State(error) => error.advice(),
            Failure::Db(error) => error.advice(),
            Failure::Webhooks(_) => "install the system's CA certificates, or remove the webhooks",
            Failure::Http(error) => error.advice(),
            Failure::Signals(_) => "look at the limits of the process",
            Failure::LeaseLost => "start it again: it stands by until it is its turn",
        }
    }
}

/// Runs the service until a signal ends it.
///
/// # Errors
/// What keeps it from starting, or the loss of its lease.
pub async fn run(flags: Flags) -> Result<(), Failure> {
    let environment = |name: &str| std::env::var(name).ok();
    let settings = Settings::load(&flags.config, &environment).map_err(|(_, report)| Failure::Files(report))?;
    let mut signals = Signals::listen().map_err(Failure::Signals)?;
    let store = Store::open(&settings.config.state).await?;
    let metrics = Metrics::new();
    let listen = flags.listen.unwrap_or(settings.config.listen);
    let daemon = Arc::new(Daemon::new(flags.config, settings, store.clone(), Arc::clone(&metrics))?);
    tell::loaded(&daemon);
    let readiness = http::Readiness::default();
    let context = http::Context { store: store.clone(), metrics, ready: readiness.clone() };
    let server = http::serve(listen, context, daemon.stopping.clone()).await?;
    tracing::info!(address = %server.address(), "listening");
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);

    let lease = tokio::select! {
        lease = Lease::take(&store, &daemon.stopping) => lease?,
        () = until_end(&mut signals) => None,
    };
    let ended = match lease {
        None => Ok(()),
        Some(lease) => {
            readiness.set();
            let ended = daemon.live(&mut signals, &lease).await;
            readiness.clear();
            daemon.wind_down().await;
            lease.give_back().await;
            ended
        }
    };
    daemon.stopping.cancel();
    server.ended().await;
    store.close().await;
    ended
}

async fn until_end(signals: &mut Signals) {
    while signals.next().await != Asked::End {}
}

/// What the service waits for.
enum Event {
    Due,
    Poll,
    Beat,
    Trim,
    PassEnded(Result<(), StoreError>),
    Reload,
    End,
}

/// The timers of one life.
struct Timers {
    clock: Clock,
    due: Timestamp,
    bell: Bell,
    ears: Arc<Notify>,
    files: Files,
    poll: tokio::time::Interval,
    beat: tokio::time::Interval,
    trim: tokio::time::Interval,
}

impl Timers {
    async fn new(settings: &Settings, now: Timestamp) -> Self {
        let ears = Arc::new(Notify::new());
        let schedule = settings.config.schedule.clone();
        let bell = Bell::hang(&schedule, Arc::clone(&ears)).await;
        let clock = Clock::new(schedule, now);
        let due = clock.next(now, dice());
        let every = |period| {
            let mut interval = tokio::time::interval_at(Instant::now() + period, period);
            interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            interval
        };
        let files = Files::watch(settings.files());
        Self { clock, due, bell, ears, files, poll: every(POLL), beat: every(BEAT), trim: every(TRIM) }
    }

    /// Takes over a new schedule and other files.
    async fn follow(&mut self, settings: &Settings, now: Timestamp) {
        if *self.clock.schedule() != settings.config.schedule {
            let fresh = Self::new(settings, now).await;
            std::mem::replace(self, fresh).bell.take_down().await;
        } else {
            self.files = Files::watch(settings.files());
        }
    }

    /// How long until the next pass is due.
    fn left(&self) -> Duration {
        Duration::try_from(self.due.duration_since(Timestamp::now())).unwrap_or(Duration::ZERO)
    }
}

impl Daemon {
    /// Keeps the time until a signal ends it.
    async fn live(self: &Arc<Self>, signals: &mut Signals, lease: &Lease) -> Result<(), Failure> {
        self.recall().await?;
        let mut timers = Timers::new(&self.settings(), Timestamp::now()).await;
        let mut pass = Some(self.begin_pass(Trigger::Start, None));
        tokio::spawn(Arc::clone(self).decides());
        let mut next: Option<(Trigger, Option<Selector>)> = None;
        loop {
            match self.event(signals, &mut timers, &mut pass).await {
                Event::End => {
                    timers.bell.take_down().await;
                    return Ok(());
                }
                Event::Due => {
                    let now = Timestamp::now();
                    timers.due = timers.clock.next(now, dice());
                    // The file system may not tell of every change.
                    if self.reload(&mut timers, false).await {
                        next = Some((Trigger::Reload, None));
                    }
                    next.get_or_insert((Trigger::Schedule, None));
                }
                Event::Reload => {
                    if self.reload(&mut timers, true).await {
                        next = Some((Trigger::Reload, None));
                    }
                }
                Event::Poll => {
                    if timers.files.have_changed() && self.reload(&mut timers, true).await {
                        next = Some((Trigger::Reload, None));
                    }
                    if let Some(only) = self.take_requests().await {
                        next.get_or_insert((Trigger::Request, only));
                    }
                    self.measure().await;
                    if self.expectant.load(Ordering::Relaxed) {
                        self.wake.notify_one();
                    }
                }
                Event::PassEnded(ended) => {
                    pass = None;
                    self.passing.store(false, Ordering::Release);
                    if let Err(error) = ended {
                        tell::state_failed(self, &error);
                    }
                    // What was seen under other files is no ground for a decision.
                    if !matches!(next, Some((Trigger::Reload, _))) {
                        self.wake.notify_one();
                    }
                }
                Event::Trim => self.trim().await,
                Event::Beat => {
                    beat();
                    match lease.renew().await {
                        Ok(true) => {}
                        Ok(false) => return Err(Failure::LeaseLost),
                        Err(error) => tell::state_failed(self, &error),
                    }
                }
            }
            if pass.is_none()
                && let Some((trigger, only)) = next.take()
            {
                pass = Some(self.begin_pass(trigger, only));
            }
        }
    }

    async fn event(&self, signals: &mut Signals, timers: &mut Timers, pass: &mut Option<Pass>) -> Event {
        let left = timers.left();
        tokio::select! {
            biased;
            asked = signals.next() => match asked {
                Asked::End => Event::End,
                Asked::Reload => Event::Reload,
            },
            _ = timers.beat.tick() => Event::Beat,
            ended = ending(pass) => Event::PassEnded(ended),
            () = tokio::time::sleep(left) => Event::Due,
            () = timers.ears.notified(), if left.is_zero() => Event::Due,
            _ = timers.poll.tick() => Event::Poll,
            _ = timers.trim.tick() => Event::Trim,
        }
    }

    fn begin_pass(self: &Arc<Self>, trigger: Trigger, only: Option<Selector>) -> Pass {
        let daemon = Arc::clone(self);
        self.passing.store(true, Ordering::Release);
        self.tasks.spawn(async move { daemon.pass(trigger, only.as_ref()).await })
    }

    /// Decides whenever something happened, in a task of its own: looking and writing may take their time, and the
    /// lease must be renewed meanwhile. Half of what a pass will see is no ground for a decision: while one is under
    /// way, only what was decided before goes on.
    async fn decides(self: Arc<Self>) {
        while !self.stopping.is_cancelled() {
            tokio::select! {
                () = self.wake.notified() => {}
                () = self.stopping.cancelled() => return,
            }
            let decided = if self.passing.load(Ordering::Acquire) {
                self.go_on().await
            } else {
                self.look_again().await;
                self.decide().await
            };
            if let Err(error) = decided {
                tell::state_failed(&self, &error);
            }
        }
    }

    /// Looks at those again whose plan left something, or was not begun.
    async fn look_again(&self) {
        let again = std::mem::take(&mut self.fleet.lock().await.again);
        let settings = self.settings();
        for name in again {
            self.look_at(&name, &settings, None).await;
        }
    }

    /// Reads what an earlier life left: tenants, rollouts, and plans whose end nobody saw.
    async fn recall(&self) -> Result<(), StoreError> {
        let tenants = self.store.tenants().await?;
        let rollouts = self.store.open_rollouts().await?;
        let open = self.store.open_plans().await?;
        self.audited.store(self.store.audit_head().await?, Ordering::Relaxed);
        let mut fleet = self.fleet.lock().await;
        fleet.remembered = tenants.into_iter().map(|record| (record.name.clone(), record)).collect();
        for record in rollouts {
            tracing::info!(schema = record.schema, rollout = record.id, wave = record.wave + 1, "a rollout goes on");
            fleet.rollouts.insert(record.schema.clone(), record);
        }
        for (_, entry) in open {
            let (Some(tenant), Some(plan)) = (entry.tenant, entry.plan) else { continue };
            if matches!(entry.event, AuditEvent::Begin { .. }) {
                let goal = self.store.plan(plan).await?.and_then(|plan| plan.end);
                tracing::warn!(
                    tenant,
                    plan = plan.short(),
                    "undrift was killed while this plan ran; looking what became of it"
                );
                fleet.unresolved.insert(tenant, (plan, goal));
            }
        }
        Ok(())
    }

    /// Reads all files again. Whether anything is different; a file with mistakes changes nothing.
    async fn reload(self: &Arc<Self>, timers: &mut Timers, asked: bool) -> bool {
        let environment = |name: &str| std::env::var(name).ok();
        match Settings::load(&self.path, &environment) {
            Ok(settings) if settings.is_like(&self.settings()) => {
                tell::loaded(self);
                false
            }
            Ok(settings) => {
                tell::needs_a_restart(&self.settings(), &settings);
                timers.follow(&settings, Timestamp::now()).await;
                if let Err(error) = self.replace(settings) {
                    tell::not_loaded(self, Loaded::Config, &error.to_string());
                    return false;
                }
                // What was decided under other files does not go on.
                self.fleet.lock().await.agreed.clear();
                tracing::info!("configuration, schema or policy changed");
                tell::loaded(self);
                true
            }
            Err((what, report)) => {
                if asked {
                    tell::not_loaded(self, what, &report.render(false));
                }
                false
            }
        }
    }

    /// Does what was asked for. `Some`: a pass is wanted, over these tenants.
    async fn take_requests(&self) -> Option<Option<Selector>> {
        let requests = match self.store.take_requests().await {
            Ok(requests) => requests,
            Err(error) => {
                tell::state_failed(self, &error);
                return None;
            }
        };
        let mut wanted = None;
        for request in requests {
            match request {
                Request::Check { tenants } => {
                    let only = Selector::parse(&tenants).ok().filter(|_| !tenants.is_empty());
                    // Two requests for some are a request for all.
                    wanted = Some(if wanted.is_some() { None } else { only });
                }
                Request::Resume { tenants } => self.resume(&tenants).await,
            }
        }
        wanted
    }

    async fn resume(&self, tenants: &[String]) {
        let only = Selector::parse(tenants).ok();
        let mut fleet = self.fleet.lock().await;
        for entry in fleet.tenants.values_mut() {
            if tenants.is_empty() || only.as_ref().is_some_and(|only| only.matches(&entry.member.tenant)) {
                entry.record.failure = None;
            }
        }
        for record in fleet.rollouts.values_mut() {
            rollout::resume(record);
            if let Err(error) = self.store.save_rollout(record).await {
                tell::state_failed(self, &error);
            }
        }
    }

    /// Shows what changes while nobody decides anything: connections, and what was added to the audit.
    async fn measure(&self) {
        tell::connections(self);
        match self.store.audit_head().await {
            Ok(head) => {
                let before = self.audited.swap(head, Ordering::Relaxed);
                self.metrics.state.audited(u64::try_from(head - before).unwrap_or_default());
            }
            Err(error) => tell::state_failed(self, &error),
        }
    }

    async fn trim(&self) {
        let settings = self.settings();
        let Backups { to, keep, .. } = settings.config.backups.clone();
        let _ = tokio::task::spawn_blocking(move || backup::sweep(&to, keep)).await;
        match self.store.prune(&Retention::from(settings.config.retention), Timestamp::now()).await {
            Ok(pruned) => tracing::debug!(?pruned, "history was trimmed"),
            Err(error) => tell::state_failed(self, &error),
        }
    }

    /// Waits for the tasks to end. `false`: they take too long.
    async fn end_of_tasks(&self) -> bool {
        let end = Instant::now() + GRACE;
        while Instant::now() < end {
            beat();
            if tokio::time::timeout(BEAT, self.tasks.wait()).await.is_ok() {
                return true;
            }
        }
        false
    }

    /// Ends: nothing new begins, and what runs has a while to end with its step.
    async fn wind_down(&self) {
        let _ = sd_notify::notify(&[sd_notify::NotifyState::Stopping]);
        self.stopping.cancel();
        self.tasks.close();
        let running = self.fleet.lock().await.applying.len();
        if running > 0 {
            tracing::info!(plans = running, "waiting for the steps that run to end");
        }
        if !self.end_of_tasks().await {
            tracing::warn!(
                "some steps take longer; their connections are closed, and the next start looks what became of them"
            );
        }
        let mut fleet = self.fleet.lock().await;
        if let Err(error) = self.save(&mut fleet).await {
            tell::state_failed(self, &error);
        }
        self.last_messages().await;
    }
}

/// Tells systemd that the service is alive.
pub(super) fn beat() {
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Watchdog]);
}

type Pass = tokio::task::JoinHandle<Result<(), StoreError>>;

/// Waits for the end of the pass that runs, or for ever if none does.
async fn ending(pass: &mut Option<Pass>) -> Result<(), StoreError> {
    match pass {
        None => std::future::pending().await,
        Some(pass) => match pass.await {
            Ok(ended) => ended,
            Err(error) => {
                tracing::error!(%error, "a pass ended by a fault of undrift's");
                Ok(())
            }
        },
    }
}
