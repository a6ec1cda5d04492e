//! The declared schema: a YAML file, with what it extends, made into a schema for one server.
//!
//! [`load`] reads and merges files and reports everything that is wrong with them whatever the
//! engine; [`Declared::wanted`] asks a dialect for the engine's types and defaults and reports what
//! is wrong on that engine. [`export`] goes the other way. What is in a database, and what differs,
//! is not known here.

mod build;
mod columns;
mod defaults;
mod engine;
mod export;
mod extends;
mod foreign_keys;
mod members;
mod moves;
mod names;
mod script;
mod shapes;
mod switches;
mod tables;
mod texts;

use std::collections::BTreeSet;
use std::path::Path;

use crate::dialect::Dialect;
use crate::model::{Extras, Hash, QName, Renames, Schema, Scope, Vendor};
use crate::yaml::{self, Kind, Report, Shape};

pub use export::export;
pub use script::Script;

use extends::Module;

/// SQL dumps larger than this are not declared schemas.
const LARGEST_SQL: u64 = 64 * 1024 * 1024;

/// What somebody declared, before it is made into anything for an engine.
#[derive(Clone, Debug)]
pub enum Declared {
    /// A YAML file with all that it extends.
    Yaml(Yaml),
    /// A script for one engine: it is run in a scratch database to learn what it declares.
    Sql {
        /// Where it stands.
        path: String,
        /// The script.
        text: String,
    },
}

/// A YAML file with all that it extends.
#[derive(Clone, Debug)]
pub struct Yaml {
    module: Module,
    path: String,
    hash: Hash,
}

/// What a database shall look like, for one server.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The schema, in the engine's words.
    pub schema: Schema,
    /// The old names that it knows, and what fills new columns.
    pub renames: Renames,
    /// What does not count.
    pub scope: Scope,
    /// Columns of which nobody said whether they are NOT NULL, and where it makes no difference:
    /// either is right.
    pub unsaid: BTreeSet<(QName, String)>,
    /// What becomes of things that nobody declared.
    pub extras: Extras,
    /// The hash of all of this.
    pub hash: Hash,
    /// The schema's name.
    pub name: String,
    /// The schema's version, for people.
    pub version: Option<String>,
}

/// Reads a schema file and all that it extends. What a `.sql` file means depends on the engine.
///
/// # Errors
/// Everything that is wrong with it whatever the engine.
pub fn load(path: &Path) -> Result<Declared, Report> {
    if is_sql(path) {
        let text = yaml::read_text(path, LARGEST_SQL)?;
        return script::plain(path.display().to_string(), text);
    }
    checked(Module::read(path)?, path.display().to_string())
}

/// Takes a text as if it stood in a file of that path.
///
/// # Errors
/// Everything that is wrong with it whatever the engine.
pub fn parse(path: &str, text: &str) -> Result<Declared, Report> {
    checked(Module::parse(path, text)?, path.to_owned())
}

/// Everything that is wrong with a file: what [`load`] says and, whatever that was, what it would
/// mean on each of these servers.
pub fn check(path: &Path, dialects: &[Box<dyn Dialect>]) -> Report {
    if is_sql(path) {
        return load(path).map_or_else(|report| report, |declared| declared.check(dialects));
    }
    let module = match Module::read(path) {
        Ok(module) => module,
        Err(report) => return report,
    };
    let path = path.display().to_string();
    let mut problems = form(&module);
    let hash = Hash::of_json(&module.texts());
    problems.extend(Declared::Yaml(Yaml { module, path, hash }).check(dialects));
    problems
}

/// What a file holds that is not wrong and that nobody compares: statements of a script that are passed over.
pub fn notes(path: &Path, dialects: &[Box<dyn Dialect>]) -> Report {
    match is_sql(path).then(|| load(path)) {
        Some(Ok(Declared::Sql { path, text })) => script::notes(&path, &text, dialects),
        _ => Report::new(),
    }
}

fn is_sql(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("sql"))
}

/// What is wrong with the form of a file: keys and types.
fn form(module: &Module) -> Report {
    let mut problems = Report::new();
    for vendor in engine::VENDORS {
        let root = module.merged(vendor, &mut problems);
        yaml::check(&root, &Kind::Object(&shapes::SCHEMA), &mut problems);
    }
    problems
}

fn checked(module: Module, path: String) -> Result<Declared, Report> {
    let hash = Hash::of_json(&module.texts());
    form(&module).or(Declared::Yaml(Yaml { module, path, hash }))
}

impl Wanted {
    /// A schema in which the columns that may be either are as they are wanted: for comparing.
    pub fn with_unsaid(&self, mut actual: Schema) -> Schema {
        for (name, column) in &self.unsaid {
            if let Some(column) = actual.tables.get_mut(name).and_then(|table| table.column_mut(column)) {
                column.nullable = false;
            }
        }
        actual
    }
}

impl Declared {
    /// The script, if it is one, as an engine reads it.
    ///
    /// # Errors
    /// Every statement that cannot stand in a schema.
    pub fn script(&self, dialect: &dyn Dialect) -> Result<Option<Script>, Report> {
        match self {
            Declared::Yaml(_) => Ok(None),
            Declared::Sql { path, text } => Script::read(path, text, dialect).map(Some),
        }
    }

    /// What tells it from other declared schemas: the hash of all its files.
    pub fn hash(&self) -> Hash {
        match self {
            Declared::Yaml(yaml) => yaml.hash,
            Declared::Sql { text, .. } => Hash::of(text),
        }
    }

    /// The path it was read from.
    pub fn path(&self) -> &str {
        match self {
            Declared::Yaml(yaml) => &yaml.path,
            Declared::Sql { path, .. } => path,
        }
    }

    /// What it means for one server. Of a script only a server can tell the schema: here it holds the extensions alone.
    ///
    /// # Errors
    /// Everything that is wrong with it on that server.
    pub fn wanted(&self, dialect: &dyn Dialect) -> Result<Wanted, Report> {
        match self {
            Declared::Yaml(yaml) => {
                let mut problems = Report::new();
                let root = yaml.module.merged(dialect.platform().vendor, &mut problems);
                let wanted = build::wanted(&root, &stem(&yaml.path), dialect, &mut problems);
                problems.on(&dialect.platform().vendor.to_string()).or(wanted)
            }
            Declared::Sql { path, text } => Ok(Wanted {
                schema: Script::read(path, text, dialect)?.schema(),
                renames: Renames::none(dialect.platform().engine()),
                scope: Scope::default(),
                unsaid: BTreeSet::new(),
                extras: Extras::default(),
                hash: Hash::of(text),
                name: stem(path),
                version: None,
            }),
        }
    }

    /// Everything that is wrong with it on any of these servers. Those that the file says it is not
    /// for are left out, unless that is all of them.
    pub fn check(&self, dialects: &[Box<dyn Dialect>]) -> Report {
        if let Declared::Sql { path, text } = self {
            return script::check(path, text, dialects);
        }
        let mut meant: Vec<_> = dialects.iter().filter(|dialect| self.is_for(dialect.platform().vendor)).collect();
        if meant.is_empty() {
            meant = dialects.iter().collect();
        }
        let mut problems = Report::new();
        for dialect in &meant {
            if let Err(report) = self.wanted(dialect.as_ref()) {
                problems.extend(report);
            }
        }
        problems.of_servers(meant.len())
    }

    /// Whether the file says that it is for such a server.
    fn is_for(&self, vendor: Vendor) -> bool {
        match self {
            Declared::Yaml(yaml) => engine::includes(yaml.module.node.get("engines"), vendor),
            Declared::Sql { .. } => true,
        }
    }
}

/// The name of a schema that has none: its file's.
fn stem(path: &str) -> String {
    Path::new(path).file_stem().map_or_else(|| "schema".to_owned(), |stem| stem.to_string_lossy().into_owned())
}

/// The JSON Schema of schema files, for editors.
pub fn json_schema() -> serde_json::Value {
    yaml::json_schema("undrift schema", &shapes::SCHEMA)
}

/// Every object that a schema file may hold, with its keys.
pub fn objects() -> &'static [&'static Shape] {
    shapes::ALL
}
