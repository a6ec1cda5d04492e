//! Throw-away folders, and SQLite databases in them.

use std::process::Command;

use tempfile::TempDir;

use super::server::{fed, feed};

/// An empty folder that goes when the value does.
pub fn folder() -> TempDir {
    tempfile::Builder::new().prefix("undrift-test-").tempdir().expect("a temporary folder")
}

/// A new SQLite database that `sql` was run in, as its folder and its URL.
pub fn sqlite(sql: &str) -> (TempDir, String) {
    let folder = folder();
    let url = format!("sqlite:{}", folder.path().join("tenant.db").display());
    sqlite_sql(&url, sql);
    (folder, url)
}

/// Runs a script, stopping at the first error.
pub fn sqlite_sql(url: &str, sql: &str) {
    // The client makes no file for nothing at all, and an empty database is a file of no bytes.
    let path = url.trim_start_matches("sqlite:");
    std::fs::OpenOptions::new().append(true).create(true).open(path).expect("the database's file can be made");
    feed(&mut client(url), sql);
}

/// Whether a script goes through.
pub fn sqlite_takes(url: &str, sql: &str) -> bool {
    fed(&mut client(url), sql).status.success()
}

/// Runs a query and returns its rows, one a line, columns apart by `|`.
pub fn sqlite_query(url: &str, sql: &str) -> String {
    feed(&mut client(url), sql).trim_end().to_owned()
}

fn client(url: &str) -> Command {
    let mut client = Command::new("sqlite3");
    // A service may be writing the file just now.
    client
        .args(["-bail", "-batch", "-init", "/dev/null", "-cmd", ".timeout 30000"])
        .arg(url.trim_start_matches("sqlite:"));
    client
}
