//! Crash points: what a test does to a run at its n-th message to a server. Compiled with the feature `crash-points` only.
//!
//! `UNDRIFT_CRASH=HOW:WHERE:N` says how, where and when. `HOW` is `kill-before`, `kill-after`, `error`, `cut-before` or
//! `cut-after`; `WHERE` is `look` (all that happens before the tenant is locked) or `apply` (from there on).
//! What is sent to several databases at a time is counted together: `N` means one message where one tenant is changed.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use super::{Connection, DbError, Session, Trouble};
use crate::model::Vendor;

/// What the variable says. One that says nonsense is no crash point: the test notices that nothing crashed.
static POINT: LazyLock<Option<Point>> = LazyLock::new(|| Point::of(&std::env::var("UNDRIFT_CRASH").ok()?));

/// Whether a tenant was locked.
static LOCKED: AtomicBool = AtomicBool::new(false);

/// The messages since the beginning, or since a tenant was locked.
static SENT: AtomicU64 = AtomicU64::new(0);

#[derive(Clone, Copy)]
struct Point {
    how: How,
    locked: bool,
    number: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    KillBefore,
    KillAfter,
    Error,
    CutBefore,
    CutAfter,
}

impl Point {
    fn of(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let how = match parts.next()? {
            "kill-before" => How::KillBefore,
            "kill-after" => How::KillAfter,
            "error" => How::Error,
            "cut-before" => How::CutBefore,
            "cut-after" => How::CutAfter,
            _ => return None,
        };
        Some(Self { how, locked: parts.next()? == "apply", number: parts.next()?.parse().ok()? })
    }
}

/// Counting begins anew: a tenant is locked.
pub(super) fn locked() {
    LOCKED.store(true, Ordering::SeqCst);
    SENT.store(0, Ordering::SeqCst);
}

/// Does what is to be done before a message is sent. Returns what is to be done once it was answered.
pub(super) async fn before(session: &mut Session, message: &str) -> Result<Later, DbError> {
    let number = SENT.fetch_add(1, Ordering::SeqCst) + 1;
    let here = |point: &Point| point.locked == LOCKED.load(Ordering::SeqCst) && point.number == number;
    let Some(point) = POINT.filter(here) else { return Ok(Later(None)) };
    anstream::eprintln!("crash point {number}: {:?} {message}", point.how);
    match point.how {
        How::KillBefore => die(),
        How::Error => return Err(DbError::new(Trouble::Statement, message, "an error was asked for")),
        How::CutBefore => cut(session).await?,
        How::KillAfter | How::CutAfter => return Ok(Later(Some(point.how))),
    }
    Ok(Later(None))
}

/// What is still to be done at a crash point.
pub(super) struct Later(Option<How>);

impl Later {
    /// Does it.
    pub(super) async fn now(self, session: &mut Session) -> Result<(), DbError> {
        match self.0 {
            Some(How::KillAfter) => die(),
            Some(How::CutAfter) => {
                cut(session).await?;
                Err(lost())
            }
            _ => Ok(()),
        }
    }
}

/// Lets the server end the connection. SQLite has none: there it is an error like any other.
async fn cut(session: &mut Session) -> Result<(), DbError> {
    let sql = match session.platform().vendor {
        Vendor::Postgres => "SELECT pg_terminate_backend(pg_backend_pid())",
        Vendor::Mysql | Vendor::Mariadb => "KILL CONNECTION_ID()",
        Vendor::Sqlite => return Err(lost()),
    };
    let _ = each!(session, inner => inner.execute(sql).await);
    Ok(())
}

fn lost() -> DbError {
    DbError::new(Trouble::Disconnected, "wait for the answer", "the connection was cut")
}

/// Ends this process as `kill -9` does. Nothing else of it runs on purpose; the other threads end with it.
fn die() -> ! {
    let _ = std::process::Command::new("kill").args(["-KILL", &std::process::id().to_string()]).status();
    loop {
        std::thread::sleep(Duration::from_secs(1));
    }
}
