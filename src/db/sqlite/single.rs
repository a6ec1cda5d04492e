//! Where SQLite's statements end. The driver runs whatever follows the first one, too; texts from outside are to hold one
//! and nothing after it.
//!
//! The marks are told apart as SQLite's own tokenizer does it; a test compares both. A parameter ends nowhere that is worth
//! knowing and has no business in any text here: it is refused.

use crate::db::{DbError, Trouble};

/// Makes sure that a text holds one statement at most.
pub(super) fn one(sql: &str, doing: impl FnOnce() -> String) -> Result<(), DbError> {
    let parts = match statements(sql) {
        Ok(parts) if parts.len() <= 1 => return Ok(()),
        other => other,
    };
    let why = match parts {
        Ok(parts) => format!("it holds {} statements where one is expected; none of them ran", parts.len()),
        Err(why) => format!("{why}; nothing of it ran"),
    };
    let error = DbError::new(Trouble::Statement, doing(), why).with_statement(sql);
    Err(error.with_remedy(
        "take out what follows the first statement, from the schema file or from the database's own catalog",
    ))
}

/// The statements of a text, each with the semicolon that ends it.
pub(super) fn statements(sql: &str) -> Result<Vec<&str>, &'static str> {
    if sql.contains('\0') {
        return Err("it holds a NUL character, where SQLite takes it to end");
    }
    let mut found = Vec::new();
    let mut rest = sql;
    while !rest.is_empty() {
        let (statement, after) = rest.split_at(first(rest)?);
        if !is_blank(statement)? {
            found.push(statement);
        }
        rest = after;
    }
    Ok(found)
}

/// Whether there is nothing but white space, comments and semicolons.
fn is_blank(sql: &str) -> Result<bool, &'static str> {
    Ok(marks(sql).collect::<Result<Vec<_>, _>>()?.iter().all(|mark| mark.text == ";"))
}

/// The length of the first statement.
fn first(sql: &str) -> Result<usize, &'static str> {
    let mut head = Vec::new();
    let mut after_semicolon = false;
    let mut ended = false;
    for mark in marks(sql) {
        let Mark { text, end } = mark?;
        if head.len() < HEAD {
            head.push(text);
        }
        if text == ";" && (ended || !is_trigger(&head)) {
            return Ok(end);
        }
        ended |= after_semicolon && text.eq_ignore_ascii_case("END");
        after_semicolon = text == ";";
    }
    Ok(sql.len())
}

/// How many words tell a CREATE TRIGGER: as many as `EXPLAIN QUERY PLAN CREATE TEMP TRIGGER` has.
const HEAD: usize = 6;

/// Whether these are the first words of a CREATE TRIGGER, which alone has semicolons inside: its END follows one.
fn is_trigger(head: &[&str]) -> bool {
    let said = |words: &[&str]| {
        words.len() <= head.len() && words.iter().zip(head).all(|(word, text)| text.eq_ignore_ascii_case(word))
    };
    let explained = [&["EXPLAIN", "QUERY", "PLAN"][..], &["EXPLAIN"]].into_iter().find(|words| said(words));
    let head = &head[explained.map_or(0, <[&str]>::len)..];
    let is = |at: usize, word: &str| head.get(at).is_some_and(|text| text.eq_ignore_ascii_case(word));
    let temporary = is(1, "TEMP") || is(1, "TEMPORARY");
    is(0, "CREATE") && (is(1, "TRIGGER") || temporary && is(2, "TRIGGER"))
}

/// A word, a semicolon, or the first character of anything else that is neither white space nor a comment.
struct Mark<'a> {
    text: &'a str,
    end: usize,
}

fn marks(sql: &str) -> impl Iterator<Item = Result<Mark<'_>, &'static str>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while let Some(length) = blank(&sql[at..]) {
            at += length;
        }
        let start = at;
        let length = token(sql.get(at..).filter(|rest| !rest.is_empty())?);
        at = length.map_or(sql.len(), |length| at + length);
        Some(length.map(|_| Mark { text: &sql[start..at], end: at }))
    })
}

/// The length of the white space or the comment at the start.
fn blank(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    match bytes {
        [b' ' | b'\t' | b'\n' | b'\x0c' | b'\r', ..] => Some(1),
        [b'-', b'-', ..] => Some(text.find('\n').map_or(text.len(), |at| at + 1)),
        [b'/', b'*', _, ..] => Some(text[2..].find("*/").map_or(text.len(), |at| at + 4)),
        _ => text.starts_with('\u{feff}').then_some(3),
    }
}

/// The length of the token at the start.
fn token(text: &str) -> Result<usize, &'static str> {
    let first = text.chars().next().unwrap_or_default();
    match first {
        '\'' | '"' | '`' => closed(text, first),
        '[' => text.find(']').map(|at| at + 1).ok_or("a quote is open at its end"),
        '$' | '@' | '#' | ':' | '?' => Err("it holds a parameter"),
        _ if in_word(first) => Ok(text.find(|c| !in_word(c)).unwrap_or(text.len())),
        _ => Ok(first.len_utf8()),
    }
}

fn in_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '$' || !c.is_ascii()
}

/// The length of what is between quotes. A doubled quote reads as the end of one and the start of the next, which is all the
/// same here.
fn closed(text: &str, quote: char) -> Result<usize, &'static str> {
    text[1..].find(quote).map(|at| at + 2).ok_or("a quote is open at its end")
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt;
    use proptest::prelude::*;
    use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
    use sqlx::{ConnectOptions, Either};

    use super::*;

    const TRIGGER: &str = "CREATE TEMP TRIGGER IF NOT EXISTS g AFTER INSERT ON t WHEN 1 BEGIN SELECT ';'; SELECT CASE 1 WHEN 1 THEN 2 END; END";

    #[test]
    fn a_trigger_is_one_statement() {
        assert_eq!(statements(&format!("{TRIGGER};")).unwrap().len(), 1);
        assert_eq!(statements(&format!("/* ; */ {TRIGGER}; -- ;\nSELECT 1;;")).unwrap().len(), 2);
        assert_eq!(statements("CREATE TABLE trigger (a); SELECT 1").unwrap().len(), 2);
        assert_eq!(statements(&format!("EXPLAIN {TRIGGER}; EXPLAIN QUERY PLAN {TRIGGER}")).unwrap().len(), 2);
    }

    #[test]
    fn what_cannot_be_told_is_refused() {
        for text in ["SELECT $a('); SELECT $b(')", "SELECT 1\0; SELECT 2", "SELECT '", "SELECT [a"] {
            assert!(statements(text).is_err(), "{text}");
        }
        assert!(one("SELECT 1; SELECT 2", String::new).is_err());
    }

    /// How many statements SQLite runs of a text, and whether it takes all of them.
    async fn ran(connection: &mut SqliteConnection, text: &str) -> (usize, bool) {
        let mut stream = super::super::sql(text).fetch_many(connection);
        let mut count = 0;
        while let Some(item) = stream.next().await {
            match item {
                Ok(Either::Left(_)) => count += 1,
                Ok(Either::Right(_)) => {}
                Err(_) => return (count, false),
            }
        }
        (count, true)
    }

    fn text() -> impl Strategy<Value = String> {
        let pieces = [
            "SELECT 1",
            "SELECT ",
            "1",
            ";",
            ";",
            ";",
            "'",
            "'",
            "''",
            "\"",
            "`",
            "[",
            "]",
            "--",
            "\n",
            "/*",
            "*/",
            "/",
            "*",
            "$a",
            "(",
            ")",
            "x'",
            "x'00'",
            " ",
            "\u{feff}",
            "é",
            "END",
            "END;",
            "BEGIN",
            "CASE WHEN 1 THEN 2 END",
            "CREATE ",
            "TRIGGER ",
            "TEMP ",
            "EXPLAIN ",
            TRIGGER,
            "AS a",
            "->",
            ".5",
            "1e5",
        ];
        proptest::collection::vec(proptest::sample::select(pieces.to_vec()), 1..9).prop_map(|parts| parts.concat())
    }

    #[test]
    fn statements_end_where_sqlite_ends_them() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let connection = runtime.block_on(async {
            let options = SqliteConnectOptions::new().in_memory(true).disable_statement_logging();
            let mut connection = options.connect().await.unwrap();
            ran(&mut connection, "CREATE TABLE t (a)").await;
            std::cell::RefCell::new(connection)
        });
        proptest!(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) }, |(text in text())| {
            let (count, all) = runtime.block_on(ran(&mut connection.borrow_mut(), &text));
            match statements(&text) {
                Ok(found) if all => prop_assert_eq!(found.len(), count, "{}", text),
                Ok(found) => prop_assert!(found.len() >= count, "{}", text),
                Err(_) => prop_assert!(!all || text.contains('$'), "{}", text),
            }
        });
    }
}
