//! The rows of the test: three in each table, whose values follow from type and number alone, so that
//! every foreign key finds the row of the same number.

use std::fmt::Write;

use undrift::model::{Engine, QName, Schema};

use crate::mutate::keeps_values;
use crate::spec::{Column, Kind, Spec, Table};
use crate::tree::Tree;
use crate::yaml::quote;

/// A script that fills all tables.
pub fn inserts(spec: &Spec) -> String {
    let mut script = without_checks(spec.engine).to_owned();
    for table in &spec.tables {
        let columns: Vec<&Column> = table.columns.iter().filter(|column| column.generated.is_none()).collect();
        let names: Vec<_> = columns.iter().map(|column| quote(spec.engine, &column.name)).collect();
        let always = columns.iter().any(|column| column.identity == Some(Tree::plain("always")));
        let overriding = if always { "OVERRIDING SYSTEM VALUE " } else { "" };
        for row in 0..3 {
            let values: Vec<_> = columns.iter().map(|column| value(spec, table, column, row)).collect();
            let (table, names, values) = (qualified(spec.engine, &table.name), names.join(", "), values.join(", "));
            let _ = writeln!(script, "INSERT INTO {table} ({names}) {overriding}VALUES ({values});");
        }
    }
    script
}

/// A script that empties all tables of a database.
pub fn deletes(engine: Engine, schema: &Schema) -> String {
    let mut script = without_checks(engine).to_owned();
    for name in schema.tables.keys() {
        let _ = writeln!(script, "DELETE FROM {};", qualified(engine, name));
    }
    script
}

/// Queries for everything that a change from one spec to another must leave as it is, in a database
/// that may be anywhere between the two.
pub fn survivors(schema: &Schema, before: &Spec, after: &Spec) -> Result<String, String> {
    let mut script = String::new();
    for old in &before.tables {
        let Some(new) = after.table(old.id) else { continue };
        let present = [&old.name, &new.name].into_iter().find_map(|name| schema.tables.get(name));
        let Some(present) = present else { return Err(format!("{} is gone", old.name)) };
        let mut columns = Vec::new();
        for column in &old.columns {
            let Some(changed) = new.column(column.id) else { continue };
            // STRICT makes another type of some.
            let same_table = old.is_on("strict") == new.is_on("strict");
            if column.id == old.marker || (same_table && keeps_values(before, after, column, changed)) {
                let known = [&column.name, &changed.name].into_iter().find(|name| present.column(name).is_some());
                let Some(name) = known else { return Err(format!("{}.{} is gone", old.name, column.name)) };
                let place = if column.id == old.marker { 0 } else { columns.len() };
                columns.insert(place, quote(before.engine, name));
            }
        }
        let table = qualified(before.engine, &present.name);
        let _ = writeln!(script, "SELECT {}, {} FROM {table} ORDER BY 2;", old.id, columns.join(", "));
    }
    Ok(script)
}

fn without_checks(engine: Engine) -> &'static str {
    match engine {
        Engine::Postgres => "SET session_replication_role = replica;\n",
        Engine::Mysql => "SET foreign_key_checks = 0;\n",
        Engine::Sqlite => "PRAGMA foreign_keys = OFF;\n",
    }
}

fn qualified(engine: Engine, name: &QName) -> String {
    let schema = name.schema.iter().map(|schema| format!("{}.", quote(engine, schema)));
    schema.collect::<String>() + &quote(engine, &name.name)
}

fn value(spec: &Spec, table: &Table, column: &Column, row: usize) -> String {
    let in_key = table.primary_key.as_ref().is_some_and(|key| key.columns.contains(&column.id));
    if column.id == table.marker {
        return (row + 10).to_string();
    }
    if column.nullable && row == 2 && !in_key {
        return "NULL".to_owned();
    }
    match &column.kind {
        Kind::Type(known) => known.literal(row, spec.engine),
        kind => {
            let labels = spec.labels(kind).expect("every other kind has labels");
            let label = labels[row % 2].replace('\'', "''");
            format!("'{label}'")
        }
    }
}
