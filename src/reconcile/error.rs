//! Why a database could not be worked out.

use thiserror::Error;

use crate::db::DbError;
use crate::plan::Circle;
use crate::yaml::Report;

/// Why a tenant's drift could not be worked out, or its plan is not offered.
#[derive(Debug, Error)]
pub enum ReconcileError {
    /// The declared schema is not for this server.
    #[error("the declared schema does not fit this server")]
    Declared(Report),
    /// The server or the network.
    #[error("{0}")]
    Db(DbError),
    /// No scratch database.
    #[error("no scratch database could be made: {0}")]
    Scratch(DbError),
    /// The server refuses the declared schema.
    #[error("the declared schema cannot be built on {server}: {step}: {error}{}", .error.statement.as_ref().map(|sql| format!("\n  statement: {sql}")).unwrap_or_default())]
    Unbuildable {
        /// The server.
        server: String,
        /// What was being made.
        step: String,
        /// What the server said.
        error: DbError,
    },
    /// Something that is not modelled has the name of a wanted table.
    #[error("{0}")]
    Obstacle(String),
    /// No order can carry the changes out.
    #[error("{0}")]
    Circle(#[from] Circle),
    /// The plan was run on a scratch copy and did not get there.
    #[error("the plan is not offered, because on a scratch copy {0}")]
    NotProved(String),
}

impl ReconcileError {
    /// What to do next.
    pub fn advice(&self) -> &str {
        match self {
            ReconcileError::Declared(_) => "correct the schema file",
            ReconcileError::Db(error) | ReconcileError::Scratch(error) => error.advice(),
            ReconcileError::Unbuildable { .. } => "correct the schema file: the server does not take it as it is",
            ReconcileError::Obstacle(_) => super::obstacle::ADVICE,
            ReconcileError::Circle(_) => "split the change in two: apply one half of it first",
            ReconcileError::NotProved(_) => {
                "nothing was changed on the tenant; make the change by hand, or split it into smaller ones"
            }
        }
    }
}
