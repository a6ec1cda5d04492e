//! Files that nobody wrote since the last visit: many are looked at in one go, for far less than it takes to visit each.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::time::timeout;

use super::Memo;
use crate::db::Target;
use crate::db::sqlite::Stamp;

/// How long many files are looked at together. Whoever was not reached by then is visited by himself: one of them lies on
/// a disk that does not answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// What a tenant's file looked like from outside at the last visit.
pub struct FileSign {
    path: PathBuf,
    stamp: Stamp,
}

impl FileSign {
    /// What the memo of a visit says of it. Nothing if the tenant is no file, or something about it was in motion.
    pub fn of(target: &Target, memo: &Memo) -> Option<Self> {
        Some(Self { path: target.path(), stamp: memo.stamp()? })
    }

    /// For each of these files, whether it is sure that nobody wrote it since.
    pub async fn hold(signs: Vec<Self>) -> Vec<bool> {
        let found: Arc<[AtomicBool]> = signs.iter().map(|_| AtomicBool::new(false)).collect();
        let seen = Arc::downgrade(&found);
        let _ = timeout(PATIENCE, tokio::task::spawn_blocking(move || look(&signs, &seen))).await;
        found.iter().map(|found| found.load(Ordering::Relaxed)).collect()
    }
}

/// Looks at one file after the other, for as long as somebody wants to know.
fn look(signs: &[FileSign], found: &Weak<[AtomicBool]>) {
    for (at, sign) in signs.iter().enumerate() {
        let holds = Stamp::found_at(&sign.path) == Some(sign.stamp);
        let Some(found) = found.upgrade() else { return };
        found[at].store(holds, Ordering::Relaxed);
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    /// The sign of a file that nobody writes.
    fn old() -> FileSign {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("LICENSE-MIT");
        let stamp = Stamp::found_at(&path).expect("a file that is old");
        FileSign { path, stamp }
    }

    #[tokio::test]
    async fn only_those_hold_that_are_what_they_were() {
        let folder = tempfile::tempdir().unwrap();
        let other = folder.path().join("other.db");
        std::fs::write(&other, "new").unwrap();
        let signs = vec![
            FileSign { path: folder.path().join("gone.db"), ..old() },
            old(),
            FileSign { path: other, ..old() },
            old(),
        ];
        assert_eq!(FileSign::hold(signs).await, [false, true, false, true]);
    }
}
