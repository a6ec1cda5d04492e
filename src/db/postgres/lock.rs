//! undrift's lock on a database: a session advisory lock, which dies with its connection.

use std::time::Duration;

use super::wire::Wire;
use crate::db::{DbError, Trouble};

/// `undr` and `ift`: nobody else has a reason to use this pair.
const KEYS: (i32, i32) = (0x756e_6472, 0x6966_7400);

/// Takes the lock if it is free.
pub(super) async fn take(wire: &mut Wire, within: Duration) -> Result<bool, DbError> {
    let (a, b) = KEYS;
    let sql = format!("SELECT pg_try_advisory_lock({a}, {b}), pg_backend_pid()");
    let row = wire.row(&sql, within).await?;
    if row.first() != Some(&Some("t".to_owned())) {
        return Ok(false);
    }
    let process = row.get(1).cloned().flatten();
    for _ in 0..2 {
        if wire.row("SELECT pg_backend_pid()", within).await?.first() != Some(&process) {
            return Err(pooled());
        }
    }
    if still_held(wire, &process.unwrap_or_default(), within).await? { Ok(true) } else { Err(pooled()) }
}

/// Whether the next message reaches the process that took the lock, and it has it.
async fn still_held(wire: &mut Wire, process: &str, within: Duration) -> Result<bool, DbError> {
    let (a, b) = KEYS;
    let sql = format!(
        "SELECT pg_backend_pid(), EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted \
         AND classid = {a} AND objid = {b} AND objsubid = 2 AND pid = pg_backend_pid())"
    );
    let row = wire.row(&sql, within).await?;
    Ok(row == [Some(process.to_owned()), Some("t".to_owned())])
}

fn pooled() -> DbError {
    let message =
        "each statement reaches another server process: a connection pooler in transaction mode is in between";
    DbError::new(Trouble::Usage, "lock the database", message)
        .with_remedy("give undrift the server's own address, or a pool in session mode")
}

/// Gives the lock back.
pub(super) async fn release(wire: &mut Wire, within: Duration) -> Result<(), DbError> {
    let (a, b) = KEYS;
    wire.send(&format!("SELECT pg_advisory_unlock({a}, {b})"), within).await.map(drop)
}
