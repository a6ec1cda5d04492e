//! From changes to operations.
//!
//! Foreign keys go first and come last, in statements of their own: one `ALTER TABLE` cannot replace a key of
//! the same name, and a column in a key does not change its type. Between them, what changes in one table shares a
//! statement where the hazards are the same; a policy that keeps a dangerous change back must not keep back
//! a harmless one with it.

use std::collections::BTreeMap;

use super::types::is_textual;
use super::{Mysql, online};
use crate::model::{Change, Column, ForeignKey, Index, Op, Property, QName, Schema, Table};

/// Changes and the schemas before and after them.
pub(super) struct Batch<'a> {
    pub dialect: &'a Mysql,
    pub from: &'a Schema,
    pub to: &'a Schema,
    pub changes: &'a [Change],
    by_table: BTreeMap<&'a QName, Vec<usize>>,
    reshaped: BTreeMap<&'a QName, Vec<(String, usize)>>,
}

/// The operations for a batch.
pub(super) fn ops(dialect: &Mysql, from: &Schema, to: &Schema, changes: &[Change]) -> Vec<Op> {
    let batch = Batch::new(dialect, from, to, changes);
    let mut ops = batch.renames();
    ops.extend(batch.tables());
    ops.extend(batch.foreign_keys());
    for table in batch.altered() {
        ops.extend(batch.alter(table));
    }
    for op in &mut ops {
        let statements = std::mem::take(&mut op.statements);
        op.statements = statements.into_iter().map(|sql| online::stated(sql, &dialect.platform)).collect();
    }
    ops
}

impl<'a> Batch<'a> {
    fn new(dialect: &'a Mysql, from: &'a Schema, to: &'a Schema, changes: &'a [Change]) -> Self {
        let mut batch = Self { dialect, from, to, changes, by_table: BTreeMap::new(), reshaped: BTreeMap::new() };
        for (number, change) in changes.iter().enumerate() {
            let columns = batch.reshapes(change).into_iter().map(|column| (column, number));
            if let Some(table) = change.table() {
                batch.by_table.entry(table).or_default().push(number);
                batch.reshaped.entry(table).or_default().extend(columns);
            }
        }
        batch
    }

    /// The changes with their numbers.
    pub fn numbered(&self) -> impl Iterator<Item = (usize, &'a Change)> {
        self.changes.iter().enumerate()
    }

    /// The changes of one table with their numbers.
    pub fn changes_of(&self, table: &QName) -> impl Iterator<Item = (usize, &'a Change)> {
        let numbers = self.by_table.get(table).map_or(&[][..], Vec::as_slice);
        numbers.iter().map(|number| (*number, &self.changes[*number]))
    }

    /// The tables that stay and change.
    fn altered(&self) -> impl Iterator<Item = &'a QName> {
        let stays = |name: &&QName| self.from.tables.contains_key(name) && self.to.tables.contains_key(name);
        self.by_table.keys().copied().filter(stays)
    }

    /// A table before the changes.
    pub fn before(&self, table: &QName) -> Option<&'a Table> {
        self.from.tables.get(table)
    }

    /// A table after the changes.
    pub fn after(&self, table: &QName) -> Option<&'a Table> {
        self.to.tables.get(table)
    }

    /// Whether any column's values get another type or collation.
    pub fn reshapes_any(&self) -> bool {
        self.reshaped.values().any(|columns| !columns.is_empty())
    }

    /// The columns whose values get another type or collation, with the changes that do it.
    pub fn reshaped(&self, table: &QName) -> &[(String, usize)] {
        self.reshaped.get(table).map_or(&[], Vec::as_slice)
    }

    fn reshapes(&self, change: &Change) -> Vec<String> {
        match change {
            Change::AlterColumn { property: Property::Type | Property::Collation, to, .. } => vec![to.name.clone()],
            Change::AlterColumn { property: Property::Generated, from, to, .. } if is_replaced(from, to) => {
                vec![to.name.clone()]
            }
            Change::AlterTableOption { table, option, .. } if is_collation(option) => self.recollated(table),
            _ => Vec::new(),
        }
    }

    /// The columns that follow the table's collation before and after.
    pub fn recollated(&self, table: &QName) -> Vec<String> {
        let (Some(before), Some(after)) = (self.before(table), self.after(table)) else { return Vec::new() };
        let follows = |column: &&Column| {
            is_textual(&column.data_type)
                && column.collation.is_none()
                && !column.options.contains_key("charset")
                && before.column(&column.name).is_some_and(|old| is_textual(&old.data_type))
        };
        after.columns.iter().filter(follows).map(|column| column.name.clone()).collect()
    }

    /// The lists of columns over which foreign keys that stand need this index, because no other one stays.
    pub fn serves(&self, table: &QName, index: &Index) -> Vec<Vec<String>> {
        let keys = self.standing_keys(table);
        self.served(table, index, keys.flat_map(|(child, key)| [(child, &key.columns), (&key.table, &key.referenced)]))
    }

    /// The lists of columns for which this index may not go before another one has come. Of a key that is not there
    /// all the time only what it refers to: the server makes the index on its own side, and takes it away.
    pub fn will_serve(&self, table: &QName, index: &Index) -> Vec<Vec<String>> {
        let keys = self.to.tables.values().flat_map(|child| &child.foreign_keys);
        let mut served = self.served(table, index, keys.map(|key| (&key.table, &key.referenced)));
        served.extend(self.serves(table, index));
        served
    }

    fn served<'k>(
        &self,
        table: &QName,
        index: &Index,
        sides: impl Iterator<Item = (&'k QName, &'k Vec<String>)>,
    ) -> Vec<Vec<String>> {
        sides
            .filter(|(own, columns)| *own == table && leads_with(index, columns))
            .map(|(_, columns)| columns)
            .filter(|columns| !self.served_otherwise(table, index, columns))
            .cloned()
            .collect()
    }

    /// Foreign keys from or to a table that are there all the time.
    fn standing_keys(&self, table: &QName) -> impl Iterator<Item = (&'a QName, &'a ForeignKey)> {
        let stays = |child: &QName, key: &ForeignKey| {
            let after = self.after(child);
            after.is_some_and(|table| table.foreign_keys.contains(key)) && !self.is_lifted(child, key)
        };
        let all = self.from.tables.values().flat_map(|table| table.foreign_keys.iter().map(|key| (&table.name, key)));
        all.filter(move |(child, key)| *child == table || key.table == *table)
            .filter(move |(child, key)| stays(child, key))
    }

    fn served_otherwise(&self, table: &QName, index: &Index, columns: &[String]) -> bool {
        let (Some(before), Some(after)) = (self.before(table), self.after(table)) else { return false };
        let stays = |other: &&Index| {
            *other != index && (after.indexes.contains(other) || after.primary_key.as_ref() == Some(*other))
        };
        before.indexes.iter().chain(&before.primary_key).filter(stays).any(|other| leads_with(other, columns))
    }
}

/// Whether an index begins with these columns, so that a foreign key can use it.
pub(super) fn leads_with(index: &Index, columns: &[String]) -> bool {
    let parts: Vec<&str> = index.columns().take(columns.len()).collect();
    let plain = index.parts.iter().take(columns.len()).all(|part| part.prefix.is_none());
    index.method.is_none() && plain && parts.len() == columns.len() && parts.iter().zip(columns).all(|(a, b)| a == b)
}

/// Whether a column has to be dropped and made anew: one that is computed when read becomes or was something else.
pub(super) fn is_replaced(from: &Column, to: &Column) -> bool {
    let kind = |column: &Column| column.generated.as_ref().map(|generated| generated.stored);
    kind(from) != kind(to) && (kind(from) == Some(false) || kind(to) == Some(false))
}

/// Whether an option decides on the table's collation.
pub(super) fn is_collation(option: &str) -> bool {
    matches!(option, "collation" | "charset")
}
