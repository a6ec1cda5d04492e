//! What `SHOW CREATE TABLE` says, as a [`Table`] in canonical form.
//!
//! The server prints one spelling of everything, so reading it is a matter of walking through its
//! tokens. What left unsaid means "as the table" or "as the database" is left out here too. A text with
//! something in it that is not modelled (system versioning, periods, …) is refused as a whole and the table is
//! reported as not modelled: half a table would be a lie.

mod column;
mod cursor;
mod member;
mod options;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use cursor::Cursor;
pub(super) use cursor::NotModelled;

use crate::dialect::mysql::tokens::{Kind, Token, tokens};
use crate::model::{QName, Table, Vendor};

/// The default collation of each character set.
pub(super) type Charsets = BTreeMap<String, String>;

/// What an unsaid character set or collation means.
#[derive(Clone, Debug)]
pub(super) struct Defaults {
    /// The database that is read.
    pub database: String,
    /// Who makes the server.
    pub vendor: Vendor,
    /// The database's default collation.
    pub collation: String,
    /// The default collation of each character set.
    pub charsets: Arc<Charsets>,
}

impl Defaults {
    /// The collation that is meant by what is said of one, if something is.
    fn resolve(&self, charset: Option<&str>, collation: Option<String>) -> Option<String> {
        collation.or_else(|| charset.map(|name| self.charsets.get(name).cloned().unwrap_or_else(|| name.to_owned())))
    }
}

/// A table and the parts of its text that do not belong to its structure.
#[derive(Debug)]
pub(super) struct Shown {
    /// The table.
    pub table: Table,
    /// Counters, and the database's own name: what a copy or a raw key leaves out.
    pub cuts: Vec<Range<usize>>,
}

impl Shown {
    /// The text without what does not belong to the structure.
    pub fn cut(&self, text: &str) -> String {
        let mut kept = String::with_capacity(text.len());
        let mut at = 0;
        for cut in &self.cuts {
            kept.push_str(&text[at..cut.start]);
            at = cut.end;
        }
        kept.push_str(&text[at..]);
        kept
    }
}

/// Reads what `SHOW CREATE TABLE` printed.
pub(super) fn table(text: &str, defaults: &Defaults) -> Result<Shown, NotModelled> {
    let tokens = tokens(text);
    let mut cursor = Cursor::new(text, &tokens);
    cursor.expect("CREATE")?;
    cursor.expect("TABLE")?;
    let mut table = Table::new(QName::bare(cursor.name()?));
    let mut cuts = Vec::new();
    let mut columns = Vec::new();
    cursor.expect_mark('(')?;
    loop {
        if cursor.peek().is_some_and(|token| token.kind == Kind::Quoted) {
            columns.push(column::read(&mut cursor, defaults, &mut cuts)?);
        } else {
            member::read(&mut cursor, &mut table)?;
        }
        if !cursor.take_mark(',') {
            break;
        }
    }
    cursor.expect_mark(')')?;
    let collation = options::read(&mut cursor, defaults, &mut table, &mut cuts)?;
    table.columns = columns.into_iter().map(|column| column.settle(&collation, defaults.vendor)).collect();
    member::settle(&mut table);
    Ok(Shown { table, cuts })
}

/// Words in the text of a table that say what it is, where it is none that is modelled.
const KINDS: [(&[&str], &str); 5] = [
    (&["SYSTEM", "VERSIONING"], "system-versioned table"),
    (&["PERIOD", "FOR"], "table with a period"),
    (&["CONNECTION"], "federated table"),
    (&["UNION"], "merge table"),
    (&["INSERT_METHOD"], "merge table"),
];

/// What a table is that is not modelled.
pub(super) fn kind_of(text: &str) -> &'static str {
    let tokens = tokens(text);
    let says = |words: &[&str]| {
        tokens.windows(words.len()).any(|some| some.iter().zip(words).all(|(token, word)| token.is(word)))
    };
    KINDS.iter().find(|(words, _)| says(words)).map_or("table of a kind of its own", |(_, kind)| kind)
}

/// The text of a table without the counter for its next row, but without working out what it means either.
/// The counter stands among the options, before any of them that is quoted; an empty table has none.
pub(super) fn without_counter(text: &str) -> Cow<'_, str> {
    let options = text.rfind("\n) ").unwrap_or(text.len());
    let plain = text[options..].split('\'').next().unwrap_or_default();
    let Some(at) = plain.find(" AUTO_INCREMENT=") else { return Cow::Borrowed(text) };
    let (before, counter) = text.split_at(options + at);
    let counter = counter.trim_start_matches(" AUTO_INCREMENT=");
    Cow::Owned(format!("{before}{}", counter.trim_start_matches(|c: char| c.is_ascii_digit())))
}

/// Where `DEFINER = user@host` and the space after it stand in a `CREATE` statement: a copy must not need
/// the right to make things in somebody else's name.
pub(super) fn without_definer(text: &str) -> String {
    let tokens = tokens(text);
    let Some(first) = tokens.iter().take(8).position(|token| token.is("DEFINER")) else { return text.to_owned() };
    let after = |token: &Token<'_>| token.is_mark('=') || token.is_mark('@') || token.kind != Kind::Mark;
    let span: Vec<_> = tokens[first..].iter().take(5).take_while(|token| after(token)).collect();
    match span.as_slice() {
        [_, _, _, at, host] if at.is_mark('@') => cut_to(text, tokens[first].start, host.end()),
        [_, _, user, ..] => cut_to(text, tokens[first].start, user.end()),
        _ => text.to_owned(),
    }
}

fn cut_to(text: &str, from: usize, to: usize) -> String {
    format!("{}{}", &text[..from], text[to..].trim_start())
}

#[cfg(test)]
mod tests;
