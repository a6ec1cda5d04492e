//! What a text of SQL has to be, so that it stays in the place of the statement that it is put into.
//!
//! A text from a file, a catalog or a server is taken apart by the engine's lexer and is either exactly what is expected of
//! it, or nothing is made of it. What stands in a statement without quotes is an expression, a type, a word or a number;
//! expressions are written in parentheses wherever something comes after them, so that all they have to be is whole.

use super::lexeme::{Lexed, Misfit};
use super::{mysql, postgres, sqlite};
use crate::model::Engine;

/// What a text has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form<'a> {
    /// A name, a comment, a label: it is written in quotes.
    Quoted,
    /// One expression.
    Expression,
    /// A type, and nothing that can come after one in a definition.
    Type,
    /// A whole number.
    Number,
    /// One word of letters, digits and `_`.
    Word,
    /// A collation, as far as it is written without quotes.
    Collation,
    /// An operator class with its parameters.
    OperatorClass,
    /// Names with commas between them.
    Names,
    /// What happens to the rows that refer to one that goes.
    Action,
    /// What SQLite does with a row that violates a constraint.
    Conflict,
    /// MySQL: what an UPDATE sets a column to.
    OnUpdate,
    /// MySQL: how a table is partitioned.
    Partitions,
    /// One statement that makes an object of a kind, of a name if it is given.
    Statement(&'a str, Option<&'a str>),
}

impl Form<'_> {
    /// What it is called in a sentence.
    pub fn words(self) -> String {
        match self {
            Form::Quoted => "a text".to_owned(),
            Form::Expression => "one expression".to_owned(),
            Form::Type => "a type".to_owned(),
            Form::Number => "a whole number".to_owned(),
            Form::Word => "one word".to_owned(),
            Form::Collation => "the name of a collation".to_owned(),
            Form::OperatorClass => "an operator class".to_owned(),
            Form::Names => "a list of names".to_owned(),
            Form::Action => "an action of a foreign key".to_owned(),
            Form::Conflict => "one of ROLLBACK, ABORT, FAIL, IGNORE and REPLACE".to_owned(),
            Form::OnUpdate => "the current time".to_owned(),
            Form::Partitions => "a PARTITION BY clause".to_owned(),
            Form::Statement(kind, _) => format!("one statement that makes a {kind}"),
        }
    }
}

/// What an option belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// A table.
    Table,
    /// A column.
    Column,
    /// The numbering of a column's rows.
    Identity,
    /// An index, a primary key or a unique constraint.
    Index,
    /// A foreign key.
    ForeignKey,
    /// A check.
    Check,
}

/// Who wrote a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Author {
    /// Whoever wrote a schema file: it is about its own database and no other.
    File,
    /// A server: what is there is there.
    Server,
}

/// How an engine reads texts.
pub trait Grammar: Sync {
    /// A text as its pieces.
    ///
    /// # Errors
    /// The place of what is no piece.
    fn lex<'a>(&self, text: &'a str) -> Result<Lexed<'a>, Misfit>;

    /// Whether a text is what has its own form on this engine.
    ///
    /// # Errors
    /// Where it is not.
    fn has_form(&self, text: &str, form: Form<'_>) -> Result<(), Misfit>;

    /// What the value of an option has to be.
    ///
    /// # Errors
    /// Why there is no such option.
    fn option(&self, holder: Holder, key: &str, author: Author) -> Result<Form<'static>, Misfit>;
}

/// How an engine reads texts.
pub fn grammar(engine: Engine) -> &'static dyn Grammar {
    match engine {
        Engine::Postgres => &postgres::forms::Postgres,
        Engine::Mysql => &mysql::forms::Mysql,
        Engine::Sqlite => &sqlite::forms::Sqlite,
    }
}

/// The words for what happens to rows that refer to one that goes.
const ACTIONS: [&str; 5] = ["CASCADE", "SET NULL", "SET DEFAULT", "RESTRICT", "NO ACTION"];

/// Whether a text is what it has to be.
///
/// # Errors
/// Where it is something else, and why.
pub fn check(engine: Engine, text: &str, form: Form<'_>) -> Result<(), Misfit> {
    if let Some(at) = text.find('\0') {
        return Err(Misfit::new(at, "a NUL character stands there"));
    }
    let holds =
        |is: bool| if is { Ok(()) } else { Err(Misfit::new(0, format!("`{}` is something else", excerpt(text)))) };
    match form {
        Form::Quoted => Ok(()),
        Form::Expression => grammar(engine).lex(text)?.expression(),
        Form::Number => holds(text.parse::<i128>().is_ok()),
        Form::Word => holds(!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')),
        Form::Action => holds(ACTIONS.contains(&text)),
        _ => grammar(engine).has_form(text, form),
    }
}

/// The beginning of a text, for a message.
pub fn excerpt(text: &str) -> String {
    text.chars().take(60).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests;
