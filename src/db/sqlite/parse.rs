//! The texts of CREATE TABLE and CREATE INDEX as the model: what no pragma tells.
//!
//! SQLite has accepted each of these texts, so this reads its grammar and does not check it. What
//! comes out is compared with the pragmas before anybody believes it.

use super::cursor::{Cursor, Read, between_commas, tokens};
use crate::dialect::sqlite::canon::{closing, strip};
use crate::dialect::sqlite::forms::AFTER_TYPE;
use crate::dialect::sqlite::settle::is_on;
use crate::dialect::sqlite::tokens::{Kind, Token};
use crate::model::{
    Check, Column, Deferrable, ForeignKey, Generated, Identity, IdentityKind, Index, Part, PartSource, QName, Table,
};

/// The table that a CREATE TABLE text makes.
pub(super) fn table(name: &str, text: &str) -> Read<Table> {
    let all = tokens(text)?;
    let mut cursor = Cursor::new(text, &all);
    cursor.expect(&["create"])?;
    let _ = cursor.accept(&["temp"]) || cursor.accept(&["temporary"]);
    cursor.expect(&["table"])?;
    cursor.accept(&["if", "not", "exists"]);
    cursor.qualified()?;
    let body = cursor.enclosed()?;
    let mut table = Table::new(QName::bare(name));
    // What a primary key means depends on them.
    options(&mut cursor, &mut table)?;
    items(&cursor.within(body), body, &mut table)?;
    if cursor.at_end() { Ok(table) } else { cursor.stuck() }
}

/// The index that a CREATE INDEX text makes.
pub(super) fn index(name: &str, text: &str) -> Read<Index> {
    let all = tokens(text)?;
    let mut cursor = Cursor::new(text, &all);
    cursor.expect(&["create"])?;
    let unique = cursor.accept(&["unique"]);
    cursor.expect(&["index"])?;
    cursor.accept(&["if", "not", "exists"]);
    cursor.qualified()?;
    cursor.expect(&["on"])?;
    cursor.name()?;
    let list = cursor.enclosed()?;
    let parts = parts(&cursor, list)?;
    let predicate = cursor.accept(&["where"]).then(|| {
        let rest = cursor.rest();
        cursor.text_of(rest).trim_end_matches(';').to_owned()
    });
    if !cursor.at_end() {
        return cursor.stuck();
    }
    Ok(Index { name: Some(name.to_owned()), parts, unique, predicate, ..Index::default() })
}

/// Columns, then constraints of the table. SQLite asks for commas between columns only.
fn items<'t, 'a>(outer: &Cursor<'t, 'a>, body: &'t [Token<'a>], table: &mut Table) -> Read<()> {
    for item in between_commas(body) {
        let mut cursor = outer.within(item);
        if !starts_constraint(&cursor) {
            column(&mut cursor, table)?;
        }
        while cursor.peek().is_some() {
            let name = constraint_name(&mut cursor)?;
            table_constraint(&mut cursor, name, table)?;
        }
    }
    Ok(())
}

fn starts_constraint(cursor: &Cursor<'_, '_>) -> bool {
    [&["constraint"][..], &["primary", "key"], &["unique"], &["check"], &["foreign", "key"]]
        .iter()
        .any(|words| cursor.sees(words))
}

/// Takes the names before a constraint, of which the last counts, if any does.
fn constraint_name(cursor: &mut Cursor<'_, '_>) -> Read<Option<String>> {
    let mut name = None;
    while cursor.accept(&["constraint"]) {
        name = Some(cursor.name()?);
    }
    Ok(name)
}

fn options(cursor: &mut Cursor<'_, '_>, table: &mut Table) -> Read<()> {
    loop {
        let option = if cursor.accept(&["without", "rowid"]) {
            "without_rowid"
        } else if cursor.accept(&["strict"]) {
            "strict"
        } else {
            return Ok(());
        };
        table.options.insert(option.to_owned(), "true".to_owned());
        cursor.accept_symbol(",");
    }
}

fn column(cursor: &mut Cursor<'_, '_>, table: &mut Table) -> Read<()> {
    let name = cursor.name()?;
    let data_type = data_type(cursor)?;
    let mut column = Column::new(name, data_type);
    while cursor.peek().is_some() {
        let name = constraint_name(cursor)?;
        column_constraint(cursor, name, &mut column, table)?;
    }
    table.columns.push(column);
    Ok(())
}

/// The words of a type, up to the first constraint, and its numbers.
fn data_type(cursor: &mut Cursor<'_, '_>) -> Read<String> {
    let words = type_words(cursor);
    let mut text = without_always(cursor.text_of(words)).to_owned();
    if !words.is_empty() && cursor.peek().is_some_and(|token| token.is_symbol("(")) {
        let numbers = cursor.enclosed()?;
        text.push_str(&format!("({})", cursor.text_of(numbers)));
    }
    Ok(text)
}

/// Takes the words of a type. GENERATED and ALWAYS are words like others here.
fn type_words<'t, 'a>(cursor: &mut Cursor<'t, 'a>) -> &'t [Token<'a>] {
    cursor.take_while(|token| token.is_name() && !AFTER_TYPE.iter().any(|word| token.is_word(word)))
}

/// SQLite's own way of telling the GENERATED ALWAYS of a computed column from its type: by how the text ends.
fn without_always(text: &str) -> &str {
    const SHORTEST: usize = "generated always".len();
    let without = |text: &str, end: &str| {
        let at = text.len().checked_sub(end.len()).filter(|at| text.is_char_boundary(*at))?;
        text[at..].eq_ignore_ascii_case(end).then_some(at)
    };
    match without(text, "always").filter(|_| text.len() >= SHORTEST) {
        Some(at) => {
            let rest = text[..at].trim_end();
            without(rest, "generated").map_or(rest, |at| rest[..at].trim_end())
        }
        None => text,
    }
}

fn column_constraint(
    cursor: &mut Cursor<'_, '_>,
    name: Option<String>,
    column: &mut Column,
    table: &mut Table,
) -> Read<()> {
    if cursor.peek().is_none() {
        // A name that nothing comes after.
    } else if cursor.accept(&["primary", "key"]) {
        column_key(cursor, name, column, table)?;
    } else if cursor.accept(&["not", "null"]) {
        column.nullable = false;
        if let Some(action) = conflict(cursor)? {
            column.options.insert("not_null_conflict".to_owned(), action);
        }
    } else if cursor.accept(&["null"]) {
        conflict(cursor)?;
    } else if cursor.accept(&["unique"]) {
        let unique = key(name, vec![Part::column(&column.name)], conflict(cursor)?);
        table.uniques.push(unique);
    } else if cursor.accept(&["check"]) {
        check(cursor, name, table)?;
    } else if cursor.accept(&["default"]) {
        column.default = Some(default(cursor)?);
    } else if cursor.accept(&["collate"]) {
        column.collation = Some(cursor.name()?);
    } else if cursor.accept(&["references"]) {
        let columns = vec![column.name.clone()];
        table.foreign_keys.push(references(cursor, name, columns)?);
    } else if cursor.sees(&["deferrable"]) || cursor.sees(&["not", "deferrable"]) {
        defer(cursor, table.foreign_keys.last_mut())?;
    } else if cursor.accept(&["generated", "always", "as"]) || cursor.accept(&["as"]) {
        column.generated = Some(generated(cursor)?);
    } else {
        return cursor.stuck();
    }
    Ok(())
}

fn column_key(cursor: &mut Cursor<'_, '_>, name: Option<String>, column: &mut Column, table: &mut Table) -> Read<()> {
    let mut part = Part::column(&column.name);
    part.desc = direction(cursor);
    table.primary_key = Some(key(name, vec![part], conflict(cursor)?));
    if cursor.accept(&["autoincrement"]) {
        column.identity = Some(Identity { kind: IdentityKind::AutoIncrement, options: Default::default() });
    }
    Ok(())
}

/// Takes ASC or DESC; whether it was DESC.
fn direction(cursor: &mut Cursor<'_, '_>) -> bool {
    let desc = cursor.accept(&["desc"]);
    cursor.accept(&["asc"]);
    desc
}

fn key(name: Option<String>, parts: Vec<Part>, conflict: Option<String>) -> Index {
    let options = conflict.into_iter().map(|action| ("conflict".to_owned(), action)).collect();
    Index { name, parts, unique: true, options, ..Index::default() }
}

/// Takes an ON CONFLICT clause. ABORT is what happens without one.
fn conflict(cursor: &mut Cursor<'_, '_>) -> Read<Option<String>> {
    if !cursor.accept(&["on", "conflict"]) {
        return Ok(None);
    }
    let action = cursor.name()?.to_ascii_uppercase();
    Ok((action != "ABORT").then_some(action))
}

fn check(cursor: &mut Cursor<'_, '_>, name: Option<String>, table: &mut Table) -> Read<()> {
    let inner = cursor.enclosed()?;
    let expr = cursor.text_of(inner).to_owned();
    conflict(cursor)?;
    table.checks.push(Check { name, expr, options: Default::default(), comment: None });
    Ok(())
}

/// Takes a default: an expression in parentheses, a number with or without a sign, or one word.
fn default(cursor: &mut Cursor<'_, '_>) -> Read<String> {
    if cursor.peek().is_some_and(|token| token.is_symbol("(")) {
        let inner = cursor.enclosed()?;
        return Ok(format!("({})", cursor.text_of(inner)));
    }
    let sign = if cursor.accept_symbol("-") {
        "-"
    } else {
        cursor.accept_symbol("+");
        ""
    };
    Ok(format!("{sign}{}", cursor.take()?.text))
}

fn generated(cursor: &mut Cursor<'_, '_>) -> Read<Generated> {
    let inner = cursor.enclosed()?;
    let expr = cursor.text_of(inner).to_owned();
    let stored = cursor.accept(&["stored"]);
    cursor.accept(&["virtual"]);
    Ok(Generated { expr, stored })
}

fn table_constraint(cursor: &mut Cursor<'_, '_>, name: Option<String>, table: &mut Table) -> Read<()> {
    if cursor.peek().is_none() {
        // A name that nothing comes after.
    } else if cursor.accept(&["primary", "key"]) {
        table_key(cursor, name, table)?;
    } else if cursor.accept(&["unique"]) {
        let list = cursor.enclosed()?;
        let parts = parts(cursor, list)?;
        let unique = key(name, parts, conflict(cursor)?);
        table.uniques.push(unique);
    } else if cursor.accept(&["check"]) {
        check(cursor, name, table)?;
    } else if cursor.accept(&["foreign", "key"]) {
        foreign_key(cursor, name, table)?;
    } else {
        return cursor.stuck();
    }
    Ok(())
}

fn table_key(cursor: &mut Cursor<'_, '_>, name: Option<String>, table: &mut Table) -> Read<()> {
    let mut list = cursor.enclosed()?;
    let counts = list.last().is_some_and(|token| token.is_word("autoincrement"));
    if counts {
        list = &list[..list.len() - 1];
    }
    let mut parts = parts(cursor, list)?;
    let without_rowid = is_on(table, "without_rowid");
    if let [part] = parts.as_mut_slice() {
        let PartSource::Column(name) = part.source.clone() else { return cursor.stuck() };
        let column = table.columns.iter_mut().find(|column| column.name.eq_ignore_ascii_case(&name));
        if let Some(column) = column {
            // Said here, DESC does not keep an INTEGER from becoming the rowid's alias, and means nothing then.
            part.desc &= without_rowid || !column.data_type.eq_ignore_ascii_case("integer");
            if counts {
                column.identity = Some(Identity { kind: IdentityKind::AutoIncrement, options: Default::default() });
            }
        }
    }
    table.primary_key = Some(key(name, parts, conflict(cursor)?));
    Ok(())
}

fn foreign_key(cursor: &mut Cursor<'_, '_>, name: Option<String>, table: &mut Table) -> Read<()> {
    let columns = names(cursor)?;
    cursor.expect(&["references"])?;
    let mut key = references(cursor, name, columns)?;
    if cursor.sees(&["deferrable"]) || cursor.sees(&["not", "deferrable"]) {
        defer(cursor, Some(&mut key))?;
    }
    table.foreign_keys.push(key);
    Ok(())
}

/// Takes a list of names in parentheses. Old versions let a collation and a direction stand there.
fn names(cursor: &mut Cursor<'_, '_>) -> Read<Vec<String>> {
    let list = cursor.enclosed()?;
    between_commas(list).into_iter().map(|item| cursor.within(item).name()).collect()
}

/// Takes what follows REFERENCES.
fn references(cursor: &mut Cursor<'_, '_>, name: Option<String>, columns: Vec<String>) -> Read<ForeignKey> {
    let table = QName::bare(cursor.name()?);
    let listed = cursor.peek().is_some_and(|token| token.is_symbol("("));
    let referenced = if listed { names(cursor)? } else { Vec::new() };
    let mut key = ForeignKey {
        name,
        columns,
        table,
        referenced,
        on_delete: None,
        on_update: None,
        deferrable: Deferrable::No,
        options: Default::default(),
        comment: None,
    };
    loop {
        if cursor.accept(&["on", "delete"]) {
            key.on_delete = Some(action(cursor)?);
        } else if cursor.accept(&["on", "update"]) {
            key.on_update = Some(action(cursor)?);
        } else if cursor.accept(&["on", "insert"]) {
            action(cursor)?;
        } else if cursor.accept(&["match"]) {
            cursor.name()?;
        } else {
            return Ok(key);
        }
    }
}

fn action(cursor: &mut Cursor<'_, '_>) -> Read<String> {
    let first = cursor.name()?.to_ascii_uppercase();
    Ok(match first.as_str() {
        "SET" | "NO" => format!("{first} {}", cursor.name()?.to_ascii_uppercase()),
        _ => first,
    })
}

/// Takes a DEFERRABLE clause. Only one that is deferred to begin with makes a difference.
fn defer(cursor: &mut Cursor<'_, '_>, key: Option<&mut ForeignKey>) -> Read<()> {
    let not = cursor.accept(&["not"]);
    cursor.expect(&["deferrable"])?;
    let deferred = cursor.accept(&["initially", "deferred"]);
    if !deferred {
        cursor.accept(&["initially", "immediate"]);
    }
    if let Some(key) = key {
        key.deferrable = if deferred && !not { Deferrable::Deferred } else { Deferrable::No };
    }
    Ok(())
}

/// What is indexed, from a list in parentheses.
fn parts<'t, 'a>(cursor: &Cursor<'t, 'a>, list: &'t [Token<'a>]) -> Read<Vec<Part>> {
    between_commas(list).into_iter().map(|item| part(cursor, item)).collect()
}

fn part<'a>(cursor: &Cursor<'_, 'a>, mut item: &[Token<'a>]) -> Read<Part> {
    let mut desc = false;
    if let [rest @ .., last] = item
        && (last.is_word("asc") || last.is_word("desc"))
        && !rest.is_empty()
    {
        desc = last.is_word("desc");
        item = rest;
    }
    let (item, collation) = without_collation(item);
    let source = match item {
        [] => return cursor.stuck(),
        [name] if name.kind != Kind::Number && name.is_name() && !name.is_word("null") => {
            PartSource::Column(name.value().into_owned())
        }
        _ => PartSource::Expr(cursor.text_of(item).to_owned()),
    };
    Ok(Part { desc, collation, ..Part::of(source) })
}

/// The tokens without outer parentheses and COLLATE, which may be wrapped in each other.
fn without_collation<'s, 'a>(mut item: &'s [Token<'a>]) -> (&'s [Token<'a>], Option<String>) {
    let mut collation = None;
    loop {
        item = strip(item);
        let [rest @ .., collate, name] = item else { return (item, collation) };
        // `a || b COLLATE nocase` collates b alone.
        if !collate.is_word("collate") || rest.is_empty() || !binds_all(rest) {
            return (item, collation);
        }
        collation.get_or_insert_with(|| name.value().into_owned());
        item = rest;
    }
}

/// Whether a COLLATE after these tokens is about all of them: one name, or one call or parenthesis.
fn binds_all(tokens: &[Token<'_>]) -> bool {
    match tokens {
        [one] => one.kind != Kind::Symbol,
        [open, ..] if open.is_symbol("(") => closing(tokens) == Some(tokens.len() - 1),
        [name, call @ ..] if name.is_name() => closing(call) == Some(call.len() - 1) && call[0].is_symbol("("),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::sqlite::cursor::Stuck;

    #[test]
    fn reads_everything_that_a_table_can_say() {
        let text = r#"CREATE TABLE "t" ( -- comment
            id INTEGER PRIMARY KEY ON CONFLICT REPLACE AUTOINCREMENT,
            [a b] varchar ( 10 ) CONSTRAINT nn NOT NULL ON CONFLICT IGNORE COLLATE nocase DEFAULT -1,
            c CHECK (c > (1)) UNIQUE ON CONFLICT FAIL REFERENCES p ON DELETE SET NULL MATCH FULL DEFERRABLE INITIALLY DEFERRED,
            d unsigned big int GENERATED ALWAYS AS (c + 1) STORED, 'e' AS (1),
            CONSTRAINT u UNIQUE (c COLLATE rtrim, "d" DESC) CHECK (c <> ')')
            FOREIGN KEY (c, d) REFERENCES "q" (x, y) ON UPDATE NO ACTION NOT DEFERRABLE
        ) STRICT, WITHOUT ROWID"#;
        let table = table("t", text).unwrap();
        let names: Vec<_> = table.columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["id", "a b", "c", "d", "e"]);
        let types: Vec<_> = table.columns.iter().map(|column| column.data_type.as_str()).collect();
        assert_eq!(types, ["INTEGER", "varchar(10)", "", "unsigned big int", ""]);
        assert_eq!(table.columns[1].default.as_deref(), Some("-1"));
        assert_eq!(table.columns[1].options["not_null_conflict"], "IGNORE");
        assert_eq!(table.uniques.len(), 2);
        assert_eq!(table.checks.iter().map(|check| check.expr.as_str()).collect::<Vec<_>>(), ["c > (1)", "c <> ')'"]);
        assert_eq!(table.foreign_keys[0].deferrable, Deferrable::Deferred);
        assert_eq!(table.foreign_keys[0].on_delete.as_deref(), Some("SET NULL"));
        assert_eq!(table.foreign_keys[1].referenced, ["x", "y"]);
        assert_eq!(table.options.len(), 2);
    }

    #[test]
    fn reads_everything_that_an_index_can_say() {
        let text = "CREATE UNIQUE INDEX i ON t (a COLLATE NOCASE DESC, (b), lower(c) COLLATE rtrim, a || b COLLATE nocase) WHERE a > 1;";
        let index = index("i", text).unwrap();
        let sources: Vec<_> = index.parts.iter().map(|part| part.source.clone()).collect();
        let column = |name: &str| PartSource::Column(name.to_owned());
        let expr = |text: &str| PartSource::Expr(text.to_owned());
        assert_eq!(sources, [column("a"), column("b"), expr("lower(c)"), expr("a || b COLLATE nocase")]);
        assert_eq!(index.parts[2].collation.as_deref(), Some("rtrim"));
        assert!(index.unique && index.parts[0].desc);
        assert_eq!(index.predicate.as_deref(), Some("a > 1"));
    }

    #[test]
    fn reads_types_as_sqlite_does() {
        for (written, expected) in [
            ("INT GENERATED ALWAYS", "INT"),
            ("generated always", ""),
            ("INT ALWAYS", "INT ALWAYS"),
            ("LONGERTYPENAME always", "LONGERTYPENAME"),
            ("LONGERTYPENAME GENERATED", "LONGERTYPENAME GENERATED"),
            ("GENERATED ALWAYS foo", "GENERATED ALWAYS foo"),
            ("INT GENERATED GENERATED ALWAYS AS (1)", "INT GENERATED"),
            ("ALWAYS AS (1)", "ALWAYS"),
            ("LONGTYPE_ÜALWAYS NOT NULL", "LONGTYPE_Ü"),
        ] {
            let table = table("t", &format!("CREATE TABLE t (z, a {written}, b)")).unwrap();
            assert_eq!(table.columns[1].data_type, expected, "{written}");
        }
    }

    #[test]
    fn says_where_it_is_stuck() {
        assert_eq!(table("t", "CREATE TABLE t (a INT, b INT FROBNICATED (1) NOTHING)").unwrap_err(), Stuck { at: 45 });
        assert_eq!(table("t", "CREATE TABLE t").unwrap_err(), Stuck { at: 14 });
    }
}
