//! What a schema in SQL may hold on PostgreSQL: what `pg_dump --schema-only` writes and people write by hand.

use super::script_settings::{select, set};
use crate::dialect::script::{
    Choice, Compound, Decision, Fault, Lexis, Look, Naming, Own, Rules, Script, Tokens, Verdict, after, follows, read,
};
use Verdict::{Idle, Look as Closer, Needed, Quiet, Refuse, Run, Skip};

const ROWS: &str = "rows are no part of a schema: take them out (`pg_dump --schema-only`)";
const LOGINS: &str = "logins and roles belong to the server, not to a schema: take it out";
const OUTSIDE: &str = "a schema reaches nothing outside of its database: take it out";
const CODE: &str = "a schema runs no code of its own: take it out";

/// The statements, the first that fits counts. What is not here is refused.
const ENTRIES: &[(&str, Verdict)] = &[
    ("CREATE [GLOBAL|LOCAL] TEMP|TEMPORARY", Refuse("what is temporary is no part of a schema: take it out")),
    ("CREATE [UNLOGGED] TABLE [IF NOT EXISTS]", Closer(create_table)),
    ("CREATE [UNIQUE] INDEX [CONCURRENTLY] [IF NOT EXISTS]", Run),
    ("CREATE TYPE", Closer(create_type)),
    ("CREATE SCHEMA [IF NOT EXISTS]", Closer(create_schema)),
    ("CREATE EXTENSION [IF NOT EXISTS]", Closer(create_extension)),
    ("CREATE [UNLOGGED] SEQUENCE [IF NOT EXISTS]", Run),
    ("CREATE DOMAIN", Needed("domain")),
    ("CREATE [OR REPLACE] FUNCTION", Closer(create_function)),
    ("CREATE [OR REPLACE] AGGREGATE", Needed("aggregate")),
    ("CREATE OPERATOR CLASS", Needed("operator class")),
    ("CREATE OPERATOR FAMILY", Needed("operator family")),
    ("CREATE OPERATOR", Needed("operator")),
    ("CREATE CAST", Needed("cast")),
    ("CREATE COLLATION [IF NOT EXISTS]", Needed("collation")),
    ("CREATE TEXT SEARCH CONFIGURATION|DICTIONARY", Needed("text search configuration")),
    ("CREATE [OR REPLACE] PROCEDURE", Idle("procedure")),
    ("CREATE [OR REPLACE] [RECURSIVE] VIEW", Idle("view")),
    ("CREATE MATERIALIZED VIEW [IF NOT EXISTS]", Idle("materialized view")),
    ("CREATE [OR REPLACE] [CONSTRAINT] TRIGGER", Idle("trigger")),
    ("CREATE [OR REPLACE] RULE", Idle("rule")),
    ("CREATE POLICY", Idle("policy")),
    ("CREATE STATISTICS [IF NOT EXISTS]", Idle("extended statistics")),
    ("CREATE [OR REPLACE] [TRUSTED] [PROCEDURAL] LANGUAGE PLPGSQL", Quiet),
    ("CREATE DATABASE", Quiet),
    ("DROP DATABASE [IF EXISTS]", Quiet),
    ("ALTER DATABASE", Skip("ALTER DATABASE")),
    ("ALTER TABLE [IF EXISTS] [ONLY]", Closer(alter)),
    ("ALTER INDEX [IF EXISTS]", Closer(alter)),
    ("ALTER SEQUENCE [IF EXISTS]", Closer(alter)),
    ("ALTER TYPE", Closer(alter)),
    ("ALTER SCHEMA", Closer(alter)),
    ("ALTER DOMAIN", Closer(alter)),
    ("ALTER EXTENSION", Skip("ALTER EXTENSION")),
    ("ALTER DEFAULT PRIVILEGES", Skip("ALTER DEFAULT PRIVILEGES")),
    ("ALTER TEXT SEARCH CONFIGURATION|DICTIONARY", Closer(alter)),
    ("ALTER OPERATOR FAMILY", Closer(alter)),
    ("ALTER [MATERIALIZED] VIEW|FUNCTION|PROCEDURE|AGGREGATE|ROUTINE|OPERATOR|COLLATION|POLICY|TRIGGER", Quiet),
    ("ALTER STATISTICS|RULE|LANGUAGE|PROCEDURAL", Quiet),
    ("COMMENT ON TABLE|COLUMN|INDEX|CONSTRAINT|TYPE", Run),
    ("COMMENT ON", Quiet),
    ("DROP TABLE|INDEX|SEQUENCE|TYPE|DOMAIN|FUNCTION|AGGREGATE|OPERATOR|CAST|COLLATION", Run),
    ("DROP SCHEMA [IF EXISTS] PUBLIC", Quiet),
    ("DROP SCHEMA", Run),
    ("DROP [MATERIALIZED] VIEW|TRIGGER|RULE|POLICY|STATISTICS|PROCEDURE|EXTENSION", Quiet),
    ("GRANT", Skip("GRANT")),
    ("REVOKE", Skip("REVOKE")),
    ("SECURITY LABEL", Skip("SECURITY LABEL")),
    ("REFRESH MATERIALIZED VIEW", Quiet),
    ("SET", Closer(set)),
    ("RESET", Quiet),
    ("SELECT", Closer(select)),
    ("BEGIN|COMMIT|END|ROLLBACK|SAVEPOINT|RELEASE", Quiet),
    ("START TRANSACTION", Quiet),
    ("ANALYZE", Quiet),
    ("INSERT|UPDATE|DELETE|MERGE|TRUNCATE|COPY", Refuse(ROWS)),
    ("CREATE|ALTER|DROP ROLE|USER|GROUP", Refuse(LOGINS)),
    ("CREATE|ALTER|DROP SERVER|TABLESPACE|SUBSCRIPTION|PUBLICATION|FOREIGN|SYSTEM", Refuse(OUTSIDE)),
    ("CREATE|ALTER|DROP EVENT TRIGGER", Refuse(OUTSIDE)),
    ("DO|CALL|EXECUTE|PREPARE|LOAD", Refuse(CODE)),
];

/// The languages whose functions can do nothing outside of the server.
const LANGUAGES: [&str; 2] = ["sql", "plpgsql"];
/// Extensions that reach other databases, other servers, or files.
const REACHING: [&str; 7] = ["dblink", "postgres_fdw", "file_fdw", "adminpack", "pg_cron", "pg_background", "plsh"];

/// Reads a script.
pub(super) fn script(text: &str) -> Script {
    let lexis = Lexis {
        nested_comments: true,
        hash_comments: false,
        return_ends_line: true,
        backslashes: false,
        dollar_quotes: true,
        brackets: false,
        backticks: false,
        double_quoted_strings: false,
        folds: true,
        versions: None,
    };
    let naming = Naming { parts: 3, own: None };
    let afterwards = &["SET search_path = public", "SET check_function_bodies = on"];
    read(text, &Rules { lexis, compound: Compound::Atomic, naming, entries: ENTRIES, chooses, client, afterwards })
}

/// `pg_dump --create` makes the database that the script is about.
fn chooses(tokens: &Tokens<'_>) -> Option<Choice> {
    let named = ["CREATE DATABASE", "ALTER|DROP DATABASE [IF EXISTS]", "COMMENT ON DATABASE"];
    let at = named.iter().find_map(|pattern| follows(tokens, 0, pattern))?;
    Some(Choice { database: tokens.name(at), is_own: tokens.is(0, "CREATE") })
}

/// Commands of psql: those that dumps hold do nothing here.
fn client(line: &str, own: &Own) -> Result<(), &'static str> {
    let mut words = line.split_whitespace();
    match words.next().unwrap_or_default() {
        "\\restrict" | "\\unrestrict" | "\\." => Ok(()),
        "\\connect" | "\\c" => {
            let named = words.next_back().unwrap_or_default();
            let named = named.trim_start_matches("\"dbname=").trim_matches(['"', '\'']);
            if own.is(named) { Ok(()) } else { Err("this chooses another database than the script makes") }
        }
        _ => Err("this is a command of psql"),
    }
}

fn create_table(look: &Look<'_>) -> Result<Decision, Fault> {
    let tokens = look.tokens;
    let anywhere = (look.at..tokens.list.len()).find(|at| tokens.is(*at, "SELECT"));
    let filled = tokens.outside(look.at).find(|at| tokens.is_any(*at, &["AS", "EXECUTE"]));
    match anywhere.or(filled) {
        Some(at) => Err(look.fault(at, "this table is filled by a query", "declare its columns")),
        None => Ok(Decision::As(Run)),
    }
}

fn create_type(look: &Look<'_>) -> Result<Decision, Fault> {
    let at = after(look.tokens, look.at);
    let labels = look.tokens.is(at, "AS") && look.tokens.is(at + 1, "ENUM");
    Ok(Decision::As(if labels { Run } else { Needed("type") }))
}

fn create_schema(look: &Look<'_>) -> Result<Decision, Fault> {
    if look.tokens.list.len() != look.at + 1 || look.tokens.is(look.at, "AUTHORIZATION") {
        let help = "write CREATE SCHEMA with its name alone, and what it holds in statements of their own";
        return Err(look.fault(look.at, "this schema comes with more than its name", help));
    }
    Ok(Decision::As(if look.tokens.name(look.at) == "public" { Quiet } else { Run }))
}

fn create_extension(look: &Look<'_>) -> Result<Decision, Fault> {
    let name = look.tokens.name(look.at);
    if name == "plpgsql" {
        return Ok(Decision::As(Quiet));
    }
    if REACHING.contains(&name.as_str()) || (name.starts_with("pl") && name.ends_with('u')) {
        return Err(look.fault(look.at, format!("the extension {name} reaches outside of its database"), OUTSIDE));
    }
    // undrift installs them in the usual schema before anything else.
    let elsewhere = (look.at..look.tokens.list.len()).find(|at| look.tokens.is(*at, "SCHEMA")).map(|at| at + 1);
    let usual = elsewhere.is_none_or(|at| matches!(look.tokens.name(at).as_str(), "public" | "pg_catalog"));
    Ok(if usual { Decision::Extension(name) } else { Decision::As(Run) })
}

fn create_function(look: &Look<'_>) -> Result<Decision, Fault> {
    let tokens = look.tokens;
    for at in tokens.outside(look.at).filter(|at| tokens.is(*at, "LANGUAGE")) {
        let language = tokens.name(at + 1).to_lowercase();
        if !LANGUAGES.contains(&language.as_str()) {
            let help = "only functions in SQL and PL/pgSQL can be part of a schema";
            return Err(look.fault(at + 1, format!("a function in {language} can do anything on the server"), help));
        }
    }
    Ok(Decision::As(Needed("function")))
}

/// `ALTER …`, by what it does.
fn alter(look: &Look<'_>) -> Result<Decision, Fault> {
    let tokens = look.tokens;
    let at = after(tokens, look.at) + usize::from(tokens.text(after(tokens, look.at)) == "*");
    let does = |pattern| follows(tokens, at, pattern).is_some();
    let single = tokens.outside(at).all(|at| tokens.text(at) != ",");
    let last = tokens.list.len() - 1;
    let owner = tokens.is(last - 1, "TO") && tokens.is(last - 2, "OWNER");
    Ok(Decision::As(match () {
        () if owner && single => Skip("ALTER … OWNER TO"),
        () if does("ENABLE|DISABLE|FORCE|NO [FORCE] ROW LEVEL SECURITY") && single => Idle("row security of"),
        () if does("ENABLE|DISABLE") && single => Quiet,
        () if does("SET TABLESPACE") => Refuse(OUTSIDE),
        () if does("REPLICA IDENTITY") && single => Idle("replica identity of"),
        () if does("CLUSTER ON") && single => Idle("clustering index of"),
        () if tokens.is(1, "SCHEMA") => Refuse("name the schema as it is to be called"),
        () => Run,
    }))
}
