//! Hashing many values on all processors, away from everything that must not wait.

use std::thread;

use super::Cause;
use crate::db::Texts;
use crate::hashing::{self, HashingError};
use crate::model::{OnConflict, RowTask};

/// What becomes of a row.
pub(super) enum Decision {
    /// These values are written, in the order in which they were read.
    Write(Vec<String>),
    /// It stays as it is.
    Keep,
    /// Nobody but a person can say which value counts.
    Conflict,
}

/// What becomes of rows, by the values that were read of each.
pub(super) async fn decide(task: &RowTask, rows: Vec<Texts>) -> Result<Vec<Decision>, Cause> {
    on_all_processors(task, rows, decision).await
}

/// Whether the two values of each row contradict each other.
pub(super) async fn disagree(task: &RowTask, rows: Vec<Texts>) -> Result<Vec<bool>, Cause> {
    on_all_processors(task, rows, |task, row| Ok(contradict(task, row))).await
}

fn decision(task: &RowTask, row: &Texts) -> Result<Decision, HashingError> {
    match (task, row.as_slice()) {
        (RowTask::Hash { transform, .. }, [Some(value)]) if !hashing::is_password_hash(value) => {
            Ok(Decision::Write(vec![hashing::hashed(transform, value)?]))
        }
        (RowTask::Agree { .. }, _) if contradict(task, row) => Ok(Decision::Conflict),
        (RowTask::Agree { transform, on_conflict, .. }, [Some(old), new]) => {
            let counts = match new {
                Some(new) if *on_conflict != OnConflict::KeepOld => new,
                _ => old,
            };
            let hash = hashing::hashed(transform, counts)?;
            let done = *old == hash && new.as_ref() == Some(&hash);
            Ok(if done { Decision::Keep } else { Decision::Write(vec![hash.clone(), hash]) })
        }
        _ => Ok(Decision::Keep),
    }
}

/// Plain text and its hash do not contradict each other.
fn contradict(task: &RowTask, row: &Texts) -> bool {
    match (task, row.as_slice()) {
        (RowTask::Agree { on_conflict: OnConflict::Stop, .. }, [Some(old), Some(new)]) => {
            old != new && !hashing::is_hash_of(new, old) && !hashing::is_hash_of(old, new)
        }
        _ => false,
    }
}

async fn on_all_processors<T: Send + 'static>(
    task: &RowTask,
    rows: Vec<Texts>,
    work: fn(&RowTask, &Texts) -> Result<T, HashingError>,
) -> Result<Vec<T>, Cause> {
    let task = task.clone();
    let hashed = tokio::task::spawn_blocking(move || in_parts(&task, &rows, work)).await;
    let hashed = hashed.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
    hashed.map_err(|error| Cause::Data(format!("a value cannot be hashed: {error}")))
}

fn in_parts<T: Send>(
    task: &RowTask,
    rows: &[Texts],
    work: fn(&RowTask, &Texts) -> Result<T, HashingError>,
) -> Result<Vec<T>, HashingError> {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let size = rows.len().div_ceil(processors).max(1);
    let part = |part: &[Texts]| part.iter().map(|row| work(task, row)).collect::<Result<Vec<T>, _>>();
    thread::scope(|scope| {
        let threads: Vec<_> = rows.chunks(size).map(|rows| scope.spawn(move || part(rows))).collect();
        let parts =
            threads.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        parts.collect::<Result<Vec<_>, _>>().map(|parts| parts.into_iter().flatten().collect())
    })
}
