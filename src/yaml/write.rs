//! A tree → text that reads back as the same tree, for other readers of YAML too.

use std::fmt::Write;

/// Something to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// A word, number or boolean that is written as it is.
    Plain(String),
    /// A text: quoted wherever some reader might take it for anything else.
    Text(String),
    /// A list, on one line.
    List(Vec<Written>),
    /// A map, on one line if it is short.
    Map(Vec<(String, Written)>),
    /// A map with one line per key.
    Lines(Vec<(String, Written)>),
    /// A list with one line per item.
    Items(Vec<Written>),
}

/// Lines are broken where they would grow longer.
const WIDTH: usize = 120;

impl Written {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Written::Text(text.into())
    }

    /// A list of texts.
    pub fn texts<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Self {
        Written::List(texts.into_iter().map(Written::text).collect())
    }

    /// The text of a file.
    pub fn to_yaml(&self) -> String {
        let mut out = String::new();
        self.block(&mut out, 0);
        out.trim_start_matches('\n').to_owned()
    }

    /// On a line of its own or several, after a key.
    fn block(&self, out: &mut String, depth: usize) {
        match self {
            Written::Lines(entries) if !entries.is_empty() => entries.iter().for_each(|(key, value)| {
                let _ = write!(out, "\n{:depth$}{}:", "", quoted(key));
                value.after_key(out, depth);
            }),
            Written::Items(items) if !items.is_empty() => items.iter().for_each(|item| {
                let _ = write!(out, "\n{:depth$}- {}", "", item.flow());
            }),
            Written::Map(entries) if !entries.is_empty() => Written::Lines(entries.clone()).block(out, depth),
            _ => out.push_str(&self.flow()),
        }
        if depth == 0 {
            out.push('\n');
        }
    }

    fn after_key(&self, out: &mut String, depth: usize) {
        let flow = self.flow();
        let line = out.len() - out.rfind('\n').map_or(0, |newline| newline + 1);
        let fits = line + flow.len() < WIDTH;
        match self {
            Written::Lines(entries) if !entries.is_empty() => self.block(out, depth + 2),
            Written::Items(items) if !items.is_empty() => self.block(out, depth + 2),
            Written::Map(entries) if !entries.is_empty() && !fits => self.block(out, depth + 2),
            _ => {
                let _ = write!(out, " {flow}");
            }
        }
    }

    /// On one line.
    fn flow(&self) -> String {
        match self {
            Written::Plain(text) => text.clone(),
            Written::Text(text) => quoted(text),
            Written::List(items) | Written::Items(items) => {
                format!("[{}]", items.iter().map(Written::flow).collect::<Vec<_>>().join(", "))
            }
            Written::Map(entries) | Written::Lines(entries) if entries.is_empty() => "{}".to_owned(),
            Written::Map(entries) | Written::Lines(entries) => {
                let pairs: Vec<_> =
                    entries.iter().map(|(key, value)| format!("{}: {}", quoted(key), value.flow())).collect();
                format!("{{ {} }}", pairs.join(", "))
            }
        }
    }
}

/// A text as a scalar: plain if every reader takes it for the text it is, else in double quotes.
fn quoted(text: &str) -> String {
    if is_harmless(text) {
        return text.to_owned();
    }
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            _ if must_be_escaped(c) => {
                let _ = write!(out, "\\U{:08x}", u32::from(c));
            }
            _ => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Whether a text can stand without quotes, in a list too.
fn is_harmless(text: &str) -> bool {
    const TAKEN: [&str; 11] = ["null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf"];
    let first = text.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    let inner = text.chars().all(|c| c.is_ascii_alphanumeric() || "_.()/- ".contains(c));
    let edges = !text.ends_with(' ') && !text.contains("  ");
    first && inner && edges && !TAKEN.contains(&text.to_ascii_lowercase().as_str())
}

/// Control characters, line breaks of other sorts, and what cannot be seen.
fn must_be_escaped(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{fff0}'..='\u{ffff}')
        || (u32::from(c) & 0xfffe) == 0xfffe
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Node, Source, Value, parse};
    use super::*;

    /// What was read, as something to write.
    fn back(node: &Node) -> Written {
        match &node.value {
            Value::Null => Written::Plain("null".to_owned()),
            Value::Scalar(scalar) => Written::text(&scalar.text),
            Value::List(items) => Written::List(items.iter().map(back).collect()),
            Value::Map(entries) => Written::Map(entries.iter().map(|e| (e.key.clone(), back(&e.value))).collect()),
        }
    }

    fn reads_back(tree: &Written) -> Result<(), TestCaseError> {
        let text = tree.to_yaml();
        let node =
            parse(Source::new("x", text.clone())).map_err(|report| TestCaseError::fail(format!("{report}\n{text}")))?;
        prop_assert_eq!(&back(&node), tree, "{}", text);
        Ok(())
    }

    fn tree() -> impl Strategy<Value = Written> {
        let leaf = any::<String>().prop_map(Written::Text);
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Written::List),
                prop::collection::btree_map(any::<String>(), inner, 0..4)
                    .prop_map(|map| Written::Map(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(tree in tree()) {
            reads_back(&tree)?;
        }
    }

    #[test]
    fn hostile_texts_read_back() {
        let hostile = [
            "",
            " ",
            "no",
            "010",
            "~",
            "null",
            "a: b",
            "- x",
            "#",
            "a #b",
            "'",
            "\"",
            "\\",
            "é\u{301}",
            "\u{2028}",
            "\0",
            "\u{7f}",
            "\u{85}",
            "\u{feff}",
            "*a",
            "&a",
            "!t",
            "%x",
            "@",
            "`",
            "{",
            "[",
            "a,b",
            "?",
            "<<",
            "a\nb\n",
            "\tx",
            "x ",
            "😀",
            "=",
            "'; DROP TABLE x; --",
            "---",
            "...",
            "2001-01-01",
            "1:30",
            "0x1f",
            ".inf",
            "é",
            "\u{10ffff}",
            "\u{fffe}",
        ];
        for text in hostile {
            let leaf = Written::text(text);
            let map = Written::Map(vec![(text.to_owned(), Written::List(vec![leaf.clone(), leaf]))]);
            reads_back(&map).unwrap();
        }
        reads_back(&Written::Map(vec![("long".repeat(4000), Written::text("x".repeat(100_000)))])).unwrap();
    }

    #[test]
    fn maps_that_do_not_fit_are_broken() {
        let short = Written::Map(vec![("a".to_owned(), Written::text("b"))]);
        let long =
            Written::Map(vec![("a".to_owned(), Written::text("b".repeat(130))), ("c".to_owned(), short.clone())]);
        let root = Written::Lines(vec![("one".to_owned(), short), ("two".to_owned(), long)]);
        assert_eq!(root.to_yaml(), format!("one: {{ a: b }}\ntwo:\n  a: {}\n  c: {{ a: b }}\n", "b".repeat(130)));
    }
}
