//! A key, index or constraint of a `SHOW CREATE TABLE`.

use std::collections::BTreeMap;

use super::{Cursor, NotModelled};
use crate::dialect::mysql::tokens::Kind;
use crate::model::{Check, Deferrable, ForeignKey, Index, Part, PartSource, QName, Table};

/// Reads one and puts it into the table.
pub(super) fn read(cursor: &mut Cursor<'_>, table: &mut Table) -> Result<(), NotModelled> {
    if cursor.take_all(&["PRIMARY", "KEY"]) {
        let (_, index) = index(cursor, None)?;
        table.primary_key = Some(Index { name: None, unique: true, ..index });
    } else if cursor.take("CONSTRAINT") {
        let name = cursor.name()?;
        if cursor.take_all(&["FOREIGN", "KEY"]) {
            table.foreign_keys.push(foreign_key(cursor, name)?);
        } else {
            cursor.expect("CHECK")?;
            table.checks.push(check(cursor, name)?);
        }
    } else {
        let unique = cursor.take("UNIQUE");
        let method = ["FULLTEXT", "SPATIAL"].into_iter().find(|word| cursor.take(word));
        cursor.expect("KEY")?;
        let (name, index) = index(cursor, method)?;
        table.indexes.push(Index { name, unique, ..index });
    }
    Ok(())
}

/// The rest of an index: its name, parts and options.
fn index(cursor: &mut Cursor<'_>, method: Option<&str>) -> Result<(Option<String>, Index), NotModelled> {
    let mut index = Index { method: method.map(str::to_ascii_lowercase), ..Index::default() };
    let name = match cursor.peek() {
        Some(token) if token.kind == Kind::Quoted => Some(cursor.name()?),
        _ => None,
    };
    cursor.expect_mark('(')?;
    loop {
        index.parts.push(part(cursor)?);
        if !cursor.take_mark(',') {
            break;
        }
    }
    cursor.expect_mark(')')?;
    while cursor.peek().is_some_and(|token| !token.is_mark(',') && !token.is_mark(')')) {
        index_option(cursor, &mut index)?;
    }
    Ok((name, index))
}

fn part(cursor: &mut Cursor<'_>) -> Result<Part, NotModelled> {
    let mut part = if cursor.peek().is_some_and(|token| token.is_mark('(')) {
        Part::of(PartSource::Expr(cursor.parenthesised()?.to_owned()))
    } else {
        Part::column(cursor.name()?)
    };
    if cursor.take_mark('(') {
        part.prefix = Some(cursor.word()?.parse().map_err(|_| cursor.stuck())?);
        cursor.expect_mark(')')?;
    }
    part.desc = cursor.take("DESC");
    cursor.take("ASC");
    Ok(part)
}

fn index_option(cursor: &mut Cursor<'_>, index: &mut Index) -> Result<(), NotModelled> {
    if cursor.take("USING") {
        index.method = Some(cursor.word()?);
    } else if cursor.take("COMMENT") {
        index.comment = Some(cursor.string()?).filter(|comment| !comment.is_empty());
    } else if cursor.take("INVISIBLE") || cursor.take("IGNORED") {
        index.options.insert("visible".to_owned(), "false".to_owned());
    } else if cursor.take_all(&["WITH", "PARSER"]) {
        index.options.insert("parser".to_owned(), cursor.name()?);
    } else if let Some(key) = ["KEY_BLOCK_SIZE", "CLUSTERING"].into_iter().find(|key| cursor.take(key)) {
        cursor.take_mark('=');
        index.options.insert(key.to_ascii_lowercase(), cursor.word()?);
    } else {
        return Err(cursor.stuck());
    }
    Ok(())
}

fn foreign_key(cursor: &mut Cursor<'_>, name: String) -> Result<ForeignKey, NotModelled> {
    let columns = names(cursor)?;
    cursor.expect("REFERENCES")?;
    let mut table = QName::bare(cursor.name()?);
    if cursor.take_mark('.') {
        table = QName { schema: Some(table.name), name: cursor.name()? };
    }
    let mut key = ForeignKey {
        name: Some(name),
        columns,
        table,
        referenced: names(cursor)?,
        on_delete: None,
        on_update: None,
        deferrable: Deferrable::No,
        options: BTreeMap::new(),
        comment: None,
    };
    while cursor.take("ON") {
        if cursor.take("DELETE") {
            key.on_delete = action(cursor)?;
        } else {
            cursor.expect("UPDATE")?;
            key.on_update = action(cursor)?;
        }
    }
    Ok(key)
}

fn names(cursor: &mut Cursor<'_>) -> Result<Vec<String>, NotModelled> {
    let mut names = Vec::new();
    cursor.expect_mark('(')?;
    loop {
        names.push(cursor.name()?);
        if !cursor.take_mark(',') {
            break;
        }
    }
    cursor.expect_mark(')')?;
    Ok(names)
}

/// What happens to the row that refers. `RESTRICT` and `NO ACTION` are the same here, and the default.
fn action(cursor: &mut Cursor<'_>) -> Result<Option<String>, NotModelled> {
    for (words, action) in [
        (["CASCADE"].as_slice(), Some("CASCADE")),
        (&["SET", "NULL"], Some("SET NULL")),
        (&["SET", "DEFAULT"], Some("SET DEFAULT")),
        (&["RESTRICT"], None),
        (&["NO", "ACTION"], None),
    ] {
        if cursor.take_all(words) {
            return Ok(action.map(str::to_owned));
        }
    }
    Err(cursor.stuck())
}

fn check(cursor: &mut Cursor<'_>, name: String) -> Result<Check, NotModelled> {
    let expr = cursor.parenthesised()?.to_owned();
    let mut options = BTreeMap::new();
    if cursor.take_all(&["NOT", "ENFORCED"]) {
        options.insert("enforced".to_owned(), "false".to_owned());
    }
    Ok(Check { name: Some(name), expr, options, comment: None })
}

/// Leaves out the access method where it is what the engine uses anyway.
pub(super) fn settle(table: &mut Table) {
    if table.options.get("engine").is_some_and(|engine| !engine.eq_ignore_ascii_case("myisam")) {
        return;
    }
    for index in table.indexes.iter_mut().chain(&mut table.primary_key) {
        index.method.take_if(|method| method == "btree");
    }
}
