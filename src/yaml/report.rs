//! What is wrong with a file: collected, sorted, shown to people or machines.

use std::error::Error;
use std::fmt;

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, Severity, SourceCode};
use serde_json::json;

use super::source::{Shown, Span};

/// How many diagnostics are shown; the rest is counted.
const SHOWN: usize = 50;
/// How many are kept; a file with more mistakes has one mistake, repeated.
const KEPT: usize = 1000;

/// One mistake: what is wrong, where, and what to write instead.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// What is wrong, in a sentence without a full stop.
    pub message: String,
    /// Where; `None` where no text could be read.
    pub span: Option<Span>,
    /// What to write instead.
    pub help: Option<String>,
    /// Other places that have to do with it, with what they are.
    pub related: Vec<(Span, String)>,
    /// The servers it is wrong on; empty where that makes no difference.
    pub servers: Vec<String>,
}

impl Diagnostic {
    /// A mistake at a place.
    pub fn new(span: &Span, message: impl Into<String>) -> Self {
        Self { span: Some(span.clone()), ..Self::without_place(message) }
    }

    /// A mistake of a whole file.
    pub fn without_place(message: impl Into<String>) -> Self {
        Self { message: message.into(), span: None, help: None, related: Vec::new(), servers: Vec::new() }
    }

    /// With what to write instead.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// With another place that has to do with it.
    #[must_use]
    pub fn related(mut self, span: &Span, what: impl Into<String>) -> Self {
        self.related.push((span.clone(), what.into()));
        self
    }

    fn order(&self) -> (&str, usize, &str) {
        let place = self.span.as_ref().map_or(("", 0), |span| (span.source.path.as_str(), span.start));
        (place.0, place.1, &self.message)
    }
}

/// All mistakes of one run.
#[derive(Clone, Debug, Default)]
pub struct Report {
    diagnostics: Vec<Diagnostic>,
    /// How many were not kept.
    more: usize,
}

impl Report {
    /// A report without anything in it.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a mistake. The same one at the same place is there only once, with all its servers.
    pub fn add(&mut self, diagnostic: Diagnostic) {
        if let Some(known) = self.diagnostics.iter_mut().find(|known| known.order() == diagnostic.order()) {
            known.servers.extend(diagnostic.servers);
        } else if self.diagnostics.len() < KEPT {
            self.diagnostics.push(diagnostic);
        } else {
            self.more += 1;
        }
    }

    /// Notes that everything in it is wrong on one server.
    #[must_use]
    pub fn on(mut self, server: &str) -> Self {
        self.diagnostics.iter_mut().for_each(|diagnostic| diagnostic.servers = vec![server.to_owned()]);
        self
    }

    /// Forgets the servers of what is wrong on as many as were looked at.
    #[must_use]
    pub fn of_servers(mut self, looked_at: usize) -> Self {
        for diagnostic in self.diagnostics.iter_mut().filter(|diagnostic| diagnostic.servers.len() == looked_at) {
            diagnostic.servers.clear();
        }
        self
    }

    /// Adds everything from another report.
    pub fn extend(&mut self, other: Report) {
        other.diagnostics.into_iter().for_each(|diagnostic| self.add(diagnostic));
        self.more += other.more;
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.diagnostics.is_empty()
    }

    /// The mistakes by file and position.
    pub fn diagnostics(&self) -> Vec<&Diagnostic> {
        let mut sorted: Vec<_> = self.diagnostics.iter().collect();
        sorted.sort_by(|a, b| a.order().cmp(&b.order()));
        sorted
    }

    /// `value`, unless something is wrong.
    ///
    /// # Errors
    /// The report itself when it holds anything.
    pub fn or<T>(self, value: T) -> Result<T, Report> {
        if self.is_empty() { Ok(value) } else { Err(self) }
    }

    /// The mistakes for people: the source line underlined, in colour if wanted.
    pub fn render(&self, colour: bool) -> String {
        let theme = if colour { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
        let handler = GraphicalReportHandler::new_themed(theme).with_width(110).with_links(false).with_context_lines(1);
        let mut text = String::new();
        for diagnostic in self.diagnostics().into_iter().take(SHOWN) {
            handler.render_report(&mut text, &Drawn::of(diagnostic)).expect("a String takes everything");
        }
        let more = self.diagnostics.len().saturating_sub(SHOWN) + self.more;
        if more > 0 {
            text.push_str(&format!("\nand {more} more\n"));
        }
        text
    }

    /// The mistakes for machines: path, line and column (from 1), message, help.
    pub fn to_json(&self) -> serde_json::Value {
        self.diagnostics().into_iter().map(to_json).collect()
    }
}

impl From<Diagnostic> for Report {
    fn from(diagnostic: Diagnostic) -> Self {
        Self { diagnostics: vec![diagnostic], more: 0 }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl Error for Report {}

fn to_json(diagnostic: &Diagnostic) -> serde_json::Value {
    let place = |span: &Span| {
        let (line, column) = span.line_column();
        json!({ "path": span.source.path, "line": line, "column": column, "length": span.text().chars().count() })
    };
    json!({
        "message": diagnostic.message,
        "place": diagnostic.span.as_ref().map(place),
        "help": diagnostic.help,
        "servers": diagnostic.servers,
        "related": diagnostic.related.iter().map(|(span, what)| json!({ "what": what, "place": place(span) })).collect::<Vec<_>>(),
    })
}

/// A diagnostic in the form that miette draws.
#[derive(Debug)]
struct Drawn {
    message: String,
    help: Option<String>,
    source: Option<Shown>,
    labels: Vec<LabeledSpan>,
    severity: Severity,
    elsewhere: Vec<Drawn>,
}

impl Drawn {
    fn of(diagnostic: &Diagnostic) -> Self {
        let servers = diagnostic.servers.join(", ");
        let on = if servers.is_empty() { servers } else { format!(" (on {servers})") };
        let message = format!("{}{on}", diagnostic.message);
        let mut drawn = Self::at(diagnostic.span.as_ref(), &message, Severity::Error);
        drawn.help.clone_from(&diagnostic.help);
        for (span, what) in &diagnostic.related {
            let here = diagnostic.span.as_ref().is_some_and(|own| own.source == span.source) && drawn.source.is_some();
            if here {
                drawn.labels.push(LabeledSpan::new(Some(what.clone()), span.start, span.len));
            } else {
                drawn.elsewhere.push(Self::at(Some(span), what, Severity::Advice));
            }
        }
        drawn
    }

    fn at(span: Option<&Span>, message: &str, severity: Severity) -> Self {
        let message = message.to_owned();
        let mut drawn = Self { message, help: None, source: None, labels: Vec::new(), severity, elsewhere: Vec::new() };
        let Some(span) = span else { return drawn };
        let shown = Shown(span.source.clone());
        if shown.can_quote(span) {
            drawn.source = Some(shown);
            drawn.labels.push(LabeledSpan::new_primary_with_span(None, (span.start, span.len)));
        } else {
            drawn.message = format!("{span}: {}", drawn.message);
        }
        drawn
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.path)
    }
}

impl fmt::Display for Drawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Drawn {}

impl miette::Diagnostic for Drawn {
    fn severity(&self) -> Option<Severity> {
        Some(self.severity)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn miette::Diagnostic> + 'a>> {
        Some(Box::new(self.elsewhere.iter().map(|drawn| drawn as &dyn miette::Diagnostic)))
    }
}
