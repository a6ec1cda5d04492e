//! A server process in a folder of its own, for as long as this process lives.

use std::fs::{self, File};
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

const KEEPER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/serve.sh");
const START: Duration = Duration::from_secs(120);

/// A running server. The pipe in `keeper` is what keeps it running.
pub struct Server {
    pub folder: PathBuf,
    pub port: u16,
    keeper: Child,
    databases: AtomicU32,
}

impl Server {
    /// Starts a server and waits until `ready` (given folder and port) makes a client that gets through.
    pub fn start(kind: &str, binaries: Option<&Path>, ready: impl Fn(&Path, u16) -> Command) -> Self {
        Self::start_in(kind, binaries, |_| (), ready)
    }

    /// The same, with something put into the folder beforehand.
    pub fn start_in(
        kind: &str,
        binaries: Option<&Path>,
        prepare: impl Fn(&Path),
        ready: impl Fn(&Path, u16) -> Command,
    ) -> Self {
        let folder = tempfile::Builder::new().prefix("undrift-test-").tempdir().expect("a temporary folder").keep();
        prepare(&folder);
        let port = free_port();
        let log = File::create(folder.join("log")).expect("a log file");
        let keeper = Command::new("sh")
            .args([KEEPER, kind])
            .arg(&folder)
            .arg(port.to_string())
            .args(binaries)
            .stdin(Stdio::piped())
            .stdout(log.try_clone().expect("a second handle"))
            .stderr(log)
            .process_group(0)
            .spawn()
            .expect("sh runs");
        let mut server = Self { folder, port, keeper, databases: AtomicU32::new(0) };
        server.wait(kind, ready);
        server
    }

    fn wait(&mut self, kind: &str, ready: impl Fn(&Path, u16) -> Command) {
        let started = Instant::now();
        while !succeeds(&mut ready(&self.folder, self.port)) {
            let ended = self.keeper.try_wait().expect("the keeper can be asked").is_some();
            if ended || started.elapsed() > START {
                let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
                panic!("the private {kind} server did not start; install it or run scripts/test. Its log:\n{log}");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Kills the server, as the kernel does when memory is short.
    pub fn kill(&self) {
        self.say("kill");
    }

    /// Starts it again on what it left, and waits until a client gets through.
    pub fn start_again(&self, ready: impl Fn(&Path, u16) -> Command) {
        let started = Instant::now();
        self.say("start");
        while !succeeds(&mut ready(&self.folder, self.port)) {
            assert!(started.elapsed() < START, "the server did not start again: see {}", self.folder.display());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn say(&self, word: &str) {
        let mut keeper = self.keeper.stdin.as_ref().expect("it is piped");
        writeln!(keeper, "{word}").expect("the keeper listens");
    }

    /// A database name that no other test of this server has.
    pub fn unused_name(&self, hint: &str) -> String {
        assert!(hint.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'), "{hint:?} is put into a URL as it is");
        format!("{hint}_{}", self.databases.fetch_add(1, Ordering::Relaxed))
    }
}

fn succeeds(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr()).expect("a free port").port()
}

/// Runs a client with a script on its standard input and returns what it printed.
pub fn feed(client: &mut Command, script: &str) -> String {
    let output = fed(client, script);
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}\nin:\n{script}", String::from_utf8_lossy(&output.stderr));
    printed
}

/// Runs a client with a script on its standard input, whatever becomes of it.
pub fn fed(client: &mut Command, script: &str) -> Output {
    let mut child = client
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{client:?}: {error}; install it or run scripts/test"));
    let mut stdin = child.stdin.take().expect("it is piped");
    std::thread::scope(|scope| {
        // A client that stops at an error closes its end early: its own message says why.
        scope.spawn(move || stdin.write_all(script.as_bytes()).ok());
        child.wait_with_output().expect("the client can be waited for")
    })
}
