//! Forgetting what is old.

use std::time::Duration;

use jiff::Timestamp;
use sea_query::{DeleteStatement, Expr, ExprTrait, IntoColumnRef, IntoTableRef, Query, SelectStatement};

use super::audit::{self, Link};
use super::database::Transaction;
use super::error::Result;
use super::tables::{Anchors, Approvals, Audit, Members, Plans, Rollouts, Runs, Shapes, Tenants};
use super::{Store, approval, log, waiver};
use crate::config;

/// How long to keep what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Passes, since they began. The newest is always kept.
    pub runs: Duration,
    /// The audit; nothing keeps it for ever. What is open is always kept, with everything after it.
    pub audit: Option<Duration>,
    /// Rollouts that are done or superseded, since they began. The newest is always kept.
    pub rollouts: Duration,
    /// Questions that were refused, withdrawn or expired, since they were asked. A plan whose refusal is forgotten
    /// is asked about again. Likewise waivers that somebody ended, since then.
    pub approvals: Duration,
    /// Plans that no tenant, shape, question or entry of the audit names, since they were saved last.
    pub plans: Duration,
}

impl From<config::Retention> for Retention {
    /// What belongs to passes is kept like them.
    fn from(kept: config::Retention) -> Self {
        let config::Retention { runs, audit } = kept;
        Self { runs, audit: Some(audit), rollouts: runs, approvals: runs, plans: runs }
    }
}

/// How much was forgotten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Passes.
    pub runs: u64,
    /// Entries of the audit.
    pub audit: u64,
    /// Rollouts.
    pub rollouts: u64,
    /// Questions.
    pub approvals: u64,
    /// Waivers.
    pub waivers: u64,
    /// Plans.
    pub plans: u64,
}

impl Store {
    /// Forgets what is older than it has to be kept. The audit can be verified as before; it says itself
    /// where it was cut.
    ///
    /// # Errors
    /// When the state cannot be written: then nothing is forgotten.
    pub async fn prune(&self, retention: &Retention, now: Timestamp) -> Result<Pruned> {
        let retention = *retention;
        self.database.write(move |transaction| Box::pin(prune(transaction, retention, now))).await
    }
}

async fn prune(transaction: &mut Transaction, keep: Retention, now: Timestamp) -> Result<Pruned> {
    let pruned = Pruned {
        runs: transaction.run(&runs(before(now, keep.runs))).await?,
        rollouts: transaction.run(&rollouts(before(now, keep.rollouts))).await?,
        approvals: transaction.run(&approval::settled_before(before(now, keep.approvals))).await?,
        waivers: transaction.run(&waiver::ended_before(before(now, keep.approvals))).await?,
        audit: match keep.audit {
            Some(age) => cut(transaction, before(now, age), now).await?,
            None => 0,
        },
        // Last: whoever named a plan may just have gone.
        plans: transaction.run(&plans(before(now, keep.plans))).await?,
    };
    transaction.run(&members_of_none()).await?;
    Ok(pruned)
}

/// The instant that long ago, in milliseconds since 1970.
fn before(now: Timestamp, age: Duration) -> i64 {
    now.as_millisecond().saturating_sub(i64::try_from(age.as_millis()).unwrap_or(i64::MAX))
}

fn runs(cutoff: i64) -> DeleteStatement {
    let mut delete = Query::delete();
    delete
        .from_table(Runs::Table)
        .and_where(Expr::col(Runs::Started).lt(cutoff))
        .and_where(Expr::col(Runs::Id).not_in_subquery(newest(Runs::Table, Runs::Id)));
    delete
}

fn rollouts(cutoff: i64) -> DeleteStatement {
    let mut delete = Query::delete();
    delete
        .from_table(Rollouts::Table)
        .and_where(Expr::col(Rollouts::Started).lt(cutoff))
        .and_where(Expr::col(Rollouts::IsOpen).eq(0i64))
        .and_where(Expr::col(Rollouts::Id).not_in_subquery(newest(Rollouts::Table, Rollouts::Id)));
    delete
}

/// The highest number: it is what the next one is counted from.
fn newest(table: impl IntoTableRef, id: impl IntoColumnRef) -> SelectStatement {
    let mut query = Query::select();
    query.expr(Expr::col(id).max()).from(table);
    query
}

fn members_of_none() -> DeleteStatement {
    let mut kept = Query::select();
    kept.column(Rollouts::Id).from(Rollouts::Table);
    let mut delete = Query::delete();
    delete.from_table(Members::Table).and_where(Expr::col(Members::Rollout).not_in_subquery(kept));
    delete
}

fn plans(cutoff: i64) -> DeleteStatement {
    let named = [
        named(Shapes::Table, Shapes::Plan),
        named(Approvals::Table, Approvals::Plan),
        named(Tenants::Table, Tenants::Failing),
        named(Audit::Table, Audit::Plan),
    ];
    let mut delete = Query::delete();
    delete.from_table(Plans::Table).and_where(Expr::col(Plans::Saved).lt(cutoff));
    for named in named {
        delete.and_where(Expr::col(Plans::Hash).not_in_subquery(named));
    }
    delete
}

/// The plans that a column names. One NULL among them would make every `NOT IN` unknown.
fn named(table: impl IntoTableRef, column: impl IntoColumnRef + Copy) -> SelectStatement {
    let mut query = Query::select();
    query.column(column).from(table).and_where(Expr::col(column).is_not_null());
    query
}

/// Cuts the audit's beginning off.
async fn cut(transaction: &mut Transaction, cutoff: i64, now: Timestamp) -> Result<u64> {
    let Some(anchor) = last_to_go(transaction, cutoff).await? else { return Ok(0) };
    // The anchor comes first: nothing above it can be deleted.
    let mut insert = Query::insert();
    insert
        .into_table(Anchors::Table)
        .columns([Anchors::Sequence, Anchors::Hash])
        .values_panic([anchor.sequence.into(), anchor.hash.to_string().into()]);
    transaction.run(&insert).await?;
    let mut delete = Query::delete();
    delete.from_table(Audit::Table).and_where(Expr::col(Audit::Sequence).lte(anchor.sequence));
    let cut = transaction.run(&delete).await?;
    audit::append(transaction, &[audit::cut(now, anchor)]).await?;
    Ok(cut)
}

/// The last entry before the first one that is young enough or open.
async fn last_to_go(transaction: &mut Transaction, cutoff: i64) -> Result<Option<Link>> {
    let is_kept = Expr::col((Audit::Table, Audit::At)).gte(cutoff).or(log::is_open());
    let mut first_kept = Query::select();
    first_kept.expr(Expr::col((Audit::Table, Audit::Sequence)).min()).from(Audit::Table).and_where(is_kept);
    let row = transaction.rows(&first_kept).await?.pop();
    let first_kept = row.map(|row| row.get::<Option<i64>>(0)).transpose()?.flatten();
    audit::last_before(transaction, first_kept).await
}
