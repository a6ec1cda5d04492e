//! The tokens of a script, as the server's own lexer cuts them.
//!
//! What the server takes for a quote or a comment must be one here, or a statement could hide in what looks like a text.
//! What engines read differently from each other is in [`Lexis`]; what one of them may read in two ways is an error.

use crate::model::{Platform, Vendor};

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// White space or a comment.
    Blank,
    /// The start or the end of a comment whose inside the server runs: `/*!50503`, `*/`.
    Version,
    /// A keyword, or a name without quotes.
    Word,
    /// A name in quotes.
    Quoted,
    /// A string.
    Text,
    /// A number.
    Number,
    /// Any other character.
    Mark,
}

/// A token and where it stands, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    /// What it is.
    pub kind: Kind,
    /// Where it starts.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
}

/// What cannot be read: where, and why.
pub(crate) type Unreadable = (usize, &'static str);

/// What one engine's lexer does that another's does not.
#[derive(Clone, Debug)]
pub(crate) struct Lexis {
    /// Comments within comments (PostgreSQL).
    pub nested_comments: bool,
    /// `#` starts a comment, and `--` only before white space (MySQL).
    pub hash_comments: bool,
    /// A carriage return ends a comment of one line (PostgreSQL).
    pub return_ends_line: bool,
    /// A backslash in a string protects what follows (MySQL).
    pub backslashes: bool,
    /// `E'…'` and `$tag$…$tag$` are strings (PostgreSQL).
    pub dollar_quotes: bool,
    /// `[…]` is a name (SQLite).
    pub brackets: bool,
    /// Backticks quote names (MySQL, SQLite).
    pub backticks: bool,
    /// `"…"` is a string (MySQL).
    pub double_quoted_strings: bool,
    /// Names without quotes are in lower case (PostgreSQL).
    pub folds: bool,
    /// The server whose version comments are run, if it has any.
    pub versions: Option<(Vendor, u32)>,
}

impl Lexis {
    /// The number that version comments are compared with.
    pub fn version_of(platform: &Platform) -> (Vendor, u32) {
        let version = platform.version;
        (platform.vendor, u32::from(version.0) * 10_000 + u32::from(version.1) * 100 + u32::from(version.2))
    }
}

/// Reads one token after the other.
#[derive(Clone, Debug)]
pub(crate) struct Scanner<'a> {
    text: &'a str,
    lexis: &'a Lexis,
    /// Where it is, in bytes.
    pub at: usize,
    /// Where the version comment began that is open.
    pub version: Option<usize>,
    /// Whether the last token that is not blank was a string with escapes, which the next string would go on with.
    escapes: bool,
}

const OPEN_COMMENT: &str = "this comment is never closed";
const OPEN_QUOTE: &str = "this quote is never closed";

impl<'a> Scanner<'a> {
    pub fn new(text: &'a str, lexis: &'a Lexis) -> Self {
        Self { text, lexis, at: 0, version: None, escapes: false }
    }

    /// The next token, if there is one.
    pub fn next(&mut self) -> Result<Option<Token>, Unreadable> {
        if self.at >= self.text.len() {
            return Ok(None);
        }
        let start = self.at;
        let (kind, length) = match self.version_mark()? {
            Some(found) => found,
            None => self.token(&self.text[start..]).map_err(|why| (start, why))?,
        };
        self.at = start + length;
        if kind != Kind::Blank {
            let plain = self.text[start..].starts_with('\'');
            if self.escapes && plain {
                return Err((start, "two strings follow each other: write them as one"));
            }
            self.escapes = self.lexis.dollar_quotes && kind == Kind::Text && self.text[start..].starts_with(['e', 'E']);
        }
        Ok(Some(Token { kind, start, end: self.at }))
    }

    /// The start or the end of a version comment, or a whole one that this server does not run.
    fn version_mark(&mut self) -> Result<Option<(Kind, usize)>, Unreadable> {
        let rest = &self.text[self.at..];
        let Some((vendor, version)) = self.lexis.versions else { return Ok(None) };
        if rest.starts_with("*/") && self.version.take().is_some() {
            return Ok(Some((Kind::Version, 2)));
        }
        let mark = match rest.as_bytes() {
            [b'/', b'*', b'!', ..] => 3,
            [b'/', b'*', b'M', b'!', ..] if vendor == Vendor::Mariadb => 4,
            _ => return Ok(None),
        };
        let digits = rest[mark..].bytes().take(6).take_while(u8::is_ascii_digit).count();
        let wanted: u32 = rest[mark..mark + digits].parse().unwrap_or(0);
        let of_mysql = mark == 3 && vendor == Vendor::Mariadb && (50_700..=99_999).contains(&wanted);
        if digits >= 5 && (wanted > version || of_mysql) {
            return Ok(Some((Kind::Version, skipped_comment(rest).ok_or((self.at, OPEN_COMMENT))?)));
        }
        if self.version.is_some() {
            return Err((self.at, "a version comment stands in another one"));
        }
        self.version = Some(self.at);
        Ok(Some((Kind::Version, mark + if digits >= 5 { digits } else { 0 })))
    }

    fn token(&self, rest: &str) -> Result<(Kind, usize), &'static str> {
        let first = rest.chars().next().unwrap_or(' ');
        if let Some(length) = self.blank(rest)? {
            return Ok((Kind::Blank, length));
        }
        let quote = |length: Option<usize>| length.ok_or(OPEN_QUOTE);
        match first {
            '\'' => Ok((Kind::Text, quote(quoted(rest, '\'', self.lexis.backslashes))?)),
            '"' if self.lexis.double_quoted_strings => {
                Ok((Kind::Text, quote(quoted(rest, '"', self.lexis.backslashes))?))
            }
            '"' => Ok((Kind::Quoted, quote(quoted(rest, '"', false))?)),
            '`' if self.lexis.backticks => Ok((Kind::Quoted, quote(quoted(rest, '`', false))?)),
            '[' if self.lexis.brackets => Ok((Kind::Quoted, quote(rest.find(']').map(|end| end + 1))?)),
            '$' if self.lexis.dollar_quotes => Ok(match dollar_tag(rest) {
                Some(tag) => (Kind::Text, quote(rest[tag..].find(&rest[..tag]).map(|end| end + 2 * tag))?),
                None => (Kind::Mark, 1),
            }),
            '?' | ':' | '@' | '#' | '$' if self.lexis.brackets => Err("a parameter has no value in a schema"),
            '0'..='9' => Ok(self.number(rest)),
            _ if in_word(first) => self.word(rest),
            _ if first.is_control() => Err("a control character outside of quotes"),
            _ => Ok((Kind::Mark, first.len_utf8())),
        }
    }

    fn blank(&self, rest: &str) -> Result<Option<usize>, &'static str> {
        let bytes = rest.as_bytes();
        let spaces = bytes.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0c)).count();
        if spaces > 0 {
            return Ok(Some(spaces));
        }
        let spaced = |byte: Option<&u8>| byte.is_none_or(|byte| byte.is_ascii_whitespace() || byte.is_ascii_control());
        match bytes {
            [b'-', b'-', ..] if !self.lexis.hash_comments || spaced(bytes.get(2)) => Ok(Some(self.line(rest))),
            [b'#', ..] if self.lexis.hash_comments => Ok(Some(self.line(rest))),
            [b'/', b'*', ..] if self.lexis.nested_comments => nested_comment(rest).map(Some).ok_or(OPEN_COMMENT),
            [b'/', b'*', ..] => rest[2..].find("*/").map(|end| Some(end + 4)).ok_or(OPEN_COMMENT),
            _ => Ok(None),
        }
    }

    fn line(&self, rest: &str) -> usize {
        let ends = |c: char| c == '\n' || (c == '\r' && self.lexis.return_ends_line);
        rest.find(ends).unwrap_or(rest.len())
    }

    fn word(&self, rest: &str) -> Result<(Kind, usize), &'static str> {
        let length = rest.find(|c| !in_word(c)).unwrap_or(rest.len());
        if !self.lexis.dollar_quotes || !rest[..length].eq_ignore_ascii_case("e") || !rest[1..].starts_with('\'') {
            return Ok((Kind::Word, length));
        }
        Ok((Kind::Text, 1 + quoted(&rest[1..], '\'', true).ok_or(OPEN_QUOTE)?))
    }

    /// A number, or a name that starts with a digit, as MySQL allows.
    fn number(&self, rest: &str) -> (Kind, usize) {
        let word = rest.find(|c| !in_word(c)).unwrap_or(rest.len());
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if digits < word {
            return if self.lexis.dollar_quotes { (Kind::Number, digits) } else { (Kind::Word, word) };
        }
        let fraction = rest[digits..].strip_prefix('.').map(|rest| rest.bytes().take_while(u8::is_ascii_digit).count());
        (Kind::Number, digits + fraction.map_or(0, |fraction| fraction + 1))
    }
}

/// Whether a character can be in a name without quotes.
pub(crate) fn in_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '$') || !c.is_ascii()
}

/// The length of a quoted text: a doubled quote stays inside.
fn quoted(text: &str, quote: char, backslashes: bool) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        if bytes[at] == b'\\' && backslashes {
            at += 2;
        } else if bytes[at] != quote as u8 {
            at += 1;
        } else if bytes.get(at + 1) == Some(&(quote as u8)) {
            at += 2;
        } else {
            return Some(at + 1);
        }
    }
    None
}

/// The length of the `$tag$` that a text starts with.
fn dollar_tag(text: &str) -> Option<usize> {
    let tag = text[1..].find(|c| c == '$' || !in_word(c))?;
    let good = text[1 + tag..].starts_with('$') && !text[1..].starts_with(|c: char| c.is_ascii_digit());
    good.then_some(tag + 2)
}

fn nested_comment(text: &str) -> Option<usize> {
    let (mut depth, mut at, bytes) = (0, 0, text.as_bytes());
    while at + 1 < bytes.len() {
        match &bytes[at..at + 2] {
            b"/*" => (depth, at) = (depth + 1, at + 2),
            b"*/" if depth == 1 => return Some(at + 2),
            b"*/" => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    None
}

/// The length of a version comment that is not run: it may hold comments, one deep.
fn skipped_comment(text: &str) -> Option<usize> {
    let mut at = 2;
    loop {
        let end = at + text[at..].find("*/")?;
        match text[at..end].find("/*") {
            Some(inner) => at = at + inner + 2 + text[at + inner + 2..].find("*/")? + 2,
            None => return Some(end + 2),
        }
    }
}
