//! Quoting: identifiers, strings, and lists of them.

use crate::model::QName;

/// The longest identifier, in characters.
pub(super) const LONGEST_NAME: usize = 64;

/// A name in backticks.
pub(crate) fn quote(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// A table's name. One in another database (a foreign key may refer to it) is written with the database.
pub(crate) fn quote_table(name: &QName) -> String {
    match &name.schema {
        Some(database) => format!("{}.{}", quote(database), quote(&name.name)),
        None => quote(&name.name),
    }
}

/// Whether a text is one plain word, as the names of character sets, collations and engines are.
pub(crate) fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// A text as a string literal. Sessions run without `NO_BACKSLASH_ESCAPES`, so backslashes are
/// escaped as quotes are; control characters are spelled out so that a statement stays on its line.
pub(crate) fn literal(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('\'');
    for c in text.chars() {
        match c {
            '\'' => quoted.push_str("''"),
            '\\' => quoted.push_str("\\\\"),
            '\0' => quoted.push_str("\\0"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\u{1a}' => quoted.push_str("\\Z"),
            other => quoted.push(other),
        }
    }
    quoted.push('\'');
    quoted
}

/// Names in backticks with commas between them.
pub(super) fn quote_list<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
    names.into_iter().map(|name| quote(name)).collect::<Vec<_>>().join(", ")
}

/// A text in the middle of a name that a person reads: `t.c`.
pub(super) fn within(table: &QName, name: &str) -> String {
    format!("{table}.{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_escapes_from_quotes() {
        assert_eq!(quote("a`b"), "`a``b`");
        assert_eq!(literal("it's \\ '; DROP TABLE x"), "'it''s \\\\ ''; DROP TABLE x'");
        assert_eq!(literal("a\nb\0"), "'a\\nb\\0'");
    }
}
