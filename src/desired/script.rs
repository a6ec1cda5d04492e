//! A schema that is an SQL script, read for one engine, with its mistakes at their places.

use std::sync::Arc;

use super::Declared;
use crate::dialect::Dialect;
use crate::dialect::script::{self, Fault, Statement};
use crate::model::{Opaque, Schema};
use crate::yaml::{Diagnostic, Report, Source, Span};

/// A schema that is an SQL script, as one engine reads it.
#[derive(Clone, Debug)]
pub struct Script {
    source: Arc<Source>,
    read: script::Script,
}

impl Script {
    /// Reads the script of a file.
    ///
    /// # Errors
    /// Every statement that cannot stand in a schema.
    pub fn read(path: &str, text: &str, dialect: &dyn Dialect) -> Result<Self, Report> {
        let source = Arc::new(Source::new(path, text));
        let read = dialect.script(text);
        let mut problems = Report::new();
        read.faults.iter().for_each(|fault| problems.add(diagnostic(&source, fault)));
        problems.or(Self { source, read })
    }

    /// What is run, in order.
    pub fn statements(&self) -> &[Statement] {
        &self.read.statements
    }

    /// What puts back the settings that the statements changed.
    pub fn afterwards(&self) -> &[String] {
        &self.read.afterwards
    }

    /// What is known of its schema without a server.
    pub(super) fn schema(&self) -> Schema {
        Schema { extensions: self.read.extensions.clone(), ..Schema::default() }
    }

    /// What was passed over and is worth a word, with how often.
    pub fn skipped(&self) -> impl Iterator<Item = (&'static str, usize)> + '_ {
        self.read.skipped.iter().map(|(what, times)| (*what, *times))
    }

    /// Where a statement stands: `schema.sql:12:1`.
    pub fn place(&self, statement: &Statement) -> String {
        self.span(statement.start, statement.end).to_string()
    }

    /// What a server made of the script and undrift does not model, unless the script says that it does not matter.
    ///
    /// # Errors
    /// All of it, with the lines where that is known.
    pub fn unmodelled(&self, made: &[Opaque]) -> Result<(), Report> {
        let mut problems = Report::new();
        for object in made.iter().filter(|_| !self.read.ignores_unmodelled) {
            let maker = self.read.statements.iter().find(|statement| statement.about == object.name.name);
            let (start, end) = maker.map_or((0, 0), |statement| (statement.start, statement.end));
            problems
                .add(diagnostic(&self.source, &script::unmodelled(&object.kind, &object.name.to_string(), start, end)));
        }
        problems.or(())
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span::new(&self.source, start, end - start)
    }
}

/// A script, without what editors write before it.
///
/// # Errors
/// When it is no text.
pub(super) fn plain(path: String, mut text: String) -> Result<Declared, Report> {
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    let Some(at) = text.find('\0') else { return Ok(Declared::Sql { path, text }) };
    let source = Arc::new(Source::new(path, text));
    let diagnostic = Diagnostic::new(&Span::new(&source, at, 1), "a NUL character stands here");
    Err(diagnostic.help("save the file as UTF-8, without it").into())
}

/// What is wrong with a script on the engine for which the least is: it is for one, and does not say which.
pub(super) fn check(path: &str, text: &str, dialects: &[Box<dyn Dialect>]) -> Report {
    let wrong = dialects.iter().map(|dialect| {
        let report = Script::read(path, text, dialect.as_ref()).err().unwrap_or_default();
        report.on(&dialect.platform().vendor.to_string())
    });
    wrong.min_by_key(|report| report.diagnostics().len()).unwrap_or_default()
}

/// What a script that is right on one of these servers holds and nobody compares.
pub(super) fn notes(path: &str, text: &str, dialects: &[Box<dyn Dialect>]) -> Report {
    let mut notes = Report::new();
    let read = dialects.iter().find_map(|dialect| Script::read(path, text, dialect.as_ref()).ok());
    for (what, times) in read.iter().flat_map(Script::skipped) {
        notes.add(Diagnostic::without_place(format!("{path}: passed over: {what} ({times})")));
    }
    notes
}

fn diagnostic(source: &Arc<Source>, fault: &Fault) -> Diagnostic {
    let span = Span::new(source, fault.start, fault.end - fault.start).first_line();
    Diagnostic::new(&span, &fault.message).help(&fault.help)
}
