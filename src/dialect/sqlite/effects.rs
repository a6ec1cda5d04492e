//! What each kind of change does to a file. SQLite has one writer at a time; readers go on in WAL mode, and wait in the
//! others only while a transaction is committed.
//!
//! Each row is compared with the plans that are made by `tests/sqlite`, and stands in `docs/live-data.md`.

/// How a change is carried out, from the one that takes least to the one that takes most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// Only the catalog changes.
    Catalog,
    /// An index is built over the rows.
    Index,
    /// Rows are written where they are.
    Rows,
    /// The table is built anew beside the old one, and takes its place.
    Rebuild,
}

/// What a kind of change does.
#[derive(Clone, Copy, Debug)]
pub struct Effect {
    /// What happens, in words.
    pub change: &'static str,
    /// How it is carried out.
    pub way: Way,
    /// Where it is otherwise.
    pub note: &'static str,
    /// The columns and constraints of a table before and after such a change, and a statement after it.
    pub example: [[&'static str; 2]; 2],
}

const fn effect(change: &'static str, way: Way, example: [[&'static str; 2]; 2], note: &'static str) -> Effect {
    Effect { change, way, note, example }
}

const fn plain(change: &'static str, way: Way, from: &'static str, to: &'static str, note: &'static str) -> Effect {
    effect(change, way, [[from, ""], [to, ""]], note)
}

use Way::{Catalog, Index, Rebuild, Rows};

/// The table.
pub const EFFECTS: &[Effect] = &[
    plain("add a column", Catalog, "id INT", "id INT, a TEXT NOT NULL DEFAULT 'x'", "with a check, the rows are read"),
    plain("add a VIRTUAL column", Catalog, "id INT", "id INT, a INT AS (id + 1)", ""),
    plain(
        "add a column with a default that is computed, a key, or STORED",
        Rebuild,
        "id INT",
        "id INT, a TEXT DEFAULT CURRENT_TIMESTAMP",
        "",
    ),
    plain(
        "drop a column",
        Rows,
        "id INT, a INT",
        "id INT",
        "with a key, a foreign key, a check or a generated column over it: built anew",
    ),
    plain("change a type, a default, a collation, NULL or NOT NULL", Rebuild, "id INT, a INT", "id INT, a TEXT", ""),
    effect(
        "add an index",
        Index,
        [["id INT, a INT", ""], ["id INT, a INT", "CREATE INDEX k ON t (a)"]],
        "duplicates are counted first, for a unique one",
    ),
    effect("drop an index", Catalog, [["id INT, a INT", "CREATE INDEX k ON t (a)"], ["id INT, a INT", ""]], ""),
    plain("add a primary key or a unique constraint", Rebuild, "id INT, a INT", "id INT, a INT UNIQUE", ""),
    plain(
        "add a foreign key",
        Rebuild,
        "id INTEGER PRIMARY KEY, a INT",
        "id INTEGER PRIMARY KEY, a INT REFERENCES t (id)",
        "together with its column: as adding a column",
    ),
    plain(
        "add or drop a check",
        Rebuild,
        "id INT",
        "id INT CHECK (id > 0)",
        "together with its column: as adding a column",
    ),
    effect("make a table STRICT or WITHOUT ROWID", Rebuild, [["id INT, a TEXT", ""], ["id INT, a TEXT", "STRICT"]], ""),
];
