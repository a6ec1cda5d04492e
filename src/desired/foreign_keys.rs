//! What foreign keys refer to: reading it, and checking it when all tables are known.

use std::collections::BTreeMap;

use crate::model::{ForeignKey, QName, Table};
use crate::yaml::{Diagnostic, Node, Span, nearest};

use super::build::Build;
use super::engine::Rules;

/// A foreign key whose target is not checked yet.
pub(super) struct PendingKey {
    table: QName,
    /// Which of the table's foreign keys.
    place: usize,
    /// Whether no columns were named: the target's primary key is meant.
    to_primary_key: bool,
    span: Span,
}

impl Build<'_> {
    /// What a `references` names: the table, and the columns if any are named.
    pub fn reference(&mut self, node: &Node) -> Option<(QName, Option<Vec<String>>)> {
        let owned = |texts: Vec<&str>| texts.into_iter().map(str::to_owned).collect();
        if let Some(table) = node.text_of("table") {
            let name =
                node.text_of("schema").map_or_else(|| QName::bare(table), |schema| QName::qualified(schema, table));
            return Some((name, node.get("columns").map(|columns| owned(columns.texts()))));
        }
        let text = node.text()?.trim();
        let Some((table, rest)) = text.split_once('(') else {
            return Some((self.table_named(text, &node.span), None));
        };
        let Some(columns) = rest.strip_suffix(')') else {
            self.problem(
                &node.span,
                "this is no reference",
                "write it as `table(column)`, or as `{ table: …, columns: […] }`",
            );
            return None;
        };
        let columns = columns.split(',').map(str::trim).filter(|column| !column.is_empty()).collect();
        Some((self.table_named(table.trim(), &node.span), Some(owned(columns))))
    }

    /// The table that is written under a key, or else the one whose name the text is.
    fn table_named(&mut self, text: &str, span: &Span) -> QName {
        match self.tables.get(text).map(|place| place.entry) {
            Some(entry) => self.qualified(entry),
            None => self.dotted(text, span),
        }
    }

    /// Notes the foreign key that was added last.
    pub fn remember_foreign_key(&mut self, table: &Table, to_primary_key: bool, span: &Span) {
        let place = table.foreign_keys.len() - 1;
        let span = span.clone();
        self.foreign_keys.push(PendingKey { table: table.name.clone(), place, to_primary_key, span });
    }

    /// Notes what a foreign key refers to that somebody else keeps. Nothing is known of it but what is written here.
    pub fn external_key(&mut self, key: &ForeignKey, span: &Span) {
        let written = key.table.to_string();
        if self.tables.get(&written).is_some_and(|place| place.here) {
            let help = "remove `external: true`, or the table from this file";
            self.problem(span, format!("`{written}` is declared in this file, and so is not external"), help);
        } else if key.referenced.len() != key.columns.len() {
            let help = "name as many here as under `columns`, as in `table(column)`";
            self.problem(span, "an external reference names the columns that it refers to", help);
        } else {
            self.external.insert(key.table.clone());
        }
    }

    /// Checks all foreign keys against the tables that they refer to.
    pub fn check_foreign_keys(&mut self) {
        for pending in std::mem::take(&mut self.foreign_keys) {
            if let Err(problem) = self.check_foreign_key(&pending) {
                self.problems.add(problem);
            }
        }
    }

    fn check_foreign_key(&mut self, pending: &PendingKey) -> Result<(), Diagnostic> {
        let Some(key) = self.schema.tables.get(&pending.table).and_then(|table| table.foreign_keys.get(pending.place))
        else {
            return Ok(());
        };
        let target = self.target(key, &pending.span)?;
        let referenced =
            if pending.to_primary_key { primary_key(target, &pending.span)? } else { key.referenced.clone() };
        same_number(key, &referenced, &pending.span)?;
        self.is_a_key(target, &referenced, &pending.span)?;
        let table = self.schema.tables.get_mut(&pending.table).expect("it was there a moment ago");
        table.foreign_keys[pending.place].referenced = referenced;
        Ok(())
    }

    fn target(&self, key: &ForeignKey, span: &Span) -> Result<&Table, Diagnostic> {
        if let Some(table) = table(&self.rules, &self.schema.tables, &key.table) {
            return Ok(table);
        }
        let written = key.table.to_string();
        if self.tables.get(&written).is_some_and(|place| !place.here) {
            return Err(Diagnostic::new(span, format!("`{written}` is not declared for this engine"))
                .help("limit this foreign key with `engines: […]` too"));
        }
        let names: Vec<_> = self.tables.keys().map(String::as_str).collect();
        let problem = Diagnostic::new(span, format!("the table `{written}` is not declared"));
        Err(match nearest(&written, names) {
            Some(near) => problem.help(format!("did you mean `{near}`?")),
            None => problem.help(
                "declare the table; if somebody else keeps it, or undrift does not model it, write `external: true` beside \
                 `references`",
            ),
        })
    }

    /// Whether the server lets a foreign key refer to these columns.
    fn is_a_key(&self, target: &Table, columns: &[String], span: &Span) -> Result<(), Diagnostic> {
        if let Some(missing) = columns.iter().find(|column| !has_column(&self.rules, target, column)) {
            let problem = Diagnostic::new(span, format!("`{}` has no column `{missing}`", target.name));
            return Err(match nearest(missing, target.columns.iter().map(|column| column.name.as_str())) {
                Some(near) => problem.help(format!("did you mean `{near}`?")),
                None => problem.help("name a column that is declared"),
            });
        }
        let listed = columns.join(", ");
        if can_be_referred_to(&self.rules, target, columns) {
            return Ok(());
        }
        if is_unique(&self.rules, target, columns) {
            let message = format!("`{}({listed})` is a key in another order", target.name);
            let help = "name the columns in the order of the key, on both sides: MySQL and MariaDB take no other";
            return Err(Diagnostic::new(span, message).help(help));
        }
        Err(Diagnostic::new(span, format!("`{}({listed})` is not a key: several rows could match", target.name))
            .help(format!("refer to the primary key, or add `unique: {{ name: [{listed}] }}` to `{}`", target.name)))
    }
}

/// Whether what a foreign key refers to is there, and one row at most.
pub(super) fn points_somewhere(rules: &Rules, tables: &BTreeMap<QName, Table>, key: &ForeignKey) -> bool {
    table(rules, tables, &key.table).is_some_and(|target| {
        key.columns.len() == key.referenced.len()
            && key.referenced.iter().all(|column| has_column(rules, target, column))
            && can_be_referred_to(rules, target, &key.referenced)
    })
}

fn table<'a>(rules: &Rules, tables: &'a BTreeMap<QName, Table>, name: &QName) -> Option<&'a Table> {
    tables.get(name).or_else(|| tables.values().find(|table| rules.same_table(&table.name, name)))
}

fn has_column(rules: &Rules, table: &Table, name: &str) -> bool {
    table.columns.iter().any(|column| rules.same_column(&column.name, name))
}

fn can_be_referred_to(rules: &Rules, target: &Table, columns: &[String]) -> bool {
    if rules.refers_to_any_index { leads_an_index(rules, target, columns) } else { is_unique(rules, target, columns) }
}

fn primary_key(target: &Table, span: &Span) -> Result<Vec<String>, Diagnostic> {
    match &target.primary_key {
        Some(key) => Ok(key.columns().map(str::to_owned).collect()),
        None => Err(Diagnostic::new(span, format!("`{}` has no primary key to refer to", target.name))
            .help("name the columns, as in `table(column)`")),
    }
}

fn same_number(key: &ForeignKey, referenced: &[String], span: &Span) -> Result<(), Diagnostic> {
    if key.columns.len() == referenced.len() {
        return Ok(());
    }
    let message = format!("{} refer to {}", count(key.columns.len()), count(referenced.len()));
    Err(Diagnostic::new(span, message).help("each column refers to one column: name as many here as under `columns`"))
}

fn count(columns: usize) -> String {
    if columns == 1 { "1 column".to_owned() } else { format!("{columns} columns") }
}

/// Whether no two rows agree in these columns.
fn is_unique(rules: &Rules, table: &Table, columns: &[String]) -> bool {
    let keys = table.primary_key.iter().chain(&table.uniques);
    let indexes = table.indexes.iter().filter(|index| index.unique && index.predicate.is_none());
    keys.chain(indexes).any(|index| {
        let indexed: Vec<_> = index.columns().collect();
        indexed.len() == index.parts.len() && same_columns(rules, &indexed, columns)
    })
}

/// Whether an index starts with these columns, in this order.
fn leads_an_index(rules: &Rules, table: &Table, columns: &[String]) -> bool {
    let mut indexes = table.primary_key.iter().chain(&table.uniques).chain(&table.indexes);
    indexes.any(|index| {
        let first: Vec<_> = index.columns().take(columns.len()).collect();
        first.len() == columns.len() && first.iter().zip(columns).all(|(a, b)| rules.same_column(a, b))
    })
}

/// Whether both name the same columns, in whatever order.
fn same_columns(rules: &Rules, indexed: &[&str], columns: &[String]) -> bool {
    indexed.len() == columns.len()
        && columns.iter().all(|column| indexed.iter().any(|name| rules.same_column(name, column)))
}
