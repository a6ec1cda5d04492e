//! Why there is no backup.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use thiserror::Error;

use crate::db::DbError;

/// Why there is no backup.
#[derive(Debug, Error)]
pub enum BackupError {
    /// No such tool is installed.
    #[error("{tool} is not there")]
    NoTool {
        /// Its name.
        tool: &'static str,
        /// Debian's package that brings it along.
        package: &'static str,
    },
    /// A tool or command failed.
    #[error("{tool} failed ({status}){}", after_colon(.said))]
    Failed {
        /// What it is called.
        tool: String,
        /// How it ended.
        status: String,
        /// The end of what it said.
        said: String,
    },
    /// It took longer than it may.
    #[error("it was not done within {longest:?}")]
    TimedOut {
        /// How long it may take.
        longest: Duration,
    },
    /// What was made is no backup.
    #[error("what {tool} made is no backup: {why}")]
    Incomplete {
        /// What made it.
        tool: String,
        /// What is missing.
        why: String,
    },
    /// A file or folder.
    #[error("{}: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The server or the connection.
    #[error("{0}")]
    Db(DbError),
    /// Somebody asked undrift to stop.
    #[error("undrift was asked to stop")]
    Stopped,
}

impl BackupError {
    pub(super) fn file(path: &Path, error: io::Error) -> Self {
        BackupError::File { path: path.to_owned(), error }
    }

    /// What to do next.
    pub fn advice(&self) -> String {
        match self {
            BackupError::NoTool { package, .. } => {
                format!("install it (Debian: {package}), or name a command of your own under `backups`, then run again")
            }
            BackupError::Failed { .. } | BackupError::Incomplete { .. } => {
                "put right what it says, then run again".to_owned()
            }
            BackupError::TimedOut { .. } => {
                "raise `backups: { timeout: … }`, or make backups another way, then run again".to_owned()
            }
            BackupError::File { .. } => "make the folder of `backups: { to: … }` writable, then run again".to_owned(),
            BackupError::Db(error) => error.advice().to_owned(),
            BackupError::Stopped => "run again".to_owned(),
        }
    }
}

fn after_colon(said: &str) -> String {
    if said.is_empty() { String::new() } else { format!(": {said}") }
}
