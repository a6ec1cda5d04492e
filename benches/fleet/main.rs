//! What a pass over a fleet in sync costs, as multiples of merely connecting to every tenant; what a change costs, as
//! a multiple of the bare statement; and how much memory the service takes for a large fleet.
//!
//! `cargo bench --bench fleet`, or with `TENANTS=1000`, or with the names of some of its parts:
//! `cargo bench --bench fleet -- sqlite sqlite-changes`. Every number is of this machine and this run; only the ratios
//! mean something elsewhere. Parts: `postgres`, `postgres-tls`, `mariadb`, `sqlite`, `postgres-changes`, `mariadb-changes`,
//! `sqlite-changes`, and, only when asked for, `memory`, which makes `TENANTS` (or 10,000) SQLite files in five shapes,
//! runs the service over them and says the most memory that it took.
//!
//! `PEERS`, `PEERS_MARIADB` and `PEERS_SQLITE` name other tools to run beside it on ten tenants, a line each, as
//! `name=command`. In a command `{url}` stands for a tenant's URL, `{database}` for its database, `{socket}` for
//! MariaDB's socket, `{path}` for SQLite's file. `scripts/peers` installs some and prints what to set.

#[path = "../../tests/support/mariadb.rs"]
#[allow(dead_code, reason = "tests use more of it")]
mod mariadb_server;
#[path = "../../tests/support/postgres.rs"]
#[allow(dead_code, reason = "tests use more of it")]
mod postgres_server;
#[path = "../../tests/support/server.rs"]
mod server;

mod changes;
mod cost;
mod fleet;
mod mariadb;
mod memory;
mod peers;
mod postgres;
mod sqlite;
mod structure;

/// How many tenants of each engine there are.
fn tenants() -> usize {
    tenants_or(100)
}

fn tenants_or(usual: usize) -> usize {
    std::env::var("TENANTS").ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// Whether a part is to be run: all but the memory are, unless some are named.
fn wanted(part: &str) -> bool {
    let mut named = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).peekable();
    if named.peek().is_none() { part != "memory" } else { named.any(|name| name == part) }
}

#[tokio::main]
#[allow(clippy::print_stdout, reason = "this is what it is for")]
async fn main() {
    if wanted("memory") {
        memory::run().await;
    }
    println!("{} tenants of each engine. CPU is that of server and client together.\n", tenants());
    println!("{:<66} {:>11} {:>11} {:>11} {:>8} {:>8}", "", "CPU/tenant", "client's", "wall/tenant", "CPU ×", "wall ×");
    if wanted("postgres") {
        postgres::run().await;
    }
    if wanted("postgres-tls") {
        postgres::encrypted().await;
    }
    if wanted("mariadb") {
        mariadb::run().await;
    }
    if wanted("sqlite") {
        sqlite::run().await;
    }
    if wanted("postgres-changes") {
        postgres::change().await;
    }
    if wanted("mariadb-changes") {
        mariadb::change().await;
    }
    if wanted("sqlite-changes") {
        sqlite::change().await;
    }
}
