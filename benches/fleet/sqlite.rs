//! SQLite, on whatever disk the folder for temporary files is.

use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor};

use super::cost::{self, Pass, Work};
use super::fleet::Fleet;
use super::structure::{Words, script};
use super::tenants;

const WORDS: Words = Words {
    key: "INTEGER PRIMARY KEY",
    reference: "INTEGER NOT NULL",
    columns: [
        "TEXT NOT NULL",
        "TEXT",
        "NUMERIC NOT NULL DEFAULT 0",
        "TEXT DEFAULT CURRENT_TIMESTAMP",
        "BOOLEAN",
        "BLOB",
    ],
};

/// Longer than a file's times stand still.
const SETTLING: Duration = Duration::from_secs(5);

pub async fn run() {
    let folder = tempfile::tempdir().expect("a folder");
    let paths: Vec<_> = (0..tenants()).map(|at| folder.path().join(format!("tenant_{at}.db"))).collect();
    let mut first =
        SqliteConnectOptions::new().filename(&paths[0]).create_if_missing(true).connect().await.expect("a file");
    make(&mut first).await;
    first.close().await.expect("an end");
    for path in &paths[1..] {
        std::fs::copy(&paths[0], path).expect("a copy");
    }
    tokio::time::sleep(SETTLING).await;
    let urls: Vec<String> = paths.iter().map(|path| format!("sqlite:{}", path.display())).collect();
    let fleet = Fleet::meet(&urls, 8).await;
    let passes = [floor(paths), fleet.pass("undrift, texts read", true), fleet.pass("undrift, files unchanged", false)];
    cost::compare("SQLite", None, urls.len(), 8, &passes).await;
}

#[expect(clippy::disallowed_methods, reason = "the script is this program's own")]
async fn make(connection: &mut sqlx::SqliteConnection) {
    connection.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(script(&WORDS)))).await.expect("a structure");
}

/// Open, ask for one number, close.
fn floor(paths: Vec<std::path::PathBuf>) -> Pass {
    let work: Work = Box::new(move |at| {
        let options = SqliteConnectOptions::new().filename(&paths[at]).disable_statement_logging();
        Box::pin(async move {
            let mut connection = options.connect().await.expect("the file is there");
            connection.execute(sqlx::raw_sql("SELECT 1")).await.expect("an answer");
            connection.close().await.expect("an end");
        })
    });
    Pass { name: "open, SELECT 1".to_owned(), work }
}
