//! A private PgBouncer in front of the private PostgreSQL server.

use std::path::Path;
use std::process::Command;

use super::postgres::postgres;
use super::server::Server;

/// A running pooler. It keeps at most a few connections to each database.
pub struct Pgbouncer {
    server: Server,
}

impl Pgbouncer {
    /// Starts one in a mode (`session`, `transaction`, `statement`), with more lines for its configuration.
    pub fn start(mode: &str, more: &str) -> Self {
        let server = postgres().tcp_url("postgres", "postgres");
        let port = server.rsplit(':').next().and_then(|rest| rest.split('/').next()).expect("a port");
        // With any login let in, the databases name the one that is used.
        let configuration = format!(
            "[databases]\n* = user=postgres host=127.0.0.1 port={port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nunix_socket_dir =\n\
             auth_type = any\npool_mode = {mode}\ndefault_pool_size = 4\n{more}\n"
        );
        let prepare = |folder: &Path| std::fs::write(folder.join("pgbouncer.ini"), &configuration).expect("it is ours");
        let ready = |_: &Path, port: u16| {
            let mut client = Command::new("psql");
            let url = format!("postgres://postgres@127.0.0.1:{port}/postgres");
            client.args(["-X", "-q", "-c", "SELECT 1", &url]);
            client
        };
        Self { server: Server::start_in("pgbouncer", None, prepare, ready) }
    }

    /// The URL of a database behind it.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.server.port)
    }
}
