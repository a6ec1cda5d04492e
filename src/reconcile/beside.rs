//! What a declared schema stands on without declaring it: what undrift does not model, and the tables that others keep.

use std::collections::BTreeSet;

use crate::desired::Declared;
use crate::dialect;
use crate::model::{Column, Index, Opaque, Part, Platform, QName, Schema, Table};
use crate::plan;

/// What a tenant has of it, as statements that build it, or something in its place, in a scratch database.
pub(super) fn of(platform: &Platform, declared: &Declared, tenant: &Schema) -> Vec<Opaque> {
    let dialect = dialect::of(platform);
    let opaque = tenant.opaque.iter().filter(|opaque| dialect.makes_again(opaque)).cloned();
    opaque.chain(external(platform, declared, tenant)).collect()
}

/// The tables that foreign keys refer to and somebody else keeps.
fn external(platform: &Platform, declared: &Declared, tenant: &Schema) -> Vec<Opaque> {
    let dialect = dialect::of(platform);
    let Ok(wanted) = declared.wanted(&*dialect) else { return Vec::new() };
    let there = wanted.scope.external().iter().filter_map(|name| tenant.tables.get(name));
    let tables = there.map(|table| (table.name.clone(), stand_in(table, &wanted.schema))).collect();
    let built = plan::creation(&*dialect, &Schema { tables, ..Schema::default() }).unwrap_or_default();
    let statements = built.into_iter().flat_map(|step| step.statements);
    statements
        .map(|sql| Opaque { kind: "table".to_owned(), name: QName::bare(""), table: None, sql: Some(sql) })
        .collect()
}

/// A table with nothing in it but the columns that are referred to, and a key for each foreign key.
fn stand_in(table: &Table, schema: &Schema) -> Table {
    let keys = schema.tables.values().flat_map(|table| &table.foreign_keys).filter(|key| key.table == table.name);
    let mut stand_in = Table::new(table.name.clone());
    let mut known = BTreeSet::new();
    for referenced in keys.map(|key| &key.referenced).filter(|referenced| known.insert(*referenced)) {
        for column in referenced.iter().filter_map(|name| table.column(name)).map(bare) {
            if stand_in.column(&column.name).is_none() {
                stand_in.columns.push(column);
            }
        }
        let parts = referenced.iter().map(Part::column).collect();
        let name = format!("undrift_stand_in_{}_{}", table.name.name, stand_in.indexes.len());
        stand_in.indexes.push(Index { name: Some(name), parts, unique: true, ..Index::default() });
    }
    stand_in
}

/// A column with its type alone.
fn bare(column: &Column) -> Column {
    let Column { name, data_type, collation, options, .. } = column.clone();
    let options = options.into_iter().filter(|(key, _)| key == "charset").collect();
    Column { collation, options, ..Column::new(name, data_type) }
}
