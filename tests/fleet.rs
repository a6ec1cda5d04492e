//! Many databases from one configuration, and what goes wrong with some of them.

mod support;

use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};

use support::{Cli, Output};

const SCHEMA: &str = "
schema: small
tables:
  users:
    columns:
      id: { type: bigint, identity: true }
      email: varchar(190)
      password_hash: { type: varchar(255), nullable: true, renamed_from: [password] }
    primary_key: [id]
";

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).expect("the folder is ours");
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    Cli::new().folder(folder).run(arguments)
}

/// A fleet on three engines: one tenant in sync, one renamed, one empty, for each engine.
fn fleet() -> tempfile::TempDir {
    let folder = support::folder();
    let path = folder.path();
    write(path, "schema.yaml", SCHEMA);
    let mut list = String::new();
    for name in ["good", "old", "empty"] {
        let (postgres, mariadb) = (support::postgres().database(name), support::mariadb().database(name));
        write(path, &format!("lite_{name}.db"), "");
        let lite = format!("sqlite:{}", path.join(format!("lite_{name}.db")).display());
        for (engine, url) in [("pg", &postgres), ("my", &mariadb), ("lite", &lite)] {
            list.push_str(&format!(
                "      - {{ name: {engine}_{name}, url: \"{url}\", labels: {{ engine: {engine} }} }}\n"
            ));
            if name == "empty" {
                continue;
            }
            run(path, &["apply", "--url", url, "--schema", "schema.yaml"]).expect_code(0);
            if name == "old" {
                let script = "ALTER TABLE users RENAME COLUMN password_hash TO password;
                    INSERT INTO users (email, password) VALUES ('a@example.org', 'h')";
                match engine {
                    "pg" => support::postgres().sql(url, script),
                    "my" => support::mariadb().sql(url, script),
                    _ => support::sqlite_sql(url, script),
                }
            }
        }
    }
    write(path, "undrift.yaml", &format!("schema: schema.yaml\ntenants:\n  - list:\n{list}"));
    folder
}

#[test]
fn tenants_of_one_structure_are_one_shape() {
    let folder = fleet();
    let plan = run(folder.path(), &["plan"]).expect_code(2);
    assert!(plan.stdout.contains("3 in sync, 6 drifted, 0 unknown"), "{}", plan.stdout);
    let some = run(folder.path(), &["plan", "--tenant", "engine=lite"]).expect_code(2);
    assert!(some.stdout.contains("1 in sync, 2 drifted, 0 unknown"), "{}", some.stdout);
    let one = run(folder.path(), &["plan", "--tenant", "pg_g*"]).expect_code(0);
    assert!(one.stdout.contains("1 in sync, 0 drifted, 0 unknown"), "{}", one.stdout);
    run(folder.path(), &["plan", "--tenant", "nobody"]).expect_code(1);

    let apply = run(folder.path(), &["apply"]).expect_code(0);
    let all = "9 in sync, 0 drifted, 0 unknown; 6 repaired, 0 skipped, 0 errors";
    assert!(apply.stdout.contains(all), "{}", apply.stdout);
    run(folder.path(), &["plan"]).expect_code(0);
}

#[test]
fn json_is_for_machines() {
    let folder = fleet();
    let plan = run(folder.path(), &["plan", "--format", "json"]).expect_code(2);
    let survey: serde_json::Value = serde_json::from_str(&plan.stdout).expect("JSON and nothing else");
    assert_eq!(survey["summary"]["drifted"], 6);
    assert_eq!(survey["shapes"].as_array().map(Vec::len), Some(9));
    let markdown = run(folder.path(), &["plan", "--format", "markdown"]).expect_code(2);
    assert!(markdown.stdout.starts_with("## undrift: 3 in sync, 6 drifted, 0 unknown"), "{}", markdown.stdout);
    let sql = run(folder.path(), &["plan", "--format", "sql", "--tenant", "pg_old"]).expect_code(2);
    assert!(sql.stdout.contains("RENAME COLUMN"), "{}", sql.stdout);
}

#[test]
fn one_bad_tenant_costs_only_itself() {
    let folder = support::folder();
    let path = folder.path();
    write(path, "schema.yaml", SCHEMA);
    write(path, "good.db", "");
    write(path, "broken.db", "this is not a database, and it is long enough to be looked at as one: ............");
    let (_silent, silent_port) = silent_server();
    write(
        path,
        "undrift.yaml",
        &format!(
            "schema: schema.yaml\ntimeouts: {{ connect: 2s }}\ntenants:\n  - files: \"*.db\"\n  - list:\n\
             \x20     - {{ name: closed, url: \"postgres://u:s3cret@127.0.0.1:{}/x\" }}\n\
             \x20     - {{ name: silent, url: \"mysql://u:s3cret@127.0.0.1:{silent_port}/x\" }}\n",
            closed_port()
        ),
    );
    let started = Instant::now();
    let apply = run(path, &["apply"]).expect_code(1);
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
    assert!(
        apply.stdout.contains("1 in sync, 0 drifted, 3 unknown; 1 repaired, 0 skipped, 0 errors"),
        "{}",
        apply.stdout
    );
    for name in ["broken", "closed", "silent"] {
        assert!(apply.stdout.contains(&format!("unknown {name}")), "{}", apply.stdout);
    }
    assert!(!format!("{}{}", apply.stdout, apply.stderr).contains("s3cret"));
}

/// A port that nobody listens on.
fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("it is bound").port()
}

/// A server that takes connections and never says anything.
fn silent_server() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    (listener, port)
}

#[test]
fn different_troubles_ask_for_different_things() {
    let folder = support::folder();
    write(folder.path(), "schema.yaml", SCHEMA);
    let server = support::mariadb();
    let said = |url: &str| {
        let output = run(folder.path(), &["plan", "--url", url, "--schema", "schema.yaml"]).expect_code(1);
        let said = output.stdout + &output.stderr;
        assert!(!said.contains("s3cret"), "{said}");
        said
    };
    let wrong = said(&server.tcp_url("nobody:s3cret", "x"));
    assert!(wrong.contains("user name") && wrong.contains("1045"), "{wrong}");
    let missing = said(&server.url("there_is_none"));
    assert!(missing.contains("1049") && missing.contains("check the name of the database"), "{missing}");
    let missing = said(&support::postgres().url("there_is_none"));
    assert!(missing.contains("3D000") && missing.contains("check the name of the database"), "{missing}");
    let closed = said(&format!("postgres://u:s3cret@127.0.0.1:{}/x", closed_port()));
    assert!(closed.contains("check host and port"), "{closed}");
    let nothing = said("sqlite:nothing.db");
    assert!(nothing.contains("nothing.db"), "{nothing}");
    let unknown = said("oracle://u:s3cret@h/x");
    assert!(unknown.contains("postgres://"), "{unknown}");
}

#[test]
fn wrong_usage_is_an_error_and_never_looks_like_changes() {
    let folder = support::folder();
    for arguments in
        [&["plann"][..], &["plan", "--format", "yaml"], &["plan"], &["apply", "--url", "sqlite:x"], &["export"], &[]]
    {
        let output = run(folder.path(), arguments).expect_code(1);
        assert!(!output.stderr.is_empty(), "{arguments:?}");
    }
    run(folder.path(), &["--help"]).expect_code(0);
    run(folder.path(), &["--version"]).expect_code(0);
    let script = run(folder.path(), &["completions", "bash"]).expect_code(0);
    assert!(script.stdout.contains("_undrift"));
}

#[test]
fn mistakes_in_files_are_shown_together_with_their_places() {
    let folder = support::folder();
    let bad =
        "schema: bad\ntables:\n  users:\n    colums: {}\n    columns:\n      id: bigint\n    primary_key: [nope]\n";
    write(folder.path(), "schema.yaml", bad);
    let output = run(folder.path(), &["check", "--schema", "schema.yaml"]).expect_code(1);
    assert!(output.stderr.contains("schema.yaml:4:5"), "{}", output.stderr);
    assert!(output.stderr.contains("columns"), "it says what to write instead:\n{}", output.stderr);
    assert!(output.stderr.contains("nope"), "{}", output.stderr);
}

#[test]
fn the_demo_shows_the_failures_and_converges() {
    let folder = support::folder();
    let demo = run(folder.path(), &["demo"]).expect_code(0);
    for words in ["2 in sync, 10 drifted, 0 unknown", "password → password_hash", "blocked", "extra", "Try next"] {
        assert!(demo.stdout.contains(words), "{words} is missing in\n{}", demo.stdout);
    }
    let config = ["--config", "undrift-demo/undrift.yaml"];
    let fjord = [&config[..], &["apply", "--tenant", "fjord"]].concat();
    run(folder.path(), &[&fjord[..], &["--yes"]].concat()).expect_code(3);
    let yes = Cli::new().folder(folder.path()).answered(&fjord, "yes").expect_code(0);
    assert!(yes.stdout.contains("1 in sync, 0 drifted, 0 unknown; 1 repaired"), "{}", yes.stdout);
    let plan = run(folder.path(), &[&config[..], &["plan", "--quiet"]].concat()).expect_code(2);
    assert!(plan.stdout.contains("10 in sync, 2 drifted, 0 unknown"), "{}", plan.stdout);
    run(folder.path(), &["demo"]).expect_code(0);
    write(folder.path(), "mine.txt", "not the demo's");
    run(folder.path(), &["demo", "."]).expect_code(1);
}
