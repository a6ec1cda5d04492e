//! What answers are made of: plain values with stable names, made from what the state remembers.
//!
//! The command line shows the same values, whether it has them from the API or from the state.

mod audit;
mod plan;
mod rollout;
mod shape;
mod status;
mod tenant;

pub use audit::{AuditLine, event_words};
pub use plan::{PlanView, StepView};
pub use rollout::{Progress, RolloutDetail, RolloutView};
pub use shape::{ChangeLine, ShapeDetail, ShapeView};
pub use status::{Braked, Counts, Status, Worry, status};
pub use tenant::{DriftLine, TenantDetail, TenantView};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "PageOf{T}")]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// Where the next page begins; nothing if this is the last.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// A page of at most `limit` things, of which one more than that was asked for to see whether there is another
    /// page.
    pub fn of(mut items: Vec<T>, limit: usize, place: impl Fn(&T) -> String) -> Self {
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| more).map(place);
        Self { items, next }
    }

    /// A list that has only one page.
    pub fn whole(items: Vec<T>) -> Self {
        Self { items, next: None }
    }
}
