//! The rows of a catalog as a schema, and as the texts that build it elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use super::parse;
use super::raw::{Entry, Raw};
use super::verify;
use crate::db::{DbError, Reading, Trouble};
use crate::dialect::form::{self, Form};
use crate::dialect::sqlite::names::{folded, literal, same};
use crate::dialect::sqlite::settle;
use crate::dialect::sqlite::tokens::tokenize;
use crate::model::{Engine, Hash, Hashing, Opaque, Part, PartSource, QName, Schema, Table};

impl Raw {
    /// What the rows describe.
    pub(in crate::db) fn reading(self, raw: Hash) -> Result<Reading, DbError> {
        Ok(Reading { schema: schema(&self)?, raw, copy: Some(copy(&self)) })
    }
}

/// The structure that the rows describe.
fn schema(raw: &Raw) -> Result<Schema, DbError> {
    raw.entries.iter().try_for_each(is_one_statement)?;
    let inner = inner_tables(raw);
    let mut schema = Schema::default();
    for entry in raw.entries.iter().filter(|entry| !is_internal(entry, &inner)) {
        match entry.kind.as_str() {
            "table" if entry.page != 0 => {
                let table = table(entry)?;
                schema.tables.insert(table.name.clone(), table);
            }
            "index" => {}
            _ => schema.opaque.push(opaque(entry)),
        }
    }
    add_indexes(raw, &mut schema)?;
    settle::canonical(&mut schema);
    verify::against(raw, &schema)?;
    schema.opaque.sort();
    Ok(schema)
}

/// That a text makes what its row says, and nothing besides. SQLite itself reads no further than the first statement.
fn is_one_statement(entry: &Entry) -> Result<(), DbError> {
    let Some(text) = &entry.sql else { return Ok(()) };
    let kind = if entry.kind == "table" && entry.page == 0 { "virtual table" } else { &entry.kind };
    form::check(Engine::Sqlite, text, Form::Statement(kind, Some(&entry.name))).map_err(|misfit| {
        let message = format!("its text is not one statement that makes a {kind} of this name: {}", misfit.why);
        DbError::new(Trouble::Unreadable, format!("read the {kind} {}", entry.name), message)
            .with_statement(text)
            .with_remedy("somebody wrote into sqlite_master: look at it with the sqlite3 shell, and drop the object or restore the file")
    })
}

fn table(entry: &Entry) -> Result<Table, DbError> {
    let text = entry.sql.as_deref().unwrap_or_default();
    parse::table(&entry.name, text).map_err(|stuck| unreadable(entry, text, stuck.at))
}

fn add_indexes(raw: &Raw, schema: &mut Schema) -> Result<(), DbError> {
    // Those that SQLite makes for keys have no text.
    for entry in raw.entries.iter().filter(|entry| entry.kind == "index") {
        let (Some(text), Some(table)) = (&entry.sql, find(&mut schema.tables, &entry.table)) else { continue };
        let mut index = parse::index(&entry.name, text).map_err(|stuck| unreadable(entry, text, stuck.at))?;
        index.parts.iter_mut().for_each(|part| take_for_text(part, table));
        table.indexes.push(index);
    }
    Ok(())
}

/// SQLite takes a word in double quotes for a text where it is no column.
fn take_for_text(part: &mut Part, table: &Table) {
    if let PartSource::Column(name) = &part.source
        && !table.columns.iter().any(|column| same(&column.name, name))
    {
        part.source = PartSource::Expr(literal(name));
    }
}

/// The table of that name, in whatever case: an index remembers how its author wrote it.
fn find<'a>(tables: &'a mut BTreeMap<QName, Table>, name: &str) -> Option<&'a mut Table> {
    let exact = QName::bare(name);
    if tables.contains_key(&exact) {
        return tables.get_mut(&exact);
    }
    tables.values_mut().find(|table| same(&table.name.name, name))
}

fn unreadable(entry: &Entry, text: &str, at: usize) -> DbError {
    let before = &text[..at.min(text.len())];
    let (line, column) =
        (before.matches('\n').count() + 1, before.rsplit('\n').next().unwrap_or("").chars().count() + 1);
    let near: String = text[before.len()..].chars().take(40).collect();
    let message = format!("its definition was not understood at line {line}, column {column}, near `{near}`");
    DbError::new(Trouble::Unreadable, format!("read the {} {}", entry.kind, entry.name), message)
        .with_statement(text)
        .with_remedy("report the definition as a bug of undrift")
}

fn opaque(entry: &Entry) -> Opaque {
    let kind = if entry.kind == "table" { "virtual table" } else { &entry.kind };
    let table = (entry.kind == "trigger").then(|| QName::bare(&entry.table));
    Opaque { kind: kind.to_owned(), name: QName::bare(&entry.name), table, sql: entry.sql.clone() }
}

/// Whether something is SQLite's own business or a part of a virtual table.
fn is_internal(entry: &Entry, inner: &BTreeSet<String>) -> bool {
    folded(&entry.name).starts_with("sqlite_") || inner.contains(&folded(&entry.table))
}

/// What the tables in which virtual tables keep their rows are called, by module: behind the virtual table's name. SQLite's list
/// of tables says it too, but makes each virtual table work for that.
const INNER: [(&str, &[&str]); 6] = [
    ("fts3", &["content", "docsize", "segdir", "segments", "stat"]),
    ("fts4", &["content", "docsize", "segdir", "segments", "stat"]),
    ("fts5", &["config", "content", "data", "docsize", "idx"]),
    ("geopoly", &["node", "parent", "rowid"]),
    ("rtree", &["node", "parent", "rowid"]),
    ("rtree_i32", &["node", "parent", "rowid"]),
];

/// The tables in which virtual tables keep their rows. For a module that is not there every table is taken for one whose
/// name starts with the virtual table's.
fn inner_tables(raw: &Raw) -> BTreeSet<String> {
    let owners: Vec<(String, Option<&[&str]>)> =
        virtual_tables(raw).map(|(entry, module)| inner(raw, entry, &module)).collect();
    let tables = raw.entries.iter().filter(|entry| entry.kind == "table");
    let is_inner = |name: &String| {
        owners.iter().any(|(prefix, suffixes)| {
            let rest = name.strip_prefix(prefix.as_str());
            rest.is_some_and(|rest| suffixes.is_none_or(|suffixes| suffixes.contains(&rest)))
        })
    };
    tables.map(|entry| folded(&entry.name)).filter(is_inner).collect()
}

/// How the names of a virtual table's own tables start, and how they end if the module is known.
fn inner(raw: &Raw, entry: &Entry, module: &str) -> (String, Option<&'static [&'static str]>) {
    let known = INNER.iter().find(|(known, _)| same(known, module)).map(|(_, suffixes)| *suffixes);
    let is_there = raw.modules.iter().any(|there| same(there, module));
    (format!("{}_", folded(&entry.name)), known.or(is_there.then_some(&[])))
}

/// The virtual tables with the names of their modules.
fn virtual_tables(raw: &Raw) -> impl Iterator<Item = (&Entry, String)> {
    raw.entries.iter().filter(|entry| entry.kind == "table" && entry.page == 0).map(|entry| {
        let tokens = tokenize(entry.sql.as_deref().unwrap_or_default()).unwrap_or_default();
        let using = tokens.iter().position(|token| token.is_word("using"));
        let module = using.and_then(|at| tokens.get(at + 1)).map(|token| token.value().into_owned());
        (entry, module.unwrap_or_default())
    })
}

/// The statements that build the same structure: tables first, then what stands on them. A virtual
/// table makes its own tables; one of a module that is not there cannot be made.
fn copy(raw: &Raw) -> Vec<String> {
    let inner = inner_tables(raw);
    let foreign: BTreeSet<String> = virtual_tables(raw)
        .filter(|(_, module)| !raw.modules.iter().any(|known| same(known, module)))
        .map(|(entry, _)| folded(&entry.name))
        .collect();
    let mut texts: Vec<(usize, &String)> = raw
        .entries
        .iter()
        .filter(|entry| !is_internal(entry, &inner) && !foreign.contains(&folded(&entry.table)))
        .filter_map(|entry| Some((order(entry), entry.sql.as_ref()?)))
        .collect();
    texts.sort_by_key(|(order, _)| *order);
    texts.into_iter().map(|(_, text)| text.clone()).collect()
}

fn order(entry: &Entry) -> usize {
    match entry.kind.as_str() {
        "table" => 0,
        "index" => 1,
        "view" => 2,
        _ => 3,
    }
}

/// The raw key: what the catalog's own table says.
pub(super) fn key(entries: &[Entry]) -> Hash {
    let mut hashing = Hashing::default();
    for Entry { kind, name, table, sql, .. } in entries {
        [kind, name, table].iter().for_each(|text| hashing.add(Some(text.as_bytes())));
        hashing.add(sql.as_deref().map(str::as_bytes));
    }
    hashing.finish()
}
