//! A whole fleet on real servers, with everything going wrong at once; and the service at its work for long.
//!
//! Small and short by itself. `UNDRIFT_FLEET=full` makes it 200 PostgreSQL databases, 200 MariaDB databases and 500
//! SQLite files; `UNDRIFT_SOAK=30m` says how long the service is watched.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::print_stdout, reason = "a long run says how far it is")]

#[path = "../support/mod.rs"]
mod support;

#[allow(dead_code, reason = "the service's own tests use the rest")]
#[path = "../service/daemon.rs"]
mod daemon;

#[allow(dead_code, reason = "the tests of metrics use the rest")]
#[path = "../metrics/expressions.rs"]
mod expressions;

mod books;
mod drift;
mod fleet;
mod panels;
mod size;
mod soak;
mod truth;
mod world;
