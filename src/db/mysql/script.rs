//! Scripts as people and `mysqldump` write them: several statements, `DELIMITER`, version comments.

use super::{MysqlSession, SETTINGS};
use crate::db::{Connection, DbError, Trouble};
use crate::dialect::mysql::tokens::{Token, quoted_length, tokens};

impl MysqlSession {
    /// Runs a script in this database, whatever database the script would go to: `USE` and the making and
    /// dropping of databases are left out. What the script does to the session's settings ends with it.
    pub(super) async fn run_script(&mut self, sql: &str) -> Result<(), DbError> {
        let mut result = Ok(());
        for statement in split(sql).into_iter().filter(|statement| !chooses_database(statement)) {
            result = self.execute(statement).await.map(drop);
            if result.is_err() {
                break;
            }
        }
        let reset = self.ask(SETTINGS, "set up the session").await;
        result.and(reset.map(drop))?;
        self.still_here().await
    }

    async fn still_here(&mut self) -> Result<(), DbError> {
        let doing = "run a script";
        let answers = self.ask("SELECT DATABASE()", doing).await?;
        match super::column(answers).first() {
            Some(now) if *now == self.place.database => Ok(()),
            _ => Err(DbError::new(Trouble::Usage, doing, "the script changed to another database")
                .with_remedy("take the statements that choose a database out of the script")),
        }
    }
}

/// Whether a statement says which database is meant.
fn chooses_database(statement: &str) -> bool {
    let words: Vec<Token<'_>> = tokens(statement.get(..200).unwrap_or(statement)).into_iter().take(4).collect();
    match words.as_slice() {
        [first, ..] if first.is("USE") => true,
        [first, second, ..] if first.is("CREATE") || first.is("DROP") || first.is("ALTER") => {
            second.is("DATABASE") || second.is("SCHEMA")
        }
        _ => false,
    }
}

/// The statements of a script, without their delimiters.
fn split(script: &str) -> Vec<&str> {
    let mut statements = Vec::new();
    let mut delimiter = ";";
    let mut rest = script;
    while !rest.trim().is_empty() {
        if let Some((chosen, after)) = delimiter_line(rest) {
            delimiter = chosen;
            rest = after;
            continue;
        }
        let (statement, after) = cut(rest, delimiter);
        if !tokens(statement).is_empty() {
            statements.push(statement.trim());
        }
        rest = after;
    }
    statements
}

/// `DELIMITER //` at the start of a text, and what follows its line.
fn delimiter_line(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start();
    let word = text.get(..9)?;
    if !word.eq_ignore_ascii_case("DELIMITER") || !text[9..].starts_with([' ', '\t']) {
        return None;
    }
    let (line, after) = text[9..].split_once('\n').unwrap_or((&text[9..], ""));
    line.split_whitespace().next().map(|chosen| (chosen, after))
}

/// The first statement and what follows its delimiter, which does not count inside quotes and comments.
fn cut<'a>(text: &'a str, delimiter: &str) -> (&'a str, &'a str) {
    let mut at = 0;
    while at < text.len() {
        if text[at..].starts_with(delimiter) {
            return (&text[..at], &text[at + delimiter.len()..]);
        }
        at += whole(&text[at..]);
    }
    (text, "")
}

/// The length of what cannot hold a delimiter: a quoted text, a comment, or one character.
fn whole(text: &str) -> usize {
    let first = text.chars().next().map_or(1, char::len_utf8);
    let comment = text.starts_with("/*") && !text.starts_with("/*!") && !text.starts_with("/*M!");
    match text.as_bytes() {
        [b'/', b'*', ..] if comment => text.find("*/").map_or(text.len(), |end| end + 2),
        [b'-', b'-', space, ..] if space.is_ascii_whitespace() => text.find('\n').unwrap_or(text.len()),
        [b'#', ..] => text.find('\n').unwrap_or(text.len()),
        [b'\'' | b'"' | b'`', ..] => quoted_length(text).unwrap_or(text.len()),
        _ => first,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delimiters_in_quotes_and_comments_do_not_count() {
        let script =
            "create table a (b int default ';'); -- no; not\n/* ; */ insert into a values (\"x;\\\";\");\n# ;\n";
        let statements = split(script);
        assert_eq!(statements.len(), 2);
        assert!(statements[1].ends_with("(\"x;\\\";\")"));
    }

    #[test]
    fn the_delimiter_can_change() {
        let script = "DELIMITER ;;\nCREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW BEGIN SET @x=1; END ;;\nDELIMITER ;\nselect 1;";
        let statements = split(script);
        assert_eq!(statements.len(), 2);
        assert!(statements[0].ends_with("SET @x=1; END"));
    }

    #[test]
    fn a_script_cannot_choose_its_database() {
        for statement in ["use x", "/*!32312 CREATE DATABASE x*/", "DROP SCHEMA IF EXISTS sakila", "-- c\nUSE `x`"] {
            assert!(chooses_database(statement), "{statement}");
        }
        assert!(!chooses_database("create table use_me (a int)"));
    }
}
