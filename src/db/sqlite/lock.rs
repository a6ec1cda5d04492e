//! undrift's lock on a database file: another file beside it, locked by the operating system.
//!
//! The database file itself is never opened here: closing it would drop the locks that SQLite holds
//! on it in the same process.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use crate::db::DbError;

/// A lock that is held. It ends with the process, whatever becomes of the file.
pub(super) struct Lock {
    path: PathBuf,
    _file: File,
}

impl Lock {
    /// Takes the lock of a database if nobody holds it.
    pub(super) fn take(database: &Path) -> Result<Option<Self>, DbError> {
        let path = beside(database);
        let failed = |error| DbError::io(&path.display().to_string(), error);
        loop {
            let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
            match file.try_lock() {
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(failed(error)),
                // Its last holder may have removed the file between the opening and the locking.
                Ok(()) if is_still_there(&file, &path) => return Ok(Some(Self { path, _file: file })),
                Ok(()) => {}
            }
        }
    }

    /// Gives the lock back. The file goes first, while nobody else can hold it.
    pub(super) fn release(self) -> Result<(), DbError> {
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(DbError::io(&self.path.display().to_string(), error))
            }
            _ => Ok(()),
        }
    }
}

fn beside(database: &Path) -> PathBuf {
    let mut name: OsString = database.as_os_str().to_owned();
    name.push(".undrift-lock");
    PathBuf::from(name)
}

#[cfg(unix)]
fn is_still_there(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), std::fs::metadata(path)) {
        (Ok(ours), Ok(theirs)) => ours.ino() == theirs.ino() && ours.dev() == theirs.dev(),
        _ => false,
    }
}

/// Where open files cannot be removed, it is.
#[cfg(not(unix))]
fn is_still_there(_file: &File, _path: &Path) -> bool {
    true
}
