//! What the operating system knows of a file, by which one that nobody wrote is told without opening it.

use std::fs::Metadata;
use std::path::Path;
use std::time::Duration;

/// How long ago a file must have been written: file systems tell times apart by as much as two seconds.
const SETTLED: Duration = Duration::from_secs(3);

/// A database file at one time. Two equal ones of the same path are of the same bytes: whoever writes a file
/// moves its times, and that of its last change cannot be set back.
///
/// The file is not opened: closing it would drop the locks that other sessions of this process hold on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::db) struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    /// The file's stamp; none while anything about it is in motion: a log or a journal that holds something, or
    /// a write so recent that another could have the same time.
    #[cfg(unix)]
    pub(super) fn of(path: &Path) -> Option<Self> {
        Self::from(path, &std::fs::metadata(path).ok()?)
    }

    /// The same, wherever the path leads if it is a link: the log and the journal lie there.
    #[cfg(unix)]
    pub(in crate::db) fn found_at(path: &Path) -> Option<Self> {
        let file = std::fs::symlink_metadata(path).ok()?;
        if file.is_symlink() {
            return Self::of(&std::fs::canonicalize(path).ok()?);
        }
        Self::from(path, &file)
    }

    #[cfg(unix)]
    fn from(path: &Path, file: &Metadata) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        if is_recent(file) || !["-wal", "-journal"].iter().all(|suffix| is_empty(path, suffix)) {
            return None;
        }
        Some(Self {
            device: file.dev(),
            inode: file.ino(),
            size: file.size(),
            modified: (file.mtime(), file.mtime_nsec()),
            changed: (file.ctime(), file.ctime_nsec()),
        })
    }

    /// Elsewhere a file says too little about itself.
    #[cfg(not(unix))]
    pub(super) fn of(_path: &Path) -> Option<Self> {
        None
    }

    #[cfg(not(unix))]
    pub(in crate::db) fn found_at(_path: &Path) -> Option<Self> {
        None
    }
}

/// Whether the file was written just now, or in the future.
#[cfg(unix)]
fn is_recent(file: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    use std::time::{SystemTime, UNIX_EPOCH};
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let settled = i64::try_from(now.saturating_sub(SETTLED.as_secs())).unwrap_or(i64::MAX);
    file.mtime().max(file.ctime()) >= settled
}

/// Whether the file beside the database is not there or holds nothing.
#[cfg(unix)]
fn is_empty(path: &Path, suffix: &str) -> bool {
    let mut beside = path.as_os_str().to_owned();
    beside.push(suffix);
    match std::fs::metadata(Path::new(&beside)) {
        Ok(file) => file.len() == 0,
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    }
}
