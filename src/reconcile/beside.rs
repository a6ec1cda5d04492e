//! What a declared schema stands on without declaring it: what undrift does not model, and the tables that others keep.

use std::collections::{BTreeMap, BTreeSet};

use crate::desired::Declared;
use crate::dialect;
use crate::model::{Column, Engine, ForeignKey, Index, Opaque, Part, Platform, QName, Schema, Table};
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

/// Tables of other databases that foreign keys refer to. A scratch database is made over a login that has no rights
/// there, so while the reference is built something else stands in their place.
#[derive(Default)]
pub(super) struct Elsewhere(BTreeMap<QName, QName>);

impl Elsewhere {
    /// A schema that stays within one database, and what of it is elsewhere. Only on MySQL a schema is a database.
    pub(super) fn brought(schema: &Schema, engine: Engine) -> (Schema, Self) {
        let (mut within, mut elsewhere) = (schema.clone(), Self::default());
        if engine != Engine::Mysql {
            return (within, elsewhere);
        }
        let mut tables: BTreeMap<QName, Table> = BTreeMap::new();
        for table in within.tables.values_mut() {
            let columns = table.columns.clone();
            for key in table.foreign_keys.iter_mut().filter(|key| key.table.schema.is_some()) {
                let name = elsewhere.name_for(&key.table);
                key.table = name.clone();
                like_child(tables.entry(name.clone()).or_insert_with(|| Table::new(name)), key, &columns);
            }
        }
        within.tables.extend(tables);
        (within, elsewhere)
    }

    fn name_for(&mut self, table: &QName) -> QName {
        let known = self.0.iter().find(|(_, other)| *other == table).map(|(name, _)| name.clone());
        known.unwrap_or_else(|| {
            let name = QName::bare(format!("undrift_elsewhere_{}", self.0.len()));
            self.0.insert(name.clone(), table.clone());
            name
        })
    }

    /// What was read back, with the names that were meant.
    pub(super) fn sent_back(&self, mut read: Schema) -> Schema {
        read.tables.retain(|name, _| !self.0.contains_key(name));
        for key in read.tables.values_mut().flat_map(|table| &mut table.foreign_keys) {
            if let Some(meant) = self.0.get(&key.table) {
                key.table = meant.clone();
            }
        }
        read
    }
}

/// Gives a table in another's place the columns that a foreign key refers to, of the types that refer to them.
fn like_child(table: &mut Table, key: &ForeignKey, columns: &[Column]) {
    for (own, referenced) in key.columns.iter().zip(&key.referenced) {
        let child = columns.iter().find(|column| column.name == *own);
        if let Some(child) = child.filter(|_| table.column(referenced).is_none()) {
            table.columns.push(Column { name: referenced.clone(), ..bare(child) });
        }
    }
    let name = Some(format!("undrift_stand_in_{}", table.indexes.len()));
    let parts = key.referenced.iter().map(Part::column).collect();
    table.indexes.push(Index { name, parts, unique: true, ..Index::default() });
}

/// A column with its type alone.
fn bare(column: &Column) -> Column {
    let Column { name, data_type, collation, options, .. } = column.clone();
    let options = options.into_iter().filter(|(key, _)| key == "charset").collect();
    Column { collation, options, ..Column::new(name, data_type) }
}
