//! Operations that add, drop, replace and rename keys, indexes and constraints.

use super::batch::{Batch, column_objects, members_of, objects, referenced_key, replaces, used_columns};
use super::facts;
use super::members;
use super::names::{ident, qualified};
use super::settings;
use crate::dialect::rank;
use crate::model::{Hazard, HazardNote, Index, Member, MemberKind, Object, Op, Pace, QName, Table};

/// Adds a member to a table that exists.
pub(super) fn add(batch: &Batch<'_>, change: usize, table: &QName, member: &Member) -> Op {
    let title = format!("add {} {table}.{}", member.kind().words(), member.label());
    let mut op = Op::new(vec![change], title, members::add(table, member));
    op.rank = add_rank(member.kind());
    op.pace = Pace::Slow;
    op.needs = needs(batch, table, member);
    op.makes = objects(table, member);
    op.hazards = add_hazards(table, member);
    op.preconditions = facts::for_member(batch, change, table, member);
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

fn add_hazards(table: &QName, member: &Member) -> Vec<HazardNote> {
    let label = member.label();
    let mut hazards = Vec::new();
    let mut note = |hazard, why: String| hazards.push(HazardNote::new(hazard, why));
    match member {
        Member::PrimaryKey(_) | Member::Unique(_) => {
            note(Hazard::ExclusiveLock, format!("{table} can be neither read nor written while its key is built"));
            note(Hazard::BuildsIndex, format!("the index of {label} is built over all rows of {table}"));
            note(Hazard::MayFailOnData, format!("rows of {table} may have the same values"));
        }
        Member::Index(index) => {
            note(Hazard::ShareLock, format!("writes to {table} wait while {label} is built"));
            note(Hazard::BuildsIndex, format!("{label} is built over all rows of {table}"));
            if index.unique {
                note(Hazard::MayFailOnData, format!("rows of {table} may have the same values"));
            }
        }
        Member::ForeignKey(key) if !unchecked(member) => {
            note(Hazard::ShareLock, format!("writes to {table} and {} wait while rows are checked", key.table));
            note(Hazard::MayFailOnData, format!("rows of {table} may refer to nothing"));
        }
        Member::Check(_) if !unchecked(member) => {
            note(Hazard::ExclusiveLock, format!("{table} can be neither read nor written while its rows are checked"));
            note(Hazard::MayFailOnData, format!("rows of {table} may violate {label}"));
        }
        Member::ForeignKey(_) | Member::Check(_) => {}
    }
    hazards
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

/// Drops a member.
pub(super) fn drop(batch: &Batch<'_>, change: usize, table: &QName, member: &Member) -> Op {
    let title = format!("drop {} {table}.{}", member.kind().words(), member.label());
    let mut op = Op::new(vec![change], title, vec![members::drop(table, member)]);
    op.rank = drop_rank(member.kind());
    op.drops = objects(table, member);
    op.frees = frees(batch, table, member);
    if matches!(member, Member::PrimaryKey(_) | Member::Unique(_) | Member::Index(_)) {
        let why = format!("queries that use {} become slower", member.label());
        op.hazards.push(HazardNote::new(Hazard::DropsIndex, why));
    }
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

/// Replaces a member by another definition. Where the server cannot do that in place, the old one
/// is dropped before the columns change and the new one made after that.
pub(super) fn alter(batch: &Batch<'_>, change: usize, table: &QName, from: &Member, to: &Member) -> Vec<Op> {
    if replaces(from, to) {
        return vec![drop(batch, change, table, from), add(batch, change, table, to)];
    }
    let statements = in_place(table, from, to).unwrap_or_default();
    let title = format!("change {} {table}.{}", to.kind().words(), to.label());
    let mut op = Op::new(vec![change], title, statements);
    op.rank = rank::COMMENT;
    if unchecked(from) && !unchecked(to) {
        op.pace = Pace::Slow;
        op.hazards.push(HazardNote::new(Hazard::MayFailOnData, format!("rows of {table} may violate {}", to.label())));
        op.preconditions = facts::for_member(batch, change, table, to);
    }
    vec![op]
}

/// The statements that turn one definition into another without building it again; `None` where
/// there are none.
pub(super) fn in_place(table: &QName, from: &Member, to: &Member) -> Option<Vec<String>> {
    if from.kind() != to.kind() || from.name() != to.name() {
        return None;
    }
    let mut statements = if from.same_definition(to) { Vec::new() } else { redefinition(table, from, to)? };
    if from.comment() != to.comment() {
        statements.extend(members::set_comment(table, to, to.comment()));
    }
    Some(statements)
}

fn redefinition(table: &QName, from: &Member, to: &Member) -> Option<Vec<String>> {
    let name = ident(to.name()?);
    let alter = format!("ALTER TABLE {}", qualified(table));
    match (from, to) {
        (Member::Check(old), Member::Check(new)) if old.expr == new.expr => {
            validation(&old.options, &new.options).then(|| vec![format!("{alter} VALIDATE CONSTRAINT {name}")])
        }
        (Member::ForeignKey(old), Member::ForeignKey(new)) => {
            let same = |key: &crate::model::ForeignKey| crate::model::ForeignKey {
                deferrable: new.deferrable,
                options: new.options.clone(),
                comment: None,
                ..key.clone()
            };
            let validates = validation(&old.options, &new.options);
            if same(old) != same(new) || (old.options != new.options && !validates) {
                return None;
            }
            let deferral = (old.deferrable != new.deferrable)
                .then(|| format!("{alter} ALTER CONSTRAINT {name} {}", members::deferral(new.deferrable)));
            let validate = validates.then(|| format!("{alter} VALIDATE CONSTRAINT {name}"));
            Some(deferral.into_iter().chain(validate).collect())
        }
        (Member::PrimaryKey(old), Member::PrimaryKey(new))
        | (Member::Unique(old), Member::Unique(new))
        | (Member::Index(old), Member::Index(new)) => {
            let bare = |index: &Index| Index { options: Default::default(), comment: None, ..index.clone() };
            let index = qualified(&table.sibling(to.name()?));
            if bare(old) == bare(new) { settings::index_changes(&index, &old.options, &new.options) } else { None }
        }
        _ => None,
    }
}

type Options = std::collections::BTreeMap<String, String>;

/// Whether the only difference is that the rows that exist have been checked.
fn validation(old: &Options, new: &Options) -> bool {
    let mut checked = old.clone();
    checked.remove("not_valid").is_some() && checked == *new
}

/// Gives a member another name.
pub(super) fn rename(change: usize, table: &QName, from: &Member, to: &Member) -> Op {
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
