//! MariaDB, over its socket.

use std::str::FromStr;
use std::sync::Arc;

use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};
use tokio::sync::Mutex;

use super::changes::{self, Kind};
use super::cost::{self, Ground, Pass, Work};
use super::fleet::Fleet;
use super::mariadb_server::mariadb;
use super::structure::{Words, script};
use super::{peers, tenants};

const WORDS: Words = Words {
    key: "bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY",
    reference: "bigint unsigned NOT NULL",
    columns: [
        "varchar(255) NOT NULL",
        "varchar(100) DEFAULT NULL",
        "decimal(10,2) NOT NULL DEFAULT 0",
        "timestamp NULL DEFAULT current_timestamp()",
        "tinyint(1) NOT NULL DEFAULT 0",
        "int DEFAULT NULL",
    ],
};

pub async fn run() {
    let urls = build(tenants());
    for together in [8, 32] {
        let fleet = Fleet::meet(&urls, together).await;
        let passes = [bare(&urls, together).await, fleet.pass("undrift", false), floor(&urls)];
        cost::compare(&ground(&urls, together), &passes).await;
    }
    let fleet = Fleet::meet(&urls, 2).await;
    let passes = vec![bare(&urls, 2).await, fleet.pass("undrift", false)];
    peers::run("PEERS_MARIADB", &ground(&urls, 2), &urls, passes).await;
}

/// A change on every tenant, with undrift and without.
pub async fn change() {
    for kind in [Kind::Add, Kind::Rename] {
        let urls = build(2 * tenants());
        changes::run("MariaDB", Some(server(&urls)), &urls, 8, kind).await;
    }
}

fn build(tenants: usize) -> Vec<String> {
    let script = script(&WORDS);
    let urls: Vec<String> = (0..tenants).map(|_| mariadb().database("tenant")).collect();
    urls.iter().for_each(|url| mariadb().sql(url, &script));
    urls
}

fn ground(urls: &[String], together: usize) -> Ground {
    Ground { name: "MariaDB".to_owned(), server: Some(server(urls)), tenants: urls.len(), together }
}

fn server(urls: &[String]) -> u32 {
    let socket = urls[0].split("socket=").nth(1).expect("a socket");
    cost::process(&socket.replace("socket", "pid"))
}

fn options(url: &str) -> MySqlConnectOptions {
    let options = MySqlConnectOptions::from_str(url).expect("a URL");
    options.statement_cache_capacity(0).disable_statement_logging()
}

/// Connect, ask for one number, hang up.
fn floor(urls: &[String]) -> Pass {
    let options: Vec<_> = urls.iter().map(|url| options(url)).collect();
    let work: Work = Box::new(move |at| {
        let options = options[at].clone();
        Box::pin(async move {
            let mut connection = options.connect().await.expect("the tenant is there");
            connection.execute(sqlx::raw_sql("SELECT 1")).await.expect("an answer");
            connection.close().await.expect("an end");
        })
    });
    Pass::new("connect, SELECT 1", work)
}

/// The definitions alone, in one message on a connection that is there.
async fn bare(urls: &[String], together: usize) -> Pass {
    let messages: Vec<String> = urls.iter().map(|url| definitions(url)).collect();
    let mut connections = Vec::new();
    for _ in 0..together {
        connections.push(options(&urls[0]).connect().await.expect("the server is there"));
    }
    let free = Arc::new(Mutex::new(connections));
    let work: Work = Box::new(move |at| {
        let (message, free) = (messages[at].clone(), free.clone());
        Box::pin(async move {
            let mut connection = free.lock().await.pop().expect("one for each visit");
            ask(&mut connection, message).await;
            free.lock().await.push(connection);
        })
    });
    Pass::new("bare SHOW CREATE TABLEs, reused", work)
}

fn definitions(url: &str) -> String {
    let database = undrift::db::Target::parse(url).ok().and_then(|target| target.database()).expect("a database");
    let tables = mariadb().query(url, "SHOW TABLES");
    tables.lines().map(|table| format!("SHOW CREATE TABLE `{database}`.`{table}`;")).collect()
}

#[expect(clippy::disallowed_methods, reason = "the names are this program's own")]
async fn ask(connection: &mut MySqlConnection, message: String) {
    let rows = connection.fetch_all(sqlx::raw_sql(AssertSqlSafe(message))).await.expect("an answer");
    assert_eq!(rows.len(), 14, "a definition for each table");
}
