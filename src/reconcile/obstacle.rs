//! What has the name of a wanted table and is none that undrift models.

use crate::diff::Obstacle;

/// What each kind of thing holds that would be gone with it.
const HOLDS: [(&str, &str); 12] = [
    ("system-versioned table", "it keeps what its rows were before"),
    ("table with a period", "it keeps from when until when its rows hold"),
    ("partitioned table", "its rows are in partitions"),
    ("partition", "its rows are a part of another table's"),
    ("inheriting table", "its rows are a part of another table's"),
    ("typed table", "its columns are those of a type"),
    ("merge table", "its rows are in other tables"),
    ("federated table", "its rows are on another server"),
    ("foreign table", "its rows are on another server"),
    ("materialized view", "it keeps what a query returned"),
    ("virtual table", "a module of SQLite keeps what is in it"),
    ("sequence", "it counts for whoever asks it"),
];

/// What to do that loses nothing, whatever it is.
pub(super) const ADVICE: &str = "take the table out of the schema and write its name under `ignore: { tables: […] }`: undrift \
    leaves it alone then, with all that is in it; where the schema's table is meant to be another one, rename either";

/// What is in the way.
pub(super) fn sentence(obstacle: &Obstacle) -> String {
    let Obstacle { table, kind } = obstacle;
    let holds = HOLDS.iter().find(|(name, _)| name == kind).map(|(_, holds)| format!(" ({holds})"));
    format!(
        "{table} is a {kind} here{}, which undrift does not model; the schema wants an ordinary table of that name",
        holds.unwrap_or_default()
    )
}
