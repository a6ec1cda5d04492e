//! PostgreSQL, over TCP with SCRAM as in production.

use std::path::Path;
use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor};

use super::cost::{self, Pass, Work};
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
    let urls = build();
    let folder = folder(&postgres().url("postgres"));
    let server = cost::process(&format!("{folder}/data/postmaster.pid"));
    for together in [8, 32] {
        let fleet = Fleet::meet(&urls, together).await;
        let passes = [floor(&urls), fleet.pass("undrift", false)];
        cost::compare("PostgreSQL", Some(server), urls.len(), together, &passes).await;
    }
    let mut passes = vec![floor(&urls)];
    passes.extend(peers::passes(&urls));
    if passes.len() > 1 {
        cost::compare("PostgreSQL", Some(server), urls.len().min(10), 2, &passes).await;
    }
}

/// Tenants that are clones of one, and a login with a password.
fn build() -> Vec<String> {
    let template = postgres().database("template");
    postgres().sql(&template, &script(&WORDS));
    let admin = postgres().url("postgres");
    postgres()
        .sql(&admin, "SET password_encryption = 'scram-sha-256'; CREATE ROLE bench SUPERUSER LOGIN PASSWORD 'pw'");
    let rules = Path::new(&folder(&admin)).join("data/pg_hba.conf");
    let text = std::fs::read_to_string(&rules).expect("the server's rules");
    std::fs::write(&rules, format!("host all bench 127.0.0.1/32 scram-sha-256\n{text}")).expect("the folder is ours");
    postgres().sql(&admin, "SELECT pg_reload_conf()");
    let name = database(&template);
    let clones: Vec<String> = (0..tenants()).map(|at| format!("tenant_{at}")).collect();
    for clone in &clones {
        postgres().sql(&admin, &format!("CREATE DATABASE {clone} TEMPLATE {name}"));
    }
    clones.iter().map(|clone| postgres().tcp_url("bench:pw", clone)).collect()
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
    Pass { name: "connect, SELECT 1".to_owned(), work }
}

/// The `/tmp/x` in `postgres://postgres@localhost/db?host=/tmp/x&port=1`.
fn folder(url: &str) -> String {
    let after = url.split("host=").nth(1).expect("a folder");
    after.split('&').next().unwrap_or(after).to_owned()
}

fn database(url: &str) -> String {
    undrift::db::Target::parse(url).ok().and_then(|target| target.database()).expect("a database")
}
