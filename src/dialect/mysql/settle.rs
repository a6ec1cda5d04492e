//! The form that MySQL gives a declared schema anyway: said beforehand, so that it never looks like drift.

use std::collections::BTreeSet;

use super::types::is_textual;
use crate::model::{Column, Schema, Table, Vendor};

/// Settles all tables.
pub(super) fn settle(schema: &mut Schema, vendor: Vendor) {
    schema.tables.values_mut().for_each(|table| settle_table(table, vendor));
}

fn settle_table(table: &mut Table, vendor: Vendor) {
    table.indexes.append(&mut table.uniques);
    for index in &mut table.indexes {
        index.method.take_if(|method| method == "btree");
    }
    let key: BTreeSet<String> = table.primary_key.iter().flat_map(|key| key.columns()).map(str::to_owned).collect();
    if let Some(primary) = &mut table.primary_key {
        primary.name = None;
    }
    for column in &mut table.columns {
        settle_column(column, key.contains(&column.name), vendor);
    }
    for key in &mut table.foreign_keys {
        key.on_delete.take_if(|action| is_default(action));
        key.on_update.take_if(|action| is_default(action));
    }
}

/// A key's columns are NOT NULL; MariaDB's generated columns never are said to be.
fn settle_column(column: &mut Column, in_key: bool, vendor: Vendor) {
    if column.generated.is_some() {
        column.default = None;
        column.nullable |= vendor == Vendor::Mariadb;
    } else if in_key || column.identity.is_some() {
        column.nullable = false;
    }
    if column.identity.is_some() {
        column.default = None;
    }
    if !is_textual(&column.data_type) {
        column.collation = None;
    }
}

fn is_default(action: &str) -> bool {
    matches!(action, "RESTRICT" | "NO ACTION")
}
