//! One schema made into another: what people do to schemas, several things at a time.

use crate::make;
use crate::members;
use crate::random::Random;
use crate::repair::repair;
use crate::spec::{Column, Id, Kind, Spec, Table};
use crate::tree::Tree;
use crate::types;

/// The schema after one to six changes, with what tells undrift of renames and backfills.
pub fn mutated(random: &mut Random, before: &Spec) -> Spec {
    let mut spec = before.clone();
    for _ in 0..random.between(1, 6) {
        mutate(random, &mut spec);
        repair(&mut spec);
    }
    backfill(random, before, &mut spec);
    note_old_names(before, &mut spec);
    spec
}

/// Declares the old names of what has another one now.
pub fn note_old_names(before: &Spec, after: &mut Spec) {
    for table in &mut after.tables {
        table.old.clear();
        table.columns.iter_mut().for_each(|column| column.old.clear());
        let Some(old) = before.table(table.id) else { continue };
        if old.name != table.name {
            table.old = vec![old.name.clone()];
        }
        for column in &mut table.columns {
            let known = old.column(column.id).filter(|old| old.name != column.name);
            column.old = known.map(|old| old.name.clone()).into_iter().collect();
        }
    }
}

/// Gives columns that become NOT NULL a value for rows that have none; one in five is forgotten.
fn backfill(random: &mut Random, before: &Spec, after: &mut Spec) {
    let labels = after.clone();
    for table in &mut after.tables {
        let Some(old) = before.table(table.id) else { continue };
        for column in &mut table.columns {
            column.backfill = None;
            let was_required = old.column(column.id).is_some_and(|old| !old.nullable);
            let plain = column.generated.is_none() && column.identity.is_none();
            if column.nullable || was_required || !plain || random.percent(20) {
                continue;
            }
            let value = match &column.kind {
                Kind::Type(known) => Some(known.literal(2, labels.engine)),
                kind => labels.labels(kind).map(|labels| format!("'{}'", labels[0].replace('\'', "''"))),
            };
            column.backfill = value.map(|value| Tree::one("sql", Tree::text(value)));
        }
    }
}

fn mutate(random: &mut Random, spec: &mut Spec) {
    let tables: Vec<Id> = spec.tables.iter().map(|table| table.id).collect();
    let Some(id) = random.any(&tables) else { return make::add_table(random, spec) };
    match random.below(24) {
        0 => make::add_table(random, spec),
        1 => spec.tables.retain(|table| table.id != id || tables.len() < 2),
        2 => {
            let name = spec.qualified_name(random, "t");
            table_mut(spec, id).name = name;
        }
        3 | 4 => add_column(random, spec, id),
        5 => drop_column(random, spec, id),
        6..=8 => members::add(random, spec, id),
        9 | 10 => drop_member(random, spec, id),
        11 | 12 => change_member(random, spec, id),
        13 => change_key(random, spec, id),
        14 => change_table(random, spec, id),
        15 => change_enum(random, spec),
        _ => change_column(random, spec, id),
    }
}

fn table_mut(spec: &mut Spec, id: Id) -> &mut Table {
    spec.tables.iter_mut().find(|table| table.id == id).expect("it is one of them")
}

fn add_column(random: &mut Random, spec: &mut Spec, id: Id) {
    let table = table_mut(spec, id).clone();
    let column = make::column(random, spec, &table);
    let place = random.below(table.columns.len() + 1);
    table_mut(spec, id).columns.insert(place, column);
}

fn drop_column(random: &mut Random, spec: &mut Spec, id: Id) {
    let table = table_mut(spec, id);
    let columns: Vec<Id> = table.columns.iter().map(|column| column.id).filter(|id| *id != table.marker).collect();
    let Some(gone) = random.any(&columns) else { return };
    table.columns.retain(|column| column.id != gone);
}

fn drop_member(random: &mut Random, spec: &mut Spec, id: Id) {
    let table = table_mut(spec, id);
    if !table.members.is_empty() {
        table.members.remove(random.below(table.members.len()));
    }
}

/// Another definition, another name or another comment.
fn change_member(random: &mut Random, spec: &mut Spec, id: Id) {
    let table = table_mut(spec, id).clone();
    let Some(member) = random.any(&table.members) else { return };
    let mut changed = member.clone();
    match random.below(4) {
        0 => changed.name = changed.name.map(|_| spec.name(random, "m")),
        1 => changed.comment = changed.name.is_some().then(|| make::comment(random)).flatten(),
        _ => {
            if let Some(what) = members::again(random, spec, id, &member.what) {
                changed.what = what;
            }
        }
    }
    let members = &mut table_mut(spec, id).members;
    *members.iter_mut().find(|known| known.id == member.id).expect("it was one of them") = changed;
}

fn change_key(random: &mut Random, spec: &mut Spec, id: Id) {
    let mut table = table_mut(spec, id).clone();
    table.primary_key = match table.primary_key.take() {
        Some(_) if random.percent(40) => None,
        Some(mut key) if random.percent(40) => {
            if let Some(name) = &mut key.name {
                *name = spec.name(random, "pk");
            }
            key.columns.rotate_left(1);
            Some(key)
        }
        _ => Some(make::primary_key(random, spec, &mut table)),
    };
    *table_mut(spec, id) = table;
}

fn change_table(random: &mut Random, spec: &mut Spec, id: Id) {
    let engine = spec.engine;
    let table = table_mut(spec, id);
    if random.percent(40) {
        table.comment = make::comment(random);
    } else {
        table.options = make::options(random, engine);
    }
}

fn change_enum(random: &mut Random, spec: &mut Spec) {
    if spec.enums.is_empty() || random.percent(15) {
        return make::add_enum(random, spec);
    }
    let place = random.below(spec.enums.len());
    let number = spec.fresh();
    let enumeration = &mut spec.enums[place];
    match random.below(6) {
        0 => enumeration.comment = make::comment(random),
        1 => enumeration.check = !enumeration.check,
        2 => {
            spec.enums.remove(place);
        }
        _ => change_labels(random, &mut enumeration.labels, number),
    }
}

fn change_labels(random: &mut Random, labels: &mut Vec<String>, number: u32) {
    match random.below(4) {
        0 => labels.push(format!("label {number}")),
        1 => labels.insert(random.below(labels.len()), format!("l'{number}")),
        // Rows have the first two labels.
        2 if labels.len() > 2 => {
            labels.pop();
        }
        _ => labels.rotate_left(1),
    }
}

fn change_column(random: &mut Random, spec: &mut Spec, id: Id) {
    let table = table_mut(spec, id).clone();
    let column = random.one(&table.columns).clone();
    let choice = random.below(12);
    if column.id == table.marker && choice > 2 {
        return;
    }
    let mut changed = column.clone();
    match choice {
        0 | 1 => changed.name = spec.column_name(random),
        2 => changed.comment = make::comment(random),
        3 | 4 => return change_type(random, spec, id, &column),
        5 => changed.nullable = !changed.nullable,
        6 | 7 if changed.generated.is_none() && changed.identity.is_none() => {
            let default = make::default(random, spec, &changed.kind);
            changed.default = if random.percent(70) { default } else { None };
        }
        8 if changed.generated.is_some() && random.percent(30) => changed.generated = None,
        8 if changed.generated.is_some() => make::generate(random, spec.engine, &table, &mut changed),
        9 => {
            changed.identity = random.percent(70).then(|| make::identity(random, spec.engine));
            changed.autoincrement = changed.identity.is_some() && !changed.autoincrement && random.percent(50);
            changed.autoincrement &= spec.engine == undrift::model::Engine::Sqlite;
        }
        10 => changed.collation = make::collation(random, spec.engine),
        _ => match &mut changed.kind {
            Kind::Inline { labels, .. } if random.percent(70) => {
                let number = spec.next + 1;
                change_labels(random, labels, number);
                spec.next = number;
            }
            Kind::Inline { check, .. } => *check = !*check,
            _ => return change_type(random, spec, id, &column),
        },
    }
    *table_mut(spec, id).column_mut(column.id).expect("it was one of them") = changed;
}

/// Another type that the values fit in, for this column and all that are linked to it by foreign keys.
fn change_type(random: &mut Random, spec: &mut Spec, table: Id, column: &Column) {
    let Kind::Type(known) = column.kind else { return };
    let Some(name) = random.any(known.to) else { return };
    if column.generated.is_some() {
        return;
    }
    let kind = Kind::Type(types::named(spec.engine, name));
    let default = if random.percent(50) { make::default(random, spec, &kind) } else { None };
    let linked = linked(spec, table, column.id);
    if linked.iter().any(|(_, id)| spec.tables.iter().any(|table| table.marker == *id)) {
        return;
    }
    for (table, id) in linked {
        let Some(column) = table_mut(spec, table).column_mut(id) else { continue };
        column.kind = kind.clone();
        column.default = column.default.as_ref().and(default.clone());
    }
}

/// A column and all that refer to it or that it refers to, however far.
fn linked(spec: &Spec, table: Id, column: Id) -> Vec<(Id, Id)> {
    let mut found = vec![(table, column)];
    loop {
        let pairs = spec.tables.iter().flat_map(|table| {
            table.foreign_keys().flat_map(move |key| {
                key.columns.iter().zip(&key.referenced).map(move |(own, other)| ((table.id, *own), (key.table, *other)))
            })
        });
        let next = pairs.flat_map(|(a, b)| [(a, b), (b, a)]).find(|(a, b)| found.contains(a) && !found.contains(b));
        match next {
            Some((_, b)) => found.push(b),
            None => return found,
        }
    }
}

/// Whether a column's values stay as they are.
pub fn keeps_values(before: &Spec, after: &Spec, old: &Column, new: &Column) -> bool {
    let labels = |spec: &Spec, column: &Column| spec.labels(&column.kind).is_some();
    let same_kind = old.kind == new.kind || (labels(before, old) && labels(after, new));
    same_kind && old.generated.is_none() && new.generated.is_none() && (new.nullable || !old.nullable)
}
