//! A walk over the tokens of one catalog text.

use crate::dialect::sqlite::canon::closing;
use crate::dialect::sqlite::tokens::{Token, tokenize};

/// A place in a text that was not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stuck {
    /// The position in bytes.
    pub at: usize,
}

/// What each reading function returns.
pub(super) type Read<T> = Result<T, Stuck>;

/// A walk over tokens, with the text that they are from.
pub(super) struct Cursor<'t, 'a> {
    text: &'a str,
    tokens: &'t [Token<'a>],
    next: usize,
    end: usize,
}

/// The tokens of a text.
pub(super) fn tokens(text: &str) -> Read<Vec<Token<'_>>> {
    tokenize(text).map_err(|at| Stuck { at })
}

impl<'t, 'a> Cursor<'t, 'a> {
    /// A walk from the first token on.
    pub(super) fn new(text: &'a str, tokens: &'t [Token<'a>]) -> Self {
        Self { text, tokens, next: 0, end: text.len() }
    }

    /// The token ahead.
    pub(super) fn peek(&self) -> Option<&'t Token<'a>> {
        self.tokens.get(self.next)
    }

    /// The token after the one ahead.
    fn peek_second(&self) -> Option<&'t Token<'a>> {
        self.tokens.get(self.next + 1)
    }

    /// Here is something that was not expected.
    pub(super) fn stuck<T>(&self) -> Read<T> {
        Err(Stuck { at: self.peek().map_or(self.end, |token| token.start) })
    }

    /// Takes the token ahead, whatever it is.
    pub(super) fn take(&mut self) -> Read<&'t Token<'a>> {
        let Some(token) = self.peek() else { return self.stuck() };
        self.next += 1;
        Ok(token)
    }

    /// Whether these words are ahead.
    pub(super) fn sees(&self, words: &[&str]) -> bool {
        let ahead = self.tokens.get(self.next..).unwrap_or_default();
        ahead.len() >= words.len() && ahead.iter().zip(words).all(|(token, word)| token.is_word(word))
    }

    /// Takes these words if they are ahead.
    pub(super) fn accept(&mut self, words: &[&str]) -> bool {
        let sees = self.sees(words);
        if sees {
            self.next += words.len();
        }
        sees
    }

    /// Takes these words.
    pub(super) fn expect(&mut self, words: &[&str]) -> Read<()> {
        if self.accept(words) { Ok(()) } else { self.stuck() }
    }

    /// Takes a mark if it is ahead.
    pub(super) fn accept_symbol(&mut self, symbol: &str) -> bool {
        let sees = self.peek().is_some_and(|token| token.is_symbol(symbol));
        self.next += usize::from(sees);
        sees
    }

    /// Takes a name; quotes come off.
    pub(super) fn name(&mut self) -> Read<String> {
        match self.peek() {
            Some(token) if token.is_name() => {
                self.next += 1;
                Ok(token.value().into_owned())
            }
            _ => self.stuck(),
        }
    }

    /// Takes a name that may have a database's name in front.
    pub(super) fn qualified(&mut self) -> Read<String> {
        if self.peek_second().is_some_and(|token| token.is_symbol(".")) {
            self.next += 2;
        }
        self.name()
    }

    /// Takes what is in the parentheses ahead, and them with it.
    pub(super) fn enclosed(&mut self) -> Read<&'t [Token<'a>]> {
        let ahead = self.tokens.get(self.next..).unwrap_or_default();
        if !ahead.first().is_some_and(|token| token.is_symbol("(")) {
            return self.stuck();
        }
        let Some(close) = closing(ahead) else { return self.stuck() };
        self.next += close + 1;
        Ok(&ahead[1..close])
    }

    /// Takes tokens as long as they are such ones.
    pub(super) fn take_while(&mut self, such: impl Fn(&Token<'a>) -> bool) -> &'t [Token<'a>] {
        let ahead = self.tokens.get(self.next..).unwrap_or_default();
        let number = ahead.iter().position(|token| !such(token)).unwrap_or(ahead.len());
        self.next += number;
        &ahead[..number]
    }

    /// Takes everything that is left.
    pub(super) fn rest(&mut self) -> &'t [Token<'a>] {
        let rest = self.tokens.get(self.next..).unwrap_or_default();
        self.next = self.tokens.len();
        rest
    }

    /// Whether nothing but a semicolon is left.
    pub(super) fn at_end(&mut self) -> bool {
        while self.accept_symbol(";") {}
        self.peek().is_none()
    }

    /// The text that tokens stand in.
    pub(super) fn text_of(&self, tokens: &[Token<'a>]) -> &'a str {
        match (tokens.first(), tokens.last()) {
            (Some(first), Some(last)) => &self.text[first.start..last.end()],
            _ => "",
        }
    }

    /// A walk over some of the tokens.
    pub(super) fn within(&self, tokens: &'t [Token<'a>]) -> Cursor<'t, 'a> {
        let end = tokens.last().map_or(self.end, Token::end);
        Cursor { text: self.text, tokens, next: 0, end }
    }
}

/// The tokens between commas that stand in no parentheses.
pub(super) fn between_commas<'t, 'a>(tokens: &'t [Token<'a>]) -> Vec<&'t [Token<'a>]> {
    let mut depth = 0_usize;
    tokens
        .split(|token| {
            if token.is_symbol("(") {
                depth += 1;
            } else if token.is_symbol(")") {
                depth = depth.saturating_sub(1);
            }
            depth == 0 && token.is_symbol(",")
        })
        .collect()
}
