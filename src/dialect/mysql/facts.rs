//! Questions to the rows before a change runs: each counts what would stand in its way.

use super::castable::{self, Test};
use super::names::{quote, quote_table};
use super::ops::Batch;
use super::rows::bytes;
use super::tokens::mentioned;
use super::types::{base, is_textual};
use crate::dialect::Dialect;
use crate::dialect::fact::{self, of_rows};
use crate::model::{
    Check, Column, FactKind, ForeignKey, Index, Move, OnConflict, Part, PartSource, Precondition, QName, Schema, Table,
    Vendor,
};

/// Rows that would have no value in a new column.
pub(super) fn no_value(change: usize, table: &QName, column: &str) -> Precondition {
    let finding = format!("{{n}} rows of {table} would have no value for {column}: declare a default or a backfill");
    of_rows(FactKind::NoValue, change, table, &format!("FROM {}", quote_table(table)), finding)
}

/// Rows that have NULL where none may be.
pub(super) fn nulls(change: usize, table: &QName, column: &str) -> Precondition {
    let rows = format!("FROM {} WHERE {} IS NULL", quote_table(table), quote(column));
    of_rows(
        FactKind::Nulls,
        change,
        table,
        &rows,
        format!("{{n}} rows of {table} have NULL in {column}: declare a backfill"),
    )
}

/// Rows with different values in two columns that become one. `value` is what the old one would give.
pub(super) fn disagreement(change: usize, table: &QName, (old, new): (&Column, &Column), value: &str) -> Precondition {
    let rows = format!("FROM {} WHERE {}", quote_table(table), disagrees(old, new, value));
    let finding = format!("{{n}} rows of {table} have both {} and {} with different values", old.name, new.name);
    of_rows(FactKind::Disagreement, change, table, &rows, finding)
}

/// Values that a new type does not take.
pub(super) fn of_type(
    change: usize,
    table: &QName,
    from: &Column,
    to: &Column,
    vendor: Vendor,
) -> Option<Precondition> {
    if from.generated.is_some() || to.generated.is_some() {
        return None;
    }
    let name = &to.name;
    let (kind, condition, what) = match castable::test(from, to, vendor)? {
        Test::Longer(condition) => (FactKind::TooLong, condition, format!("hold more in {name} than {}", to.data_type)),
        Test::Refused(condition) => {
            (FactKind::NotCastable, condition, format!("hold what is no {} in {name}", to.data_type))
        }
        Test::Label(condition) => {
            (FactKind::Labels, condition, format!("have a label in {name} that {} lacks", to.data_type))
        }
        Test::Unasked => {
            let what = format!("whether all values of {table}.{name} can become {}", to.data_type);
            return Some(fact::unasked(change, table, format!("{what}; no query can tell before it is tried")));
        }
    };
    let rows = format!("FROM {} WHERE {condition}", quote_table(table));
    Some(of_rows(kind, change, table, &rows, format!("{{n}} rows of {table} {what}")))
}

/// A column of a key as it is printed: bytes as hexadecimal digits.
pub(super) fn shown(schema: &Schema, table: &QName, column: &str) -> String {
    let name = quote(column);
    let data_type =
        schema.tables.get(table).and_then(|table| table.column(column)).map(|column| base(&column.data_type));
    match data_type {
        Some(bytes) if bytes.ends_with("binary") || bytes.ends_with("blob") || bytes == "bit" => {
            format!("CONCAT('0x', HEX({name})) AS {name}")
        }
        _ => name,
    }
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
    let rows = format!("FROM {} WHERE {both} AND {hashed}", quote_table(table));
    let finding = format!("{{n}} rows of {table} have different hashes in {} and {}", old.name, new.name);
    (how.on_conflict == OnConflict::Stop).then(|| of_rows(FactKind::Disagreement, change, table, &rows, finding))
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
        let (name, parts) = (quote_table(table), parts.join(", "));
        let query = format!(
            "SELECT count(*) FROM (SELECT 1 FROM {name} WHERE {set} GROUP BY {parts} HAVING count(*) > 1) AS duplicates"
        );
        let rows = format!(
            "FROM (SELECT *, count(*) OVER (PARTITION BY {parts}) AS undrift_times FROM {name} WHERE {set}) AS duplicates \
             WHERE undrift_times > 1"
        );
        let finding = format!("{{n}} values of {label} stand in more than one row of {table}");
        Some(fact::counted(FactKind::Duplicates, change, table, query, &rows, finding))
    }

    /// Rows that refer to nothing.
    pub fn orphans(&self, change: usize, child: &QName, key: &ForeignKey) -> Option<Precondition> {
        if !self.can_ask(child, key.columns.iter().map(String::as_str)) {
            return None;
        }
        let set = |name: &String| format!("child.{} IS NOT NULL", quote(name));
        let set = key.columns.iter().map(set).collect::<Vec<_>>().join(" AND ");
        let child_table = quote_table(child);
        let is_elsewhere = key.table.schema.is_some() || self.from.has_beside(&key.table);
        let rows = if !is_elsewhere && self.before(&key.table).is_none() {
            format!("FROM {child_table} AS child WHERE {set}")
        } else if is_elsewhere || self.can_ask(&key.table, key.referenced.iter().map(String::as_str)) {
            let equal = |(own, other): (&String, &String)| format!("parent.{} = child.{}", quote(other), quote(own));
            let equal = key.columns.iter().zip(&key.referenced).map(equal).collect::<Vec<_>>().join(" AND ");
            let parent = quote_table(&key.table);
            format!(
                "FROM {child_table} AS child WHERE {set} AND NOT EXISTS \
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
        Some(of_rows(FactKind::Orphans, change, child, &rows, finding))
    }

    /// Rows that violate a check.
    pub fn violations(&self, change: usize, table: &Table, check: &Check, label: &str) -> Option<Precondition> {
        let enforced = check.options.get("enforced").is_none_or(|enforced| enforced != "false");
        let columns = mentioned(&check.expr, table.columns.iter().map(|column| column.name.as_str()));
        if !enforced || !self.can_ask(&table.name, columns) {
            return None;
        }
        let rows = format!("FROM {} WHERE NOT ({})", quote_table(&table.name), check.expr);
        let finding = format!("{{n}} rows of {} violate the check {label}", table.name);
        Some(of_rows(FactKind::Check, change, &table.name, &rows, finding))
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
