//! What every engine's lexer makes of a text: its pieces, and how it ends.

/// What a piece of a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A keyword, or a name without quotes.
    Word,
    /// A name in quotes.
    Quoted,
    /// A string or a blob.
    Text,
    /// A number.
    Number,
    /// A parameter, for which a value would have to be given.
    Parameter,
    /// Where a comment that some versions run begins or ends: `/*!50100`, `*/`.
    Versioned,
    /// An operator, a parenthesis, a comma, a dot or a semicolon.
    Mark,
}

/// A piece of a text. White space and comments are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lexeme<'a> {
    /// What it is.
    pub kind: Kind,
    /// How it is written, quotes included.
    pub text: &'a str,
    /// Where it starts, in bytes.
    pub start: usize,
}

impl Lexeme<'_> {
    /// Whether it is this keyword, in whatever case.
    pub fn is(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(word)
    }

    /// Whether it is one of these keywords.
    pub fn is_one_of(&self, words: &[&str]) -> bool {
        self.kind == Kind::Word && words.iter().any(|word| self.text.eq_ignore_ascii_case(word))
    }

    /// Whether it is this mark.
    pub fn is_mark(&self, mark: &str) -> bool {
        self.kind == Kind::Mark && self.text == mark
    }

    /// Whether it can be a name: a word, or one in quotes.
    pub fn is_name(&self) -> bool {
        matches!(self.kind, Kind::Word | Kind::Quoted)
    }

    /// What it opens or closes, if it is a parenthesis of any kind.
    fn bracket(&self) -> Option<Bracket> {
        match (self.kind, self.text) {
            (Kind::Mark, "(") => Some(Bracket::Opens(b')')),
            (Kind::Mark, "[") => Some(Bracket::Opens(b']')),
            (Kind::Mark, "{") => Some(Bracket::Opens(b'}')),
            (Kind::Mark, ")") => Some(Bracket::Closes(b')')),
            (Kind::Mark, "]") => Some(Bracket::Closes(b']')),
            (Kind::Mark, "}") => Some(Bracket::Closes(b'}')),
            _ => None,
        }
    }
}

enum Bracket {
    Opens(u8),
    Closes(u8),
}

/// A text that was taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lexed<'a> {
    /// Its pieces.
    pub lexemes: Vec<Lexeme<'a>>,
    /// Whether it ends within a comment, which would go on in what comes after it.
    pub ends_in_comment: bool,
}

/// Why a text is not what it has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// Where in the text, in bytes.
    pub at: usize,
    /// What is wrong there, as the end of a sentence.
    pub why: String,
}

impl Misfit {
    /// A reason at a place.
    pub fn new(at: usize, why: impl Into<String>) -> Self {
        Self { at, why: why.into() }
    }

    /// A quote or comment that nothing closes.
    pub fn open(at: usize, what: &str) -> Self {
        Self::new(at, format!("a {what} is not closed"))
    }

    /// A piece that does not belong there.
    pub fn unexpected(lexeme: &Lexeme<'_>) -> Self {
        let shown: String = lexeme.text.chars().take(40).collect();
        Self::new(lexeme.start, format!("`{shown}` does not belong there"))
    }
}

impl<'a> Lexed<'a> {
    /// Goes through the pieces with the depth of parentheses that each stands at; a parenthesis itself stands outside.
    ///
    /// # Errors
    /// What `check` says, and parentheses that do not belong together.
    pub fn walk(&self, mut check: impl FnMut(&Lexeme<'a>, usize) -> Result<(), Misfit>) -> Result<(), Misfit> {
        let mut open: Vec<(u8, usize)> = Vec::new();
        for lexeme in &self.lexemes {
            match lexeme.bracket() {
                Some(Bracket::Opens(closer)) => {
                    check(lexeme, open.len())?;
                    open.push((closer, lexeme.start));
                }
                Some(Bracket::Closes(closer)) => match open.pop() {
                    Some((expected, _)) if expected == closer => check(lexeme, open.len())?,
                    _ => return Err(Misfit::new(lexeme.start, format!("`{}` closes nothing", lexeme.text))),
                },
                None => check(lexeme, open.len())?,
            }
        }
        match open.last() {
            Some((_, start)) => Err(Misfit::open(*start, "parenthesis")),
            None => Ok(()),
        }
    }

    /// One expression: nothing in it can end it or the statement that it is put into.
    ///
    /// # Errors
    /// Where it is more or less than that.
    pub fn expression(&self) -> Result<(), Misfit> {
        if self.lexemes.is_empty() {
            return Err(Misfit::new(0, "nothing stands there"));
        }
        self.walk(|lexeme, depth| match (lexeme.kind, lexeme.text) {
            (Kind::Parameter | Kind::Versioned, _) | (Kind::Mark, ";") => Err(Misfit::unexpected(lexeme)),
            (Kind::Mark, ",") if depth == 0 => Err(Misfit::new(lexeme.start, "`,` parts it in two")),
            _ => Ok(()),
        })?;
        self.ended()
    }

    /// That it does not end within a comment.
    ///
    /// # Errors
    /// Where it does.
    pub fn ended(&self) -> Result<(), Misfit> {
        let end = self.lexemes.last().map_or(0, |last| last.start + last.text.len());
        if self.ends_in_comment { Err(Misfit::open(end, "comment")) } else { Ok(()) }
    }

    /// A walk over the pieces, one after the other.
    pub fn steps(&self) -> Steps<'_, 'a> {
        Steps { lexemes: &self.lexemes, next: 0 }
    }
}

/// A walk over pieces that takes one after the other.
#[derive(Clone, Copy)]
pub struct Steps<'l, 'a> {
    lexemes: &'l [Lexeme<'a>],
    next: usize,
}

impl<'l, 'a> Steps<'l, 'a> {
    /// The piece ahead.
    pub fn peek(&self) -> Option<&'l Lexeme<'a>> {
        self.lexemes.get(self.next)
    }

    /// The pieces that are left.
    pub fn rest(&self) -> &'l [Lexeme<'a>] {
        &self.lexemes[self.next..]
    }

    /// Takes the piece ahead if it is such a one.
    pub fn take_if(&mut self, such: impl Fn(&Lexeme<'a>) -> bool) -> Option<&'l Lexeme<'a>> {
        let taken = self.peek().filter(|lexeme| such(lexeme))?;
        self.next += 1;
        Some(taken)
    }

    /// Takes these keywords if all of them are ahead.
    pub fn take_words(&mut self, words: &[&str]) -> bool {
        let ahead = self.rest();
        let are = ahead.len() >= words.len() && words.iter().zip(ahead).all(|(word, lexeme)| lexeme.is(word));
        self.next += if are { words.len() } else { 0 };
        are
    }

    /// Takes this mark if it is ahead.
    pub fn take_mark(&mut self, mark: &str) -> bool {
        self.take_if(|lexeme| lexeme.is_mark(mark)).is_some()
    }

    /// Takes a name, with the names before it that dots part from it.
    pub fn take_qualified(&mut self) -> bool {
        let before = self.next;
        loop {
            if self.take_if(Lexeme::is_name).is_none() {
                self.next = before;
                return false;
            }
            if !self.take_mark(".") {
                return true;
            }
        }
    }

    /// Takes what stands in the parentheses ahead, and them with it. All of it has to be balanced.
    pub fn take_enclosed(&mut self) -> Option<&'l [Lexeme<'a>]> {
        let ahead = self.rest();
        ahead.first().filter(|first| matches!(first.bracket(), Some(Bracket::Opens(_))))?;
        let mut depth = 0_usize;
        let close = ahead.iter().position(|lexeme| {
            match lexeme.bracket() {
                Some(Bracket::Opens(_)) => depth += 1,
                Some(Bracket::Closes(_)) => depth -= 1,
                None => {}
            }
            depth == 0
        })?;
        self.next += close + 1;
        Some(&ahead[1..close])
    }

    /// That nothing is left.
    ///
    /// # Errors
    /// What is left.
    pub fn end(&self) -> Result<(), Misfit> {
        self.peek().map_or(Ok(()), |lexeme| Err(Misfit::unexpected(lexeme)))
    }

    /// That something is wrong with the piece ahead, or with the end of the text.
    pub fn stuck(&self) -> Misfit {
        let end = self.lexemes.last().map_or(0, |last| last.start + last.text.len());
        self.peek().map_or_else(|| Misfit::new(end, "something is missing at its end"), Misfit::unexpected)
    }
}

/// The length of what a text begins with, up to the quote that closes it; a doubled quote does not. `None` if none does.
pub(super) fn quoted(text: &str, quote: u8) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 1;
    loop {
        at += bytes.get(at..)?.iter().position(|byte| *byte == quote)? + 1;
        if bytes.get(at) != Some(&quote) {
            return Some(at);
        }
        at += 1;
    }
}
