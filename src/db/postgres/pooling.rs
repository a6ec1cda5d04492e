//! Connection poolers that give each transaction another server process.
//!
//! What a session sets would stay behind in whatever process it reached, for the next of the pool's clients: time-outs,
//! a role, a lock that nobody gives back. So before anything is set it is found out whether such a pooler is in between:
//! a second connection, with a transaction that stays open, is only given the process of the first one if that is shared.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::connect;
use super::wire::Wire;
use crate::db::{DbError, Patience, Target, Trouble};
use crate::model::Hash;

/// How long an address is believed to be what it was found to be.
const BELIEVED: Duration = Duration::from_secs(600);

/// How long the second connection waits for a process: a pool in session mode may have none left.
const PATIENCE: Duration = Duration::from_secs(2);

/// What to do about a pooler.
pub(super) const REMEDY: &str = "give undrift the server's own address, or a pool in session mode";

/// When an address was last found to give sessions a process of their own. Whoever finds out makes the others wait.
type Finding = Arc<tokio::sync::Mutex<Option<Instant>>>;

/// The findings by login.
static FINDINGS: Mutex<BTreeMap<Hash, Finding>> = Mutex::new(BTreeMap::new());

/// Makes sure that a connection over which nothing was said yet has a process of its own.
///
/// # Errors
/// [`Trouble::Usage`] if it shares one.
pub(super) async fn refuse_shared(wire: &mut Wire, target: &Target, patience: Patience) -> Result<(), DbError> {
    let finding = findings().entry(target.login()?).or_default().clone();
    let mut found = finding.lock().await;
    if found.is_some_and(|found| found.elapsed() < BELIEVED) {
        return Ok(());
    }
    if is_shared(wire, target, patience).await? {
        return Err(shared(format!("connect to {target}")));
    }
    *found = Some(Instant::now());
    Ok(())
}

/// What was found out was wrong.
pub(super) fn forget(target: &Target) {
    if let Ok(login) = target.login() {
        findings().remove(&login);
    }
}

fn findings() -> MutexGuard<'static, BTreeMap<Hash, Finding>> {
    FINDINGS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// That statements of one session reach different processes.
pub(super) fn shared(doing: impl Into<String>) -> DbError {
    let message =
        "a connection pooler in transaction mode is in between: statements reach processes that others use, too";
    DbError::new(Trouble::Usage, doing, message).with_remedy(REMEDY)
}

async fn is_shared(wire: &mut Wire, target: &Target, patience: Patience) -> Result<bool, DbError> {
    let first = process(wire, "", patience.connect).await?;
    // Where there is no room for another connection nothing can be found out. Whoever takes the lock looks once more.
    let Ok(mut other) = connect::open(target, patience).await else { return Ok(false) };
    let shared = match process(&mut other, "BEGIN; ", PATIENCE).await {
        Ok(second) => second == first || process(wire, "", patience.connect).await? != first,
        // A pool that gives each statement another process takes no transactions.
        Err(error) => error.code.as_deref() == Some("08P01"),
    };
    other.close().await;
    Ok(shared)
}

/// The number of the process that a connection reaches.
async fn process(wire: &mut Wire, before: &str, within: Duration) -> Result<Option<String>, DbError> {
    let row = wire.row(&format!("{before}SELECT pg_catalog.pg_backend_pid()"), within).await?;
    Ok(row.into_iter().next().flatten())
}
