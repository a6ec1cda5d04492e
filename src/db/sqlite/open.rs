//! From an address to an open file.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

use super::error::classify;
use crate::db::{DbError, Target, Trouble};

/// What may be done with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Read only (`?mode=ro`).
    Read,
    /// Read and write a file that exists.
    Write,
    /// Make the file if it is not there (`?mode=rwc`).
    Create,
}

/// The file that an address names, as an absolute path without links, and what may be done with it.
pub(super) fn locate(target: &Target) -> Result<(PathBuf, Mode), DbError> {
    let mode = mode(&target.to_string())?;
    let path = target.path();
    if path.as_os_str().is_empty() || path == Path::new(":memory:") {
        return Err(usage("a database in memory cannot be kept in line; name a file: sqlite:path/to/file.db"));
    }
    match fs::metadata(&path) {
        Ok(data) if !data.is_file() => Err(usage(&format!("{} is not a file", path.display()))),
        Ok(_) => Ok((fs::canonicalize(&path).map_err(|error| failed(&path, error))?, mode)),
        Err(error) if error.kind() == ErrorKind::NotFound && mode == Mode::Create => {
            Ok((std::path::absolute(&path).map_err(|error| failed(&path, error))?, mode))
        }
        Err(error) => Err(failed(&path, error)),
    }
}

fn failed(path: &Path, error: std::io::Error) -> DbError {
    let missing = error.kind() == ErrorKind::NotFound;
    let error = DbError::io(&format!("open {}", path.display()), error);
    if missing { error.with_remedy("check the path; add ?mode=rwc to the URL to make a new database") } else { error }
}

fn usage(message: &str) -> DbError {
    DbError::new(Trouble::Usage, "open the SQLite database", message)
}

fn mode(url: &str) -> Result<Mode, DbError> {
    let Some((_, query)) = url.split_once('?') else { return Ok(Mode::Write) };
    let mut mode = Mode::Write;
    for option in query.split('&').filter(|option| !option.is_empty()) {
        mode = match option {
            "mode=ro" => Mode::Read,
            "mode=rw" => Mode::Write,
            "mode=rwc" => Mode::Create,
            other => {
                return Err(usage(&format!("`{other}` is no option here; there are mode=ro, mode=rw and mode=rwc")));
            }
        };
    }
    Ok(mode)
}

/// How many rows may wait to be taken from the driver's thread: as many as a catalog's answers mostly have.
const ROWS: usize = 256;

/// Opens a file. Foreign keys stay off: a rebuild must not cascade. No extension is ever loaded.
pub(super) async fn open(path: &Path, mode: Mode, patience: Duration) -> Result<SqliteConnection, DbError> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .read_only(mode == Mode::Read)
        .create_if_missing(mode == Mode::Create)
        .busy_timeout(patience)
        .foreign_keys(false)
        .row_buffer_size(ROWS)
        .pragma("trusted_schema", "OFF")
        .disable_statement_logging();
    let doing = format!("open {}", path.display());
    match tokio::time::timeout(patience, options.connect()).await {
        Ok(connected) => connected.map_err(|error| classify(doing, &error)),
        Err(_) => Err(DbError::new(Trouble::TimedOut, doing, format!("no answer within {patience:?}"))),
    }
}
