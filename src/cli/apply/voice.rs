//! What is said on stderr while plans run.

use std::time::{Duration, Instant};

use crate::apply::{Progress, Rows, Waiting};
use crate::backup::Backup;
use crate::cli::show;
use crate::db::DbError;
use crate::model::{QName, RowWork, Step};
use crate::reconcile::words;

/// Says on stderr what happens.
pub struct Voice<'a> {
    tenant: &'a str,
    talk: bool,
    /// When it was last said how far work on rows has come.
    told: Option<Instant>,
    /// The backup that was made.
    backup: Option<Backup>,
}

impl<'a> Voice<'a> {
    /// The voice of a tenant.
    pub fn of(tenant: &'a str, talk: bool) -> Self {
        Self { tenant, talk, told: None, backup: None }
    }

    /// The backup that was made, if one was.
    pub fn backup(self) -> Option<Backup> {
        self.backup
    }
}

/// How often it is said how far work on rows has come.
const EVERY: Duration = Duration::from_secs(2);

impl Progress for Voice<'_> {
    fn backing_up(&mut self, tables: &[QName]) {
        if self.talk {
            anstream::eprintln!("{}: backing up {}", words::clean(self.tenant), show::tables(tables));
        }
    }

    fn backed_up<'a>(&'a mut self, backup: &'a Backup) -> Waiting<'a> {
        let size = backup.bytes.map(|bytes| format!(" ({})", show::table::size(bytes))).unwrap_or_default();
        anstream::eprintln!("{}: backup at {}{size}", words::clean(self.tenant), words::clean(&backup.place));
        self.backup = Some(backup.clone());
        Box::pin(std::future::ready(Ok(())))
    }

    fn step(&mut self, number: usize, of: usize, step: &Step) {
        if self.talk {
            anstream::eprintln!("{}: step {number} of {of}: {}", words::clean(self.tenant), words::clean(&step.title));
        }
    }

    fn rows(&mut self, work: &RowWork, rows: Rows) {
        if self.talk && self.told.is_none_or(|told| told.elapsed() >= EVERY) {
            self.told = Some(Instant::now());
            let (tenant, title) = (words::clean(self.tenant), words::clean(&work.title));
            let left = Duration::from_secs(rows.left().as_secs());
            let (done, total, pace) = (rows.done, rows.total, rows.per_second());
            anstream::eprintln!("{tenant}: {title}: {done} of {total} rows, {pace:.0} rows/s, {left:?} left");
        }
    }

    fn retry(&mut self, error: &DbError, pause: Duration) {
        anstream::eprintln!("{}: {error}; trying again in {pause:?}", words::clean(self.tenant));
    }
}
