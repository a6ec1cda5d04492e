//! A column of a `SHOW CREATE TABLE`.

use std::collections::BTreeMap;
use std::ops::Range;

use super::{Cursor, Defaults, NotModelled};
use crate::dialect::mysql::names::quote;
use crate::dialect::mysql::tokens::{Kind, Token};
use crate::dialect::mysql::types;
use crate::model::{Column, Generated, Identity, IdentityKind, Vendor};

/// A column before it is known what its table's collation is.
pub(super) struct Shown {
    column: Column,
    collation: Option<String>,
}

/// What can follow a default.
const AFTER_DEFAULT: [&str; 12] = [
    "ON",
    "AUTO_INCREMENT",
    "COMMENT",
    "INVISIBLE",
    "CHECK",
    "COLUMN_FORMAT",
    "STORAGE",
    "COMPRESSED",
    "SRID",
    "REF_SYSTEM_ID",
    "ENGINE_ATTRIBUTE",
    "SECONDARY_ENGINE_ATTRIBUTE",
];

/// Reads a column from its name to the comma after it.
pub(super) fn read(
    cursor: &mut Cursor<'_>,
    defaults: &Defaults,
    cuts: &mut Vec<Range<usize>>,
) -> Result<Shown, NotModelled> {
    let name = cursor.name()?;
    let mut column = Column::new(name, data_type(cursor)?);
    let (mut charset, mut collation) = (None, None);
    while cursor.peek().is_some_and(|token| !token.is_mark(',') && !token.is_mark(')')) {
        if cursor.take_all(&["CHARACTER", "SET"]) || cursor.take("CHARSET") {
            charset = Some(cursor.word()?);
        } else if cursor.take("COLLATE") {
            collation = Some(cursor.word()?);
        } else if cursor.take("DEFAULT") {
            column.default = default(cursor, defaults, cuts)?;
        } else {
            attribute(cursor, &mut column)?;
        }
    }
    let collation = defaults.resolve(charset.as_deref(), collation);
    Ok(Shown { column, collation })
}

fn data_type(cursor: &mut Cursor<'_>) -> Result<String, NotModelled> {
    let mut text = cursor.word()?;
    if cursor.peek().is_some_and(|token| token.is_mark('(')) {
        text = format!("{text}({})", cursor.parenthesised()?);
    }
    for word in ["unsigned", "zerofill"] {
        if cursor.take(word) {
            text = format!("{text} {word}");
        }
    }
    Ok(text)
}

fn attribute(cursor: &mut Cursor<'_>, column: &mut Column) -> Result<(), NotModelled> {
    if cursor.take_all(&["NOT", "NULL"]) {
        column.nullable = false;
    } else if cursor.take("NULL") || cursor.take("VISIBLE") {
        // said, and nothing but what holds anyway
    } else if cursor.take_all(&["GENERATED", "ALWAYS", "AS"]) {
        let expr = cursor.parenthesised()?.to_owned();
        let stored = cursor.take("STORED") || cursor.take("PERSISTENT");
        if !stored {
            cursor.expect("VIRTUAL")?;
        }
        column.generated = Some(Generated { expr, stored });
    } else if cursor.take("AUTO_INCREMENT") {
        column.identity = Some(Identity { kind: IdentityKind::AutoIncrement, options: BTreeMap::new() });
    } else if cursor.take_all(&["ON", "UPDATE"]) {
        let stops = |token: &Token<'_>| AFTER_DEFAULT.iter().any(|word| token.is(word));
        column.on_update = Some(cursor.until(stops)?.1.to_owned());
    } else if cursor.take("COMMENT") {
        column.comment = Some(cursor.string()?).filter(|comment| !comment.is_empty());
    } else {
        option(cursor, column)?;
    }
    Ok(())
}

fn option(cursor: &mut Cursor<'_>, column: &mut Column) -> Result<(), NotModelled> {
    let (key, value) = if cursor.take("INVISIBLE") {
        ("invisible", "true".to_owned())
    } else if cursor.take("CHECK") {
        ("check", cursor.parenthesised()?.to_owned())
    } else if cursor.take("COMPRESSED") {
        ("compressed", if cursor.take_mark('=') { cursor.word()? } else { "true".to_owned() })
    } else if cursor.take("COLUMN_FORMAT") {
        ("column_format", cursor.word()?)
    } else if cursor.take("STORAGE") {
        ("storage", cursor.word()?)
    } else if cursor.take("SRID") {
        ("srid", cursor.word()?)
    } else if cursor.take("REF_SYSTEM_ID") {
        cursor.expect_mark('=')?;
        ("srid", cursor.word()?)
    } else if cursor.take("ENGINE_ATTRIBUTE") {
        ("engine_attribute", cursor.string()?)
    } else if cursor.take("SECONDARY_ENGINE_ATTRIBUTE") {
        ("secondary_engine_attribute", cursor.string()?)
    } else {
        return Err(cursor.stuck());
    };
    column.options.insert(key.to_owned(), value);
    Ok(())
}

/// The default as it is printed; `DEFAULT NULL` is none. Sequences are printed with the database's own name, which
/// is cut: a copy of the database must count for itself.
fn default(
    cursor: &mut Cursor<'_>,
    defaults: &Defaults,
    cuts: &mut Vec<Range<usize>>,
) -> Result<Option<String>, NotModelled> {
    let (taken, text) = cursor.until(|token| AFTER_DEFAULT.iter().any(|word| token.is(word)))?;
    if taken.len() == 1 && taken[0].is("NULL") {
        return Ok(None);
    }
    let mut kept = String::with_capacity(text.len());
    let mut at = taken[0].start;
    for pair in taken.windows(2).filter(|pair| is_own_database(pair, &defaults.database)) {
        let cut = pair[0].start..pair[1].end();
        kept.push_str(&text[at - taken[0].start..cut.start - taken[0].start]);
        at = cut.end;
        cuts.push(cut);
    }
    kept.push_str(&text[at - taken[0].start..]);
    Ok(Some(kept))
}

fn is_own_database(pair: &[Token<'_>], database: &str) -> bool {
    pair[0].kind == Kind::Quoted && pair[1].is_mark('.') && pair[0].name().as_deref() == Some(database)
}

impl Shown {
    /// The column in a table of this collation.
    pub fn settle(self, table_collation: &str, vendor: Vendor) -> Column {
        let Shown { mut column, collation } = self;
        if !types::is_textual(&column.data_type) {
            return column;
        }
        let effective = collation.as_deref().unwrap_or(table_collation);
        if vendor == Vendor::Mariadb && is_json(&column, effective) {
            column.options.remove("check");
            column.data_type = "json".to_owned();
        } else {
            column.collation = collation.filter(|own| own != table_collation);
        }
        column
    }
}

/// MariaDB's `json` is a `longtext` of a certain collation with a certain check.
fn is_json(column: &Column, collation: &str) -> bool {
    let check = format!("json_valid({})", quote(&column.name));
    column.data_type == "longtext"
        && collation == "utf8mb4_bin"
        && column.options.get("check").is_some_and(|own| *own == check)
}
