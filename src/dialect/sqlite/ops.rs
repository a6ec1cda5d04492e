//! Changes ─► operations: one statement where SQLite has one, else a rebuild of the table.

use std::collections::BTreeMap;

use super::Sqlite;
use super::alter;
use super::create;
use super::hazards;
use super::moves;
use super::names::{quote, same};
use super::objects;
use super::rebuild;
use crate::dialect::rank;
use crate::model::{Change, Hazard, HazardNote, Object, Op, QName, Schema, Table, working_name};

/// The changes of one table that exists, and what it looks like before and after them.
pub struct Group<'a> {
    /// The database before.
    pub before: &'a Schema,
    /// The database after.
    pub after: &'a Schema,
    /// The table before.
    pub from: &'a Table,
    /// The table after, with the columns that it had in their old order.
    pub to: Table,
    /// What changes, with its position among all changes.
    pub changes: Vec<(usize, &'a Change)>,
}

impl Group<'_> {
    /// The table's name as people write it.
    pub fn name(&self) -> &QName {
        &self.from.name
    }

    /// The table's name as an identifier.
    pub fn quoted(&self) -> String {
        quote(&self.from.name.name)
    }

    /// A column of the table, so qualified that SQLite cannot take a name it does not know for a string.
    pub fn column(&self, name: &str) -> String {
        format!("{}.{}", self.quoted(), quote(name))
    }
}

/// The operations for these changes.
pub fn ops(dialect: &Sqlite, from: &Schema, to: &Schema, changes: &[Change]) -> Vec<Op> {
    let mut ops = Vec::new();
    let mut tables: BTreeMap<&QName, Vec<(usize, &Change)>> = BTreeMap::new();
    for (index, change) in changes.iter().enumerate() {
        match change {
            Change::CreateTable { to: table } => ops.push(create_table(index, table, from, to)),
            Change::DropTable { from: table } => ops.push(drop_table(index, table, from)),
            Change::RenameTable { from: old, to } => ops.push(rename_table(index, old, to, from)),
            Change::RenameColumn { table, from, to, transform: None } => {
                ops.push(rename_column(index, table, from, to));
            }
            Change::RenameColumn { table, from: old, to: new, transform: Some(transform) } => {
                ops.extend(moves::rename(dialect, index, table, (old, new), transform, to));
            }
            _ => {
                if let Some(table) = change.table() {
                    tables.entry(table).or_default().push((index, change));
                }
            }
        }
    }
    for (name, changes) in tables {
        if let (Some(before), Some(after)) = (from.tables.get(name), to.tables.get(name)) {
            let group = Group { before: from, after: to, from: before, to: in_old_order(before, after), changes };
            let mut own = if alter::can(&group) { alter::ops(dialect, &group) } else { vec![rebuild::op(&group)] };
            moves::agree_first(dialect, &group, &mut own);
            ops.extend(own);
        }
    }
    ops
}

/// The table after the changes, the columns that it had before in the order that they had.
fn in_old_order(before: &Table, after: &Table) -> Table {
    let mut after = after.clone();
    let place = |name: &str| before.columns.iter().position(|column| column.name == name).unwrap_or(usize::MAX);
    after.columns.sort_by_key(|column| place(&column.name));
    after
}

fn create_table(index: usize, table: &Table, from: &Schema, to: &Schema) -> Op {
    let mut statements = vec![create::table(table, &table.name.name)];
    statements.extend(table.indexes.iter().map(|index| create::index(&table.name.name, index)));
    let mut op = Op::new(vec![index], format!("create table {}", table.name), statements);
    op.rank = rank::CREATE_TABLE;
    op.makes.push(Object::Table(table.name.clone()));
    op.makes.extend(table.columns.iter().map(|column| Object::Column(table.name.clone(), column.name.clone())));
    for member in table.members() {
        op.makes.extend(objects::of_member(&table.name, &member));
        op.needs.extend(objects::needed_parents(&table.name, &member, from, to));
    }
    op
}

fn drop_table(index: usize, table: &Table, schema: &Schema) -> Op {
    let name = &table.name;
    let statement = format!("DROP TABLE {}", quote(&name.name));
    let mut op = Op::new(vec![index], format!("drop table {name}"), vec![statement]);
    op.rank = rank::DROP_TABLE;
    op.hazards.push(HazardNote::new(Hazard::DeletesData, format!("{name} is dropped with its rows")));
    op.hazards.extend(hazards::of_dropped_table(schema, name));
    op.drops.push(Object::Table(name.clone()));
    op.drops.extend(table.members().iter().flat_map(|member| objects::of_member(name, member)));
    op
}

fn rename_table(index: usize, old: &QName, new: &QName, schema: &Schema) -> Op {
    let rename = |old: &str, new: &str| format!("ALTER TABLE {} RENAME TO {}", quote(old), quote(new));
    let statements = if same(&old.name, &new.name) {
        // Only the case changes: to SQLite the new name is taken, by the table itself.
        let between = free_name(schema, &old.name);
        vec![rename(&old.name, &between), rename(&between, &new.name)]
    } else {
        vec![rename(&old.name, &new.name)]
    };
    let mut op = Op::new(vec![index], format!("rename table {old} to {new}"), statements);
    op.rank = rank::RENAME;
    op.hazards.push(breaks(format!("statements that still name {old} fail")));
    op.drops.push(Object::Table(old.clone()));
    op.makes.push(Object::Table(new.clone()));
    op
}

/// Renames a column.
pub fn rename_column(index: usize, table: &QName, old: &str, new: &str) -> Op {
    let statement = format!("ALTER TABLE {} RENAME COLUMN {} TO {}", quote(&table.name), quote(old), quote(new));
    let mut op = Op::new(vec![index], format!("rename column {table}.{old} to {new}"), vec![statement]);
    op.rank = rank::RENAME;
    op.hazards.push(breaks(format!("statements that still name {table}.{old} fail")));
    op.needs.push(Object::Table(table.clone()));
    op.drops.push(Object::Column(table.clone(), old.to_owned()));
    op.makes.push(Object::Column(table.clone(), new.to_owned()));
    op
}

fn breaks(why: String) -> HazardNote {
    HazardNote::new(Hazard::BreaksRunningApplication, why)
}

/// A working name for a table that nothing in the database has.
pub fn free_name(schema: &Schema, table: &str) -> String {
    let mut name = working_name(table);
    let tables = schema.tables.values().map(|table| &table.name.name);
    let opaque = schema.opaque.iter().map(|opaque| &opaque.name.name);
    let indexes = schema.tables.values().flat_map(|table| &table.indexes).filter_map(|index| index.name.as_ref());
    // This is asked for every change of a large schema: the names are compared where they are.
    let taken = tables.chain(opaque).chain(indexes);
    while taken.clone().any(|other| same(other, &name)) {
        name.push('_');
    }
    name
}
