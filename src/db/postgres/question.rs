//! The question for the signs of a change, as a message of its own.

use std::time::Duration;

use super::path::SAFE_HERE;
use super::sheet::Sheet;
use super::signs::{self, Kinds, Manner, Told};
use crate::model::{Hash, Version};

/// How many statements a message begins with.
pub(super) const BEGINNING: usize = 3;

/// What opens a transaction in which everything is of one moment, and nothing takes longer than this.
pub(super) fn beginning(limit: Duration) -> String {
    let limit = limit.as_millis();
    format!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = {limit}; {SAFE_HERE}")
}

/// What stands in the answers to a message that begins so and goes on with this many statements.
pub(super) fn between(answers: &[Sheet], count: usize) -> &[Sheet] {
    answers.get(BEGINNING..BEGINNING + count).unwrap_or_default()
}

/// A question for the signs of some kinds.
pub(super) struct Question {
    /// What is sent.
    pub(super) message: String,
    version: Version,
    count: usize,
    kinds: Kinds,
}

impl Question {
    pub(super) fn new(version: Version, kinds: Kinds, manner: Manner, limit: Duration) -> Self {
        let (signs, count) = signs::query(version, kinds, manner);
        Self { message: format!("{}; {signs}; COMMIT", beginning(limit)), version, count, kinds }
    }

    /// Whether the answers are these signs.
    pub(super) fn is_answered_with(&self, key: Hash, answers: &[Sheet]) -> bool {
        let told: Option<Told> = signs::told(between(answers, self.count), self.version, self.kinds);
        told.is_some_and(|told| told.key == key)
    }
}
