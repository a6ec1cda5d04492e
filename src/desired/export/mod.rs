//! A schema → YAML that declares exactly that, for one engine.
//!
//! What is written is read the same way again: a neutral word stands only where it means exactly
//! the type that is there, a plain value only where it gives exactly the default that is there, and
//! what has no word of its own goes under `options`.

mod columns;
mod members;

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::dialect::{Dialect, EnumRequest};
use crate::model::{Opaque, QName, Schema, Table};
use crate::yaml::Written;

use super::defaults::is_number;
use super::engine::{self, Rules};

/// The YAML that declares this schema for this server.
pub fn export(schema: &Schema, dialect: &dyn Dialect, name: &str) -> String {
    let export = Export::new(schema, dialect);
    let mut text = header(dialect, &schema.opaque);
    text.push_str(&export.file(schema, name).to_yaml());
    text
}

/// The comment at the top: the editor's hint, and what is there and not declared.
fn header(dialect: &dyn Dialect, opaque: &[Opaque]) -> String {
    let mut text = String::from("# yaml-language-server: $schema=undrift.schema.json\n");
    text.push_str("# (undrift schema-of schema > undrift.schema.json)\n#\n");
    let _ = writeln!(text, "# Read from {}. It declares everything that undrift models.", dialect.platform());
    if !opaque.is_empty() {
        text.push_str("# There is more, which undrift leaves alone:\n");
    }
    for object in opaque {
        let on = object.table.as_ref().map(|table| format!(" on {table}")).unwrap_or_default();
        let line: String = format!("#   {} {}{on}", object.kind, object.name);
        text.extend(
            line.chars()
                .map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') { ' ' } else { c }),
        );
        text.push('\n');
    }
    text.push('\n');
    text
}

/// A map that grows.
type Entries = Vec<(String, Written)>;

struct Export<'a> {
    dialect: &'a dyn Dialect,
    rules: Rules,
    tables: &'a BTreeMap<QName, Table>,
    /// The keys that enums are written under.
    enum_keys: BTreeMap<QName, String>,
    /// The same, by the type of a column that uses one.
    enum_types: BTreeMap<String, String>,
}

impl<'a> Export<'a> {
    fn new(schema: &'a Schema, dialect: &'a dyn Dialect) -> Self {
        let enum_keys = keys(schema.enums.keys());
        let of_type = |(name, key): (&QName, &String)| {
            let labels = &schema.enums[name].labels;
            let request = EnumRequest { table: name, column: "", name, labels, as_check: false };
            (dialect.enum_column(&request).data_type, key.clone())
        };
        let enum_types = enum_keys.iter().map(of_type).collect();
        let rules = engine::rules(dialect.platform().vendor);
        Self { dialect, rules, tables: &schema.tables, enum_keys, enum_types }
    }

    fn file(&self, schema: &Schema, name: &str) -> Written {
        let vendor = self.dialect.platform().vendor;
        let mut file: Entries = vec![
            ("schema".to_owned(), Written::text(name)),
            ("engines".to_owned(), Written::texts([engine::key(vendor)])),
            ("extras".to_owned(), Written::text("report")),
        ];
        let listed =
            |names: Vec<&String>| Written::Map(vec![(vendor.engine().key().to_owned(), Written::texts(names))]);
        if !schema.extensions.is_empty() {
            file.push(("extensions".to_owned(), listed(schema.extensions.iter().collect())));
        }
        if !schema.namespaces.is_empty() {
            file.push(("namespaces".to_owned(), listed(schema.namespaces.iter().collect())));
        }
        if !schema.enums.is_empty() {
            file.push(("enums".to_owned(), self.enums(schema)));
        }
        let tables = keys(schema.tables.keys());
        let written = schema.tables.iter().map(|(name, table)| (tables[name].clone(), self.table(table)));
        file.push(("tables".to_owned(), Written::Lines(written.collect())));
        Written::Lines(file)
    }

    fn enums(&self, schema: &Schema) -> Written {
        let of = |(name, key): (&QName, &String)| {
            let written = &schema.enums[name];
            let mut map = odd_name(name);
            let labels = Written::texts(&written.labels);
            if map.is_empty() && written.comment.is_none() {
                return (key.clone(), labels);
            }
            map.push(("values".to_owned(), labels));
            put_text(&mut map, "comment", written.comment.as_ref());
            (key.clone(), Written::Map(map))
        };
        Written::Lines(self.enum_keys.iter().map(of).collect())
    }

    fn table(&self, table: &Table) -> Written {
        let mut map = odd_name(&table.name);
        put_text(&mut map, "comment", table.comment.as_ref());
        self.put_options(&mut map, &table.options);
        let columns = table.columns.iter().map(|column| (column.name.clone(), self.column(column)));
        map.push(("columns".to_owned(), Written::Lines(columns.collect())));
        self.put_members(&mut map, table);
        Written::Lines(map)
    }

    /// Options by the engine's own keys.
    fn put_options(&self, map: &mut Entries, options: &BTreeMap<String, String>) {
        if options.is_empty() {
            return;
        }
        let value = |text: &String| if is_number(text) { Written::Plain(text.clone()) } else { Written::text(text) };
        let plain = Written::Map(options.iter().map(|(key, text)| (key.clone(), value(text))).collect());
        let ambiguous = options.keys().any(|key| engine::KEYS.contains(&key.as_str()));
        let vendor = self.dialect.platform().vendor;
        let options = if ambiguous { Written::Map(vec![(engine::key(vendor).to_owned(), plain)]) } else { plain };
        map.push(("options".to_owned(), options));
    }
}

fn put_text(map: &mut Entries, key: &str, text: Option<&String>) {
    map.extend(text.map(|text| (key.to_owned(), Written::text(text))));
}

fn put_flag(map: &mut Entries, key: &str, flag: bool) {
    if flag {
        map.push((key.to_owned(), Written::Plain("true".to_owned())));
    }
}

/// Whether a name can be written as `schema.name`.
fn is_dotless(name: &QName) -> bool {
    let fits = |text: &str| !text.is_empty() && !text.contains('.');
    fits(&name.name) && name.schema.as_deref().is_none_or(fits)
}

/// The keys under which names are written. A name that contains a dot gets a key without any, and
/// says its name inside.
fn keys<'n>(names: impl Iterator<Item = &'n QName>) -> BTreeMap<QName, String> {
    let mut keys: BTreeMap<QName, String> = BTreeMap::new();
    let (plain, odd): (Vec<&QName>, Vec<&QName>) = names.partition(|name| is_dotless(name));
    keys.extend(plain.into_iter().map(|name| (name.clone(), name.to_string())));
    for name in odd {
        let mut key = name.to_string().replace('.', " ");
        while keys.values().any(|taken| *taken == key) {
            key.push('_');
        }
        keys.insert(name.clone(), key);
    }
    keys
}

/// `schema` and `name`, for a name whose key cannot say them.
fn odd_name(name: &QName) -> Entries {
    if is_dotless(name) {
        return Vec::new();
    }
    let mut map = Vec::new();
    put_text(&mut map, "schema", name.schema.as_ref());
    put_text(&mut map, "name", Some(&name.name));
    map
}
