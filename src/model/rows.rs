//! Work on the rows of a table, batch by batch.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{OnConflict, QName, Transform};

/// Something that is done to the rows of a table, some at a time. Rows that are done are no longer pending, so that
/// a run which was cut short goes on where it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RowWork {
    /// The table.
    pub table: QName,
    /// What tells its rows apart and puts them in an order, as columns with their types; nothing if nothing does.
    pub key: Vec<(String, String)>,
    /// The condition under which a row is still to be done.
    pub pending: String,
    /// What is done to a row.
    pub task: RowTask,
    /// Whether the table is locked meanwhile: then no transaction of its own is opened, and no row is locked.
    pub locked: bool,
    /// One clause for people: `fill phone`.
    pub title: String,
    /// The statement that would do the same at once, or what is done where no statement could.
    pub shown: String,
}

/// What is done to a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RowTask {
    /// The server makes these assignments.
    Set(String),
    /// undrift hashes the values of a column, and writes the hashes back.
    Hash {
        /// How.
        transform: Transform,
        /// The column whose values are hashed where they are.
        column: String,
        /// Assignments that keep columns as they are which would note the time of the update.
        untouched: String,
    },
    /// undrift makes the columns of an old and a new name agree, hashing what is no hash yet.
    Agree {
        /// How values are hashed.
        transform: Transform,
        /// The old column.
        old: String,
        /// The new column.
        new: String,
        /// Which value counts.
        on_conflict: OnConflict,
        /// As for [`RowTask::Hash`].
        untouched: String,
    },
}

impl RowWork {
    /// The columns whose values undrift reads, if it does.
    pub fn reads(&self) -> Vec<&String> {
        match &self.task {
            RowTask::Set(_) => Vec::new(),
            RowTask::Hash { column, .. } => vec![column],
            RowTask::Agree { old, new, .. } => vec![old, new],
        }
    }
}
