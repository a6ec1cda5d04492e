//! Tables and columns as SQL.

use super::identity;
use super::members::{self, comment_text};
use super::names::{ident, literal, qualified, spelled};
use super::settings::{column_changes, is_parameter, table_parameters};
use super::text::whole;
use crate::model::{Column, IdentityKind, Index, Member, Opaque, QName, Table};

/// The statements that create a table with everything in it but its foreign keys.
pub(super) fn table(table: &Table) -> Vec<String> {
    let name = qualified(&table.name);
    let columns = table.columns.iter().map(definition);
    let constraints = inline_members(table).filter_map(|member| members::constraint(&member));
    let lines: Vec<_> = columns.chain(constraints).map(|line| format!("    {line}")).collect();
    let body = if lines.is_empty() { "()".to_owned() } else { format!("(\n{}\n)", lines.join(",\n")) };
    let unlogged = if table.options.contains_key("unlogged") { "UNLOGGED " } else { "" };
    let method = table.options.get("access_method").map(|m| format!(" USING {}", ident(m))).unwrap_or_default();
    let parameters = table_parameters(&table.options);
    let create = format!("CREATE {unlogged}TABLE {name} {body}{method}{parameters}");
    std::iter::once(create).chain(after_create(table)).collect()
}

/// What stands inside `CREATE TABLE`. The rest has to be added afterwards.
fn inline_members(table: &Table) -> impl Iterator<Item = Member> {
    let keys = table.primary_key.iter().cloned().map(Member::PrimaryKey);
    let uniques = uniques(table, false);
    let checks = table.checks.iter().filter(|check| !members::is_set(&check.options, "not_valid"));
    keys.chain(uniques).chain(checks.cloned().map(Member::Check))
}

/// What cannot stand inside `CREATE TABLE`: a unique constraint over the columns of another key,
/// which the server would leave out without a word, and a check that is not valid yet, because a
/// new table has no rows for it to pass over.
fn later_members(table: &Table) -> impl Iterator<Item = Member> {
    let invalid = table.checks.iter().filter(|check| members::is_set(&check.options, "not_valid"));
    uniques(table, true).chain(invalid.cloned().map(Member::Check))
}

/// The unique constraints that repeat the columns of a key before them, or those that do not.
fn uniques(table: &Table, repeating: bool) -> impl Iterator<Item = Member> {
    let repeats = |at: usize| {
        let mut before = table.primary_key.iter().chain(&table.uniques[..at]);
        before.any(|key| key.columns().eq(table.uniques[at].columns()))
    };
    let chosen = (0..table.uniques.len()).filter(move |at| repeats(*at) == repeating);
    chosen.map(|at| Member::Unique(table.uniques[at].clone()))
}

fn after_create(table: &Table) -> Vec<String> {
    let name = &table.name;
    let mut statements: Vec<_> = table.columns.iter().flat_map(|column| after_column(table, column)).collect();
    statements.extend(later_members(table).flat_map(|member| members::add(name, &member)));
    statements.extend(table.indexes.iter().flat_map(|index| members::add(name, &Member::Index(index.clone()))));
    let inline = inline_members(table);
    statements.extend(inline.filter_map(|member| members::comment(name, &member, member.comment())));
    statements.extend(table.comment.as_ref().map(|text| table_comment(name, Some(text))));
    statements
}

/// What a new column needs that its definition has no words for.
pub(super) fn after_column(table: &Table, column: &Column) -> Vec<String> {
    let name = qualified(&table.name);
    let nothing = Default::default();
    let mut statements = Vec::new();
    if let Some(options) = identity::of_kind(column, IdentityKind::Serial) {
        statements.extend(identity::sequence_change(&table.name, column, &Default::default(), &options.options));
        if column.nullable && !is_key_column(table, &column.name) {
            statements.push(format!("ALTER TABLE {name} ALTER COLUMN {} DROP NOT NULL", ident(&column.name)));
        }
    }
    statements.extend(column_changes(&name, &column.name, &column.data_type, &nothing, &column.options));
    statements.extend(column.comment.as_ref().map(|text| column_comment(&table.name, &column.name, Some(text))));
    statements
}

fn is_key_column(table: &Table, column: &str) -> bool {
    table.primary_key.as_ref().is_some_and(|key: &Index| key.columns().any(|name| name == column))
}

/// A column as `CREATE TABLE` and `ADD COLUMN` take it.
pub(super) fn definition(column: &Column) -> String {
    let serial = identity::of_kind(column, IdentityKind::Serial).is_some();
    let data_type = if serial { identity::serial_word(&column.data_type) } else { &column.data_type };
    let mut sql = format!("{} {data_type}", ident(&column.name));
    sql.extend(column.collation.iter().map(|collation| format!(" COLLATE {}", spelled(collation))));
    match (&column.generated, &column.identity) {
        (Some(generated), _) => {
            let kind = if generated.stored { "STORED" } else { "VIRTUAL" };
            sql.push_str(&format!(" GENERATED ALWAYS AS ({}) {kind}", generated.expr));
        }
        (None, Some(numbered)) => sql.push_str(&identity::clause(numbered)),
        (None, None) => sql.extend(column.default.iter().map(|default| format!(" DEFAULT {}", whole(default)))),
    }
    if !column.nullable && !serial {
        sql.push_str(" NOT NULL");
    }
    sql
}

/// Sets the comment of a table.
pub(super) fn table_comment(table: &QName, text: Option<&str>) -> String {
    format!("COMMENT ON TABLE {} IS {}", qualified(table), comment_text(text))
}

/// Sets the comment of a column.
pub(super) fn column_comment(table: &QName, column: &str, text: Option<&str>) -> String {
    format!("COMMENT ON COLUMN {}.{} IS {}", qualified(table), ident(column), comment_text(text))
}

/// The statement that makes a table of a kind that is not modelled again: its columns, its keys
/// and whatever clause makes it special.
pub(crate) fn special_table(table: &Table, clause: &str) -> String {
    let columns = table.columns.iter().map(definition);
    let constraints = inline_members(table).filter_map(|member| members::constraint(&member));
    let lines: Vec<_> = columns.chain(constraints).collect();
    let parameters: Vec<_> = table.options.iter().filter(|(key, _)| is_parameter(key)).collect();
    let with = if parameters.is_empty() { String::new() } else { table_parameters(&table.options) };
    format!("CREATE TABLE {} ({}) {clause}{with}", qualified(&table.name), lines.join(", "))
}

/// Policies and row-level security hang on roles, so they are left to whoever manages those.
pub(crate) fn row_security(table: &QName, forced: bool) -> Opaque {
    let word = if forced { "FORCE" } else { "ENABLE" };
    Opaque {
        kind: if forced { "forced row-level security" } else { "row-level security" }.to_owned(),
        name: table.clone(),
        table: Some(table.clone()),
        sql: Some(format!("ALTER TABLE {} {word} ROW LEVEL SECURITY", qualified(table))),
    }
}

/// The statement that creates an enum type.
pub(super) fn enum_type(name: &QName, labels: &[String]) -> String {
    let labels: Vec<_> = labels.iter().map(|label| literal(label)).collect();
    format!("CREATE TYPE {} AS ENUM ({})", qualified(name), labels.join(", "))
}
