//! The table rebuild: what ALTER TABLE cannot do, in the steps that SQLite's documentation gives.
//!
//! A new table is made, filled, and put in the place of the old one; indexes and triggers are made
//! again. All of it happens in one transaction with foreign keys off, which the session sees to. At the end the new table
//! and its indexes are checked; the session counts rows whose foreign keys point nowhere before it commits.

use super::canon;
use super::create;
use super::facts;
use super::hazards;
use super::moves;
use super::names::{literal, quote, same};
use super::objects;
use super::ops::{Group, free_name};
use super::settle::{is_on, rowid_alias};
use crate::dialect::rank;
use crate::model::{Change, Column, IdentityKind, Member, OnConflict, Op, Pace, Table};

/// The one operation that carries out all changes of a table.
pub fn op(group: &Group<'_>) -> Op {
    let indexes = group.changes.iter().map(|(index, _)| *index).collect();
    let title = format!("rebuild table {}: {}", group.name(), summary(group));
    let mut op = Op { rank: rank::ALTER_COLUMN, pace: Pace::Slow, ..Op::new(indexes, title, statements(group)) };
    for (index, change) in &group.changes {
        objects::add(&mut op, group, change);
        hazards::add(&mut op, group, change);
        op.preconditions.extend(facts::of_change(group, *index, change));
    }
    hazards::of_rebuild(&mut op, group);
    objects::settle(&mut op);
    op
}

/// The first changes by name, and how many there are beside them.
fn summary(group: &Group<'_>) -> String {
    const SHOWN: usize = 3;
    let mut words: Vec<String> = group.changes.iter().take(SHOWN).map(|(_, change)| words(change)).collect();
    let more = group.changes.len().saturating_sub(SHOWN);
    if more > 0 {
        words.push(format!("{more} more"));
    }
    words.join(", ")
}

/// What a change is called in the title.
fn words(change: &Change) -> String {
    match change {
        Change::AddColumn { to, .. } => format!("add column {}", to.name),
        Change::DropColumn { from, .. } => format!("drop column {}", from.name),
        Change::MergeColumn { from, to, .. } => format!("merge column {} into {}", from.name, to.name),
        Change::ReplaceColumn { from, to, .. } => format!("replace column {} by {}", from.name, to.name),
        Change::AlterColumn { to, property, .. } => {
            let property = format!("{property:?}").to_ascii_lowercase();
            format!("change {property} of column {}", to.name)
        }
        Change::AddMember { to, .. } => format!("add {} {}", to.kind().words(), to.label()),
        Change::DropMember { from, .. } => format!("drop {} {}", from.kind().words(), from.label()),
        Change::AlterMember { to, .. } => format!("change {} {}", to.kind().words(), to.label()),
        Change::RenameMember { from, to, .. } => format!("rename index {} to {}", from.label(), to.label()),
        Change::AlterTableOption { option, .. } => format!("change option {option}"),
        other => other.kind().key().replace('_', " "),
    }
}

fn statements(group: &Group<'_>) -> Vec<String> {
    let new = free_name(group.before, &group.name().name);
    let mut statements = vec![create::table(&group.to, &new)];
    statements.extend(copy(group, &new));
    statements.extend(counter(group, &new));
    statements.push(format!("DROP TABLE {}", group.quoted()));
    // With legacy_alter_table the names in views, triggers and foreign keys of others stay as they are:
    // they mean the table that was just dropped, and this one takes its place.
    statements.push("PRAGMA legacy_alter_table = ON".to_owned());
    statements.push(format!("ALTER TABLE {} RENAME TO {}", quote(&new), group.quoted()));
    statements.push("PRAGMA legacy_alter_table = OFF".to_owned());
    statements.extend(group.to.indexes.iter().map(|index| create::index(&group.name().name, index)));
    statements.extend(triggers(group));
    statements.push(format!("PRAGMA integrity_check({})", literal(&group.name().name)));
    statements
}

/// The statement that moves the rows, if anything of them stays.
fn copy(group: &Group<'_>, new: &str) -> Option<String> {
    let mut pairs: Vec<(String, String)> = rowid_pair(group).into_iter().collect();
    let columns = group.to.columns.iter().filter(|column| column.generated.is_none());
    pairs.extend(columns.filter_map(|column| Some((quote(&column.name), value(group, column)?))));
    if pairs.is_empty() {
        return None;
    }
    let (targets, values): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
    Some(format!(
        "INSERT INTO {} ({})\nSELECT {}\nFROM {}",
        quote(new),
        targets.join(", "),
        values.join(", "),
        group.quoted()
    ))
}

/// The rowid, where rows are known by it and no column says it.
fn rowid_pair(group: &Group<'_>) -> Option<(String, String)> {
    if rowid_alias(&group.to).is_some() || is_on(&group.to, "without_rowid") {
        return None;
    }
    let name = rowid(group)?;
    Some((name.to_owned(), format!("{}.{name}", group.quoted())))
}

/// A name of the rowid that is no column's, if the old table has a rowid.
fn rowid(group: &Group<'_>) -> Option<&'static str> {
    rowids(group).next()
}

/// The name of the rowid that a constraint or index mentions.
pub fn mentioned_rowid(group: &Group<'_>, member: &Member) -> Option<&'static str> {
    let texts = objects::texts(member);
    rowids(group).find(|name| texts.iter().any(|text| canon::mentions(text, name)))
}

fn rowids(group: &Group<'_>) -> impl Iterator<Item = &'static str> {
    let taken = |name: &str| [group.from, &group.to].iter().any(|table| has_column(table, name));
    let there = !is_on(group.from, "without_rowid");
    ["rowid", "_rowid_", "oid"].into_iter().filter(move |name| there && !taken(name))
}

fn has_column(table: &Table, name: &str) -> bool {
    table.columns.iter().any(|column| same(&column.name, name))
}

/// What a row of the old table gives a column of the new one; `None` where the default does.
pub fn value(group: &Group<'_>, column: &Column) -> Option<String> {
    let own = group.from.column(&column.name).map(|column| cast(group, column));
    let merging = group.changes.iter().find_map(|(_, change)| match change {
        Change::MergeColumn { from, to, how, .. } if to.name == column.name => {
            Some((moves::value(group, from, how), how.on_conflict))
        }
        Change::ReplaceColumn { to, expr, .. } if to.name == column.name => {
            Some((create::enclosed(expr), OnConflict::KeepOld))
        }
        _ => None,
    });
    let first: Vec<String> = match (own, merging) {
        (Some(own), Some((old, on_conflict))) => moves::merged(own, old, on_conflict).into(),
        (own, merging) => own.into_iter().chain(merging.map(|(old, _)| old)).collect(),
    };
    let fill = group.changes.iter().filter_map(|(_, change)| match change {
        Change::AddColumn { to, fill, .. } | Change::AlterColumn { to, fill, .. } if to.name == column.name => {
            fill.as_deref().map(create::enclosed)
        }
        _ => None,
    });
    let values: Vec<String> = first.into_iter().chain(fill).collect();
    match values.as_slice() {
        [] => new_number(group, column),
        [one] => Some(one.clone()),
        several => Some(format!("coalesce({})", several.join(", "))),
    }
}

/// The value of an old column as one of the new type.
fn cast(group: &Group<'_>, column: &Column) -> String {
    let using = group.changes.iter().find_map(|(_, change)| match change {
        Change::AlterColumn { to, using, .. } if to.name == column.name => using.as_deref(),
        _ => None,
    });
    using.map_or_else(|| group.column(&column.name), create::enclosed)
}

/// A new column that is the rowid's alias says what the rows' numbers were all along.
fn new_number(group: &Group<'_>, column: &Column) -> Option<String> {
    let is_alias = rowid_alias(&group.to) == Some(&column.name);
    rowid(group).filter(|_| is_alias).map(|name| format!("{}.{name}", group.quoted()))
}

/// The statements that carry AUTOINCREMENT's counter over: numbers of deleted rows are never given again.
fn counter(group: &Group<'_>, new: &str) -> Vec<String> {
    if !counts(group.from) || !counts(&group.to) {
        return Vec::new();
    }
    let (old, new) = (literal(&group.name().name), literal(new));
    vec![
        format!("DELETE FROM sqlite_sequence WHERE name = {new}"),
        format!(
            "INSERT INTO sqlite_sequence (name, seq)\nSELECT {new}, sqlite_sequence.seq FROM sqlite_sequence WHERE sqlite_sequence.name = {old}"
        ),
    ]
}

fn counts(table: &Table) -> bool {
    let kinds = table.columns.iter().filter_map(|column| column.identity.as_ref()).map(|identity| identity.kind);
    kinds.into_iter().any(|kind| kind == IdentityKind::AutoIncrement)
}

/// The texts of the table's triggers, which went with the old table.
fn triggers(group: &Group<'_>) -> impl Iterator<Item = String> {
    let opaque = group.before.opaque.iter();
    let own = opaque.filter(|opaque| opaque.kind == "trigger" && opaque.table.as_ref() == Some(group.name()));
    own.filter_map(|trigger| trigger.sql.clone())
}
