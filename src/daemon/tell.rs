//! Saying what happens: to the log, to the metrics, to the webhooks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use url::Url;

use super::Daemon;
use super::brake::Engaged;
use super::entry::News;
use super::fleet::Fleet;
use super::notify::{Event, Tenants};
use super::repair::Job;
use super::settings::Settings;
use crate::config::Occasion;
use crate::db::{CircuitState, Evidence};
use crate::model::{Change, Hash, Ruling};
use crate::reconcile::watch::{Known, Looked};
use crate::reconcile::words;
use crate::reconcile::{FleetMember, ReconcileError};
use crate::registry::SourceError;
use crate::store::{
    ApplyOutcome, ApprovalRecord, ApprovalState, MemberState, Question, RolloutRecord, Stage, StoreError, Sync, Trigger,
};
use crate::telemetry::{Answered, CheckPath, FleetSight, Loaded, PassOutcome, RolloutSight, TenantSight};

/// What a message says beside what sort of thing happened.
#[derive(Default)]
struct Message {
    schema: String,
    shape: Option<Hash>,
    tenants: Vec<String>,
    changes: Vec<String>,
    why: Option<String>,
    /// What to look up: an approval, a plan, a rollout.
    id: String,
    /// Where the API has it.
    path: String,
}

impl Daemon {
    fn tell(&self, kind: Occasion, message: Message) {
        let Message { schema, shape, tenants, changes, why, id, path } = message;
        let link = self.settings().config.public_url.as_ref().map(|base| link(base, &path));
        let shape = shape.map(|shape| shape.to_string());
        let tenants = Tenants::named(tenants);
        self.notifier().notify(Event { kind, id, at: Timestamp::now(), schema, shape, tenants, changes, why, link });
    }
}

/// The address of something in the API, below the address at which people reach it.
fn link(base: &Url, path: &str) -> String {
    format!("{}/api/v1/{path}", base.as_str().trim_end_matches('/'))
}

/// A change in one line.
pub fn change(change: &Change) -> String {
    let line = words::line(change);
    format!("{} {}  {}", line.sign, line.object, line.what)
}

/// Why a verdict was given.
pub fn reason(ruling: &Ruling) -> String {
    words::reason(ruling)
}

/// A look at a tenant ended.
pub fn looked(daemon: &Daemon, member: &FleetMember, looked: &Result<Looked, Arc<ReconcileError>>, took: Duration) {
    let engine = member.tenant.engine;
    match looked {
        Ok(looked) => {
            let path = match looked.evidence {
                None => CheckPath::Read,
                Some(Evidence::Catalog) => CheckPath::Cached,
                Some(Evidence::File | Evidence::Activity) => CheckPath::Skipped,
            };
            if looked.evidence == Some(Evidence::Activity) {
                daemon.metrics.passes.passed_over(1);
            }
            daemon.metrics.passes.checked(engine, path, took);
        }
        Err(error) => daemon.metrics.passes.check_failed(engine, trouble(error)),
    }
}

/// A tenant was not gone to, because its file was not written.
pub fn passed_over(daemon: &Daemon, looked: &Looked, took: Duration) {
    let engine = looked.known.study.observed.platform.engine();
    daemon.metrics.passes.checked(engine, CheckPath::Skipped, took);
}

fn trouble(error: &ReconcileError) -> &'static str {
    match error {
        ReconcileError::Db(error) | ReconcileError::Scratch(error) => error.trouble.key(),
        ReconcileError::Declared(_) | ReconcileError::Unbuildable { .. } => "schema",
        ReconcileError::Obstacle(_) => "obstacle",
        ReconcileError::Circle(_) | ReconcileError::NotProved(_) => "not_proved",
    }
}

/// A source of tenants failed. Returns what to remember of it.
pub fn source_failed(error: &SourceError) -> String {
    let causes = std::iter::successors(std::error::Error::source(error), |error| error.source());
    let text = causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"));
    if error.is_warning() {
        tracing::warn!("{text}");
    } else {
        tracing::error!("{text}");
    }
    text
}

/// A pass ended.
pub fn pass_ended(daemon: &Daemon, trigger: Trigger, counts: &BTreeMap<String, u64>, troubles: usize, took: Duration) {
    let count = |name: &str| counts.get(name).copied().unwrap_or_default();
    let tenants = count("tenants");
    let outcome = if troubles == 0 && tenants > 0 { PassOutcome::Complete } else { PassOutcome::Incomplete };
    daemon.metrics.passes.ended(&trigger.to_string(), outcome, Timestamp::now(), took);
    let (in_sync, drifted, unknown) = (count("in_sync"), count("drifted"), count("unknown"));
    let shapes = count("shapes");
    tracing::info!(tenants, in_sync, drifted, unknown, shapes, took = ?rounded(took), "looked at the fleet");
    if tenants == 0 {
        tracing::error!("there are no tenants: an empty fleet is never in order, look at the sources");
    }
}

fn rounded(took: Duration) -> Duration {
    Duration::from_millis(u64::try_from(took.as_millis()).unwrap_or(u64::MAX))
}

/// Tells of tenants that began to differ, or do so again: one message for each shape.
pub async fn drift(daemon: &Daemon, news: &[(String, News)]) {
    let fleet = daemon.fleet.lock().await;
    let mut shapes: BTreeMap<(News, Hash), (&Known, &str, Vec<String>)> = BTreeMap::new();
    for (name, news) in news {
        let Some((entry, known)) = fleet.tenants.get(name).and_then(|e| Some((e, e.known.as_deref()?))) else {
            continue;
        };
        let shape = shapes.entry((*news, known.id));
        shape.or_insert_with(|| (known, &entry.schema, Vec::new())).2.push(name.clone());
    }
    for ((news, _), (known, schema, names)) in shapes {
        let (occasion, said) = match news {
            News::Returned => (Occasion::Flapping, "drift came back after a repair"),
            News::Emptied => (Occasion::TenantEmptied, "a tenant had tables and has none now"),
            News::Drifted | News::None => (Occasion::DriftFound, "drift"),
        };
        let changes = changes_of(known);
        tracing::warn!(
            schema,
            shape = known.id.short(),
            tenants = names.len(),
            first = names.first(),
            changes = changes.len(),
            "{said}"
        );
        let (schema, shape, id) = (schema.to_owned(), Some(known.id), known.id.short());
        let path = format!("shapes/{}", known.id);
        daemon.tell(occasion, Message { schema, shape, tenants: names, changes, id, path, why: None });
    }
}

fn changes_of(known: &Known) -> Vec<String> {
    let planned = known.study.plan.changes.iter().map(|planned| &planned.change);
    planned.chain(known.study.extras()).map(change).collect()
}

/// A plan needs an approval.
pub fn approval_needed(daemon: &Daemon, record: &ApprovalRecord, fleet: &Fleet) {
    let Question::Plan { shape, changes, names, .. } = &record.question else { return };
    let entry = names.first().and_then(|name| fleet.tenants.get(name));
    let schema = entry.map(|entry| entry.schema.clone()).unwrap_or_default();
    let (shape, tenants, changes, id) = (Some(*shape), names.clone(), changes.clone(), record.id.clone());
    let path = format!("approvals/{id}");
    daemon.tell(Occasion::ApprovalNeeded, Message { schema, shape, tenants, changes, id, path, why: None });
}

/// The brake engaged.
pub fn brake_engaged(daemon: &Daemon, schema: &str, engaged: &Engaged, id: &str) {
    let (schema, why, id) = (schema.to_owned(), Some(engaged.why.clone()), id.to_owned());
    let path = format!("approvals/{id}");
    daemon.tell(Occasion::BrakeEngaged, Message { schema, why, id, path, ..Message::default() });
}

/// A plan on a tenant ended.
pub fn apply_ended(daemon: &Daemon, job: &Job, outcome: ApplyOutcome, error: Option<&(String, String)>) {
    let tenant = job.tenant();
    match (outcome, error) {
        (ApplyOutcome::Applied, _) => {
            tracing::info!(tenant, plan = job.plan.hash().short(), "put right");
            let changes = job.plan.changes.iter().map(|planned| change(&planned.change)).collect();
            daemon.tell(Occasion::Applied, Message { changes, ..of_job(job) });
        }
        (ApplyOutcome::Skipped, error) => {
            tracing::info!(tenant, why = error.map(|(what, _)| what), "left for later");
        }
        (ApplyOutcome::Failed, error) => {
            let (what, next) = error.cloned().unwrap_or_default();
            tracing::error!(tenant, next, "{what}");
        }
    }
}

/// A tenant's plan failed so often that a person has to look.
pub fn blocked(daemon: &Daemon, job: &Job, why: &str) {
    tracing::error!(tenant = job.tenant(), "blocked: the plan failed too often");
    daemon.tell(Occasion::Blocked, Message { why: Some(why.to_owned()), ..of_job(job) });
}

fn of_job(job: &Job) -> Message {
    Message {
        schema: job.schema.clone(),
        shape: Some(job.known.id),
        tenants: vec![job.tenant().to_owned()],
        id: job.plan.hash().to_string(),
        path: format!("plans/{}", job.plan.hash()),
        ..Message::default()
    }
}

/// A rollout moved on.
pub fn rollout_moved(daemon: &Daemon, before: &RolloutRecord, after: &RolloutRecord) {
    if before.stage == after.stage && before.wave == after.wave {
        return;
    }
    let (schema, rollout, wave) = (&after.schema, after.id, after.wave + 1);
    match &after.stage {
        Stage::Stopped { why } => {
            tracing::error!(schema, rollout, wave, why, "the rollout stopped: look, then `undrift resume`");
            daemon.metrics.rollouts.stopped();
            let failed = after.members.iter().filter(|(_, member)| member.state == MemberState::Failed);
            let tenants = failed.map(|(name, _)| name.clone()).collect();
            let (schema, why, id) = (schema.clone(), Some(why.clone()), rollout.to_string());
            let path = format!("rollouts/{rollout}");
            daemon.tell(Occasion::RolloutStopped, Message { schema, tenants, why, id, path, ..Message::default() });
        }
        Stage::Soaking { until } => tracing::info!(schema, rollout, wave, %until, "the wave is done and is watched"),
        Stage::Done => tracing::info!(schema, rollout, "the rollout is done"),
        _ => tracing::info!(schema, rollout, wave, "the next wave begins"),
    }
}

/// All files were read.
pub fn loaded(daemon: &Daemon) {
    let now = Timestamp::now();
    Loaded::ALL.into_iter().for_each(|what| daemon.metrics.reloads.succeeded(what, now));
}

/// Files could not be read; what was read before still holds.
pub fn not_loaded(daemon: &Daemon, what: Loaded, why: &str) {
    daemon.metrics.reloads.failed(what);
    tracing::error!("the files have mistakes; what was read before still holds\n{why}");
}

/// Says what of a new configuration holds from the next start only.
pub fn needs_a_restart(before: &Settings, after: &Settings) {
    use secrecy::ExposeSecret;
    if before.config.listen != after.config.listen {
        tracing::warn!("`http.listen` changed: it holds from the next start");
    }
    if before.config.state.expose_secret() != after.config.state.expose_secret() {
        tracing::warn!("`state` changed: it holds from the next start");
    }
}

/// undrift's own state failed.
pub fn state_failed(daemon: &Daemon, error: &StoreError) {
    daemon.metrics.state.failed();
    tracing::error!(next = error.advice(), "{error}");
}

/// Shows everything that is a state rather than an event.
pub fn gauges(
    daemon: &Daemon,
    fleet: &Fleet,
    settings: &Settings,
    answers: &BTreeMap<String, ApprovalRecord>,
    now: Timestamp,
) {
    daemon.metrics.fleet.show(sight(fleet, settings, now));
    daemon.metrics.rollouts.show(&fleet.rollouts.values().map(rollout_sight).collect::<Vec<_>>());
    for schema in fleet.schemas() {
        daemon.metrics.rollouts.brake(&schema, fleet.braked.contains(&schema));
    }
    daemon.metrics.rollouts.keep_brakes(|schema| fleet.schemas().contains(schema));
    let pending = || answers.values().filter(|record| record.state == ApprovalState::Pending);
    daemon.metrics.approvals.pending(pending().count(), pending().map(|record| record.asked).min());
    let waivers = &settings.policy.waivers;
    let expired = waivers.iter().filter(|waiver| waiver.has_expired(now)).count();
    daemon.metrics.approvals.waivers(waivers.len() - expired, expired);
    let circuits = daemon.watch().visitor.circuits();
    for ((engine, server), state) in &circuits {
        daemon.metrics.servers.circuit(&format!("{engine}:{server}"), *state != CircuitState::Closed);
    }
    let servers: BTreeSet<&str> = fleet.tenants.values().map(|entry| entry.record.server.as_str()).collect();
    daemon.metrics.servers.keep(|server| servers.contains(server));
}

/// Shows how many connections are in use.
pub fn connections(daemon: &Daemon) {
    for ((engine, server), in_use) in daemon.connections() {
        daemon.metrics.servers.connections(&format!("{engine}:{server}"), in_use);
    }
}

/// Counts the questions that are not open any more since the last time.
pub fn answers(daemon: &Daemon, fleet: &mut Fleet, answers: &BTreeMap<String, ApprovalRecord>) {
    for (id, record) in answers {
        let before = fleet.asked.insert(id.clone(), record.state);
        let became = match record.state {
            ApprovalState::Pending => continue,
            ApprovalState::Approved => Answered::Approved,
            ApprovalState::Rejected => Answered::Rejected,
            ApprovalState::Expired => Answered::Expired,
            ApprovalState::Withdrawn => Answered::Withdrawn,
        };
        if before.is_some_and(|before| before != record.state) {
            daemon.metrics.approvals.answered(became);
        }
    }
    fleet.asked.retain(|id, _| answers.contains_key(id));
}

fn sight(fleet: &Fleet, settings: &Settings, now: Timestamp) -> FleetSight {
    let mut sight = FleetSight::new(settings.config.metrics_per_tenant);
    let mut shapes: BTreeMap<Hash, (&Known, u64)> = BTreeMap::new();
    for entry in fleet.tenants.values() {
        let record = &entry.record;
        sight.tenant(TenantSight {
            name: &record.name,
            engine: record.engine,
            server: &record.server,
            schema: &record.schema,
            sync: &record.sync.to_string(),
            since: record.since,
            activity: &record.activity.to_string(),
            waived: record.is_waived(),
            flapping: entry.is_flapping(now),
            emptied: record.emptied.is_some(),
            checked_at: record.read_at,
            read_at: entry.sight.as_ref().map_or(record.read_at, |sight| now.checked_sub(sight.age()).ok()),
        });
        if let Some(known) = &entry.known {
            shapes.entry(known.id).or_insert((known, 0)).1 += u64::from(record.sync == Sync::Drifted);
        }
    }
    for (known, drifted) in shapes.values() {
        sight.shape(known.study.in_sync());
        let plan = &known.study.plan;
        for (index, planned) in plan.changes.iter().enumerate() {
            sight.change(planned.change.kind(), plan.hazards_of(index).map(|note| note.hazard), *drifted);
        }
        known.study.extras().for_each(|extra| sight.change(extra.kind(), [], *drifted));
    }
    sight
}

fn rollout_sight(record: &RolloutRecord) -> RolloutSight {
    let stage = match &record.stage {
        Stage::Running => "running",
        Stage::Soaking { .. } => "soaking",
        Stage::Stopped { .. } => "stopped",
        Stage::Paused { .. } => "paused",
        Stage::Done => "done",
        Stage::Superseded => "superseded",
    };
    let states =
        [MemberState::Waiting, MemberState::Running, MemberState::Done, MemberState::Failed, MemberState::Gone];
    let count = |state| record.members.values().filter(|member| member.state == state).count();
    RolloutSight {
        schema: record.schema.clone(),
        wave: record.wave + 1,
        stage: stage.to_owned(),
        tenants: states.map(|state| (state.to_string(), count(state))).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_stand_below_the_public_address() {
        for (base, expected) in [
            ("https://undrift.example.org", "https://undrift.example.org/api/v1/approvals/3f2a"),
            ("https://example.org/undrift/", "https://example.org/undrift/api/v1/approvals/3f2a"),
        ] {
            assert_eq!(link(&Url::parse(base).unwrap(), "approvals/3f2a"), expected);
        }
    }
}
