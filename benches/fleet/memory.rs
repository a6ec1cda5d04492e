//! The most memory that the service takes for a large fleet: the real program, over SQLite files in five shapes.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::sqlite::make;
use super::structure::script;
use super::{sqlite, tenants_or};

/// What makes another shape of the usual one. The first is in sync.
const SHAPES: [&str; 5] = [
    "",
    "ALTER TABLE table_1 ADD COLUMN hot_fix TEXT;",
    "DROP INDEX table_2_column_1_index;",
    "ALTER TABLE table_3 RENAME COLUMN column_5 TO column_9; CREATE TABLE more (x INTEGER);",
    "CREATE VIEW seen AS SELECT id FROM table_4; ALTER TABLE table_5 DROP COLUMN column_5;",
];

/// How long the first pass may take.
const PATIENCE: Duration = Duration::from_secs(1800);

/// How many passes are waited for: later ones know the tenants already.
const PASSES: u64 = 3;

/// Makes the fleet, runs the service over it, and prints what it took.
#[allow(clippy::print_stdout, reason = "this is what it is for")]
pub async fn run() {
    let tenants = tenants_or(10_000);
    let folder = tempfile::tempdir().expect("a folder");
    build(folder.path(), tenants).await;
    let service = Service::start(folder.path());
    println!("Memory of `undrift run` for {tenants} SQLite tenants in {} shapes, at its most:\n", SHAPES.len());
    for pass in 1..=PASSES {
        let started = Instant::now();
        service.wait_for(pass);
        println!("after pass {pass}: {:>6.1} MB ({:.1} s)", service.peak(), started.elapsed().as_secs_f64());
    }
    println!();
}

async fn build(folder: &Path, tenants: usize) {
    let tenants_folder = folder.join("tenants");
    std::fs::create_dir(&tenants_folder).expect("the folder is ours");
    let mut models = Vec::new();
    for (number, change) in SHAPES.iter().enumerate() {
        let model = folder.join(format!("model_{number}.db"));
        // Small pages: ten thousand files take less of the disk.
        make(&model, &format!("PRAGMA page_size = 512; {}{change}", script(&sqlite::WORDS))).await;
        models.push(model);
    }
    for tenant in 0..tenants {
        let model = &models[tenant % models.len()];
        std::fs::copy(model, tenants_folder.join(format!("tenant_{tenant:05}.db"))).expect("a copy");
    }
    let schema = undrift(folder, &["export", "--url", &format!("sqlite:{}", models[0].display())]).output();
    std::fs::write(folder.join("schema.yaml"), schema.expect("the program").stdout).expect("the folder is ours");
    let configuration = "schema: schema.yaml\nstate: sqlite:state.db\nschedule: every 1s\nrepair: false\n\
                         tenants:\n  - files: \"tenants/*.db\"\n";
    std::fs::write(folder.join("undrift.yaml"), configuration).expect("the folder is ours");
}

fn undrift(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_undrift"));
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    command
}

/// The service. It is killed when it is dropped.
struct Service {
    process: Child,
    address: SocketAddr,
}

impl Service {
    fn start(folder: &Path) -> Self {
        let address = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port");
        let mut command = undrift(folder, &["run", "--listen", &address.to_string()]);
        let process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program");
        Self { process, address }
    }

    fn wait_for(&self, pass: u64) {
        let started = Instant::now();
        while self.passes() < pass {
            assert!(started.elapsed() < PATIENCE, "the service does not get on");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// How many passes have ended, as its metrics say.
    fn passes(&self) -> u64 {
        let metrics = self.metrics().unwrap_or_default();
        let lines = metrics.lines().filter(|line| line.starts_with("undrift_passes_total{"));
        lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
    }

    fn metrics(&self) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }

    /// The most memory that it ever had, in megabytes.
    fn peak(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the kernel says it");
        let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
        kilobytes * 1024.0 / 1_000_000.0
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
