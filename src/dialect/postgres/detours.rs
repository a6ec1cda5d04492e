//! Foreign keys that nobody changes and that have to go for a while all the same.
//!
//! PostgreSQL drops no key that a foreign key refers to, and holds no foreign key between columns
//! whose types do not compare. So a foreign key is taken off before its columns or its key change
//! and put back when everything stands again.

use std::collections::BTreeSet;

use super::alter::AFTER_TYPES;
use super::batch::{Batch, key_columns, referenced_key, replaces, sorted};
use super::member_ops::{for_new_rows, frees, needs, unchecked, unvalidated, validate};
use super::{impact, members, online};
use crate::dialect::rank;
use crate::model::{Change, ForeignKey, Index, Member, Object, Op, QName};

/// The operations that take such foreign keys off and put them back.
pub(super) fn ops(batch: &Batch<'_>) -> Vec<Op> {
    let mut ops = Vec::new();
    for table in batch.from.tables.values() {
        for member in batch.staying_members(table) {
            let Member::ForeignKey(key) = &member else { continue };
            let causes = causes(batch, &table.name, key);
            if !causes.is_empty() {
                ops.push(take_off(batch, &causes, &table.name, &member));
                ops.extend(put_back(batch, &causes, &table.name, &member));
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
        if takes_key(change, &key.table, &referenced) && !is_promoted(batch, change) {
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

/// Whether the index is only made a constraint.
fn is_promoted(batch: &Batch<'_>, change: &Change) -> bool {
    match change {
        Change::DropMember { table, from: Member::Index(index) } => online::is_taken_up(batch, table, index),
        _ => false,
    }
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

/// Whether a foreign key stands on the index of a member.
pub(super) fn is_referenced(batch: &Batch<'_>, table: &QName, member: &Member) -> bool {
    let Some(columns) = key_columns(member) else { return false };
    let key = Object::Key(table.clone(), columns);
    let mut all = batch.from.tables.values().flat_map(|table| &table.foreign_keys);
    all.any(|foreign_key| referenced_key(batch, foreign_key) == key)
}

/// Whether foreign keys that stay have to make room for a change.
pub(super) fn makes_room_for(batch: &Batch<'_>, change: usize) -> bool {
    batch.from.tables.values().any(|table| {
        batch.staying_members(table).any(|member| match &member {
            Member::ForeignKey(key) => causes(batch, &table.name, key).contains(&change),
            _ => false,
        })
    })
}

/// Whether only the key is taken away that the foreign key refers to, and its columns stay what they are.
fn is_about_keys(batch: &Batch<'_>, causes: &[usize]) -> bool {
    causes.iter().all(|cause| matches!(batch.changes[*cause], Change::DropMember { .. } | Change::AlterMember { .. }))
}

/// Neither this nor putting it back counts as dropping or making the foreign key: it may be renamed
/// in the same batch, afterwards. Both stand close to what they are for, so that one transaction holds them all:
/// nobody else would bring back a foreign key that nobody declared.
fn take_off(batch: &Batch<'_>, causes: &[usize], table: &QName, member: &Member) -> Op {
    let title = format!("take off foreign key {table}.{}", member.label());
    let mut op = Op::new(causes.to_vec(), title, vec![members::drop(table, member)]);
    op.rank = if is_about_keys(batch, causes) { online::SWAP - 1 } else { rank::ALTER_COLUMN - 6 };
    op.frees = frees(batch, table, member);
    impact::DROP_CONSTRAINT.applies(&mut op, table);
    op
}

/// Puts a foreign key back for new rows, and checks the others afterwards.
fn put_back(batch: &Batch<'_>, causes: &[usize], table: &QName, member: &Member) -> Vec<Op> {
    let title = format!("put back foreign key {table}.{}", member.label());
    let mut op = Op::new(causes.to_vec(), title, members::add(table, &for_new_rows(member)));
    op.rank = if is_about_keys(batch, causes) { online::SWAP + 1 } else { AFTER_TYPES };
    op.needs = needs(batch, table, member);
    unvalidated(member).applies(&mut op, table);
    if unchecked(member) {
        op.statements = members::add(table, member);
        return vec![op];
    }
    let mut validate = validate(causes[0], table, member);
    validate.changes = causes.to_vec();
    validate.rank = rank::ADD_FOREIGN_KEY + 2;
    vec![op, validate]
}
