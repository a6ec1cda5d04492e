//! Which changes cannot do without which others.
//!
//! Where policy keeps a change back, everything that needs it is kept back with it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Batch, order};
use crate::dialect::Dialect;
use crate::model::{Change, Column, IdentityKind, Index, Member, Op, Property, QName};

/// What the changes of one batch need of each other. The lists are counted from `offset`.
///
/// A dialect may carry out several changes in one operation (a table rebuild, one ALTER TABLE). What
/// they need of each other is asked change by change then, so that the neighbours in a joint
/// statement are not taken for needs.
pub(super) fn within(dialect: &dyn Dialect, batch: Batch<'_>, offset: usize, requires: &mut [Vec<usize>]) {
    let ops = single_ops(dialect, batch);
    for (before, after) in order::edges(&ops) {
        for change in &ops[after].changes {
            let needed = ops[before].changes.iter().filter(|other| *other != change);
            requires[change + offset].extend(needed.map(|other| other + offset));
        }
    }
    for (index, other) in bound_by_keys(batch.changes) {
        requires[index + offset].push(other + offset);
    }
    for list in requires {
        list.sort_unstable();
        list.dedup();
    }
}

/// The pairs of changes of which the first needs the second because of a key. Both are about one table,
/// and a plan may be about thousands: nothing else is compared.
fn bound_by_keys(changes: &[Change]) -> Vec<(usize, usize)> {
    let mut tables: BTreeMap<&QName, Vec<usize>> = BTreeMap::new();
    for (index, change) in changes.iter().enumerate() {
        if let Some(table) = change.table() {
            tables.entry(table).or_default().push(index);
        }
    }
    let bound = |(one, other): &(usize, usize)| is_bound_to(&changes[*one], &changes[*other]);
    let pairs =
        tables.values().flat_map(|all| all.iter().flat_map(move |one| all.iter().map(move |other| (*one, *other))));
    pairs.filter(bound).collect()
}

/// What binds a change of a primary key to a change of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bond {
    KeyNeedsColumn,
    ColumnNeedsKey,
    Both,
}

/// Whether a change needs the other though no operation says so: a primary key and its columns need each
/// other, and so do the properties of a column that numbers the rows.
fn is_bound_to(change: &Change, other: &Change) -> bool {
    matches!(bond(change, other), Some(Bond::KeyNeedsColumn | Bond::Both))
        || matches!(bond(other, change), Some(Bond::ColumnNeedsKey | Bond::Both))
        || numbers_with_its_type(change, other)
        || numbers_with_its_type(other, change)
        || numbers_without_nulls(change, other)
}

/// Whether the one gives a column the type with which it numbers the rows, or takes it away, and
/// the other says so.
fn numbers_with_its_type(change: &Change, other: &Change) -> bool {
    match (change, other) {
        (
            Change::AlterColumn { table, property: Property::Type, to: typed, .. },
            Change::AlterColumn { table: of, property: Property::Identity, from, to, .. },
        ) => table == of && typed.name == to.name && numbers_by_key(from) != numbers_by_key(to),
        _ => false,
    }
}

/// Whether a change makes an identity column of one that the other makes NOT NULL, or lets NULLs into one
/// that the other takes the identity from: it must not have them as long as it is one.
fn numbers_without_nulls(change: &Change, other: &Change) -> bool {
    match (change, other) {
        (
            Change::AlterColumn { table, property: Property::Identity, to: numbered, .. },
            Change::AlterColumn { table: of, property: Property::Nullable, to, .. },
        ) => table == of && numbered.name == to.name && is_identity(numbered) && !to.nullable,
        (
            Change::AlterColumn { table, property: Property::Nullable, to, .. },
            Change::AlterColumn { table: of, property: Property::Identity, from: numbered, .. },
        ) => table == of && numbered.name == to.name && is_identity(numbered) && to.nullable,
        _ => false,
    }
}

/// A key makes its columns NOT NULL even where that was kept back, and only a key's column numbers
/// the rows where that is not a sequence's business.
fn bond(key: &Change, column: &Change) -> Option<Bond> {
    let (old, new) = keys(key)?;
    if key.table() != column.table() {
        return None;
    }
    let holds =
        |key: Option<&Index>, column: &Column| key.is_some_and(|key| key.columns().any(|name| name == column.name));
    match column {
        Change::AlterColumn { property: Property::Nullable, to, .. } if to.nullable => {
            holds(old, to).then_some(Bond::ColumnNeedsKey)
        }
        Change::AlterColumn { property: Property::Nullable, to, .. } => holds(new, to).then_some(Bond::KeyNeedsColumn),
        Change::AlterColumn { property: Property::Identity, from, to, .. } => {
            let bound = (numbers_by_key(from) && holds(old, from)) || (numbers_by_key(to) && holds(new, to));
            bound.then_some(Bond::Both)
        }
        Change::AddColumn { to, .. } => (numbers_by_key(to) && holds(new, to)).then_some(Bond::ColumnNeedsKey),
        _ => None,
    }
}

/// The primary keys before and after a change of one.
fn keys(change: &Change) -> Option<(Option<&Index>, Option<&Index>)> {
    match change {
        Change::AddMember { to: Member::PrimaryKey(new), .. } => Some((None, Some(new))),
        Change::DropMember { from: Member::PrimaryKey(old), .. } => Some((Some(old), None)),
        Change::AlterMember { from: Member::PrimaryKey(old), to: Member::PrimaryKey(new), .. } => {
            Some((Some(old), Some(new)))
        }
        _ => None,
    }
}

/// Whether a column numbers the rows because it is the key.
fn numbers_by_key(column: &Column) -> bool {
    let kind = column.identity.as_ref().map(|identity| identity.kind);
    matches!(kind, Some(IdentityKind::Rowid | IdentityKind::AutoIncrement))
}

/// Whether a column is `GENERATED … AS IDENTITY`.
fn is_identity(column: &Column) -> bool {
    let kind = column.identity.as_ref().map(|identity| identity.kind);
    matches!(kind, Some(IdentityKind::Always | IdentityKind::ByDefault))
}

/// The operations, those of several changes replaced by what each change alone would take.
fn single_ops(dialect: &dyn Dialect, batch: Batch<'_>) -> Vec<Op> {
    let joint = |op: &Op| op.changes.len() > 1;
    let (joint_ops, mut single): (Vec<_>, Vec<_>) =
        dialect.ops(batch.from, batch.to, batch.changes).into_iter().partition(joint);
    let joined: BTreeSet<usize> = joint_ops.into_iter().flat_map(|op| op.changes).collect();
    single.retain(|op| op.changes.iter().all(|change| !joined.contains(change)));
    for change in joined {
        let alone = dialect.ops(batch.from, batch.to, &batch.changes[change..=change]);
        single.extend(alone.into_iter().map(|op| Op { changes: vec![change], ..op }));
    }
    single
}

/// What the changes after the renames need of them. The first `renames` changes are renames.
pub(super) fn across(all: &[Change], renames: usize, requires: &mut [Vec<usize>]) {
    for (index, change) in all.iter().enumerate() {
        let needed = all[..renames.min(index)].iter().enumerate().filter(|(_, rename)| needs(change, rename));
        let needed: Vec<usize> = needed.map(|(position, _)| position).collect();
        requires[index].splice(0..0, needed);
        requires[index].dedup();
    }
}

/// Whether a change makes sense only after a rename.
fn needs(change: &Change, rename: &Change) -> bool {
    match rename {
        Change::RenameTable { from, to } => {
            change.table() == Some(to)
                || refers_to(change, to)
                || matches!(change, Change::RenameTable { to, .. } if to == from)
        }
        Change::RenameColumn { table, to, .. } => {
            (change.table() == Some(table) && uses_column(change, to)) || refers_to(change, table)
        }
        _ => false,
    }
}

/// Whether a change within the renamed column's table may mention it. Expressions are not read: one
/// that might is taken to do so.
fn uses_column(change: &Change, column: &str) -> bool {
    match change {
        Change::AddColumn { to, fill, .. } => to.generated.is_some() || fill.is_some(),
        Change::AlterColumn { to, .. } => to.name == column || to.generated.is_some(),
        Change::MergeColumn { to, .. } => to.name == column,
        Change::ReplaceColumn { .. } => true,
        Change::AddMember { to, .. } | Change::AlterMember { to, .. } => member_uses(to, column),
        _ => false,
    }
}

fn member_uses(member: &Member, column: &str) -> bool {
    match member {
        Member::PrimaryKey(index) | Member::Unique(index) | Member::Index(index) => {
            index.columns().any(|name| name == column)
                || index.include.iter().any(|name| name == column)
                || index.predicate.is_some()
                || index.columns().count() < index.parts.len()
        }
        Member::ForeignKey(key) => key.columns.iter().any(|name| name == column),
        Member::Check(_) => true,
    }
}

/// Whether a change makes a foreign key to a table.
fn refers_to(change: &Change, table: &QName) -> bool {
    match change {
        Change::AddMember { to: Member::ForeignKey(key), .. }
        | Change::AlterMember { to: Member::ForeignKey(key), .. } => key.table == *table,
        Change::CreateTable { to } => to.foreign_keys.iter().any(|key| key.table == *table),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Identity, Part};

    #[test]
    fn a_primary_key_needs_its_columns_to_be_not_null_and_the_other_way_round() {
        let table = QName::bare("t");
        let nullable = Column::new("a", "integer");
        let filled = Column { nullable: false, ..nullable.clone() };
        let key = || Member::PrimaryKey(Index { parts: vec![Part::column("a")], unique: true, ..Index::default() });
        let alter = |from: &Column, to: &Column| Change::AlterColumn {
            table: table.clone(),
            property: Property::Nullable,
            from: from.clone(),
            to: to.clone(),
            fill: None,
            using: None,
        };
        let (require, relax) = (alter(&nullable, &filled), alter(&filled, &nullable));
        let add = Change::AddMember { table: table.clone(), to: key() };
        let drop = Change::DropMember { table: table.clone(), from: key() };
        assert!(is_bound_to(&add, &require) && !is_bound_to(&require, &add));
        assert!(is_bound_to(&relax, &drop) && !is_bound_to(&drop, &relax));
        assert!(!is_bound_to(&add, &relax) && !is_bound_to(&require, &drop));
    }

    #[test]
    fn a_column_that_numbers_the_rows_comes_with_its_key() {
        let table = QName::bare("t");
        let add = |kind: IdentityKind| {
            let identity = Some(Identity { kind, options: Default::default() });
            let to = Column { identity, ..Column::new("a", "integer") };
            Change::AddColumn { table: table.clone(), to, fill: None }
        };
        let key = Member::PrimaryKey(Index { parts: vec![Part::column("a")], unique: true, ..Index::default() });
        let key = Change::AddMember { table: table.clone(), to: key };
        assert!(is_bound_to(&add(IdentityKind::Rowid), &key));
        assert!(!is_bound_to(&add(IdentityKind::ByDefault), &key));
    }

    #[test]
    fn an_identity_column_is_not_null_as_long_as_it_is_one() {
        let table = QName::bare("t");
        let identity = |kind| Some(Identity { kind, options: Default::default() });
        let plain = Column::new("a", "integer");
        let numbered = |kind| Column { nullable: false, identity: identity(kind), ..plain.clone() };
        let alter = |property, from: &Column, to: &Column| Change::AlterColumn {
            table: table.clone(),
            property,
            from: from.clone(),
            to: to.clone(),
            fill: None,
            using: None,
        };
        let both =
            |from: &Column, to: &Column| (alter(Property::Identity, from, to), alter(Property::Nullable, from, to));
        let (number, require) = both(&plain, &numbered(IdentityKind::Always));
        assert!(is_bound_to(&number, &require) && !is_bound_to(&require, &number));
        let (stop, relax) = both(&numbered(IdentityKind::ByDefault), &plain);
        assert!(is_bound_to(&relax, &stop) && !is_bound_to(&stop, &relax));
        let (serial, require) = both(&plain, &numbered(IdentityKind::Serial));
        assert!(!is_bound_to(&serial, &require));
    }
}
