//! What a pass over a fleet in sync costs, as multiples of merely connecting to every tenant.
//!
//! `cargo bench --bench fleet`, or with `TENANTS=1000`. Every number is of this machine and this run; only the
//! ratios mean something elsewhere. `PEERS` names other tools to run beside it, a line each, `name=command` with
//! `{url}` for a tenant: `PEERS='pg_dump=pg_dump -s {url} | sha256sum'`.

#[path = "../../tests/support/mariadb.rs"]
#[allow(dead_code, reason = "tests use more of it")]
mod mariadb_server;
#[path = "../../tests/support/postgres.rs"]
#[allow(dead_code, reason = "tests use more of it")]
mod postgres_server;
#[path = "../../tests/support/server.rs"]
mod server;

mod cost;
mod fleet;
mod mariadb;
mod peers;
mod postgres;
mod sqlite;
mod structure;

/// How many tenants of each engine there are.
fn tenants() -> usize {
    std::env::var("TENANTS").ok().and_then(|text| text.parse().ok()).unwrap_or(100)
}

#[tokio::main]
#[allow(clippy::print_stdout, reason = "this is what it is for")]
async fn main() {
    println!("{} tenants of each engine. CPU is that of server and client together.\n", tenants());
    println!("{:<58} {:>11} {:>11} {:>7} {:>7}", "", "CPU/tenant", "wall/tenant", "CPU ×", "wall ×");
    postgres::run().await;
    mariadb::run().await;
    sqlite::run().await;
}
