//! SQLite: the whole file, by `VACUUM INTO`, which reads a moment of it however many write meanwhile.

use super::place::Place;
use super::{BackupError, Made, Order};
use crate::db::{Connection, Patience, Session, Target, sqlite};

const TOOL: &str = "VACUUM INTO";

const TABLES: &str = "SELECT count(*) FROM sqlite_master WHERE type = 'table'";

pub(super) async fn make(order: &Order<'_>, place: &Place) -> Result<Made, BackupError> {
    // The file has to be empty, and is nobody else's to read from the beginning.
    drop(place.create()?);
    let mut session = Session::connect(order.target, Patience::default()).await?;
    session.limit(order.lock_timeout, order.settings.timeout).await?;
    let made = sqlite::copy_into(order.target, place.partial(), order.lock_timeout, order.settings.timeout).await;
    let tables = session.count(TABLES).await;
    session.close().await;
    made?;
    is_whole(place, tables?).await.map(|()| Made::File)
}

/// The copy opens and holds as many tables as the original.
async fn is_whole(place: &Place, tables: u64) -> Result<(), BackupError> {
    let mut copy = Session::connect(&Target::file(place.partial()), Patience::default()).await?;
    let found = copy.count(TABLES).await;
    copy.close().await;
    let found = found?;
    if found > 0 && found == tables {
        return Ok(());
    }
    let why = format!("it holds {found} tables, and not {tables}");
    Err(BackupError::Incomplete { tool: TOOL.to_owned(), why })
}
