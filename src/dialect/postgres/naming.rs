//! Names for keys, indexes and constraints that nobody named.
//!
//! What is made in several statements has to be called something in the second. The names are those that the
//! server itself would choose, as long as they are free.

use std::collections::BTreeSet;

use super::batch::{Batch, used_columns};
use super::names::{cut, made_name};
use crate::model::{Change, Member, PartSource, QName, Table};

/// The member under a name: its own, that of the one it replaces, or one that is free.
pub(super) fn named(batch: &Batch<'_>, change: usize, table: &QName, member: &Member) -> Member {
    if member.name().is_some() {
        return member.clone();
    }
    let old = match &batch.changes[change] {
        Change::AlterMember { from, .. } if !from.is_left_over() && !from.is_half_built() => from.name(),
        _ => None,
    };
    let name = old.map_or_else(|| free_name(batch, change, table, member), str::to_owned);
    member.clone().called(Some(name))
}

fn free_name(batch: &Batch<'_>, change: usize, table: &QName, member: &Member) -> String {
    let mut taken = names_in_use(batch, table);
    for (at, other) in batch.changes.iter().enumerate().take(change) {
        if let Change::AddMember { table: t, to } = other
            && t == table
            && to.name().is_none()
            && at != change
        {
            let name = first_free(batch, table, to, &taken);
            taken.insert(name);
        }
    }
    first_free(batch, table, member, &taken)
}

fn first_free(batch: &Batch<'_>, table: &QName, member: &Member, taken: &BTreeSet<String>) -> String {
    let columns = columns(batch, table, member);
    let (suffix, with_columns) = match member {
        Member::PrimaryKey(_) => ("pkey", false),
        Member::Unique(_) => ("key", true),
        Member::Index(_) => ("idx", true),
        Member::ForeignKey(_) => ("fkey", true),
        Member::Check(_) => ("check", columns.len() == 1),
    };
    let name = |number: &str| match with_columns {
        true => made_name(&table.name, &columns.join("_"), &format!("{suffix}{number}")),
        false => made_bare_name(&table.name, &format!("{suffix}{number}")),
    };
    let mut names = std::iter::once(name("")).chain((1..).map(|number| name(&number.to_string())));
    names.find(|name| !taken.contains(name)).unwrap_or_default()
}

fn made_bare_name(table: &str, suffix: &str) -> String {
    let mut table = cut(table);
    while table.len() + suffix.len() + 1 > super::names::NAME_BYTES {
        table.pop();
    }
    format!("{table}_{suffix}")
}

/// The columns that the server would put into the name.
fn columns(batch: &Batch<'_>, table: &QName, member: &Member) -> Vec<String> {
    match member {
        Member::PrimaryKey(index) | Member::Unique(index) | Member::Index(index) => {
            let part = |source: &PartSource| match source {
                PartSource::Column(name) => name.clone(),
                PartSource::Expr(_) => "expr".to_owned(),
            };
            index.parts.iter().map(|each| part(&each.source)).chain(index.include.iter().cloned()).collect()
        }
        Member::ForeignKey(key) => key.columns.clone(),
        Member::Check(_) => batch.table_after(table).map(|after| used_columns(after, member)).unwrap_or_default(),
    }
}

/// Indexes share their names with tables, constraints with those of their table: neither takes one of these.
fn names_in_use(batch: &Batch<'_>, table: &QName) -> BTreeSet<String> {
    let tables = batch.from.tables.values().chain(batch.to.tables.values());
    let neighbours = tables.filter(|other| other.name.schema == table.schema);
    neighbours.flat_map(names_of).collect()
}

fn names_of(table: &Table) -> Vec<String> {
    let members = table.members().into_iter().filter_map(|member| member.name().map(str::to_owned));
    members.chain([table.name.name.clone()]).collect()
}
