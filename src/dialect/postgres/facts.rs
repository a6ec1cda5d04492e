//! What must be true of the rows before something runs, as queries that have to return zero.

use std::collections::BTreeSet;

use super::batch::{Batch, used_columns};
use super::castable;
use super::member_ops::unchecked;
use super::names::{ident, literal, qualified};
use super::text::identifiers;
use super::types::parse;
use crate::dialect::Dialect;
use crate::dialect::fact::{self, of_rows};
use crate::model::{
    Column, EnumType, FactKind, ForeignKey, Index, Member, Move, OnConflict, Part, PartSource, Precondition, QName,
};

/// A table that gets a column which nothing fills has to be empty.
pub(super) fn no_rows(change: usize, table: &QName, column: &str) -> Precondition {
    let finding = format!("{{n}} rows of {table} would have no value for {column}: declare a default or a backfill");
    of_rows(FactKind::NoValue, change, table, &format!("FROM {}", qualified(table)), finding)
}

/// A column that becomes NOT NULL has no NULLs, those aside that values are moved into first.
pub(super) fn no_nulls(batch: &Batch<'_>, change: usize, table: &QName, column: &str) -> Precondition {
    let merged = batch.merged_from(table, column);
    let moved = merged.map(|old| format!(" AND {} IS NULL", ident(old))).unwrap_or_default();
    let rows = format!("FROM {} WHERE {} IS NULL{moved}", qualified(table), ident(column));
    let finding = format!("{{n}} rows of {table} have no value for {column}: declare a backfill");
    of_rows(FactKind::Nulls, change, table, &rows, finding)
}

/// A backfill of a column that takes no NULLs gives none.
pub(super) fn fill_gives_values(
    batch: &Batch<'_>,
    change: usize,
    table: &QName,
    column: &Column,
    fill: &str,
) -> Option<Precondition> {
    let finding = format!("the backfill gives {{n}} rows of {table} no value for {}", column.name);
    Some(of_rows(FactKind::NoValue, change, table, &nulls_of(batch, table, column, fill)?, finding))
}

/// A new generated column that takes no NULLs is computed to be none.
pub(super) fn is_computed(batch: &Batch<'_>, change: usize, table: &QName, column: &Column) -> Option<Precondition> {
    let expr = &column.generated.as_ref()?.expr;
    let finding = format!("{} is computed to be NULL for {{n}} rows of {table}", column.name);
    Some(of_rows(FactKind::NoValue, change, table, &nulls_of(batch, table, column, expr)?, finding))
}

/// The rows to which an expression gives no value. Nothing can be asked beforehand about columns that are yet to come.
fn nulls_of(batch: &Batch<'_>, table: &QName, column: &Column, expr: &str) -> Option<String> {
    let before = batch.table_before(table)?;
    let after = batch.table_after(table)?;
    let mentioned = identifiers(expr);
    // Facts only read.
    if mentioned.contains("nextval") {
        return None;
    }
    let is_new = |other: &&Column| mentioned.contains(&other.name) && before.column(&other.name).is_none();
    if after.columns.iter().any(|other| is_new(&other)) {
        return None;
    }
    let empty = before.column(&column.name).map(|column| format!("{} IS NULL AND ", ident(&column.name)));
    Some(format!("FROM {} WHERE {}({expr}) IS NULL", qualified(table), empty.unwrap_or_default()))
}

/// Two columns that become one agree wherever both have a value. `value` is what the old one would give.
pub(super) fn no_disagreement(
    changes: Vec<usize>,
    table: &QName,
    from: &Column,
    to: &Column,
    value: &str,
) -> Precondition {
    let rows = format!("FROM {} WHERE {}", qualified(table), disagreement(from, to, value));
    let finding = format!("{{n}} rows of {table} have both {} and {} with different values", from.name, to.name);
    Precondition { changes, ..of_rows(FactKind::Disagreement, 0, table, &rows, finding) }
}

/// The condition under which two columns disagree. They are compared as texts where their types
/// differ or cannot be compared.
pub(super) fn disagreement(from: &Column, to: &Column, value: &str) -> String {
    let (old, new) = (ident(&from.name), ident(&to.name));
    let comparable = from.data_type == to.data_type && !matches!(from.data_type.as_str(), "json" | "xml" | "point");
    let cast = if comparable { "" } else { "::text" };
    format!("{old} IS NOT NULL AND {new} IS NOT NULL AND ({value}){cast} IS DISTINCT FROM {new}{cast}")
}

/// Where the old column holds a hash already, it is the one in the new column. Plain text is checked against its
/// hash by undrift, before anything changes.
pub(super) fn no_other_hash(
    batch: &Batch<'_>,
    change: usize,
    table: &QName,
    from: &Column,
    to: &Column,
    how: &Move,
) -> Option<Precondition> {
    let hashed = batch.dialect.is_password_hash(&ident(&from.name));
    let both = disagreement(from, to, &ident(&from.name));
    let rows = format!("FROM {} WHERE {both} AND {hashed}", qualified(table));
    let finding = format!("{{n}} rows of {table} have different hashes in {} and {}", from.name, to.name);
    (how.on_conflict == OnConflict::Stop).then(|| of_rows(FactKind::Disagreement, change, table, &rows, finding))
}

/// Every value can become one of the new type.
pub(super) fn for_conversion(
    batch: &Batch<'_>,
    change: usize,
    table: &QName,
    from: &Column,
    to: &Column,
) -> Option<Precondition> {
    let labels = batch.enum_of(&to.data_type).and_then(|name| batch.to.enums.get(&name));
    let (kind, condition, what) = match castable::test(from, &to.data_type, labels, batch.dialect.version())? {
        castable::Test::Longer { condition, than } => {
            (FactKind::TooLong, condition, format!("have more than {than} characters in {}", to.name))
        }
        castable::Test::Refused(condition) => {
            (FactKind::NotCastable, condition, format!("hold what is no {} in {}", to.data_type, to.name))
        }
        castable::Test::Unasked => {
            let what = format!("whether all values of {table}.{} can become {}", to.name, to.data_type);
            return Some(fact::unasked(change, table, format!("{what}; no query can tell before it is tried")));
        }
    };
    let rows = format!("FROM {} WHERE {condition}", qualified(table));
    Some(of_rows(kind, change, table, &rows, format!("{{n}} rows of {table} {what}")))
}

/// No row has a label that an enum loses.
pub(super) fn no_gone_labels(
    change: usize,
    table: &QName,
    column: &Column,
    from: &EnumType,
    to: &EnumType,
) -> Option<Precondition> {
    let gone: Vec<_> = from.labels.iter().filter(|label| !to.labels.contains(label)).collect();
    if gone.is_empty() {
        return None;
    }
    let list = gone.iter().map(|label| literal(label)).collect::<Vec<_>>().join(", ");
    let name = ident(&column.name);
    let condition = if column.data_type.ends_with("[]") {
        format!("{name}::text[] && ARRAY[{list}]::text[]")
    } else {
        format!("{name}::text IN ({list})")
    };
    let labels = gone.iter().map(|label| label.as_str()).collect::<Vec<_>>().join(", ");
    let finding = format!("{{n}} rows of {table} have a label in {} that goes: {labels}", column.name);
    Some(of_rows(FactKind::Labels, change, table, &format!("FROM {} WHERE {condition}", qualified(table)), finding))
}

/// What must hold of the rows for a member to be added.
pub(super) fn for_member(batch: &Batch<'_>, change: usize, table: &QName, member: &Member) -> Vec<Precondition> {
    if unchecked(member) || !can_be_asked(batch, table, member) {
        return Vec::new();
    }
    let fact = match member {
        Member::PrimaryKey(index) | Member::Unique(index) => Some(no_duplicates(change, table, index)),
        Member::Index(index) => index.unique.then(|| no_duplicates(change, table, index)),
        Member::ForeignKey(key) => no_orphans(batch, change, table, key),
        Member::Check(check) => Some(no_violations(change, table, &member.label(), &check.expr)),
    };
    fact.into_iter().collect()
}

/// Whether the columns that a member looks at are there already, in the types that it will see.
fn can_be_asked(batch: &Batch<'_>, table: &QName, member: &Member) -> bool {
    let (Some(before), Some(after)) = (batch.table_before(table), batch.table_after(table)) else { return false };
    used_columns(after, member).iter().all(|column| is_steady(batch, table, column) && before.column(column).is_some())
}

fn is_steady(batch: &Batch<'_>, table: &QName, column: &str) -> bool {
    let same_type = batch.conversion_of(table, column).is_none_or(|(_, conversion)| conversion.same_type);
    same_type && batch.recreation(table, column).is_none()
}

fn no_duplicates(change: usize, table: &QName, index: &Index) -> Precondition {
    let parts: Vec<_> = index.parts.iter().map(part).collect();
    let mut conditions: Vec<_> = index.predicate.iter().map(|predicate| format!("({predicate})")).collect();
    if !index.nulls_not_distinct {
        conditions.extend(parts.iter().map(|part| format!("{part} IS NOT NULL")));
    }
    let filter = if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) };
    let (name, parts) = (qualified(table), parts.join(", "));
    let query =
        format!("SELECT count(*) FROM (SELECT 1 FROM {name}{filter} GROUP BY {parts} HAVING count(*) > 1) duplicates");
    let rows = format!(
        "FROM (SELECT *, count(*) OVER (PARTITION BY {parts}) AS undrift_times FROM {name}{filter}) duplicates \
         WHERE undrift_times > 1"
    );
    let labels: BTreeSet<_> = index.parts.iter().map(part_label).collect();
    let labels: Vec<_> = labels.into_iter().collect();
    let finding = format!("{{n}} values of {} occur more than once in {table}", labels.join(", "));
    fact::counted(FactKind::Duplicates, change, table, query, &rows, finding)
}

fn part(part: &Part) -> String {
    match &part.source {
        PartSource::Column(name) => ident(name),
        // A constant would be taken for the number of an output column.
        PartSource::Expr(expr) => format!("({expr})"),
    }
}

fn part_label(part: &Part) -> &str {
    match &part.source {
        PartSource::Column(name) => name,
        PartSource::Expr(expr) => expr,
    }
}

fn no_orphans(batch: &Batch<'_>, change: usize, table: &QName, key: &ForeignKey) -> Option<Precondition> {
    let set: Vec<_> = key.columns.iter().map(|column| format!("child.{} IS NOT NULL", ident(column))).collect();
    let finding = format!("{{n}} rows of {table} refer to a row of {} that is not there", key.table);
    let pairs = key.columns.iter().zip(&key.referenced);
    let equal: Vec<_> = pairs.map(|(a, b)| format!("parent.{} = child.{}", ident(b), ident(a))).collect();
    let (set, equal, parent) = (set.join(" AND "), equal.join(" AND "), qualified(&key.table));
    let missing = format!(" AND NOT EXISTS (SELECT 1 FROM {parent} parent WHERE {equal})");
    let missing = match batch.table_before(&key.table) {
        None if batch.from.has_beside(&key.table) => missing,
        None => String::new(),
        Some(parent) => {
            let steady = |column: &String| parent.column(column).is_some() && is_steady(batch, &key.table, column);
            if key.referenced.is_empty() || !key.referenced.iter().all(steady) || !same_types(batch, table, key) {
                return None;
            }
            missing
        }
    };
    let rows = format!("FROM {} child WHERE {set}{missing}", qualified(table));
    Some(of_rows(FactKind::Orphans, change, table, &rows, finding))
}

/// Whether values on both sides can be compared.
fn same_types(batch: &Batch<'_>, table: &QName, key: &ForeignKey) -> bool {
    key.columns.iter().zip(&key.referenced).all(|(column, referenced)| {
        let (a, b) = (batch.column_before(table, column), batch.column_before(&key.table, referenced));
        a.zip(b).is_some_and(|(a, b)| {
            let (a, b) = (parse(&a.data_type), parse(&b.data_type));
            a.name == b.name
                || (a.family.is_number() && b.family.is_number())
                || (a.family.is_string() && b.family.is_string())
        })
    })
}

fn no_violations(change: usize, table: &QName, label: &str, expr: &str) -> Precondition {
    let rows = format!("FROM {} WHERE NOT ({expr})", qualified(table));
    of_rows(FactKind::Check, change, table, &rows, format!("{{n}} rows of {table} violate {label}"))
}

/// The statement that stops the transaction if two columns disagree after all: somebody may have
/// written between the check and the lock.
pub(super) fn stop_on_disagreement(table: &QName, from: &Column, to: &Column, value: &str) -> String {
    let body = format!(
        "BEGIN IF EXISTS (SELECT 1 FROM {} WHERE {}) THEN RAISE EXCEPTION USING ERRCODE = 'check_violation', \
         MESSAGE = {}; END IF; END",
        qualified(table),
        disagreement(from, to, value),
        literal(&format!("rows of {table} have both {} and {} with different values", from.name, to.name)),
    );
    format!("DO {}", literal(&body))
}
