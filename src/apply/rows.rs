//! Work on rows: batch after batch, each for itself, until no row is pending.
//!
//! A run that is cut short leaves rows done or pending, never half done, and the next run goes on with those that
//! are pending. Rows that others write meanwhile behind the walk are found by walking again.

mod assign;

use std::time::{Duration, Instant};

use super::hash::{self, Decision};
use super::progress::Progress;
use super::{Cause, Limits, pauses};
use crate::db::{Connection, DbError, Session, Texts, Trouble};
use crate::dialect::rows::{self, Key, Written};
use crate::dialect::{self, Dialect, moves};
use crate::model::{RowTask, RowWork};

/// How many rows are hashed together: a row's hash takes tens of milliseconds, and what was hashed before a kill and
/// not written is lost work.
const HASHED_TOGETHER: usize = 200;

/// How often rows are walked over again because others keep writing pending ones. What is left then is done under the
/// lock of the step that follows.
const WALKS: usize = 20;

/// Work on the rows of one table, while it runs.
pub(super) struct Rows<'a> {
    session: &'a mut Session,
    dialect: Box<dyn Dialect>,
    /// The work as it was planned.
    planned: &'a RowWork,
    /// What is left of it: rows that nobody touched since the last walk are known to be done.
    work: RowWork,
    /// The moment from which on rows may have been touched, if one is known.
    since: &'a mut Option<String>,
    limits: &'a Limits,
    progress: &'a mut dyn Progress,
    begun: Instant,
    done: u64,
    total: u64,
}

/// Rows of which undrift does not know which value counts.
#[derive(Default)]
struct Conflicts {
    count: u64,
    keys: Vec<String>,
}

impl<'a> Rows<'a> {
    pub(super) fn new(
        session: &'a mut Session,
        planned: &'a RowWork,
        since: &'a mut Option<String>,
        limits: &'a Limits,
        progress: &'a mut dyn Progress,
    ) -> Self {
        let (dialect, work) = (dialect::of(session.platform()), planned.clone());
        Self { session, dialect, planned, work, since, limits, progress, begun: Instant::now(), done: 0, total: 0 }
    }

    /// Does the work, and returns how many rows were done.
    pub(super) async fn run(mut self) -> Result<u64, Cause> {
        if self.planned.key.is_empty() && !matches!(self.planned.task, RowTask::Set { .. }) {
            return self.refuse_without_key().await;
        }
        if self.planned.locked {
            return self.catch_up().await;
        }
        let mut moment = self.moment().await?;
        if matches!(self.work.task, RowTask::Agree { .. }) {
            self.make_sure_that_all_agree().await?;
        }
        self.total = self.session.count(&rows::pending(&*self.dialect, &self.work)).await?;
        for _ in 0..WALKS {
            let done = if self.total == 0 { 0 } else { self.walk_on_the_key().await? };
            self.narrow(moment);
            if done == 0 {
                break;
            }
            moment = self.moment().await?;
        }
        Ok(self.done)
    }

    /// Rows that nothing tells apart cannot be hashed one by one; if there are none, nothing is left to do.
    async fn refuse_without_key(&mut self) -> Result<u64, Cause> {
        let Some(told_apart) = moves::rows_are_told_apart(&*self.dialect, Vec::new(), self.planned) else {
            return Ok(0);
        };
        match self.session.count(&told_apart.query).await? {
            0 => Ok(0),
            pending => Err(Cause::Data(told_apart.finding.replace("{n}", &pending.to_string()))),
        }
    }

    /// Does what was written since the last walk, once: nobody writes any more, and everybody waits.
    async fn catch_up(mut self) -> Result<u64, Cause> {
        let since = self.since.take();
        self.narrow(since);
        if matches!(self.work.task, RowTask::Agree { .. }) {
            self.make_sure_that_all_agree().await?;
        }
        self.walk().await
    }

    /// The moment that it is, where the engine can tell what was touched since.
    async fn moment(&mut self) -> Result<Option<String>, DbError> {
        let Some(query) = self.dialect.moment() else { return Ok(None) };
        Ok(self.session.texts(query).await?.into_iter().flatten().next().flatten())
    }

    /// Leaves out what nobody touched since a moment.
    fn narrow(&mut self, since: Option<String>) {
        if let Some(moment) = &since {
            self.work = self.planned.narrowed(|pending| self.dialect.touched_since(moment, pending));
        }
        *self.since = since;
    }

    /// Once over all rows that are pending, in the order of their keys whatever the server thinks of the condition.
    async fn walk_on_the_key(&mut self) -> Result<u64, Cause> {
        let [keep, let_go] = self.dialect.keeps_to_the_key();
        if self.work.key.is_empty() {
            return self.walk().await;
        }
        for sql in keep {
            self.session.execute(sql).await?;
        }
        let done = self.walk().await;
        for sql in let_go {
            let free = self.session.execute(sql).await;
            // What ended the walk is the one to show.
            if done.is_ok() {
                free?;
            }
        }
        done
    }

    /// Once over all rows that are pending. Returns how many were done.
    async fn walk(&mut self) -> Result<u64, Cause> {
        match &self.planned.task {
            RowTask::Set { .. } => self.assign().await,
            RowTask::Hash { .. } | RowTask::Agree { .. } => self.hash().await,
        }
    }

    async fn hash(&mut self) -> Result<u64, Cause> {
        let (mut after, mut done) = (None, 0);
        let size = self.limits.batch.min(HASHED_TOGETHER);
        loop {
            let sql = rows::read(&*self.dialect, &self.work, after.as_ref(), size);
            let read = self.read(&sql).await?;
            let Some((last, _)) = read.last() else { return Ok(done) };
            after = Some(last.clone());
            let is_last = read.len() < size;
            done += self.write(read).await?;
            if is_last {
                return Ok(done);
            }
            self.breathe().await?;
        }
    }

    /// Keys and values of rows.
    async fn read(&mut self, sql: &str) -> Result<Vec<(Key, Texts)>, Cause> {
        let rows = self.session.texts(sql).await?;
        let width = self.work.key.len();
        let split = |mut row: Texts| {
            let values = row.split_off(width);
            Ok((known(row)?, values))
        };
        rows.into_iter().map(split).collect()
    }

    /// Hashes what was read and writes it, except where somebody changed the row meanwhile: that row stays pending.
    async fn write(&mut self, read: Vec<(Key, Texts)>) -> Result<u64, Cause> {
        let (keys, values): (Vec<Key>, Vec<Texts>) = read.into_iter().unzip();
        let decided = hash::decide(&self.work.task, values.clone()).await?;
        let mut changed = Vec::new();
        for ((key, values), decision) in keys.iter().zip(&values).zip(&decided) {
            match decision {
                Decision::Write(new) => changed.push((key, values, new)),
                Decision::Keep => {}
                Decision::Conflict => return Err(Cause::Data(self.disagreement(1, std::slice::from_ref(key)))),
            }
        }
        if changed.is_empty() {
            return Ok(0);
        }
        let begun = Instant::now();
        let touched =
            if self.work.locked { self.update(&changed).await? } else { self.update_unchanged(&changed).await? };
        self.count(touched, begun.elapsed());
        Ok(touched)
    }

    async fn update(&mut self, changed: &[(&Key, &Texts, &Vec<String>)]) -> Result<u64, DbError> {
        if changed.is_empty() {
            return Ok(0);
        }
        let written =
            changed.iter().map(|(key, _, new)| Written { key, values: new.iter().map(String::as_str).collect() });
        let sql = rows::write(&*self.dialect, &self.work, &written.collect::<Vec<_>>());
        // The error shows no statement: hashes are in it.
        let done = self.session.execute(&sql).await;
        done.map_err(DbError::without_statement)?;
        Ok(changed.len() as u64)
    }

    async fn update_unchanged(&mut self, changed: &[(&Key, &Texts, &Vec<String>)]) -> Result<u64, Cause> {
        let mut pauses = pauses(self.limits);
        loop {
            match self.try_update_unchanged(changed).await {
                Err(Cause::Db(error)) if error.trouble.passes() => match pauses.next() {
                    Some(pause) => {
                        self.progress.retry(&error, pause);
                        tokio::time::sleep(pause).await;
                    }
                    None => return Err(Cause::Db(error)),
                },
                done => return done,
            }
        }
    }

    async fn try_update_unchanged(&mut self, changed: &[(&Key, &Texts, &Vec<String>)]) -> Result<u64, Cause> {
        self.session.begin_batch().await?;
        let done = self.update_what_reads_the_same(changed).await;
        match done {
            Ok(_) => self.session.commit_batch().await?,
            // A connection that broke has rolled back by itself; the first error is the one to show.
            Err(_) => drop(self.session.rollback_batch().await),
        }
        done
    }

    async fn update_what_reads_the_same(&mut self, changed: &[(&Key, &Texts, &Vec<String>)]) -> Result<u64, Cause> {
        let keys: Vec<&Key> = changed.iter().map(|(key, ..)| *key).collect();
        let sql = rows::read_again(&*self.dialect, &self.work, &keys);
        let now: std::collections::BTreeMap<Key, Texts> = self.read(&sql).await?.into_iter().collect();
        let same: Vec<_> = changed.iter().filter(|(key, values, _)| now.get(*key) == Some(*values)).copied().collect();
        Ok(self.update(&same).await?)
    }

    /// Reads all rows where both columns hold something, before any of them is changed.
    async fn make_sure_that_all_agree(&mut self) -> Result<(), Cause> {
        let mut conflicts = Conflicts::default();
        let mut after = None;
        loop {
            let sql = rows::read(&*self.dialect, &self.work, after.as_ref(), self.limits.batch);
            let read = self.read(&sql).await?;
            let Some((last, _)) = read.last() else { break };
            after = Some(last.clone());
            let is_last = read.len() < self.limits.batch;
            let (keys, values): (Vec<Key>, Vec<Texts>) = read.into_iter().unzip();
            let disagree = hash::disagree(&self.work.task, values).await?;
            keys.into_iter().zip(disagree).filter(|(_, disagree)| *disagree).for_each(|(key, _)| conflicts.add(&key));
            self.go_on()?;
            if is_last {
                break;
            }
        }
        match conflicts.count {
            0 => Ok(()),
            count => Err(Cause::Data(self.disagreement_of(count, &conflicts.keys))),
        }
    }

    fn disagreement(&self, count: u64, keys: &[Key]) -> String {
        let keys: Vec<String> = keys.iter().map(|key| key.join(", ")).collect();
        self.disagreement_of(count, &keys)
    }

    fn disagreement_of(&self, count: u64, keys: &[String]) -> String {
        let columns: Vec<&str> = self.work.reads().into_iter().map(String::as_str).collect();
        let names: Vec<&str> = self.work.key.iter().map(|(name, _)| name.as_str()).collect();
        let more = if count > keys.len() as u64 { ", …" } else { "" };
        format!(
            "{count} rows of {} have both {} with different values ({}: {}{more})",
            self.work.table,
            columns.join(" and "),
            names.join(", "),
            keys.join("; "),
        )
    }

    /// Runs the statement of one batch, again after a lost race for a lock.
    async fn batch(&mut self, sql: &str) -> Result<u64, Cause> {
        let begun = Instant::now();
        let mut pauses = pauses(self.limits);
        loop {
            match self.session.execute(sql).await {
                Ok(touched) => {
                    self.count(touched, begun.elapsed());
                    return Ok(touched);
                }
                Err(error) if error.trouble.passes() && !self.work.locked => {
                    let Some(pause) = pauses.next() else { return Err(error.into()) };
                    self.progress.retry(&error, pause);
                    tokio::time::sleep(pause).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn count(&mut self, touched: u64, took: Duration) {
        self.done += touched;
        self.total = self.total.max(self.done);
        self.progress.rows(
            self.planned,
            super::progress::Rows { done: self.done, total: self.total, elapsed: self.begun.elapsed(), batch: took },
        );
    }

    /// Between two batches.
    async fn breathe(&mut self) -> Result<(), Cause> {
        self.go_on()?;
        if !self.limits.batch_pause.is_zero() && !self.work.locked {
            tokio::time::sleep(self.limits.batch_pause).await;
        }
        Ok(())
    }

    fn go_on(&self) -> Result<(), Cause> {
        if self.progress.proceeds() { Ok(()) } else { Err(Cause::Request) }
    }
}

impl Conflicts {
    /// How many keys are named.
    const SHOWN: usize = 5;

    fn add(&mut self, key: &Key) {
        self.count += 1;
        if self.keys.len() < Self::SHOWN {
            self.keys.push(key.join(", "));
        }
    }
}

/// The literals of a key, which is never NULL.
fn known(row: Texts) -> Result<Key, DbError> {
    let none = || DbError::new(Trouble::Unreadable, "walk over the rows of a table", "a row has no key");
    row.into_iter().map(|value| value.ok_or_else(none)).collect()
}
