//! What texts have to be on PostgreSQL: types, collations, operator classes, statements.

use super::names::is_sql;
use super::tokens;
use crate::dialect::form::{Author, Form, Grammar, Holder};
use crate::dialect::lexeme::{Kind, Lexed, Lexeme, Misfit, Steps};

/// PostgreSQL's way of reading texts.
pub(crate) struct Postgres;

impl Grammar for Postgres {
    fn lex<'a>(&self, text: &'a str) -> Result<Lexed<'a>, Misfit> {
        tokens::lex(text)
    }

    fn has_form(&self, text: &str, form: Form<'_>) -> Result<(), Misfit> {
        match form {
            Form::Type => data_type(&tokens::lex(text)?),
            Form::Collation | Form::OperatorClass if !is_sql(text) => Ok(()),
            Form::Names if !text.contains(['"', '(']) => Ok(()),
            Form::Collation => name(&tokens::lex(text)?, false),
            Form::OperatorClass => name(&tokens::lex(text)?, true),
            Form::Names => names(&tokens::lex(text)?),
            Form::Statement(kind, _) => statement(&tokens::lex(text)?, kind),
            // The server has neither, and says so by name.
            _ => Ok(()),
        }
    }

    fn option(&self, holder: Holder, key: &str, _author: Author) -> Result<Form<'static>, Misfit> {
        Ok(match (holder, key) {
            (Holder::Identity, "increment" | "min" | "max" | "start" | "cache") => Form::Number,
            (Holder::Identity, "type") => Form::Type,
            (Holder::ForeignKey, "set_null" | "set_default") => Form::Names,
            _ => Form::Quoted,
        })
    }
}

/// Words that can come after the first one of a type.
const LONGER: [(&str, &[&[&str]]); 7] = [
    ("double", &[&["precision"]]),
    ("character", &[&["varying"]]),
    ("char", &[&["varying"]]),
    ("nchar", &[&["varying"]]),
    ("bit", &[&["varying"]]),
    ("national", &[&["character", "varying"], &["character"], &["char", "varying"], &["char"]]),
    (
        "interval",
        &[
            &["year", "to", "month"],
            &["day", "to", "hour"],
            &["day", "to", "minute"],
            &["day", "to", "second"],
            &["hour", "to", "minute"],
            &["hour", "to", "second"],
            &["minute", "to", "second"],
            &["year"],
            &["month"],
            &["day"],
            &["hour"],
            &["minute"],
            &["second"],
        ],
    ),
];

/// Nothing but a type.
fn data_type(lexed: &Lexed<'_>) -> Result<(), Misfit> {
    lexed.expression()?;
    let mut steps = lexed.steps();
    take_type(&mut steps)?;
    steps.end()
}

/// Takes a type: a name, which may be long or qualified, numbers or words in parentheses, and whether it is an array.
pub(super) fn take_type(steps: &mut Steps<'_, '_>) -> Result<(), Misfit> {
    if !type_name(steps) {
        return Err(steps.stuck());
    }
    while steps.take_mark("[") {
        steps.take_if(|lexeme| lexeme.kind == Kind::Number);
        if !steps.take_mark("]") {
            return Err(steps.stuck());
        }
    }
    if steps.take_words(&["array"]) && steps.take_mark("[") {
        let whole = steps.take_if(|lexeme| lexeme.kind == Kind::Number).is_some() && steps.take_mark("]");
        return if whole { Ok(()) } else { Err(steps.stuck()) };
    }
    Ok(())
}

/// Takes the name of a type with what is in parentheses. Whether it was one.
fn type_name(steps: &mut Steps<'_, '_>) -> bool {
    let Some(first) = steps.peek() else { return false };
    if !steps.take_qualified() {
        return false;
    }
    let longer = LONGER.iter().filter(|(word, _)| first.is(word)).flat_map(|(_, longer)| longer.iter());
    let _ = longer.into_iter().any(|words| steps.take_words(words));
    if steps.peek().is_some_and(|lexeme| lexeme.is_mark("(")) && !steps.take_enclosed().is_some_and(is_arguments) {
        return false;
    }
    if first.is_one_of(&["time", "timestamp"]) {
        let _ = steps.take_words(&["with", "time", "zone"]) || steps.take_words(&["without", "time", "zone"]);
    }
    true
}

/// Whether these are numbers, words and texts with commas between them: nothing that is computed.
fn is_arguments(lexemes: &[Lexeme<'_>]) -> bool {
    let plain = |lexeme: &Lexeme<'_>| match lexeme.kind {
        Kind::Word | Kind::Quoted | Kind::Text | Kind::Number => true,
        _ => matches!(lexeme.text, "," | "-" | "+" | "." | "="),
    };
    !lexemes.is_empty() && lexemes.iter().all(plain)
}

/// A qualified name, with parameters if it can have them.
fn name(lexed: &Lexed<'_>, parameters: bool) -> Result<(), Misfit> {
    lexed.ended()?;
    let mut steps = lexed.steps();
    if !steps.take_qualified() {
        return Err(steps.stuck());
    }
    let listed = steps.peek().is_some_and(|lexeme| lexeme.is_mark("("));
    if parameters && listed && !steps.take_enclosed().is_some_and(is_arguments) {
        return Err(Misfit::new(0, "its parameters are no list of values"));
    }
    steps.end()
}

fn names(lexed: &Lexed<'_>) -> Result<(), Misfit> {
    lexed.ended()?;
    let mut steps = lexed.steps();
    loop {
        if steps.take_if(Lexeme::is_name).is_none() {
            return Err(steps.stuck());
        }
        if !steps.take_mark(",") {
            return steps.end();
        }
    }
}

/// How a statement begins that makes a kind of object again.
const BEGINNINGS: [(&str, &[&[&str]]); 14] = [
    ("view", &[&["create", "view"]]),
    ("materialized view", &[&["create", "materialized", "view"]]),
    ("index of a materialized view", &[&["create", "index"], &["create", "unique", "index"]]),
    ("sequence", &[&["create", "sequence"]]),
    ("composite type", &[&["create", "type"]]),
    ("domain", &[&["create", "domain"]]),
    ("rule", &[&["create", "rule"]]),
    ("trigger", &[&["create", "trigger"], &["create", "constraint", "trigger"]]),
    ("policy", &[&["create", "policy"]]),
    ("extended statistics", &[&["create", "statistics"]]),
    ("function", &[&["create", "or", "replace", "function"]]),
    ("procedure", &[&["create", "or", "replace", "procedure"]]),
    ("aggregate", &[&["create", "aggregate"]]),
    ("", &[&["create", "table"], &["create", "unlogged", "table"], &["alter", "table"]]),
];

/// One statement of its kind, whose end is the end of the text.
fn statement(lexed: &Lexed<'_>, kind: &str) -> Result<(), Misfit> {
    lexed.ended()?;
    let beginnings =
        BEGINNINGS.iter().find(|(known, _)| *known == kind || known.is_empty()).map_or(&[][..], |(_, known)| known);
    let mut steps = lexed.steps();
    if !beginnings.iter().any(|words| steps.take_words(words)) {
        return Err(steps.stuck());
    }
    let alters = lexed.lexemes[0].is("alter");
    let count = lexed.lexemes.iter().rposition(|lexeme| !lexeme.is_mark(";")).map_or(0, |last| last + 1);
    let mut body = Body::default();
    let mut at = 0;
    lexed.walk(|lexeme, depth| {
        at += 1;
        if at > count {
            return Ok(());
        }
        let semicolon = lexeme.is_mark(";");
        let may_stand = body.is_open() || (kind == "rule" && depth > 0);
        if (semicolon && !may_stand) || body.is_over() || (alters && depth == 0 && lexeme.is_mark(",")) {
            return Err(Misfit::unexpected(lexeme));
        }
        body.step(lexeme);
        Ok(())
    })?;
    if body.is_open() { Err(steps.stuck()) } else { Ok(()) }
}

/// The body of a function in SQL: `BEGIN ATOMIC … END`, with `CASE … END` in it.
#[derive(Default)]
struct Body {
    begins: bool,
    depth: usize,
    over: bool,
}

impl Body {
    fn is_open(&self) -> bool {
        self.depth > 0
    }

    fn is_over(&self) -> bool {
        self.over
    }

    fn step(&mut self, lexeme: &Lexeme<'_>) {
        if self.depth == 0 {
            self.depth = usize::from(self.begins && lexeme.is("atomic"));
            self.begins = lexeme.is("begin");
        } else if lexeme.is("case") || lexeme.is("begin") {
            self.depth += 1;
        } else if lexeme.is("end") {
            self.depth -= 1;
            self.over = self.depth == 0;
        }
    }
}
