//! Columns of the file → columns of the model.

use crate::dialect::form::Form;
use crate::dialect::{DefaultValue, EnumColumn, EnumRequest, Generator, IdentityRequest, Neutral};
use crate::model::{Column, Generated, Identity, IdentityKind, QName, Table};
use crate::yaml::{Entry, Node, Span, nearest};

use super::build::Build;
use super::defaults::{holds_text, plain_value};
use super::engine;

/// A column's type, resolved.
struct Typed {
    data_type: String,
    /// Whether its values are text whatever they look like.
    text: bool,
    /// The labels, if it takes only these.
    labels: Option<Vec<String>>,
}

impl Build<'_> {
    /// Reads one column into its table.
    pub fn column(&mut self, table: &mut Table, entry: &Entry) {
        let (name, node) = (&entry.key, &entry.value);
        self.name_fits(name, &entry.key_span);
        let Some(type_node) = node.get("type") else {
            return self.problem(&entry.key_span, format!("`{name}` has no type"), "add `type: …`");
        };
        let Some(typed) = self.column_type(table, name, type_node) else { return };
        let mut column = Column::new(name, typed.data_type.as_str());
        column.nullable = self.switch(node, "nullable", false);
        if node.get("nullable").is_none() {
            self.unsaid.insert((table.name.clone(), name.clone()));
        }
        column.collation = self.optional_text(node, "collation");
        column.comment = node.text_of("comment").map(str::to_owned);
        column.options = self.options(node);
        column.options.extend(self.optional_text(node, "charset").map(|charset| ("charset".to_owned(), charset)));
        column.default = self.column_default(node, &typed);
        column.on_update = self.on_update(node, &typed);
        column.generated = self.generated(node);
        column.identity = self.identity(node);
        self.fill(&table.name, name, node, &typed);
        self.cast(&table.name, name, node);
        self.old_column_names(&table.name, name, node);
        self.moves(&table.name, name, node);
        self.fits_together(entry, &column);
        table.columns.push(column);
    }

    fn column_type(&mut self, table: &mut Table, column: &str, node: &Node) -> Option<Typed> {
        let node = engine::choose(node, self.vendor, self.problems)?;
        if let Some(text) = node.text() {
            return match self.enums.get(text).cloned() {
                Some(shared) if shared.here => {
                    let request = EnumRequest {
                        table: &table.name,
                        column,
                        name: &shared.name,
                        labels: &shared.labels,
                        as_check: shared.as_check,
                    };
                    let made = self.dialect.enum_column(&request);
                    Some(self.enum_typed(table, made, shared.labels.clone(), shared.comment.as_deref()))
                }
                Some(_) => {
                    let message = format!("the enum `{text}` is not for this engine");
                    self.problem(
                        &node.span,
                        message,
                        "give the column another type there, or extend the enum's `engines`",
                    );
                    None
                }
                None => self.plain_type(text, node),
            };
        }
        if let Some(own) = node.get("sql") {
            return self.own_type(own);
        }
        self.inline_enum(table, column, node)
    }

    fn plain_type(&mut self, text: &str, node: &Node) -> Option<Typed> {
        if text.trim().is_empty() {
            self.problem(
                &node.span,
                "a type must stand here",
                "write one, such as `text`; `{ sql: \"\" }` is SQLite's empty type",
            );
            return None;
        }
        Some(match Neutral::parse(text) {
            Some(neutral) => {
                let data_type = self.dialect.neutral_type(&neutral);
                Typed { data_type, text: holds_text(&neutral), labels: None }
            }
            None => return self.own_type(node),
        })
    }

    /// A type in the engine's own words.
    fn own_type(&mut self, node: &Node) -> Option<Typed> {
        let data_type = self.sql(node, Form::Type)?;
        Some(Typed { data_type, text: false, labels: None })
    }

    fn inline_enum(&mut self, table: &mut Table, column: &str, node: &Node) -> Option<Typed> {
        let labels = node.get("enum")?;
        if labels.items().is_empty() {
            self.problem(&labels.span, "an enum must have labels", "write them as `[first, second]`");
            return None;
        }
        let labels = self.labels(labels);
        let name = table.name.sibling(format!("{}_{column}", table.name.name));
        let as_check = node.text_of("storage") == Some("check");
        let request = EnumRequest { table: &table.name, column, name: &name, labels: &labels, as_check };
        let made = self.dialect.enum_column(&request);
        if made.enum_type.is_some() {
            self.name_fits(&name.name, &node.span);
        }
        Some(self.enum_typed(table, made, labels, None))
    }

    fn enum_typed(&mut self, table: &mut Table, made: EnumColumn, labels: Vec<String>, comment: Option<&str>) -> Typed {
        if let Some(mut enum_type) = made.enum_type {
            enum_type.comment = comment.map(str::to_owned);
            self.schema.enums.insert(enum_type.name.clone(), enum_type);
        }
        table.checks.extend(made.check);
        Typed { data_type: made.data_type, text: true, labels: Some(labels) }
    }

    /// A switch that may differ per engine.
    fn switch(&mut self, node: &Node, key: &str, otherwise: bool) -> bool {
        let Some(node) = node.get(key) else { return otherwise };
        engine::choose(node, self.vendor, self.problems).and_then(Node::bool).unwrap_or(otherwise)
    }

    fn column_default(&mut self, node: &Node, typed: &Typed) -> Option<String> {
        let default = node.get("default")?;
        let value = self.default_of(default, typed.text)?;
        self.is_a_label(&value, typed, &default.span);
        self.spelled(&value, typed, &default.span, "default")
    }

    fn on_update(&mut self, node: &Node, typed: &Typed) -> Option<String> {
        let node = engine::choose_or_none(node.get("on_update")?, self.vendor)?;
        let value = self.default_of(node, typed.text)?;
        self.spelled(&value, typed, &node.span, "on_update")
    }

    /// A value as the engine spells it.
    fn spelled(&mut self, value: &DefaultValue, typed: &Typed, span: &Span, key: &str) -> Option<String> {
        match self.dialect.default_for(value, &typed.data_type) {
            Ok(text) => Some(text),
            Err(why) => {
                let help = format!("write `{key}: {{ sql: \"…\" }}` for an expression, or another value");
                self.problem(
                    span,
                    format!("this cannot be the `{key}` of a column of type {}: {why}", typed.data_type),
                    help,
                );
                None
            }
        }
    }

    fn is_a_label(&mut self, value: &DefaultValue, typed: &Typed, span: &Span) {
        let (DefaultValue::Text(text), Some(labels)) = (value, &typed.labels) else { return };
        if !labels.contains(text) {
            let known = labels.iter().map(String::as_str);
            let help = match nearest(text, known.clone()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => {
                    format!("the labels are {}", known.map(|label| format!("`{label}`")).collect::<Vec<_>>().join(", "))
                }
            };
            self.problem(span, format!("`{text}` is none of the labels"), help);
        }
    }

    fn generated(&mut self, node: &Node) -> Option<Generated> {
        let node = node.get("generated")?;
        let stored = self.switch(node, "stored", true);
        Some(Generated { expr: self.expression(node, "sql")?, stored })
    }

    fn identity(&mut self, column: &Node) -> Option<Identity> {
        let automatic = column.flag("autoincrement");
        let Some(node) = column.get("identity") else {
            if let Some(entry) = column.entry("autoincrement").filter(|_| automatic) {
                self.problem(&entry.key_span, "`autoincrement` goes with `identity`", "add `identity: true`");
            }
            return None;
        };
        let node = engine::choose(node, self.vendor, self.problems)?;
        let usual = if automatic && self.rules.knows_autoincrement {
            IdentityRequest::AutoIncrement
        } else {
            IdentityRequest::Default
        };
        let kind = match node.text().or(node.text_of("kind"))? {
            "true" | "default" => self.requested(usual, &node.span)?,
            "always" => self.requested(IdentityRequest::Always, &node.span)?,
            "serial" => self.requested(IdentityRequest::Serial, &node.span)?,
            "by_default" => IdentityKind::ByDefault,
            "auto_increment" => IdentityKind::AutoIncrement,
            "rowid" => IdentityKind::Rowid,
            _ => return None,
        };
        Some(Identity { kind, options: self.options(node) })
    }

    fn requested(&mut self, request: IdentityRequest, span: &Span) -> Option<IdentityKind> {
        self.dialect.identity(request).map_err(|why| self.problem(span, why, "write `identity: true`")).ok()
    }

    /// Notes the expression that fills the column of rows that are there.
    fn fill(&mut self, table: &QName, column: &str, node: &Node, typed: &Typed) {
        let Some(backfill) = node.get("backfill") else { return };
        let expr = match backfill.entries() {
            [entry] => self.fill_expr(backfill, entry, typed),
            _ => {
                let help = "write `{ value: … }`, `{ sql: … }` or `{ generate: uuid }`";
                return self.problem(&backfill.span, "one of `value`, `sql` and `generate` must stand here", help);
            }
        };
        if let Some(expr) = expr {
            self.renames.fills.entry(table.clone()).or_default().insert(column.to_owned(), expr);
        }
    }

    fn fill_expr(&mut self, backfill: &Node, entry: &Entry, typed: &Typed) -> Option<String> {
        match entry.key.as_str() {
            "sql" => self.expression(backfill, "sql"),
            "value" => {
                let value = engine::choose(&entry.value, self.vendor, self.problems)?.scalar()?;
                let value = plain_value(value, typed.text);
                self.is_a_label(&value, typed, &entry.value.span);
                self.spelled(&value, typed, &entry.value.span, "backfill")
            }
            _ => {
                let generator = if matches!(entry.value.text(), Some("uuid_v7" | "uuidv7")) {
                    Generator::UuidV7
                } else {
                    Generator::Uuid
                };
                let made = self.dialect.generate(generator);
                made.map_err(|why| self.problem(&entry.value.span, why, "write `backfill: { sql: \"…\" }`")).ok()
            }
        }
    }

    /// Notes the expression that gives the column its values when its type changes.
    fn cast(&mut self, table: &QName, column: &str, node: &Node) {
        let Some(entry) = node.entry("using") else { return };
        let Some(chosen) = engine::choose_or_none(&entry.value, self.vendor) else { return };
        if let Err(why) = self.dialect.cast() {
            let help = "say it for the other engines alone: `using: { postgres: \"…\" }`";
            return self.problem(&entry.key_span, why, help);
        }
        let Some(expr) = self.sql(chosen, Form::Expression) else { return };
        self.renames.casts.entry(table.clone()).or_default().insert(column.to_owned(), expr);
    }

    fn old_column_names(&mut self, table: &QName, column: &str, node: &Node) {
        if let Some(old) = node.get("renamed_from") {
            let names = old.texts().into_iter().map(str::to_owned).collect();
            self.renames.columns.entry(table.clone()).or_default().insert(column.to_owned(), names);
        }
    }

    /// Reports properties that exclude each other.
    fn fits_together(&mut self, entry: &Entry, column: &Column) {
        let there = [
            ("default", column.default.is_some()),
            ("generated", column.generated.is_some()),
            ("identity", column.identity.is_some()),
        ];
        let [first, second, ..] = there.iter().filter(|(_, there)| *there).map(|(key, _)| *key).collect::<Vec<_>>()[..]
        else {
            return;
        };
        let span = entry.value.entry(second).map_or(&entry.key_span, |entry| &entry.key_span).clone();
        let message = format!("`{}` cannot have both `{first}` and `{second}`", entry.key);
        self.problem(&span, message, "remove one of the two");
    }
}
