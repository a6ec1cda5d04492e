//! A walk through tokens.

use crate::dialect::mysql::tokens::{Kind, Token};

/// Something stands in a definition that the model has no place for.
#[derive(Debug)]
pub(in crate::db::mysql) struct NotModelled(pub String);

/// A place in a list of tokens.
pub(super) struct Cursor<'a> {
    text: &'a str,
    tokens: &'a [Token<'a>],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub fn new(text: &'a str, tokens: &'a [Token<'a>]) -> Self {
        Self { text, tokens, at: 0 }
    }

    /// The next token.
    pub fn peek(&self) -> Option<&'a Token<'a>> {
        self.tokens.get(self.at)
    }

    /// Where the next token starts; the end of the text after the last one.
    pub fn place(&self) -> usize {
        self.peek().map_or(self.text.len(), |token| token.start)
    }

    /// Takes the next token.
    pub fn next(&mut self) -> Result<&'a Token<'a>, NotModelled> {
        let token = self.peek().ok_or_else(|| NotModelled("the definition ends too early".to_owned()))?;
        self.at += 1;
        Ok(token)
    }

    /// What cannot be understood, for people: the next token.
    pub fn stuck(&self) -> NotModelled {
        NotModelled(self.peek().map_or("the definition ends too early".to_owned(), |token| token.text.to_owned()))
    }

    /// Takes the next token if it is this keyword.
    pub fn take(&mut self, word: &str) -> bool {
        let is = self.peek().is_some_and(|token| token.is(word));
        self.at += usize::from(is);
        is
    }

    /// Takes the next tokens if they are these keywords.
    pub fn take_all(&mut self, words: &[&str]) -> bool {
        let rest = &self.tokens[self.at..];
        let are = rest.len() >= words.len() && words.iter().zip(rest).all(|(word, token)| token.is(word));
        self.at += if are { words.len() } else { 0 };
        are
    }

    /// Takes the next token if it is this mark.
    pub fn take_mark(&mut self, mark: char) -> bool {
        let is = self.peek().is_some_and(|token| token.is_mark(mark));
        self.at += usize::from(is);
        is
    }

    pub fn expect(&mut self, word: &str) -> Result<(), NotModelled> {
        if self.take(word) { Ok(()) } else { Err(self.stuck()) }
    }

    pub fn expect_mark(&mut self, mark: char) -> Result<(), NotModelled> {
        if self.take_mark(mark) { Ok(()) } else { Err(self.stuck()) }
    }

    /// A name.
    pub fn name(&mut self) -> Result<String, NotModelled> {
        let stuck = self.stuck();
        self.next()?.name().ok_or(stuck)
    }

    /// A bare word or number in small letters.
    pub fn word(&mut self) -> Result<String, NotModelled> {
        let stuck = self.stuck();
        let token = self.next()?;
        match token.kind {
            Kind::Word | Kind::Number => Ok(token.text.to_ascii_lowercase()),
            _ => Err(stuck),
        }
    }

    /// A string's characters.
    pub fn string(&mut self) -> Result<String, NotModelled> {
        let stuck = self.stuck();
        self.next()?.string().ok_or(stuck)
    }

    /// What stands between the next parenthesis and the one that closes it.
    pub fn parenthesised(&mut self) -> Result<&'a str, NotModelled> {
        let open = self.peek().map(Token::end);
        self.expect_mark('(')?;
        let mut depth = 1;
        loop {
            let token = self.next()?;
            depth += i32::from(token.is_mark('(')) - i32::from(token.is_mark(')'));
            if depth == 0 {
                return Ok(self.text[open.unwrap_or_default()..token.start].trim());
            }
        }
    }

    /// The tokens up to a comma, a closing parenthesis or what `stops`, outside of parentheses; and their text.
    pub fn until(&mut self, stops: impl Fn(&Token<'a>) -> bool) -> Result<(&'a [Token<'a>], &'a str), NotModelled> {
        let from = self.at;
        let mut depth = 0;
        while let Some(token) = self.peek() {
            if depth == 0 && (token.is_mark(',') || token.is_mark(')') || (self.at > from && stops(token))) {
                break;
            }
            depth += i32::from(token.is_mark('(')) - i32::from(token.is_mark(')'));
            self.at += 1;
        }
        let taken = &self.tokens[from..self.at];
        match (taken.first(), taken.last()) {
            (Some(first), Some(last)) => Ok((taken, &self.text[first.start..last.end()])),
            _ => Err(self.stuck()),
        }
    }

    /// The text from a token on to the end.
    pub fn rest(&mut self) -> &'a str {
        let from = self.place();
        self.at = self.tokens.len();
        &self.text[from..]
    }
}
