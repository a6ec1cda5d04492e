//! Values that the server assigns, some rows at a time.

use super::{Cause, Rows, known};
use crate::db::Connection;
use crate::dialect::rows::{self, Key};
use crate::model::{Assignment, RowTask};

impl Rows<'_> {
    /// Once over all rows that lack a value.
    pub(super) async fn assign(&mut self) -> Result<u64, Cause> {
        let each = match &self.work.task {
            RowTask::Set { each, .. } => each.clone(),
            RowTask::Hash { .. } | RowTask::Agree { .. } => Vec::new(),
        };
        if self.work.key.is_empty() { self.assign_without_key(&each).await } else { self.assign_by_key(&each).await }
    }

    async fn assign_by_key(&mut self, each: &[Assignment]) -> Result<u64, Cause> {
        let (mut after, mut done) = (None, 0);
        loop {
            let bound = rows::bound(&*self.dialect, &self.work, after.as_ref(), self.limits.batch);
            let upto = self.session.texts(&bound).await?.pop().map(known).transpose()?;
            done += self.assign_between(each, after.as_ref(), upto.as_ref()).await?;
            match upto {
                Some(key) => after = Some(key),
                None => return Ok(done),
            }
            self.breathe().await?;
        }
    }

    /// One batch. Nearly always its rows lack everything, and are written once; where some do not, the others are
    /// found by asking for one value at a time.
    async fn assign_between(
        &mut self,
        each: &[Assignment],
        after: Option<&Key>,
        upto: Option<&Key>,
    ) -> Result<u64, Cause> {
        let mut done = 0;
        for some in together_then_one_by_one(each) {
            let sql = rows::set(&*self.dialect, &self.work, some, after, upto);
            done += self.batch(&sql).await?;
            let all = upto.is_some() && done >= self.limits.batch as u64;
            if all {
                break;
            }
        }
        Ok(done)
    }

    /// Nothing puts the rows in an order: any that lack a value, so many at a time.
    async fn assign_without_key(&mut self, each: &[Assignment]) -> Result<u64, Cause> {
        let mut done = 0;
        for some in together_then_one_by_one(each) {
            done += self.assign_until_none_lacks(some).await?;
        }
        Ok(done)
    }

    async fn assign_until_none_lacks(&mut self, some: &[Assignment]) -> Result<u64, Cause> {
        let sql = rows::set_some(&*self.dialect, &self.work, some, self.limits.batch);
        let (mut done, most) = (0, self.total.saturating_mul(2) + 1_000);
        loop {
            let touched = self.batch(&sql).await?;
            done += touched;
            if touched == 0 {
                return Ok(done);
            }
            if done > most {
                let table = &self.work.table;
                let why =
                    format!("rows of {table} are pending again as soon as they are done: look for a trigger on it");
                return Err(Cause::Data(why));
            }
            self.breathe().await?;
        }
    }
}

/// All assignments at once, then each by itself if there are several.
fn together_then_one_by_one(each: &[Assignment]) -> impl Iterator<Item = &[Assignment]> {
    let alone = if each.len() > 1 { each } else { &[] };
    std::iter::once(each).chain(alone.chunks(1))
}
