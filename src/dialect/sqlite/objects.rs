//! What changes make, need, free and drop: from this a plan's order comes.

use std::collections::BTreeSet;

use super::canon;
use super::ops::Group;
use crate::model::{Change, ForeignKey, Index, Member, Object, Op, PartSource, QName, Schema, Table};

/// Adds what a change of a group needs, makes, frees and drops.
pub fn add(op: &mut Op, group: &Group<'_>, change: &Change) {
    let table = group.name();
    let column = |name: &str| Object::Column(table.clone(), name.to_owned());
    match change {
        Change::AddColumn { to, fill, .. } => {
            op.makes.push(column(&to.name));
            let texts = to.generated.iter().map(|generated| &generated.expr).chain(fill);
            let used = texts.flat_map(|text| mentioned(group, text)).filter(|name| *name != to.name);
            op.needs.extend(used.map(|name| column(&name)));
        }
        Change::DropColumn { from, .. } => op.drops.push(column(&from.name)),
        Change::MergeColumn { from, to, .. } => {
            op.needs.push(column(&to.name));
            op.drops.push(column(&from.name));
        }
        Change::ReplaceColumn { from, to, expr, .. } => {
            op.makes.push(column(&to.name));
            op.drops.push(column(&from.name));
            let used = mentioned(group, expr).into_iter().filter(|name| *name != from.name);
            op.needs.extend(used.map(|name| column(&name)));
        }
        Change::AlterColumn { from, to, fill, using, .. } => {
            let before = from.generated.iter().flat_map(|generated| mentioned(group, &generated.expr));
            op.frees.extend(before.map(|name| column(&name)));
            let texts = to.generated.iter().map(|generated| &generated.expr).chain(fill).chain(using);
            op.needs.extend(texts.flat_map(|text| mentioned(group, text)).map(|name| column(&name)));
            op.needs.push(column(&to.name));
        }
        Change::AddMember { to, .. } => arrive(op, group, to),
        Change::DropMember { from, .. } => leave(op, group, from),
        Change::AlterMember { from, to, .. } | Change::RenameMember { from, to, .. } => {
            leave(op, group, from);
            arrive(op, group, to);
        }
        _ => op.needs.push(Object::Table(table.clone())),
    }
}

/// Tidies the lists: what an operation makes and drops itself is neither.
pub fn settle(op: &mut Op) {
    let both: Vec<Object> = op.makes.iter().filter(|object| op.drops.contains(object)).cloned().collect();
    op.makes.retain(|object| !both.contains(object));
    op.drops.retain(|object| !both.contains(object));
    for list in [&mut op.needs, &mut op.makes, &mut op.frees, &mut op.drops] {
        list.sort();
        list.dedup();
    }
}

fn arrive(op: &mut Op, group: &Group<'_>, member: &Member) {
    op.makes.extend(of_member(group.name(), member));
    op.needs.extend(columns(group, member).into_iter().map(|name| Object::Column(group.name().clone(), name)));
    op.needs.extend(needed_parents(group.name(), member, group.before, group.after));
}

fn leave(op: &mut Op, group: &Group<'_>, member: &Member) {
    op.drops.extend(of_member(group.name(), member));
    op.frees.extend(columns(group, member).into_iter().map(|name| Object::Column(group.name().clone(), name)));
    if let Member::ForeignKey(key) = member {
        op.frees.push(Object::Table(key.table.clone()));
    }
}

/// What a key, index or constraint is to others.
pub fn of_member(table: &QName, member: &Member) -> Vec<Object> {
    let mut objects = vec![Object::Member(table.clone(), member.label())];
    match member {
        Member::PrimaryKey(index) | Member::Unique(index) => objects.extend(key(table, index)),
        Member::Index(index) => {
            objects.extend(index.name.iter().map(|name| Object::IndexName(QName::bare(name))));
            objects.extend(key(table, index));
        }
        Member::ForeignKey(_) | Member::Check(_) => {}
    }
    objects
}

/// The columns that an index makes unique, if a foreign key can refer to them.
fn key(table: &QName, index: &Index) -> Option<Object> {
    let all_columns = index.columns().count() == index.parts.len();
    let counts = index.unique && index.predicate.is_none() && all_columns;
    counts.then(|| key_of(table, index.columns()))
}

fn key_of<'a>(table: &QName, columns: impl Iterator<Item = &'a str>) -> Object {
    let mut columns: Vec<String> = columns.map(str::to_owned).collect();
    columns.sort();
    Object::Key(table.clone(), columns)
}

/// The expressions in a member.
pub fn texts(member: &Member) -> Vec<&String> {
    match member {
        Member::PrimaryKey(index) | Member::Unique(index) | Member::Index(index) => {
            let expressions = index.parts.iter().filter_map(|part| match &part.source {
                PartSource::Expr(text) => Some(text),
                PartSource::Column(_) => None,
            });
            expressions.chain(&index.predicate).collect()
        }
        Member::ForeignKey(_) => Vec::new(),
        Member::Check(check) => vec![&check.expr],
    }
}

/// The columns of its table that a member covers or mentions.
pub fn columns(group: &Group<'_>, member: &Member) -> BTreeSet<String> {
    let mentioned = texts(member).into_iter().flat_map(|text| mentioned(group, text));
    let covered: Vec<&str> = match member {
        Member::PrimaryKey(index) | Member::Unique(index) | Member::Index(index) => index.columns().collect(),
        Member::ForeignKey(key) => key.columns.iter().map(String::as_str).collect(),
        Member::Check(_) => Vec::new(),
    };
    covered.into_iter().map(str::to_owned).chain(mentioned).collect()
}

/// The columns, of before and after, that a text mentions.
pub fn mentioned(group: &Group<'_>, text: &str) -> Vec<String> {
    let all: BTreeSet<&String> =
        group.from.columns.iter().chain(&group.to.columns).map(|column| &column.name).collect();
    all.into_iter().filter(|name| canon::mentions(text, name)).cloned().collect()
}

/// What a foreign key needs of the table that it refers to. SQLite takes one to a table that is not
/// there yet, so keys that refer to each other in a circle need nothing.
pub fn needed_parents(table: &QName, member: &Member, from: &Schema, to: &Schema) -> Vec<Object> {
    let Member::ForeignKey(key) = member else { return Vec::new() };
    if key.table == *table || leads_to(&key.table, table, to) {
        return Vec::new();
    }
    let mut objects = vec![key_of(&key.table, key.referenced.iter().map(String::as_str))];
    if !from.tables.contains_key(&key.table) {
        objects.push(Object::Table(key.table.clone()));
    }
    objects
}

/// Whether foreign keys lead from one table to another.
fn leads_to(start: &QName, goal: &QName, schema: &Schema) -> bool {
    let mut seen = BTreeSet::from([start]);
    let mut open = vec![start];
    while let Some(name) = open.pop() {
        if name == goal {
            return true;
        }
        let keys: &[ForeignKey] = schema.tables.get(name).map_or(&[], |table: &Table| &table.foreign_keys);
        open.extend(keys.iter().map(|key| &key.table).filter(|next| seen.insert(next)));
    }
    false
}
