//! The fleet at a glance: as long for ten thousand tenants as for ten.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{RolloutView, ShapeView};
use crate::model::{Engine, Hash, Reason, Ruling, Verdict};
use crate::reconcile::words;
use crate::store::{
    Activity, ApprovalRecord, ApprovalState, DriftRecord, KEPT, KeptRecord, Pause, Question, RunRecord, ShapeRecord,
    Store, StoreError, Sync, TenantFilter, TenantRecord,
};

type Shapes = BTreeMap<Hash, ShapeRecord>;

/// How many of a kind are shown; the numbers beside them count all.
const SHOWN: usize = 10;

/// How many tenants are read together.
const PAGE: usize = 200;

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
    /// How many different tables and columns tenants keep instead of dropping them.
    #[serde(default)]
    pub quarantined_total: usize,
    /// Those of them that go first.
    #[serde(default)]
    pub quarantined: Vec<KeptRecord>,
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

impl Worry {
    fn of(tenant: TenantRecord, shapes: &Shapes) -> Self {
        let (what, next) = match &tenant.trouble {
            Some(trouble) => (trouble.what.clone(), trouble.next.clone()),
            None => why(&tenant, shapes),
        };
        Self { tenant: tenant.name, sync: tenant.sync, since: tenant.since, activity: tenant.activity, what, next }
    }
}

/// What keeps a tenant from being what it should be, and what to do next.
fn why(tenant: &TenantRecord, shapes: &Shapes) -> (String, String) {
    let look = || format!("look at it with `undrift plan --tenant {}`", tenant.name);
    if tenant.sync == Sync::Unknown {
        return ("nobody has looked at it yet".to_owned(), "wait for the next pass".to_owned());
    }
    if let Some(failure) = &tenant.failure {
        let what = format!("plan {} failed {} times", failure.plan.short(), failure.times);
        return (what, format!("see `undrift history {}`", tenant.name));
    }
    if let Some(finding) = tenant.blocked.first() {
        return (finding.clone(), look());
    }
    let kept = |drift: &&DriftRecord| !matches!(drift.ruling.verdict, Verdict::Allow | Verdict::Ignore);
    match tenant.drift.iter().find(kept).or(tenant.drift.first()) {
        Some(drift) => (kept_back(tenant, drift, shapes), advice(&drift.ruling).map_or_else(look, str::to_owned)),
        None => ("it differs from its schema".to_owned(), look()),
    }
}

/// One of the changes that a tenant lacks, and how many others there are.
fn kept_back(tenant: &TenantRecord, drift: &DriftRecord, shapes: &Shapes) -> String {
    let shape = tenant.shape.and_then(|shape| shapes.get(&shape));
    let line = shape.and_then(|shape| shape.changes.get(drift.change)).map(words::line);
    let what = line.map_or_else(|| "a change".to_owned(), |line| format!("{} {}", line.object, line.what));
    let more = tenant.drift.len() - 1;
    let more = if more == 0 { String::new() } else { format!("; and {more} more") };
    format!("{what}: {} ({}){more}", words::verdict(&drift.ruling), words::reason(&drift.ruling))
}

/// What to do about a ruling, where there is more to say than to look.
fn advice(ruling: &Ruling) -> Option<&'static str> {
    match (&ruling.reason, ruling.verdict) {
        (Reason::Extra, _) => Some("declare it, ignore it, waive it, or set `extras: drop`"),
        (Reason::Data { .. } | Reason::Login { .. } | Reason::Waiver { .. }, _) => None,
        (_, Verdict::Ask) => Some("answer the question: `undrift approvals`"),
        (_, Verdict::Hold) => Some("nothing: it runs when its window opens"),
        (_, Verdict::Deny) => Some("put it right by hand, allow it in the policy, or waive it"),
        _ => None,
    }
}

/// What the state says of the fleet.
///
/// # Errors
/// When the state cannot be read.
pub async fn status(store: &Store) -> Result<Status, StoreError> {
    let summary = store.summary().await?;
    let engines: BTreeMap<_, _> = summary.sync.iter().map(|(engine, states)| (*engine, Counts::of(states))).collect();
    let (known, shapes) = shapes(store).await?;
    let pending = store.approvals(Some(ApprovalState::Pending)).await?;
    let runs = store.runs(PASSES, None).await?;
    let kept: Vec<KeptRecord> = store.note(KEPT).await?.unwrap_or_default();
    Ok(Status {
        undrift: env!("CARGO_PKG_VERSION").to_owned(),
        tenants: engines.values().fold(Counts::default(), Counts::and),
        engines,
        activity: summary.activity,
        shapes_total: shapes.len(),
        shapes: shapes.into_iter().take(SHOWN).collect(),
        rollouts: store.open_rollouts().await?.iter().map(RolloutView::of).collect(),
        approvals_total: pending.len(),
        quarantined_total: kept.len(),
        quarantined: kept.into_iter().take(SHOWN).collect(),
        braked: pending.iter().filter_map(braked).collect(),
        approvals: pending.into_iter().rev().take(SHOWN).collect(),
        paused: store.pause().await?,
        problems: problems(store, &known).await?,
        last_pass_ended: runs.iter().find_map(|run| run.ended),
        last_run: runs.into_iter().next(),
        service: store.leaseholder().await?.map(|(holder, _)| holder),
    })
}

/// The shapes by id, and those that somebody has, the most frequent first.
async fn shapes(store: &Store) -> Result<(Shapes, Vec<ShapeView>), StoreError> {
    let shapes = store.shapes().await?;
    let used = shapes.iter().filter(|(_, tenants)| *tenants > 0);
    let mut views: Vec<_> = used.map(|(shape, tenants)| ShapeView::of(shape, *tenants)).collect();
    views.sort_by_key(|shape| (std::cmp::Reverse(shape.tenants), shape.id));
    Ok((shapes.into_iter().map(|(shape, _)| (shape.id, shape)).collect(), views))
}

fn braked(approval: &ApprovalRecord) -> Option<Braked> {
    match &approval.question {
        Question::Brake { schema, why, .. } => {
            Some(Braked { schema: schema.clone(), why: why.clone(), approval: approval.id.clone() })
        }
        Question::Plan { .. } => None,
    }
}

/// What needs a person most: what is blocked, then what failed, then what cannot be read, then what policy leaves as
/// it is, and last what waits for an answer or a window. What waits for its turn in a rollout is no problem.
async fn problems(store: &Store, shapes: &Shapes) -> Result<Vec<Worry>, StoreError> {
    let drifted = |activity| (Some(Sync::Drifted), Some(activity));
    let kinds = [
        drifted(Activity::Blocked),
        drifted(Activity::Failed),
        (Some(Sync::Unknown), None),
        drifted(Activity::Idle),
        drifted(Activity::PendingApproval),
        drifted(Activity::Holding),
    ];
    let mut worst = Vec::new();
    for (sync, activity) in kinds {
        let filter = TenantFilter { sync, activity, ..TenantFilter::default() };
        let found = worrying(store, &filter, SHOWN - worst.len()).await?;
        worst.extend(found.into_iter().map(|tenant| Worry::of(tenant, shapes)));
    }
    Ok(worst)
}

/// The first so many tenants that fit, but for those all of whose drift people have accepted.
async fn worrying(store: &Store, filter: &TenantFilter, most: usize) -> Result<Vec<TenantRecord>, StoreError> {
    let mut worrying = Vec::new();
    let mut after: Option<String> = None;
    while worrying.len() < most {
        let page = store.tenants_page(filter, after.as_deref(), PAGE).await?;
        let Some(last) = page.last().map(|tenant| tenant.name.clone()) else { break };
        worrying.extend(page.into_iter().filter(|tenant| !tenant.is_waived()));
        after = Some(last);
    }
    worrying.truncate(most);
    Ok(worrying)
}
