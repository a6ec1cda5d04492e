//! What an object of a file may hold, and the check of a tree against it.

use super::{Diagnostic, Entry, Node, Report, Value, nearest};

/// A kind of object: its name and its keys.
#[derive(Debug)]
pub struct Shape {
    /// What it is, as in "no key of *a column*": with its article.
    pub name: &'static str,
    /// The keys it may hold.
    pub keys: &'static [Key],
}

/// One key of an object.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// The key.
    pub name: &'static str,
    /// What may stand there.
    pub kind: Kind,
    /// What it means, for editors.
    pub doc: &'static str,
    /// Whether it must be there.
    pub required: bool,
}

impl Key {
    /// A key that may be left out.
    pub const fn new(name: &'static str, kind: Kind, doc: &'static str) -> Self {
        Self { name, kind, doc, required: false }
    }

    /// A key that must be there.
    pub const fn required(name: &'static str, kind: Kind, doc: &'static str) -> Self {
        Self { name, kind, doc, required: true }
    }
}

/// What may stand at a place.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A text. Numbers and booleans are taken as they are spelled.
    Text,
    /// A text, number or boolean whose spelling decides what it is.
    Scalar,
    /// `true` or `false`.
    Bool,
    /// A whole number from 0 on.
    Number,
    /// One of a few words.
    Words(&'static [&'static str]),
    /// A list.
    List(&'static Kind),
    /// One of them, or a list.
    OneOrMore(&'static Kind),
    /// A map with free keys.
    Map(&'static Kind),
    /// A map with known keys.
    Object(&'static Shape),
    /// One of several. A scalar or list goes to the first that takes such a thing, a map to the one
    /// that knows most of its keys.
    Either(&'static [Kind]),
    /// Explicitly nothing.
    Nothing,
}

/// Reports every unknown key, missing key and wrong type below a node.
pub fn check(node: &Node, kind: &Kind, problems: &mut Report) {
    let fits = match kind {
        Kind::Nothing => node.is_null(),
        Kind::Text | Kind::Scalar => node.scalar().is_some(),
        Kind::Bool => node.bool().is_some(),
        Kind::Number => node.number::<u64>().is_some(),
        Kind::Words(words) => node.text().is_some_and(|text| words.contains(&text)),
        Kind::OneOrMore(inner) => match &node.value {
            Value::List(_) => return check(node, &Kind::List(inner), problems),
            _ => return check_alternative(node, kind, inner, problems),
        },
        Kind::List(inner) => match &node.value {
            Value::List(items) => return items.iter().for_each(|item| check(item, inner, problems)),
            _ => false,
        },
        Kind::Map(inner) => match &node.value {
            Value::Map(entries) => return entries.iter().for_each(|entry| check_value(entry, inner, problems)),
            _ => false,
        },
        Kind::Object(shape) => match &node.value {
            Value::Map(_) => return check_object(node, shape, problems),
            _ => false,
        },
        Kind::Either(kinds) => match chosen(node, kinds) {
            Some(inner) => return check(node, inner, problems),
            None => false,
        },
    };
    if !fits {
        problems.add(misfit(node, kind));
    }
}

/// A value where one or a list of them may stand.
fn check_alternative(node: &Node, whole: &Kind, inner: &Kind, problems: &mut Report) {
    if takes(inner, node) {
        check(node, inner, problems);
    } else {
        problems.add(misfit(node, whole));
    }
}

fn check_object(node: &Node, shape: &Shape, problems: &mut Report) {
    for entry in node.entries() {
        match shape.keys.iter().find(|key| key.name == entry.key) {
            Some(key) => check_value(entry, &key.kind, problems),
            None => problems.add(unknown(entry, shape)),
        }
    }
    for key in shape.keys.iter().filter(|key| key.required && node.entry(key.name).is_none()) {
        let problem = Diagnostic::new(&node.span, format!("`{}` is missing: {} must have it", key.name, shape.name));
        problems.add(problem.help(format!("add `{}: …`: {}", key.name, key.doc)));
    }
}

/// Checks the value of a key; where nothing stands there, it is the key that is shown.
fn check_value(entry: &Entry, kind: &Kind, problems: &mut Report) {
    if entry.value.is_null() && !takes(kind, &entry.value) {
        let problem = Diagnostic::new(&entry.key_span, format!("`{}` has no value", entry.key));
        let help = format!("write {} after it, or remove the line; nothing is inherited here", wanted(kind));
        problems.add(problem.help(help));
    } else {
        check(&entry.value, kind, problems);
    }
}

fn unknown(entry: &Entry, shape: &Shape) -> Diagnostic {
    let names: Vec<_> = shape.keys.iter().map(|key| key.name).collect();
    let listed = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let problem = Diagnostic::new(&entry.key_span, format!("`{}` is no key of {}", entry.key, shape.name));
    if entry.key.ends_with(')') && !entry.key.contains('(') {
        return problem.help("put quotes around a text that holds a comma, as in `type: \"decimal(10,2)\"`");
    }
    match nearest(&entry.key, names) {
        Some(near) => problem.help(format!("did you mean `{near}`? The keys are {listed}")),
        None => problem.help(format!("the keys are {listed}")),
    }
}

fn misfit(node: &Node, kind: &Kind) -> Diagnostic {
    let found = match node.text() {
        Some(text) if text.chars().count() <= 40 => format!("`{text}`"),
        _ => node.what().to_owned(),
    };
    let problem = Diagnostic::new(&node.span, format!("{} must stand here, not {found}", wanted(kind)));
    match (kind, node.text()) {
        (kind, Some(text)) if takes_bool(kind) => match text.to_ascii_lowercase().as_str() {
            "yes" | "on" | "true" | "y" | "1" => problem.help("write `true`"),
            "no" | "off" | "false" | "n" | "0" => problem.help("write `false`"),
            _ => problem,
        },
        (Kind::Words(words), Some(text)) => match nearest(text, words.iter().copied()) {
            Some(near) => problem.help(format!("did you mean `{near}`?")),
            None => problem,
        },
        _ => problem,
    }
}

fn takes_bool(kind: &Kind) -> bool {
    match kind {
        Kind::Bool => true,
        Kind::Either(kinds) => kinds.iter().any(takes_bool),
        _ => false,
    }
}

/// Whether a value of this sort may stand there at all, whatever it holds.
fn takes(kind: &Kind, node: &Node) -> bool {
    match (kind, &node.value) {
        (Kind::Nothing, Value::Null) => true,
        (Kind::Bool, Value::Scalar(_)) => node.bool().is_some(),
        (Kind::Number, Value::Scalar(_)) => node.number::<u64>().is_some(),
        (Kind::Text | Kind::Scalar | Kind::Words(_), Value::Scalar(_)) => true,
        (Kind::List(_) | Kind::OneOrMore(_), Value::List(_)) => true,
        (Kind::OneOrMore(inner), _) => takes(inner, node),
        (Kind::Map(_) | Kind::Object(_), Value::Map(_)) => true,
        (Kind::Either(kinds), _) => chosen(node, kinds).is_some(),
        _ => false,
    }
}

/// The alternative that a node is to be checked against.
fn chosen<'a>(node: &Node, kinds: &'a [Kind]) -> Option<&'a Kind> {
    let possible = || kinds.iter().filter(|kind| takes(kind, node));
    let Value::Map(entries) = &node.value else { return possible().next() };
    let knows = |kind: &Kind| match kind {
        Kind::Object(shape) => {
            entries.iter().filter(|entry| shape.keys.iter().any(|key| key.name == entry.key)).count()
        }
        _ => 0,
    };
    possible().rev().max_by_key(|kind| knows(kind))
}

/// What may stand there, for a sentence.
fn wanted(kind: &Kind) -> String {
    match kind {
        Kind::Text => "a text".to_owned(),
        Kind::Scalar => "a value".to_owned(),
        Kind::Bool => "`true` or `false`".to_owned(),
        Kind::Number => "a whole number".to_owned(),
        Kind::Words(words) => listed(words.iter().map(|word| format!("`{word}`"))),
        Kind::List(_) => "a list".to_owned(),
        Kind::OneOrMore(inner) => format!("{} or a list", wanted(inner)),
        Kind::Map(_) => "a map".to_owned(),
        Kind::Object(shape) => format!("{} (a map)", shape.name),
        Kind::Either(kinds) => listed(kinds.iter().map(wanted)),
        Kind::Nothing => "nothing".to_owned(),
    }
}

fn listed(words: impl Iterator<Item = String>) -> String {
    let mut words: Vec<_> = words.collect();
    match words.pop() {
        Some(last) if !words.is_empty() => format!("{} or {last}", words.join(", ")),
        last => last.unwrap_or_default(),
    }
}
