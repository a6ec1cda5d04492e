//! A database and what is known of it beforehand.

use std::collections::BTreeMap;
use std::fmt;

use super::Engine;

/// Labels by name: what policies and `--tenant` select on.
pub type Labels = BTreeMap<String, String>;

/// One database of the fleet. How to reach it is not part of it: secrets live in `db`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// Its name, unique in the fleet.
    pub name: String,
    /// The engine it runs on.
    pub engine: Engine,
    /// Its labels.
    pub labels: Labels,
}

impl fmt::Display for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}
