//! What comes from outside: signals, and files that change.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// How long files must be quiet before they are read: editors write in several steps.
const QUIET: Duration = Duration::from_millis(500);

/// The signals that the service listens to.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// To end.
    End,
    /// To read all files again.
    Reload,
}

impl Signals {
    /// Starts to listen.
    ///
    /// # Errors
    /// When the system does not let it.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for the next one.
    pub async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.terminate.recv() => Asked::End,
            _ = self.interrupt.recv() => Asked::End,
            _ = self.hangup.recv() => Asked::Reload,
        }
    }
}

/// Watches the folders of files: an editor, or a mounted configuration, replaces the file itself.
pub struct Files {
    _watcher: Option<RecommendedWatcher>,
    touched: Arc<Mutex<Option<Instant>>>,
}

impl Files {
    /// Starts to watch. Where the system cannot watch, SIGHUP and every pass read the files again.
    pub fn watch(files: &BTreeSet<PathBuf>) -> Self {
        let touched = Arc::new(Mutex::new(None));
        let folders: BTreeSet<PathBuf> = files.iter().map(|file| folder_of(file)).collect();
        let mark = Arc::clone(&touched);
        let heard = move |event: notify::Result<notify::Event>| {
            if event.is_ok_and(|event| is_about_files(&event)) {
                *mark.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
            }
        };
        let watcher = notify::recommended_watcher(heard).and_then(|mut watcher| {
            folders.iter().try_for_each(|folder| watcher.watch(folder, RecursiveMode::NonRecursive))?;
            Ok(watcher)
        });
        if let Err(error) = &watcher {
            tracing::warn!(%error, "the files cannot be watched: send SIGHUP after a change");
        }
        Self { _watcher: watcher.ok(), touched }
    }

    /// Whether something changed and has been quiet since; once for each change.
    pub fn have_changed(&self) -> bool {
        let mut touched = self.touched.lock().unwrap_or_else(PoisonError::into_inner);
        touched.take_if(|at| at.elapsed() >= QUIET).is_some()
    }
}

/// Whether an event is about a file that may be one of ours: schemas can extend others that nobody named here, and
/// a mounted configuration is replaced through links that begin with two dots.
fn is_about_files(event: &notify::Event) -> bool {
    let may_be_ours = |path: &PathBuf| {
        let kind = path.extension().is_some_and(|kind| ["yaml", "yml", "sql"].iter().any(|ours| kind == *ours));
        kind || path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(".."))
    };
    !event.kind.is_access() && event.paths.iter().any(may_be_ours)
}

fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}
