//! The fleet at a glance: as long for ten thousand tenants as for ten.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{RolloutView, ShapeView};
use crate::model::Engine;
use crate::reconcile::words;
use crate::store::{
    Activity, ApprovalRecord, ApprovalState, Pause, Question, RunRecord, Store, StoreError, Sync, TenantFilter,
    TenantRecord,
};

/// How many of a kind are shown; the numbers beside them count all.
const SHOWN: usize = 10;

/// How far back to look for a pass that ended.
const PASSES: usize = 20;

/// The fleet at a glance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Status {
    /// The version of undrift that says so.
    pub undrift: String,
    /// All tenants.
    pub tenants: Counts,
    /// The same by engine.
    pub engines: BTreeMap<Engine, Counts>,
    /// How many tenants something is going on with, or nothing (`idle`).
    pub activity: BTreeMap<Activity, u64>,
    /// How many shapes there are.
    pub shapes_total: usize,
    /// The shapes that most tenants have.
    pub shapes: Vec<ShapeView>,
    /// The rollouts that are under way or stand.
    pub rollouts: Vec<RolloutView>,
    /// How many questions wait for an answer.
    pub approvals_total: usize,
    /// The questions that have waited longest.
    pub approvals: Vec<ApprovalRecord>,
    /// Where the brake is engaged.
    pub braked: Vec<Braked>,
    /// That nothing is to be changed until somebody resumes.
    pub paused: Option<Pause>,
    /// The worst problems.
    pub problems: Vec<Worry>,
    /// The newest pass.
    pub last_run: Option<RunRecord>,
    /// When the last pass ended that did.
    pub last_pass_ended: Option<Timestamp>,
    /// The process that works on the fleet now, if one does.
    pub service: Option<String>,
}

/// How many tenants stand where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    /// All of them.
    pub total: u64,
    /// What they should be.
    pub in_sync: u64,
    /// Something differs.
    pub drifted: u64,
    /// Not everything could be read.
    pub unknown: u64,
}

impl Counts {
    fn of(states: &BTreeMap<Sync, u64>) -> Self {
        let count = |sync| states.get(&sync).copied().unwrap_or_default();
        let (in_sync, drifted, unknown) = (count(Sync::InSync), count(Sync::Drifted), count(Sync::Unknown));
        Self { total: in_sync + drifted + unknown, in_sync, drifted, unknown }
    }

    fn and(self, other: &Self) -> Self {
        Self {
            total: self.total + other.total,
            in_sync: self.in_sync + other.in_sync,
            drifted: self.drifted + other.drifted,
            unknown: self.unknown + other.unknown,
        }
    }
}

/// A declared schema that undrift does not carry out before a person has looked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Braked {
    /// The name of the declared schema.
    pub schema: String,
    /// Why.
    pub why: String,
    /// The question to answer.
    pub approval: String,
}

/// A tenant that somebody should look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Worry {
    /// The tenant.
    pub tenant: String,
    /// Whether it is what it should be.
    pub sync: Sync,
    /// Since when.
    pub since: Timestamp,
    /// What is going on.
    pub activity: Activity,
    /// What is wrong.
    pub what: String,
    /// What to do next.
    pub next: String,
}

impl From<TenantRecord> for Worry {
    fn from(tenant: TenantRecord) -> Self {
        let (what, next) = match tenant.trouble {
            Some(trouble) => (trouble.what, trouble.next),
            None => (why(&tenant), "look at it with `undrift plan --tenant`".to_owned()),
        };
        Self { tenant: tenant.name, sync: tenant.sync, since: tenant.since, activity: tenant.activity, what, next }
    }
}

fn why(tenant: &TenantRecord) -> String {
    if tenant.sync == Sync::Unknown {
        return "nobody has looked at it yet".to_owned();
    }
    match (&tenant.failure, tenant.blocked.first()) {
        (Some(failure), _) => format!("plan {} failed {} times", failure.plan.short(), failure.times),
        (None, Some(finding)) => finding.clone(),
        (None, None) if tenant.activity == Activity::Idle => kept_back(tenant),
        (None, None) => "the rows do not allow what the schema asks for".to_owned(),
    }
}

/// What keeps a drifted tenant as it is, though nobody is asked and nothing is waited for.
fn kept_back(tenant: &TenantRecord) -> String {
    let count = tenant.drift.len();
    let changes = if count == 1 { "1 change".to_owned() } else { format!("{count} changes") };
    match tenant.drift.first().map(|drift| &drift.ruling) {
        Some(ruling) => format!("{changes} kept back ({}: {})", words::verdict(ruling), words::reason(ruling)),
        None => format!("{changes} kept back"),
    }
}

/// What the state says of the fleet.
///
/// # Errors
/// When the state cannot be read.
pub async fn status(store: &Store) -> Result<Status, StoreError> {
    let summary = store.summary().await?;
    let engines: BTreeMap<_, _> = summary.sync.iter().map(|(engine, states)| (*engine, Counts::of(states))).collect();
    let shapes = shapes(store).await?;
    let pending = store.approvals(Some(ApprovalState::Pending)).await?;
    let runs = store.runs(PASSES, None).await?;
    Ok(Status {
        undrift: env!("CARGO_PKG_VERSION").to_owned(),
        tenants: engines.values().fold(Counts::default(), Counts::and),
        engines,
        activity: summary.activity,
        shapes_total: shapes.len(),
        shapes: shapes.into_iter().take(SHOWN).collect(),
        rollouts: store.open_rollouts().await?.iter().map(RolloutView::of).collect(),
        approvals_total: pending.len(),
        braked: pending.iter().filter_map(braked).collect(),
        approvals: pending.into_iter().rev().take(SHOWN).collect(),
        paused: store.pause().await?,
        problems: problems(store).await?,
        last_pass_ended: runs.iter().find_map(|run| run.ended),
        last_run: runs.into_iter().next(),
        service: store.leaseholder().await?,
    })
}

/// The shapes that somebody has, the most frequent first.
async fn shapes(store: &Store) -> Result<Vec<ShapeView>, StoreError> {
    let shapes = store.shapes().await?;
    let mut views: Vec<_> = shapes
        .iter()
        .filter(|(_, tenants)| *tenants > 0)
        .map(|(shape, tenants)| ShapeView::of(shape, *tenants))
        .collect();
    views.sort_by_key(|shape| (std::cmp::Reverse(shape.tenants), shape.id));
    Ok(views)
}

fn braked(approval: &ApprovalRecord) -> Option<Braked> {
    match &approval.question {
        Question::Brake { schema, why, .. } => {
            Some(Braked { schema: schema.clone(), why: why.clone(), approval: approval.id.clone() })
        }
        Question::Plan { .. } => None,
    }
}

/// What needs a person most: what is blocked, then what failed, then what cannot be read.
async fn problems(store: &Store) -> Result<Vec<Worry>, StoreError> {
    let doing = |activity| TenantFilter { activity: Some(activity), ..TenantFilter::default() };
    let unknown = TenantFilter { sync: Some(Sync::Unknown), ..TenantFilter::default() };
    let mut worst: Vec<Worry> = Vec::new();
    let kept = TenantFilter { sync: Some(Sync::Drifted), ..doing(Activity::Idle) };
    for filter in [doing(Activity::Blocked), doing(Activity::Failed), unknown, kept] {
        let found = store.tenants_page(&filter, None, SHOWN).await?;
        worst.extend(found.into_iter().map(Worry::from));
    }
    let mut seen = std::collections::BTreeSet::new();
    worst.retain(|worry| seen.insert(worry.tenant.clone()));
    worst.truncate(SHOWN);
    Ok(worst)
}
