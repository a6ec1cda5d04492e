//! Whether a login sees the whole database. The server hides what is not granted without a word, so what
//! `SHOW GRANTS` says decides whether a reading can be complete.

use std::collections::BTreeSet;

use crate::dialect::mysql::names::quote;
use crate::dialect::mysql::tokens::{Kind, Token, tokens};

/// A name as the pattern of a grant that is about this database alone.
pub(super) fn pattern(database: &str) -> String {
    let escaped = database.replace('\\', "\\\\").replace('_', "\\_").replace('%', "\\%");
    quote(&escaped)
}

/// An account as statements name it, from `name@host`.
pub(super) fn account(user: &str) -> String {
    let (name, host) = user.rsplit_once('@').unwrap_or((user, "%"));
    format!("{}@{}", quote(name), quote(if host.is_empty() { "%" } else { host }))
}

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
    format!("GRANT {} ON {}.* TO {};", missing.join(", "), pattern(database), account(user))
}

/// The roles that `CURRENT_ROLE()` lists, as a statement names them: whatever the server answers, names and nothing else.
pub(super) fn roles(listed: &str) -> String {
    let names: Vec<String> = tokens(listed).iter().filter_map(Token::name).collect();
    names
        .chunks(2)
        .map(|role| role.iter().map(|name| quote(name)).collect::<Vec<_>>().join("@"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// The roles that a line of `SHOW GRANTS` gives, as a statement names them.
pub(super) fn granted_roles(line: &str) -> Option<String> {
    let list = line.strip_prefix("GRANT ")?.split(" TO ").next()?;
    matches!(Grant::parse(line)?, Grant { gives: true, on: Object::Role(_), .. } if !line.contains(" ON "))
        .then(|| roles(list))
}

/// What a line of `SHOW GRANTS` is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Object {
    /// Every database.
    Server,
    /// All databases of this pattern: `%` and `_` are wild unless a backslash stands before them.
    Database(String),
    /// Something in this database.
    Within(String),
    /// A role, or somebody whose rights can be taken.
    Role(String),
}

/// One line of `SHOW GRANTS`.
pub(super) struct Grant {
    gives: bool,
    /// The rights, in capitals.
    pub rights: Vec<String>,
    /// What they are rights on.
    pub on: Object,
}

impl Grant {
    /// `None` for what is no grant.
    pub fn parse(line: &str) -> Option<Self> {
        let tokens = tokens(line);
        let gives = tokens.first()?.is("GRANT");
        if !gives && !tokens.first()?.is("REVOKE") {
            return None;
        }
        let to = tokens.iter().position(|token| token.is(if gives { "TO" } else { "FROM" }))?;
        let Some(on) = tokens[..to].iter().position(|token| token.is("ON")) else {
            let role = tokens[1..to].iter().map(|token| token.text).collect();
            return Some(Self { gives, rights: Vec::new(), on: Object::Role(role) });
        };
        let mut rights = rights(&tokens[1..on]);
        if grants_further(&tokens[to..]) {
            rights.push("GRANT OPTION".to_owned());
        }
        Some(Self { gives, rights, on: object(&tokens[on + 1..to])? })
    }

    /// Whether it gives this right.
    pub fn has(&self, right: &str) -> bool {
        self.gives && self.rights.iter().any(|own| own == right)
    }

    /// Whether it is about a whole database, this one among others perhaps.
    pub fn covers(&self, database: &str) -> bool {
        let pattern = match &self.on {
            Object::Server => return true,
            Object::Database(pattern) => pattern,
            Object::Within(_) | Object::Role(_) => return false,
        };
        like(&pattern.chars().collect::<Vec<_>>(), &database.chars().collect::<Vec<_>>())
    }
}

/// Whether a grant ends with the right to grant it to others.
fn grants_further(tokens: &[Token<'_>]) -> bool {
    tokens.windows(2).any(|pair| pair[0].is("GRANT") && pair[1].is("OPTION"))
}

/// `*.*`, `` `database`.* ``, `` `database`.`table` ``, `` FUNCTION `database`.`function` ``, `` `user`@`host` ``.
fn object(tokens: &[Token<'_>]) -> Option<Object> {
    let kinds = tokens.iter().take_while(|token| token.kind == Kind::Word).count();
    let kinds = if tokens.get(kinds).is_some_and(|token| token.is_mark('.')) { kinds - 1 } else { kinds };
    Some(match &tokens[kinds..] {
        [database, dot, object] if dot.is_mark('.') && object.is_mark('*') => {
            if database.is_mark('*') {
                Object::Server
            } else {
                Object::Database(database.name()?)
            }
        }
        [database, dot, ..] if dot.is_mark('.') => Object::Within(database.name()?),
        others => Object::Role(others.iter().map(|token| token.text).collect()),
    })
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
    fn roles_are_names_whatever_the_server_answers() {
        assert_eq!(roles("`reader`@`%`,`a``b`@`10.0.0.1`"), "`reader`@`%`, `a``b`@`10.0.0.1`");
        assert_eq!(roles("`r`@`%`; DROP DATABASE x"), "`r`@`%`, `DROP`@`DATABASE`, `x`");
    }

    #[test]
    fn the_remedy_can_be_pasted() {
        assert_eq!(remedy(&["SELECT"], "a`b", "u@%"), "GRANT SELECT ON `a``b`.* TO `u`@`%`;");
        assert_eq!(remedy(&["SELECT"], r"a_b%\", "u@"), r"GRANT SELECT ON `a\_b\%\\`.* TO `u`@`%`;");
    }
}
