//! Why a change may hurt.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The ways in which a step can hurt. Each is a word that policies match on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Hazard {
    /// Rows or columns of data are gone afterwards.
    DeletesData,
    /// Values may be cut, rounded or refused: a narrowing or lossy change of type.
    MayLoseData,
    /// The server refuses it if the rows do not allow it.
    MayFailOnData,
    /// Reads and writes of the table wait while it runs.
    ExclusiveLock,
    /// Writes to the table wait while it runs.
    ShareLock,
    /// The whole table is written anew.
    RewritesTable,
    /// An index is built over the rows.
    BuildsIndex,
    /// Queries that used the index may become slow.
    DropsIndex,
    /// A running application that still uses the old name or shape fails.
    BreaksRunningApplication,
    /// Rights on an object are lost or changed.
    ChangesPrivileges,
    /// No statement brings back what was there.
    CannotBeUndone,
    /// The step could not be proved on a scratch copy.
    Unproved,
    /// undrift cannot tell what it does.
    CannotBeAnalysed,
}

impl Hazard {
    /// All hazards, in the order of the documentation.
    pub const ALL: [Hazard; 13] = [
        Hazard::DeletesData,
        Hazard::MayLoseData,
        Hazard::MayFailOnData,
        Hazard::ExclusiveLock,
        Hazard::ShareLock,
        Hazard::RewritesTable,
        Hazard::BuildsIndex,
        Hazard::DropsIndex,
        Hazard::BreaksRunningApplication,
        Hazard::ChangesPrivileges,
        Hazard::CannotBeUndone,
        Hazard::Unproved,
        Hazard::CannotBeAnalysed,
    ];

    /// The hazard as it is written in a policy: `deletes_data`.
    pub const fn key(self) -> &'static str {
        match self {
            Hazard::DeletesData => "deletes_data",
            Hazard::MayLoseData => "may_lose_data",
            Hazard::MayFailOnData => "may_fail_on_data",
            Hazard::ExclusiveLock => "exclusive_lock",
            Hazard::ShareLock => "share_lock",
            Hazard::RewritesTable => "rewrites_table",
            Hazard::BuildsIndex => "builds_index",
            Hazard::DropsIndex => "drops_index",
            Hazard::BreaksRunningApplication => "breaks_running_application",
            Hazard::ChangesPrivileges => "changes_privileges",
            Hazard::CannotBeUndone => "cannot_be_undone",
            Hazard::Unproved => "unproved",
            Hazard::CannotBeAnalysed => "cannot_be_analysed",
        }
    }
}

impl fmt::Display for Hazard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

/// A hazard and what exactly is meant here.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct HazardNote {
    /// The hazard.
    pub hazard: Hazard,
    /// One clause for people: `"members.note is dropped with its values"`.
    pub why: String,
}

impl HazardNote {
    /// A hazard with its reason.
    pub fn new(hazard: Hazard, why: impl Into<String>) -> Self {
        Self { hazard, why: why.into() }
    }
}
