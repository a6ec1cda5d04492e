//! Just enough of a look into SQL expressions: which names they mention, and outer parentheses.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::forms::take_type;
use super::tokens::lex;
use crate::dialect::lexeme::{Kind, Lexed, Lexeme};

/// The identifiers that an expression mentions, functions and types among them, as the server
/// would fold them. What stands in string literals does not count.
pub(super) fn identifiers(expr: &str) -> BTreeSet<String> {
    let lexed = lex(expr).map(|lexed| lexed.lexemes).unwrap_or_default();
    let names = lexed.iter().filter_map(|lexeme| match lexeme.kind {
        Kind::Word => Some(lexeme.text.to_lowercase()),
        Kind::Quoted => Some(unquoted(lexeme.text)),
        _ => None,
    });
    names.collect()
}

/// The name in quotes, without them.
fn unquoted(text: &str) -> String {
    let inner = text.split_once('"').and_then(|(_, inner)| inner.strip_suffix('"'));
    inner.unwrap_or_default().replace("\"\"", "\"")
}

/// An expression as it can stand where clauses may follow: in parentheses, unless it is a value, a call or a cast of one.
pub(super) fn whole(expr: &str) -> Cow<'_, str> {
    if lex(expr).is_ok_and(|lexed| is_operand(&lexed)) { expr.into() } else { format!("({expr})").into() }
}

/// Whether a text is a value, a name, a call or something in parentheses, or a cast of one of these.
fn is_operand(lexed: &Lexed<'_>) -> bool {
    let mut steps = lexed.steps();
    let number = |lexeme: &Lexeme<'_>| lexeme.kind == Kind::Number;
    let signed = steps.take_mark("-") || steps.take_mark("+");
    let value = |lexeme: &Lexeme<'_>| matches!(lexeme.kind, Kind::Number | Kind::Text);
    let stands = match steps.peek() {
        _ if signed => steps.take_if(number).is_some(),
        Some(lexeme) if lexeme.is_mark("(") => steps.take_enclosed().is_some(),
        Some(lexeme) if lexeme.is_name() => {
            let one = steps.take_qualified();
            let more = steps.peek().is_some_and(|next| next.is_mark("(") || (next.is_mark("[") && lexeme.is("array")));
            let rest = if more { steps.take_enclosed() } else { Some(&[][..]) };
            if !more && lexeme.kind == Kind::Word {
                steps.take_if(|next| next.kind == Kind::Text);
            }
            one && rest.is_some()
        }
        _ => steps.take_if(value).is_some(),
    };
    while stands && steps.take_mark("::") {
        if take_type(&mut steps).is_err() {
            return false;
        }
    }
    stands && steps.end().is_ok() && !lexed.ends_in_comment && lexed.expression().is_ok()
}

/// Whether an expression mentions a column.
pub(super) fn mentions(expr: &str, column: &str) -> bool {
    identifiers(expr).contains(column)
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

/// An expression as the server prints it once it has read its own print: without outer
/// parentheses, and with array casts on the elements. What was written `status IN ('a', 'b')` is
/// printed `(ARRAY['a'::varchar, 'b'::varchar])::text[]`, which the server reads as a cast of each
/// element and prints so from then on.
pub(crate) fn stable(expr: &str) -> String {
    let mut out = String::new();
    let mut rest = without_parentheses(expr);
    while let Some(first) = rest.chars().next() {
        if let Some((spread, length)) = spread_cast(rest) {
            out.push_str(&spread);
            rest = &rest[length..];
            continue;
        }
        let length = match first {
            '\'' | '"' => quoted_length(rest, first),
            _ => first.len_utf8(),
        };
        out.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    out
}

/// `(ARRAY[a, b])::text[]` at the start of a text as `ARRAY[(a)::text, (b)::text]`, and its length.
fn spread_cast(text: &str) -> Option<(String, usize)> {
    let inner = text.strip_prefix("(ARRAY[")?;
    let (elements, used) = elements(inner)?;
    let cast = inner[used..].strip_prefix(")::")?;
    let end = cast.find("[]")?;
    let data_type = &cast[..end];
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_ (),".contains(c);
    if elements.iter().any(|element| element.starts_with("ARRAY[")) || !data_type.chars().all(plain) {
        return None;
    }
    let casts: Vec<_> = elements.iter().map(|element| format!("({})::{data_type}", stable_inside(element))).collect();
    let length = "(ARRAY[".len() + used + ")::".len() + end + "[]".len();
    Some((format!("ARRAY[{}]", casts.join(", ")), length))
}

/// An element whose own parentheses belong to it.
fn stable_inside(element: &str) -> String {
    if without_parentheses(element) == element { stable(element) } else { element.to_owned() }
}

/// What stands between commas up to the bracket that closes the list, and how long that is.
fn elements(text: &str) -> Option<(Vec<&str>, usize)> {
    let (mut found, mut start, mut at, mut depth) = (Vec::new(), 0, 0, 0_usize);
    while let Some(first) = text[at..].chars().next() {
        match first {
            '(' | '[' => depth += 1,
            ']' if depth == 0 => {
                found.push(text[start..at].trim());
                return Some((found, at + 1));
            }
            ')' | ']' => depth = depth.checked_sub(1)?,
            ',' if depth == 0 => {
                found.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
        at += match first {
            '\'' | '"' => quoted_length(&text[at..], first),
            _ => first.len_utf8(),
        };
    }
    None
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
    fn what_may_be_followed_stands_in_parentheses() {
        for bare in [
            "0",
            "-1.5",
            "'a'::character varying",
            "'{}'::text[]",
            "now()",
            "CURRENT_TIMESTAMP",
            "nextval('s'::regclass)",
            "(now() + '1 day'::interval)",
            "ARRAY['a'::text, 'b'::text]",
            "(gen_random_uuid())::text",
            "DATE '2020-01-01'",
            "'x'::public.\"Kind\"",
            "LOCALTIMESTAMP(0)",
            "'2020-01-01 00:00:00'::timestamp without time zone",
        ] {
            assert_eq!(whole(bare), bare);
        }
        for clause in [
            "1 NOT NULL",
            "5 REFERENCES t(x)",
            "now() PRIMARY KEY",
            "a + 1",
            "(1), ADD b int",
            "(1) CHECK (b)",
            "1 -- x",
        ] {
            assert_eq!(whole(clause), format!("({clause})"));
        }
    }

    #[test]
    fn array_casts_stand_on_the_elements() {
        for (printed, again) in [
            (
                "((s)::text = ANY ((ARRAY['a,]'::character varying, 'b'::character varying])::text[]))",
                "(s)::text = ANY (ARRAY[('a,]'::character varying)::text, ('b'::character varying)::text])",
            ),
            ("(x = ANY (ARRAY[1, 2]))", "x = ANY (ARRAY[1, 2])"),
            ("s = '(ARRAY[a])::text[]'", "s = '(ARRAY[a])::text[]'"),
        ] {
            assert_eq!(stable(printed), again);
            assert_eq!(stable(again), again);
        }
    }

    #[test]
    fn strips_only_parentheses_that_enclose_everything() {
        assert_eq!(without_parentheses("(a > 0)"), "a > 0");
        assert_eq!(without_parentheses("(a) || (b)"), "(a) || (b)");
        assert_eq!(without_parentheses("(a = ')')"), "a = ')'");
        assert_eq!(without_parentheses("lower(a)"), "lower(a)");
    }
}
