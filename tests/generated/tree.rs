//! YAML as it is written: scalars, lists and maps that keep their order.

use std::fmt::Write;

#[derive(Clone, Debug, PartialEq)]
pub enum Tree {
    /// Printed as it is: numbers, `true`, keywords.
    Plain(String),
    /// Printed between quotes.
    Text(String),
    List(Vec<Tree>),
    Map(Vec<(String, Tree)>),
}

impl Tree {
    pub fn plain(text: impl ToString) -> Self {
        Tree::Plain(text.to_string())
    }

    pub fn text(text: impl Into<String>) -> Self {
        Tree::Text(text.into())
    }

    /// A map with one key.
    pub fn one(key: &str, value: Tree) -> Self {
        Tree::Map(vec![(key.to_owned(), value)])
    }

    /// Block style down to `depth` levels, flow style below.
    pub fn block(&self, depth: usize) -> String {
        let mut out = String::new();
        self.write_block(&mut out, 0, depth);
        out
    }

    fn write_block(&self, out: &mut String, indent: usize, depth: usize) {
        let Tree::Map(entries) = self else { unreachable!("only maps are written as blocks") };
        for (key, value) in entries {
            let pad = "  ".repeat(indent);
            match value {
                Tree::Map(inner) if depth > 1 && !inner.is_empty() => {
                    let _ = writeln!(out, "{pad}{}:", quoted(key));
                    value.write_block(out, indent + 1, depth - 1);
                }
                _ => {
                    let _ = writeln!(out, "{pad}{}: {}", quoted(key), value.flow());
                }
            }
        }
    }

    fn flow(&self) -> String {
        match self {
            Tree::Plain(text) => text.clone(),
            Tree::Text(text) => quoted(text),
            Tree::List(items) => format!("[{}]", items.iter().map(Tree::flow).collect::<Vec<_>>().join(", ")),
            Tree::Map(entries) => {
                let entries = entries.iter().map(|(key, value)| format!("{}: {}", quoted(key), value.flow()));
                format!("{{ {} }}", entries.collect::<Vec<_>>().join(", "))
            }
        }
    }
}

/// A text between quotes, unless it is a plain word that nobody could take for anything else.
fn quoted(text: &str) -> String {
    let word = text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_()".contains(&byte));
    let odd = ["true", "false", "null", "yes", "no", "on", "off", "y", "n", ""].contains(&text);
    if word && !odd && text.starts_with(|c: char| c.is_ascii_lowercase()) {
        text.to_owned()
    } else {
        serde_json::to_string(text).expect("a text is always JSON")
    }
}
