//! A script as single statements.

use super::scan::{Kind, Lexis, Scanner, Token, Unreadable, in_word};

/// A statement with more tokens than this is no statement of a schema.
const MOST_TOKENS: usize = 1_000_000;

/// How an engine's client finds the end of a statement that holds others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compound {
    /// `BEGIN ATOMIC … END` in functions, and parentheses (PostgreSQL).
    Atomic,
    /// `DELIMITER` says what ends statements (MySQL).
    Delimiter,
    /// `END;` after a `;` in CREATE TRIGGER (SQLite).
    Trigger,
}

/// A part of a script.
#[derive(Debug)]
pub(crate) enum Part<'a> {
    /// One statement, without what ends it.
    Statement(Tokens<'a>),
    /// A line for the client: `\connect x`, `DELIMITER //`, `.read x`. Where it starts and ends.
    Line(usize, usize),
    /// A comment of one line, at the start of a line.
    Remark(usize, usize),
}

/// The tokens of one statement, blanks left out.
#[derive(Debug)]
pub(crate) struct Tokens<'a> {
    source: &'a str,
    folds: bool,
    pub list: Vec<Token>,
    /// The marks of version comments, which are no part of what the server runs.
    pub versions: Vec<Token>,
    /// Where its first token starts.
    pub start: usize,
    /// Where its last token ends.
    pub end: usize,
}

/// Cuts a script into its parts.
pub(crate) struct Splitter<'a> {
    text: &'a str,
    scanner: Scanner<'a>,
    folds: bool,
    compound: Compound,
    delimiter: String,
}

/// Where the end of a statement is looked for.
#[derive(Default)]
struct Progress {
    parentheses: usize,
    blocks: usize,
}

impl<'a> Splitter<'a> {
    pub fn new(text: &'a str, lexis: &'a Lexis, compound: Compound) -> Self {
        let scanner = Scanner::new(text, lexis);
        Self { text, scanner, folds: lexis.folds, compound, delimiter: ";".to_owned() }
    }

    /// The next part, if there is one.
    pub fn next(&mut self) -> Result<Option<Part<'a>>, Unreadable> {
        let mut tokens = self.nothing();
        let mut progress = Progress::default();
        loop {
            if self.text[self.scanner.at..].starts_with(&self.delimiter) && self.may_end(&tokens, &progress) {
                self.scanner.at += self.delimiter.len();
                if !tokens.list.is_empty() || self.scanner.version.is_some() {
                    return self.ended(tokens).map(Some);
                }
                tokens = self.nothing();
                continue;
            }
            if tokens.list.is_empty() && self.line_starts() {
                return Ok(Some(self.line()));
            }
            let Some(token) = self.token()? else {
                return if tokens.list.is_empty() { Ok(None) } else { self.ended(tokens).map(Some) };
            };
            if token.kind == Kind::Blank && tokens.list.is_empty() && self.is_remark(token) {
                return Ok(Some(Part::Remark(token.start, token.end)));
            }
            match token.kind {
                Kind::Blank => {}
                Kind::Version => tokens.versions.push(token),
                _ => {
                    tokens.list.push(token);
                    progress.follow(&tokens, self.compound);
                }
            }
            if tokens.list.len() > MOST_TOKENS {
                return Err((tokens.list[0].start, "this statement has more than a million words"));
            }
        }
    }

    fn nothing(&self) -> Tokens<'a> {
        let (list, versions) = (Vec::new(), Vec::new());
        Tokens { source: self.text, folds: self.folds, list, versions, start: 0, end: 0 }
    }

    /// The next token; a delimiter ends a word that it stands in.
    fn token(&mut self) -> Result<Option<Token>, Unreadable> {
        let token = self.scanner.next()?;
        Ok(token.map(|mut token| {
            if self.delimiter != ";" && matches!(token.kind, Kind::Word | Kind::Number) {
                let within = self.text[token.start..token.end].find(&self.delimiter);
                token.end = within.map_or(token.end, |at| token.start + at);
                self.scanner.at = token.end;
            }
            token
        }))
    }

    fn may_end(&self, tokens: &Tokens<'_>, progress: &Progress) -> bool {
        match self.compound {
            Compound::Atomic => progress.parentheses == 0 && progress.blocks == 0,
            Compound::Delimiter => true,
            Compound::Trigger => !tokens.is_trigger() || tokens.ends_with_end(),
        }
    }

    /// A statement ends; a version comment must not be open across its end.
    fn ended(&mut self, mut tokens: Tokens<'a>) -> Result<Part<'a>, Unreadable> {
        if let Some(open) = self.scanner.version {
            return Err((open, "this comment is closed after the end of the statement, or never"));
        }
        tokens.start = tokens.list.first().map_or(self.scanner.at, |token| token.start);
        tokens.end = tokens.list.last().map_or(self.scanner.at, |token| token.end);
        Ok(Part::Statement(tokens))
    }

    /// Whether a line for the client starts here.
    fn line_starts(&self) -> bool {
        let rest = &self.text[self.scanner.at..];
        match self.compound {
            Compound::Atomic => rest.starts_with('\\'),
            Compound::Trigger => rest.starts_with('.'),
            Compound::Delimiter => {
                let word = rest.get(..9).is_some_and(|word| word.eq_ignore_ascii_case("DELIMITER"));
                rest.starts_with('\\') || (word && rest[9..].starts_with([' ', '\t']))
            }
        }
    }

    fn line(&mut self) -> Part<'a> {
        let start = self.scanner.at;
        let length = self.text[start..].find('\n').unwrap_or(self.text.len() - start);
        let line = &self.text[start..start + length];
        if self.compound == Compound::Delimiter && !line.starts_with('\\') {
            self.delimiter = line[9..].split_whitespace().next().unwrap_or(";").to_owned();
        }
        self.scanner.at = start + length;
        Part::Line(start, start + line.trim_end().len())
    }

    /// Leaves out the rows that follow a `COPY … FROM stdin`.
    pub fn skip_rows(&mut self) {
        let rest = &self.text[self.scanner.at..];
        let end = rest.find("\n\\.").map_or(rest.len(), |end| end + 3);
        self.scanner.at += end;
    }

    /// Whether a comment of one line starts where its line does.
    fn is_remark(&self, token: Token) -> bool {
        let before = self.text[..token.start].chars().next_back();
        self.text[token.start..].starts_with("--") && before.is_none_or(|c| c == '\n')
    }
}

impl Progress {
    fn follow(&mut self, tokens: &Tokens<'_>, compound: Compound) {
        let last = tokens.list.len() - 1;
        if compound != Compound::Atomic {
            return;
        }
        match tokens.text(last) {
            "(" => self.parentheses += 1,
            ")" => self.parentheses = self.parentheses.saturating_sub(1),
            _ if tokens.is(last, "ATOMIC") && last > 0 && tokens.is(last - 1, "BEGIN") => self.blocks += 1,
            _ if self.blocks > 0 && tokens.is(last, "CASE") => self.blocks += 1,
            _ if self.blocks > 0 && tokens.is(last, "END") => self.blocks -= 1,
            _ => {}
        }
    }
}

impl<'a> Tokens<'a> {
    /// How a token is written.
    pub fn text(&self, at: usize) -> &'a str {
        self.list.get(at).map_or("", |token| &self.source[token.start..token.end])
    }

    /// Whether a token is this keyword.
    pub fn is(&self, at: usize, word: &str) -> bool {
        self.list.get(at).is_some_and(|token| token.kind == Kind::Word) && self.text(at).eq_ignore_ascii_case(word)
    }

    /// Whether a token is one of these keywords.
    pub fn is_any(&self, at: usize, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(at, word))
    }

    /// Whether a token can be a name.
    pub fn is_name(&self, at: usize) -> bool {
        self.list.get(at).is_some_and(|token| matches!(token.kind, Kind::Word | Kind::Quoted | Kind::Text))
    }

    /// The name that a token stands for, or the characters of a string.
    pub fn name(&self, at: usize) -> String {
        let text = self.text(at);
        match self.list.get(at).map(|token| token.kind) {
            Some(Kind::Quoted | Kind::Text) if text.len() > 1 && !text.starts_with(in_word) => {
                let quote = &text[text.len() - 1..];
                text[1..text.len() - 1].replace(&quote.repeat(2), quote)
            }
            Some(Kind::Word) if self.folds => text.to_lowercase(),
            _ => text.to_owned(),
        }
    }

    /// The tokens that stand in no parentheses, from one on.
    pub fn outside(&self, from: usize) -> impl Iterator<Item = usize> + '_ {
        let mut depth = 0_usize;
        (from..self.list.len()).filter(move |at| {
            match self.text(*at) {
                "(" => depth += 1,
                ")" => depth = depth.saturating_sub(1),
                _ => return depth == 0,
            }
            false
        })
    }

    fn is_trigger(&self) -> bool {
        let at = if self.is_any(1, &["TEMP", "TEMPORARY"]) { 2 } else { 1 };
        self.is(0, "CREATE") && self.is(at, "TRIGGER")
    }

    fn ends_with_end(&self) -> bool {
        let count = self.list.len();
        count > 1 && self.is(count - 1, "END") && self.text(count - 2) == ";"
    }
}
