//! Foreign keys that nobody changes and that have to go for a while all the same.
//!
//! PostgreSQL drops no key that a foreign key refers to, and holds no foreign key between columns
//! whose types do not compare. So a foreign key is taken off before its columns or its key change
//! and put back when everything stands again.

use std::collections::BTreeSet;

use super::batch::{Batch, key_columns, referenced_key, replaces, sorted};
use super::member_ops::{frees, needs};
use super::members;
use crate::dialect::rank;
use crate::model::{Change, ForeignKey, Hazard, HazardNote, Index, Member, Object, Op, Pace, QName};

/// The operations that take such foreign keys off and put them back.
pub(super) fn ops(batch: &Batch<'_>) -> Vec<Op> {
    let mut ops = Vec::new();
    for table in batch.from.tables.values() {
        for member in batch.staying_members(table) {
            let Member::ForeignKey(key) = &member else { continue };
            let causes = causes(batch, &table.name, key);
            if !causes.is_empty() {
                ops.push(take_off(batch, &causes, &table.name, &member));
                ops.push(put_back(batch, &causes, &table.name, &member, key));
            }
        }
    }
    ops
}

/// The changes that cannot be carried out while a foreign key is there.
fn causes(batch: &Batch<'_>, table: &QName, key: &ForeignKey) -> Vec<usize> {
    let Object::Key(_, referenced) = referenced_key(batch, key) else { return Vec::new() };
    let mut causes: BTreeSet<usize> = BTreeSet::new();
    for (index, change) in batch.changes.iter().enumerate() {
        if takes_key(change, &key.table, &referenced) {
            causes.insert(index);
        }
    }
    let own = key.columns.iter().map(|column| (table, column));
    let others = referenced.iter().map(|column| (&key.table, column));
    for (table, column) in own.chain(others) {
        causes.extend(disturbance(batch, table, column));
    }
    causes.into_iter().collect()
}

/// Whether a change takes away the key on these columns, if only to make another one.
fn takes_key(change: &Change, table: &QName, columns: &[String]) -> bool {
    let taken = match change {
        Change::DropMember { table: t, from } if t == table => from,
        Change::AlterMember { table: t, from, to } if t == table && replaces(from, to) => from,
        _ => return false,
    };
    key_columns(taken).is_some_and(|key| key == columns) || deferrable_key(taken).is_some_and(|key| key == columns)
}

/// A key that can be deferred is none that a foreign key refers to, unless it was made so later.
fn deferrable_key(member: &Member) -> Option<Vec<String>> {
    match member {
        Member::PrimaryKey(index) | Member::Unique(index) => Some(sorted(Index::columns(index))),
        _ => None,
    }
}

/// The change that makes a column another one for a foreign key: another type, or a new column.
fn disturbance(batch: &Batch<'_>, table: &QName, column: &str) -> Vec<usize> {
    let retyped = batch.conversion_of(table, column).filter(|(_, conversion)| !conversion.same_type);
    let rebuilt_enum = batch.column_before(table, column).and_then(|column| super::enums::rebuild_of(batch, column));
    let retyped = retyped.map(|(index, _)| index);
    retyped.into_iter().chain(batch.recreation(table, column)).chain(rebuilt_enum).collect()
}

/// Neither this nor putting it back counts as dropping or making the foreign key: it may be renamed
/// in the same batch, afterwards.
fn take_off(batch: &Batch<'_>, causes: &[usize], table: &QName, member: &Member) -> Op {
    let title = format!("take off foreign key {table}.{}", member.label());
    let mut op = Op::new(causes.to_vec(), title, vec![members::drop(table, member)]);
    op.rank = rank::DROP_FOREIGN_KEY;
    op.frees = frees(batch, table, member);
    op
}

fn put_back(batch: &Batch<'_>, causes: &[usize], table: &QName, member: &Member, key: &ForeignKey) -> Op {
    let title = format!("put back foreign key {table}.{}", member.label());
    let mut op = Op::new(causes.to_vec(), title, members::add(table, member));
    op.rank = rank::ADD_FOREIGN_KEY;
    op.pace = Pace::Slow;
    op.needs = needs(batch, table, member);
    let why = format!("writes to {table} and {} wait while rows are checked", key.table);
    op.hazards.push(HazardNote::new(Hazard::ShareLock, why));
    op
}
