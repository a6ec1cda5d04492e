//! Questions to the rows before a change runs: each counts what would stand in its way.

use super::names::{quote, quote_table};
use super::ops::Batch;
use super::rows::bytes;
use super::tokens::mentioned;
use super::types::is_textual;
use crate::dialect::Dialect;
use crate::model::{Check, Column, ForeignKey, Index, Move, OnConflict, Part, PartSource, Precondition, QName, Table};

fn fact(change: usize, query: String, finding: String) -> Precondition {
    Precondition { changes: vec![change], query, finding }
}

/// Rows that would have no value in a new column.
pub(super) fn no_value(change: usize, table: &QName, column: &str) -> Precondition {
    let query = format!("SELECT COUNT(*) FROM {}", quote_table(table));
    fact(
        change,
        query,
        format!("{{n}} rows of {table} would have no value for {column}: declare a default or a backfill"),
    )
}

/// Rows that have NULL where none may be.
pub(super) fn nulls(change: usize, table: &QName, column: &str) -> Precondition {
    let query = format!("SELECT COUNT(*) FROM {} WHERE {} IS NULL", quote_table(table), quote(column));
    fact(change, query, format!("{{n}} rows of {table} have NULL in {column}: declare a backfill"))
}

/// Rows with different values in two columns that become one. `value` is what the old one would give.
pub(super) fn disagreement(change: usize, table: &QName, (old, new): (&Column, &Column), value: &str) -> Precondition {
    let query = format!("SELECT COUNT(*) FROM {} WHERE {}", quote_table(table), disagrees(old, new, value));
    fact(change, query, format!("{{n}} rows of {table} have both {} and {} with different values", old.name, new.name))
}

/// The condition that both columns have a value and not the same. Texts are compared byte by byte: what a collation
/// takes for equal is not the same password.
pub(super) fn disagrees(old: &Column, new: &Column, value: &str) -> String {
    let textual = is_textual(&old.data_type) || is_textual(&new.data_type);
    let spelled = |value: &str| if textual { bytes(value) } else { value.to_owned() };
    let (a, b) = (quote(&old.name), quote(&new.name));
    format!("{a} IS NOT NULL AND {b} IS NOT NULL AND NOT ({} <=> {})", spelled(value), spelled(&b))
}

/// Rows whose old column holds a hash already, and another one than the new column. Plain text is checked against its
/// hash by undrift, before anything changes.
pub(super) fn other_hash(
    dialect: &dyn Dialect,
    change: usize,
    table: &QName,
    (old, new): (&Column, &Column),
    how: &Move,
) -> Option<Precondition> {
    let both = disagrees(old, new, &quote(&old.name));
    let hashed = dialect.is_password_hash(&quote(&old.name));
    let query = format!("SELECT COUNT(*) FROM {} WHERE {both} AND {hashed}", quote_table(table));
    let finding = format!("{{n}} rows of {table} have different hashes in {} and {}", old.name, new.name);
    (how.on_conflict == OnConflict::Stop).then(|| fact(change, query, finding))
}

impl Batch<'_> {
    /// Whether these columns are there, unchanged, before the changes, so that they can be asked about.
    fn can_ask<'n>(&self, table: &QName, columns: impl IntoIterator<Item = &'n str>) -> bool {
        let Some(before) = self.before(table) else { return false };
        let reshaped = self.reshaped(table);
        columns.into_iter().all(|name| before.column(name).is_some() && reshaped.iter().all(|(other, _)| other != name))
    }

    /// Groups of rows that a unique key would not allow; and NULLs in a primary key.
    pub fn duplicates(&self, change: usize, table: &QName, index: &Index, label: &str) -> Option<Precondition> {
        let plain = index.parts.iter().all(|part| matches!(part.source, PartSource::Column(_)));
        if !index.unique || !plain || !self.can_ask(table, index.columns()) {
            return None;
        }
        let parts: Vec<String> = index.parts.iter().map(value).collect();
        let set = parts.iter().map(|part| format!("{part} IS NOT NULL")).collect::<Vec<_>>().join(" AND ");
        let query = format!(
            "SELECT COUNT(*) FROM (SELECT 1 FROM {} WHERE {set} GROUP BY {} HAVING COUNT(*) > 1) AS duplicates",
            quote_table(table),
            parts.join(", ")
        );
        Some(fact(change, query, format!("{{n}} values of {label} stand in more than one row of {table}")))
    }

    /// Rows that refer to nothing.
    pub fn orphans(&self, change: usize, child: &QName, key: &ForeignKey) -> Option<Precondition> {
        if !self.can_ask(child, key.columns.iter().map(String::as_str)) {
            return None;
        }
        let set = |name: &String| format!("child.{} IS NOT NULL", quote(name));
        let set = key.columns.iter().map(set).collect::<Vec<_>>().join(" AND ");
        let child_table = quote_table(child);
        let query = if key.table.schema.is_none() && self.before(&key.table).is_none() {
            format!("SELECT COUNT(*) FROM {child_table} AS child WHERE {set}")
        } else if key.table.schema.is_some() || self.can_ask(&key.table, key.referenced.iter().map(String::as_str)) {
            let equal = |(own, other): (&String, &String)| format!("parent.{} = child.{}", quote(other), quote(own));
            let equal = key.columns.iter().zip(&key.referenced).map(equal).collect::<Vec<_>>().join(" AND ");
            let parent = quote_table(&key.table);
            format!(
                "SELECT COUNT(*) FROM {child_table} AS child WHERE {set} AND NOT EXISTS \
                 (SELECT 1 FROM {parent} AS parent WHERE {equal})"
            )
        } else {
            return None;
        };
        let finding = format!(
            "{{n}} rows of {child} refer by ({}) to rows that {} does not have",
            key.columns.join(", "),
            key.table
        );
        Some(fact(change, query, finding))
    }

    /// Rows that violate a check.
    pub fn violations(&self, change: usize, table: &Table, check: &Check, label: &str) -> Option<Precondition> {
        let enforced = check.options.get("enforced").is_none_or(|enforced| enforced != "false");
        let columns = mentioned(&check.expr, table.columns.iter().map(|column| column.name.as_str()));
        if !enforced || !self.can_ask(&table.name, columns) {
            return None;
        }
        let query = format!("SELECT COUNT(*) FROM {} WHERE NOT ({})", quote_table(&table.name), check.expr);
        Some(fact(change, query, format!("{{n}} rows of {} violate the check {label}", table.name)))
    }
}

/// What of a column an index part holds.
fn value(part: &Part) -> String {
    match (&part.source, part.prefix) {
        (PartSource::Column(name), Some(prefix)) => format!("LEFT({}, {prefix})", quote(name)),
        (PartSource::Column(name), None) => quote(name),
        (PartSource::Expr(expr), _) => format!("({expr})"),
    }
}
