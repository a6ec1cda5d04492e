//! What a declared schema may ask for and these servers do not have.

use super::Mysql;
use super::forms::is_outside;
use super::names::LONGEST_NAME;
use crate::dialect::Unsupported;
use crate::model::{Column, Deferrable, ForeignKey, Identity, IdentityKind, Index, PartSource, Schema, Table, Version};

impl Mysql {
    /// Everything in a schema that this server cannot hold.
    pub(super) fn all_unsupported(&self, schema: &Schema) -> Vec<Unsupported> {
        let mut found = Vec::new();
        let plain = |message: String| Unsupported { table: None, item: None, message };
        found.extend(schema.namespaces.iter().map(|name| {
            plain(format!(
                "MySQL has no schemas inside a database: `{name}` cannot be made; put its tables into the database"
            ))
        }));
        found.extend(schema.extensions.iter().map(|name| plain(format!("MySQL has no extensions: `{name}`"))));
        for table in schema.tables.values() {
            let mut found_here = Findings { dialect: self, table, found: &mut found };
            found_here.names();
            table.columns.iter().for_each(|column| found_here.column(column));
            let indexes = table.primary_key.iter().chain(&table.indexes).chain(&table.uniques);
            indexes.for_each(|index| found_here.index(index));
            table.foreign_keys.iter().for_each(|key| found_here.foreign_key(key));
        }
        found
    }
}

struct Findings<'a> {
    dialect: &'a Mysql,
    table: &'a Table,
    found: &'a mut Vec<Unsupported>,
}

impl Findings<'_> {
    fn add(&mut self, item: Option<&str>, message: impl Into<String>) {
        let table = Some(self.table.name.clone());
        self.found.push(Unsupported { table, item: item.map(str::to_owned), message: message.into() });
    }

    fn names(&mut self) {
        if self.table.name.schema.is_some() {
            self.add(None, "MySQL has no schemas inside a database: give the table a name without one");
        }
        if self.table.columns.is_empty() {
            self.add(None, "MySQL has no tables without columns: declare one");
        }
        if let Some(engine) = self.table.options.get("engine").filter(|engine| is_outside(engine)) {
            self.add(
                None,
                format!("tables of the engine {engine} keep their rows outside of the database: use another engine"),
            );
        }
        let members = self.table.indexes.iter().filter_map(|index| index.name.clone());
        let keys = self.table.foreign_keys.iter().filter_map(|key| key.name.clone());
        let checks = self.table.checks.iter().filter_map(|check| check.name.clone());
        let columns = self.table.columns.iter().map(|column| column.name.clone());
        let own = std::iter::once(self.table.name.name.clone());
        for name in own.chain(columns).chain(members).chain(keys).chain(checks).collect::<Vec<_>>() {
            if name.chars().count() > LONGEST_NAME {
                self.add(Some(&name), format!("names have at most {LONGEST_NAME} characters: shorten it"));
            } else if name.is_empty() || name.ends_with(' ') || name.contains('\0') {
                self.add(Some(&name), "MySQL takes no name that is empty, ends in a space or holds a NUL");
            }
        }
    }

    fn column(&mut self, column: &Column) {
        match column.identity.as_ref() {
            Some(Identity { kind: IdentityKind::AutoIncrement, options }) if options.is_empty() => {}
            Some(Identity { kind: IdentityKind::AutoIncrement, .. }) => {
                self.add(Some(&column.name), "AUTO_INCREMENT takes no sequence options: leave them out for MySQL");
            }
            Some(_) => {
                self.add(Some(&column.name), "MySQL numbers rows with AUTO_INCREMENT only: write identity: true")
            }
            None => {}
        }
        if self.dialect.is_mariadb() && column.generated.is_some() && !column.nullable {
            self.add(Some(&column.name), "MariaDB's generated columns cannot be NOT NULL: say nullable: true");
        }
    }

    fn index(&mut self, index: &Index) {
        let label = index.name.clone().unwrap_or_else(|| "primary key".to_owned());
        let mut lacks = Vec::new();
        if index.predicate.is_some() {
            lacks.push("partial indexes (where): an index over all rows would mean something else");
        }
        if !index.include.is_empty() {
            lacks.push("INCLUDE columns");
        }
        if index.nulls_not_distinct {
            lacks.push("NULLS NOT DISTINCT");
        }
        if index.deferrable != Deferrable::No {
            lacks.push("deferrable keys");
        }
        if index.parts.iter().any(|part| part.nulls.is_some()) {
            lacks.push("NULLS FIRST and NULLS LAST");
        }
        if index.parts.iter().any(|part| part.opclass.is_some() || part.collation.is_some()) {
            lacks.push("operator classes and collations in indexes");
        }
        if index.method.as_deref().is_some_and(|m| !matches!(m, "btree" | "hash" | "rtree" | "fulltext" | "spatial")) {
            lacks.push("this access method");
        }
        lacks.extend(self.dialect.lacks_in_parts(index));
        for what in lacks {
            self.add(
                Some(&label),
                format!("{} has no {what}; limit it with engines: [...]", self.dialect.platform.vendor),
            );
        }
    }

    fn foreign_key(&mut self, key: &ForeignKey) {
        let label = key.name.clone().unwrap_or_else(|| format!("foreign key ({})", key.columns.join(", ")));
        if key.deferrable != Deferrable::No {
            self.add(Some(&label), "MySQL checks foreign keys at once: leave out deferrable for MySQL");
        }
        if [&key.on_delete, &key.on_update].into_iter().flatten().any(|action| action == "SET DEFAULT") {
            self.add(Some(&label), "InnoDB has no SET DEFAULT: use set_null or cascade");
        }
        // The server calls it after the table, and then takes that name neither in a copy nor in a DROP.
        if key.name.is_none() && self.table.name.name.chars().count() + "_ibfk_1".len() > LONGEST_NAME {
            self.add(Some(&label), "the name that the server would choose is too long to be used again: give it one");
        }
        for option in key.options.keys() {
            self.add(Some(&label), format!("MySQL's foreign keys have no option `{option}`"));
        }
    }
}

impl Mysql {
    /// What the parts of an index ask for that this version lacks.
    fn lacks_in_parts(&self, index: &Index) -> Vec<&'static str> {
        let mut lacks = Vec::new();
        let expressions = index.parts.iter().any(|part| matches!(part.source, PartSource::Expr(_)));
        if expressions && (self.is_mariadb() || self.platform.version < Version(8, 0, 13)) {
            lacks.push("expressions in indexes: declare a generated column and index that");
        }
        let descending = index.parts.iter().any(|part| part.desc);
        if descending && self.is_mariadb() && self.platform.version < Version(10, 8, 0) {
            lacks.push("descending indexes before 10.8");
        }
        lacks
    }
}
