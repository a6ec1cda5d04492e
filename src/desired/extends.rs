//! Files that build upon others: loading all of them, merging them into one tree.
//!
//! Maps merge deeply, lists and single values replace, `null` takes away. Modules that stand side
//! by side must not disagree about a place, unless the file that extends them decides it.

use std::path::{Path, PathBuf};

use crate::model::Vendor;
use crate::yaml::{self, Diagnostic, Entry, Node, Report, Scalar, Source, Span, Value};

use super::engine;

/// A file with the files that it extends.
#[derive(Clone, Debug)]
pub(super) struct Module {
    /// What stands in the file itself, short column forms written out.
    pub node: Node,
    /// The files it extends, in order.
    bases: Vec<Module>,
}

/// Keys that a file says of itself: nothing inherits them.
const OWN: [&str; 4] = ["schema", "version", "extends", "engines"];
/// How many files one may stand upon in a row.
const DEEPEST: usize = 32;

impl Module {
    /// Reads a file and all that it extends.
    pub fn read(path: &Path) -> Result<Self, Report> {
        let mut problems = Report::new();
        let module = Self::build(yaml::read(path)?, path, &mut vec![identity(path)], &mut problems);
        problems.or(module)
    }

    /// Takes a text as if it stood in a file.
    pub fn parse(path: &str, text: &str) -> Result<Self, Report> {
        let mut problems = Report::new();
        let node = yaml::parse(Source::new(path, text))?;
        let module = Self::build(node, Path::new(path), &mut vec![identity(Path::new(path))], &mut problems);
        problems.or(module)
    }

    /// The texts of the file and of all that it extends.
    pub fn texts(&self) -> Vec<&str> {
        let own = self.node.span.source.text.as_str();
        std::iter::once(own).chain(self.bases.iter().flat_map(Module::texts)).collect()
    }

    fn build(mut node: Node, path: &Path, above: &mut Vec<PathBuf>, problems: &mut Report) -> Self {
        write_columns_out(&mut node);
        let folder = path.parent().unwrap_or(Path::new(""));
        let mut bases = Vec::new();
        for item in node.get("extends").map(Node::one_or_more).unwrap_or_default() {
            let Some(text) = item.text() else { continue };
            bases.extend(Self::base(&item.span, &folder.join(text), above, problems));
        }
        Self { node, bases }
    }

    fn base(named_at: &Span, path: &Path, above: &mut Vec<PathBuf>, problems: &mut Report) -> Option<Self> {
        let identity = identity(path);
        if above.contains(&identity) || above.len() >= DEEPEST {
            let problem =
                Diagnostic::new(named_at, format!("`extends` goes in a circle: {} extends itself", path.display()));
            problems.add(problem.help("a file that others build upon must not build upon them: remove this line"));
            return None;
        }
        above.push(identity);
        let module = match yaml::read(path) {
            Ok(node) => Some(Self::build(node, path, above, problems)),
            Err(report) => {
                report.diagnostics().into_iter().for_each(|problem| problems.add(placed(problem, named_at)));
                None
            }
        };
        above.pop();
        module
    }

    /// The one tree that the files make for a server.
    pub fn merged(&self, vendor: Vendor, problems: &mut Report) -> Node {
        let bases: Vec<Node> = self
            .bases
            .iter()
            .filter(|base| engine::includes(base.node.get("engines"), vendor))
            .map(|base| without_own(base.merged(vendor, problems)))
            .collect();
        let mut bases = bases.into_iter();
        let Some(mut merged) = bases.next() else { return self.node.clone() };
        for base in bases {
            join(&mut merged, base, Some(&self.node), "", problems);
        }
        overlay(&mut merged, &self.node);
        merged.span = self.node.span.clone();
        merged
    }
}

/// What tells one file from another, however it is named.
fn identity(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// A problem of a whole file is shown where the file is named.
fn placed(problem: &Diagnostic, named_at: &Span) -> Diagnostic {
    let span = problem.span.clone().or_else(|| Some(named_at.clone()));
    Diagnostic { span, ..problem.clone() }
}

fn without_own(mut node: Node) -> Node {
    if let Value::Map(entries) = &mut node.value {
        entries.retain(|entry| !OWN.contains(&entry.key.as_str()));
    }
    node
}

/// `email: varchar(255)` becomes `email: { type: varchar(255) }`, so that maps can be merged into it.
fn write_columns_out(root: &mut Node) {
    let tables = child(root, "tables").map(entries_mut).unwrap_or_default();
    for table in tables {
        for column in child(&mut table.value, "columns").map(entries_mut).unwrap_or_default() {
            let node = &mut column.value;
            if let Value::Scalar(Scalar { .. }) = node.value {
                let entry = Entry { key: "type".to_owned(), key_span: node.span.clone(), value: node.clone() };
                node.value = Value::Map(vec![entry]);
            }
        }
    }
}

fn entries_mut(node: &mut Node) -> &mut [Entry] {
    match &mut node.value {
        Value::Map(entries) => entries,
        _ => &mut [],
    }
}

fn child<'a>(node: &'a mut Node, key: &str) -> Option<&'a mut Node> {
    entries_mut(node).iter_mut().find(|entry| entry.key == key).map(|entry| &mut entry.value)
}

/// Puts a file's own words over what it extends.
fn overlay(under: &mut Node, over: &Node) {
    let (Value::Map(known), Value::Map(entries)) = (&mut under.value, &over.value) else {
        *under = over.clone();
        return;
    };
    for entry in entries {
        match known.iter().position(|old| old.key == entry.key) {
            Some(place) if entry.value.is_null() => drop(known.remove(place)),
            Some(place) => {
                overlay(&mut known[place].value, &entry.value);
                known[place].key_span = entry.key_span.clone();
            }
            None => known.push(entry.clone()),
        }
    }
}

/// Adds a module to those beside it. `decided` is what the file that extends both says itself.
fn join(into: &mut Node, other: Node, decided: Option<&Node>, path: &str, problems: &mut Report) {
    let other_span = other.span.clone();
    match (&mut into.value, other.value) {
        (Value::Map(known), Value::Map(entries)) => {
            for entry in entries {
                let above = decided.and_then(|node| node.entry(&entry.key)).map(|entry| &entry.value);
                match known.iter_mut().find(|old| old.key == entry.key) {
                    Some(_) if above.is_some_and(|node| !node.is_map()) => {}
                    Some(old) => join(&mut old.value, entry.value, above, &format!("{path}.{}", entry.key), problems),
                    None => known.push(entry),
                }
            }
        }
        (own, other) if same(own, &other) => {}
        _ => problems.add(disagreement(path.trim_start_matches('.'), &into.span, &other_span)),
    }
}

fn disagreement(path: &str, one: &Span, other: &Span) -> Diagnostic {
    Diagnostic::new(other, format!("two modules disagree about `{path}`"))
        .related(one, "the other module says this")
        .help("make them agree, or decide it in the file that extends both")
}

/// Whether two values say the same, wherever they stand.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Null, Value::Null) => true,
        (Value::Scalar(one), Value::Scalar(other)) => one.text == other.text,
        (Value::List(one), Value::List(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(&one.value, &other.value))
        }
        (Value::Map(one), Value::Map(other)) => {
            let found =
                |entry: &Entry| other.iter().any(|o| o.key == entry.key && same(&entry.value.value, &o.value.value));
            one.len() == other.len() && one.iter().all(found)
        }
        _ => false,
    }
}
