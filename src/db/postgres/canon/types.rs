//! Enum types.

use std::collections::{BTreeMap, HashMap};

use super::super::catalog::{Catalog, Label};
use super::lookup::{Lookup, TYPE};
use crate::model::{EnumType, QName};

/// The enum types that no extension owns.
pub(super) fn enums(catalog: &Catalog, lookup: &Lookup<'_>) -> BTreeMap<QName, EnumType> {
    let mut labels = labels(catalog);
    let ours = catalog.types.iter().filter(|row| row.kind == 'e' && !lookup.is_extensions(TYPE, row.oid));
    let named = ours.filter_map(|row| {
        let name = lookup.qualified(row.namespace, &row.name)?;
        let labels = labels.remove(&row.oid).unwrap_or_default();
        Some((name.clone(), EnumType { name, labels, comment: lookup.comment(TYPE, row.oid, 0) }))
    });
    named.collect()
}

fn labels(catalog: &Catalog) -> HashMap<u32, Vec<String>> {
    let mut rows: Vec<&Label> = catalog.labels.iter().collect();
    rows.sort_by(|a, b| a.order.total_cmp(&b.order));
    let mut labels: HashMap<u32, Vec<String>> = HashMap::new();
    for row in rows {
        labels.entry(row.type_oid).or_default().push(row.label.clone());
    }
    labels
}
