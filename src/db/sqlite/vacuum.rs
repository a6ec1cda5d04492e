//! A copy of a whole database in another file.

use std::path::Path;
use std::time::Duration;

use super::error::classify;
use super::open::{Mode, locate, open_with};
use super::rights::CopyingOut;
use super::{Deadline, sql};
use crate::db::{DbError, Patience, Target};
use crate::dialect::sqlite::names::literal;

/// Copies the database into an empty file, as it is at one moment. SQLite attaches that file, which no other connection may:
/// this one runs nothing else.
///
/// # Errors
/// What SQLite says; that the time-outs for a lock and for the whole copy are over.
pub async fn copy_into(target: &Target, file: &Path, lock: Duration, whole: Duration) -> Result<(), DbError> {
    let (path, mode) = locate(target)?;
    // A relative name could read as a URI.
    let file = std::path::absolute(file).map_err(|error| DbError::io(&file.display().to_string(), error))?;
    let mode = if mode == Mode::Create { Mode::Write } else { mode };
    let patience = Patience::default().connect.max(lock);
    let mut connection = open_with::<CopyingOut>(&path, mode, patience).await?;
    let deadline = Deadline::watch(&mut connection).await?;
    let statement = format!("VACUUM INTO {}", literal(&file.display().to_string()));
    deadline.set(whole);
    let copied = sql(&statement).execute(&mut connection).await;
    deadline.clear();
    // The copy is judged by what is in it.
    let _ = sqlx::Connection::close(connection).await;
    let doing = format!("copy {} into {}", path.display(), file.display());
    copied.map(drop).map_err(|error| classify(doing, &error).with_statement(&statement))
}
