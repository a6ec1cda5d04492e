//! Who keeps a statement waiting. Only the server knows, and only while it waits: so a second connection asks
//! once a statement takes long.

use std::convert::Infallible;
use std::time::Duration;

use super::wire::{Row, Wire};
use super::{connect, path};
use crate::db::{DbError, Patience, Target, Trouble};

/// The longest pause between two questions.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// The sessions that a backend waits for. Their statements are left out: they may hold what nobody should read.
const QUERY: &str = include_str!("queries/blockers.sql");

/// A statement that may have to wait.
#[derive(Clone)]
pub(super) struct Watch {
    /// Where it runs.
    pub(super) target: Target,
    /// How long asking may take.
    pub(super) patience: Patience,
    /// The process that runs it.
    pub(super) backend: String,
    /// How long it waits for a lock before it gives up.
    pub(super) lock_timeout: Duration,
}

impl Watch {
    /// Looks again and again whom the statement waits for, and keeps the last ones found. Ends with the statement
    /// only. Where no second connection can be had, nothing is found.
    pub(super) async fn keep(&self, found: &mut Vec<String>) -> Infallible {
        let pause = (self.lock_timeout / 2).min(LONGEST_PAUSE);
        tokio::time::sleep(pause).await;
        if let Ok(mut wire) = connect::open(&self.target, self.patience).await {
            while let Ok(blockers) = self.ask(&mut wire).await {
                if !blockers.is_empty() {
                    *found = blockers;
                }
                tokio::time::sleep(pause).await;
            }
        }
        std::future::pending().await
    }

    async fn ask(&self, wire: &mut Wire) -> Result<Vec<String>, DbError> {
        let answers = wire.send(&path::safely(&QUERY.replace("$pid", &self.backend)), self.patience.read).await?;
        Ok(answers.into_iter().flat_map(|answer| answer.rows).map(|row| words(&row)).collect())
    }
}

/// The error of a statement that waited for too long, with those whom it waited for.
pub(super) fn explained(error: DbError, blockers: Vec<String>) -> DbError {
    let waited = matches!(error.trouble, Trouble::LockTimeout | Trouble::TimedOut);
    if waited { DbError { blockers, ..error } } else { error }
}

/// One session in a few words. What the login may not see is left out.
fn words(row: &Row) -> String {
    let text = |at: usize| row.get(at).and_then(Option::as_deref).filter(|text| !text.is_empty());
    let pid = text(0).unwrap_or_default();
    if pid == "0" {
        return "a prepared transaction".to_owned();
    }
    let facts = [
        text(1).map(|user| format!("user {user}")),
        text(2).map(|application| format!("application {application:?}")),
        text(3).map(str::to_owned),
        text(4).map(|seconds| format!("statement begun {seconds}s ago")),
        text(5).map(|seconds| format!("transaction begun {seconds}s ago")),
    ];
    let facts: Vec<_> = facts.into_iter().flatten().collect();
    if facts.is_empty() { format!("pid {pid}") } else { format!("pid {pid} ({})", facts.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_is_known_of_a_session() {
        let row = |cells: &[&str]| cells.iter().map(|cell| Some((*cell).to_owned())).collect::<Row>();
        assert_eq!(words(&row(&["0", "", "", "", "", ""])), "a prepared transaction");
        assert_eq!(words(&vec![Some("7".to_owned()), None, None, None, None, None]), "pid 7");
        assert_eq!(
            words(&row(&["7", "app", "psql", "idle in transaction", "42", "50"])),
            "pid 7 (user app, application \"psql\", idle in transaction, statement begun 42s ago, transaction begun 50s ago)"
        );
    }
}
