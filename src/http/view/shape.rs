//! Shapes and their changes.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{Change, ChangeKind, Fingerprint, Hash};
use crate::reconcile::words;
use crate::store::ShapeRecord;

/// A change in words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ChangeLine {
    /// `+`, `-`, `~` or `→`.
    pub sign: char,
    /// What it is about.
    pub object: String,
    /// What differs.
    pub what: String,
    /// The word for it in policies.
    pub kind: ChangeKind,
}

impl ChangeLine {
    /// A change in words.
    pub fn of(change: &Change) -> Self {
        let words::Line { sign, object, what } = words::line(change);
        Self { sign, object, what, kind: change.kind() }
    }
}

/// Tenants with one structure, one server version and one goal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ShapeView {
    /// Names it.
    pub id: Hash,
    /// The server's vendor and version.
    pub platform: String,
    /// The name of the declared schema.
    pub schema: String,
    /// The structure.
    pub fingerprint: Fingerprint,
    /// How many tenants have it.
    pub tenants: u64,
    /// How many changes separate it from its schema.
    pub changes: usize,
    /// The plan that makes them, if there is something to do.
    pub plan: Option<Hash>,
    /// Why that plan could not be proved on a copy; empty if it was.
    pub unproved: Vec<String>,
    /// When it was seen first.
    pub first_seen: Timestamp,
}

impl ShapeView {
    /// What is known of a shape that so many tenants have.
    pub fn of(shape: &ShapeRecord, tenants: u64) -> Self {
        Self {
            id: shape.id,
            platform: shape.platform.clone(),
            schema: shape.schema.clone(),
            fingerprint: shape.fingerprint,
            tenants,
            changes: shape.changes.len(),
            plan: shape.plan,
            unproved: shape.unproved.clone(),
            first_seen: shape.first_seen,
        }
    }
}

/// A shape with what separates it from its schema.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ShapeDetail {
    /// What lists say of it.
    #[serde(flatten)]
    pub shape: ShapeView,
    /// The changes: those of the plan in its order, then what it leaves out.
    pub differences: Vec<Difference>,
}

/// A change with its hazards.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Difference {
    /// The change.
    #[serde(flatten)]
    pub change: ChangeLine,
    /// Why it may hurt.
    pub hazards: Vec<String>,
}

impl ShapeDetail {
    /// All that is known of a shape.
    pub fn of(shape: &ShapeRecord, tenants: u64) -> Self {
        let hazards = |number: usize| shape.hazards.get(number).cloned().unwrap_or_default();
        let difference = |(number, change)| Difference { change: ChangeLine::of(change), hazards: hazards(number) };
        Self {
            shape: ShapeView::of(shape, tenants),
            differences: shape.changes.iter().enumerate().map(difference).collect(),
        }
    }
}
