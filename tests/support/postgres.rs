//! The private PostgreSQL server.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;

use super::server::{Server, fed, feed};

/// The PostgreSQL server of this test process, started on first use.
pub fn postgres() -> &'static PostgresServer {
    static SERVER: LazyLock<PostgresServer> = LazyLock::new(PostgresServer::start);
    &SERVER
}

/// Another server of the same version, which lets logins in over TCP with their passwords only.
pub fn postgres_with_passwords() -> &'static PostgresServer {
    static SERVER: LazyLock<PostgresServer> = LazyLock::new(|| {
        let server = PostgresServer::start();
        server.let_in("local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n");
        server
    });
    &SERVER
}

/// A server of a test's own, which it may spoil.
pub fn another_postgres() -> PostgresServer {
    PostgresServer::start()
}

/// A PostgreSQL server whose superuser `postgres` needs no password.
pub struct PostgresServer {
    server: Server,
    binaries: PathBuf,
}

impl PostgresServer {
    fn start() -> Self {
        let binaries = binaries();
        let server = Server::start("postgres", Some(&binaries), |folder, port| {
            let mut client = Command::new(binaries.join("pg_isready"));
            client.arg("-q").arg("-h").arg(folder).arg("-p").arg(port.to_string());
            client
        });
        Self { server, binaries }
    }

    /// Changes who is let in, and how.
    pub fn let_in(&self, lines: &str) {
        std::fs::write(self.server.folder.join("data/pg_hba.conf"), lines).expect("the server's folder can be written");
        self.sql(&self.url("postgres"), "SELECT pg_reload_conf()");
        // The server takes note of it a moment later.
        std::thread::sleep(std::time::Duration::from_millis(300));
    }

    /// Creates an empty database and returns its URL.
    pub fn database(&self, hint: &str) -> String {
        let name = self.server.unused_name(hint);
        self.sql(&self.url("postgres"), &format!("CREATE DATABASE \"{name}\" TEMPLATE template0"));
        self.url(&name)
    }

    /// Creates a copy of a database that nobody uses, and returns its URL.
    pub fn copy(&self, url: &str) -> String {
        let (name, original) = (self.server.unused_name("copy"), database_of(url));
        self.sql(&self.url("postgres"), &format!("CREATE DATABASE \"{name}\" TEMPLATE \"{original}\""));
        self.url(&name)
    }

    /// The URL of a database of this server, over its socket.
    pub fn url(&self, database: &str) -> String {
        let Server { folder, port, .. } = &self.server;
        format!("postgres://postgres@localhost/{database}?host={}&port={port}", folder.display())
    }

    /// The URL of a database of this server, over TCP, for another login. Any password will do.
    pub fn tcp_url(&self, login: &str, database: &str) -> String {
        format!("postgres://{login}@127.0.0.1:{}/{database}", self.server.port)
    }

    /// Runs a script, stopping at the first error.
    pub fn sql(&self, url: &str, sql: &str) {
        feed(&mut self.psql(url), sql);
    }

    /// Whether a script goes through.
    pub fn takes(&self, url: &str, sql: &str) -> bool {
        fed(&mut self.psql(url), sql).status.success()
    }

    /// Runs a query and returns its rows, one a line, columns apart by `|`.
    pub fn query(&self, url: &str, sql: &str) -> String {
        feed(self.psql(url).arg("-At"), sql).trim_end().to_owned()
    }

    /// Runs a script in a session that stays open, with its transaction, until the client is killed.
    pub fn session(&self, url: &str, sql: &str) -> Child {
        let client = self.psql(url).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("psql runs");
        writeln!(client.stdin.as_ref().expect("it is piped"), "{sql}").expect("it listens");
        client
    }

    /// The database's structure as `pg_dump` writes it.
    pub fn dump(&self, url: &str) -> String {
        let mut client = Command::new(self.binaries.join("pg_dump"));
        feed(client.args(["--schema-only", "--no-owner", "--no-privileges"]).arg(url), "")
    }

    /// The same with these options alone.
    pub fn dump_with(&self, url: &str, options: &[&str]) -> String {
        feed(Command::new(self.binaries.join("pg_dump")).args(options).arg(url), "")
    }

    /// The client, with notices off: they are not errors.
    fn psql(&self, url: &str) -> Command {
        let mut client = Command::new(self.binaries.join("psql"));
        client.env("PGOPTIONS", "--client-min-messages=warning");
        client.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d"]).arg(url);
        client
    }
}

/// The `shop_1` in `postgres://postgres@localhost/shop_1?host=…`.
fn database_of(url: &str) -> &str {
    let path = url.rsplit_once('?').map_or(url, |(path, _)| path);
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// Where `initdb` and its company are: what `UNDRIFT_TEST_POSTGRES_BIN` says, or Debian's newest.
fn binaries() -> PathBuf {
    if let Some(folder) = std::env::var_os("UNDRIFT_TEST_POSTGRES_BIN") {
        return PathBuf::from(folder);
    }
    let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let folders = installed.map(|entry| entry.path().join("bin")).filter(|bin| bin.join("initdb").exists());
    folders.max_by_key(|bin| version(bin)).expect(
        "no PostgreSQL in /usr/lib/postgresql: install postgresql, set UNDRIFT_TEST_POSTGRES_BIN, or run scripts/test",
    )
}

/// The 15 in `/usr/lib/postgresql/15/bin`.
fn version(bin: &Path) -> Option<u32> {
    bin.parent()?.file_name()?.to_str()?.parse().ok()
}
