//! SQLite's SQL as tokens: what the catalog's texts are read and compared by.

use std::borrow::Cow;

use crate::dialect::lexeme::{self, Lexed, Lexeme, Misfit};

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A keyword or an identifier without quotes.
    Word,
    /// An identifier in `"`, `` ` `` or `[ ]`. SQLite also takes `"…"` for a string where it names nothing.
    Quoted,
    /// A string in `'`.
    Text,
    /// A blob: `x'00ff'`.
    Blob,
    /// A number.
    Number,
    /// A parameter: `?1`, `:name`. None is allowed in a catalog.
    Parameter,
    /// An operator, parenthesis, comma, dot or semicolon.
    Symbol,
}

/// A token, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    /// What it is.
    pub kind: Kind,
    /// How it is written, quotes included.
    pub text: &'a str,
    /// Where it starts, in bytes.
    pub start: usize,
}

impl<'a> Token<'a> {
    /// Where it ends, in bytes.
    pub fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// What it says: quotes taken off, doubled ones halved.
    pub fn value(&self) -> Cow<'a, str> {
        match self.kind {
            Kind::Quoted | Kind::Text => unquote(self.text),
            _ => Cow::Borrowed(self.text),
        }
    }

    /// Whether it is this word, in whatever case.
    pub fn is_word(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(word)
    }

    /// Whether it is this operator or mark.
    pub fn is_symbol(&self, symbol: &str) -> bool {
        self.kind == Kind::Symbol && self.text == symbol
    }

    /// Whether it can be a name. SQLite takes a string for one where it expects one.
    pub fn is_name(&self) -> bool {
        matches!(self.kind, Kind::Word | Kind::Quoted | Kind::Text)
    }
}

fn unquote(text: &str) -> Cow<'_, str> {
    let inner = text.get(1..text.len().saturating_sub(1)).unwrap_or_default();
    match text.chars().next() {
        Some(quote @ ('"' | '`' | '\'')) if inner.contains(quote) => {
            Cow::Owned(inner.replace(&format!("{quote}{quote}"), &quote.to_string()))
        }
        _ => Cow::Borrowed(inner),
    }
}

/// Splits a text into its tokens; comments and white space are dropped.
///
/// # Errors
/// The position of what is no token: an open quote, a stray character.
pub fn tokenize(text: &str) -> Result<Vec<Token<'_>>, usize> {
    let mut tokens = Vec::new();
    let mut start = 0;
    while start < text.len() {
        let rest = &text[start..];
        if let Some(length) = blank(rest) {
            start += length;
            continue;
        }
        let (kind, length) = token(rest).ok_or(start)?;
        tokens.push(Token { kind, text: &rest[..length], start });
        start += length;
    }
    Ok(tokens)
}

/// A text as pieces of the kinds that all engines have.
///
/// # Errors
/// The place of what is no token.
pub fn lex(text: &str) -> Result<Lexed<'_>, Misfit> {
    let tokens =
        tokenize(text).map_err(|at| Misfit::new(at, "a quote is not closed, or a character does not belong there"))?;
    let end = tokens.last().map_or(0, Token::end);
    let lexemes =
        tokens.into_iter().map(|token| Lexeme { kind: token.kind.into(), text: token.text, start: token.start });
    Ok(Lexed { lexemes: lexemes.collect(), ends_in_comment: is_open(&text[end..]) })
}

impl From<Kind> for lexeme::Kind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Word => lexeme::Kind::Word,
            Kind::Quoted => lexeme::Kind::Quoted,
            Kind::Text | Kind::Blob => lexeme::Kind::Text,
            Kind::Number => lexeme::Kind::Number,
            Kind::Parameter => lexeme::Kind::Parameter,
            Kind::Symbol => lexeme::Kind::Mark,
        }
    }
}

/// Whether white space and comments end with a comment that goes on in whatever comes next.
fn is_open(mut blanks: &str) -> bool {
    while let Some(length) = blank(blanks) {
        let (this, after) = blanks.split_at(length);
        let closed = match this.get(..2) {
            Some("--") => this.ends_with('\n'),
            Some("/*") => length >= 4 && this.ends_with("*/"),
            _ => true,
        };
        if !closed {
            return true;
        }
        blanks = after;
    }
    false
}

/// The length of the white space or comment that a text starts with.
fn blank(text: &str) -> Option<usize> {
    if text.starts_with("--") {
        return Some(text.find('\n').map_or(text.len(), |at| at + 1));
    }
    if let Some(comment) = text.strip_prefix("/*") {
        return Some(comment.find("*/").map_or(text.len(), |at| at + 4));
    }
    let white = |c: char| matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0c' | '\u{feff}');
    let length = text.len() - text.trim_start_matches(white).len();
    (length > 0).then_some(length)
}

/// The kind and the length of the token that a text starts with.
fn token(text: &str) -> Option<(Kind, usize)> {
    let first = text.chars().next()?;
    let second = text[first.len_utf8()..].chars().next();
    match first {
        '\'' => Some((Kind::Text, quoted(text, '\'')?)),
        '"' | '`' => Some((Kind::Quoted, quoted(text, first)?)),
        '[' => Some((Kind::Quoted, text.find(']')? + 1)),
        'x' | 'X' if second == Some('\'') => Some((Kind::Blob, 1 + quoted(&text[1..], '\'')?)),
        '0'..='9' => Some((Kind::Number, number(text))),
        '.' if second.is_some_and(|c| c.is_ascii_digit()) => Some((Kind::Number, number(text))),
        '?' | ':' | '@' | '#' | '$' => Some((Kind::Parameter, 1 + word(&text[1..]))),
        _ if in_word(first) => Some((Kind::Word, word(text))),
        _ => symbol(text).map(|length| (Kind::Symbol, length)),
    }
}

/// The length of a text in quotes, both quotes included. A doubled quote does not end it.
fn quoted(text: &str, quote: char) -> Option<usize> {
    let mut from = 1;
    loop {
        let end = from + text[from..].find(quote)?;
        if !text[end + 1..].starts_with(quote) {
            return Some(end + 1);
        }
        from = end + 2;
    }
}

fn in_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '$') || !c.is_ascii()
}

fn word(text: &str) -> usize {
    text.find(|c| !in_word(c)).unwrap_or(text.len())
}

/// The length of a number: decimal with fraction and exponent, or hexadecimal, `_` between digits.
fn number(text: &str) -> usize {
    let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit() && c != '_').unwrap_or(text.len());
    if text.starts_with("0x") || text.starts_with("0X") {
        return 2 + text[2..].find(|c: char| !c.is_ascii_hexdigit() && c != '_').unwrap_or(text.len() - 2);
    }
    let mut length = digits(text);
    if text[length..].starts_with('.') {
        length += 1;
        length += digits(&text[length..]);
    }
    if text[length..].starts_with(['e', 'E']) {
        let sign = usize::from(text[length + 1..].starts_with(['+', '-']));
        let exponent = digits(&text[length + 1 + sign..]);
        length += if exponent > 0 { 1 + sign + exponent } else { 0 };
    }
    length
}

fn symbol(text: &str) -> Option<usize> {
    const LONG: [&str; 9] = ["->>", "->", "||", "<<", ">>", "<=", ">=", "<>", "!="];
    if let Some(long) = LONG.into_iter().chain(["=="]).find(|long| text.starts_with(long)) {
        return Some(long.len());
    }
    text.starts_with(['(', ')', ',', '.', ';', '+', '-', '*', '/', '%', '=', '<', '>', '&', '|', '~']).then_some(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(sql: &str) -> Vec<&str> {
        tokenize(sql).unwrap().into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn splits_what_sqlite_splits() {
        assert_eq!(texts("a>=1.5e-3 --x\n AND/*y*/b->>'$.c'"), ["a", ">=", "1.5e-3", "AND", "b", "->>", "'$.c'"]);
        assert_eq!(texts("x'0f' X0f .5 0xFFg 1_000"), ["x'0f'", "X0f", ".5", "0xFF", "g", "1_000"]);
        assert_eq!(texts("\"a\"\"b\" `c``d` [e\"f] 'g''h'"), ["\"a\"\"b\"", "`c``d`", "[e\"f]", "'g''h'"]);
    }

    #[test]
    fn takes_quotes_off() {
        let values: Vec<_> = tokenize("\"a\"\"b\" `c``d` [e\"f] 'g''h' ''").unwrap();
        let values: Vec<_> = values.iter().map(Token::value).collect();
        assert_eq!(values, ["a\"b", "c`d", "e\"f", "g'h", ""]);
    }

    #[test]
    fn says_where_a_quote_is_open() {
        assert_eq!(tokenize("a = 'b"), Err(4));
        assert_eq!(tokenize("a \\ b"), Err(2));
    }

    #[test]
    fn an_open_comment_ends_with_the_text() {
        assert_eq!(texts("a /* b"), ["a"]);
        assert_eq!(texts("ü → 1"), ["ü", "→", "1"]);
    }
}
