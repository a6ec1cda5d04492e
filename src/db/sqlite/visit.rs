//! Looking at a file again: at its stamp, then at its catalog's texts, and only then at everything.

use std::path::PathBuf;

use super::SqliteSession;
use super::open::{Mode, locate};
use super::stamp::Stamp;
use crate::db::visit::Found;
use crate::db::{Connection, DbError, Patience, Target, Trouble};
use crate::model::Hash;

/// What the catalog's texts say.
pub(in crate::db) enum Looked {
    /// They are those that are known.
    Same(Hash),
    /// They are others, so everything was read.
    New(Found),
}

/// A database file that was found and not opened yet.
pub(in crate::db) struct File {
    path: PathBuf,
    mode: Mode,
    stamp: Option<Stamp>,
}

impl File {
    /// Finds the file and looks at it from outside. The disk may be far away, so it is waited for elsewhere.
    pub(in crate::db) async fn find(target: &Target, patience: Patience) -> Result<Self, DbError> {
        let owned = target.clone();
        let found = elsewhere(target, patience, move || {
            let (path, mode) = locate(&owned)?;
            Ok(Self { stamp: Stamp::of(&path), path, mode })
        });
        found.await?
    }

    /// What the file looks like from outside, unless it is in motion.
    pub(in crate::db) fn stamp(&self) -> Option<Stamp> {
        self.stamp
    }

    /// Opens the file and reads the catalog's texts; the rest too, unless the texts have this key.
    pub(in crate::db) async fn look(self, known: Option<Hash>, patience: Patience) -> Result<Looked, DbError> {
        let mut session = SqliteSession::open_unread(self.path, self.mode, patience).await?;
        let looked = look(&mut session, known).await;
        session.close().await;
        looked
    }
}

/// Waits for the disk where waiting keeps nobody else from working.
async fn elsewhere<T: Send + 'static>(
    target: &Target,
    patience: Patience,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, DbError> {
    let failed = |trouble, message| DbError::new(trouble, format!("open {target}"), message);
    match tokio::time::timeout(patience.connect, tokio::task::spawn_blocking(work)).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(stopped)) => Err(failed(Trouble::Disconnected, stopped.to_string())),
        Err(_) => Err(failed(Trouble::TimedOut, format!("no answer within {:?}", patience.connect))),
    }
}

async fn look(session: &mut SqliteSession, known: Option<Hash>) -> Result<Looked, DbError> {
    if let Some(known) = known
        && session.key().await? == known
    {
        return Ok(Looked::Same(known));
    }
    session.watch().await?;
    let glance = session.glance().await?;
    Ok(Looked::New(Found { platform: session.platform().clone(), place: session.place().clone(), glance }))
}
