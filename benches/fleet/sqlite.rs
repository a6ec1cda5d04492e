//! SQLite, on whatever disk the folder for temporary files is.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor};

use super::changes::{self, Kind};
use super::cost::{self, Ground, Pass, Work};
use super::fleet::Fleet;
use super::structure::{Words, script};
use super::{peers, tenants};

pub const WORDS: Words = Words {
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
    let urls = build(folder.path(), tenants()).await;
    let fleet = Fleet::meet(&urls, 8).await;
    let texts = || fleet.pass("undrift, texts read", true);
    let one_by_one = fleet.pass("undrift, unchanged files visited", false);
    let passes = [floor(&urls), texts(), one_by_one, fleet.file_pass("undrift, unchanged files")];
    cost::compare(&ground(&urls, 8), &passes).await;
    peers::run("PEERS_SQLITE", &ground(&urls, 2), &urls, vec![floor(&urls), texts()]).await;
}

/// A change on every tenant, with undrift and without.
pub async fn change() {
    for kind in [Kind::Add, Kind::Rename] {
        let folder = tempfile::tempdir().expect("a folder");
        let urls = build(folder.path(), 2 * tenants()).await;
        changes::run("SQLite", None, &urls, 8, kind).await;
    }
}

fn ground(urls: &[String], together: usize) -> Ground {
    Ground { name: "SQLite".to_owned(), server: None, tenants: urls.len(), together }
}

/// Copies of one file, long enough ago.
async fn build(folder: &Path, tenants: usize) -> Vec<String> {
    let paths: Vec<_> = (0..tenants).map(|at| folder.join(format!("tenant_{at}.db"))).collect();
    make(&paths[0], &script(&WORDS)).await;
    for path in &paths[1..] {
        std::fs::copy(&paths[0], path).expect("a copy");
    }
    tokio::time::sleep(SETTLING).await;
    paths.iter().map(|path| format!("sqlite:{}", path.display())).collect()
}

/// A file with the structure that a script makes.
#[expect(clippy::disallowed_methods, reason = "the script is this program's own")]
pub async fn make(path: &Path, script: &str) {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let mut connection = options.connect().await.expect("a file");
    let script = sqlx::AssertSqlSafe(script.to_owned());
    connection.execute(sqlx::raw_sql(script)).await.expect("a structure");
    connection.close().await.expect("an end");
}

/// Open, ask for one number, close.
fn floor(urls: &[String]) -> Pass {
    let paths: Vec<PathBuf> = urls.iter().map(|url| url.trim_start_matches("sqlite:").into()).collect();
    let work: Work = Box::new(move |at| {
        let options = SqliteConnectOptions::new().filename(&paths[at]).disable_statement_logging();
        Box::pin(async move {
            let mut connection = options.connect().await.expect("the file is there");
            connection.execute(sqlx::raw_sql("SELECT 1")).await.expect("an answer");
            connection.close().await.expect("an end");
        })
    });
    Pass::new("open, SELECT 1", work)
}
