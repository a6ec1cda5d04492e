//! Where a text came from, and positions in it.

use std::fmt;
use std::sync::Arc;

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

/// A text and the name that people know it by.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// The path of the file, or what stands for it.
    pub path: String,
    /// The text.
    pub text: String,
}

impl Source {
    /// A text with its name.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self { path: path.into(), text: text.into() }
    }
}

/// A place in a source, in bytes.
#[derive(Clone)]
pub struct Span {
    /// The source.
    pub source: Arc<Source>,
    /// The first byte.
    pub start: usize,
    /// How many bytes.
    pub len: usize,
}

impl Span {
    /// A place in a source; what reaches beyond the text is cut off.
    pub fn new(source: &Arc<Source>, start: usize, len: usize) -> Self {
        let start = floor_char(&source.text, start.min(source.text.len()));
        let end = floor_char(&source.text, start.saturating_add(len).min(source.text.len()));
        Self { source: Arc::clone(source), start, len: end.saturating_sub(start) }
    }

    /// Line and column of the first byte, both counted from 1, columns in characters.
    pub fn line_column(&self) -> (usize, usize) {
        let before = &self.source.text[..self.start];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }

    /// The part of the span that stands on its first line.
    pub fn first_line(&self) -> Self {
        let text = &self.source.text[self.start..self.start + self.len];
        let len = text.find(['\n', '\r']).unwrap_or(text.len());
        Self { source: Arc::clone(&self.source), start: self.start, len }
    }

    /// The text that it covers.
    pub fn text(&self) -> &str {
        &self.source.text[self.start..self.start + self.len]
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = self.line_column();
        write!(f, "{}:{line}:{column}", self.source.path)
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}+{}", self.len)
    }
}

/// A source as miette reads it: shared, and with long lines left out rather than printed whole.
pub(super) struct Shown(pub Arc<Source>);

/// Lines longer than this are not quoted.
const LONGEST_LINE: usize = 1000;

impl SourceCode for Shown {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let inner = self.0.text.read_span(span, before, after)?;
        if inner.data().split(|byte| *byte == b'\n').any(|line| line.len() > LONGEST_LINE) {
            return Err(MietteError::OutOfBounds);
        }
        Ok(Box::new(MietteSpanContents::new_named(
            self.0.path.clone(),
            inner.data(),
            *inner.span(),
            inner.line(),
            inner.column(),
            inner.line_count(),
        )))
    }
}

impl Shown {
    /// Whether the lines around a place are short enough to be quoted.
    pub fn can_quote(&self, span: &Span) -> bool {
        self.read_span(&(span.start, span.len).into(), 1, 1).is_ok()
    }
}

fn floor_char(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_are_counted_in_characters() {
        let source = Arc::new(Source::new("x.yaml", "ä: 1\nüü: x\n"));
        let at = source.text.find('x').unwrap();
        assert_eq!(Span::new(&source, at, 1).to_string(), "x.yaml:2:5");
        assert_eq!(Span::new(&source, 1, 99).start, 0, "never inside a character");
    }
}
