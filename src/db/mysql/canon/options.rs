//! The options after the parentheses of a `SHOW CREATE TABLE`.

use std::ops::Range;

use super::{Cursor, Defaults, NotModelled};
use crate::dialect::mysql::tokens::{Kind, Token};
use crate::model::Table;

/// Options that say that the table is something else than a table with rows of its own.
const FOREIGN: [&str; 4] = ["sequence", "union", "connection", "insert_method"];

/// Reads all options into the table and returns the table's collation.
pub(super) fn read(
    cursor: &mut Cursor<'_>,
    defaults: &Defaults,
    table: &mut Table,
    cuts: &mut Vec<Range<usize>>,
) -> Result<String, NotModelled> {
    let (mut charset, mut collation) = (None, None);
    while let Some(first) = cursor.peek() {
        if first.is("PARTITION") {
            let clause = cursor.rest().trim_end().trim_end_matches("*/").trim_end();
            table.options.insert("partitions".to_owned(), clause.to_owned());
            break;
        }
        let (key, value) = option(cursor)?;
        match key.as_str() {
            "auto_increment" => cuts.push(counter(first, cursor)),
            "charset" | "character_set" => charset = Some(value.to_ascii_lowercase()),
            "collate" => collation = Some(value.to_ascii_lowercase()),
            "engine" if value.eq_ignore_ascii_case("InnoDB") => {}
            "comment" => table.comment = Some(value).filter(|comment| !comment.is_empty()),
            key if FOREIGN.contains(&key) => return Err(NotModelled(first.text.to_owned())),
            _ => drop(table.options.insert(key, value)),
        }
    }
    // Aria's tables have checksums unless they say not to; others keep the word when they cease to be Aria's.
    let is_aria = table.options.get("engine").is_some_and(|engine| engine.eq_ignore_ascii_case("aria"));
    table.options.retain(|key, value| key != "page_checksum" || (is_aria && value != "1"));
    let collation = defaults.resolve(charset.as_deref(), collation).unwrap_or_else(|| defaults.collation.clone());
    if collation != defaults.collation {
        table.options.insert("collation".to_owned(), collation.clone());
    }
    Ok(collation)
}

/// Where the counter stands, up to the next option, so that cutting it leaves no gap.
fn counter(first: &Token<'_>, cursor: &Cursor<'_>) -> Range<usize> {
    first.start..cursor.place()
}

/// `ROW_FORMAT=DYNAMIC` as its key in small letters and its value.
fn option(cursor: &mut Cursor<'_>) -> Result<(String, String), NotModelled> {
    cursor.take("DEFAULT");
    let mut key = cursor.name()?.to_ascii_lowercase();
    if let ("data" | "index" | "character", Some(second)) = (key.as_str(), cursor.peek()) {
        key = format!("{key}_{}", second.text.to_ascii_lowercase());
        cursor.next()?;
    }
    if !cursor.take_mark('=') && key != "tablespace" {
        return Err(NotModelled(key));
    }
    let value = cursor.next()?;
    let text = match value.kind {
        Kind::Text => value.string(),
        Kind::Word | Kind::Quoted => value.name(),
        Kind::Number => Some(value.text.to_owned()),
        Kind::Mark => None,
    };
    text.map(|text| (key, text)).ok_or_else(|| NotModelled(value.text.to_owned()))
}
