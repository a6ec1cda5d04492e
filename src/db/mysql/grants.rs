//! Whether a login sees the whole database. The server hides what is not granted without a word, so what
//! `SHOW GRANTS` says decides whether a reading can be complete.

use std::collections::BTreeSet;

use crate::dialect::mysql::names::quote;
use crate::dialect::mysql::tokens::{Kind, Token, tokens};

/// What it takes to see every table, view and trigger with its definition.
const NEEDED: [&str; 3] = ["SELECT", "SHOW VIEW", "TRIGGER"];

/// The rights on a whole database that these grants give and that reading it needs but lacks.
pub(super) fn missing(grants: &[String], database: &str) -> Vec<&'static str> {
    let mut held = BTreeSet::new();
    for grant in grants.iter().filter_map(|line| Grant::parse(line)).filter(|grant| grant.covers(database)) {
        for right in grant.rights {
            if grant.gives {
                held.insert(right)
            } else {
                held.remove(&right)
            };
        }
    }
    if held.iter().any(|right| right == "ALL" || right == "ALL PRIVILEGES") {
        return Vec::new();
    }
    NEEDED.into_iter().filter(|needed| !held.contains(*needed)).collect()
}

/// The statement that gives what is missing.
pub(super) fn remedy(missing: &[&str], database: &str, user: &str) -> String {
    let (name, host) = user.rsplit_once('@').unwrap_or((user, "%"));
    format!("GRANT {} ON {}.* TO {}@{};", missing.join(", "), quote(database), quote(name), quote(host))
}

/// One line of `SHOW GRANTS` about a whole database or the whole server.
struct Grant {
    gives: bool,
    rights: Vec<String>,
    database: String,
}

impl Grant {
    /// `None` for grants of roles, and on tables, columns, routines and proxies.
    fn parse(line: &str) -> Option<Self> {
        let tokens = tokens(line);
        let gives = tokens.first()?.is("GRANT");
        if !gives && !tokens.first()?.is("REVOKE") {
            return None;
        }
        let on = tokens.iter().position(|token| token.is("ON"))?;
        let [database, dot, object, ..] = &tokens[on + 1..] else { return None };
        if !dot.is_mark('.') || !object.is_mark('*') {
            return None;
        }
        let database = if database.is_mark('*') { "%".to_owned() } else { database.name()? };
        Some(Self { gives, rights: rights(&tokens[1..on]), database })
    }

    /// The database of a grant is a pattern: `%` and `_` are wild unless a backslash stands before them.
    fn covers(&self, database: &str) -> bool {
        like(&self.database.chars().collect::<Vec<_>>(), &database.chars().collect::<Vec<_>>())
    }
}

fn rights(tokens: &[Token<'_>]) -> Vec<String> {
    let words = |part: &[Token<'_>]| {
        let plain = part.iter().all(|token| token.kind == Kind::Word);
        plain.then(|| part.iter().map(|token| token.text.to_ascii_uppercase()).collect::<Vec<_>>().join(" "))
    };
    tokens.split(|token| token.is_mark(',')).filter_map(words).collect()
}

fn like(pattern: &[char], text: &[char]) -> bool {
    match (pattern, text) {
        ([], []) => true,
        (['%', rest @ ..], _) => (0..=text.len()).any(|at| like(rest, &text[at..])),
        (['\\', escaped, rest @ ..], [first, after @ ..]) => escaped == first && like(rest, after),
        (['_', rest @ ..], [_, after @ ..]) => like(rest, after),
        ([own, rest @ ..], [first, after @ ..]) => own == first && like(rest, after),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lacks(grants: &[&str]) -> Vec<&'static str> {
        missing(&grants.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>(), "tenant_a")
    }

    #[test]
    fn rights_on_the_whole_database_count() {
        assert!(lacks(&["GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` WITH GRANT OPTION"]).is_empty());
        assert!(
            lacks(&["GRANT USAGE ON *.* TO `u`@`%`", r"GRANT ALL PRIVILEGES ON `tenant\_%`.* TO `u`@`%`"]).is_empty()
        );
        assert!(lacks(&["GRANT SELECT, SHOW VIEW, TRIGGER ON `tenant_a`.* TO `u`@`%`"]).is_empty());
        assert_eq!(lacks(&["GRANT SELECT ON `tenant_a`.* TO `u`@`%`"]), ["SHOW VIEW", "TRIGGER"]);
    }

    #[test]
    fn rights_on_something_else_do_not() {
        let other = [
            "GRANT SELECT (`a`, `b`), TRIGGER ON `tenant_a`.`t` TO `u`@`%`",
            "GRANT ALL PRIVILEGES ON `tenant_b`.* TO `u`@`%`",
            "GRANT `reader`@`%` TO `u`@`%`",
            "GRANT EXECUTE ON PROCEDURE `tenant_a`.`p` TO `u`@`%`",
        ];
        assert_eq!(lacks(&other), NEEDED);
        assert_eq!(
            lacks(&[
                "GRANT SELECT, SHOW VIEW, TRIGGER ON *.* TO `u`@`%`",
                "REVOKE SELECT ON `tenant_a`.* FROM `u`@`%`"
            ]),
            ["SELECT"]
        );
    }

    #[test]
    fn the_remedy_can_be_pasted() {
        assert_eq!(remedy(&["SELECT"], "a`b", "u@%"), "GRANT SELECT ON `a``b`.* TO `u`@`%`;");
    }
}
