//! Tenants and what differs in them.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AuditLine, ChangeLine};
use crate::model::{Engine, Fingerprint, Hash, Labels};
use crate::reconcile::words;
use crate::store::{Activity, FailureRecord, QuarantineRecord, ShapeRecord, Sync, TenantRecord, TroubleRecord};

/// A tenant as it was found last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TenantView {
    /// Its name.
    pub name: String,
    /// Its engine.
    pub engine: Engine,
    /// Its server; empty for a SQLite file.
    pub server: String,
    /// Its labels.
    pub labels: Labels,
    /// The name of its declared schema.
    pub schema: String,
    /// Whether it is what it should be.
    pub sync: Sync,
    /// Since when.
    pub since: Timestamp,
    /// What is going on.
    pub activity: Activity,
    /// How many changes separate it from its schema.
    pub changes: usize,
    /// What stands in the way of declared renames.
    pub blocked: Vec<String>,
    /// What was wrong at the last look or apply.
    pub trouble: Option<TroubleRecord>,
    /// Failed applies of one plan.
    pub failure: Option<FailureRecord>,
    /// The structure at the last successful look.
    pub fingerprint: Option<Fingerprint>,
    /// Its shape.
    pub shape: Option<Hash>,
    /// The version of the declared schema that it was last in sync with.
    pub version: Option<String>,
    /// The last look, whatever came of it.
    pub checked_at: Option<Timestamp>,
    /// The last look that succeeded.
    pub read_at: Option<Timestamp>,
    /// When it was last repaired.
    pub repaired_at: Option<Timestamp>,
    /// When drift came back after a repair, newest last.
    pub returned: Vec<Timestamp>,
    /// What it keeps under another name instead of dropping it.
    pub quarantined: Vec<QuarantineRecord>,
}

impl From<TenantRecord> for TenantView {
    fn from(record: TenantRecord) -> Self {
        Self {
            changes: record.drift.len(),
            name: record.name,
            engine: record.engine,
            server: record.server,
            labels: record.labels,
            schema: record.schema,
            sync: record.sync,
            since: record.since,
            activity: record.activity,
            blocked: record.blocked,
            trouble: record.trouble,
            failure: record.failure,
            fingerprint: record.fingerprint,
            shape: record.shape,
            version: record.version,
            checked_at: record.checked_at,
            read_at: record.read_at,
            repaired_at: record.repaired_at,
            returned: record.returned,
            quarantined: record.quarantined,
        }
    }
}

/// A change of a tenant, and what policy says of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DriftLine {
    /// The change.
    #[serde(flatten)]
    pub change: ChangeLine,
    /// What becomes of it, in a word: allow, ignore, hold, ask, deny, extra, waived, blocked.
    pub verdict: String,
    /// Why.
    pub reason: String,
    /// Why it may hurt.
    pub hazards: Vec<String>,
}

/// A tenant with what differs and what was done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TenantDetail {
    /// What lists say of it.
    #[serde(flatten)]
    pub tenant: TenantView,
    /// What separates it from its schema.
    pub drift: Vec<DriftLine>,
    /// The plan of its shape, if there is something to do.
    pub plan: Option<Hash>,
    /// What was done to it last, the newest first.
    pub history: Vec<AuditLine>,
}

impl TenantDetail {
    /// All that is known of a tenant.
    pub fn of(tenant: TenantRecord, shape: Option<&ShapeRecord>, history: Vec<AuditLine>) -> Self {
        let drift = shape.map(|shape| drift(&tenant, shape)).unwrap_or_default();
        Self { drift, plan: shape.and_then(|shape| shape.plan), tenant: tenant.into(), history }
    }
}

/// What differs, as far as the shape is known by now.
fn drift(tenant: &TenantRecord, shape: &ShapeRecord) -> Vec<DriftLine> {
    let line = |drift: &crate::store::DriftRecord| {
        Some(DriftLine {
            change: ChangeLine::of(shape.changes.get(drift.change)?),
            verdict: words::verdict(&drift.ruling),
            reason: words::reason(&drift.ruling),
            hazards: shape.hazards.get(drift.change).cloned().unwrap_or_default(),
        })
    };
    tenant.drift.iter().filter_map(line).collect()
}
