//! Primary keys, unique constraints, foreign keys and checks.

use std::collections::BTreeMap;

use super::super::catalog::{Constraint, Relation};
use super::indexes;
use super::lookup::{CONSTRAINT, Lookup, flag};
use crate::dialect::postgres::{spell, without_parentheses};
use crate::model::{Check, Deferrable, ForeignKey, Index, Table};

/// Puts the constraints of a relation into its table, ordered by name.
pub(super) fn fill(table: &mut Table, relation: &Relation, lookup: &Lookup<'_>) {
    let mut constraints: Vec<_> = lookup.constraints(relation.oid).iter().filter(|row| is_modelled(row)).collect();
    constraints.sort_by(|a, b| a.name.cmp(&b.name));
    for constraint in constraints {
        match constraint.kind {
            'p' => table.primary_key = key(constraint, lookup),
            'u' => table.uniques.extend(key(constraint, lookup)),
            'f' => table.foreign_keys.extend(foreign_key(constraint, lookup)),
            'c' => table.checks.push(check(constraint, lookup)),
            _ => {}
        }
    }
}

/// Whether the model has a place for a constraint. A foreign key to a partitioned table has rows
/// for each partition, which are no constraints of their own.
pub(super) fn is_modelled(constraint: &Constraint) -> bool {
    constraint.kind != 'x' && !constraint.period && (constraint.kind != 'f' || constraint.parent == 0)
}

fn key(constraint: &Constraint, lookup: &Lookup<'_>) -> Option<Index> {
    let index = indexes::index(lookup.index(constraint.index)?, lookup)?;
    Some(Index {
        name: Some(constraint.name.clone()),
        deferrable: deferrable(constraint),
        comment: lookup.comment(CONSTRAINT, constraint.oid, 0),
        ..index
    })
}

fn deferrable(constraint: &Constraint) -> Deferrable {
    match (constraint.deferrable, constraint.deferred) {
        (true, true) => Deferrable::Deferred,
        (true, false) => Deferrable::Immediate,
        _ => Deferrable::No,
    }
}

fn foreign_key(constraint: &Constraint, lookup: &Lookup<'_>) -> Option<ForeignKey> {
    let referenced = lookup.relation(constraint.referenced)?;
    Some(ForeignKey {
        name: Some(constraint.name.clone()),
        columns: lookup.column_names(constraint.relation, &constraint.columns),
        table: lookup.name_of(referenced)?,
        referenced: lookup.column_names(constraint.referenced, &constraint.referenced_columns),
        on_delete: action(constraint.on_delete),
        on_update: action(constraint.on_update),
        deferrable: deferrable(constraint),
        options: foreign_key_options(constraint, lookup),
        comment: lookup.comment(CONSTRAINT, constraint.oid, 0),
    })
}

fn action(letter: char) -> Option<String> {
    let words = match letter {
        'r' => "RESTRICT",
        'c' => "CASCADE",
        'n' => "SET NULL",
        'd' => "SET DEFAULT",
        _ => return None,
    };
    Some(words.to_owned())
}

fn foreign_key_options(constraint: &Constraint, lookup: &Lookup<'_>) -> BTreeMap<String, String> {
    let mut options = marks(constraint);
    if constraint.matching == 'f' {
        options.insert("match".to_owned(), "full".to_owned());
    }
    if !constraint.set_columns.is_empty() {
        let key = if constraint.on_delete == 'd' { "set_default" } else { "set_null" };
        let columns = lookup.column_names(constraint.relation, &constraint.set_columns);
        let columns: Vec<_> = columns.iter().map(|column| spell(column)).collect();
        options.insert(key.to_owned(), columns.join(", "));
    }
    options
}

fn check(constraint: &Constraint, lookup: &Lookup<'_>) -> Check {
    let mut options = marks(constraint);
    flag(&mut options, "no_inherit", constraint.no_inherit);
    Check {
        name: Some(constraint.name.clone()),
        expr: without_parentheses(constraint.expr.as_deref().unwrap_or_default()).to_owned(),
        options,
        comment: lookup.comment(CONSTRAINT, constraint.oid, 0),
    }
}

/// Whether the rows that exist were checked, and whether any is. What is not enforced is never
/// valid, and that goes without saying.
fn marks(constraint: &Constraint) -> BTreeMap<String, String> {
    let mut options = BTreeMap::new();
    if !constraint.enforced {
        options.insert("enforced".to_owned(), "false".to_owned());
    }
    flag(&mut options, "not_valid", !constraint.validated && constraint.enforced);
    options
}
