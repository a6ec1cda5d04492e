//! PostgreSQL, over TCP with SCRAM as in production.

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;
use std::sync::Once;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor};

use super::changes::{self, Kind};
use super::cost::{self, Ground, Pass, Work};
use super::fleet::Fleet;
use super::postgres_server::postgres;
use super::structure::{Words, script};
use super::{peers, tenants};

const WORDS: Words = Words {
    key: "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    reference: "bigint NOT NULL",
    columns: [
        "varchar(255) NOT NULL",
        "text",
        "numeric(10,2) DEFAULT 0 NOT NULL",
        "timestamptz DEFAULT now()",
        "boolean DEFAULT false NOT NULL",
        "jsonb",
    ],
};

pub async fn run() {
    let urls = build("tenant", tenants());
    for together in [8, 32] {
        let fleet = Fleet::meet(&urls, together).await;
        cost::compare(&ground(&urls, together), &[floor(&urls), fleet.pass("undrift", false)]).await;
    }
    let fleet = Fleet::settle(&urls, 8).await;
    let idle = fleet.idle_pass("undrift, idle tenants passed over");
    cost::compare(&ground(&urls, 8), &[floor(&urls), idle]).await;
    let passes = vec![floor(&urls), fleet.pass("undrift", false)];
    peers::run("PEERS", &ground(&urls, 2), &urls, passes).await;
}

/// Over TLS, as a server elsewhere is gone to: the certificate is nobody's, and nobody asks whose it is.
pub async fn encrypted() {
    certify();
    speak_tls("on");
    let urls: Vec<_> = build("encrypted", tenants()).iter().map(|url| format!("{url}?sslmode=require")).collect();
    for together in [8, 32] {
        let ground = Ground { name: "PostgreSQL, TLS".to_owned(), ..ground(&urls, together) };
        let fleet = Fleet::meet(&urls, together).await;
        cost::compare(&ground, &[floor(&urls), fleet.pass("undrift", false)]).await;
    }
    speak_tls("off");
}

/// Gives the server a certificate such as PostgreSQL's manual makes one, with a key of 2048 bits for RSA.
fn certify() {
    let data = PathBuf::from(folder(&postgres().url("postgres"))).join("data");
    let (key, certificate) = (data.join("server.key"), data.join("server.crt"));
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-new", "-x509", "-days", "2", "-nodes", "-newkey", "rsa:2048", "-subj", "/CN=localhost"]);
    let made = openssl.arg("-keyout").arg(&key).arg("-out").arg(&certificate).output().expect("openssl runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let owner = std::fs::metadata(&data).expect("the server's folder").uid();
    for file in [&key, &certificate] {
        std::os::unix::fs::chown(file, Some(owner), None).expect("the folder is ours");
        std::fs::set_permissions(file, Permissions::from_mode(0o600)).expect("the folder is ours");
    }
}

/// Whether the server speaks TLS from now on. Those who may have it or not would use it, too.
fn speak_tls(word: &str) {
    let admin = postgres().url("postgres");
    postgres().sql(&admin, &format!("ALTER SYSTEM SET ssl = {word}"));
    postgres().sql(&admin, "SELECT pg_reload_conf()");
    while postgres().query(&admin, "SHOW ssl") != word {
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A change on every tenant, with undrift and without, on a server that waits for its disk as one in production does.
pub async fn change() {
    for setting in ["fsync", "full_page_writes", "synchronous_commit"] {
        postgres().sql(&postgres().url("postgres"), &format!("ALTER SYSTEM SET {setting} = on"));
    }
    postgres().sql(&postgres().url("postgres"), "SELECT pg_reload_conf()");
    for (kind, name) in [(Kind::Add, "added"), (Kind::Rename, "renamed")] {
        let urls = build(name, 2 * tenants());
        changes::run("PostgreSQL", Some(server()), &urls, 8, kind).await;
    }
}

fn ground(urls: &[String], together: usize) -> Ground {
    Ground { name: "PostgreSQL".to_owned(), server: Some(server()), tenants: urls.len(), together }
}

fn server() -> u32 {
    cost::process(&format!("{}/data/postmaster.pid", folder(&postgres().url("postgres"))))
}

/// Tenants that are clones of one, and a login with a password.
fn build(hint: &str, tenants: usize) -> Vec<String> {
    let template = postgres().database("template");
    postgres().sql(&template, &script(&WORDS));
    let admin = postgres().url("postgres");
    let name = database(&template);
    let clones: Vec<String> = (0..tenants).map(|at| format!("{hint}_{at}")).collect();
    for clone in &clones {
        postgres().sql(&admin, &format!("CREATE DATABASE {clone} TEMPLATE {name}"));
    }
    static LOGIN: Once = Once::new();
    LOGIN.call_once(make_login);
    clones.iter().map(|clone| postgres().tcp_url("bench:pw", clone)).collect()
}

fn make_login() {
    let admin = postgres().url("postgres");
    postgres()
        .sql(&admin, "SET password_encryption = 'scram-sha-256'; CREATE ROLE bench SUPERUSER LOGIN PASSWORD 'pw'");
    let rules = Path::new(&folder(&admin)).join("data/pg_hba.conf");
    let text = std::fs::read_to_string(&rules).expect("the server's rules");
    std::fs::write(&rules, format!("host all bench 127.0.0.1/32 scram-sha-256\n{text}")).expect("the folder is ours");
    postgres().sql(&admin, "SELECT pg_reload_conf()");
}

/// Connect, ask for one number, hang up.
fn floor(urls: &[String]) -> Pass {
    let options: Vec<_> = urls.iter().map(|url| PgConnectOptions::from_str(url).expect("a URL")).collect();
    let work: Work = Box::new(move |at| {
        let options = options[at].clone().statement_cache_capacity(0).disable_statement_logging();
        Box::pin(async move {
            let mut connection = options.connect().await.expect("the tenant is there");
            connection.execute(sqlx::raw_sql("SELECT 1")).await.expect("an answer");
            connection.close().await.expect("an end");
        })
    });
    Pass::new("connect, SELECT 1", work)
}

/// The `/tmp/x` in `postgres://postgres@localhost/db?host=/tmp/x&port=1`.
fn folder(url: &str) -> String {
    let after = url.split("host=").nth(1).expect("a folder");
    after.split('&').next().unwrap_or(after).to_owned()
}

fn database(url: &str) -> String {
    undrift::db::Target::parse(url).ok().and_then(|target| target.database()).expect("a database")
}
