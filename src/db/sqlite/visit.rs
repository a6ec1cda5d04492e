//! Looking at a file again: at its stamp, then at its catalog's texts, and only then at everything.

use std::path::PathBuf;

use super::open::{Mode, locate};
use super::stamp::Stamp;
use super::{SqliteSession, catalog};
use crate::db::visit::Found;
use crate::db::{Connection, DbError, Glance, Patience, Target, Trouble};
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
        let (owned, doing) = (target.clone(), format!("open {target}"));
        let finding = tokio::task::spawn_blocking(move || {
            let (path, mode) = locate(&owned)?;
            Ok(Self { stamp: Stamp::of(&path), path, mode })
        });
        match tokio::time::timeout(patience.connect, finding).await {
            Ok(Ok(found)) => found,
            Ok(Err(stopped)) => Err(DbError::new(Trouble::Disconnected, doing, stopped.to_string())),
            Err(_) => {
                let message = format!("no answer within {:?}", patience.connect);
                Err(DbError::new(Trouble::TimedOut, doing, message))
            }
        }
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

async fn look(session: &mut SqliteSession, known: Option<Hash>) -> Result<Looked, DbError> {
    let entries = session.entries().await?;
    let key = catalog::key(&entries);
    if known == Some(key) {
        return Ok(Looked::Same(key));
    }
    let glance = Glance::sqlite(key, session.details(entries).await?);
    Ok(Looked::New(Found { platform: session.platform().clone(), place: session.place().clone(), glance }))
}
