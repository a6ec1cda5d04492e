//! From changes to operations: one place that knows which file does what.

use super::batch::Batch;
use super::create::table_comment;
use super::names::{ident, qualified};
use super::settings::assignment;
use super::{alter, columns, create, detours, enums, fill, impact, member_ops, members, moves};
use crate::dialect::rank;
use crate::model::{Change, Hazard, HazardNote, Member, Object, Op, QName, Table};

/// The operations for all changes of a batch.
pub(super) fn ops(batch: &Batch<'_>) -> Vec<Op> {
    let of_changes = batch.changes.iter().enumerate().flat_map(|(index, change)| of_change(batch, index, change));
    of_changes.chain(detours::ops(batch)).collect()
}

fn of_change(batch: &Batch<'_>, index: usize, change: &Change) -> Vec<Op> {
    match change {
        Change::CreateNamespace { name } => vec![create_namespace(index, name)],
        Change::DropNamespace { name } => vec![drop_namespace(index, name)],
        Change::CreateExtension { name } => vec![create_extension(index, name)],
        Change::CreateEnum { to } => vec![enums::create(index, to)],
        Change::DropEnum { from } => vec![enums::drop(index, from)],
        Change::AlterEnum { from, to } => enums::alter(batch, index, from, to),
        Change::CreateTable { to } => create_table(batch, index, to),
        Change::DropTable { from } => drop_table(batch, index, from),
        Change::RenameTable { from, to } => vec![rename_table(batch, index, from, to)],
        Change::AlterTableComment { table, to, .. } => vec![comment_table(index, table, to.as_deref())],
        Change::AlterTableOption { table, option, to, .. } => vec![table_option(index, table, option, to.as_ref())],
        Change::AddColumn { table, to, fill } => match fill.as_deref().or_else(|| columns::default_by_row(to)) {
            Some(fill) => fill::add_filled(batch, index, table, to, fill),
            None => vec![columns::add(batch, index, table, to)],
        },
        Change::DropColumn { table, from } => vec![columns::drop(batch, index, table, from)],
        Change::RenameColumn { table, from, to, transform } => {
            moves::rename(batch, index, table, from, to, transform.as_ref())
        }
        Change::MergeColumn { table, from, to, how } => moves::merge(batch, index, table, from, to, how),
        Change::ReplaceColumn { table, from, to, expr } => fill::replace(batch, index, table, from, to, expr),
        Change::AlterColumn { .. } => alter::from_change(batch, index, change),
        Change::AddMember { table, to } => member_ops::add(batch, index, table, to),
        Change::DropMember { table, from } => member_ops::drop(batch, index, table, from).into_iter().collect(),
        Change::AlterMember { table, from, to } => member_ops::alter(batch, index, table, from, to),
        Change::RenameMember { table, from, to } => vec![member_ops::rename(batch, index, table, from, to)],
    }
}

fn create_namespace(change: usize, name: &str) -> Op {
    let mut op = Op::new(vec![change], format!("create schema {name}"), vec![format!("CREATE SCHEMA {}", ident(name))]);
    op.rank = rank::NAMESPACE;
    op.makes = vec![Object::Namespace(name.to_owned())];
    op
}

fn drop_namespace(change: usize, name: &str) -> Op {
    let mut op = Op::new(vec![change], format!("drop schema {name}"), vec![format!("DROP SCHEMA {}", ident(name))]);
    op.rank = rank::DROP_TYPE;
    op.drops = vec![Object::Namespace(name.to_owned())];
    op
}

fn create_extension(change: usize, name: &str) -> Op {
    let statement = format!("CREATE EXTENSION IF NOT EXISTS {}", ident(name));
    let mut op = Op::new(vec![change], format!("create extension {name}"), vec![statement]);
    op.rank = rank::EXTENSION;
    op.makes = vec![Object::Extension(name.to_owned())];
    op
}

/// A table with everything in it, and one operation for each foreign key: tables may refer to each
/// other in circles.
fn create_table(batch: &Batch<'_>, change: usize, table: &Table) -> Vec<Op> {
    let mut op = Op::new(vec![change], format!("create table {}", table.name), create::table(table));
    op.rank = rank::CREATE_TABLE;
    op.makes = member_ops::table_objects(table);
    op.needs.extend(table.name.schema.clone().map(Object::Namespace));
    op.needs.extend(table.columns.iter().filter_map(|column| batch.type_object(&column.data_type)));
    let keys = table.foreign_keys.iter().cloned().map(Member::ForeignKey);
    // Nothing refers to anything yet, and nobody waits for a new table.
    let keys = keys.map(|key| member_ops::add_whole(batch, change, &table.name, &key));
    std::iter::once(op).chain(keys).collect()
}

/// A table goes; its foreign keys go first, because the tables that they refer to may go too.
fn drop_table(batch: &Batch<'_>, change: usize, table: &Table) -> Vec<Op> {
    let goes = |name: &QName| {
        batch.changes.iter().any(|change| matches!(change, Change::DropTable { from } if from.name == *name))
    };
    let keys = table.foreign_keys.iter().filter(|key| key.table != table.name && goes(&key.table));
    let mut ops: Vec<_> = keys.map(|key| drop_key(batch, change, table, &Member::ForeignKey(key.clone()))).collect();
    let statement = format!("DROP TABLE {}", qualified(&table.name));
    let mut op = Op::new(vec![change], format!("drop table {}", table.name), vec![statement]);
    op.rank = rank::DROP_TABLE;
    op.drops = member_ops::table_objects(table);
    op.frees = table.columns.iter().filter_map(|column| batch.type_object(&column.data_type)).collect();
    op.frees.extend(table.name.schema.clone().map(Object::Namespace));
    // What it refers to and what stays may lose the key that it refers to.
    let outward = table.foreign_keys.iter().filter(|key| !goes(&key.table)).cloned().map(Member::ForeignKey);
    op.frees.extend(outward.flat_map(|key| outside(table, member_ops::frees(batch, &table.name, &key))));
    op.hazards = vec![
        HazardNote::new(Hazard::DeletesData, format!("{} is dropped with its rows", table.name)),
        HazardNote::new(Hazard::CannotBeUndone, format!("no statement brings back the rows of {}", table.name)),
        HazardNote::new(Hazard::BreaksRunningApplication, format!("an application that uses {} fails", table.name)),
    ];
    ops.push(op);
    ops
}

fn drop_key(batch: &Batch<'_>, change: usize, table: &Table, key: &Member) -> Op {
    let title = format!("take foreign key {} off {}, which is dropped", key.label(), table.name);
    let mut op = Op::new(vec![change], title, vec![members::drop(&table.name, key)]);
    op.rank = rank::DROP_FOREIGN_KEY;
    op.frees = member_ops::frees(batch, &table.name, key);
    op
}

/// Objects that do not belong to a table.
fn outside(table: &Table, objects: Vec<Object>) -> impl Iterator<Item = Object> {
    let own = |object: &Object| match object {
        Object::Table(name)
        | Object::Column(name, _)
        | Object::Member(name, _)
        | Object::Key(name, _)
        | Object::NewIndex(name, _) => *name == table.name,
        _ => false,
    };
    objects.into_iter().filter(move |object| !own(object))
}

fn rename_table(batch: &Batch<'_>, change: usize, from: &QName, to: &QName) -> Op {
    let mut statements = Vec::new();
    let mut name = from.clone();
    if from.schema != to.schema {
        let schema = to.schema.as_deref().unwrap_or("public");
        // Renames come first of all. Several tables may move into one new schema.
        let is_new = to.schema.as_ref().is_some_and(|schema| !batch.from.namespaces.contains(schema));
        statements.extend(is_new.then(|| format!("CREATE SCHEMA IF NOT EXISTS {}", ident(schema))));
        statements.push(format!("ALTER TABLE {} SET SCHEMA {}", qualified(&name), ident(schema)));
        name.schema.clone_from(&to.schema);
    }
    if from.name != to.name {
        statements.push(format!("ALTER TABLE {} RENAME TO {}", qualified(&name), ident(&to.name)));
    }
    let mut op = Op::new(vec![change], format!("rename table {from} to {to}"), statements);
    op.rank = rank::RENAME;
    op.drops = vec![Object::Table(from.clone())];
    op.makes = vec![Object::Table(to.clone())];
    let why = format!("an application that still uses {from} fails");
    op.hazards.push(HazardNote::new(Hazard::BreaksRunningApplication, why));
    op
}

fn comment_table(change: usize, table: &QName, text: Option<&str>) -> Op {
    let mut op = Op::new(vec![change], format!("change comment of {table}"), vec![table_comment(table, text)]);
    op.rank = rank::COMMENT;
    op
}

fn table_option(change: usize, table: &QName, option: &str, value: Option<&String>) -> Op {
    let name = qualified(table);
    let clause = match (option, value) {
        ("unlogged", Some(_)) => "SET UNLOGGED".to_owned(),
        ("unlogged", None) => "SET LOGGED".to_owned(),
        ("access_method", value) => format!("SET ACCESS METHOD {}", ident(value.map_or("heap", String::as_str))),
        (option, Some(value)) => format!("SET ({})", assignment(option, value)),
        (option, None) => format!("RESET ({})", super::names::parameter(option)),
    };
    let title = format!("change option {option} of {table}");
    let mut op = Op::new(vec![change], title, vec![format!("ALTER TABLE {name} {clause}")]);
    op.rank = rank::TABLE_OPTION;
    if matches!(option, "unlogged" | "access_method") {
        impact::REWRITE.applies(&mut op, table);
    }
    if option == "unlogged" && value.is_some() {
        let why = format!("the rows of {table} are gone after a crash of the server, and its replicas have none");
        op.hazards.push(HazardNote::new(Hazard::MayLoseData, why));
    }
    op
}
