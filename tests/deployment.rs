//! The unit and the container file: they say what is so.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The values of a key of the unit, in order.
fn values(unit: &str, key: &str) -> Vec<String> {
    unit.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('=')).map(str::to_owned).collect()
}

/// Runs systemd's own tool, if it is there, on the unit as it would be installed, and returns what it says.
fn analyzed(arguments: &[&str]) -> Option<(bool, String)> {
    let folder = support::folder();
    let unit = folder.path().join("undrift.service");
    let text = read("systemd/undrift.service").replace("/usr/local/bin/undrift", env!("CARGO_BIN_EXE_undrift"));
    std::fs::write(&unit, text).unwrap();
    let output = Command::new("systemd-analyze").args(arguments).arg(unit).output().ok()?;
    let said = [output.stdout, output.stderr].concat();
    Some((output.status.success(), String::from_utf8_lossy(&said).into_owned()))
}

#[test]
fn systemd_understands_every_line_of_the_unit() {
    // A line that it does not know is told and otherwise passed over.
    if let Some((fine, said)) = analyzed(&["verify", "--man=no"]) {
        assert!(fine && said.trim().is_empty(), "{said}");
    }
}

#[test]
fn the_unit_exposes_next_to_nothing() {
    // In tenths: from 0 to 100, where 20 is what systemd calls OK.
    if let Some((fine, said)) = analyzed(&["security", "--offline=yes", "--threshold=20", "--no-pager"]) {
        assert!(fine, "{said}");
    }
}

/// What holds wherever systemd is not installed, too.
#[test]
fn the_unit_starts_what_is_there_and_waits_long_enough() {
    let unit = read("systemd/undrift.service");
    for line in unit.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let is_section = line.starts_with('[') && line.ends_with(']');
        let (key, _) = line.split_once('=').unwrap_or_default();
        let is_key = !key.is_empty() && key.chars().all(|letter| letter.is_ascii_alphanumeric());
        assert!(is_section || is_key, "{line}");
    }
    let start = values(&unit, "ExecStart");
    let arguments: Vec<&str> = start[0].split(' ').skip(1).chain(["--help"]).collect();
    support::undrift(&arguments).expect_code(0);
    assert_eq!(values(&unit, "Type"), ["notify"]);
    let seconds = |key: &str| values(&unit, key)[0].parse::<u64>().unwrap();
    assert!(seconds("WatchdogSec") >= 20, "it beats every five seconds, and now and then a little later");
    assert!(seconds("TimeoutStopSec") > undrift::daemon::GRACE.as_secs(), "steps that run may end");
}

#[test]
fn the_documentation_installs_what_the_unit_names() {
    let (unit, page) = (read("systemd/undrift.service"), read("docs/operations.md"));
    for place in ["/usr/local/bin/undrift", "/etc/undrift", "/etc/undrift/environment", "/var/lib/undrift"] {
        assert!(unit.contains(place) && page.contains(place), "{place}");
    }
    assert!(page.contains("systemd/undrift.service") && root().join("systemd/undrift.service").exists());
}

#[test]
fn everything_that_the_container_is_made_of_is_there() {
    let container = read("Containerfile");
    let lines: Vec<Vec<&str>> = container.lines().map(|line| line.split_whitespace().collect()).collect();
    let copies = || lines.iter().filter(|words| words.first() == Some(&"COPY"));
    let from_here = copies().filter(|words| !words[1].starts_with("--from="));
    for path in from_here.flat_map(|words| &words[1..words.len() - 1]) {
        assert!(root().join(path).exists(), "{path}");
    }
    for name in ["Cargo.toml", "Cargo.lock", "src", "policies", "schema"] {
        assert!(!ignored().iter().any(|pattern| pattern == name), "{name} is needed to build");
    }
    let built = copies().find_map(|words| words.iter().find(|word| word.starts_with("/src/target/"))).unwrap();
    let parts: Vec<_> = PathBuf::from(built).iter().map(|part| part.to_string_lossy().into_owned()).collect();
    let [.., profile, binary] = &parts[..] else { panic!("{built}") };
    let manifest = read("Cargo.toml");
    assert!(manifest.contains(&format!("[profile.{profile}]")) && manifest.contains(&format!("name = \"{binary}\"")));
    assert!(container.contains(&format!("cargo build --locked --profile {profile}")));
    let entry = lines.iter().find(|words| words.first() == Some(&"ENTRYPOINT")).unwrap()[1..].join(" ");
    let entry: Vec<String> = serde_json::from_str(&entry).unwrap();
    let arguments: Vec<&str> = entry[1..].iter().map(String::as_str).chain(["run", "--help"]).collect();
    assert_eq!(entry[0], *binary);
    support::undrift(&arguments).expect_code(0);
}

/// What a container's build leaves out.
fn ignored() -> Vec<String> {
    [".containerignore", ".dockerignore"]
        .iter()
        .filter_map(|file| std::fs::read_to_string(root().join(file)).ok())
        .flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>())
        .collect()
}
