//! Operations that add, drop, replace and rename keys, indexes and constraints.

use super::batch::{Batch, column_objects, members_of, objects, referenced_key, replaces, used_columns};
use super::impact::{self, Impact};
use super::members;
use super::names::{ident, qualified};
use super::naming::named;
use super::settings;
use super::{facts, online};
use crate::dialect::rank;
use crate::model::{ForeignKey, Hazard, HazardNote, Index, Member, MemberKind, Object, Op, QName, Table};

/// Adds a member to a table that exists.
pub(super) fn add(batch: &Batch<'_>, change: usize, table: &QName, member: &Member) -> Vec<Op> {
    let member = &named(batch, change, table, member);
    match member {
        Member::Index(index) => online::add_index(batch, change, table, index),
        Member::PrimaryKey(_) | Member::Unique(_) => online::add_key(batch, change, table, member),
        Member::ForeignKey(_) | Member::Check(_) => add_checked(batch, change, table, member),
    }
}

/// Adds a foreign key or check, first for new rows, then for those that exist.
fn add_checked(batch: &Batch<'_>, change: usize, table: &QName, member: &Member) -> Vec<Op> {
    let mut op = add_whole(batch, change, table, member);
    if unchecked(member) {
        return vec![op];
    }
    op.statements = members::add(table, &for_new_rows(member));
    op.preconditions = facts::for_member(batch, change, table, member);
    let mut validate = validate(change, table, member);
    validate.rank = op.rank + 1;
    validate.needs = vec![Object::Member(table.clone(), member.label())];
    vec![op, validate]
}

/// Adds a foreign key or check in one statement, for a table without rows.
pub(super) fn add_whole(batch: &Batch<'_>, change: usize, table: &QName, member: &Member) -> Op {
    let title = format!("add {} {table}.{}", member.kind().words(), member.label());
    let mut op = Op::new(vec![change], title, members::add(table, member));
    op.rank = add_rank(member.kind());
    op.needs = needs(batch, table, member);
    op.makes = objects(table, member);
    unvalidated(member).applies(&mut op, table);
    op
}

/// The same, for the rows to come.
pub(super) fn for_new_rows(member: &Member) -> Member {
    let mut member = member.clone();
    let options = match &mut member {
        Member::ForeignKey(key) => &mut key.options,
        Member::Check(check) => &mut check.options,
        Member::PrimaryKey(index) | Member::Unique(index) | Member::Index(index) => &mut index.options,
    };
    options.insert("not_valid".to_owned(), "true".to_owned());
    member
}

pub(super) fn unvalidated(member: &Member) -> Impact {
    if member.kind() == MemberKind::ForeignKey { impact::ADD_FOREIGN_KEY } else { impact::ADD_CHECK }
}

/// Checks the rows that exist.
pub(super) fn validate(change: usize, table: &QName, member: &Member) -> Op {
    let name = ident(member.name().unwrap_or_default());
    let statement = format!("ALTER TABLE {} VALIDATE CONSTRAINT {name}", qualified(table));
    let title = format!("validate {} {table}.{}", member.kind().words(), member.label());
    let mut op = Op::new(vec![change], title, vec![statement]);
    op.rank = rank::COMMENT + 1;
    impact::VALIDATE.applies(&mut op, table);
    let why = match member {
        Member::ForeignKey(_) => format!("rows of {table} may refer to nothing"),
        _ => format!("rows of {table} may violate {}", member.label()),
    };
    op.hazards.push(HazardNote::new(Hazard::MayFailOnData, why));
    op
}

fn add_rank(kind: MemberKind) -> u32 {
    match kind {
        MemberKind::PrimaryKey | MemberKind::Unique | MemberKind::Index => rank::ADD_INDEX,
        MemberKind::Check => rank::ADD_CHECK,
        MemberKind::ForeignKey => rank::ADD_FOREIGN_KEY,
    }
}

/// What a member has to find: its columns, and the key it refers to.
pub(super) fn needs(batch: &Batch<'_>, table: &QName, member: &Member) -> Vec<Object> {
    let mut needs = vec![Object::Table(table.clone())];
    if let Some(structure) = batch.table_after(table) {
        needs.extend(column_objects(table, used_columns(structure, member)));
    }
    if let Member::ForeignKey(key) = member {
        needs.push(Object::Table(key.table.clone()));
        needs.extend(column_objects(&key.table, key.referenced.iter().cloned()));
        needs.push(referenced_key(batch, key));
    }
    needs
}

/// Whether the rows that exist are not looked at.
pub(super) fn unchecked(member: &Member) -> bool {
    let options = match member {
        Member::ForeignKey(key) => &key.options,
        Member::Check(check) => &check.options,
        _ => return false,
    };
    members::is_set(options, "not_valid") || options.get("enforced").is_some_and(|value| value == "false")
}

/// Drops a member, unless something else is made of it.
pub(super) fn drop(batch: &Batch<'_>, change: usize, table: &QName, member: &Member) -> Option<Op> {
    let mut op = match member {
        Member::Index(index) if online::is_taken_up(batch, table, index) => return None,
        Member::Check(_) if super::not_null::is_taken_up(batch, table, member) => return None,
        Member::Index(_) => online::drop_index(batch, change, table, member),
        _ => drop_constraint(batch, change, table, member),
    };
    if member.is_left_over() {
        op.title = format!("remove {} {table}.{}, which was left behind", member.kind().words(), member.label());
        // What takes it up has to be allowed to.
        op.frees.extend(objects(table, member));
    } else if member.kind() != MemberKind::ForeignKey && member.kind() != MemberKind::Check && !member.is_half_built() {
        let why = format!("queries that use {} become slower", member.label());
        op.hazards.push(HazardNote::new(Hazard::DropsIndex, why));
    }
    Some(op)
}

fn drop_constraint(batch: &Batch<'_>, change: usize, table: &QName, member: &Member) -> Op {
    let title = format!("drop {} {table}.{}", member.kind().words(), member.label());
    let mut op = Op::new(vec![change], title, vec![members::drop(table, member)]);
    op.rank = drop_rank(member.kind());
    op.drops = objects(table, member);
    op.frees = frees(batch, table, member);
    impact::DROP_CONSTRAINT.applies(&mut op, table);
    op
}

fn drop_rank(kind: MemberKind) -> u32 {
    match kind {
        MemberKind::ForeignKey => rank::DROP_FOREIGN_KEY,
        MemberKind::Check => rank::DROP_CHECK,
        MemberKind::PrimaryKey | MemberKind::Unique | MemberKind::Index => rank::DROP_INDEX,
    }
}

/// What a member holds on to as long as it is there.
pub(super) fn frees(batch: &Batch<'_>, table: &QName, member: &Member) -> Vec<Object> {
    let structure = batch.table_before(table);
    let columns = structure.map(|structure| used_columns(structure, member)).unwrap_or_default();
    let mut frees = column_objects(table, columns);
    if let Member::ForeignKey(key) = member {
        frees.push(Object::Table(key.table.clone()));
        frees.extend(column_objects(&key.table, key.referenced.iter().cloned()));
        frees.push(referenced_key(batch, key));
    }
    frees
}

/// Replaces a member by another definition: in place where the server can do that, else built before the old
/// one goes, or, where columns change under it, made after it is gone.
pub(super) fn alter(batch: &Batch<'_>, change: usize, table: &QName, from: &Member, to: &Member) -> Vec<Op> {
    if !replaces(from, to) {
        return change_in_place(batch, change, table, from, to);
    }
    let to = &named(batch, change, table, to);
    if online::can_swap(batch, table, from, to) {
        return online::swap(batch, change, table, from, to);
    }
    drop(batch, change, table, from).into_iter().chain(add(batch, change, table, to)).collect()
}

fn change_in_place(batch: &Batch<'_>, change: usize, table: &QName, from: &Member, to: &Member) -> Vec<Op> {
    // What nobody named is called what it is called.
    let to = &to.clone().called(from.name().map(str::to_owned));
    let mut ops = Vec::new();
    let statements = in_place(table, from, to).unwrap_or_default();
    if !statements.is_empty() {
        let title = format!("change {} {table}.{}", to.kind().words(), to.label());
        let mut op = Op::new(vec![change], title, statements);
        op.rank = rank::COMMENT;
        ops.push(op);
    }
    if unchecked(from) && !unchecked(to) {
        let mut op = validate(change, table, to);
        op.preconditions = facts::for_member(batch, change, table, to);
        ops.push(op);
    }
    ops
}

/// The statements that turn one definition into another without building it again, whether or not the rows
/// are to be checked as well; `None` where there are none.
pub(super) fn in_place(table: &QName, from: &Member, to: &Member) -> Option<Vec<String>> {
    let same_name = to.name().is_none() || from.name() == to.name();
    if from.kind() != to.kind() || !same_name {
        return None;
    }
    let mut statements = if from.same_definition(to) { Vec::new() } else { redefinition(table, from, to)? };
    if from.comment() != to.comment() {
        statements.extend(members::set_comment(table, to, to.comment()));
    }
    Some(statements)
}

fn redefinition(table: &QName, from: &Member, to: &Member) -> Option<Vec<String>> {
    let name = from.name()?;
    match (from, to) {
        (Member::Check(old), Member::Check(new)) if old.expr == new.expr => {
            validation(&old.options, &new.options).then(Vec::new)
        }
        (Member::ForeignKey(old), Member::ForeignKey(new)) => {
            let same =
                |key: &ForeignKey| ForeignKey { deferrable: new.deferrable, options: new.options.clone(), ..bare(key) };
            let validates = validation(&old.options, &new.options);
            if same(old) != same(new) || (old.options != new.options && !validates) {
                return None;
            }
            let (alter, name) = (format!("ALTER TABLE {}", qualified(table)), ident(name));
            let deferral = (old.deferrable != new.deferrable)
                .then(|| format!("{alter} ALTER CONSTRAINT {name} {}", members::deferral(new.deferrable)));
            Some(deferral.into_iter().collect())
        }
        (Member::PrimaryKey(old), Member::PrimaryKey(new))
        | (Member::Unique(old), Member::Unique(new))
        | (Member::Index(old), Member::Index(new)) => {
            let bare =
                |index: &Index| Index { name: None, options: Default::default(), comment: None, ..index.clone() };
            let index = qualified(&table.sibling(name));
            if bare(old) == bare(new) { settings::index_changes(&index, &old.options, &new.options) } else { None }
        }
        _ => None,
    }
}

/// A foreign key without what may differ.
fn bare(key: &ForeignKey) -> ForeignKey {
    ForeignKey { name: None, comment: None, ..key.clone() }
}

type Options = std::collections::BTreeMap<String, String>;

/// Whether the only difference is that the rows that exist have been checked.
fn validation(old: &Options, new: &Options) -> bool {
    let mut checked = old.clone();
    checked.remove("not_valid").is_some() && checked == *new
}

/// Gives a member another name.
pub(super) fn rename(batch: &Batch<'_>, change: usize, table: &QName, from: &Member, to: &Member) -> Op {
    let to = &named(batch, change, table, to);
    let (old, new) = (from.name().unwrap_or_default(), ident(to.name().unwrap_or_default()));
    let statement = match from {
        Member::Index(_) => format!("ALTER INDEX {} RENAME TO {new}", qualified(&table.sibling(old))),
        _ => format!("ALTER TABLE {} RENAME CONSTRAINT {} TO {new}", qualified(table), ident(old)),
    };
    let title = format!("rename {} {table}.{} to {}", from.kind().words(), from.label(), to.label());
    let comment = (from.comment() != to.comment()).then(|| members::set_comment(table, to, to.comment())).flatten();
    let mut op = Op::new(vec![change], title, std::iter::once(statement).chain(comment).collect());
    op.rank = rank::COMMENT;
    let names = |member: &Member| {
        let key = |object: &Object| !matches!(object, Object::Key(..));
        objects(table, member).into_iter().filter(key).collect::<Vec<_>>()
    };
    op.drops = names(from);
    op.makes = names(to);
    op
}

/// What is there once a table stands, its foreign keys aside.
pub(super) fn table_objects(table: &Table) -> Vec<Object> {
    let columns = table.columns.iter().map(|column| column.name.clone());
    let mut made = vec![Object::Table(table.name.clone())];
    made.extend(column_objects(&table.name, columns));
    let members = members_of(table).filter(|member| member.kind() != MemberKind::ForeignKey);
    made.extend(members.flat_map(|member| objects(&table.name, &member)));
    made
}
