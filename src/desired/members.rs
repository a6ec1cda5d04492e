//! Keys, indexes and checks of the file → those of the model.

use crate::dialect::form::Form;
use crate::model::{Check, Deferrable, ForeignKey, Index, Nulls, Part, PartSource, Table};
use crate::yaml::{Diagnostic, Entry, Node, Span, nearest};

use super::build::Build;
use super::engine;

impl Build<'_> {
    /// Reads everything of a table that is not a column.
    pub fn members_of(&mut self, table: &mut Table, node: &Node) {
        if let Some(key) = node.get("primary_key").filter(|key| engine::includes(key.get("engines"), self.vendor)) {
            let name = key.text_of("name").map(str::to_owned);
            table.primary_key = Some(self.constraint(table, name, key));
            self.key_is_not_null(table, node);
        }
        for (name, unique, span) in self.named(node.get("unique")) {
            self.fits(name.as_deref(), span);
            let index = self.constraint(table, name, unique);
            table.uniques.push(index);
        }
        for (name, index, span) in self.named(node.get("indexes")) {
            self.fits(name.as_deref(), span);
            let index = self.index(table, name, index);
            table.indexes.push(index);
        }
        for (name, check, span) in self.named(node.get("checks")) {
            self.fits(name.as_deref(), span);
            let check = self.check(name, check);
            table.checks.extend(check);
        }
        for (name, key, span) in self.named(node.get("foreign_keys")) {
            self.fits(name.as_deref(), span);
            self.foreign_key(table, name, key);
        }
    }

    /// The members of a section that are for this server: name, definition and place of the name.
    fn named<'n>(&self, section: Option<&'n Node>) -> Vec<(Option<String>, &'n Node, &'n Span)> {
        let Some(section) = section else { return Vec::new() };
        let by_name =
            section.entries().iter().map(|entry: &Entry| (Some(entry.key.clone()), &entry.value, &entry.key_span));
        let listed = section.items().iter().map(|item| {
            let name = item.get("name");
            let span = name.map_or(&item.span, |name| &name.span);
            (name.and_then(Node::text).map(str::to_owned), item, span)
        });
        by_name.chain(listed).filter(|(_, node, _)| engine::includes(node.get("engines"), self.vendor)).collect()
    }

    fn fits(&mut self, name: Option<&str>, span: &Span) {
        if let Some(name) = name {
            self.name_fits(name, span);
        }
    }

    /// A primary key or unique constraint.
    fn constraint(&mut self, table: &Table, name: Option<String>, node: &Node) -> Index {
        let columns = node.get("columns").unwrap_or(node);
        Index {
            name,
            parts: self.parts(table, columns),
            unique: true,
            deferrable: deferrable(node),
            nulls_not_distinct: node.flag("nulls_not_distinct"),
            include: self.included(table, node),
            method: self.optional_text(node, "method"),
            comment: node.text_of("comment").map(str::to_owned),
            options: self.options(node),
            predicate: None,
        }
    }

    fn index(&mut self, table: &Table, name: Option<String>, node: &Node) -> Index {
        let mut index = self.constraint(table, name, node);
        index.unique = node.flag("unique");
        if node.get("where").is_some() {
            index.predicate = self.expression(node, "where");
        }
        if node.flag("full_text") {
            if let Some(method) = node.entry("method") {
                self.problem(&method.key_span, "`full_text` is a method of its own", "remove `method` or `full_text`");
            }
            index.method = Some("fulltext".to_owned());
        }
        index
    }

    fn parts(&mut self, table: &Table, node: &Node) -> Vec<Part> {
        if node.one_or_more().is_empty() {
            self.problem(&node.span, "at least one column must stand here", "write them as `[first, second]`");
        }
        node.one_or_more().iter().filter_map(|item| self.part(table, item)).collect()
    }

    fn part(&mut self, table: &Table, node: &Node) -> Option<Part> {
        if let Some(column) = node.text() {
            self.column_is_there(table, column, &node.span);
            return Some(Part::column(column));
        }
        let source = match (node.get("column"), node.get("expr")) {
            (Some(column), None) => {
                self.column_is_there(table, column.text()?, &column.span);
                PartSource::Column(column.text()?.to_owned())
            }
            (None, Some(_)) => PartSource::Expr(self.expression(node, "expr")?),
            _ => {
                self.problem(
                    &node.span,
                    "one of `column` and `expr` must stand here",
                    "write `{ column: … }` or `{ expr: \"…\" }`",
                );
                return None;
            }
        };
        Some(Part {
            desc: node.flag("desc"),
            nulls: match node.text_of("nulls") {
                Some("first") => Some(Nulls::First),
                Some("last") => Some(Nulls::Last),
                _ => None,
            },
            opclass: node.text_of("opclass").map(str::to_owned),
            collation: self.optional_text(node, "collation"),
            prefix: node.get("prefix").and_then(Node::number),
            ..Part::of(source)
        })
    }

    fn included(&mut self, table: &Table, node: &Node) -> Vec<String> {
        let items = node.get("include").map(Node::one_or_more).unwrap_or_default();
        let mut columns = Vec::new();
        for item in items {
            let Some(column) = item.text() else { continue };
            self.column_is_there(table, column, &item.span);
            columns.push(column.to_owned());
        }
        columns
    }

    /// Reports a column that the table does not have.
    pub fn column_is_there(&mut self, table: &Table, column: &str, span: &Span) {
        if table.columns.iter().any(|known| self.rules.same_column(&known.name, column)) {
            return;
        }
        let names = table.columns.iter().map(|column| column.name.as_str());
        let problem = Diagnostic::new(span, format!("`{}` has no column `{column}`", table.name));
        self.problems.add(match nearest(column, names) {
            Some(near) => problem.help(format!("did you mean `{near}`?")),
            None => problem.help("declare the column, or name one that is declared"),
        });
    }

    fn key_is_not_null(&mut self, table: &Table, node: &Node) {
        if self.rules.nullable_keys {
            return;
        }
        let Some(key) = &table.primary_key else { return };
        let columns = key.columns().filter_map(|name| table.column(name)).filter(|column| column.nullable);
        for name in columns.map(|column| column.name.as_str()).collect::<Vec<_>>() {
            let declared = node.get("columns").and_then(|columns| columns.get(name));
            let span = declared.and_then(|column| column.entry("nullable")).map_or(&node.span, |entry| &entry.key_span);
            self.problem(span, format!("`{name}` is in the primary key and cannot be NULL"), "remove `nullable: true`");
        }
    }

    fn check(&mut self, name: Option<String>, node: &Node) -> Option<Check> {
        let expr = self.condition(node)?;
        let mut options = self.options(node);
        if node.flag("not_valid") {
            options.insert("not_valid".to_owned(), "true".to_owned());
        }
        Some(Check { name, expr, options, comment: node.text_of("comment").map(str::to_owned) })
    }

    /// A condition: a text, one per engine, or `{ sql: … }`.
    fn condition(&mut self, node: &Node) -> Option<String> {
        if node.text().is_some() {
            return self.sql(node, Form::Expression);
        }
        match (node.get("sql").is_some(), engine::is_per_engine(node)) {
            (true, false) => self.expression(node, "sql"),
            (false, true) => {
                let chosen = engine::entry(node, self.vendor);
                if chosen.is_none() {
                    self.problems.add(engine::missing(&node.span));
                }
                chosen.and_then(|chosen| self.sql(chosen, Form::Expression))
            }
            _ => {
                self.problem(
                    &node.span,
                    "a condition must stand here",
                    "write `{ sql: \"…\" }`, or one text per engine",
                );
                None
            }
        }
    }

    fn foreign_key(&mut self, table: &mut Table, name: Option<String>, node: &Node) {
        let (Some(columns), Some(references)) = (node.get("columns"), node.get("references")) else { return };
        for item in columns.one_or_more() {
            self.column_is_there(table, item.text().unwrap_or_default(), &item.span);
        }
        let columns: Vec<String> = columns.texts().into_iter().map(str::to_owned).collect();
        let Some((target, referenced)) = self.reference(references) else { return };
        let mut options = self.options(node);
        if node.flag("not_valid") {
            options.insert("not_valid".to_owned(), "true".to_owned());
        }
        options.extend(node.text_of("match").map(|kind| ("match".to_owned(), kind.to_owned())));
        table.foreign_keys.push(ForeignKey {
            name,
            columns,
            table: target,
            referenced: referenced.clone().unwrap_or_default(),
            on_delete: action(node, "on_delete"),
            on_update: action(node, "on_update"),
            deferrable: deferrable(node),
            options,
            comment: node.text_of("comment").map(str::to_owned),
        });
        let (may_dangle, is_external) = (self.may_dangle(node), node.flag("external"));
        if is_external {
            self.external_key(&table.foreign_keys[table.foreign_keys.len() - 1], &references.span);
        } else if !may_dangle {
            self.remember_foreign_key(table, referenced.is_none(), &references.span);
        }
    }

    /// Whether a foreign key may point nowhere. Only those that say so are not checked.
    fn may_dangle(&mut self, key: &Node) -> bool {
        let Some(entry) = key.entry("dangling").filter(|_| key.flag("dangling")) else { return false };
        if !self.rules.dangling_keys {
            let help = "remove the line, or limit the foreign key with `engines: [sqlite]`";
            self.problem(&entry.key_span, "only SQLite keeps a foreign key that points nowhere", help);
        }
        true
    }
}

fn deferrable(node: &Node) -> Deferrable {
    match node.text_of("deferrable") {
        Some("true" | "initially_immediate") => Deferrable::Immediate,
        Some("initially_deferred") => Deferrable::Deferred,
        _ => Deferrable::No,
    }
}

/// An action in the words of SQL: `set_null` is `SET NULL`.
fn action(node: &Node, key: &str) -> Option<String> {
    node.text_of(key).map(|action| action.to_uppercase().replace('_', " "))
}
