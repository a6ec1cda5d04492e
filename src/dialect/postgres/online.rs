//! Keys and indexes that are built while others read and write.
//!
//! An index that replaces another, and one that a constraint is made of, is built under a working name first.
//! What a run that did not end left under such a name is taken up again where it is whole, and goes otherwise.

use super::batch::{Batch, objects, replaces, used_columns};
use super::facts;
use super::impact;
use super::member_ops::{frees, needs};
use super::members;
use super::names::{ident, qualified, working};
use super::{enums, rebuild};
use crate::dialect::rank;
use crate::model::{Change, Deferrable, Hazard, HazardNote, Index, Member, Object, Op, Property, QName};

/// Where old indexes make room for new ones that are built, in one transaction with the foreign keys that
/// refer to them.
pub(super) const SWAP: u32 = rank::ADD_INDEX + 2;

/// Builds an index that nothing stands in the way of.
pub(super) fn add_index(batch: &Batch<'_>, change: usize, table: &QName, index: &Index) -> Vec<Op> {
    let member = Member::Index(index.clone());
    let mut op = build(batch, change, table, &member, index.name.as_deref().unwrap_or_default());
    op.makes = objects(table, &member);
    let comment = members::comment(table, &member, member.comment()).map(|statement| {
        let mut op = Op::new(vec![change], format!("comment on index {table}.{}", member.label()), vec![statement]);
        op.rank = rank::COMMENT;
        op.needs = vec![Object::Member(table.clone(), member.label())];
        op
    });
    std::iter::once(op).chain(comment).collect()
}

/// Makes a primary key or unique constraint of an index that was built for it.
pub(super) fn add_key(batch: &Batch<'_>, change: usize, table: &QName, member: &Member) -> Vec<Op> {
    let title = format!("add {} {table}.{}", member.kind().words(), member.label());
    let (built, mut op) = swapped(batch, change, table, member, title);
    op.statements = attach(table, member, &working_index(batch, change, table, member));
    impact::ATTACH.applies(&mut op, table);
    built.into_iter().chain([op]).collect()
}

/// Replaces an index or a key by another that is built before the old one goes.
pub(super) fn swap(batch: &Batch<'_>, change: usize, table: &QName, from: &Member, to: &Member) -> Vec<Op> {
    let title = format!("change {} {table}.{}", to.kind().words(), to.label());
    let name = working_index(batch, change, table, to);
    let (built, mut op) = swapped(batch, change, table, to, title);
    let is_plain = matches!(to, Member::Index(_)) && !is_unique(from);
    let gone = if is_plain { Some(drop_index(batch, change, table, from)) } else { None };
    if gone.is_none() {
        op.statements.push(members::drop(table, from));
        op.drops.extend(objects(table, from));
        op.frees = frees(batch, table, from);
        impact::DROP_CONSTRAINT.applies(&mut op, table);
    }
    op.statements.extend(match to {
        Member::Index(_) => renamed(table, to, &name),
        _ => attach(table, to, &name),
    });
    let gone = gone.map(|mut gone| {
        gone.rank = SWAP;
        gone.needs.push(Object::IndexName(table.sibling(&*name)));
        gone
    });
    built.into_iter().chain(gone).chain([op]).collect()
}

/// The operation that builds what a member needs, unless it is there, and the one that puts it in its place,
/// its statements aside.
fn swapped(batch: &Batch<'_>, change: usize, table: &QName, member: &Member, title: String) -> (Option<Op>, Op) {
    let mut op = Op::new(vec![change], title, Vec::new());
    op.rank = SWAP;
    op.needs = needs(batch, table, member);
    op.makes = objects(table, member);
    let name = working_index(batch, change, table, member);
    let object = Object::IndexName(table.sibling(&*name));
    op.needs.push(object.clone());
    if let Some((at, _)) = ready(batch, change) {
        op.changes.extend(at);
        op.drops.push(object);
        return (None, op);
    }
    let mut built = build(batch, change, table, member, &name);
    built.title = format!("build the index of {} {table}.{}", member.kind().words(), member.label());
    built.makes = vec![object];
    (Some(built), op)
}

/// Builds the index of a member under a name.
fn build(batch: &Batch<'_>, change: usize, table: &QName, member: &Member, name: &str) -> Op {
    let index = as_index(member);
    let index = Index { name: Some(name.to_owned()), comment: None, ..index };
    let title = format!("add index {table}.{}", member.label());
    let mut op = Op::new(vec![change], title, vec![members::create_index_concurrently(table, &index)]);
    op.rank = rank::ADD_INDEX;
    op.needs = needs(batch, table, member);
    op.undo = vec![format!("DROP INDEX CONCURRENTLY IF EXISTS {}", qualified(&table.sibling(name)))];
    op.preconditions = facts::for_member(batch, change, table, member);
    impact::BUILD_INDEX.applies(&mut op, table);
    let why = format!("the index {} is built over all rows of {table}", member.label());
    op.hazards.push(HazardNote::new(Hazard::BuildsIndex, why));
    if index.unique {
        let why = format!("rows of {table} may have the same values");
        op.hazards.push(HazardNote::new(Hazard::MayFailOnData, why));
    }
    op
}

/// Drops an index while others use its table. One that a foreign key stands on goes in the transaction that
/// takes the foreign key off.
pub(super) fn drop_index(batch: &Batch<'_>, change: usize, table: &QName, member: &Member) -> Op {
    let title = format!("drop index {table}.{}", member.label());
    let mut op = Op::new(vec![change], title, Vec::new());
    op.rank = rank::DROP_INDEX;
    op.drops = objects(table, member);
    op.frees = frees(batch, table, member);
    if super::detours::is_referenced(batch, table, member) {
        op.statements = vec![members::drop(table, member)];
        impact::DROP_CONSTRAINT.applies(&mut op, table);
    } else {
        op.statements = vec![members::drop(table, member).replacen("DROP INDEX", "DROP INDEX CONCURRENTLY", 1)];
        impact::DROP_INDEX.applies(&mut op, table);
    }
    op
}

fn renamed(table: &QName, to: &Member, name: &str) -> Vec<String> {
    let new = ident(to.name().unwrap_or_default());
    let rename = format!("ALTER INDEX {} RENAME TO {new}", qualified(&table.sibling(name)));
    std::iter::once(rename).chain(members::comment(table, to, to.comment())).collect()
}

/// The server gives the index the name of the constraint.
fn attach(table: &QName, to: &Member, name: &str) -> Vec<String> {
    let word = if matches!(to, Member::PrimaryKey(_)) { "PRIMARY KEY" } else { "UNIQUE" };
    let constraint = ident(to.name().unwrap_or_default());
    let deferral = members::deferrable(as_deferrable(to));
    let add = format!(
        "ALTER TABLE {} ADD CONSTRAINT {constraint} {word} USING INDEX {}{deferral}",
        qualified(table),
        ident(name)
    );
    std::iter::once(add).chain(members::comment(table, to, to.comment())).collect()
}

fn as_deferrable(member: &Member) -> Deferrable {
    match member {
        Member::PrimaryKey(index) | Member::Unique(index) | Member::Index(index) => index.deferrable,
        Member::ForeignKey(_) | Member::Check(_) => Deferrable::No,
    }
}

/// The index behind a member, as one that stands alone.
fn as_index(member: &Member) -> Index {
    match member {
        Member::PrimaryKey(index) | Member::Unique(index) | Member::Index(index) => {
            Index { deferrable: Deferrable::No, ..index.clone() }
        }
        Member::ForeignKey(_) | Member::Check(_) => Index::default(),
    }
}

fn is_unique(member: &Member) -> bool {
    as_index(member).unique
}

/// The name that the index of a change has before it is put in its place.
fn working_index(batch: &Batch<'_>, change: usize, table: &QName, member: &Member) -> String {
    let _ = table;
    let found = ready(batch, change).and_then(|(_, index)| index.name.clone());
    found.unwrap_or_else(|| working(&Member::Index(as_index(member)), member.name().unwrap_or_default()))
}

/// Whether an old index or key can stay until the new one is built: no column of either becomes another one
/// under it.
pub(super) fn can_swap(batch: &Batch<'_>, table: &QName, from: &Member, to: &Member) -> bool {
    !from.is_half_built() && is_indexed(to) && is_steady(batch, table, from) && is_steady(batch, table, to)
}

fn is_indexed(member: &Member) -> bool {
    matches!(member, Member::PrimaryKey(_) | Member::Unique(_) | Member::Index(_))
}

fn is_steady(batch: &Batch<'_>, table: &QName, member: &Member) -> bool {
    let structures = batch.table_before(table).into_iter().chain(batch.table_after(table));
    let columns = structures.flat_map(|structure| used_columns(structure, member));
    columns.into_iter().all(|column| !changes_under_it(batch, table, &column))
}

fn changes_under_it(batch: &Batch<'_>, table: &QName, column: &str) -> bool {
    let rewritten = batch.conversion_of(table, column).is_some_and(|(_, conversion)| conversion.rewrites);
    let replaced = batch.column_before(table, column).and_then(|column| enums::rebuild_of(batch, column));
    rewritten
        || replaced.is_some()
        || batch.alteration(table, column, Property::Collation).is_some()
        || batch.recreation(table, column).is_some()
        || rebuild::absorbs(batch, table, column)
}

/// The index that is there already for what a change makes, with the change that would drop it.
fn ready<'a>(batch: &Batch<'a>, change: usize) -> Option<(Option<usize>, &'a Index)> {
    let table = batch.changes.get(change)?.table()?;
    let indexes = &batch.table_before(table)?.indexes;
    let index = indexes.iter().find(|index| heir(batch, table, index) == Some(change))?;
    let dropped = |other: &Change| matches!(other, Change::DropMember { table: t, from: Member::Index(from) } if t == table && from == index);
    Some((batch.changes.iter().position(dropped), index))
}

/// Whether an index that would be dropped becomes something else instead.
pub(super) fn is_taken_up(batch: &Batch<'_>, table: &QName, index: &Index) -> bool {
    let taken = heir(batch, table, index).and_then(|change| ready(batch, change));
    taken.is_some_and(|(_, taken)| taken == index)
}

/// The first change that makes of this index what it needs.
fn heir(batch: &Batch<'_>, table: &QName, index: &Index) -> Option<usize> {
    let member = Member::Index(index.clone());
    let goes = batch
        .changes
        .iter()
        .any(|change| matches!(change, Change::DropMember { table: t, from } if t == table && *from == member));
    if !goes && !member.is_left_over() || index.is_half_built() {
        return None;
    }
    batch.changes.iter().position(|change| match change {
        Change::AddMember { table: t, to } => t == table && makes_a_key(to) && fits(batch, table, index, to),
        Change::AlterMember { table: t, from, to } => {
            t == table
                && member.is_left_over()
                && replaces(from, to)
                && can_swap(batch, table, from, to)
                && fits(batch, table, index, to)
        }
        _ => false,
    })
}

fn makes_a_key(member: &Member) -> bool {
    matches!(member, Member::PrimaryKey(_) | Member::Unique(_))
}

fn fits(batch: &Batch<'_>, table: &QName, index: &Index, to: &Member) -> bool {
    let bare = |index: &Index| Index { name: None, comment: None, ..index.clone() };
    bare(index) == bare(&as_index(to)) && is_steady(batch, table, to)
}
