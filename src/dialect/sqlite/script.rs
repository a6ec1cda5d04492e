//! What a schema in SQL may hold on SQLite: what `.schema` and `.dump` write, and people by hand.

use super::script_settings::pragma;
use crate::dialect::script::{
    Choice, Compound, Decision, Fault, Lexis, Look, Naming, Own, Rules, Script, Tokens, Verdict, read,
};
use Verdict::{Idle, Look as Closer, Quiet, Refuse, Run};

const ROWS: &str = "rows are no part of a schema: take them out (`sqlite3 FILE .schema`)";
const OUTSIDE: &str = "a schema reaches nothing outside of its file: take it out";

/// The statements, the first that fits counts. What is not here is refused.
const ENTRIES: &[(&str, Verdict)] = &[
    ("CREATE TEMP|TEMPORARY", Refuse("what is temporary is no part of a schema: take it out")),
    ("CREATE TABLE [IF NOT EXISTS]", Closer(create_table)),
    ("CREATE [UNIQUE] INDEX [IF NOT EXISTS]", Run),
    ("CREATE VIEW [IF NOT EXISTS]", Idle("view")),
    ("CREATE TRIGGER [IF NOT EXISTS]", Idle("trigger")),
    ("CREATE VIRTUAL TABLE [IF NOT EXISTS]", Idle("virtual table")),
    ("ALTER TABLE", Run),
    ("DROP TABLE|INDEX [IF EXISTS]", Run),
    ("DROP VIEW|TRIGGER", Quiet),
    ("PRAGMA", Closer(pragma)),
    ("BEGIN|COMMIT|END|ROLLBACK|SAVEPOINT|RELEASE", Quiet),
    ("ANALYZE|REINDEX", Quiet),
    ("INSERT [OR REPLACE|OR IGNORE] INTO", Closer(bookkeeping)),
    ("DELETE FROM", Closer(bookkeeping)),
    ("INSERT|UPDATE|DELETE|REPLACE", Refuse(ROWS)),
    ("ATTACH|DETACH|VACUUM", Refuse(OUTSIDE)),
];

/// Reads a script.
pub(super) fn script(text: &str) -> Script {
    let lexis = Lexis {
        nested_comments: false,
        hash_comments: false,
        return_ends_line: false,
        backslashes: false,
        dollar_quotes: false,
        brackets: true,
        backticks: true,
        double_quoted_strings: false,
        folds: false,
        versions: None,
    };
    let naming = Naming { parts: 2, own: Some("main") };
    let compound = Compound::Trigger;
    read(text, &Rules { lexis, compound, naming, entries: ENTRIES, chooses, client, afterwards: &[] })
}

fn chooses(_: &Tokens<'_>) -> Option<Choice> {
    None
}

fn client(_: &str, _: &Own) -> Result<(), &'static str> {
    Err("this is a command of the client")
}

fn create_table(look: &Look<'_>) -> Result<Decision, Fault> {
    let tokens = look.tokens;
    let filled = tokens.outside(look.at).find(|at| tokens.is(*at, "AS"));
    match (look.at..tokens.list.len()).find(|at| tokens.is(*at, "SELECT")).or(filled) {
        Some(at) => Err(look.fault(at, "this table is filled by a query", "declare its columns")),
        None if tokens.name(look.at).to_lowercase().starts_with("sqlite_") => Ok(Decision::As(Quiet)),
        None => Ok(Decision::As(Run)),
    }
}

/// `.dump` also writes what SQLite keeps for itself.
fn bookkeeping(look: &Look<'_>) -> Result<Decision, Fault> {
    let own = ["sqlite_sequence", "sqlite_stat1", "sqlite_stat4"];
    Ok(Decision::As(if own.contains(&look.tokens.name(look.at).to_lowercase().as_str()) {
        Quiet
    } else {
        Refuse(ROWS)
    }))
}
