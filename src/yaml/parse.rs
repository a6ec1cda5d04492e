//! Text → tree, strictly, and within bounds.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use serde_yaml::granit_parser::{self, ErrorKind, Event, Parser, ScalarStyle, ScanError, Span as ParserSpan};

use super::{Diagnostic, Entry, Node, Report, Scalar, Source, Span, Value};

/// No schema, policy or configuration is longer than this.
const LARGEST_FILE: u64 = 8 * 1024 * 1024;
/// How deep lists and maps may be nested.
const DEEPEST: usize = 64;
/// How long a key may be: SQLite bounds no name.
const LONGEST_KEY: usize = 64 * 1024;
/// How many values one file may hold, those that aliases repeat counted each time.
const MOST_NODES: usize = 1_000_000;
/// How many values aliases may add: nobody who writes by hand comes near it, a bomb does at once.
const MOST_REPEATED: usize = 100_000;

/// Reads and parses a file.
///
/// # Errors
/// What is wrong with it: it cannot be read, is too large, not UTF-8, or no YAML.
pub fn read(path: &Path) -> Result<Node, Report> {
    let text = read_text(path, LARGEST_FILE)?;
    parse(Source::new(path.display().to_string(), text))
}

/// Reads a file that must be UTF-8 and not larger than some bytes.
///
/// # Errors
/// What is wrong with it: it cannot be read, is too large, or not UTF-8.
pub fn read_text(path: &Path, largest: u64) -> Result<String, Report> {
    let shown = path.display().to_string();
    let cannot = |error: std::io::Error| Diagnostic::without_place(format!("cannot read {shown}: {error}"));
    let size = std::fs::metadata(path).map_err(cannot)?.len();
    if size > largest {
        return Err(too_large(&shown, size, largest).into());
    }
    let bytes = std::fs::read(path).map_err(cannot)?;
    String::from_utf8(bytes).map_err(|error| not_utf8(&shown, &error).into())
}

fn too_large(path: &str, size: u64, largest: u64) -> Diagnostic {
    let (size, most) = (size.div_ceil(1024 * 1024), largest / 1024 / 1024);
    Diagnostic::without_place(format!("{path} is too large: {size} MiB, and {most} MiB is the most"))
        .help("split it and put it together with `extends`; rows do not belong in this file")
}

fn not_utf8(path: &str, error: &std::string::FromUtf8Error) -> Diagnostic {
    let good = error.utf8_error().valid_up_to();
    let bytes = error.as_bytes();
    let line = bytes[..good].iter().filter(|byte| **byte == b'\n').count() + 1;
    let source = Arc::new(Source::new(path, String::from_utf8_lossy(bytes)));
    Diagnostic::new(
        &Span::new(&source, good, 1).first_line(),
        format!("{path} is not UTF-8: byte {} (0x{:02x}) on line {line}", good + 1, bytes[good]),
    )
    .help("save the file as UTF-8")
}

/// Parses a text.
///
/// # Errors
/// Everything that is no YAML, or YAML that is not used here: duplicate keys, several documents,
/// tags, merge keys, too much of anything.
pub fn parse(source: Source) -> Result<Node, Report> {
    let size = source.text.len() as u64;
    if size > LARGEST_FILE {
        return Err(too_large(&source.path, size, LARGEST_FILE).into());
    }
    let source = Arc::new(source);
    let options = granit_parser::options! {
        emit_unresolved_aliases: true,
        emit_comments: false,
        flow_nesting_limit: DEEPEST,
        block_nesting_limit: DEEPEST,
        simple_key_max_lookahead: LONGEST_KEY,
    };
    let mut tree = Tree::new(&source);
    for next in Parser::new_from_str_with_options(&source.text, options) {
        let going_on = match next {
            Ok((event, span)) => tree.take(event, span),
            Err(error) => tree.syntax(&error),
        };
        if !going_on {
            break;
        }
    }
    tree.finish()
}

/// A list or map that is not finished.
struct Open {
    span: Span,
    anchor: usize,
    value: Value,
    /// The key that waits for its value.
    key: Option<(String, Span)>,
    /// Where each key of a map stands among its entries.
    places: HashMap<String, usize>,
}

/// The tree while it grows.
struct Tree<'a> {
    source: &'a Arc<Source>,
    open: Vec<Open>,
    root: Option<Node>,
    anchors: HashMap<usize, (Node, usize)>,
    nodes: usize,
    repeated: usize,
    problems: Report,
}

impl<'a> Tree<'a> {
    fn new(source: &'a Arc<Source>) -> Self {
        let (anchors, problems) = (HashMap::new(), Report::new());
        Self { source, open: Vec::new(), root: None, anchors, nodes: 0, repeated: 0, problems }
    }

    /// Takes one event; false when there is no point in going on.
    fn take(&mut self, event: Event<'_>, span: ParserSpan) -> bool {
        self.refuse_tag(&event, span);
        let place = self.place(span);
        match event {
            Event::DocumentStart(..) if self.root.is_some() => {
                let problem = Diagnostic::new(&place, "a second document starts here");
                self.problems.add(problem.help("one file holds one document: remove the `---` and what follows it"));
                false
            }
            Event::Scalar(text, style, anchor, _) => {
                let plain = style == ScalarStyle::Plain;
                self.put(Node { span: place, value: scalar(text.into_owned(), plain) }, anchor)
            }
            Event::SequenceStart(_, anchor, _) => self.start(place, anchor, Value::List(Vec::new())),
            Event::MappingStart(_, anchor, _) => self.start(place, anchor, Value::Map(Vec::new())),
            Event::SequenceEnd | Event::MappingEnd => self.end(place),
            Event::Alias(anchor) => self.repeat(place, anchor),
            Event::UnresolvedAlias(name) => {
                let problem = Diagnostic::new(&place, format!("`*{name}` repeats an anchor that is not there"));
                self.problems.add(problem.help(format!("write `&{name}` at the value to repeat, further up")));
                self.put(Node { span: place, value: Value::Null }, 0)
            }
            _ => true,
        }
    }

    fn refuse_tag(&mut self, event: &Event<'_>, span: ParserSpan) {
        if event.tag().is_some() {
            let place = self.place(span.tag_span().unwrap_or(span));
            let problem = Diagnostic::new(&place, "tags are not used here");
            self.problems.add(problem.help("remove it; quote the value if it is a text"));
        }
    }

    fn start(&mut self, span: Span, anchor: usize, value: Value) -> bool {
        self.open.push(Open { span, anchor, value, key: None, places: HashMap::new() });
        true
    }

    fn end(&mut self, end: Span) -> bool {
        let Some(open) = self.open.pop() else { return false };
        let len = (end.start + end.len).saturating_sub(open.span.start);
        let span = Span::new(self.source, open.span.start, len).first_line();
        let span = Span { len: span.text().trim_end().len(), ..span };
        self.put(Node { span, value: open.value }, open.anchor)
    }

    fn repeat(&mut self, span: Span, anchor: usize) -> bool {
        let Some((node, size)) = self.anchors.get(&anchor) else {
            let problem = Diagnostic::new(&span, "this repeats a value that it stands in itself");
            self.problems.add(problem.help("write the value out"));
            return self.put(Node { span, value: Value::Null }, 0);
        };
        self.repeated += size;
        if self.repeated > MOST_REPEATED {
            let problem = Diagnostic::new(&span, format!("aliases repeat more than {MOST_REPEATED} values"));
            self.problems.add(problem.help("write the values out, or split the file and use `extends`"));
            return false;
        }
        self.nodes += size;
        let value = node.value.clone();
        self.put(Node { span, value }, 0)
    }

    fn put(&mut self, node: Node, anchor: usize) -> bool {
        self.nodes += 1;
        if self.nodes > MOST_NODES {
            self.problems.add(Diagnostic::new(&node.span, format!("the file holds more than {MOST_NODES} values")));
            return false;
        }
        if anchor != 0 {
            self.anchors.insert(anchor, (node.clone(), size(&node)));
        }
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open { value: Value::List(items), .. }) => items.push(node),
            Some(open) => match open.key.take() {
                Some((key, key_span)) => self.insert(Entry { key, key_span, value: node }),
                None => open.key = key(&node, &mut self.problems),
            },
        }
        true
    }

    fn insert(&mut self, entry: Entry) {
        let Some(Open { value: Value::Map(entries), places, .. }) = self.open.last_mut() else { return };
        if let Some(first) = places.get(&entry.key).map(|place| &entries[*place]) {
            let problem = Diagnostic::new(&entry.key_span, format!("`{}` stands here a second time", entry.key));
            let problem = problem.related(&first.key_span, "first here").help("keep one of the two");
            self.problems.add(problem);
        } else {
            places.insert(entry.key.clone(), entries.len());
            entries.push(entry);
        }
    }

    /// Notes a syntax error. Nothing sensible can be read after one.
    fn syntax(&mut self, error: &ScanError) -> bool {
        let at = error.marker().byte_offset().unwrap_or(0);
        let span = Span::new(self.source, at, 1).first_line();
        let problem = Diagnostic::new(&span, format!("this is not YAML: {}", error.info()));
        self.problems.add(match remedy(error.kind()) {
            Some(help) => problem.help(help),
            None => problem,
        });
        false
    }

    fn place(&self, span: ParserSpan) -> Span {
        let range = span.byte_range().unwrap_or(0..0);
        Span::new(self.source, range.start, range.len())
    }

    fn finish(self) -> Result<Node, Report> {
        let whole = Span::new(self.source, 0, 0);
        self.problems.or(self.root.unwrap_or(Node { span: whole, value: Value::Null }))
    }
}

fn scalar(text: String, plain: bool) -> Value {
    if plain && matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL") {
        Value::Null
    } else {
        Value::Scalar(Scalar { text, plain })
    }
}

/// A node as the key of a map. A key that is none still takes its place, so that reading goes on.
fn key(node: &Node, problems: &mut Report) -> Option<(String, Span)> {
    let text = match &node.value {
        Value::Scalar(scalar) if scalar.plain && scalar.text == "<<" => {
            let problem = Diagnostic::new(&node.span, "merge keys are not used here");
            problems.add(problem.help("repeat the keys, or put the common part into a file and use `extends`"));
            String::new()
        }
        Value::Scalar(scalar) => scalar.text.clone(),
        // `null:` and `~:` are odd names for a column, but names.
        Value::Null if !node.span.text().is_empty() => node.span.text().to_owned(),
        _ => {
            problems.add(Diagnostic::new(&node.span, format!("a key is a text, not {}", node.what())));
            String::new()
        }
    };
    Some((text, node.span.clone()))
}

fn size(node: &Node) -> usize {
    1 + match &node.value {
        Value::Null | Value::Scalar(_) => 0,
        Value::List(items) => items.iter().map(size).sum(),
        Value::Map(entries) => entries.iter().map(|entry| size(&entry.value)).sum(),
    }
}

fn remedy(kind: &ErrorKind) -> Option<&'static str> {
    Some(match kind {
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabAtBlockScalarStart
        | ErrorKind::TabInIndentation
        | ErrorKind::TabInPlainScalar => "indent with spaces: YAML takes no tabs there",
        ErrorKind::UnclosedQuotedScalar | ErrorKind::UnexpectedEof => "close the quote or bracket that is open here",
        ErrorKind::UnclosedFlowCollection { .. }
        | ErrorKind::UnexpectedEofFlowSequence
        | ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::ExpectedFlowMappingSeparator
        | ErrorKind::ExpectedFlowSequenceSeparator
        | ErrorKind::MismatchedFlowCollectionEnd { .. } => "check the brackets and commas",
        ErrorKind::UnexpectedCharacter { .. } => "put quotes around a text that starts with this character",
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidColonPlacement => {
            "put quotes around a text that holds `: `, or check the indentation"
        }
        ErrorKind::RecursionLimitExceeded => "it is nested too deeply",
        ErrorKind::InvalidIndentation
        | ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::ExpectedBlockSequenceEntry
        | ErrorKind::SimpleKeyExpected => "check the indentation: keys of one map start in the same column",
        _ => return None,
    })
}
