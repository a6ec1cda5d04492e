//! The private MariaDB server.

use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use super::server::{Server, fed, feed};

/// The MariaDB server of this test process, started on first use.
pub fn mariadb() -> &'static MariadbServer {
    static SERVER: LazyLock<MariadbServer> = LazyLock::new(MariadbServer::start);
    &SERVER
}

/// A MariaDB server whose `root` needs no password over the socket.
pub struct MariadbServer {
    server: Server,
}

impl MariadbServer {
    fn start() -> Self {
        Self { server: Server::start("mariadb", None, knock) }
    }

    /// Kills it, as the kernel does when memory is short.
    pub fn kill(&self) {
        self.server.kill();
    }

    /// Starts it again after it was killed.
    pub fn start_again(&self) {
        self.server.start_again(knock);
    }

    /// Creates an empty database and returns its URL.
    pub fn database(&self, hint: &str) -> String {
        let name = self.server.unused_name(hint);
        self.sql(&self.url("mysql"), &format!("CREATE DATABASE `{name}`"));
        self.url(&name)
    }

    /// Creates a copy of a database, and returns its URL.
    pub fn copy(&self, url: &str) -> String {
        let copy = self.database("copy");
        self.sql(&copy, &feed(&mut self.client("mariadb-dump", url), ""));
        copy
    }

    /// The URL of a database of this server, over its socket.
    pub fn url(&self, database: &str) -> String {
        format!("mysql://root@localhost/{database}?socket={}", self.server.folder.join("socket").display())
    }

    /// The URL of a database of this server, over TCP, for `login` (`name` or `name:password`).
    pub fn tcp_url(&self, login: &str, database: &str) -> String {
        format!("mysql://{login}@127.0.0.1:{}/{database}", self.server.port)
    }

    /// Runs a script, stopping at the first error.
    pub fn sql(&self, url: &str, sql: &str) {
        feed(&mut self.client("mariadb", url), sql);
    }

    /// Whether a script goes through.
    pub fn takes(&self, url: &str, sql: &str) -> bool {
        fed(&mut self.client("mariadb", url), sql).status.success()
    }

    /// Runs a query and returns its rows, one a line, columns apart by tabs.
    pub fn query(&self, url: &str, sql: &str) -> String {
        feed(self.client("mariadb", url).args(["--batch", "--skip-column-names"]), sql).trim_end().to_owned()
    }

    /// The database's structure as `mariadb-dump` writes it.
    pub fn dump(&self, url: &str) -> String {
        feed(self.client("mariadb-dump", url).args(["--no-data", "--compact", "--skip-comments"]), "")
    }

    /// The same of what these options say.
    pub fn dump_with(&self, options: &[&str]) -> String {
        feed(self.login("mariadb-dump").arg("--no-data").args(options), "")
    }

    fn client(&self, program: &str, url: &str) -> Command {
        let mut client = self.login(program);
        client.arg(database_of(url));
        client
    }

    fn login(&self, program: &str) -> Command {
        let mut client = Command::new(program);
        client.args(["--no-defaults", "--user=root", "--default-character-set=utf8mb4"]);
        client.arg(format!("--socket={}", self.server.folder.join("socket").display()));
        client
    }
}

/// A client that gets through when the server is ready.
fn knock(folder: &Path, _port: u16) -> Command {
    let mut client = Command::new("mariadb");
    client.args(["--no-defaults", "--user=root", "--execute=SELECT 1"]);
    client.arg(format!("--socket={}", folder.join("socket").display()));
    client
}

/// The `shop_1` in `mysql://root@localhost/shop_1?socket=…`.
fn database_of(url: &str) -> &str {
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = after_scheme.split_once('/').map_or("", |(_, path)| path);
    path.split('?').next().unwrap_or(path)
}
