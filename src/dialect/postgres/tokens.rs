//! PostgreSQL's lexer, as it reads with `standard_conforming_strings` on: quotes of all kinds, comments within comments.

use crate::dialect::lexeme::{Kind, Lexed, Lexeme, Misfit, quoted};

/// A text as its pieces.
///
/// # Errors
/// The place of what is no piece: an open quote or comment, a stray character.
pub(crate) fn lex(text: &str) -> Result<Lexed<'_>, Misfit> {
    let mut lexed = Lexed { lexemes: Vec::with_capacity(8), ends_in_comment: false };
    let mut at = 0;
    while let Some(first) = text.as_bytes().get(at) {
        let rest = &text[at..];
        if matches!(first, b' ' | b'\t' | b'\n' | b'\r' | b'\x0b' | b'\x0c') {
            at += 1;
        } else if rest.starts_with("--") {
            let end = rest.find(['\n', '\r']);
            lexed.ends_in_comment = end.is_none();
            at += end.unwrap_or(rest.len());
        } else if rest.starts_with("/*") {
            at += comment(rest).ok_or_else(|| Misfit::open(at, "comment"))?;
        } else {
            let (kind, length) = piece(rest).map_err(|misfit| Misfit { at: at + misfit.at, ..misfit })?;
            lexed.lexemes.push(Lexeme { kind, text: &rest[..length], start: at });
            at += length;
        }
    }
    Ok(lexed)
}

/// The length of a comment, with those that are in it.
fn comment(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (2, 1_usize);
    while depth > 0 {
        match bytes.get(at..at + 2)? {
            b"/*" => (at, depth) = (at + 2, depth + 1),
            b"*/" => (at, depth) = (at + 2, depth - 1),
            _ => at += 1,
        }
    }
    Some(at)
}

/// The kind and the length of the piece that a text begins with.
fn piece(text: &str) -> Result<(Kind, usize), Misfit> {
    let bytes = text.as_bytes();
    let second = bytes.get(1).copied().unwrap_or_default();
    let open = || Misfit::open(0, "quote");
    match bytes[0] {
        b'\'' => Ok((Kind::Text, quoted(text, b'\'').ok_or_else(open)?)),
        b'"' => Ok((Kind::Quoted, quoted(text, b'"').ok_or_else(open)?)),
        b'e' | b'E' if second == b'\'' => escaped(text),
        b'b' | b'B' | b'x' | b'X' | b'n' | b'N' if second == b'\'' => {
            Ok((Kind::Text, 1 + quoted(&text[1..], b'\'').ok_or_else(open)?))
        }
        b'u' | b'U' if second == b'&' && matches!(bytes.get(2), Some(b'\'' | b'"')) => {
            let kind = if bytes[2] == b'"' { Kind::Quoted } else { Kind::Text };
            Ok((kind, 2 + quoted(&text[2..], bytes[2]).ok_or_else(open)?))
        }
        b'$' => dollar(text),
        b'0'..=b'9' => number(text),
        b'.' if second.is_ascii_digit() => number(text),
        _ if starts_word(bytes[0]) => Ok((Kind::Word, word(bytes))),
        _ => mark(text),
    }
}

/// A string in which a backslash protects what comes after it. The server lets it go on on another line; then the next part
/// would be read in the same way, which nobody writes.
fn escaped(text: &str) -> Result<(Kind, usize), Misfit> {
    let bytes = text.as_bytes();
    let mut at = 2;
    loop {
        match bytes.get(at) {
            Some(b'\\') => at += 2,
            Some(b'\'') if bytes.get(at + 1) == Some(&b'\'') => at += 2,
            Some(b'\'') => break,
            Some(_) => at += 1,
            None => return Err(Misfit::open(0, "quote")),
        }
    }
    let after = text.get(at + 1..).ok_or_else(|| Misfit::open(0, "quote"))?;
    let goes_on = after.trim_start();
    if goes_on.starts_with('\'') || goes_on.starts_with("--") {
        return Err(Misfit::new(0, "a string with escapes goes on after its end"));
    }
    Ok((Kind::Text, at + 1))
}

/// A string between two equal tags: `$$ … $$`, `$tag$ … $tag$`; or a parameter.
fn dollar(text: &str) -> Result<(Kind, usize), Misfit> {
    let bytes = text.as_bytes();
    let digits = bytes[1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits > 0 {
        return Ok((Kind::Parameter, 1 + digits));
    }
    let named = bytes.get(1).is_some_and(|byte| starts_word(*byte));
    let name = if named { bytes[1..].iter().take_while(|byte| in_word(**byte) && **byte != b'$').count() } else { 0 };
    if bytes.get(1 + name) != Some(&b'$') {
        return Err(Misfit::new(0, "`$` does not belong there"));
    }
    let (tag, body) = text.split_at(name + 2);
    let end = body.find(tag).ok_or_else(|| Misfit::open(0, "quote"))?;
    Ok((Kind::Text, end + 2 * tag.len()))
}

/// A number. What is glued to its end is read in different ways by different versions.
fn number(text: &str) -> Result<(Kind, usize), Misfit> {
    let bytes = text.as_bytes();
    let digits = |from: usize| {
        let rest = bytes.get(from..).unwrap_or_default();
        rest.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'_').count()
    };
    let mut at = digits(0);
    if bytes[0] == b'0' && matches!(bytes.get(1), Some(b'x' | b'X' | b'o' | b'O' | b'b' | b'B')) {
        at = 2 + bytes[2..].iter().take_while(|byte| byte.is_ascii_hexdigit() || **byte == b'_').count();
    } else {
        if bytes.get(at) == Some(&b'.') && bytes.get(at + 1) != Some(&b'.') {
            at += 1 + digits(at + 1);
        }
        if matches!(bytes.get(at), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
            let exponent = digits(at + 1 + sign);
            at += if exponent > 0 { 1 + sign + exponent } else { 0 };
        }
    }
    match bytes.get(at) {
        Some(byte) if in_word(*byte) => Err(Misfit::new(at, "something is glued to a number")),
        _ => Ok((Kind::Number, at)),
    }
}

fn starts_word(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || !byte.is_ascii()
}

fn in_word(byte: u8) -> bool {
    starts_word(byte) || byte.is_ascii_digit() || byte == b'$'
}

fn word(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| in_word(**byte)).count()
}

fn mark(text: &str) -> Result<(Kind, usize), Misfit> {
    const MARKS: &[u8] = b"()[],.;:+-*/<>=~!@#%^&|`?";
    match text.as_bytes() {
        [b':', b':', ..] => Ok((Kind::Mark, 2)),
        [first, ..] if MARKS.contains(first) => Ok((Kind::Mark, 1)),
        _ => {
            let first = text.chars().next().unwrap_or_default();
            Err(Misfit::new(0, format!("{first:?} does not belong there")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(sql: &str) -> Vec<&str> {
        lex(sql).unwrap().lexemes.into_iter().map(|lexeme| lexeme.text).collect()
    }

    #[test]
    fn quotes_of_all_kinds_hold_anything() {
        assert_eq!(
            texts("'it''s;' \"a\"\"b\" E'\\';' U&'\\0041' x'0f'"),
            ["'it''s;'", "\"a\"\"b\"", "E'\\';'", "U&'\\0041'", "x'0f'"]
        );
        assert_eq!(texts("$$a;'$$||$x$ $$ ; $x$"), ["$$a;'$$", "|", "|", "$x$ $$ ; $x$"]);
        assert_eq!(
            texts("a$$b 'x\\' ;"),
            ["a$$b", "'x\\'", ";"],
            "no dollar quote within a word, no escape in a plain string"
        );
    }

    #[test]
    fn comments_are_in_one_another() {
        assert_eq!(texts("a /* b /* ; */ c */ d -- ;\n e"), ["a", "d", "e"]);
        assert!(lex("a -- b").unwrap().ends_in_comment);
        assert!(!lex("a -- b\n").unwrap().ends_in_comment && !lex("a -- b\n c").unwrap().ends_in_comment);
    }

    #[test]
    fn what_is_open_or_ambiguous_is_told() {
        for text in
            ["'a", "\"a", "/* a /* b */", "$$ a $x$", "E'a\\'", "a \\ b", "a {", "1a$$;$$", "$x y", "E'a'\n'\\'", "\0"]
        {
            assert!(lex(text).is_err(), "{text}");
        }
        assert_eq!(lex("ab 'c").unwrap_err().at, 3);
    }

    #[test]
    fn numbers_and_operators() {
        assert_eq!(texts("1.5e-3+.5::int[]<=$1"), ["1.5e-3", "+", ".5", "::", "int", "[", "]", "<", "=", "$1"]);
        assert_eq!(texts("a[1:2]@>'{}'"), ["a", "[", "1", ":", "2", "]", "@", ">", "'{}'"]);
    }
}
