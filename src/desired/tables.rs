//! Tables of the file → tables of the model.

use crate::model::{QName, Table};
use crate::yaml::{Entry, Node};

use super::build::{Build, TablePlace};
use super::engine;

impl<'a> Build<'a> {
    /// All tables that are for this server.
    pub fn all_tables(&mut self, tables: &'a Node) {
        for entry in tables.entries() {
            let here = engine::includes(entry.value.get("engines"), self.vendor);
            self.tables.insert(entry.key.clone(), TablePlace { entry, here });
        }
        for entry in tables.entries() {
            if self.tables[&entry.key].here {
                self.table(entry);
            }
        }
    }

    fn table(&mut self, entry: &Entry) {
        let name = self.qualified(entry);
        self.name_fits(&name.name, &entry.key_span);
        let mut table = Table::new(name.clone());
        table.comment = entry.value.text_of("comment").map(str::to_owned);
        table.options = self.options(&entry.value);
        self.columns_of(&mut table, entry);
        self.members_of(&mut table, &entry.value);
        self.old_table_names(&name, &entry.value);
        if self.schema.tables.contains_key(&name) {
            self.problem(&entry.key_span, format!("`{name}` is declared twice"), "keep one of the two");
        }
        self.schema.tables.insert(name, table);
    }

    fn columns_of(&mut self, table: &mut Table, entry: &Entry) {
        let Some(columns) = entry.value.get("columns") else {
            let help = "add `columns:` with at least one column";
            return self.problem(&entry.key_span, format!("`{}` has no columns", entry.key), help);
        };
        for column in columns.entries() {
            if engine::includes(column.value.get("engines"), self.vendor) {
                self.column(table, column);
            }
        }
        if table.columns.is_empty() && !self.rules.empty_tables {
            self.problem(&columns.span, format!("`{}` has no columns", entry.key), "add a column");
        }
    }

    fn old_table_names(&mut self, name: &QName, node: &Node) {
        let Some(old) = node.get("renamed_from") else { return };
        let names: Vec<QName> = old.one_or_more().iter().filter_map(|item| self.old_name(item)).collect();
        self.renames.tables.insert(name.clone(), names);
    }

    /// One of a table's old names.
    pub fn old_name(&mut self, item: &Node) -> Option<QName> {
        if let Some(text) = item.text() {
            return Some(self.dotted(text, &item.span));
        }
        let name = item.text_of("name")?;
        Some(item.text_of("schema").map_or_else(|| QName::bare(name), |schema| QName::qualified(schema, name)))
    }
}
