//! From the catalog's rows to a schema: joined by number, told by name. Pure.
//!
//! Numbers (OIDs, column positions), history and the order of rows leave no trace in what is
//! modelled, so that two databases of the same structure give the same schema.

mod columns;
mod constraints;
mod indexes;
mod lookup;
mod opaque;
mod sequences;
mod types;

use std::collections::BTreeMap;

use self::lookup::{CLASS, Lookup};
use super::catalog::{Builtin, Catalog, Relation};
use crate::model::{Schema, Table};

/// The schema that a catalog describes, with what its server brings along.
pub(super) fn schema(catalog: &Catalog, builtin: &Builtin) -> Schema {
    let lookup = Lookup::of(catalog, builtin);
    let mut schema = Schema {
        namespaces: lookup.other_namespaces(),
        extensions: catalog.extensions.iter().map(|extension| extension.name.clone()).collect(),
        enums: types::enums(catalog, &lookup),
        tables: BTreeMap::new(),
        opaque: Vec::new(),
    };
    let mut opaque = opaque::Found::default();
    for relation in lookup.relations_of_ours(catalog) {
        match opaque::kind(relation, &lookup) {
            None => {
                let table = table(relation, &lookup);
                opaque.beside_table(relation, &table, &lookup);
                schema.tables.insert(table.name.clone(), table);
            }
            Some(kind) => opaque.relation(relation, kind, &lookup),
        }
    }
    opaque.others(catalog, &lookup);
    schema.opaque = opaque.in_order();
    schema
}

/// A table with everything in it.
fn table(relation: &Relation, lookup: &Lookup<'_>) -> Table {
    let name = lookup.name_of(relation).expect("tables of ours have a schema of ours");
    let mut table = Table::new(name);
    table.columns = columns::columns(relation, lookup);
    table.comment = lookup.comment(CLASS, relation.oid, 0);
    table.options = options(relation, lookup);
    constraints::fill(&mut table, relation, lookup);
    table.indexes = indexes::free_standing(relation, lookup);
    table
}

/// Storage parameters and what else a table can have.
fn options(relation: &Relation, lookup: &Lookup<'_>) -> BTreeMap<String, String> {
    let mut options = parameters(&relation.options);
    if let Some(toast) = lookup.relation(relation.toast) {
        options.extend(parameters(&toast.options).into_iter().map(|(key, value)| (format!("toast.{key}"), value)));
    }
    if relation.persistence == 'u' {
        options.insert("unlogged".to_owned(), "true".to_owned());
    }
    if let Some(method) = lookup.access_method(relation.method).filter(|method| *method != "heap") {
        options.insert("access_method".to_owned(), method.to_owned());
    }
    options
}

/// `key=value` texts as a map.
fn parameters(options: &[String]) -> BTreeMap<String, String> {
    let pair = |option: &String| {
        let (key, value) = option.split_once('=').unwrap_or((option, "true"));
        (key.to_owned(), value.to_owned())
    };
    options.iter().map(pair).collect()
}
