//! Indexes, with or without a constraint.

use super::super::catalog::{Attribute, IndexRow, Relation};
use super::lookup::{CLASS, Lookup, flag};
use super::parameters;
use crate::dialect::postgres::{ident, literal, without_parentheses};
use crate::model::{Deferrable, Index, Nulls, Part, PartSource};

/// The bits of `indoption`.
const DESC: i16 = 1;
const NULLS_FIRST: i16 = 2;

/// The indexes of a relation that belong to no constraint, ordered by name.
pub(super) fn free_standing(relation: &Relation, lookup: &Lookup<'_>) -> Vec<Index> {
    let rows = lookup.indexes(relation.oid).iter().filter(|row| !lookup.backs_constraint(row.oid));
    let mut indexes: Vec<_> = rows.filter_map(|row| index(row, lookup)).collect();
    indexes.sort_by(|a, b| a.name.cmp(&b.name));
    indexes
}

/// One index.
pub(super) fn index(row: &IndexRow, lookup: &Lookup<'_>) -> Option<Index> {
    let relation = lookup.relation(row.oid)?;
    let method = lookup.access_method(relation.method).filter(|method| *method != "btree");
    let keys = usize::try_from(row.key_parts).unwrap_or_default().min(row.columns.len());
    let mut options = parameters(&relation.options);
    // A build that failed leaves an index that is kept up to date and never used.
    flag(&mut options, "invalid", !row.valid);
    Some(Index {
        name: Some(relation.name.clone()),
        parts: (0..keys).map(|at| part(row, at, lookup)).collect(),
        unique: row.unique,
        method: method.map(str::to_owned),
        include: lookup.column_names(row.relation, &row.columns[keys..]),
        predicate: row.predicate.as_deref().map(|predicate| without_parentheses(predicate).to_owned()),
        nulls_not_distinct: row.nulls_not_distinct,
        deferrable: Deferrable::No,
        comment: lookup.comment(CLASS, row.oid, 0),
        options,
    })
}

fn part(row: &IndexRow, at: usize, lookup: &Lookup<'_>) -> Part {
    let column = row.columns.get(at).and_then(|number| lookup.attribute(row.relation, *number));
    let source = match column {
        Some(column) => PartSource::Column(column.name.clone()),
        None => PartSource::Expr(without_parentheses(row.exprs.get(at).map_or("", String::as_str)).to_owned()),
    };
    let bits = row.options.get(at).copied().unwrap_or_default();
    let (desc, first) = (bits & DESC != 0, bits & NULLS_FIRST != 0);
    let nulls = (first != desc).then_some(if first { Nulls::First } else { Nulls::Last });
    let number = i16::try_from(at + 1).unwrap_or(i16::MAX);
    let own = lookup.attribute(row.oid, number);
    Part {
        desc,
        nulls,
        opclass: opclass(row, at, column, own, lookup),
        collation: collation(row, at, column, lookup),
        ..Part::of(source)
    }
}

/// The operator class: a bare name, or SQL where it has parameters.
fn opclass(
    row: &IndexRow,
    at: usize,
    column: Option<&Attribute>,
    own: Option<&Attribute>,
    lookup: &Lookup<'_>,
) -> Option<String> {
    let class = *row.classes.get(at)?;
    let parameters: Vec<_> = own.map(|own| parameters(&own.options)).unwrap_or_default().into_iter().collect();
    if parameters.is_empty() {
        // An expression's type is the one of the index's own column, where the method keeps it.
        let type_oid = column.or(own).map(|attribute| attribute.type_oid);
        return lookup.operator_class(class, type_oid);
    }
    let list: Vec<_> = parameters.iter().map(|(key, value)| format!("{}={}", ident(key), literal(value))).collect();
    lookup.operator_class_sql(class).map(|name| format!("{name} ({})", list.join(", ")))
}

/// The collation, unless it is the column's own. An expression is taken to have the default one.
fn collation(row: &IndexRow, at: usize, column: Option<&Attribute>, lookup: &Lookup<'_>) -> Option<String> {
    let collation = *row.collations.get(at)?;
    let own = column.map_or(100, |column| column.collation);
    (collation != 0 && collation != own).then(|| lookup.collation(collation)).flatten()
}
