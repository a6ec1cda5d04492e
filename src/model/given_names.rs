//! What its author called a table's constraints, where an engine pays no attention to it.

use std::collections::BTreeMap;

use super::Member;

/// Names of constraints by what they are about. Nobody compares them, so any two of these are equal; a table
/// that is built anew keeps them.
#[derive(Clone, Debug, Default)]
pub struct GivenNames(BTreeMap<String, String>);

impl PartialEq for GivenNames {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for GivenNames {}

impl GivenNames {
    /// Notes what a constraint is called, if it is called something.
    pub fn note(&mut self, constraint: &Member) {
        if let Some(name) = constraint.name() {
            self.0.entry(key(constraint)).or_insert_with(|| name.to_owned());
        }
    }

    /// What a constraint was called.
    pub fn of(&self, constraint: &Member) -> Option<&str> {
        self.0.get(&key(constraint)).map(String::as_str)
    }
}

/// What a constraint is about. The engines concerned fold the case of names.
fn key(constraint: &Member) -> String {
    format!("{} {}", constraint.kind().words(), constraint.parts()).to_ascii_lowercase()
}
