//! Scratch databases: a file in a folder of its own, under the system's folder for temporary files.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::lock::Lock;
use crate::db::DbError;

/// What the names of the folders start with.
const PREFIX: &str = "undrift_scratch_";

/// A folder younger than this may be between its making and its locking, unless the database is there: that comes last.
const YOUNG: Duration = Duration::from_secs(60);

/// A new folder with a name that nobody can guess.
pub(super) fn folder() -> Result<PathBuf, DbError> {
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let path = std::env::temp_dir().join(format!("{PREFIX}{time}_{:016x}", random()));
    make_private(&path).map_err(|error| DbError::io(&path.display().to_string(), error))?;
    Ok(path)
}

/// A random number without a dependency: the keys of the standard library's hash maps are random.
fn random() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(std::process::id())
}

#[cfg(unix)]
fn make_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().mode(0o700).create(path)
}

#[cfg(not(unix))]
fn make_private(path: &Path) -> std::io::Result<()> {
    std::fs::create_dir(path)
}

/// The database in a scratch folder.
pub(super) fn database(folder: &Path) -> PathBuf {
    folder.join("scratch.db")
}

/// Removes the folders that nobody holds the lock of. Returns their names.
pub(super) fn sweep() -> Result<Vec<String>, DbError> {
    let root = std::env::temp_dir();
    let entries = std::fs::read_dir(&root).map_err(|error| DbError::io(&root.display().to_string(), error))?;
    let mut removed = Vec::new();
    for entry in entries.filter_map(Result::ok) {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(PREFIX) && is_made(&entry) && remove(&entry.path()) {
            removed.push(name);
        }
    }
    removed.sort();
    Ok(removed)
}

fn is_made(entry: &std::fs::DirEntry) -> bool {
    // The entry's own metadata: a link to somewhere else is no folder.
    let Ok(data) = entry.metadata() else { return false };
    let old = data.modified().is_ok_and(|time| time.elapsed().is_ok_and(|age| age > YOUNG));
    data.is_dir() && (old || database(&entry.path()).exists())
}

/// Removes a folder whose lock is free. One that belongs to somebody else stays.
fn remove(folder: &Path) -> bool {
    let Ok(Some(_lock)) = Lock::take(&database(folder)) else { return false };
    std::fs::remove_dir_all(folder).is_ok()
}
