//! A merged tree → what one server shall hold.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::dialect::form::Form;
use crate::dialect::{Dialect, EnumRequest};
use crate::model::{Engine, Extras, Glob, Hash, QName, Renames, Schema, Scope, Vendor, in_quarantine};
use crate::yaml::{Diagnostic, Entry, Node, Report, Span};

use super::engine::{self, Rules};
use super::foreign_keys::PendingKey;
use super::{Wanted, names};

/// One pass over a tree, for one server.
pub(super) struct Build<'a> {
    pub dialect: &'a dyn Dialect,
    pub vendor: Vendor,
    pub rules: Rules,
    pub problems: &'a mut Report,
    pub schema: Schema,
    pub renames: Renames,
    /// Shared enums, by the name that columns use.
    pub enums: BTreeMap<String, SharedEnum>,
    /// Tables for this server, by the key they are written under.
    pub tables: BTreeMap<String, TablePlace<'a>>,
    /// Foreign keys, checked when all tables are known.
    pub foreign_keys: Vec<PendingKey>,
    /// Columns that do not say whether they may be NULL.
    pub unsaid: BTreeSet<(QName, String)>,
    /// The tables that foreign keys refer to and somebody else keeps.
    pub external: BTreeSet<QName>,
}

/// A table of the file.
#[derive(Clone, Copy)]
pub(super) struct TablePlace<'a> {
    pub entry: &'a Entry,
    /// Whether it is for this server.
    pub here: bool,
}

/// An enum that columns share.
#[derive(Clone)]
pub(super) struct SharedEnum {
    pub name: QName,
    pub labels: Vec<String>,
    pub as_check: bool,
    pub comment: Option<String>,
    pub here: bool,
}

/// What a tree means for one server. What is wrong is added to the report.
pub(super) fn wanted(root: &Node, stem: &str, dialect: &dyn Dialect, problems: &mut Report) -> Wanted {
    let vendor = dialect.platform().vendor;
    if let Some(engines) = root.get("engines").filter(|node| !engine::includes(Some(node), vendor)) {
        problems.add(
            Diagnostic::new(&engines.span, "this schema is not for this engine")
                .help(format!("add `{}` here, or use another schema for this database", engine::key(vendor))),
        );
    }
    let (scope, ignored) = scope(root, dialect.platform().engine(), problems);
    let mut build = Build::new(dialect, problems);
    build.everything(root);
    names::check(&mut build, root, &scope);
    build.refuse_strays(root);
    build.settle(root);
    build.keep_open();
    let Build { schema, renames, unsaid, external, .. } = build;
    let scope = scope.beside(external);
    let extras = extras(root);
    let hash = Hash::of_json(&Hashed { schema: &schema, renames: &renames, extras, ignored: &ignored });
    let name = root.text_of("schema").unwrap_or(stem).to_owned();
    let version = root.text_of("version").map(str::to_owned);
    Wanted { schema, renames, scope, unsaid, extras, hash, name, version }
}

/// What the hash of a declared schema is made from.
#[derive(Serialize)]
struct Hashed<'a> {
    schema: &'a Schema,
    renames: &'a Renames,
    extras: Extras,
    ignored: &'a [Vec<String>; 2],
}

fn extras(root: &Node) -> Extras {
    match root.text_of("extras") {
        Some("ignore") => Extras::Ignore,
        Some("drop") => Extras::Drop,
        _ => Extras::Report,
    }
}

/// What does not count, and the texts it was made from.
fn scope(root: &Node, engine: Engine, problems: &mut Report) -> (Scope, [Vec<String>; 2]) {
    let ignore = |key| root.get("ignore").and_then(|ignore| ignore.get(key)).map(Node::one_or_more).unwrap_or_default();
    let properties: Vec<String> = ignore("properties").iter().filter_map(Node::text).map(str::to_owned).collect();
    let mut globs = Vec::new();
    for node in ignore("tables") {
        let Some(text) = node.text() else { continue };
        match Glob::new(text) {
            Ok(glob) => globs.push(glob),
            Err(why) => problems.add(
                Diagnostic::new(&node.span, format!("this pattern cannot be read: {why}"))
                    .help("`*` stands for any text, `?` for one character, `[ab]` for one of several"),
            ),
        }
    }
    let texts = globs.iter().map(|glob| glob.text().to_owned()).collect();
    (Scope::new(globs, properties.clone(), engine), [texts, properties])
}

impl<'a> Build<'a> {
    fn new(dialect: &'a dyn Dialect, problems: &'a mut Report) -> Self {
        let vendor = dialect.platform().vendor;
        Self {
            dialect,
            vendor,
            rules: engine::rules(vendor),
            problems,
            schema: Schema::default(),
            renames: Renames::none(vendor.engine()),
            enums: BTreeMap::new(),
            tables: BTreeMap::new(),
            foreign_keys: Vec::new(),
            unsaid: BTreeSet::new(),
            external: BTreeSet::new(),
        }
    }

    fn everything(&mut self, root: &'a Node) {
        self.schema.extensions = self.texts(root, "extensions");
        self.schema.namespaces = self.texts(root, "namespaces");
        self.schema.namespaces.remove("public");
        for entry in root.get("enums").map(Node::entries).unwrap_or_default() {
            self.shared_enum(entry);
        }
        match root.get("tables") {
            Some(tables) => self.all_tables(tables),
            None => self.problem(
                &root.span,
                "this schema declares no tables",
                "add `tables:`, or `tables: {}` if an empty database is meant",
            ),
        }
        self.check_foreign_keys();
        let names = self.schema.tables.keys().chain(self.schema.enums.keys());
        let namespaces: Vec<_> = names.filter_map(|name| name.schema.clone()).collect();
        self.schema.namespaces.extend(namespaces);
    }

    fn texts(&self, root: &Node, key: &str) -> BTreeSet<String> {
        let chosen = root.get(key).and_then(|node| engine::choose_or_none(node, self.vendor));
        chosen.map(Node::texts).unwrap_or_default().into_iter().map(str::to_owned).collect()
    }

    fn shared_enum(&mut self, entry: &Entry) {
        let node = &entry.value;
        let name = self.qualified(entry);
        let labels = self.labels(node.get("values").unwrap_or(node));
        let here = engine::includes(node.get("engines"), self.vendor);
        let as_check = node.text_of("storage") == Some("check");
        let comment = node.text_of("comment").map(str::to_owned);
        if here {
            // An enum type exists whether or not a column uses it.
            let request = EnumRequest { table: &name, column: "", name: &name, labels: &labels, as_check };
            if let Some(mut made) = self.dialect.enum_column(&request).enum_type {
                made.comment.clone_from(&comment);
                self.schema.enums.insert(name.clone(), made);
            }
            self.name_fits(&name.name, &entry.key_span);
        }
        self.enums.insert(entry.key.clone(), SharedEnum { name, labels, as_check, comment, here });
    }

    /// The labels of an enum.
    pub fn labels(&mut self, node: &Node) -> Vec<String> {
        let mut labels: Vec<String> = Vec::new();
        for item in node.items() {
            let Some(text) = item.text() else { continue };
            if labels.iter().any(|label| label == text) {
                self.problem(&item.span, format!("`{text}` stands here a second time"), "keep one of the two");
            }
            labels.push(text.to_owned());
        }
        labels
    }

    /// The name that a table or enum is written under: `schema.name`, or `{ schema: …, name: … }` inside.
    pub fn qualified(&mut self, entry: &Entry) -> QName {
        let node = &entry.value;
        if node.get("schema").is_some() || node.get("name").is_some() {
            let name = node.text_of("name").unwrap_or(&entry.key);
            return match node.text_of("schema") {
                Some(schema) => QName::qualified(schema, name),
                None => QName::bare(name),
            };
        }
        self.dotted(&entry.key, &entry.key_span)
    }

    /// A name as it is written in one text.
    pub fn dotted(&mut self, text: &str, span: &Span) -> QName {
        match text.split('.').collect::<Vec<_>>().as_slice() {
            [name] => QName::bare(*name),
            [schema, name] if !schema.is_empty() && !name.is_empty() => QName::qualified(*schema, *name),
            _ => {
                let help =
                    "a dot stands between schema and name; write a name that contains one as `{ schema: …, name: … }`";
                self.problem(span, format!("`{text}` is no name"), help);
                QName::bare(text)
            }
        }
    }

    /// Adds a problem.
    pub fn problem(&mut self, span: &Span, message: impl Into<String>, help: impl Into<String>) {
        self.problems.add(Diagnostic::new(span, message).help(help));
    }

    /// Leaves open whether a column is NOT NULL only where it makes no difference.
    fn keep_open(&mut self) {
        let (rules, tables) = (&self.rules, &self.schema.tables);
        self.unsaid.retain(|(table, column)| {
            let column = tables.get(table).and_then(|table| table.column(column));
            rules.numbers_without_not_null && column.is_some_and(|column| column.identity.is_some())
        });
    }

    /// Reports a name that the server cannot keep.
    pub fn name_fits(&mut self, name: &str, span: &Span) {
        if name.contains('\0') {
            self.problem(span, "a name must not contain a NUL character", "write another name");
        } else if name.is_empty() && !self.rules.empty_names {
            self.problem(span, "a name must not be empty", "write a name");
        } else if in_quarantine(name).is_some() {
            let message = format!("`{name}` is a name for what was dropped and is kept for a while");
            self.problem(span, message, "choose another name; `renamed_from` may name it, to have it back");
        } else if let Some(limit) = self.dialect.name_too_long(name) {
            let message = format!("`{name}` is too long: {} {} are kept", limit.limit, limit.unit);
            self.problem(span, message, "choose a shorter name");
        }
    }

    /// Options by the engine's own keys: those for all, then the engine's, then the vendor's.
    pub fn options(&mut self, node: &Node) -> BTreeMap<String, String> {
        let Some(node) = node.get("options") else { return BTreeMap::new() };
        let maps = if engine::is_per_engine(node) {
            ["any", self.vendor.engine().key(), engine::key(self.vendor)]
                .iter()
                .filter_map(|key| node.get(key))
                .collect()
        } else {
            vec![node]
        };
        let mut options = BTreeMap::new();
        for entry in maps.into_iter().flat_map(Node::entries) {
            self.option(&mut options, &entry.key, &entry.value);
        }
        options
    }

    /// The text under a key, as it is for this server; nothing where nothing is said for it.
    pub fn optional_text(&self, node: &Node, key: &str) -> Option<String> {
        let chosen = engine::choose_or_none(node.get(key)?, self.vendor)?;
        chosen.text().map(str::to_owned)
    }

    /// The expression under a key, as it is for this server, where one must be said for each.
    pub fn expression(&mut self, node: &Node, key: &str) -> Option<String> {
        let chosen = engine::choose(node.get(key)?, self.vendor, self.problems)?;
        self.sql(chosen, Form::Expression)
    }

    /// Gives the schema the engine's own form, and reports what the server cannot hold.
    fn settle(&mut self, root: &Node) {
        if !self.problems.is_empty() {
            return;
        }
        self.dialect.settle(&mut self.schema);
        for unsupported in self.dialect.unsupported(&self.schema) {
            let span = self.place_of(unsupported.table.as_ref(), unsupported.item.as_deref()).unwrap_or(&root.span);
            self.problems.add(
                Diagnostic::new(span, unsupported.message)
                    .help("write it in another way, or limit it with `engines: […]`"),
            );
        }
    }

    /// Where a table, or something in it, is declared.
    pub(super) fn place_of(&self, table: Option<&QName>, item: Option<&str>) -> Option<&'a Span> {
        let table = table?;
        let entry = self.tables.values().map(|place| place.entry).find(|entry| named(entry, table))?;
        let inside = item.and_then(|item| {
            let sections = ["columns", "indexes", "unique", "foreign_keys", "checks"];
            sections.iter().find_map(|section| entry.value.get(section)?.entry(item)).map(|entry| &entry.key_span)
        });
        Some(inside.unwrap_or(&entry.key_span))
    }
}

/// Whether an entry of `tables` is the one of that name.
pub(super) fn named(entry: &Entry, name: &QName) -> bool {
    let node = &entry.value;
    match (node.text_of("schema"), node.text_of("name")) {
        (None, None) => entry.key == name.to_string() || entry.key == format!("public.{name}"),
        (schema, bare) => {
            let bare = bare.unwrap_or(&entry.key);
            schema.map_or_else(|| QName::bare(bare), |schema| QName::qualified(schema, bare)) == *name
        }
    }
}
