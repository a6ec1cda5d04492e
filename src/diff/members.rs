//! Keys, indexes and constraints: which of one side belongs to which of the other.

use crate::model::{Change, Member, MemberKind, QName, Spelling, Table};

/// Whether a member of the one side and one of the other belong together.
type Rule<'a> = dyn Fn(&Member, &Member) -> bool + 'a;

/// The changes to keys, indexes and constraints of a table that exists on both sides.
pub(super) fn compare(from: &Table, to: &Table, spelling: Spelling, changes: &mut Vec<Change>) {
    let mut actual = from.members();
    let mut wanted = to.members();
    let table = &to.name;
    let same_but_for_case = |a: &Member, b: &Member| a.kind() == b.kind() && is_named(a, b, spelling);
    let rules: [&Rule<'_>; 5] = [&same_name, &same_but_for_case, &same_definition, &unfinished, &same_place];
    for rule in rules {
        for (from, to) in take_pairs(&mut actual, &mut wanted, rule) {
            changes.extend(change(table, from, to, spelling));
        }
    }
    changes.extend(actual.into_iter().map(|from| Change::DropMember { table: table.clone(), from }));
    changes.extend(wanted.into_iter().map(|to| Change::AddMember { table: table.clone(), to }));
}

/// Both have the same name.
fn same_name(a: &Member, b: &Member) -> bool {
    a.kind() == b.kind() && a.name().is_some() && a.name() == b.name()
}

/// Both have one name, however it is spelled.
fn is_named(a: &Member, b: &Member, spelling: Spelling) -> bool {
    a.name().zip(b.name()).is_some_and(|(a, b)| spelling.same(a, b))
}

/// Both say the same: whatever they are called, neither has to be built anew.
fn same_definition(a: &Member, b: &Member) -> bool {
    a.same_definition(b)
}

/// The one was to become the other, and whoever made it did not get that far.
fn unfinished(a: &Member, b: &Member) -> bool {
    a.becomes(b)
}

/// A table has one primary key, so both are the same thing in two versions.
fn same_place(a: &Member, b: &Member) -> bool {
    a.kind() == MemberKind::PrimaryKey && b.kind() == MemberKind::PrimaryKey
}

/// Takes every pair out of both lists that the rule allows, in the order of the first.
fn take_pairs(actual: &mut Vec<Member>, wanted: &mut Vec<Member>, rule: &Rule<'_>) -> Vec<(Member, Member)> {
    let mut pairs = Vec::new();
    let mut rest = Vec::new();
    for from in actual.drain(..) {
        match wanted.iter().position(|to| rule(&from, to)) {
            Some(position) => pairs.push((from, wanted.remove(position))),
            None => rest.push(from),
        }
    }
    *actual = rest;
    pairs
}

/// What turns one into the other, if anything does.
fn change(table: &QName, from: Member, to: Member, spelling: Spelling) -> Option<Change> {
    let table = table.clone();
    let any_name = (from.name().is_none() || to.name().is_none()) && !from.is_left_over();
    // No server gives a foreign key another spelling but by taking it away, with what it guards.
    let spelled = from.kind() == MemberKind::ForeignKey && is_named(&from, &to, spelling);
    let same_name = any_name || spelled || from.name() == to.name();
    let same_comment = from.comment() == to.comment();
    match (from.same_definition(&to), same_name, same_comment) {
        (true, true, true) => None,
        (true, false, true) => Some(Change::RenameMember { table, from, to }),
        _ => Some(Change::AlterMember { table, from, to }),
    }
}

/// Whether a dropped member makes room for one that is wanted: one of its name, or (a unique index
/// that is to be a constraint) one over the same columns.
pub(super) fn is_replaced(table: &QName, from: &Member, all: &[Change]) -> bool {
    all.iter().any(|change| match change {
        Change::AddMember { table: other, to } => {
            other == table && (from.name().is_some() && from.name() == to.name() || same_unique_columns(from, to))
        }
        _ => false,
    })
}

fn same_unique_columns(a: &Member, b: &Member) -> bool {
    let columns = |member: &Member| match member {
        Member::Unique(index) | Member::Index(index) if index.unique => {
            Some(index.columns().map(str::to_owned).collect::<Vec<_>>())
        }
        _ => None,
    };
    columns(a).is_some_and(|names| !names.is_empty() && Some(names) == columns(b))
}
