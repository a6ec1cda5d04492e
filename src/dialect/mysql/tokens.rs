//! A tokenizer for SQL in MySQL's spelling: enough to walk through what a server prints and to find
//! the columns that an expression mentions. It understands quotes, comments and version comments.

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
    let mut at = 0;
    while at < sql.len() {
        at += match blank(&sql[at..]) {
            0 => match token(&sql[at..]) {
                Some((kind, length)) => {
                    found.push(Token { kind, text: &sql[at..at + length], start: at });
                    length
                }
                None => break,
            },
            skipped => skipped,
        };
    }
    found
}

/// How many bytes of white space, comment or version-comment marks the text starts with.
fn blank(text: &str) -> usize {
    let bytes = text.as_bytes();
    match bytes {
        [b'/', b'*', b'!', ..] => 3 + digits(&bytes[3..]),
        [b'/', b'*', b'M', b'!', ..] => 4 + digits(&bytes[4..]),
        [b'/', b'*', ..] => text[2..].find("*/").map_or(text.len(), |end| end + 4),
        [b'*', b'/', ..] => 2,
        [b'-', b'-', space, ..] if space.is_ascii_whitespace() => line(text),
        [b'#', ..] => line(text),
        _ => bytes.iter().take_while(|byte| byte.is_ascii_whitespace()).count(),
    }
}

fn digits(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

fn line(text: &str) -> usize {
    text.find('\n').map_or(text.len(), |end| end + 1)
}

fn token(text: &str) -> Option<(Kind, usize)> {
    let first = text.chars().next()?;
    Some(match first {
        '`' => (Kind::Quoted, quoted(text, '`')?),
        '\'' | '"' => (Kind::Text, quoted(text, first)?),
        '0'..='9' => (Kind::Number, run(text, |c| is_word(c) || c == '.')),
        _ if is_word(first) => (Kind::Word, run(text, is_word)),
        _ => (Kind::Mark, first.len_utf8()),
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
    fn columns_are_found_by_name_and_not_in_strings() {
        assert_eq!(mentioned("concat(`a`, 'b') + C", ["a", "b", "c"]), ["a", "c"]);
    }
}
