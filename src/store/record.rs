//! What undrift remembers: plain records, without a word about how they are stored.
//!
//! None of it is needed to find out where a tenant stands: that is always looked up in the tenant.
//! Times are instants; columns by which records are found hold milliseconds since 1970 (UTC).

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{Change, Engine, Fingerprint, Hash, Labels, Quarantined, Reason, Ruling, Tenant};

/// Whether a tenant is what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sync {
    /// No change is left, not even one that policy denies.
    InSync,
    /// Something differs.
    Drifted,
    /// Not everything could be read.
    Unknown,
}

/// What is going on with a tenant, beside [`Sync`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Activity {
    /// Nothing: in sync, or policy wants nothing done.
    Idle,
    /// A person has to approve a plan.
    PendingApproval,
    /// Its window is closed.
    Holding,
    /// Its wave has not come yet, the wave before is watched, or the rollout stands.
    Waiting,
    /// A plan is running.
    Applying,
    /// A plan failed and will be tried again.
    Failed,
    /// A plan failed too often, or the rows do not allow it: a person has to look.
    Blocked,
}

/// One tenant as it was found last.
#[derive(Clone, Debug, PartialEq, Hash, Serialize, Deserialize)]
pub struct TenantRecord {
    /// Its name.
    pub name: String,
    /// Its engine.
    pub engine: Engine,
    /// Its server, without secrets: `postgres:db1:5432`; empty for a SQLite file.
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
    /// Its fingerprint at the last successful look.
    pub fingerprint: Option<Fingerprint>,
    /// The shape it has: a [`ShapeRecord::id`].
    pub shape: Option<Hash>,
    /// The version of the declared schema that it was last in sync with.
    pub version: Option<String>,
    /// The goal (see [`ShapeRecord::goal`]) under which it was last in sync.
    pub good: Option<Hash>,
    /// The last look, whatever came of it.
    pub checked_at: Option<Timestamp>,
    /// The last look that succeeded.
    pub read_at: Option<Timestamp>,
    /// What was wrong at the last look or apply, and what to do next.
    pub trouble: Option<TroubleRecord>,
    /// What differs, with what policy says of each change; extras come last.
    pub drift: Vec<DriftRecord>,
    /// What stands in the way of declared renames.
    pub blocked: Vec<String>,
    /// Failed applies of one plan.
    pub failure: Option<FailureRecord>,
    /// When it was last repaired.
    pub repaired_at: Option<Timestamp>,
    /// When drift came back after a repair, newest last; at most sixteen are kept.
    pub returned: Vec<Timestamp>,
    /// What it keeps under another name instead of dropping it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quarantined: Vec<QuarantineRecord>,
    /// What undrift itself put into quarantine there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<Quarantined>,
    /// Whether it had tables at the last look that found any.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub had_tables: bool,
    /// Since when it has none, if it had some: a person is asked before it is filled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emptied: Option<Timestamp>,
}

/// A table or column that was renamed instead of dropped.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct QuarantineRecord {
    /// What it is called, qualified: `users.undrift_dropped_20270131_nick`.
    pub object: String,
    /// The day on which it was renamed, in UTC.
    pub since: Date,
    /// When it may be dropped for good; nothing is never without a person.
    pub until: Option<Timestamp>,
}

/// The note that holds every [`KeptRecord`].
pub const KEPT: &str = "quarantine";

/// What tenants keep, and how many of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeptRecord {
    /// What it is.
    #[serde(flatten)]
    pub what: QuarantineRecord,
    /// How many tenants keep it.
    pub tenants: u64,
}

impl TenantRecord {
    /// The tenant as selectors and policies know it.
    pub fn tenant(&self) -> Tenant {
        Tenant { name: self.name.clone(), engine: self.engine, labels: self.labels.clone() }
    }

    /// Whether people have accepted all of its drift.
    pub fn is_waived(&self) -> bool {
        let waived = |drift: &DriftRecord| matches!(drift.ruling.reason, Reason::Waiver { .. });
        !self.drift.is_empty() && self.drift.iter().all(waived)
    }
}

/// What went wrong, in words.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct TroubleRecord {
    /// What it was.
    pub what: String,
    /// What to do next.
    pub next: String,
}

/// One change that separates a tenant from its schema.
#[derive(Clone, Debug, PartialEq, Hash, Serialize, Deserialize)]
pub struct DriftRecord {
    /// The position among the shape's changes (see [`ShapeRecord::changes`]).
    pub change: usize,
    /// What policy says of it.
    pub ruling: Ruling,
}

/// Applies of one plan that failed on one tenant.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct FailureRecord {
    /// The plan's hash.
    pub plan: Hash,
    /// How often it failed.
    pub times: u32,
    /// When it is tried again; never, if there is nothing here.
    pub retry_at: Option<Timestamp>,
}

/// Tenants with one structure, one server version and one goal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShapeRecord {
    /// Names it: a hash of platform, declared schema and fingerprint.
    pub id: Hash,
    /// The server's vendor, version and defaults, for people.
    pub platform: String,
    /// The name of the declared schema.
    pub schema: String,
    /// The hash of the declared schema: what the shape is to become.
    pub goal: Hash,
    /// The structure.
    pub fingerprint: Fingerprint,
    /// The changes that separate it from the reference: those of the plan in its order, then what it leaves out.
    pub changes: Vec<Change>,
    /// The hazards of each change of the plan, in words.
    pub hazards: Vec<Vec<String>>,
    /// The plan for all that the schema asks for, if there is something to do.
    pub plan: Option<Hash>,
    /// Why the plan could not be proved; empty if it was.
    pub unproved: Vec<String>,
    /// When it was seen first.
    pub first_seen: Timestamp,
}

/// One pass over the fleet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunRecord {
    /// Its number.
    pub id: i64,
    /// When it began.
    pub started: Timestamp,
    /// When it ended; nothing while it runs, or if it was killed.
    pub ended: Option<Timestamp>,
    /// What set it off.
    pub trigger: Trigger,
    /// What it found.
    pub counts: BTreeMap<String, u64>,
    /// Sources of tenants that failed.
    pub troubles: Vec<String>,
}

/// What set a pass off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// The daemon started.
    Start,
    /// Its time had come.
    Schedule,
    /// A person asked.
    Request,
    /// Configuration, schema or policy changed.
    Reload,
}

/// A declared schema on its way through the fleet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RolloutRecord {
    /// Its number.
    pub id: i64,
    /// The name of the declared schema.
    pub schema: String,
    /// What tenants are to become: the declared schema's hash.
    pub goal: Hash,
    /// Where it stands.
    pub stage: Stage,
    /// The wave that runs or is watched, from zero.
    pub wave: usize,
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// The tenants in it.
    pub members: BTreeMap<String, MemberRecord>,
}

/// Where a rollout stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Stage {
    /// The wave's tenants are being changed.
    Running,
    /// The wave is done and watched until then.
    Soaking {
        /// When the next wave begins.
        until: Timestamp,
    },
    /// The failure budget is spent: a person has to look.
    Stopped {
        /// Why.
        why: String,
    },
    /// A person paused it.
    Paused {
        /// Who.
        by: String,
    },
    /// All waves are done.
    Done,
    /// Another goal took its place.
    Superseded,
}

/// A tenant's part in a rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberRecord {
    /// Its wave, from zero; none before it has come up.
    pub wave: Option<usize>,
    /// How far it is.
    pub state: MemberState,
}

/// How far a tenant is in a rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MemberState {
    /// Its turn has not come.
    Waiting,
    /// Its plan runs, or ran when undrift was killed.
    Running,
    /// Its plan ran.
    Done,
    /// Its plan failed.
    Failed,
    /// It needs nothing any more: it was put right otherwise, changed, or is gone.
    Gone,
}

/// A question to a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ApprovalRecord {
    /// Names it: twelve hexadecimal digits.
    pub id: String,
    /// What is asked.
    pub question: Question,
    /// Where it stands.
    pub state: ApprovalState,
    /// When it was asked.
    pub asked: Timestamp,
    /// When the question, or the approval, is void.
    pub expires: Timestamp,
    /// The answer.
    pub answer: Option<Answer>,
}

/// What a person is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "about", rename_all = "snake_case")]
pub enum Question {
    /// May this plan run on the tenants of this shape?
    Plan {
        /// The shape.
        shape: Hash,
        /// The plan.
        plan: Hash,
        /// The fingerprint that it starts from.
        start: Fingerprint,
        /// The changes that policy asks about, in words.
        changes: Vec<String>,
        /// How many tenants it is about, and the first of their names.
        tenants: usize,
        /// The first names, in order.
        names: Vec<String>,
    },
    /// May so much of the fleet change although nothing explains it, or a schema have lost something?
    Brake {
        /// The name of the declared schema.
        schema: String,
        /// The hash of what the brake saw: another sight is another question.
        sight: Hash,
        /// Why it engaged.
        why: String,
    },
}

/// Where a question stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalState {
    /// Nobody has answered.
    Pending,
    /// Yes.
    Approved,
    /// No.
    Rejected,
    /// Nobody answered in time, or the approval was not used in time.
    Expired,
    /// There is nothing to approve any more.
    Withdrawn,
}

/// A person's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    /// Whose: the token's name, or the login at the command line.
    pub who: String,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub why: String,
}

/// One link of the audit. `docs/state.md` says how they hang together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AuditEntry {
    /// When.
    pub at: Timestamp,
    /// What was done.
    pub event: AuditEvent,
    /// On which tenant, if on one.
    pub tenant: Option<String>,
    /// Under which plan.
    pub plan: Option<Hash>,
}

/// What the audit records.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum AuditEvent {
    /// A plan is about to run.
    Begin {
        /// The fingerprint before.
        start: Fingerprint,
        /// What allowed it: rules of the policy, by change.
        rules: Vec<String>,
        /// Who approved it, if policy asked.
        approver: Option<String>,
    },
    /// Tables were backed up, and nothing had been changed yet.
    BackedUp {
        /// The tables.
        tables: Vec<String>,
        /// Where the backup is.
        place: String,
        /// How large it is, if it is a file.
        bytes: Option<u64>,
        /// How long it took, in milliseconds.
        millis: u64,
    },
    /// A statement is about to run.
    Intent {
        /// The step, from one.
        step: usize,
        /// The statement within it, from one.
        statement: usize,
        /// The text.
        sql: String,
    },
    /// A statement ended.
    Outcome {
        /// The step, from one.
        step: usize,
        /// The statement within it, from one.
        statement: usize,
        /// How long it took, in milliseconds.
        millis: u64,
        /// How many rows it touched.
        rows: u64,
        /// The error, if it failed.
        error: Option<String>,
    },
    /// A plan ended.
    End {
        /// The fingerprint after, if it could be read.
        end: Option<Fingerprint>,
        /// How it ended.
        outcome: ApplyOutcome,
        /// The error, if it failed.
        error: Option<String>,
    },
    /// After a kill: what the next look found of a plan whose end nobody saw.
    Resolved {
        /// The fingerprint found.
        found: Fingerprint,
        /// Whether the plan's end was reached.
        reached: bool,
    },
    /// A person answered a question.
    Answered {
        /// The question's id.
        approval: String,
        /// Yes or no.
        approved: bool,
        /// Who and why.
        answer: Answer,
    },
    /// A person did something else: pause, resume, make or revoke a token.
    Did {
        /// Who.
        who: String,
        /// What.
        what: String,
    },
}

/// How a plan ended on a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApplyOutcome {
    /// It ran, was read again, and is what the plan said.
    Applied,
    /// It was not started: the tenant had changed, or another undrift was working on it.
    Skipped,
    /// It failed.
    Failed,
}

/// What a token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Look.
    Viewer,
    /// Look, approve, reject, pause, resume, check now.
    Operator,
}

/// A token that opens the API. The token itself is shown once and never stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRecord {
    /// Names it, in public: the part of the token before the dot.
    pub id: String,
    /// Whose it is, as its maker wrote.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The argon2id hash of its secret part, as a PHC string.
    pub hash: String,
    /// When it was made.
    pub created: Timestamp,
    /// Until when it holds, if not for ever.
    pub expires: Option<Timestamp>,
    /// When it was revoked.
    pub revoked: Option<Timestamp>,
}

/// Writes an enum as its name in JSON: one spelling for people, files and the wire.
macro_rules! shown_as_in_json {
    ($($name:ty),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match serde_json::to_value(self) {
                    Ok(serde_json::Value::String(text)) => f.write_str(&text),
                    _ => fmt::Debug::fmt(self, f),
                }
            }
        }
    )*};
}

shown_as_in_json!(Sync, Activity, Trigger, MemberState, ApprovalState, ApplyOutcome, Role);
