//! Columns.

use std::collections::BTreeMap;

use super::super::catalog::{Attribute, Relation};
use super::lookup::{CLASS, Lookup};
use super::{parameters, sequences};
use crate::dialect::postgres::without_parentheses;
use crate::model::{Column, Generated};

/// The columns of a table, in order.
pub(super) fn columns(relation: &Relation, lookup: &Lookup<'_>) -> Vec<Column> {
    lookup.attributes(relation.oid).iter().map(|attribute| column(attribute, lookup)).collect()
}

fn column(attribute: &Attribute, lookup: &Lookup<'_>) -> Column {
    let expr = lookup.default(attribute.relation, attribute.number);
    let identity = sequences::identity(attribute, expr, lookup);
    let is_generated = matches!(attribute.generated, 's' | 'v');
    let generated = expr
        .filter(|_| is_generated)
        .map(|expr| Generated { expr: without_parentheses(expr).to_owned(), stored: attribute.generated == 's' });
    let default = expr.filter(|_| !is_generated && identity.is_none()).map(str::to_owned);
    Column {
        name: attribute.name.clone(),
        data_type: attribute.data_type.clone(),
        nullable: !attribute.not_null,
        default,
        generated,
        identity,
        collation: collation(attribute, lookup),
        on_update: None,
        comment: lookup.comment(CLASS, attribute.relation, attribute.number),
        options: options(attribute, lookup),
    }
}

/// The collation, unless it is the one that the type gives anyway.
fn collation(attribute: &Attribute, lookup: &Lookup<'_>) -> Option<String> {
    let own = lookup.type_row(attribute.type_oid).map_or(0, |row| row.collation);
    (attribute.collation != own).then(|| lookup.collation(attribute.collation)).flatten()
}

/// Entries that some servers keep among a column's options for themselves: where in the log the
/// column was made or got its type. Nobody can set or reset it, `pg_dump` leaves it out, and it
/// differs between databases of the same structure: history.
const HISTORY: [&str; 1] = ["pg_attver"];

fn options(attribute: &Attribute, lookup: &Lookup<'_>) -> BTreeMap<String, String> {
    let mut options = parameters(&attribute.options);
    options.retain(|key, _| !HISTORY.contains(&key.as_str()));
    if let Some(storage) = storage(attribute, lookup) {
        options.insert("storage".to_owned(), storage.to_owned());
    }
    let compression = match attribute.compression {
        'p' => Some("pglz"),
        'l' => Some("lz4"),
        _ => None,
    };
    options.extend(compression.map(|method| ("compression".to_owned(), method.to_owned())));
    let statistics = attribute.statistics.filter(|target| *target >= 0);
    options.extend(statistics.map(|target| ("statistics".to_owned(), target.to_string())));
    options
}

/// How long values are stored, unless the type stores them so anyway.
fn storage(attribute: &Attribute, lookup: &Lookup<'_>) -> Option<&'static str> {
    // What is not among the types is the server's own and stored plainly, or a row type.
    let usual = lookup.type_row(attribute.type_oid).map(|row| row.storage);
    let is_usual = usual.map_or(attribute.storage != 'e', |usual| usual == attribute.storage);
    if is_usual {
        return None;
    }
    match attribute.storage {
        'p' => Some("plain"),
        'e' => Some("external"),
        'x' => Some("extended"),
        'm' => Some("main"),
        _ => None,
    }
}
