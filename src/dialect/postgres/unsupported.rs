//! What of a declared schema a PostgreSQL server cannot hold.

use std::collections::BTreeMap;

use super::settings::{COLUMN_OPTIONS, is_table_option};
use crate::dialect::Unsupported;
use crate::model::{Check, Column, EnumType, ForeignKey, Index, PartSource, QName, Schema, Table, Version};

/// Everything that this version cannot hold, with what to write instead.
pub(super) fn unsupported(schema: &Schema, version: Version) -> Vec<Unsupported> {
    let mut found = Findings { version: version.0, table: None, list: Vec::new() };
    schema.enums.values().for_each(|enumeration| found.enum_type(enumeration));
    schema.tables.values().for_each(|table| found.table(table));
    found.list
}

struct Findings {
    version: u16,
    table: Option<QName>,
    list: Vec<Unsupported>,
}

impl Findings {
    fn add(&mut self, item: Option<&str>, message: impl Into<String>) {
        let item = item.map(str::to_owned);
        self.list.push(Unsupported { table: self.table.clone(), item, message: message.into() });
    }

    /// What needs a later version than this one.
    fn since(&mut self, version: u16, item: Option<&str>, what: &str) {
        if self.version < version {
            self.add(item, format!("{what} needs PostgreSQL {version}; this server is version {}", self.version));
        }
    }

    fn enum_type(&mut self, enumeration: &EnumType) {
        for label in enumeration.labels.iter().filter(|label| label.len() > super::names::NAME_BYTES) {
            let message =
                format!("the enum label '{label}' is longer than 63 bytes; use a shorter one or storage: check");
            self.add(Some(&enumeration.name.name), message);
        }
    }

    fn table(&mut self, table: &Table) {
        self.table = Some(table.name.clone());
        for key in table.options.keys().filter(|key| !is_table_option(key)) {
            self.add(None, format!("`{key}` is not an option of PostgreSQL's tables; limit it to its own engine"));
        }
        table.columns.iter().for_each(|column| self.column(column));
        for key in table.primary_key.iter().chain(&table.uniques) {
            self.constraint(key);
        }
        for index in table.primary_key.iter().chain(&table.uniques).chain(&table.indexes) {
            self.index(index);
        }
        table.foreign_keys.iter().for_each(|key| self.foreign_key(key));
        table.checks.iter().for_each(|check| self.check(check));
        self.table = None;
    }

    fn column(&mut self, column: &Column) {
        let name = Some(column.name.as_str());
        if column.on_update.is_some() {
            self.add(name, "PostgreSQL has no ON UPDATE for columns; use a trigger, or limit it with { mysql: … }");
        }
        if let Some(generated) = &column.generated {
            if !generated.stored {
                self.since(18, name, "a virtual generated column (write stored: true)");
            }
            if column.default.is_some() || column.identity.is_some() {
                self.add(name, "a generated column has neither a default nor an identity");
            }
        }
        if column.identity.is_some() && column.default.is_some() {
            self.add(name, "an identity column has no default of its own");
        }
        for key in column.options.keys().filter(|key| !COLUMN_OPTIONS.contains(&key.as_str())) {
            self.add(name, format!("`{key}` is not an option of PostgreSQL's columns; limit it to its own engine"));
        }
        if column.options.contains_key("compression") {
            self.since(14, name, "compression");
        }
    }

    fn constraint(&mut self, key: &Index) {
        let name = key.name.as_deref();
        if key.parts.iter().any(|part| matches!(part.source, PartSource::Expr(_))) {
            self.add(name, "a key takes columns only; use a unique index for expressions");
        }
        if key.parts.iter().any(|part| part.desc || part.nulls.is_some() || part.opclass.is_some()) {
            self.add(name, "a key has no order and no operator class; use a unique index");
        }
        if key.predicate.is_some() {
            self.add(name, "a key cannot be partial; use a unique index with where");
        }
        if key.comment.is_some() && name.is_none() {
            self.add(name, "a comment needs a key with a name");
        }
    }

    fn index(&mut self, index: &Index) {
        let name = index.name.as_deref();
        if index.parts.iter().any(|part| part.prefix.is_some()) {
            self.add(name, "PostgreSQL indexes no prefixes; index an expression such as left(bio, 50)");
        }
        if index.nulls_not_distinct {
            self.since(15, name, "nulls_not_distinct");
        }
        match index.method.as_deref() {
            Some("fulltext" | "full_text") => {
                self.add(name, "PostgreSQL has no full-text index; use a gin index on to_tsvector(…)");
            }
            Some("spatial") => self.add(name, "PostgreSQL has no spatial index of its own; use method: gist"),
            _ => {}
        }
    }

    fn foreign_key(&mut self, key: &ForeignKey) {
        let name = key.name.as_deref();
        if key.options.contains_key("set_null") || key.options.contains_key("set_default") {
            self.since(15, name, "setting only some of the columns");
        }
        self.constraint_options(name, &key.options, &["match", "set_null", "set_default", "not_valid", "enforced"]);
        self.comment(name, key.comment.as_ref());
    }

    fn check(&mut self, check: &Check) {
        let name = check.name.as_deref();
        self.constraint_options(name, &check.options, &["no_inherit", "not_valid", "enforced"]);
        self.comment(name, check.comment.as_ref());
    }

    fn constraint_options(&mut self, name: Option<&str>, options: &BTreeMap<String, String>, known: &[&str]) {
        for key in options.keys().filter(|key| !known.contains(&key.as_str())) {
            self.add(name, format!("`{key}` is not an option of PostgreSQL's constraints"));
        }
        if options.get("enforced").is_some_and(|value| value == "false") {
            self.since(18, name, "a constraint that is not enforced");
        }
    }

    fn comment(&mut self, name: Option<&str>, comment: Option<&String>) {
        if name.is_none() && comment.is_some() {
            self.add(None, "a comment needs a constraint with a name");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Generated, Part};

    fn messages(table: Table, version: u16) -> Vec<String> {
        let mut schema = Schema::default();
        schema.tables.insert(table.name.clone(), table);
        unsupported(&schema, Version(version, 0, 0)).into_iter().map(|found| found.message).collect()
    }

    #[test]
    fn says_which_version_is_needed() {
        let mut table = Table::new(QName::bare("t"));
        let generated = Some(Generated { expr: "1".into(), stored: false });
        table.columns.push(Column { generated, ..Column::new("c", "integer") });
        assert!(messages(table.clone(), 17)[0].contains("needs PostgreSQL 18"));
        assert!(messages(table, 18).is_empty());
    }

    #[test]
    fn leaves_nothing_out_silently() {
        let mut table = Table::new(QName::bare("t"));
        table.options.insert("engine".into(), "InnoDB".into());
        table.columns.push(Column { on_update: Some("now()".into()), ..Column::new("c", "text") });
        let part = Part { prefix: Some(50), ..Part::column("c") };
        table.indexes.push(Index { parts: vec![part], ..Index::default() });
        assert_eq!(messages(table, 15).len(), 3);
    }
}
