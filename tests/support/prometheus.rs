//! A private Prometheus, and its tool.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::server::Server;

/// A running Prometheus.
pub struct Prometheus {
    server: Server,
}

impl Prometheus {
    /// Starts one that asks an address for metrics several times a second, as the job `undrift`, and follows the
    /// rules of a file.
    pub fn watching(target: SocketAddr, rules: &Path) -> Self {
        let configuration = format!(
            "global: {{ scrape_interval: 250ms, evaluation_interval: 250ms }}\n\
             rule_files: [{rules:?}]\n\
             scrape_configs: [{{ job_name: undrift, static_configs: [{{ targets: [\"{target}\"] }}] }}]\n"
        );
        let prepare =
            |folder: &Path| std::fs::write(folder.join("prometheus.yml"), &configuration).expect("the folder is ours");
        let ready = |_: &Path, port: u16| {
            let mut ask = Command::new("promtool");
            ask.args(["query", "instant", &format!("http://127.0.0.1:{port}"), "1"]);
            ask
        };
        Self { server: Server::start_in("prometheus", None, prepare, ready) }
    }

    /// The result of a query, one item for each series, or what is wrong with it.
    pub fn query(&self, expression: &str) -> Result<Vec<Value>, String> {
        let query: String =
            url::form_urlencoded::Serializer::new(String::new()).append_pair("query", expression).finish();
        let answer = self.get(&format!("/api/v1/query?{query}"));
        match answer["data"]["result"].as_array() {
            Some(result) => Ok(result.clone()),
            None => Err(format!("{expression}: {}", answer["error"])),
        }
    }

    /// Waits until a query has a result, and returns it.
    #[track_caller]
    pub fn wait_for(&self, expression: &str) -> Vec<Value> {
        let started = Instant::now();
        loop {
            let result = self.query(expression).unwrap_or_else(|error| panic!("{error}"));
            if !result.is_empty() {
                return result;
            }
            assert!(started.elapsed() < Duration::from_secs(60), "nothing ever came of {expression}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// What the API says under a path.
    pub fn get(&self, path: &str) -> Value {
        let mut stream = TcpStream::connect(("127.0.0.1", self.server.port)).expect("it listens");
        // With HTTP/1.0 the body ends where the connection does.
        write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").expect("it takes a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers in UTF-8");
        let (_, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
        serde_json::from_str(body).unwrap_or_else(|error| panic!("{path}: {error}: {body}"))
    }
}

/// Runs promtool and returns whether it was content, and what it printed.
pub fn promtool(arguments: &[&str], input: &str) -> (bool, String) {
    let mut tool = Command::new("promtool");
    let piped = tool.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap_or_else(|error| panic!("promtool: {error}; install it or run scripts/test"));
    let mut stdin = child.stdin.take().expect("it is piped");
    let output = std::thread::scope(|scope| {
        // A tool that does not ask for input closes its end early.
        scope.spawn(move || stdin.write_all(input.as_bytes()).ok());
        child.wait_with_output().expect("it can be waited for")
    });
    let printed = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&printed).into_owned())
}
