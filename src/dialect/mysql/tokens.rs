//! A tokenizer for SQL in MySQL's spelling: enough to walk through what a server prints and to find
//! the columns that an expression mentions. It understands quotes, comments and version comments.

use crate::dialect::lexeme::{self, Lexed, Lexeme, Misfit};

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A bare word: a keyword, or an identifier without quotes.
    Word,
    /// An identifier in backticks.
    Quoted,
    /// A string in single or double quotes.
    Text,
    /// A number.
    Number,
    /// Any other single character.
    Mark,
}

/// A piece of a statement. White space and comments are none; what stands in `/*! … */` counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    /// What it is.
    pub kind: Kind,
    /// Its text, quotes included.
    pub text: &'a str,
    /// Where it starts, in bytes.
    pub start: usize,
}

impl<'a> Token<'a> {
    /// Where it ends, in bytes.
    pub fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// Whether it is this keyword.
    pub fn is(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(word)
    }

    /// Whether it is this mark.
    pub fn is_mark(&self, mark: char) -> bool {
        self.kind == Kind::Mark && self.text.starts_with(mark)
    }

    /// The name that it stands for, if it can be one.
    pub fn name(&self) -> Option<String> {
        match self.kind {
            Kind::Quoted => Some(self.text[1..self.text.len() - 1].replace("``", "`")),
            Kind::Word => Some(self.text.to_owned()),
            _ => None,
        }
    }

    /// The characters of a string.
    pub fn string(&self) -> Option<String> {
        (self.kind == Kind::Text).then(|| unescape(&self.text[1..self.text.len() - 1], self.text.as_bytes()[0] as char))
    }
}

/// The tokens of a statement. An unclosed quote ends the list at the quote.
pub(crate) fn tokens(sql: &str) -> Vec<Token<'_>> {
    let mut found = Vec::with_capacity(sql.len() / 6);
    let pieces = Pieces { text: sql, at: 0, versioned: false, ends_in_comment: false };
    for piece in pieces.map_while(Result::ok) {
        let kind = match piece.kind {
            lexeme::Kind::Word => Kind::Word,
            lexeme::Kind::Quoted => Kind::Quoted,
            lexeme::Kind::Text => Kind::Text,
            lexeme::Kind::Number => Kind::Number,
            lexeme::Kind::Versioned => continue,
            lexeme::Kind::Mark | lexeme::Kind::Parameter => Kind::Mark,
        };
        found.push(Token { kind, text: piece.text, start: piece.start });
    }
    found
}

/// A text as its pieces, nothing left out.
///
/// # Errors
/// The place of what is no piece: an open quote or comment, a stray character.
pub(crate) fn lex(text: &str) -> Result<Lexed<'_>, Misfit> {
    let mut pieces = Pieces { text, at: 0, versioned: false, ends_in_comment: false };
    let lexemes = pieces.by_ref().collect::<Result<_, _>>()?;
    if pieces.versioned {
        return Err(Misfit::open(text.len(), "comment"));
    }
    Ok(Lexed { lexemes, ends_in_comment: pieces.ends_in_comment })
}

/// The pieces of a text, one after the other.
struct Pieces<'a> {
    text: &'a str,
    at: usize,
    /// Whether it is within a comment that some versions run.
    versioned: bool,
    /// Whether what was read last is a comment that only the end of the line would end.
    ends_in_comment: bool,
}

/// What a text begins with.
enum Start {
    /// Nothing that counts, so many bytes long.
    Blank(usize),
    /// A comment up to the end of the line, if that comes.
    Line(Option<usize>),
    /// A piece.
    Piece(lexeme::Kind, usize),
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Result<Lexeme<'a>, Misfit>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let rest = self.text.get(self.at..).filter(|rest| !rest.is_empty())?;
            match self.start(rest) {
                Ok(Start::Blank(length)) => self.at += length,
                Ok(Start::Line(length)) => {
                    self.ends_in_comment = length.is_none();
                    self.at += length.unwrap_or(rest.len());
                }
                Ok(Start::Piece(kind, length)) => {
                    let start = self.at;
                    self.at += length;
                    self.versioned ^= kind == lexeme::Kind::Versioned;
                    return Some(Ok(Lexeme { kind, text: &rest[..length], start }));
                }
                Err(misfit) => {
                    let start = std::mem::replace(&mut self.at, self.text.len());
                    return Some(Err(Misfit { at: start, ..misfit }));
                }
            }
        }
    }
}

impl Pieces<'_> {
    fn start(&self, rest: &str) -> Result<Start, Misfit> {
        let bytes = rest.as_bytes();
        Ok(match bytes {
            [b'*', b'/', ..] if self.versioned => Start::Piece(lexeme::Kind::Versioned, 2),
            [b'/', b'*', ..] if self.versioned => return Err(Misfit::new(0, "a comment stands within another")),
            [b'/', b'*', b'!', ..] => Start::Piece(lexeme::Kind::Versioned, 3 + digits(&bytes[3..])),
            [b'/', b'*', b'M', b'!', ..] => Start::Piece(lexeme::Kind::Versioned, 4 + digits(&bytes[4..])),
            [b'/', b'*', ..] => Start::Blank(rest[2..].find("*/").ok_or_else(|| Misfit::open(0, "comment"))? + 4),
            [b'-', b'-', after, ..] if after.is_ascii_whitespace() || after.is_ascii_control() => {
                Start::Line(line(rest))
            }
            [b'-', b'-'] | [b'#', ..] => Start::Line(line(rest)),
            [b' ' | b'\t' | b'\n' | b'\r' | b'\x0b' | b'\x0c', ..] => Start::Blank(1),
            [control, ..] if control.is_ascii_control() => {
                return Err(Misfit::new(0, "a control character stands there"));
            }
            _ => {
                let (kind, length) = token(rest).ok_or_else(|| Misfit::open(0, "quote"))?;
                Start::Piece(kind, length)
            }
        })
    }
}

fn digits(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

fn line(text: &str) -> Option<usize> {
    text.find('\n').map(|end| end + 1)
}

fn token(text: &str) -> Option<(lexeme::Kind, usize)> {
    let first = text.chars().next()?;
    Some(match first {
        '`' => (lexeme::Kind::Quoted, quoted(text, '`')?),
        '\'' | '"' => (lexeme::Kind::Text, quoted(text, first)?),
        '?' => (lexeme::Kind::Parameter, 1),
        '0'..='9' => (lexeme::Kind::Number, run(text, |c| is_word(c) || c == '.')),
        _ if is_word(first) => (lexeme::Kind::Word, run(text, is_word)),
        _ => (lexeme::Kind::Mark, first.len_utf8()),
    })
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '$') || !c.is_ascii()
}

fn run(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

/// The length of the quoted text that a text starts with; `None` if the quote is never closed.
pub(crate) fn quoted_length(text: &str) -> Option<usize> {
    quoted(text, text.chars().next()?)
}

/// The length of a quoted token. A doubled quote stays inside; a backslash protects what follows it, but not
/// in an identifier.
fn quoted(text: &str, quote: char) -> Option<usize> {
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = characters.next() {
        if c == '\\' && quote != '`' {
            characters.next();
        } else if c == quote && characters.next_if(|&(_, next)| next == quote).is_none() {
            return Some(at + 1);
        }
    }
    None
}

fn unescape(inner: &str, quote: char) -> String {
    let mut text = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' => text.extend(characters.next().map(escaped)),
            _ if c == quote => text.extend(characters.next()),
            _ => text.push(c),
        }
    }
    text
}

fn escaped(c: char) -> char {
    match c {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        '0' => '\0',
        'b' => '\u{8}',
        'Z' => '\u{1a}',
        other => other,
    }
}

/// The columns out of a list that an expression mentions.
pub(crate) fn mentioned<'c>(expr: &str, columns: impl IntoIterator<Item = &'c str>) -> Vec<&'c str> {
    let names: Vec<String> = tokens(expr).iter().filter_map(Token::name).map(|name| name.to_lowercase()).collect();
    columns.into_iter().filter(|column| names.contains(&column.to_lowercase())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(sql: &str) -> Vec<&str> {
        tokens(sql).iter().map(|token| token.text).collect()
    }

    #[test]
    fn comments_are_nothing_and_version_comments_are_something() {
        assert_eq!(
            texts("a /* b */ /*!80023 INVISIBLE */ /*M!100301 COMPRESSED*/ -- x\n1.5 # y"),
            ["a", "INVISIBLE", "COMPRESSED", "1.5"]
        );
    }

    #[test]
    fn quotes_hold_anything() {
        assert_eq!(texts(r"`a``b`'it''s \' /*' (b'1')"), ["`a``b`", r"'it''s \' /*'", "(", "b", "'1'", ")"]);
        assert_eq!(tokens(r"'it''s \\ \n\''")[0].string().unwrap(), "it's \\ \n'");
        assert_eq!(tokens("`a``b`")[0].name().unwrap(), "a`b");
        assert_eq!(texts("a 'open"), ["a"]);
    }

    #[test]
    fn what_is_open_is_told() {
        for text in
            ["a 'open", "`open", "/* open", "/*!50100 open", "/*! a /* b */ */", "a 'x\\'", "a \0 b", "a \u{1} b"]
        {
            assert!(lex(text).is_err(), "{text}");
        }
        for text in ["a --", "a -- b", "a # b", "a --\u{1} b"] {
            assert!(lex(text).unwrap().ends_in_comment, "{text}");
        }
        let pieces = |text| lex(text).unwrap().lexemes.len();
        assert!(!lex("a -- b\n").unwrap().ends_in_comment);
        assert_eq!((pieces("a--b"), pieces("1 */* b */ 2"), pieces("a /*!50100 b*/")), (4, 3, 4));
    }

    #[test]
    fn columns_are_found_by_name_and_not_in_strings() {
        assert_eq!(mentioned("concat(`a`, 'b') + C", ["a", "b", "c"]), ["a", "c"]);
    }
}
