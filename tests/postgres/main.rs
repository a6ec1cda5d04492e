//! PostgreSQL: reading, rendering, altering, and what goes wrong, on a real server.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../support/mod.rs"]
mod support;

mod alter;
mod beside;
mod engine;
mod errors;
mod fingerprint;
mod fix_point;
mod hijack;
mod hostile;
mod inside;
mod killed;
mod live_data;
mod pooled;
mod rights;
mod scratch;
mod servers;
mod session;
mod types;
