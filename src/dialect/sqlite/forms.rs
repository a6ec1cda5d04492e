//! What texts have to be on SQLite: types, and the statements that its catalog keeps.

use super::names::same;
use super::tokens::{lex, tokenize};
use crate::dialect::form::{Author, Form, Grammar, Holder, excerpt};
use crate::dialect::lexeme::{Kind, Lexed, Lexeme, Misfit, Steps};

/// SQLite's way of reading texts.
pub(crate) struct Sqlite;

impl Grammar for Sqlite {
    fn lex<'a>(&self, text: &'a str) -> Result<Lexed<'a>, Misfit> {
        lex(text)
    }

    fn has_form(&self, text: &str, form: Form<'_>) -> Result<(), Misfit> {
        match form {
            Form::Type => data_type(&lex(text)?),
            Form::Conflict if !CONFLICTS.iter().any(|word| same(word, text)) => {
                Err(Misfit::new(0, format!("`{}` is something else", excerpt(text))))
            }
            Form::Statement(kind, name) => statement(&lex(text)?, kind, name),
            // Collations are written in quotes; the rest SQLite does not have, which is said by name.
            _ => Ok(()),
        }
    }

    fn option(&self, holder: Holder, key: &str, _author: Author) -> Result<Form<'static>, Misfit> {
        Ok(match (holder, key) {
            (Holder::Column, "not_null_conflict") | (Holder::Index, "conflict") => Form::Conflict,
            _ => Form::Quoted,
        })
    }
}

const CONFLICTS: [&str; 5] = ["ROLLBACK", "ABORT", "FAIL", "IGNORE", "REPLACE"];

/// The words with which a type ends and something else in a column's definition begins.
pub(crate) const AFTER_TYPE: [&str; 11] =
    ["constraint", "primary", "not", "null", "unique", "check", "default", "collate", "references", "as", "deferrable"];

/// A type: words, and numbers in parentheses; or nothing at all.
fn data_type(lexed: &Lexed<'_>) -> Result<(), Misfit> {
    lexed.ended()?;
    let mut steps = lexed.steps();
    let is_word = |lexeme: &Lexeme<'_>| match lexeme.kind {
        Kind::Word => !lexeme.is_one_of(&AFTER_TYPE),
        kind => matches!(kind, Kind::Quoted | Kind::Text),
    };
    let mut words = 0;
    while steps.take_if(is_word).is_some() {
        words += 1;
    }
    if words > 0 && steps.take_mark("(") {
        numbers(&mut steps)?;
    }
    steps.end()
}

fn numbers(steps: &mut Steps<'_, '_>) -> Result<(), Misfit> {
    loop {
        let _ = steps.take_mark("-") || steps.take_mark("+");
        if steps.take_if(|lexeme| lexeme.kind == Kind::Number).is_none() {
            return Err(steps.stuck());
        }
        if !steps.take_mark(",") {
            return if steps.take_mark(")") { Ok(()) } else { Err(steps.stuck()) };
        }
    }
}

/// How the statement begins that makes a kind of object.
const BEGINNINGS: [(&str, &[&[&str]]); 5] = [
    ("table", &[&["create", "table"]]),
    ("virtual table", &[&["create", "virtual", "table"]]),
    ("index", &[&["create", "index"], &["create", "unique", "index"]]),
    ("view", &[&["create", "view"]]),
    ("trigger", &[&["create", "trigger"]]),
];

/// One statement of its kind, for an object of its name, whose end is the end of the text.
fn statement(lexed: &Lexed<'_>, kind: &str, name: Option<&str>) -> Result<(), Misfit> {
    let mut steps = lexed.steps();
    let beginnings = BEGINNINGS.iter().find(|(known, _)| *known == kind).map_or(&[][..], |(_, words)| words);
    if !beginnings.iter().any(|words| steps.take_words(words)) {
        return Err(steps.stuck());
    }
    own_name(&mut steps, name)?;
    if kind == "table" && !steps.peek().is_some_and(|lexeme| lexeme.is_mark("(")) {
        return Err(steps.stuck());
    }
    let start = steps.peek().map_or(usize::MAX, |lexeme| lexeme.start);
    if kind == "trigger" { trigger(lexed, start) } else { plain(lexed) }
}

/// Takes a name, which may have the name of the main database before it.
fn own_name(steps: &mut Steps<'_, '_>, name: Option<&str>) -> Result<(), Misfit> {
    steps.take_words(&["if", "not", "exists"]);
    let is_name = |lexeme: &Lexeme<'_>| lexeme.is_name() || lexeme.kind == Kind::Text;
    let mut said = steps.take_if(is_name).ok_or_else(|| steps.stuck())?;
    if unquoted(said).eq_ignore_ascii_case("main") && steps.take_mark(".") {
        said = steps.take_if(is_name).ok_or_else(|| steps.stuck())?;
    }
    if name.is_some_and(|name| !same(name, &unquoted(said))) || steps.peek().is_some_and(|lexeme| lexeme.is_mark(".")) {
        return Err(Misfit::unexpected(said));
    }
    Ok(())
}

fn unquoted(lexeme: &Lexeme<'_>) -> String {
    tokenize(lexeme.text).ok().and_then(|tokens| Some(tokens.first()?.value().into_owned())).unwrap_or_default()
}

/// A statement without a semicolon but at its end.
fn plain(lexed: &Lexed<'_>) -> Result<(), Misfit> {
    let count = lexed.lexemes.iter().rposition(|lexeme| !lexeme.is_mark(";")).map_or(0, |last| last + 1);
    let mut at = 0;
    lexed.walk(|lexeme, _| {
        at += 1;
        let strange = lexeme.kind == Kind::Parameter || (lexeme.is_mark(";") && at <= count);
        if strange { Err(Misfit::unexpected(lexeme)) } else { Ok(()) }
    })
}

/// What the statements in a trigger begin with.
const COMMANDS: [&str; 6] = ["update", "insert", "replace", "delete", "select", "with"];

/// What comes after a trigger's name: `… BEGIN`, statements of rows each with its semicolon, `END`.
fn trigger(lexed: &Lexed<'_>, start: usize) -> Result<(), Misfit> {
    let mut part = Part::Head;
    let mut at = 0;
    lexed.walk(|lexeme, depth| {
        at += 1;
        let next = lexed.lexemes.get(at);
        if lexeme.start < start {
            return Ok(());
        }
        part = part.after(lexeme, next, depth).ok_or_else(|| Misfit::unexpected(lexeme))?;
        Ok(())
    })?;
    if part == Part::Over { Ok(()) } else { Err(lexed.steps().stuck()) }
}

/// Where in a trigger a reader is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Before its BEGIN.
    Head,
    /// Among its statements.
    Body,
    /// After the semicolon of its last statement.
    Last,
    /// After its END.
    Over,
}

impl Part {
    /// The part after a piece; `None` where the piece cannot stand there.
    fn after(self, lexeme: &Lexeme<'_>, next: Option<&Lexeme<'_>>, depth: usize) -> Option<Self> {
        let semicolon = lexeme.is_mark(";");
        let command = next.is_some_and(|next| next.is_one_of(&COMMANDS));
        match self {
            _ if lexeme.kind == Kind::Parameter || (semicolon && depth > 0) => None,
            Part::Head if semicolon => None,
            Part::Head if depth == 0 && lexeme.is("begin") && command => Some(Part::Body),
            Part::Body if semicolon && command => Some(Part::Body),
            Part::Body if semicolon => next.filter(|next| next.is("end")).map(|_| Part::Last),
            Part::Head | Part::Body => Some(self),
            Part::Last => Some(Part::Over),
            Part::Over => semicolon.then_some(Part::Over),
        }
    }
}
