//! Statements that hold text from outside, each in a way that lets the server take one alone.
//!
//! A message may hold several statements, so a text that ends one of them and begins another would be run as two.
//! `PREPARE` takes one statement and refuses whatever follows it, and it is given the text in hexadecimal digits, from which
//! nothing leads out, whatever the session's SQL mode is. MySQL prepares no `LOCK TABLES` and the like: of these the words and
//! quoted names are sent, and nothing else can stand in them.

use crate::dialect::mysql::tokens::{Kind, Token, tokens};

/// Statements that some servers do not prepare.
const SIMPLE: [&[&str]; 6] =
    [&["LOCK", "TABLES"], &["UNLOCK", "TABLES"], &["START", "TRANSACTION"], &["BEGIN"], &["COMMIT"], &["ROLLBACK"]];

/// The number of answers that a server gives to a statement that it prepares: to `SET`, to `PREPARE`, and its own.
const PREPARED: usize = 3;

/// Statements in one message.
pub(super) struct Message {
    /// What is sent.
    pub sql: String,
    /// How many answers each statement makes.
    answers: Vec<usize>,
}

impl Message {
    /// The statements, one after the other.
    pub fn of<'a>(statements: impl IntoIterator<Item = &'a str>) -> Self {
        let (pieces, answers): (Vec<_>, Vec<_>) = statements.into_iter().map(piece).unzip();
        Self { sql: pieces.join(";\n"), answers }
    }

    /// How many answers there are when all was done.
    pub fn expected(&self) -> usize {
        self.answers.iter().sum()
    }

    /// How many of the statements were done by the time there were so many answers.
    pub fn done(&self, answered: usize) -> usize {
        let so_far = self.answers.iter().scan(0, |sum, answers| {
            *sum += answers;
            Some(*sum)
        });
        so_far.take_while(|sum| *sum <= answered).count()
    }

    /// Where the own answers of the only statement begin.
    pub fn own(&self) -> usize {
        self.answers.first().map_or(0, |answers| answers - 1)
    }
}

/// A statement as it is sent, and how many answers that makes.
fn piece(statement: &str) -> (String, usize) {
    match simple(statement) {
        Some(words) => (words, 1),
        None => (prepared(statement), PREPARED),
    }
}

fn prepared(statement: &str) -> String {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).expect("half a byte is a digit");
    let digits: String = statement.bytes().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect();
    format!("SET @undrift = _utf8mb4 X'{digits}';\nPREPARE undrift FROM @undrift;\nEXECUTE undrift")
}

/// The words and names of a statement that need not be prepared, if it is one.
fn simple(statement: &str) -> Option<String> {
    // None of them is long, and most statements that are not are told by their first word.
    let found = SIMPLE.iter().find(|words| begins(statement, words[0]))?[0];
    let tokens = tokens(statement);
    let begins = |words: &&&[&str]| words.len() <= tokens.len() && words.iter().zip(&tokens).all(|(w, t)| t.is(w));
    let is_harmless =
        |token: &Token<'_>| matches!(token.kind, Kind::Word | Kind::Quoted) || token.is_mark(',') || token.is_mark('.');
    let ends = tokens.last().is_some_and(|last| statement[last.end()..].trim().is_empty());
    let fits = SIMPLE.iter().filter(|words| words[0] == found).any(|words| begins(&words));
    let joined = || tokens.iter().map(|token| token.text).collect::<Vec<_>>().join(" ");
    (fits && ends && tokens.iter().all(is_harmless)).then(joined)
}

fn begins(statement: &str, word: &str) -> bool {
    statement.trim_start().get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_cannot_lead_out_of_its_statement() {
        let hostile = "SELECT 'a'); DROP DATABASE x; -- \\' ` /*";
        let message = Message::of([hostile]);
        assert!(message.sql.starts_with("SET @undrift = _utf8mb4 X'53454c"), "{}", message.sql);
        assert_eq!(message.sql.matches(';').count(), 2);
        assert!(!message.sql.contains("DROP"));
    }

    #[test]
    fn what_is_not_prepared_holds_words_and_names_alone() {
        let sent = |sql| Message::of([sql]).sql;
        assert_eq!(sent("LOCK TABLES `a;b``c` WRITE, d.e READ"), "LOCK TABLES `a;b``c` WRITE , d . e READ");
        assert_eq!(sent(" unlock tables"), "unlock tables");
        for hostile in [
            "LOCK TABLES a WRITE; DROP TABLE b",
            "UNLOCK TABLES 'x",
            "START TRANSACTION /*; DROP TABLE b",
            "BEGIN NOT ATOMIC SELECT 1; END",
            "LOCK INSTANCE FOR BACKUP",
            "COMMITTED",
        ] {
            assert!(sent(hostile).starts_with("SET @undrift"), "{hostile}");
        }
    }

    #[test]
    fn answers_tell_how_far_it_came() {
        let message = Message::of(["LOCK TABLES a WRITE", "INSERT INTO a VALUES (1)", "UNLOCK TABLES"]);
        assert_eq!(message.expected(), 5);
        assert_eq!([0, 1, 3, 4, 5].map(|answered| message.done(answered)), [0, 1, 1, 2, 3]);
    }
}
