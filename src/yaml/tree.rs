//! The tree of a YAML text, each node with its place.

use super::Span;

/// A value and where it stands.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where it stands. Of a list or map that covers several lines, the first.
    pub span: Span,
    /// The value.
    pub value: Value,
}

/// The kinds of values.
#[derive(Clone, Debug)]
pub enum Value {
    /// Nothing: no text, `null` or `~`.
    Null,
    /// A text, number or boolean, as it was written.
    Scalar(Scalar),
    /// A list.
    List(Vec<Node>),
    /// A map, in the order of the text. Keys are unique.
    Map(Vec<Entry>),
}

/// A scalar, literally: `010`, `1.10` and `no` stay what they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scalar {
    /// The text, without quotes and with escapes resolved.
    pub text: String,
    /// Whether it was written without quotes.
    pub plain: bool,
}

/// A key of a map with its value.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub key_span: Span,
    /// The value.
    pub value: Node,
}

impl Node {
    /// The value under a key; `None` where it is not a map, has no such key, or nothing stands there.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value).filter(|node| !node.is_null())
    }

    /// The entry of a key, even if nothing stands there.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// The entries of a map; none of anything else.
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; none of anything else.
    pub fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The items of a list, or a single value as if it stood in one.
    pub fn one_or_more(&self) -> &[Node] {
        match &self.value {
            Value::Null => &[],
            Value::List(items) => items,
            Value::Scalar(_) | Value::Map(_) => std::slice::from_ref(self),
        }
    }

    /// The scalar.
    pub fn scalar(&self) -> Option<&Scalar> {
        match &self.value {
            Value::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// The text of a scalar.
    pub fn text(&self) -> Option<&str> {
        self.scalar().map(|scalar| scalar.text.as_str())
    }

    /// The texts of a list of scalars, or of one scalar.
    pub fn texts(&self) -> Vec<&str> {
        self.one_or_more().iter().filter_map(Node::text).collect()
    }

    /// `true` or `false`, written without quotes.
    pub fn bool(&self) -> Option<bool> {
        match self.scalar() {
            Some(Scalar { text, plain: true }) if text == "true" => Some(true),
            Some(Scalar { text, plain: true }) if text == "false" => Some(false),
            _ => None,
        }
    }

    /// Whether the map says `key: true`.
    pub fn flag(&self, key: &str) -> bool {
        self.get(key).and_then(Node::bool) == Some(true)
    }

    /// The text under a key.
    pub fn text_of(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Node::text)
    }

    /// A number that the scalar spells, `_` between digits allowed.
    pub fn number<T: std::str::FromStr>(&self) -> Option<T> {
        let text = self.text()?;
        let grouped = text.starts_with(|c: char| c.is_ascii_digit()) && !text.ends_with('_');
        if grouped { text.replace('_', "").parse().ok() } else { text.parse().ok() }
    }

    /// Whether nothing stands here.
    pub fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// Whether it is a map.
    pub fn is_map(&self) -> bool {
        matches!(self.value, Value::Map(_))
    }

    /// What it is, for a sentence: `a list`.
    pub fn what(&self) -> &'static str {
        match &self.value {
            Value::Null => "nothing",
            Value::Scalar(_) => "a single value",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }

    /// Every scalar in the tree that is a value, with its place, to be replaced in place.
    pub fn each_scalar(&mut self, change: &mut impl FnMut(&mut Scalar, &Span)) {
        match &mut self.value {
            Value::Null => {}
            Value::Scalar(scalar) => change(scalar, &self.span),
            Value::List(items) => items.iter_mut().for_each(|item| item.each_scalar(change)),
            Value::Map(entries) => entries.iter_mut().for_each(|entry| entry.value.each_scalar(change)),
        }
    }
}
