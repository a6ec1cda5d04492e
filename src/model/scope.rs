//! What of a database counts: the part of the declared schema that says what to leave alone.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Engine, Folding, Glob, Opaque, QName, Schema, Table};

/// What becomes of something that exists and is not declared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Extras {
    /// Shown as drift, never touched.
    #[default]
    Report,
    /// Not even shown.
    Ignore,
    /// Dropped, if policy allows it too.
    Drop,
}

/// What is left out of every comparison.
#[derive(Clone, Debug)]
pub struct Scope {
    tables: Vec<Glob>,
    properties: BTreeSet<String>,
    external: BTreeSet<QName>,
    folding: Folding,
}

impl Default for Scope {
    fn default() -> Self {
        Self { tables: Vec::new(), properties: BTreeSet::new(), external: BTreeSet::new(), folding: Folding::Exact }
    }
}

impl Scope {
    /// A scope that ignores the tables matching these globs (bare or schema-qualified names), as an engine compares
    /// names, and these properties (`comment`, `collation`, `storage`, or any option's key).
    pub fn new(tables: Vec<Glob>, properties: impl IntoIterator<Item = String>, engine: Engine) -> Self {
        let (properties, folding) = (properties.into_iter().collect(), Folding::of(engine));
        Self { tables, properties, external: BTreeSet::new(), folding }
    }

    /// The same, leaving these tables alone too: foreign keys refer to them, and somebody else keeps them.
    #[must_use]
    pub fn beside(self, external: BTreeSet<QName>) -> Self {
        Self { external, ..self }
    }

    /// The tables that foreign keys refer to and somebody else keeps.
    pub fn external(&self) -> &BTreeSet<QName> {
        &self.external
    }

    /// Whether a table is to be left alone.
    pub fn ignores_table(&self, name: &QName) -> bool {
        let fits = |text: &str| self.tables.iter().any(|glob| glob.matches_as(text, self.folding));
        self.external.contains(name) || fits(&name.name) || fits(&name.to_string())
    }

    /// Whether a property is not compared.
    pub fn ignores_property(&self, name: &str) -> bool {
        self.properties.contains(name)
    }

    /// The schema without what is ignored: what is compared.
    pub fn apply(&self, schema: Schema) -> Schema {
        self.strip_properties(self.keep(schema))
    }

    /// The schema without the tables that are ignored, ignored properties still in it: what
    /// statements are made from, so that rewriting a column does not lose its comment.
    pub fn keep(&self, mut schema: Schema) -> Schema {
        let external = schema.tables.keys().filter(|name| self.external.contains(*name)).cloned();
        let external = external.map(|name| Opaque { kind: "external table".to_owned(), name, table: None, sql: None });
        let external: Vec<_> = external.collect();
        schema.tables.retain(|name, _| !self.ignores_table(name));
        schema.opaque.retain(|opaque| self.external.contains(&opaque.name) || !self.ignores_table(&opaque.name));
        schema.opaque.extend(external);
        schema
    }

    fn strip_properties(&self, mut schema: Schema) -> Schema {
        if !self.properties.is_empty() {
            schema.tables.values_mut().for_each(|table| self.strip(table));
            if self.ignores_property("comment") {
                schema.enums.values_mut().for_each(|enumeration| enumeration.comment = None);
            }
        }
        schema
    }

    fn strip(&self, table: &mut Table) {
        let ignored = &self.properties;
        table.options.retain(|key, _| !ignored.contains(key));
        for column in &mut table.columns {
            column.options.retain(|key, _| !ignored.contains(key));
            if ignored.contains("collation") {
                column.collation = None;
            }
        }
        for index in table.indexes.iter_mut().chain(&mut table.uniques).chain(&mut table.primary_key) {
            index.options.retain(|key, _| !ignored.contains(key));
        }
        if ignored.contains("comment") {
            strip_comments(table);
        }
    }
}

fn strip_comments(table: &mut Table) {
    table.comment = None;
    table.columns.iter_mut().for_each(|column| column.comment = None);
    table.indexes.iter_mut().chain(&mut table.uniques).chain(&mut table.primary_key).for_each(|i| i.comment = None);
    table.foreign_keys.iter_mut().for_each(|key| key.comment = None);
    table.checks.iter_mut().for_each(|check| check.comment = None);
}
