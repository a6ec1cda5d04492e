//! Which foreign keys a new table brings along in its `CREATE TABLE`, and which are added when all tables are there.
//!
//! To add a key to a table that is there takes a copy of it, even of an empty one: for a schema of some hundred
//! keys that is most of the time that it takes to build.

use std::collections::{BTreeMap, BTreeSet};

use super::ops::Batch;
use crate::model::{Change, ForeignKey, QName, Table};

/// The places of the tables that are created, so that most come after those that they refer to.
pub(super) type Births<'a> = BTreeMap<&'a QName, usize>;

impl<'a> Batch<'a> {
    /// Where the new tables stand in line. Where tables refer to each other in a circle, one of them goes first.
    pub fn births(&self) -> Births<'a> {
        let created = self.changes.iter().filter_map(|change| match change {
            Change::CreateTable { to } => Some(to),
            _ => None,
        });
        let mut waiting: Vec<&Table> = created.collect();
        let mut born = Births::new();
        while !waiting.is_empty() {
            let names: BTreeSet<&QName> = waiting.iter().map(|table| &table.name).collect();
            let waits = |table: &&Table| {
                table.foreign_keys.iter().any(|key| key.table != table.name && names.contains(&key.table))
            };
            let (mut rest, mut next): (Vec<_>, Vec<_>) = waiting.iter().copied().partition(waits);
            if next.is_empty() {
                next.push(rest.remove(0));
            }
            for table in next {
                born.insert(&table.name, born.len());
            }
            waiting = rest;
        }
        born
    }

    /// Whether a new table's key can come with the table: what it refers to is there by then and nothing else
    /// happens to it, and no other key has its name.
    pub fn is_inborn(&self, births: &Births<'_>, child: &QName, key: &ForeignKey) -> bool {
        let is_there = match births.get(&key.table) {
            Some(parent) => key.table == *child || births.get(child).is_some_and(|own| parent < own),
            None => self.before(&key.table).is_some() && self.changes_of(&key.table).next().is_none(),
        };
        is_there && !self.has_key_named(key.name.as_deref())
    }

    /// The names of foreign keys are the whole database's.
    fn has_key_named(&self, name: Option<&str>) -> bool {
        let Some(name) = name.map(str::to_lowercase) else { return false };
        let all = self.from.tables.values().flat_map(|table| &table.foreign_keys);
        all.filter_map(|key| key.name.as_ref()).any(|own| own.to_lowercase() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Mysql;
    use super::*;
    use crate::model::{Column, Index, Part, Platform, Schema, Vendor, Version};

    fn table(name: &str, parents: &[&str]) -> Change {
        let columns = vec![Column { nullable: false, ..Column::new("id", "int(11)") }];
        let primary_key = Some(Index { parts: vec![Part::column("id")], unique: true, ..Index::default() });
        let foreign_keys = parents.iter().map(|parent| key(&format!("{name}_{parent}"), parent)).collect();
        Change::CreateTable { to: Table { columns, primary_key, foreign_keys, ..Table::new(QName::bare(name)) } }
    }

    fn key(name: &str, parent: &str) -> ForeignKey {
        ForeignKey {
            name: Some(name.to_owned()),
            columns: vec!["id".to_owned()],
            table: QName::bare(parent),
            referenced: vec!["id".to_owned()],
            on_delete: None,
            on_update: None,
            deferrable: Default::default(),
            options: BTreeMap::new(),
            comment: None,
        }
    }

    /// The titles of the operations for new tables, in an order in which they can run.
    fn titles(changes: &[Change]) -> Vec<String> {
        let dialect = Mysql::new(Platform::new(Vendor::Mariadb, Version(10, 11, 0)));
        let from = Schema::default();
        let ops = super::super::ops::ops(&dialect, &from, &from.evolve(changes), changes);
        ops.into_iter().map(|op| op.title).collect()
    }

    #[test]
    fn keys_come_with_their_tables() {
        let changes = [table("a", &["b", "a"]), table("b", &["c"]), table("c", &[])];
        assert_eq!(titles(&changes), ["create table a", "create table b", "create table c"]);
    }

    #[test]
    fn a_circle_is_cut_once() {
        let changes = [table("a", &["b"]), table("b", &["c"]), table("c", &["a"]), table("d", &["a", "c"])];
        let creations = ["create table b", "create table c", "create table d"];
        assert_eq!(titles(&changes)[..2], ["create table a", "add foreign key a.a_b"]);
        assert_eq!(titles(&changes)[2..], creations);
    }
}
