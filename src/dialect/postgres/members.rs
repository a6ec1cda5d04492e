//! Keys, indexes and constraints as SQL.

use std::collections::BTreeMap;

use super::names::{ident, idents, literal, qualified, spelled, spelled_list};
use super::settings::index_parameters;
use super::text::without_parentheses;
use crate::model::{Check, Deferrable, ForeignKey, Index, Member, Nulls, Part, PartSource, QName};

/// The definition of a constraint as `CREATE TABLE` and `ADD` take it; `None` for an index.
pub(super) fn constraint(member: &Member) -> Option<String> {
    let definition = match member {
        Member::PrimaryKey(index) => key("PRIMARY KEY", index),
        Member::Unique(index) if index.nulls_not_distinct => key("UNIQUE NULLS NOT DISTINCT", index),
        Member::Unique(index) => key("UNIQUE", index),
        Member::ForeignKey(key) => foreign_key(key),
        Member::Check(constraint) => check(constraint),
        Member::Index(_) => return None,
    };
    Some(match member.name() {
        Some(name) => format!("CONSTRAINT {} {definition}", ident(name)),
        None => definition,
    })
}

fn key(word: &str, index: &Index) -> String {
    let columns: Vec<_> = index.columns().map(ident).collect();
    let parameters = index_parameters(&index.options);
    let include = include(&index.include);
    format!("{word} ({}){include}{parameters}{}", columns.join(", "), deferrable(index.deferrable))
}

fn include(columns: &[String]) -> String {
    if columns.is_empty() { String::new() } else { format!(" INCLUDE ({})", idents(columns)) }
}

/// When a constraint is checked, as its definition says it.
pub(super) fn deferrable(deferrable: Deferrable) -> &'static str {
    match deferrable {
        Deferrable::No => "",
        Deferrable::Immediate => " DEFERRABLE",
        Deferrable::Deferred => " DEFERRABLE INITIALLY DEFERRED",
    }
}

/// What `ALTER CONSTRAINT` takes to change when a foreign key is checked.
pub(super) fn deferral(when: Deferrable) -> &'static str {
    match when {
        Deferrable::No => "NOT DEFERRABLE",
        Deferrable::Immediate => "DEFERRABLE INITIALLY IMMEDIATE",
        Deferrable::Deferred => "DEFERRABLE INITIALLY DEFERRED",
    }
}

fn foreign_key(key: &ForeignKey) -> String {
    let mut sql = format!("FOREIGN KEY ({}) REFERENCES {}", idents(&key.columns), qualified(&key.table));
    if !key.referenced.is_empty() {
        sql.push_str(&format!(" ({})", idents(&key.referenced)));
    }
    if let Some(kind) = key.options.get("match") {
        sql.push_str(if kind.eq_ignore_ascii_case("full") { " MATCH FULL" } else { " MATCH SIMPLE" });
    }
    if let Some(action) = &key.on_delete {
        sql.push_str(&format!(" ON DELETE {action}"));
        let columns = key.options.get("set_null").or_else(|| key.options.get("set_default"));
        sql.extend(columns.map(|columns| format!(" ({})", spelled_list(columns))));
    }
    sql.extend(key.on_update.iter().map(|action| format!(" ON UPDATE {action}")));
    sql.push_str(deferrable(key.deferrable));
    sql.push_str(marks(&key.options));
    sql
}

fn check(constraint: &Check) -> String {
    let no_inherit = if is_set(&constraint.options, "no_inherit") { " NO INHERIT" } else { "" };
    format!("CHECK ({}){no_inherit}{}", constraint.expr, marks(&constraint.options))
}

/// Whether the rows that exist were not checked, or no row is.
fn marks(options: &BTreeMap<String, String>) -> &'static str {
    if options.get("enforced").is_some_and(|value| value == "false") {
        " NOT ENFORCED"
    } else if is_set(options, "not_valid") {
        " NOT VALID"
    } else {
        ""
    }
}

/// Whether an option is there and not `false`.
pub(super) fn is_set(options: &BTreeMap<String, String>, key: &str) -> bool {
    options.get(key).is_some_and(|value| value != "false")
}

/// The statement that creates an index. `None` for a name lets the server find one.
pub(crate) fn create_index(table: &QName, index: &Index) -> String {
    let unique = if index.unique { "UNIQUE " } else { "" };
    let name = index.name.as_ref().map(|name| format!("{} ", ident(name))).unwrap_or_default();
    let method = index.method.as_ref().map(|method| format!(" USING {}", ident(method))).unwrap_or_default();
    let parts: Vec<_> = index.parts.iter().map(part).collect();
    let distinct = if index.nulls_not_distinct { " NULLS NOT DISTINCT" } else { "" };
    let predicate = index.predicate.as_ref().map(|predicate| format!(" WHERE ({predicate})")).unwrap_or_default();
    format!(
        "CREATE {unique}INDEX {name}ON {}{method} ({}){}{distinct}{}{predicate}",
        qualified(table),
        parts.join(", "),
        include(&index.include),
        index_parameters(&index.options),
    )
}

/// The statement that creates an index while others write to the table. In a scratch transaction it runs without the
/// word.
pub(super) fn create_index_concurrently(table: &QName, index: &Index) -> String {
    create_index(table, index).replacen("INDEX", "INDEX CONCURRENTLY", 1)
}

fn part(part: &Part) -> String {
    let mut sql = match &part.source {
        PartSource::Column(name) => ident(name),
        PartSource::Expr(expr) => format!("({})", without_parentheses(expr)),
    };
    sql.extend(part.collation.iter().map(|collation| format!(" COLLATE {}", spelled(collation))));
    sql.extend(part.opclass.iter().map(|opclass| format!(" {}", spelled(opclass))));
    sql.push_str(if part.desc { " DESC" } else { "" });
    sql.push_str(match part.nulls {
        Some(Nulls::First) => " NULLS FIRST",
        Some(Nulls::Last) => " NULLS LAST",
        None => "",
    });
    sql
}

/// The statements that add a member to a table, its comment included.
pub(super) fn add(table: &QName, member: &Member) -> Vec<String> {
    let create = match (member, constraint(member)) {
        (_, Some(definition)) => format!("ALTER TABLE {} ADD {definition}", qualified(table)),
        (Member::Index(index), None) => create_index(table, index),
        (_, None) => unreachable!("every member but an index is a constraint"),
    };
    std::iter::once(create).chain(comment(table, member, member.comment())).collect()
}

/// The statement that drops a member. Whatever exists has a name.
pub(super) fn drop(table: &QName, member: &Member) -> String {
    let name = member.name().unwrap_or_default();
    match member {
        Member::Index(_) => format!("DROP INDEX {}", qualified(&table.sibling(name))),
        _ => format!("ALTER TABLE {} DROP CONSTRAINT {}", qualified(table), ident(name)),
    }
}

/// The statement that gives a member a comment or takes it away; `None` where it has no name to
/// be called by or has no comment to begin with.
pub(super) fn comment(table: &QName, member: &Member, text: Option<&str>) -> Option<String> {
    text.and_then(|text| set_comment(table, member, Some(text)))
}

/// The statement that sets the comment of a member, or removes it.
pub(super) fn set_comment(table: &QName, member: &Member, text: Option<&str>) -> Option<String> {
    let name = member.name()?;
    let object = match member {
        Member::Index(_) => format!("INDEX {}", qualified(&table.sibling(name))),
        _ => format!("CONSTRAINT {} ON {}", ident(name), qualified(table)),
    };
    Some(format!("COMMENT ON {object} IS {}", comment_text(text)))
}

/// A comment as a literal, or NULL for none.
pub(super) fn comment_text(text: Option<&str>) -> String {
    text.map_or_else(|| "NULL".to_owned(), literal)
}
