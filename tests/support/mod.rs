//! What every acceptance test stands on: private servers, throw-away files, and the real binary.
//!
//! A server is started when a test of the process first asks for it and dies with the process, in
//! a folder and on a port of its own. Tests never skip: a server that cannot be had is a failure.
#![allow(dead_code, unused_imports, reason = "every test binary uses its own part of this")]

mod cli;
pub mod live_data;
mod mariadb;
mod pgbouncer;
mod postgres;
mod prometheus;
mod server;
mod sqlite;
mod tenant;

pub use cli::{Cli, Output, undrift};
pub use mariadb::{MariadbServer, mariadb};
pub use pgbouncer::Pgbouncer;
pub use postgres::{PostgresServer, another_postgres, postgres, postgres_with_passwords};
pub use prometheus::{Prometheus, promtool};
pub use sqlite::{folder, sqlite, sqlite_query, sqlite_sql, sqlite_takes};
pub use tenant::{Engine, Tenant};
