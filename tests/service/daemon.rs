//! Starting the service in a folder, and asking it what it sees.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{Cli, Engine, Output};

/// The longest that anything is waited for: machines are busy.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// A fleet of SQLite tenants with a configuration.
pub struct Fleet {
    folder: tempfile::TempDir,
    /// Where undrift keeps its state.
    state: String,
}

impl Fleet {
    /// A fleet with a schema, a policy, and this many empty tenants named `t00`, `t01`, …
    pub fn new(tenants: usize, schema: &str, policy: &str) -> Self {
        Self::with_state_in(Engine::Sqlite, tenants, schema, policy)
    }

    /// The same, with undrift's own state on an engine.
    pub fn with_state_in(engine: Engine, tenants: usize, schema: &str, policy: &str) -> Self {
        let state = match engine {
            Engine::Postgres => crate::support::postgres().database("state"),
            _ => "sqlite:state.db".to_owned(),
        };
        let fleet = Self { folder: crate::support::folder(), state };
        fleet.write("schema.yaml", schema);
        fleet.write("policy.yaml", policy);
        fleet.configure("every 1s", "");
        for number in 0..tenants {
            fleet.add(&format!("t{number:02}"), "");
        }
        fleet
    }

    /// Writes `undrift.yaml` with a schedule and further keys.
    pub fn configure(&self, schedule: &str, more: &str) {
        let text = format!(
            "schema: schema.yaml\npolicy: policy.yaml\nstate: \"{}\"\nschedule: \"{schedule}\"\n\
             tenants:\n  - files: \"tenants/*.db\"\n{more}",
            self.state
        );
        self.write("undrift.yaml", &text);
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file in one go, as editors do.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().expect("it is in the folder")).expect("the folder is ours");
        let fresh = path.with_extension("new");
        std::fs::write(&fresh, text).and_then(|()| std::fs::rename(&fresh, &path)).expect("the folder is ours");
    }

    /// Makes a tenant.
    pub fn add(&self, name: &str, sql: &str) {
        self.write(&format!("tenants/{name}.db"), "");
        if !sql.is_empty() {
            self.sql(name, sql);
        }
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.path().join(format!("tenants/{name}.db"))
    }

    pub fn sql(&self, name: &str, sql: &str) {
        crate::support::sqlite_sql(&format!("sqlite:{}", self.file(name).display()), sql);
    }

    pub fn query(&self, name: &str, sql: &str) -> String {
        crate::support::sqlite_query(&format!("sqlite:{}", self.file(name).display()), sql)
    }

    /// Lets somebody hold a tenant's write lock, until what is returned is dropped. It can be read meanwhile.
    pub fn hold(&self, name: &str) -> Held {
        self.sql(name, "PRAGMA journal_mode = WAL");
        let mut client = std::process::Command::new("sqlite3");
        let mut client =
            client.arg(self.file(name)).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("sqlite3");
        let stdin = client.stdin.as_mut().expect("it was asked for");
        stdin.write_all(b"BEGIN IMMEDIATE;\nSELECT 'held';\n").expect("it listens");
        let mut answer = String::new();
        let stdout = client.stdout.as_mut().expect("it was asked for");
        BufReader::new(stdout).read_line(&mut answer).expect("it answers");
        assert_eq!(answer.trim(), "held");
        Held(client)
    }

    /// Asks undrift's own state.
    pub fn state(&self, sql: &str) -> String {
        if self.state.starts_with("postgres:") {
            return crate::support::postgres().query(&self.state, &format!("SET search_path = undrift; {sql}"));
        }
        crate::support::sqlite_query(&format!("sqlite:{}", self.path().join("state.db").display()), sql)
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        Cli::new().folder(self.path()).run(arguments)
    }

    pub fn start(&self) -> Daemon {
        Daemon::start(self.path())
    }
}

/// Somebody who holds a lock.
pub struct Held(Child);

impl Drop for Held {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A service that runs. It is killed when it is dropped.
pub struct Daemon {
    process: Child,
    address: SocketAddr,
    log: Arc<Mutex<String>>,
}

impl Daemon {
    /// Starts it and waits until it listens.
    pub fn start(folder: &Path) -> Self {
        let mut command = Cli::new().folder(folder).command(&["run", "--listen", "127.0.0.1:0"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut process = command.spawn().expect("the binary was built");
        let stderr = process.stderr.take().expect("it was asked for");
        let log = Arc::new(Mutex::new(String::new()));
        let heard = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                heard.lock().expect("nobody panics with it").push_str(&(line + "\n"));
            }
        });
        let mut daemon = Self { process, address: SocketAddr::from(([127, 0, 0, 1], 0)), log };
        daemon.address = wait(|| daemon.listening());
        daemon
    }

    fn listening(&self) -> Option<SocketAddr> {
        let log = self.log();
        let line = log.lines().find(|line| line.contains("\"listening\""))?;
        serde_json::from_str::<Value>(line).ok()?["address"].as_str()?.parse().ok()
    }

    /// Everything it wrote so far.
    pub fn log(&self) -> String {
        self.log.lock().expect("nobody panics with it").clone()
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// What it answers: the status and the body.
    pub fn get(&self, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address).expect("it listens");
        write!(stream, "GET {path} HTTP/1.1\r\nHost: undrift\r\nConnection: close\r\n\r\n").expect("it listens");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("it answers");
        let status = text.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or_default();
        (status, text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
    }

    /// The sum of a metric's samples whose line holds all of these.
    pub fn metric(&self, name: &str, labels: &[&str]) -> f64 {
        let (_, text) = self.get("/metrics");
        let fits = |line: &&str| {
            let rest = line.strip_prefix(name);
            rest.is_some_and(|rest| rest.starts_with(['{', ' '])) && labels.iter().all(|label| line.contains(label))
        };
        text.lines().filter(fits).filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
    }

    /// Waits until a metric has a value.
    pub fn wait_for(&self, name: &str, labels: &[&str], value: f64) {
        let reached = || (self.metric(name, labels) == value).then_some(());
        if try_wait(reached).is_none() {
            panic!("{name}{labels:?} is {} and not {value}\n{}", self.metric(name, labels), self.log());
        }
    }

    /// Waits until so many tenants are in sync.
    pub fn wait_for_sync(&self, tenants: usize) {
        self.wait_for("undrift_tenants", &["sync=\"in_sync\""], tenants as f64);
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        let sent = std::process::Command::new("kill").args([&format!("-{name}"), &self.id().to_string()]).status();
        assert!(sent.expect("kill is everywhere").success());
    }

    /// Asks it to end and waits for that. Returns its exit code.
    pub fn end(mut self) -> Option<i32> {
        self.signal("TERM");
        wait(|| self.process.try_wait().expect("it is ours")).code()
    }

    /// Kills it, as the kernel does when memory is short.
    pub fn kill(mut self) {
        self.process.kill().expect("it is ours");
        self.process.wait().expect("it is ours");
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Waits until something is there.
pub fn wait<T>(found: impl FnMut() -> Option<T>) -> T {
    try_wait(found).expect("it did not come in time")
}

/// Waits until something is there, or for too long.
pub fn try_wait<T>(mut found: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        if let Some(found) = found() {
            return Some(found);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    None
}

/// The schema of most of these tests.
pub const SCHEMA: &str = "
schema: small
tables:
  users:
    columns:
      id: { type: bigint, identity: true }
      email: varchar(190)
      password_hash: { type: varchar(255), nullable: true, renamed_from: [password] }
    primary_key: [id]
";

/// A policy that lets everything run, all at once.
pub const FREE: &str = "policy: free\nrules: [{ name: all, then: allow }]\nbrake: { share: 100% }\n";

/// A policy that asks about drops.
pub const CAREFUL: &str = "
policy: careful
rules:
  - { name: no drops, match: { hazard: [deletes_data, may_lose_data] }, then: ask }
  - { name: the rest, then: allow }
brake: { share: 100% }
";
