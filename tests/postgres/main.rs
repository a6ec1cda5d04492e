//! PostgreSQL: reading, rendering, altering, and what goes wrong, on a real server.

#[path = "../support/mod.rs"]
mod support;

mod alter;
mod engine;
mod errors;
mod fingerprint;
mod fix_point;
mod hostile;
mod session;
