//! A schema with changes applied to it on paper.
//!
//! Statements for a subset of a difference need to know what the tables look like when exactly
//! these changes have run; that is what this works out. What a server makes of it is found out by
//! proving, never from here.

use super::{Change, Column, Member, Property, QName, Schema, Table};

impl Schema {
    /// The schema after these changes, in their order. A change of something that is not there
    /// changes nothing.
    #[must_use]
    pub fn evolve<'a>(&self, changes: impl IntoIterator<Item = &'a Change>) -> Schema {
        let mut schema = self.clone();
        changes.into_iter().for_each(|change| schema.absorb(change));
        schema
    }

    fn absorb(&mut self, change: &Change) {
        match change {
            Change::CreateNamespace { name } => drop(self.namespaces.insert(name.clone())),
            Change::DropNamespace { name } => drop(self.namespaces.remove(name)),
            Change::CreateExtension { name } => drop(self.extensions.insert(name.clone())),
            Change::CreateEnum { to } | Change::AlterEnum { to, .. } => {
                drop(self.enums.insert(to.name.clone(), to.clone()));
            }
            Change::DropEnum { from } => drop(self.enums.remove(&from.name)),
            Change::CreateTable { to } => drop(self.tables.insert(to.name.clone(), to.clone())),
            Change::DropTable { from } => drop(self.tables.remove(&from.name)),
            Change::RenameTable { from, to } => self.rename_table(from, to),
            Change::RenameColumn { table, from, to, .. } => self.rename_column(table, from, to),
            _ => {
                if let Some(table) = change.table().and_then(|name| self.tables.get_mut(name)) {
                    absorb_in_table(table, change);
                }
            }
        }
    }

    fn rename_table(&mut self, from: &QName, to: &QName) {
        let Some(mut table) = self.tables.remove(from) else { return };
        table.name = to.clone();
        self.namespaces.extend(to.schema.clone());
        self.tables.insert(to.clone(), table);
        let keys = self.tables.values_mut().flat_map(|table| &mut table.foreign_keys);
        keys.filter(|key| key.table == *from).for_each(|key| key.table = to.clone());
    }

    fn rename_column(&mut self, table: &QName, from: &str, to: &str) {
        let renamed = |names: &mut Vec<String>| {
            names.iter_mut().filter(|name| *name == from).for_each(|name| *name = to.to_owned());
        };
        let keys = self.tables.values_mut().flat_map(|table| &mut table.foreign_keys);
        keys.filter(|key| key.table == *table).for_each(|key| renamed(&mut key.referenced));
        let Some(table) = self.tables.get_mut(table) else { return };
        table.columns.iter_mut().filter(|column| column.name == from).for_each(|column| column.name = to.to_owned());
        table.foreign_keys.iter_mut().for_each(|key| renamed(&mut key.columns));
        for index in table.indexes.iter_mut().chain(&mut table.uniques).chain(&mut table.primary_key) {
            renamed(&mut index.include);
            index.parts.iter_mut().for_each(|part| part.rename_column(from, to));
        }
    }
}

fn absorb_in_table(table: &mut Table, change: &Change) {
    match change {
        Change::AlterTableComment { to, .. } => table.comment.clone_from(to),
        Change::AlterTableOption { option, to: Some(value), .. } => {
            drop(table.options.insert(option.clone(), value.clone()));
        }
        Change::AlterTableOption { option, to: None, .. } => drop(table.options.remove(option)),
        Change::AddColumn { to, .. } => table.columns.push(to.clone()),
        Change::DropColumn { from, .. } | Change::MergeColumn { from, .. } => drop_column(table, &from.name),
        Change::ReplaceColumn { from, to, .. } => {
            drop_column(table, &from.name);
            table.columns.push(to.clone());
        }
        Change::AlterColumn { property, to, .. } => alter_column(table, *property, to),
        Change::AddMember { to, .. } => table.add_member(to.clone()),
        Change::DropMember { from, .. } => table.remove_member(from),
        Change::AlterMember { from, to, .. } | Change::RenameMember { from, to, .. } => {
            table.remove_member(from);
            table.add_member(to.clone());
        }
        _ => {}
    }
}

/// A column takes along what is made over it.
fn drop_column(table: &mut Table, name: &str) {
    table.columns.retain(|column| column.name != name);
    for member in table.members().iter().filter(|member| member.is_over(name)) {
        table.remove_member(member);
    }
}

fn alter_column(table: &mut Table, property: Property, to: &Column) {
    if let Some(column) = table.column_mut(&to.name) {
        property.copy(to, column);
    }
}

impl Table {
    /// All keys, indexes and constraints.
    pub fn members(&self) -> Vec<Member> {
        let primary = self.primary_key.iter().cloned().map(Member::PrimaryKey);
        primary
            .chain(self.uniques.iter().cloned().map(Member::Unique))
            .chain(self.indexes.iter().cloned().map(Member::Index))
            .chain(self.foreign_keys.iter().cloned().map(Member::ForeignKey))
            .chain(self.checks.iter().cloned().map(Member::Check))
            .collect()
    }

    /// Takes a key, index or constraint in.
    pub fn add_member(&mut self, member: Member) {
        match member {
            Member::PrimaryKey(index) => self.primary_key = Some(index),
            Member::Unique(index) => self.uniques.push(index),
            Member::Index(index) => self.indexes.push(index),
            Member::ForeignKey(key) => self.foreign_keys.push(key),
            Member::Check(check) => self.checks.push(check),
        }
    }

    /// Takes one out: the first that is equal.
    pub fn remove_member(&mut self, member: &Member) {
        fn take<T: PartialEq>(items: &mut Vec<T>, item: &T) {
            if let Some(position) = items.iter().position(|each| each == item) {
                items.remove(position);
            }
        }
        match member {
            Member::PrimaryKey(_) => self.primary_key = None,
            Member::Unique(index) => take(&mut self.uniques, index),
            Member::Index(index) => take(&mut self.indexes, index),
            Member::ForeignKey(key) => take(&mut self.foreign_keys, key),
            Member::Check(check) => take(&mut self.checks, check),
        }
    }
}

impl super::Part {
    fn rename_column(&mut self, from: &str, to: &str) {
        if let super::PartSource::Column(name) = &mut self.source
            && name == from
        {
            *name = to.to_owned();
        }
    }
}
