//! Definitions: CREATE TABLE and CREATE INDEX.

use super::canon;
use super::names::{quote, shown};
use super::settle::is_on;
use super::tokens::{Kind, tokenize};
use crate::model::{Column, Deferrable, ForeignKey, IdentityKind, Index, Member, Part, PartSource, Table};

/// The statement that makes a table under a name, with its keys, foreign keys and checks.
pub fn table(table: &Table, name: &str) -> String {
    let mut items: Vec<String> = table.columns.iter().map(|column| self::column(table, column)).collect();
    let (keys, others): (Vec<_>, Vec<_>) =
        table.members().into_iter().partition(|member| matches!(member, Member::ForeignKey(_)));
    let constraint = |each: &Member| Some(given_name(table, each) + &member(table, each)?);
    items.extend(others.iter().chain(&keys).filter_map(constraint));
    let body = items.join(",\n  ");
    format!("CREATE TABLE {} (\n  {body}\n){}", quote(name), options(table))
}

/// A constraint of the table; `None` for what stands elsewhere: indexes, and a key that stands beside its column.
fn member(table: &Table, member: &Member) -> Option<String> {
    match member {
        Member::PrimaryKey(key) => {
            let beside = table.columns.iter().any(|column| is_key(table, column));
            (!beside).then(|| format!("PRIMARY KEY {}", constraint(key)))
        }
        Member::Unique(unique) => Some(format!("UNIQUE {}", constraint(unique))),
        Member::Check(check) => Some(format!("CHECK {}", enclosed(&check.expr))),
        Member::ForeignKey(key) => Some(format!("FOREIGN KEY ({}) {}", quoted(&key.columns), references(key))),
        Member::Index(_) => None,
    }
}

/// The name that an author gave to a constraint, as the start of it.
fn given_name(table: &Table, member: &Member) -> String {
    table.given_names.of(member).map(|name| format!("CONSTRAINT {} ", quote(name))).unwrap_or_default()
}

fn options(table: &Table) -> String {
    let known = [("without_rowid", "WITHOUT ROWID"), ("strict", "STRICT")];
    let words: Vec<_> = known.iter().filter(|(key, _)| is_on(table, key)).map(|(_, word)| *word).collect();
    if words.is_empty() { String::new() } else { format!(" {}", words.join(", ")) }
}

/// A column's definition. What belongs to the table's primary key is in it only where it must be.
fn column(table: &Table, column: &Column) -> String {
    let mut text = definition(column);
    if is_key(table, column) {
        let key = table.primary_key.as_ref();
        let name = key.map(|key| given_name(table, &Member::PrimaryKey(key.clone()))).unwrap_or_default();
        text.push_str(&format!(" {name}PRIMARY KEY"));
        if key.is_some_and(|key| key.parts.iter().any(|part| part.desc)) {
            text.push_str(" DESC");
        }
        text.push_str(&key.map(|key| conflict(&key.options, "conflict")).unwrap_or_default());
        if column.identity.as_ref().is_some_and(|identity| identity.kind == IdentityKind::AutoIncrement) {
            text.push_str(" AUTOINCREMENT");
        }
    }
    text
}

/// Whether the primary key has to stand beside the column: the rowid's alias, and an INTEGER that
/// must not become one (`PRIMARY KEY DESC`, which only counts there).
fn is_key(table: &Table, column: &Column) -> bool {
    let Some(Index { parts, .. }) = &table.primary_key else { return false };
    let alone = matches!(parts.as_slice(), [part] if part.source == PartSource::Column(column.name.clone()));
    alone && column.data_type.eq_ignore_ascii_case("INTEGER") && !is_on(table, "without_rowid")
}

/// A column without its part in keys: name, type, collation, NOT NULL, default, expression.
pub fn definition(column: &Column) -> String {
    let mut text = quote(&column.name);
    if !column.data_type.is_empty() {
        text.push_str(&format!(" {}", column.data_type));
    }
    if let Some(collation) = &column.collation {
        text.push_str(&format!(" COLLATE {}", shown(collation)));
    }
    if !column.nullable {
        text.push_str(&format!(" NOT NULL{}", conflict(&column.options, "not_null_conflict")));
    }
    if let Some(default) = &column.default {
        text.push_str(&format!(" DEFAULT {}", self::default(default)));
    }
    if let Some(generated) = &column.generated {
        let kind = if generated.stored { "STORED" } else { "VIRTUAL" };
        text.push_str(&format!(" GENERATED ALWAYS AS {} {kind}", enclosed(&generated.expr)));
    }
    text
}

fn default(text: &str) -> String {
    if canon::is_plain_default(text) { text.to_owned() } else { enclosed(text) }
}

/// An expression in parentheses, from which no comment can take the closing one.
pub fn enclosed(expr: &str) -> String {
    if expr.contains("--") || expr.contains("/*") { format!("({expr}\n)") } else { format!("({expr})") }
}

fn conflict(options: &std::collections::BTreeMap<String, String>, key: &str) -> String {
    options.get(key).map(|action| format!(" ON CONFLICT {action}")).unwrap_or_default()
}

fn constraint(index: &Index) -> String {
    format!("({}){}", parts(&index.parts), conflict(&index.options, "conflict"))
}

fn parts(all: &[Part]) -> String {
    all.iter().map(part).collect::<Vec<_>>().join(", ")
}

fn part(part: &Part) -> String {
    let mut text = match &part.source {
        PartSource::Column(name) => quote(name),
        PartSource::Expr(expr) => lone_text(expr).unwrap_or_else(|| enclosed(expr)),
    };
    if let Some(collation) = &part.collation {
        text.push_str(&format!(" COLLATE {}", shown(collation)));
    }
    if part.desc {
        text.push_str(" DESC");
    }
    text
}

/// A text that is indexed all by itself. In single quotes SQLite would take it for a column there; in double
/// quotes it takes what is no column for a text.
fn lone_text(expr: &str) -> Option<String> {
    match tokenize(expr).ok()?.as_slice() {
        [text] if text.kind == Kind::Text => Some(quote(&text.value())),
        _ => None,
    }
}

/// The statement that makes an index.
pub fn index(table: &str, index: &Index) -> String {
    let unique = if index.unique { "UNIQUE " } else { "" };
    let name = index.name.as_deref().unwrap_or_default();
    let predicate = index.predicate.as_ref().map(|text| format!(" WHERE {text}")).unwrap_or_default();
    format!("CREATE {unique}INDEX {} ON {} ({}){predicate}", quote(name), quote(table), parts(&index.parts))
}

/// What a foreign key refers to, and what happens then.
pub fn references(key: &ForeignKey) -> String {
    let mut text = format!("REFERENCES {}", quote(&key.table.name));
    if !key.referenced.is_empty() {
        text.push_str(&format!(" ({})", quoted(&key.referenced)));
    }
    for (event, action) in [("DELETE", &key.on_delete), ("UPDATE", &key.on_update)] {
        text.push_str(&action.as_ref().map(|action| format!(" ON {event} {action}")).unwrap_or_default());
    }
    if key.deferrable == Deferrable::Deferred {
        text.push_str(" DEFERRABLE INITIALLY DEFERRED");
    }
    text
}

/// Names, quoted and with commas between them.
pub fn quoted(names: &[String]) -> String {
    names.iter().map(|name| quote(name)).collect::<Vec<_>>().join(", ")
}
