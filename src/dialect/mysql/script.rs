//! What a schema in SQL may hold on MySQL and MariaDB: what `mysqldump --no-data` and MySQL Workbench write, and people
//! by hand.

use super::script_settings::set;
use crate::dialect::script::{
    Choice, Compound, Decision, Fault, Lexis, Look, Naming, Own, Rules, Script, Tokens, Verdict, after, follows, read,
};
use crate::model::Platform;
use Verdict::{Idle, Look as Closer, Needed, Quiet, Refuse, Run, Skip};

const ROWS: &str = "rows are no part of a schema: take them out (`mysqldump --no-data`)";
const LOGINS: &str = "accounts belong to the server, not to a schema: take it out";
const OUTSIDE: &str = "a schema reaches nothing outside of its database: take it out";
const CODE: &str = "a schema runs no code of its own: take it out";

/// The statements, the first that fits counts. What is not here is refused.
const ENTRIES: &[(&str, Verdict)] = &[
    ("CREATE [OR REPLACE] TEMPORARY", Refuse("what is temporary is no part of a schema: take it out")),
    ("CREATE [OR REPLACE] TABLE [IF NOT EXISTS]", Closer(create_table)),
    ("CREATE [OR REPLACE] [ONLINE|OFFLINE] [UNIQUE|FULLTEXT|SPATIAL] INDEX [IF NOT EXISTS]", Run),
    ("CREATE [OR REPLACE] SEQUENCE [IF NOT EXISTS]", Needed("sequence")),
    (
        "CREATE [OR REPLACE] [ALGORITHM=] [DEFINER=] [SQL SECURITY DEFINER|SQL SECURITY INVOKER] VIEW [IF NOT EXISTS]",
        Idle("view"),
    ),
    ("CREATE [OR REPLACE] [DEFINER=] TRIGGER [IF NOT EXISTS]", Idle("trigger")),
    ("CREATE [OR REPLACE] [DEFINER=] [AGGREGATE] FUNCTION [IF NOT EXISTS]", Closer(create_function)),
    ("CREATE [OR REPLACE] [DEFINER=] PROCEDURE [IF NOT EXISTS]", Idle("procedure")),
    ("CREATE [OR REPLACE] [DEFINER=] EVENT [IF NOT EXISTS]", Idle("event")),
    ("CREATE [OR REPLACE] [DEFINER=] PACKAGE [BODY] [IF NOT EXISTS]", Idle("package")),
    ("CREATE [OR REPLACE] DATABASE|SCHEMA", Skip("CREATE DATABASE: the database's own character set counts")),
    ("ALTER DATABASE|SCHEMA", Skip("ALTER DATABASE: the database's own character set counts")),
    ("DROP DATABASE|SCHEMA", Quiet),
    ("USE", Quiet),
    ("ALTER [ONLINE|OFFLINE] [IGNORE] TABLE [IF EXISTS]", Closer(alter_table)),
    ("ALTER SEQUENCE [IF EXISTS]", Run),
    ("ALTER [ALGORITHM=] [DEFINER=] [SQL SECURITY DEFINER|SQL SECURITY INVOKER] VIEW", Idle("view")),
    ("RENAME TABLE|TABLES [IF EXISTS]", Run),
    ("DROP TABLE|TABLES [IF EXISTS]", Run),
    ("DROP INDEX|SEQUENCE [IF EXISTS]", Run),
    ("DROP VIEW|TRIGGER|FUNCTION|PROCEDURE|EVENT|PACKAGE", Quiet),
    ("GRANT", Skip("GRANT")),
    ("REVOKE", Skip("REVOKE")),
    ("LOCK TABLE|TABLES", Quiet),
    ("UNLOCK TABLE|TABLES", Quiet),
    ("START TRANSACTION", Quiet),
    ("BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE", Quiet),
    ("FLUSH TABLE|TABLES|PRIVILEGES", Quiet),
    ("SET", Closer(set)),
    ("INSERT|UPDATE|DELETE|REPLACE|TRUNCATE|LOAD|IMPORT", Refuse(ROWS)),
    ("CREATE|ALTER|DROP|RENAME [OR REPLACE] USER|ROLE", Refuse(LOGINS)),
    ("CREATE|ALTER|DROP [OR REPLACE] [UNDO] SERVER|TABLESPACE|LOGFILE|RESOURCE|INSTANCE", Refuse(OUTSIDE)),
    ("DO", Closer(counter)),
    ("CALL|PREPARE|EXECUTE|DEALLOCATE|HANDLER|INSTALL|UNINSTALL", Refuse(CODE)),
];

/// The storage engines that keep rows in this server and nowhere else.
const ENGINES: [&str; 14] = [
    "InnoDB",
    "MyISAM",
    "Aria",
    "MEMORY",
    "HEAP",
    "ARCHIVE",
    "CSV",
    "BLACKHOLE",
    "RocksDB",
    "TokuDB",
    "NDB",
    "NDBCLUSTER",
    "ColumnStore",
    "Mroonga",
];
/// The tablespaces that are no files of somebody's choice.
const TABLESPACES: [&str; 3] = ["innodb_file_per_table", "innodb_system", "innodb_temporary"];

/// Reads a script.
pub(super) fn script(text: &str, platform: &Platform) -> Script {
    let lexis = Lexis {
        nested_comments: false,
        hash_comments: true,
        return_ends_line: false,
        backslashes: true,
        dollar_quotes: false,
        brackets: false,
        backticks: true,
        double_quoted_strings: true,
        folds: false,
        versions: Some(Lexis::version_of(platform)),
    };
    let naming = Naming { parts: 2, own: None };
    let afterwards = &["SET SESSION foreign_key_checks = 1"];
    read(text, &Rules { lexis, compound: Compound::Delimiter, naming, entries: ENTRIES, chooses, client, afterwards })
}

fn chooses(tokens: &Tokens<'_>) -> Option<Choice> {
    let named =
        ["USE", "CREATE [OR REPLACE] DATABASE|SCHEMA [IF NOT EXISTS]", "ALTER|DROP DATABASE|SCHEMA [IF EXISTS]"];
    let at = named.iter().find_map(|pattern| follows(tokens, 0, pattern))?;
    Some(Choice { database: tokens.name(at), is_own: tokens.is_any(0, &["USE", "CREATE"]) })
}

/// Commands of the client: `DELIMITER` has done its work.
fn client(line: &str, _: &Own) -> Result<(), &'static str> {
    if line.starts_with('\\') { Err("this is a command of the client") } else { Ok(()) }
}

fn create_table(look: &Look<'_>) -> Result<Decision, Fault> {
    let tokens = look.tokens;
    let query =
        |at: &usize| tokens.is_any(*at, &["SELECT", "TABLE"]) || (tokens.is(*at, "VALUES") && tokens.is(at + 1, "ROW"));
    match (look.at..tokens.list.len()).find(query) {
        Some(at) => Err(look.fault(at, "this table is filled by a query", "declare its columns")),
        None => inside(look).map(|()| Decision::As(Run)),
    }
}

fn create_function(look: &Look<'_>) -> Result<Decision, Fault> {
    match (look.at..look.tokens.list.len()).find(|at| look.tokens.is(*at, "SONAME")) {
        Some(at) => Err(look.fault(at, "this function is a library of the server's", OUTSIDE)),
        None => Ok(Decision::As(Idle("function"))),
    }
}

/// `mariadb-dump` puts a sequence where it stood.
fn counter(look: &Look<'_>) -> Result<Decision, Fault> {
    let tokens = look.tokens;
    let texts: Vec<_> = (look.at..tokens.list.len()).map(|at| tokens.text(at)).collect();
    let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let plain = match texts.as_slice() {
        [name, "(", _, ",", value, ",", used, ")"] => {
            name.eq_ignore_ascii_case("setval") && number(value) && number(used)
        }
        _ => false,
    };
    Ok(Decision::As(if plain { Quiet } else { Refuse(CODE) }))
}

fn alter_table(look: &Look<'_>) -> Result<Decision, Fault> {
    let tokens = look.tokens;
    let at = after(tokens, look.at);
    let reaching = ["DISCARD", "IMPORT", "EXCHANGE"];
    if let Some(at) = tokens.outside(at).find(|at| tokens.is_any(*at, &reaching) && tokens.list.len() > at + 1) {
        let before = tokens.text(at - 1);
        if before == "," || at == after(tokens, look.at) {
            return Err(look.fault(at, "this moves rows in and out of files and tables", OUTSIDE));
        }
    }
    if follows(tokens, at, "ENABLE|DISABLE KEYS") == Some(tokens.list.len()) {
        return Ok(Decision::As(Quiet));
    }
    inside(look).map(|()| Decision::As(Run))
}

/// Makes sure that a table's options keep it within its database.
fn inside(look: &Look<'_>) -> Result<(), Fault> {
    let tokens = look.tokens;
    let name = after(tokens, look.at);
    let folder = |at: &usize| tokens.is_any(*at, &["DATA", "INDEX"]) && tokens.is(at + 1, "DIRECTORY");
    if let Some(at) = (name..tokens.list.len()).find(folder) {
        return Err(look.fault(at, "the rows of this table lie in a folder of its own", OUTSIDE));
    }
    // Options stand outside of the list of columns, and anywhere in what partitions say.
    let partitions = tokens.outside(name).find(|at| tokens.is(*at, "PARTITION")).unwrap_or(tokens.list.len());
    let options = tokens.outside(name).take_while(|at| *at < partitions).chain(partitions..tokens.list.len());
    options.filter(|at| is_option(tokens, *at)).try_for_each(|at| stays(look, at))
}

/// Makes sure that an option keeps a table within its database.
fn stays(look: &Look<'_>, at: usize) -> Result<(), Fault> {
    let tokens = look.tokens;
    let value = tokens.name(at + 1 + usize::from(tokens.text(at + 1) == "="));
    let is_one = |known: &[&str]| known.iter().any(|known| known.eq_ignore_ascii_case(&value));
    let message = match tokens.text(at).to_uppercase().as_str() {
        "ENGINE" if !is_one(&ENGINES) => format!("tables of the engine {value} may lie outside of their database"),
        "TABLESPACE" if !is_one(&TABLESPACES) => "this table lies in a tablespace of the server's".to_owned(),
        "CONNECTION" | "UNION" => "this table is made of what lies elsewhere".to_owned(),
        _ => return Ok(()),
    };
    Err(look.fault(at, message, OUTSIDE))
}

/// Whether a word is an option of a table, and not the name of a column or an index.
fn is_option(tokens: &Tokens<'_>, at: usize) -> bool {
    let column = tokens.is_any(at - 1, NAMERS) || tokens.is(at - 2, "CHANGE") || tokens.is(at - 3, "CHANGE");
    tokens.is_any(at, &["ENGINE", "TABLESPACE", "CONNECTION", "UNION"]) && (!column || tokens.text(at + 1) == "=")
}

/// After these words stands a name.
const NAMERS: &[&str] = &[
    "COLUMN",
    "ADD",
    "MODIFY",
    "CHANGE",
    "ALTER",
    "DROP",
    "AFTER",
    "TO",
    "KEY",
    "INDEX",
    "UNIQUE",
    "FULLTEXT",
    "SPATIAL",
    "CONSTRAINT",
    "EXISTS",
    "REFERENCES",
    "CHECK",
];
