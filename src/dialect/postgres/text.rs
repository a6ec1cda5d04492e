//! Just enough of a look into SQL expressions: which names they mention, and outer parentheses.

use std::collections::BTreeSet;

/// The identifiers that an expression mentions, functions and types among them, as the server
/// would fold them. What stands in string literals does not count.
pub(super) fn identifiers(expr: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut rest = expr;
    while let Some(first) = rest.chars().next() {
        let (name, length) = match first {
            '\'' => (None, quoted_length(rest, '\'')),
            '"' => {
                let length = quoted_length(rest, '"');
                (Some(rest[..length].trim_matches('"').replace("\"\"", "\"")), length)
            }
            _ if first.is_alphanumeric() || first == '_' => {
                let length = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
                (Some(rest[..length].to_lowercase()), length)
            }
            _ => (None, first.len_utf8()),
        };
        found.extend(name);
        rest = &rest[length..];
    }
    found
}

/// Whether an expression mentions a column.
pub(super) fn mentions(expr: &str, column: &str) -> bool {
    identifiers(expr).contains(column)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

/// How long the quoted thing at the start of a text is, in bytes; doubled quotes belong to it.
fn quoted_length(text: &str, quote: char) -> usize {
    let mut rest = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = rest.next() {
        if c != quote {
            continue;
        }
        if rest.peek().is_none_or(|(_, next)| *next != quote) {
            return at + quote.len_utf8();
        }
        rest.next();
    }
    text.len()
}

/// The expression without the one pair of parentheses that encloses all of it, if there is one.
pub(crate) fn without_parentheses(expr: &str) -> &str {
    match expr.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')) {
        Some(inner) if is_balanced(inner) => inner,
        _ => expr,
    }
}

/// Whether no parenthesis closes what was opened before the text.
fn is_balanced(text: &str) -> bool {
    let mut depth = 0_usize;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '\'' | '"' => quoted_length(rest, first),
            _ => first.len_utf8(),
        };
        match first {
            '(' => depth += 1,
            ')' if depth == 0 => return false,
            ')' => depth -= 1,
            _ => {}
        }
        rest = &rest[length..];
    }
    depth == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_names_outside_of_literals() {
        let found = identifiers("(lower((\"E mail\")::text) || 'it''s name') || b_1::integer");
        assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), ["E mail", "b_1", "integer", "lower", "text"]);
    }

    #[test]
    fn strips_only_parentheses_that_enclose_everything() {
        assert_eq!(without_parentheses("(a > 0)"), "a > 0");
        assert_eq!(without_parentheses("(a) || (b)"), "(a) || (b)");
        assert_eq!(without_parentheses("(a = ')')"), "a = ')'");
        assert_eq!(without_parentheses("lower(a)"), "lower(a)");
    }
}
