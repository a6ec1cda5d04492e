//! Why a change may hurt.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::change_kind::words;

words! {
    /// The ways in which a step can hurt. Each is a word that policies match on.
    Hazard {
        /// Rows or columns of data are gone afterwards.
        DeletesData = "deletes_data",
        /// Values may be cut, rounded or refused: a narrowing or lossy change of type.
        MayLoseData = "may_lose_data",
        /// The server refuses it if the rows do not allow it.
        MayFailOnData = "may_fail_on_data",
        /// Reads and writes of the table wait while it runs.
        ExclusiveLock = "exclusive_lock",
        /// Writes to the table wait while it runs.
        ShareLock = "share_lock",
        /// The server copies the table row by row (MySQL and MariaDB: `ALGORITHM=COPY`).
        CopiesTable = "copies_table",
        /// The whole table is written anew.
        RewritesTable = "rewrites_table",
        /// An index is built over the rows.
        BuildsIndex = "builds_index",
        /// Queries that used the index may become slow.
        DropsIndex = "drops_index",
        /// A running application that still uses the old name or shape fails.
        BreaksRunningApplication = "breaks_running_application",
        /// A view, trigger, routine or the like names what goes or gets another name, and fails from then on.
        BreaksDependents = "breaks_dependents",
        /// Rights on an object are lost or changed.
        ChangesPrivileges = "changes_privileges",
        /// No statement brings back what was there.
        CannotBeUndone = "cannot_be_undone",
        /// The step could not be proved on a scratch copy.
        Unproved = "unproved",
        /// undrift cannot tell what it does.
        CannotBeAnalysed = "cannot_be_analysed",
    }
}

impl Hazard {
    /// Whether something that rows hold may be gone afterwards.
    pub fn loses_data(self) -> bool {
        matches!(self, Hazard::DeletesData | Hazard::MayLoseData)
    }
}

/// A hazard and what exactly is meant here.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
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
