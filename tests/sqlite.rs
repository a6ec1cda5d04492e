//! SQLite: reading, building, changing, locking, on real files.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

#[path = "sqlite/bench.rs"]
mod bench;
#[path = "sqlite/changes.rs"]
mod changes;
#[path = "sqlite/declared.rs"]
mod declared;
#[path = "sqlite/exported.rs"]
mod exported;
#[path = "sqlite/fixpoint.rs"]
mod fixpoint;
#[path = "sqlite/harmless.rs"]
mod harmless;
#[path = "sqlite/hostile.rs"]
mod hostile;
#[path = "sqlite/live.rs"]
mod live;
#[path = "sqlite/live_data.rs"]
mod live_data;
#[path = "sqlite/pairs.rs"]
mod pairs;
#[path = "sqlite/spelling.rs"]
mod spelling;
#[path = "sqlite/trouble.rs"]
mod trouble;
#[path = "sqlite/walls.rs"]
mod walls;
