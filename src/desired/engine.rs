//! What of a file is for which engine: `engines: […]` and values that differ per engine.

use crate::model::{Engine, QName, Spelling, Vendor};
use crate::yaml::{Diagnostic, Node, Report, Span};

/// The keys that may stand for an engine.
pub const KEYS: [&str; 5] = ["postgres", "mysql", "mariadb", "sqlite", "any"];

/// All servers that a file can be for, in the order of the documentation.
pub const VENDORS: [Vendor; 4] = [Vendor::Postgres, Vendor::Mysql, Vendor::Mariadb, Vendor::Sqlite];

/// The key of a server in schema files.
pub fn key(vendor: Vendor) -> &'static str {
    match vendor {
        Vendor::Postgres => "postgres",
        Vendor::Mysql => "mysql",
        Vendor::Mariadb => "mariadb",
        Vendor::Sqlite => "sqlite",
    }
}

/// Whether an object with these `engines` is for this server.
pub fn includes(engines: Option<&Node>, vendor: Vendor) -> bool {
    let Some(engines) = engines else { return true };
    let named = engines.texts();
    named.contains(&key(vendor)) || named.contains(&vendor.engine().key())
}

/// Whether a map gives a value per engine.
pub fn is_per_engine(node: &Node) -> bool {
    node.entries().iter().any(|entry| KEYS.contains(&entry.key.as_str()))
}

/// What a map says for this server: its own key, its engine's, or `any`.
pub fn entry(node: &Node, vendor: Vendor) -> Option<&Node> {
    [key(vendor), vendor.engine().key(), "any"].into_iter().find_map(|key| node.entry(key)).map(|entry| &entry.value)
}

/// The value for this server where none may be missing: the node itself, or what its map says.
/// A map without one is reported.
pub fn choose<'a>(node: &'a Node, vendor: Vendor, problems: &mut Report) -> Option<&'a Node> {
    if !node.is_map() || !is_per_engine(node) {
        return Some(node);
    }
    let chosen = entry(node, vendor);
    if chosen.is_none() {
        problems.add(missing(&node.span));
    }
    chosen
}

/// The value for this server where none means none.
pub fn choose_or_none(node: &Node, vendor: Vendor) -> Option<&Node> {
    let chosen = if node.is_map() && is_per_engine(node) { entry(node, vendor) } else { Some(node) };
    chosen.filter(|node| !node.is_null())
}

/// Nothing is said for a server that is in use.
pub fn missing(span: &Span) -> Diagnostic {
    Diagnostic::new(span, "nothing is said here for an engine that is in use")
        .help("add the engine's key, or `any: …` for all engines that are not named")
}

/// How strict a server is about things that a schema file could get wrong.
pub struct Rules {
    /// A primary key may hold NULL.
    pub nullable_keys: bool,
    /// A table may have no columns.
    pub empty_tables: bool,
    /// A foreign key refers to the leading columns of any index, in their order.
    pub refers_to_any_index: bool,
    /// Index names are unique per table rather than per schema.
    pub index_names_per_table: bool,
    /// Which names are the same although their case differs.
    pub spelling: Spelling,
    /// `autoincrement: true` means something.
    pub knows_autoincrement: bool,
    /// A column that numbers rows is never NULL, whether or not it is declared NOT NULL.
    pub numbers_without_not_null: bool,
    /// A foreign key may point nowhere.
    pub dangling_keys: bool,
    /// A name may be empty.
    pub empty_names: bool,
}

impl Rules {
    /// Whether two texts name the same column.
    pub fn same_column(&self, one: &str, other: &str) -> bool {
        self.spelling.same(one, other)
    }

    /// Whether two names are one table's.
    pub fn same_table(&self, one: &QName, other: &QName) -> bool {
        self.spelling.same_table(one, other)
    }
}

/// The rules of a server.
pub fn rules(vendor: Vendor) -> Rules {
    let engine = vendor.engine();
    Rules {
        nullable_keys: engine == Engine::Sqlite,
        empty_tables: engine == Engine::Postgres,
        refers_to_any_index: engine == Engine::Mysql,
        index_names_per_table: engine == Engine::Mysql,
        spelling: Spelling::of(engine),
        knows_autoincrement: engine == Engine::Sqlite,
        numbers_without_not_null: engine == Engine::Sqlite,
        dangling_keys: engine == Engine::Sqlite,
        empty_names: engine == Engine::Sqlite,
    }
}
