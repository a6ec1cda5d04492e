//! What SQL may do on a connection. A tenant's catalog, a schema file and a plan hold SQL that somebody else wrote: it works in
//! the one database that is open, and reaches nothing beside it.

use libsqlite3_sys as c;

use super::native::{Asked, Rights};

/// The rights on every connection to a tenant and to scratch.
pub(super) struct Inside;

/// The rights of undrift's own statement that copies a database into a new file, which SQLite attaches for that.
pub(super) struct CopyingOut;

impl Rights for Inside {
    const ATTACHED: i32 = 0;

    fn allow(asked: &Asked<'_>) -> bool {
        !matches!(asked.action, c::SQLITE_ATTACH | c::SQLITE_DETACH) && stays_inside(asked)
    }
}

impl Rights for CopyingOut {
    const ATTACHED: i32 = 1;

    fn allow(asked: &Asked<'_>) -> bool {
        matches!(asked.action, c::SQLITE_ATTACH | c::SQLITE_DETACH) || stays_inside(asked)
    }
}

/// Functions of SQLite, its shell and its usual extensions that reach files or memory. The library that is linked has few of
/// them; what it gets one day is refused beforehand.
const FUNCTIONS: [&str; 9] = [
    "edit",
    "fsdir",
    "fts3_tokenizer",
    "load_extension",
    "lsmode",
    "readfile",
    "sqlar_uncompress",
    "writefile",
    "zipfile",
];

/// The modules for virtual tables that keep everything in the database.
const MODULES: [&str; 10] =
    ["dbstat", "fts3", "fts3tokenize", "fts4", "fts4aux", "fts5", "fts5vocab", "geopoly", "rtree", "rtree_i32"];

/// What may follow a PRAGMA's name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Value {
    /// Any value: it asks about what the value names, or sets something for this connection alone.
    Any,
    /// None: with one it would write the file or change what other connections see.
    None,
}

/// The PRAGMAs that undrift, SQLite itself and its modules need, and some that scripts begin with. All others are refused.
const PRAGMAS: [(&str, Value); 35] = [
    ("analysis_limit", Value::None),
    ("application_id", Value::None),
    ("auto_vacuum", Value::None),
    ("busy_timeout", Value::Any),
    ("cache_size", Value::None),
    ("case_sensitive_like", Value::None),
    ("collation_list", Value::None),
    ("compile_options", Value::None),
    ("data_version", Value::None),
    ("defer_foreign_keys", Value::Any),
    ("encoding", Value::None),
    ("foreign_key_check", Value::Any),
    ("foreign_key_list", Value::Any),
    ("foreign_keys", Value::Any),
    ("freelist_count", Value::None),
    ("function_list", Value::None),
    ("index_info", Value::Any),
    ("index_list", Value::Any),
    ("index_xinfo", Value::Any),
    ("integrity_check", Value::Any),
    ("journal_mode", Value::None),
    ("legacy_alter_table", Value::Any),
    ("max_page_count", Value::Any),
    ("module_list", Value::None),
    ("page_count", Value::None),
    ("page_size", Value::None),
    ("query_only", Value::Any),
    ("quick_check", Value::Any),
    ("recursive_triggers", Value::Any),
    ("schema_version", Value::None),
    ("synchronous", Value::Any),
    ("table_info", Value::Any),
    ("table_list", Value::Any),
    ("table_xinfo", Value::Any),
    ("user_version", Value::None),
];

/// Whether something that attaches nothing stays in the database. VACUUM is not asked about: it attaches.
fn stays_inside(asked: &Asked<'_>) -> bool {
    let listed = |names: &[&str]| {
        let name = asked.second().unwrap_or_default().to_ascii_lowercase();
        names.binary_search(&name.as_str()).is_ok()
    };
    match asked.action {
        c::SQLITE_FUNCTION => !listed(&FUNCTIONS),
        c::SQLITE_CREATE_VTABLE => listed(&MODULES),
        c::SQLITE_PRAGMA => is_harmless_pragma(asked),
        // An action of a later SQLite is refused until somebody has looked at it.
        action => (c::SQLITE_COPY..=c::SQLITE_RECURSIVE).contains(&action),
    }
}

fn is_harmless_pragma(asked: &Asked<'_>) -> bool {
    let name = asked.first().unwrap_or_default().to_ascii_lowercase();
    let Ok(place) = PRAGMAS.binary_search_by_key(&name.as_str(), |(name, _)| name) else { return false };
    PRAGMAS[place].1 == Value::Any || asked.second().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_searched_is_sorted() {
        assert!(FUNCTIONS.is_sorted() && MODULES.is_sorted());
        assert!(PRAGMAS.iter().is_sorted_by_key(|(name, _)| name));
    }
}
