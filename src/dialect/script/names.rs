//! Names with a database in front. Those of the script's own database are taken for the scratch database's: the
//! database is cut out. Any other is refused by its name.

use std::collections::BTreeSet;

use super::scan::Kind;
use super::split::Tokens;
use super::{Cut, Fault};

/// How an engine writes whose a table is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Naming {
    /// How many parts a table's name has when it names its database: `db.table`, or `db.schema.table`.
    pub parts: usize,
    /// The name that means the script's own database by itself, if there is one. It is never cut out.
    pub own: Option<&'static str>,
}

/// What a script says of its own database.
#[derive(Clone, Debug, Default)]
pub(crate) struct Own {
    /// The database that a statement chose or made.
    pub stated: Option<String>,
    /// The first database that a table's name held.
    pub occurring: Option<String>,
    /// The tables that the script makes, in lower case.
    pub tables: BTreeSet<String>,
}

/// After these words stands a table, or something that is named like one.
const BEFORE_TABLES: [&str; 20] = [
    "TABLE",
    "REFERENCES",
    "ON",
    "LIKE",
    "RENAME",
    "TO",
    "FROM",
    "JOIN",
    "INTO",
    "UPDATE",
    "VIEW",
    "TRIGGER",
    "FUNCTION",
    "PROCEDURE",
    "SEQUENCE",
    "EVENT",
    "INDEX",
    "TYPE",
    "DOMAIN",
    "SCHEMA",
];
/// Words between those and the name.
const BETWEEN: [&str; 5] = ["IF", "NOT", "EXISTS", "ONLY", "CONCURRENTLY"];

impl Own {
    /// The script's own database, if it names one.
    pub fn name(&self) -> Option<&str> {
        self.stated.as_deref().or(self.occurring.as_deref())
    }

    /// Whether a database is the script's own.
    pub fn is(&self, database: &str) -> bool {
        self.name().is_some_and(|own| own.eq_ignore_ascii_case(database))
    }

    /// Remembers what a statement names.
    pub fn learn(&mut self, tokens: &Tokens<'_>, naming: Naming) {
        let named = chains(tokens).into_iter().find(|chain| chain.len() >= naming.parts && is_table(tokens, chain[0]));
        if self.occurring.is_none() {
            self.occurring = named.map(|chain| tokens.name(chain[0]));
        }
    }

    /// Remembers the database in the name at a token.
    pub fn learn_name(&mut self, tokens: &Tokens<'_>, at: usize, naming: Naming) {
        if self.occurring.is_none() && chain(tokens, at).len() == naming.parts {
            self.occurring = Some(tokens.name(at));
        }
    }

    /// Remembers a table that is made, whose name starts at a token.
    pub fn learn_table(&mut self, tokens: &Tokens<'_>, at: usize) {
        let chain = chain(tokens, at);
        self.tables.extend(chain.last().map(|last| tokens.name(*last).to_lowercase()));
    }

    /// What is to be cut out of a statement so that its names mean the scratch database.
    ///
    /// # Errors
    /// The name of another database.
    pub fn settle(&self, tokens: &Tokens<'_>, naming: Naming) -> Result<Vec<Cut>, Fault> {
        let mut cuts = Vec::new();
        let all = tokens.is_any(0, &["DROP", "RENAME"]);
        for chain in chains(tokens) {
            let (first, database) = (tokens.list[chain[0]], tokens.name(chain[0]));
            let of_table = all || is_table(tokens, chain[0]);
            let column = naming.parts > 2 || self.tables.contains(&database.to_lowercase());
            if naming.own.is_some_and(|own| own.eq_ignore_ascii_case(&database)) {
                continue;
            }
            if chain.len() < naming.parts || (!of_table && chain.len() == naming.parts && column) {
                continue;
            }
            if naming.own.is_some() || !self.is(&database) {
                return Err(another(first.start, first.end, &database, self.name().or(naming.own)));
            }
            cuts.push(Cut { start: first.start, end: tokens.list[chain[1]].start, with: "" });
        }
        stray_dot(tokens).map_or(Ok(cuts), Err)
    }
}

/// The complaint about a name of another database.
pub(crate) fn another(start: usize, end: usize, database: &str, own: Option<&str>) -> Fault {
    let message = format!("`{database}` is another database");
    let help = match own {
        Some(own) => format!("a schema describes one database, which this script calls `{own}`: leave the other out"),
        None => "a schema describes one database: name its tables without one".to_owned(),
    };
    Fault { start, end, message, help }
}

/// Names that consist of several, as the tokens of their parts.
fn chains(tokens: &Tokens<'_>) -> Vec<Vec<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.list.len() {
        let parts = if tokens.is_name(at) { chain(tokens, at) } else { Vec::new() };
        at += (2 * parts.len()).max(2) - 1;
        if parts.len() > 1 {
            found.push(parts);
        }
    }
    found
}

fn chain(tokens: &Tokens<'_>, at: usize) -> Vec<usize> {
    let mut parts = vec![at];
    let mut next = at;
    while tokens.text(next + 1) == "." && tokens.is_name(next + 2) {
        next += 2;
        parts.push(next);
    }
    parts
}

/// The token after a name.
pub(crate) fn after(tokens: &Tokens<'_>, at: usize) -> usize {
    chain(tokens, at).last().copied().unwrap_or(at) + 1
}

/// Whether a table stands here, rather than a column.
fn is_table(tokens: &Tokens<'_>, at: usize) -> bool {
    let before = (0..at).rev().find(|at| !tokens.is_any(*at, &BETWEEN));
    before.is_some_and(|before| tokens.is_any(before, &BEFORE_TABLES))
}

/// A dot before a name and after none: some servers take it for a name of the current database.
fn stray_dot(tokens: &Tokens<'_>) -> Option<Fault> {
    let stray = |at: &usize| {
        let named = *at > 0 && (tokens.is_name(at - 1) || matches!(tokens.text(at - 1), ")" | "]"));
        tokens.text(*at) == "." && !named && tokens.list.get(at + 1).is_some_and(|next| next.kind != Kind::Number)
    };
    let at = (0..tokens.list.len()).find(stray)?;
    let (start, end) = (tokens.list[at].start, tokens.list[at].end);
    let message = "a dot stands before a name and after none".to_owned();
    Some(Fault { start, end, message, help: "take it out".to_owned() })
}
