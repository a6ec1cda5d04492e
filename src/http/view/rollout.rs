//! Rollouts and how far they are.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::Hash;
use crate::store::{MemberRecord, MemberState, RolloutRecord, Stage};

/// How many tenants of a rollout are how far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Progress {
    /// Their turn has not come.
    pub waiting: usize,
    /// Their plan runs.
    pub running: usize,
    /// Their plan ran.
    pub done: usize,
    /// Their plan failed.
    pub failed: usize,
    /// They need nothing any more.
    pub gone: usize,
}

impl Progress {
    fn of(members: &BTreeMap<String, MemberRecord>) -> Self {
        let mut progress = Self::default();
        for member in members.values() {
            *match member.state {
                MemberState::Waiting => &mut progress.waiting,
                MemberState::Running => &mut progress.running,
                MemberState::Done => &mut progress.done,
                MemberState::Failed => &mut progress.failed,
                MemberState::Gone => &mut progress.gone,
            } += 1;
        }
        progress
    }

    /// How many tenants there are.
    pub fn total(&self) -> usize {
        self.waiting + self.running + self.done + self.failed + self.gone
    }
}

/// A declared schema on its way through the fleet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RolloutView {
    /// Its number.
    pub id: i64,
    /// The name of the declared schema.
    pub schema: String,
    /// What tenants are to become.
    pub goal: Hash,
    /// Where it stands.
    pub stage: Stage,
    /// The wave that runs or is watched, from one.
    pub wave: usize,
    /// How far its tenants are.
    pub progress: Progress,
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
}

impl RolloutView {
    /// A rollout without its tenants.
    pub fn of(rollout: &RolloutRecord) -> Self {
        Self {
            id: rollout.id,
            schema: rollout.schema.clone(),
            goal: rollout.goal,
            stage: rollout.stage.clone(),
            wave: rollout.wave + 1,
            progress: Progress::of(&rollout.members),
            started: rollout.started,
            ended: rollout.ended,
        }
    }
}

/// A rollout with its tenants.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RolloutDetail {
    /// What lists say of it.
    #[serde(flatten)]
    pub rollout: RolloutView,
    /// How far each tenant is.
    pub tenants: Vec<Member>,
}

/// A tenant's part in a rollout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Member {
    /// The tenant.
    pub name: String,
    /// Its wave, from one; none before it has come up.
    pub wave: Option<usize>,
    /// How far it is.
    pub state: MemberState,
}

impl From<RolloutRecord> for RolloutDetail {
    fn from(record: RolloutRecord) -> Self {
        let rollout = RolloutView::of(&record);
        let member = |(name, member): (String, MemberRecord)| Member {
            name,
            wave: member.wave.map(|wave| wave + 1),
            state: member.state,
        };
        Self { rollout, tenants: record.members.into_iter().map(member).collect() }
    }
}
