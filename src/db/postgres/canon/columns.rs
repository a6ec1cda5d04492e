//! Columns.

use std::collections::BTreeMap;

use super::super::catalog::{Attribute, Relation};
use super::lookup::{CLASS, Lookup};
use super::{parameters, sequences};
use crate::dialect::postgres::stable;
use crate::model::{Column, Generated};

/// The columns of a table, in order.
pub(super) fn columns(relation: &Relation, lookup: &Lookup<'_>) -> Vec<Column> {
    lookup.attributes(relation.oid).iter().map(|attribute| column(attribute, lookup)).collect()
}

fn column(attribute: &Attribute, lookup: &Lookup<'_>) -> Column {
    let expr = lookup.default(attribute.relation, attribute.number);
    let identity = sequences::identity(attribute, expr, lookup);
    let is_generated = matches!(attribute.generated, 's' | 'v');
    let generated =
        expr.filter(|_| is_generated).map(|expr| Generated { expr: stable(expr), stored: attribute.generated == 's' });
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

/// What `ALTER COLUMN … SET` knows. Some servers keep entries of their own beside these, such as
/// where in the log a column was made: nobody can set them, and they differ between databases of
/// the same structure.
const SETTABLE: [&str; 2] = ["n_distinct", "n_distinct_inherited"];

fn options(attribute: &Attribute, lookup: &Lookup<'_>) -> BTreeMap<String, String> {
    let mut options = parameters(&attribute.options);
    options.retain(|key, _| SETTABLE.contains(&key.as_str()));
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
