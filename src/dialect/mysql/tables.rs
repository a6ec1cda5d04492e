//! Tables that come and go.

use super::births::Births;
use super::hazards;
use super::names::quote_table;
use super::online::{self, Way};
use super::ops::Batch;
use super::piece::alter;
use crate::dialect::rank;
use crate::model::{Change, ForeignKey, Index, Object, Op, QName, Table};

impl Batch<'_> {
    /// The operations for whole tables.
    pub fn tables(&self) -> Vec<Op> {
        let mut ops = Vec::new();
        let births = self.births();
        for (number, change) in self.numbered() {
            match change {
                Change::CreateTable { to } => ops.extend(self.create(number, to, &births)),
                Change::DropTable { from } => ops.extend(self.drop(number, from)),
                _ => {}
            }
        }
        ops
    }

    /// The table, then the foreign keys that it cannot bring along. No rows: nothing of it hurts.
    fn create(&self, number: usize, table: &Table, births: &Births<'_>) -> Vec<Op> {
        let keys = table.foreign_keys.iter().cloned();
        let (own, later): (Vec<_>, Vec<_>) = keys.partition(|key| self.is_inborn(births, &table.name, key));
        let mut ops = vec![self.create_with(number, table, &own)];
        if !later.is_empty() {
            let mut piece = self.add_keys(&table.name, &later, &[number]);
            piece.hazards.clear();
            let mut op = piece.into_op();
            // The table is empty, and there is no other way with foreign key checks on.
            let copied = |sql: &String| online::said(sql, Way::Copy, &self.dialect.platform);
            op.statements = op.statements.iter().map(copied).collect();
            ops.push(op);
        }
        ops
    }

    fn create_with(&self, number: usize, table: &Table, foreign_keys: &[ForeignKey]) -> Op {
        let name = &table.name;
        let mut makes = vec![Object::Table(name.clone())];
        makes.extend(table.columns.iter().map(|column| Object::Column(name.clone(), column.name.clone())));
        for index in table.indexes.iter().chain(&table.primary_key) {
            makes.extend(index.name.iter().map(|index| Object::Member(name.clone(), index.clone())));
            makes.extend(keys(name, index));
        }
        makes.extend(
            foreign_keys.iter().filter_map(|key| key.name.clone()).map(|key| Object::Member(name.clone(), key)),
        );
        let others = foreign_keys.iter().filter(|key| key.table != *name);
        let needs = others.flat_map(|other| [Object::Table(other.table.clone()), key(&other.table, &other.referenced)]);
        let statement = self.dialect.create_table(table, foreign_keys);
        Op {
            transactional: false,
            needs: needs.collect(),
            makes,
            rank: rank::CREATE_TABLE,
            ..Op::new(vec![number], format!("create table {name}"), vec![statement])
        }
    }

    /// The table's own foreign keys go first where what they refer to goes too: the two may refer to each other.
    fn drop(&self, number: usize, table: &Table) -> Vec<Op> {
        let name = &table.name;
        let goes = |other: &QName| other != name && !self.to.tables.contains_key(other);
        let keys: Vec<_> = table.foreign_keys.iter().filter(|key| goes(&key.table)).collect();
        let mut ops = Vec::new();
        if !keys.is_empty() {
            ops.push(self.drop_keys(name, &keys, &[number]).into_op());
        }
        let mut op =
            Op::new(vec![number], format!("drop table {name}"), vec![format!("DROP TABLE {}", quote_table(name))]);
        op.transactional = false;
        op.hazards = hazards::drop_table(name);
        op.drops = vec![Object::Table(name.clone())];
        for key in table.foreign_keys.iter().filter(|key| !goes(&key.table)) {
            op.frees.extend(key.referenced.iter().map(|column| Object::Column(key.table.clone(), column.clone())));
            op.frees.extend(self.keys_behind(key));
        }
        op.rank = rank::DROP_TABLE;
        ops.push(op);
        ops
    }
}

/// What foreign keys may refer to thanks to an index: each run of its first columns.
pub(super) fn keys(table: &QName, index: &Index) -> Vec<Object> {
    runs(index).iter().map(|columns| key(table, columns)).collect()
}

/// Each run of the columns that an index begins with.
pub(super) fn runs(index: &Index) -> Vec<Vec<String>> {
    let columns: Vec<String> = index.columns().map(str::to_owned).collect();
    (1..=columns.len()).map(|length| columns[..length].to_vec()).collect()
}

/// The object that stands for these columns being indexed, in this order.
pub(super) fn key(table: &QName, columns: &[String]) -> Object {
    Object::Key(table.clone(), columns.to_vec())
}

/// `ALTER TABLE` with one clause.
pub(super) fn alter_one(table: &QName, clause: String) -> String {
    alter(table, &[clause])
}
