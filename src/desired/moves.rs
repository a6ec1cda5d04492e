//! `transform` and `on_conflict`: how values get from an old name to the declared one.

use crate::hashing;
use crate::model::{Argon2idCost, BCRYPT_COST, Move, OnConflict, QName, Transform};
use crate::yaml::Node;

use super::build::Build;

impl Build<'_> {
    /// Notes how values get from a column's old names to its own.
    pub fn moves(&mut self, table: &QName, column: &str, node: &Node) {
        let transform = node.get("transform").and_then(|node| self.transform(node));
        let on_conflict = match node.text_of("on_conflict") {
            Some("keep_new") => OnConflict::KeepNew,
            Some("keep_old") => OnConflict::KeepOld,
            _ => OnConflict::Stop,
        };
        let how = Move { transform, on_conflict };
        if node.get("renamed_from").is_none() {
            self.refuse_without_old_name(node);
        } else if how != Move::default() {
            self.renames.moves.entry(table.clone()).or_default().insert(column.to_owned(), how);
        }
    }

    /// Both are about values on their way from an old name; to pass them over would store plain text.
    fn refuse_without_old_name(&mut self, node: &Node) {
        for key in ["transform", "on_conflict"] {
            if let Some(entry) = node.entry(key) {
                let message = format!("`{key}` says what becomes of values under an old name, and there is none");
                self.problem(&entry.key_span, message, "add `renamed_from: [old name]`, or remove the line");
            }
        }
    }

    fn transform(&mut self, node: &Node) -> Option<Transform> {
        if let Some(word) = node.text() {
            return named(word);
        }
        match node.entries() {
            [entry] if entry.key == "sql" => self.expression(node, "sql").map(Transform::Sql),
            [entry] if entry.key == "bcrypt" => self.bcrypt(&entry.value),
            [entry] if entry.key == "argon2id" => self.argon2id(&entry.value),
            _ => {
                let help = "write one of `argon2id`, `bcrypt`, `lower`, `trim` or `{ sql: \"…\" }`";
                self.problem(&node.span, "a transform is one thing", help);
                None
            }
        }
    }

    fn bcrypt(&mut self, node: &Node) -> Option<Transform> {
        let cost = node.get("cost").and_then(Node::number).unwrap_or(BCRYPT_COST);
        if !(4..=31).contains(&cost) {
            self.problem(&node.span, format!("bcrypt has no cost {cost}"), "write a number from 4 to 31; 12 is usual");
            return None;
        }
        Some(Transform::Bcrypt { cost })
    }

    fn argon2id(&mut self, node: &Node) -> Option<Transform> {
        let usual = Argon2idCost::default();
        let number = |key: &str, usual: u32| node.get(key).and_then(Node::number).unwrap_or(usual);
        let cost = Argon2idCost {
            memory: number("memory", usual.memory),
            iterations: number("iterations", usual.iterations),
            parallelism: number("parallelism", usual.parallelism),
        };
        match hashing::parameters(cost) {
            Ok(_) => Some(Transform::Argon2id(cost)),
            Err(error) => {
                let help = "memory is in KiB and at least 8 for each lane; OWASP says 19456, 2 iterations, 1 lane";
                self.problem(&node.span, error.to_string(), help);
                None
            }
        }
    }
}

/// A transform in its short form.
fn named(word: &str) -> Option<Transform> {
    match word {
        "argon2id" => Some(Transform::Argon2id(Argon2idCost::default())),
        "bcrypt" => Some(Transform::Bcrypt { cost: BCRYPT_COST }),
        "lower" => Some(Transform::Lower),
        "trim" => Some(Transform::Trim),
        _ => None,
    }
}
