//! What texts have to be on MySQL and MariaDB: types, options, partitions, statements.

use super::names::is_word;
use super::tokens;
use crate::dialect::form::{Author, Form, Grammar, Holder, excerpt};
use crate::dialect::lexeme::{Kind, Lexed, Lexeme, Misfit, Steps};

/// The way in which MySQL and MariaDB read texts.
pub(crate) struct Mysql;

impl Grammar for Mysql {
    fn lex<'a>(&self, text: &'a str) -> Result<Lexed<'a>, Misfit> {
        tokens::lex(text)
    }

    fn has_form(&self, text: &str, form: Form<'_>) -> Result<(), Misfit> {
        match form {
            Form::Type => data_type(&tokens::lex(text)?),
            Form::Collation if !is_word(text) => {
                Err(Misfit::new(0, format!("`{}` is more than a word", excerpt(text))))
            }
            Form::OnUpdate => now(&tokens::lex(text)?),
            Form::Partitions => partitions(&tokens::lex(text)?),
            Form::Statement(kind, name) if is_made_again(kind) => statement(&tokens::lex(text)?, kind, name),
            // The server has none, and says so by name.
            _ => Ok(()),
        }
    }

    fn option(&self, holder: Holder, key: &str, author: Author) -> Result<Form<'static>, Misfit> {
        match (holder, key) {
            (Holder::Table, "partitions") => Ok(Form::Partitions),
            (Holder::Table, key) if !is_word(key) => Err(Misfit::new(0, format!("`{}` is no option", excerpt(key)))),
            (Holder::Table, key) if author == Author::File && OUTSIDE.contains(&key.to_ascii_lowercase().as_str()) => {
                Err(Misfit::new(0, format!("`{key}` reaches outside of the database")))
            }
            (Holder::Column, "check") => Ok(Form::Expression),
            (Holder::Column, "charset" | "compressed" | "srid" | "column_format" | "storage") => Ok(Form::Word),
            (Holder::Index, "key_block_size" | "clustering") => Ok(Form::Word),
            _ => Ok(Form::Quoted),
        }
    }
}

/// Options of tables that lead to files, servers and tables elsewhere.
const OUTSIDE: [&str; 7] =
    ["connection", "data_directory", "file_name", "index_directory", "insert_method", "union", "wrapper"];

/// Engines whose tables keep their rows elsewhere.
const OUTSIDE_ENGINES: [&str; 8] =
    ["connect", "federated", "federatedx", "merge", "mrg_myisam", "ndbcluster", "s3", "spider"];

/// Whether the tables of an engine keep their rows elsewhere: on other servers, in other tables, in files of any name.
pub(crate) fn is_outside(engine: &str) -> bool {
    OUTSIDE_ENGINES.iter().any(|outside| engine.eq_ignore_ascii_case(outside))
}

/// Whether the text of a table says that its rows are elsewhere: a copy of it would be there, too.
pub(crate) fn reaches_outside(text: &str) -> bool {
    let all = tokens::tokens(text);
    let says = |at: usize, word: &str| all.get(at).is_some_and(|token| token.is(word));
    (0..all.len()).any(|at| {
        let engine = all.get(at + 2).filter(|_| says(at, "engine")).and_then(|token| token.name());
        engine.is_some_and(|engine| is_outside(&engine))
            || ["connection", "directory", "union"].iter().any(|word| says(at, word))
    })
}

/// Words that can come after the first one of a type.
const LONGER: [(&str, &[&[&str]]); 5] = [
    ("double", &[&["precision"]]),
    ("character", &[&["varying"]]),
    ("char", &[&["varying"], &["byte"]]),
    ("long", &[&["varchar"], &["varbinary"], &["char", "varying"], &["character", "varying"]]),
    (
        "national",
        &[&["varchar"], &["character", "varying"], &["char", "varying"], &["character"], &["char"], &["varcharacter"]],
    ),
];

/// What a type can have after its parentheses. Character sets and collations are no part of it.
const ATTRIBUTES: [&str; 7] = ["unsigned", "signed", "zerofill", "binary", "ascii", "unicode", "byte"];

/// A type: a word or two, numbers or labels in parentheses, attributes of numbers.
fn data_type(lexed: &Lexed<'_>) -> Result<(), Misfit> {
    lexed.expression()?;
    let mut steps = lexed.steps();
    let Some(first) = steps.take_if(|lexeme| lexeme.kind == Kind::Word) else { return Err(steps.stuck()) };
    let longer = LONGER.iter().filter(|(word, _)| first.is(word)).flat_map(|(_, longer)| longer.iter());
    let _ = longer.into_iter().any(|words| steps.take_words(words));
    if steps.peek().is_some_and(|lexeme| lexeme.is_mark("(")) && !steps.take_enclosed().is_some_and(is_arguments) {
        return Err(Misfit::new(first.start, "what is in its parentheses is no list of values"));
    }
    while steps.take_if(|lexeme| lexeme.is_one_of(&ATTRIBUTES)).is_some() {}
    steps.end()
}

/// Whether these are numbers, words and texts with commas between them: nothing that is computed.
fn is_arguments(lexemes: &[Lexeme<'_>]) -> bool {
    let plain = |lexeme: &Lexeme<'_>| match lexeme.kind {
        Kind::Word | Kind::Text | Kind::Number => true,
        _ => lexeme.is_mark(","),
    };
    !lexemes.is_empty() && lexemes.iter().all(plain)
}

/// `CURRENT_TIMESTAMP(6)` or another word for it.
fn now(lexed: &Lexed<'_>) -> Result<(), Misfit> {
    lexed.expression()?;
    let mut steps = lexed.steps();
    if steps.take_if(|lexeme| lexeme.is_one_of(&["current_timestamp", "now", "localtime", "localtimestamp"])).is_none()
    {
        return Err(steps.stuck());
    }
    if steps.take_mark("(") {
        steps.take_if(|lexeme| lexeme.kind == Kind::Number);
        if !steps.take_mark(")") {
            return Err(steps.stuck());
        }
    }
    steps.end()
}

/// The words of a partitioning that stand outside of its parentheses.
const PARTITIONING: [&str; 25] = [
    "partition",
    "by",
    "linear",
    "hash",
    "key",
    "algorithm",
    "range",
    "list",
    "columns",
    "partitions",
    "subpartition",
    "subpartitions",
    "system_time",
    "interval",
    "limit",
    "auto",
    "starts",
    "timestamp",
    "year",
    "month",
    "week",
    "day",
    "hour",
    "minute",
    "second",
];

/// `PARTITION BY …`, with nothing after it, and no files of any name in it.
fn partitions(lexed: &Lexed<'_>) -> Result<(), Misfit> {
    lexed.ended()?;
    if !lexed.steps().take_words(&["partition", "by"]) {
        return Err(lexed.steps().stuck());
    }
    lexed.walk(|lexeme, depth| {
        let known = match lexeme.kind {
            Kind::Word if depth == 0 => lexeme.is_one_of(&PARTITIONING),
            Kind::Word => !lexeme.is_one_of(&["directory", "connection", "select"]),
            Kind::Parameter | Kind::Versioned => false,
            Kind::Mark => lexeme.text != ";" && (depth > 0 || matches!(lexeme.text, "(" | ")" | "=")),
            Kind::Quoted => depth > 0,
            Kind::Text | Kind::Number => true,
        };
        if known { Ok(()) } else { Err(Misfit::unexpected(lexeme)) }
    })
}

/// What is only kept as a text: undrift makes tables and sequences again and nothing else.
const KEPT: [&str; 7] = ["view", "procedure", "function", "package", "package body", "trigger", "event"];

/// Whether undrift makes such things again from their texts.
pub(crate) fn is_made_again(kind: &str) -> bool {
    !KEPT.contains(&kind)
}

/// One statement that makes a table or a sequence, of this name, and holds nothing that reaches elsewhere.
fn statement(lexed: &Lexed<'_>, kind: &str, name: Option<&str>) -> Result<(), Misfit> {
    lexed.ended()?;
    let mut steps = lexed.steps();
    let is_table = kind != "sequence";
    if !steps.take_words(&["create", if is_table { "table" } else { kind }]) {
        return Err(steps.stuck());
    }
    own_name(&mut steps, name)?;
    if is_table && !steps.peek().is_some_and(|lexeme| lexeme.is_mark("(")) {
        return Err(steps.stuck());
    }
    let body = steps.peek().map_or(usize::MAX, |lexeme| lexeme.start);
    let mut depths = Vec::new();
    lexed.walk(|lexeme, depth| {
        let elsewhere = lexeme.start >= body && lexeme.is_one_of(&["select", "table"]);
        match lexeme.kind {
            Kind::Versioned => versioned(&mut depths, depth, lexeme),
            Kind::Parameter => Err(Misfit::unexpected(lexeme)),
            _ if elsewhere || lexeme.is_mark(";") => Err(Misfit::unexpected(lexeme)),
            _ => Ok(()),
        }
    })
}

/// Takes the name, which is not qualified.
fn own_name(steps: &mut Steps<'_, '_>, name: Option<&str>) -> Result<(), Misfit> {
    let stuck = steps.stuck();
    let said = steps.take_if(Lexeme::is_name).ok_or(stuck)?;
    let unquoted = match said.kind {
        Kind::Quoted => said.text[1..said.text.len() - 1].replace("``", "`"),
        _ => said.text.to_owned(),
    };
    if name.is_some_and(|name| name.to_lowercase() != unquoted.to_lowercase())
        || steps.peek().is_some_and(|lexeme| lexeme.is_mark("."))
    {
        return Err(Misfit::unexpected(said));
    }
    Ok(())
}

/// What some versions run and others do not must be whole by itself.
fn versioned(depths: &mut Vec<usize>, depth: usize, lexeme: &Lexeme<'_>) -> Result<(), Misfit> {
    match (lexeme.text, depths.last()) {
        ("*/", Some(before)) if *before == depth => drop(depths.pop()),
        ("*/", _) => return Err(Misfit::unexpected(lexeme)),
        _ => depths.push(depth),
    }
    Ok(())
}
