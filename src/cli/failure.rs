//! What ends a command: printed on stderr, with what to do next.

use crate::db::DbError;
use crate::reconcile::ReconcileError;
use crate::yaml::Report;

/// Why a command could not do its work.
#[derive(Debug)]
pub enum Failure {
    /// Mistakes in files, each with its place.
    Mistakes(Report),
    /// Anything else: what it is and what to do next.
    Plain {
        /// What went wrong.
        message: String,
        /// What to do next.
        next: String,
    },
}

impl Failure {
    /// A failure in words.
    pub fn new(message: impl Into<String>, next: impl Into<String>) -> Self {
        Failure::Plain { message: message.into(), next: next.into() }
    }

    /// Prints it on stderr.
    pub fn print(&self) {
        match self {
            Failure::Mistakes(report) => anstream::eprint!("{}", report.render(true)),
            Failure::Plain { message, next } => {
                anstream::eprintln!("{} {message}", owo_colors::OwoColorize::red(&"error:"));
                if !next.is_empty() {
                    anstream::eprintln!("  next: {next}");
                }
            }
        }
    }
}

impl From<Report> for Failure {
    fn from(report: Report) -> Self {
        Failure::Mistakes(report)
    }
}

impl From<DbError> for Failure {
    fn from(error: DbError) -> Self {
        let statement = error.statement.as_ref().map(|sql| format!("\n  statement: {sql}")).unwrap_or_default();
        Failure::new(format!("{error}{statement}"), error.advice())
    }
}

impl From<&ReconcileError> for Failure {
    fn from(error: &ReconcileError) -> Self {
        match error {
            ReconcileError::Declared(report) => Failure::Mistakes(report.clone()),
            other => Failure::new(other.to_string(), other.advice()),
        }
    }
}
