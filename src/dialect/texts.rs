//! Every text of a schema that is put into statements, with what it has to be.

use std::collections::BTreeMap;

use super::form::{Author, Form, Holder, check, grammar};
use super::lexeme::Misfit;
use crate::model::{
    Check, Column, Engine, ForeignKey, Index, Opaque, PartSource, QName, Renames, Schema, Table, Transform,
};

/// A text that is not what it has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stray {
    /// The table, if it is in one.
    pub table: Option<QName>,
    /// The column, index, constraint or other object by name, if it has one.
    pub item: Option<String>,
    /// What the text is there for: `default`.
    pub role: String,
    /// The text.
    pub text: String,
    /// Where in the text it is wrong, and why, in a sentence without a full stop.
    pub misfit: Misfit,
    /// What it has to be, in words.
    pub expected: String,
}

/// All texts of a schema, and of what is declared beside it, that are not what they have to be.
pub fn strays(engine: Engine, schema: &Schema, renames: &Renames, author: Author) -> Vec<Stray> {
    let mut search = Search { engine, author, table: None, item: None, found: Vec::new() };
    search.schema(schema);
    search.renames(renames);
    search.found
}

struct Search<'a> {
    engine: Engine,
    author: Author,
    table: Option<&'a QName>,
    item: Option<&'a str>,
    found: Vec<Stray>,
}

impl<'a> Search<'a> {
    fn text(&mut self, role: &str, text: &str, form: Form<'_>) {
        if let Err(misfit) = check(self.engine, text, form) {
            self.add(role, text, misfit, form.words());
        }
    }

    fn add(&mut self, role: &str, text: &str, misfit: Misfit, expected: String) {
        self.found.push(Stray {
            table: self.table.cloned(),
            item: self.item.map(str::to_owned),
            role: role.to_owned(),
            text: text.to_owned(),
            misfit,
            expected,
        });
    }

    fn maybe(&mut self, role: &str, text: Option<&String>, form: Form<'_>) {
        if let Some(text) = text {
            self.text(role, text, form);
        }
    }

    fn name(&mut self, name: &QName) {
        self.maybe("schema", name.schema.as_ref(), Form::Quoted);
        self.text("name", &name.name, Form::Quoted);
    }

    fn options(&mut self, holder: Holder, options: &BTreeMap<String, String>) {
        for (key, value) in options {
            match grammar(self.engine).option(holder, key, self.author) {
                Ok(form) => {
                    self.text("option", key, Form::Quoted);
                    self.text(key, value, form);
                }
                Err(misfit) => self.add("option", key, misfit, "an option".to_owned()),
            }
        }
    }

    fn schema(&mut self, schema: &'a Schema) {
        let names = schema.namespaces.iter().map(|name| ("namespace", name));
        for (role, name) in names.chain(schema.extensions.iter().map(|name| ("extension", name))) {
            self.item = Some(name);
            self.text(role, name, Form::Quoted);
        }
        for (name, enumeration) in &schema.enums {
            self.item = Some(&name.name);
            self.name(name);
            enumeration.labels.iter().for_each(|label| self.text("label", label, Form::Quoted));
            self.maybe("comment", enumeration.comment.as_ref(), Form::Quoted);
        }
        schema.tables.values().for_each(|table| self.table(table));
        schema.opaque.iter().for_each(|opaque| self.opaque(opaque));
    }

    fn opaque(&mut self, opaque: &'a Opaque) {
        self.table = opaque.table.as_ref();
        self.item = Some(&opaque.name.name);
        self.maybe("definition", opaque.sql.as_ref(), Form::Statement(&opaque.kind, None));
    }

    fn table(&mut self, table: &'a Table) {
        self.table = Some(&table.name);
        self.item = None;
        self.name(&table.name);
        self.maybe("comment", table.comment.as_ref(), Form::Quoted);
        self.options(Holder::Table, &table.options);
        table.columns.iter().for_each(|column| self.column(column));
        let keys = table.primary_key.iter().chain(&table.uniques).chain(&table.indexes);
        keys.for_each(|index| self.index(index));
        table.foreign_keys.iter().for_each(|key| self.foreign_key(key));
        table.checks.iter().for_each(|check| self.check(check));
    }

    fn column(&mut self, column: &'a Column) {
        self.item = Some(&column.name);
        self.text("name", &column.name, Form::Quoted);
        self.text("type", &column.data_type, Form::Type);
        self.maybe("default", column.default.as_ref(), Form::Expression);
        self.maybe("generated", column.generated.as_ref().map(|generated| &generated.expr), Form::Expression);
        self.maybe("collation", column.collation.as_ref(), Form::Collation);
        self.maybe("on_update", column.on_update.as_ref(), Form::OnUpdate);
        self.maybe("comment", column.comment.as_ref(), Form::Quoted);
        self.options(Holder::Column, &column.options);
        if let Some(identity) = &column.identity {
            self.options(Holder::Identity, &identity.options);
        }
    }

    fn index(&mut self, index: &'a Index) {
        self.item = index.name.as_deref();
        self.maybe("name", index.name.as_ref(), Form::Quoted);
        for part in &index.parts {
            match &part.source {
                PartSource::Column(name) => self.text("column", name, Form::Quoted),
                PartSource::Expr(expr) => self.text("expression", expr, Form::Expression),
            }
            self.maybe("opclass", part.opclass.as_ref(), Form::OperatorClass);
            self.maybe("collation", part.collation.as_ref(), Form::Collation);
        }
        let method = if self.engine == Engine::Mysql { Form::Word } else { Form::Quoted };
        self.maybe("method", index.method.as_ref(), method);
        index.include.iter().for_each(|name| self.text("include", name, Form::Quoted));
        self.maybe("where", index.predicate.as_ref(), Form::Expression);
        self.maybe("comment", index.comment.as_ref(), Form::Quoted);
        self.options(Holder::Index, &index.options);
    }

    fn foreign_key(&mut self, key: &'a ForeignKey) {
        self.item = key.name.as_deref();
        self.maybe("name", key.name.as_ref(), Form::Quoted);
        self.name(&key.table);
        key.columns.iter().chain(&key.referenced).for_each(|name| self.text("column", name, Form::Quoted));
        self.maybe("on_delete", key.on_delete.as_ref(), Form::Action);
        self.maybe("on_update", key.on_update.as_ref(), Form::Action);
        self.maybe("comment", key.comment.as_ref(), Form::Quoted);
        self.options(Holder::ForeignKey, &key.options);
    }

    fn check(&mut self, check: &'a Check) {
        self.item = check.name.as_deref();
        self.maybe("name", check.name.as_ref(), Form::Quoted);
        self.text("check", &check.expr, Form::Expression);
        self.maybe("comment", check.comment.as_ref(), Form::Quoted);
        self.options(Holder::Check, &check.options);
    }

    fn renames(&mut self, renames: &'a Renames) {
        for (role, texts) in [("backfill", &renames.fills), ("using", &renames.casts)] {
            for (table, columns) in texts {
                self.table = Some(table);
                for (column, expr) in columns {
                    self.item = Some(column);
                    self.text(role, expr, Form::Expression);
                }
            }
        }
        for (table, columns) in &renames.moves {
            self.table = Some(table);
            for (column, how) in columns {
                self.item = Some(column);
                if let Some(Transform::Sql(expr)) = &how.transform {
                    self.text("transform", expr, Form::Expression);
                }
            }
        }
    }
}
