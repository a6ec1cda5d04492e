//! Plans as files: written by `plan --out`, reviewed, and carried out by `apply`.
//!
//! A file holds what a reviewer has to see and what ties it to its tenants. It is never believed: what runs is
//! what undrift works out anew, and that has to be, word for word, what the file says.

mod review;
mod seal;
mod since;
mod write;

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use review::{Refusal, Review};
pub use seal::{PlanFileError, read, write as text};
pub use since::since;

use crate::model::{ChangeKind, Engine, Fingerprint, Hash, Reason, Schema, Step, Verdict};

/// The version of the format. Keys are added without another one; it is raised when an older undrift would
/// misunderstand a file.
pub const FORMAT: u32 = 1;

/// A reviewed plan: what is to be done to which tenants.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "undrift plan")]
pub struct PlanFile {
    /// The version of this format.
    pub format: u32,
    /// The version of undrift that made it.
    pub undrift: String,
    /// When it was made.
    pub made: Timestamp,
    /// The name of the policy whose verdicts it holds.
    pub policy: String,
    /// The structures that something is to be done about.
    pub shapes: Vec<ShapeEntry>,
    /// The hash of everything else in the file, keys in order and without white space.
    pub hash: Hash,
}

/// A structure that some tenants have, and what is to be done about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ShapeEntry {
    /// The declared schema that the tenants shall have.
    pub schema: SchemaEntry,
    /// The engine whose statements these are.
    pub engine: Engine,
    /// The server that the plan was worked out for.
    pub platform: String,
    /// The fingerprint that the plans start from.
    pub start: Fingerprint,
    /// The structure that `start` stands for, without what is ignored or not modelled: what later changes are told from.
    pub structure: Schema,
    /// The hash of the plan with everything that the schema asks for.
    pub whole: Hash,
    /// What is to be done, for each group of tenants that the policy says the same about.
    pub plans: Vec<PlanEntry>,
}

/// A declared schema.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SchemaEntry {
    /// Its name.
    pub name: String,
    /// Its version, if it has one.
    pub version: Option<String>,
    /// The hash of all its files.
    pub hash: Hash,
}

/// A plan for some tenants.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PlanEntry {
    /// The tenants, by name.
    pub tenants: Vec<String>,
    /// The plan's hash.
    pub hash: Hash,
    /// The fingerprint that it reached on a scratch copy.
    pub end: Option<Fingerprint>,
    /// Why it could not be proved on a scratch copy; empty if it was.
    pub unproved: Vec<String>,
    /// What it changes.
    pub changes: Vec<ChangeEntry>,
    /// What it leaves as it is: what the policy or the rows keep back, and what is not declared.
    pub left_out: Vec<ChangeEntry>,
    /// What it does, in order. Indexes in it count `changes` from 0.
    pub steps: Vec<Step>,
}

/// A change, and what the policy said about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ChangeEntry {
    /// Its place in the plan with everything, from 0; nothing for what is not declared.
    pub number: Option<usize>,
    /// What kind of change it is.
    pub kind: ChangeKind,
    /// What it is about.
    pub object: String,
    /// What differs, in words.
    pub what: String,
    /// The verdict when the file was made.
    pub verdict: Verdict,
    /// Why.
    pub reason: Reason,
    /// For `ask`: whether carrying out this file counts as the answer. Where not, a person is asked once more.
    pub answered_by_review: bool,
    /// The name under which the tenants keep what it drops, where the policy wants that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_as: Option<String>,
}

impl PlanFile {
    /// The entries for a tenant.
    pub fn of_tenant(&self, name: &str) -> Option<(&ShapeEntry, &PlanEntry)> {
        let entries = self.shapes.iter().flat_map(|shape| shape.plans.iter().map(move |plan| (shape, plan)));
        entries.into_iter().find(|(_, plan)| plan.tenants.iter().any(|tenant| tenant == name))
    }

    /// The names of all tenants, each once, with how often it stands there.
    pub fn tenants(&self) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        for tenant in self.shapes.iter().flat_map(|shape| &shape.plans).flat_map(|plan| &plan.tenants) {
            *counts.entry(tenant.as_str()).or_default() += 1;
        }
        counts
    }
}

/// The JSON Schema of plan files.
pub fn json_schema() -> serde_json::Value {
    schemars::schema_for!(PlanFile).to_value()
}
