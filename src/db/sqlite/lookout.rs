//! Looking at many files from outside. A thread of its own for each file would cost several times the looking, so one
//! looks at all that wait, and others come when it is stuck: a disk may be far away, and the next file on another one.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::time::timeout;

use super::stamp::Stamp;
use crate::db::{DbError, Patience, Target, Trouble};

/// How long a thread that has nothing to look at stays for more.
const LINGER: Duration = Duration::from_micros(100);

/// How long nobody may be answered before another thread comes.
const STUCK: Duration = Duration::from_millis(50);

/// The files that are to be looked at.
#[derive(Clone, Default)]
pub(in crate::db) struct Lookout(Arc<Mutex<Line>>);

#[derive(Default)]
struct Line {
    waiting: VecDeque<Wish>,
    /// How many threads look.
    looking: usize,
}

/// Somebody's wish to know a file's stamp.
struct Wish {
    path: PathBuf,
    answer: oneshot::Sender<Option<Stamp>>,
}

impl Lookout {
    /// Whether nobody wrote a file since it had this stamp.
    pub(in crate::db) async fn is_unwritten(
        &self,
        target: &Target,
        since: Stamp,
        patience: Patience,
    ) -> Result<bool, DbError> {
        let failed = |trouble, message| DbError::new(trouble, format!("open {target}"), message);
        let (answer, mut answered) = oneshot::channel();
        self.wait_in_line(Wish { path: target.path(), answer });
        let begun = Instant::now();
        while begun.elapsed() < patience.connect {
            match timeout(STUCK.min(patience.connect), &mut answered).await {
                Ok(Ok(stamp)) => return Ok(stamp == Some(since)),
                Ok(Err(_)) => return Err(failed(Trouble::Disconnected, "nobody looks at files any more".to_owned())),
                Err(_) => self.call_another(),
            }
        }
        Err(failed(Trouble::TimedOut, format!("no answer within {:?}", patience.connect)))
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_in_line(&self, wish: Wish) {
        let mut line = self.line();
        line.waiting.push_back(wish);
        if line.looking == 0 {
            self.call(&mut line);
        }
    }

    /// Whoever looks is stuck: those that wait behind are not to be.
    fn call_another(&self) {
        let mut line = self.line();
        if !line.waiting.is_empty() {
            self.call(&mut line);
        }
    }

    fn call(&self, line: &mut Line) {
        line.looking += 1;
        let lookout = self.clone();
        tokio::task::spawn_blocking(move || lookout.look());
    }

    /// Looks at one after the other until none is left.
    fn look(&self) {
        let mut last = Instant::now();
        while let Some(wish) = self.next(last) {
            if let Some(Wish { path, answer }) = wish {
                // Whoever asked may have gone.
                let _ = answer.send(Stamp::found_at(&path));
                last = Instant::now();
            } else {
                std::thread::yield_now();
            }
        }
    }

    /// What to look at next, which may be nothing yet. `None` when it is time to go.
    fn next(&self, last: Instant) -> Option<Option<Wish>> {
        let mut line = self.line();
        let wish = line.waiting.pop_front();
        if wish.is_none() && last.elapsed() >= LINGER {
            line.looking -= 1;
            return None;
        }
        Some(wish)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    const PATIENCE: Patience = Patience { connect: Duration::from_secs(5), read: Duration::from_secs(5) };

    /// The stamp of a file that nobody writes.
    fn old() -> Stamp {
        Stamp::found_at(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("LICENSE-MIT"))
            .expect("a file that is old")
    }

    fn file(folder: &std::path::Path, name: &str) -> Target {
        let path = folder.join(name);
        let file = std::fs::File::create(&path).expect("a folder for files");
        file.set_modified(std::time::SystemTime::now() - Duration::from_secs(3600)).expect("a file system with times");
        Target::file(&path)
    }

    #[tokio::test]
    async fn every_wish_has_its_own_answer() {
        let folder = tempfile::tempdir().unwrap();
        let targets: Vec<Target> = (0..50).map(|at| file(folder.path(), &format!("{at}.db"))).collect();
        // The time of the last change cannot be set back.
        tokio::time::sleep(Duration::from_secs(4)).await;
        let lookout = Lookout::default();
        let stamps: Vec<Stamp> = targets.iter().map(|target| Stamp::found_at(&target.path()).unwrap()).collect();
        for shift in [0, 1] {
            let shifted = stamps.iter().cycle().skip(shift);
            let looks =
                targets.iter().zip(shifted).map(|(target, stamp)| lookout.is_unwritten(target, *stamp, PATIENCE));
            let unwritten = futures_util::future::join_all(looks).await;
            assert!(unwritten.into_iter().all(|found| found.unwrap() == (shift == 0)));
        }
        tokio::time::sleep(LINGER * 100).await;
        assert_eq!(lookout.line().looking, 0);
    }

    #[tokio::test]
    async fn whoever_is_stuck_keeps_nobody_else_waiting() {
        let folder = tempfile::tempdir().unwrap();
        let lookout = Lookout::default();
        // A thread that never comes back.
        lookout.line().looking = 1;
        let target = file(folder.path(), "a.db");
        let found = timeout(PATIENCE.connect, lookout.is_unwritten(&target, old(), PATIENCE)).await;
        assert!(found.is_ok_and(|found| found.is_ok()));
    }

    #[tokio::test]
    async fn nobody_waits_longer_than_the_patience() {
        let lookout = Lookout::default();
        let hasty = Patience { connect: Duration::ZERO, ..PATIENCE };
        let found = lookout.is_unwritten(&Target::file("/a.db".as_ref()), old(), hasty).await;
        assert_eq!(found.unwrap_err().trouble, Trouble::TimedOut);
    }
}
