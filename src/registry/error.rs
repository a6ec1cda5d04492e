//! What can be wrong with a source of tenants.

use std::path::PathBuf;

use thiserror::Error;

use crate::db::DbError;

use super::Registered;

/// A source that gave fewer tenants than it should.
#[derive(Debug, Error)]
#[error("{place}: {problem}")]
pub struct SourceError {
    /// Where in the configuration it stands: `undrift.yaml:7:5`.
    pub place: String,
    /// What is wrong.
    #[source]
    pub problem: Problem,
}

/// What is wrong with a source.
#[derive(Debug, Error)]
pub enum Problem {
    /// A pattern that no file fits.
    #[error("no file fits {}", pattern.display())]
    NoFiles {
        /// The pattern.
        pattern: PathBuf,
    },
    /// A pattern that is none.
    #[error("{} is not a pattern: {why}", pattern.display())]
    Pattern {
        /// The pattern.
        pattern: PathBuf,
        /// Why not.
        why: String,
    },
    /// A folder that cannot be looked through.
    #[error("cannot look through {}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        #[source]
        error: std::io::Error,
    },
    /// A pattern that no database fits.
    #[error("no database of {server} is like {pattern}")]
    NoDatabases {
        /// The pattern.
        pattern: String,
        /// The server, without its password.
        server: String,
    },
    /// A server that cannot be asked.
    #[error("the server cannot be asked for its databases")]
    Server(#[source] Box<DbError>),
    /// A URL that makes no sense.
    #[error("the database of {tenant} cannot be addressed")]
    Address {
        /// The tenant.
        tenant: String,
        /// What is wrong.
        #[source]
        error: Box<DbError>,
    },
    /// Several tenants of one name.
    #[error(
        "several tenants are called {name} ({places}); none of them is looked at: give each its own name, or `exclude` one"
    )]
    SameName {
        /// The name.
        name: String,
        /// Where they come from.
        places: String,
    },
    /// Several tenants in one database.
    #[error("{names} are one database, {database} ({places}); none of them is looked at: keep one, or `exclude` it")]
    SameDatabase {
        /// Their names.
        names: String,
        /// The database, without its password.
        database: String,
        /// Where they come from.
        places: String,
    },
}

impl SourceError {
    /// Whether it may be as it should: nothing is there, and nothing has failed.
    pub fn is_warning(&self) -> bool {
        matches!(self.problem, Problem::NoFiles { .. } | Problem::NoDatabases { .. })
    }

    /// What to do next, where it is not part of the message.
    pub fn advice(&self) -> Option<&str> {
        match &self.problem {
            Problem::Server(error) | Problem::Address { error, .. } => Some(error.advice()),
            _ => None,
        }
    }
}

impl Problem {
    pub(super) fn address(tenant: &str, error: DbError) -> Self {
        Problem::Address { tenant: tenant.to_owned(), error: Box::new(error) }
    }

    pub(super) fn same_name(tenants: &[&Registered]) -> Self {
        let each: Vec<_> = tenants.iter().map(|tenant| format!("{} in {}", tenant.target, tenant.place)).collect();
        Problem::SameName { name: tenants[0].tenant.name.clone(), places: each.join(", ") }
    }

    pub(super) fn same_database(tenants: &[&Registered]) -> Self {
        let names: Vec<_> = tenants.iter().map(|tenant| tenant.tenant.name.as_str()).collect();
        let places: Vec<_> = tenants.iter().map(|tenant| tenant.place.as_str()).collect();
        Problem::SameDatabase {
            names: names.join(" and "),
            database: tenants[0].target.to_string(),
            places: places.join(", "),
        }
    }
}
