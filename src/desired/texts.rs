//! Texts of SQL in a file: each is read before it is used.

use crate::dialect::form::{Author, Form, check, excerpt};
use crate::dialect::lexeme::Misfit;
use crate::dialect::texts::{Stray, strays};
use crate::yaml::{Diagnostic, Node, Span};

use super::build::{Build, named};

impl Build<'_> {
    /// The text of a node, if it is what it has to be.
    pub fn sql(&mut self, node: &Node, form: Form<'_>) -> Option<String> {
        let text = node.text()?;
        match check(self.vendor.engine(), text, form) {
            Ok(()) => Some(text.to_owned()),
            Err(misfit) => {
                self.problems.add(refused(&node.span, text, &misfit, &form.words()));
                None
            }
        }
    }

    /// Reports every text that is not what it has to be, wherever it came from.
    pub fn refuse_strays(&mut self, root: &Node) {
        for stray in strays(self.vendor.engine(), &self.schema, &self.renames, Author::File) {
            let span = self.place_of_text(root, &stray);
            self.problems.add(refused(&span, &stray.text, &stray.misfit, &stray.expected));
        }
    }

    /// Where a text stands, as exactly as can be told.
    fn place_of_text(&self, root: &Node, stray: &Stray) -> Span {
        let Some(table) = &stray.table else { return found(root, &stray.text).unwrap_or(&root.span).clone() };
        let entry = self.tables.values().map(|place| place.entry).find(|entry| named(entry, table));
        let within = entry.and_then(|entry| found(&entry.value, &stray.text));
        let around = || self.place_of(Some(table), stray.item.as_deref());
        within.or_else(around).unwrap_or(&root.span).clone()
    }
}

/// Where a key or a value of a tree is this text.
fn found<'a>(node: &'a Node, text: &str) -> Option<&'a Span> {
    if node.text() == Some(text) {
        return Some(&node.span);
    }
    let keys = node
        .entries()
        .iter()
        .find_map(|entry| if entry.key == text { Some(&entry.key_span) } else { found(&entry.value, text) });
    keys.or_else(|| node.items().iter().find_map(|item| found(item, text)))
}

fn refused(span: &Span, text: &str, misfit: &Misfit, expected: &str) -> Diagnostic {
    let before = excerpt(text.get(..misfit.at).unwrap_or_default());
    let after =
        if before.is_empty() || misfit.at > 60 { String::new() } else { format!(" after `{}`", before.trim_end()) };
    Diagnostic::new(span, format!("{expected} has to stand here: {}{after}", misfit.why))
        .help("close every quote, comment and parenthesis, and write nothing beside it")
}
