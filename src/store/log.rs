//! Writing and reading the audit.
//!
//! Every statement on a tenant costs two entries that must be on the disk before it goes on. So one task
//! writes for all: what queues up while it waits for the disk goes there together.

use jiff::Timestamp;
use sea_query::{Alias, Expr, ExprTrait, InsertStatement, Order, Query, SelectStatement};
use tokio::sync::{mpsc, oneshot};

use super::database::{Database, Row};
use super::error::{Result, StoreError};
use super::tables::Audit;
use super::{AuditEntry, Store, audit, shape};
use crate::model::{Hash, Plan};

/// How many callers may wait; the next one waits for a place in the queue.
const QUEUE: usize = 1024;

/// How many callers' entries go to the disk together.
const GROUP: usize = 256;

/// Which entries to list. What is left out is not asked for.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Of this tenant.
    pub tenant: Option<String>,
    /// Of this plan.
    pub plan: Option<Hash>,
    /// Since then.
    pub since: Option<Timestamp>,
}

/// Where entries are handed in.
#[derive(Clone, Debug)]
pub(super) struct Log {
    queue: mpsc::Sender<Request>,
}

struct Request {
    /// What keeps the plan that the entries are the first of.
    plan: Option<InsertStatement>,
    entries: Vec<AuditEntry>,
    reply: oneshot::Sender<Result<i64>>,
}

impl Log {
    /// Starts the writer. It ends when nobody can hand in anything any more.
    pub(super) fn start(database: Database) -> Self {
        let (queue, requests) = mpsc::channel(QUEUE);
        tokio::spawn(write(database, requests));
        Self { queue }
    }

    async fn append(&self, plan: Option<InsertStatement>, entries: Vec<AuditEntry>) -> Option<Result<i64>> {
        let (reply, answer) = oneshot::channel();
        self.queue.send(Request { plan, entries, reply }).await.ok()?;
        answer.await.ok()
    }
}

async fn write(database: Database, mut requests: mpsc::Receiver<Request>) {
    let mut group = Vec::new();
    while requests.recv_many(&mut group, GROUP).await > 0 {
        let (mut plans, mut entries, mut replies) = (Vec::new(), Vec::new(), Vec::new());
        for request in group.drain(..) {
            plans.extend(request.plan);
            entries.push(request.entries);
            replies.push(request.reply);
        }
        let lengths: Vec<_> = entries.iter().map(Vec::len).collect();
        let written = commit(&database, plans, entries.concat()).await;
        answer(replies, &lengths, written);
    }
}

async fn commit(database: &Database, plans: Vec<InsertStatement>, entries: Vec<AuditEntry>) -> Result<i64> {
    let write = database.write(move |transaction| {
        Box::pin(async move {
            transaction.run_all(&plans).await?;
            Ok(audit::append(transaction, &entries).await?.sequence)
        })
    });
    write.await
}

/// Tells each caller the sequence of his last entry, or all of them what went wrong.
fn answer(replies: Vec<oneshot::Sender<Result<i64>>>, lengths: &[usize], written: Result<i64>) {
    let total: usize = lengths.iter().sum();
    let mut done = 0;
    for (reply, length) in replies.into_iter().zip(lengths) {
        done += length;
        // One who does not wait any more has lost nothing: the entries stand.
        reply.send(written.clone().map(|last| last - (total - done) as i64)).ok();
    }
}

impl Store {
    /// Adds entries to the audit, in this order and with nobody else's between them, and returns the sequence of
    /// the last. They are on the disk then.
    ///
    /// # Errors
    /// When the state cannot be written: then none of them was.
    pub async fn append(&self, entries: &[AuditEntry]) -> Result<i64> {
        self.write_down(None, entries).await
    }

    /// Adds the first entries of a plan to the audit, and keeps the plan under its hash with them.
    ///
    /// # Errors
    /// When the state cannot be written: then nothing of it was.
    pub async fn open_plan(&self, plan: &Plan, entries: &[AuditEntry]) -> Result<i64> {
        self.write_down(Some(shape::keep(plan)), entries).await
    }

    async fn write_down(&self, plan: Option<InsertStatement>, entries: &[AuditEntry]) -> Result<i64> {
        let ending = || StoreError::Ending { place: self.database.place.name().to_owned() };
        self.log.append(plan, entries.to_vec()).await.unwrap_or_else(|| Err(ending()))
    }

    /// The last `limit` entries (before one with a sequence), the newest first, each with its sequence.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn audit(
        &self,
        filter: &AuditFilter,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<(i64, AuditEntry)>> {
        let mut query = listed();
        query
            .and_where_option(filter.tenant.as_ref().map(|tenant| Expr::col(Audit::Tenant).eq(tenant)))
            .and_where_option(filter.plan.map(|plan| Expr::col(Audit::Plan).eq(plan.to_string())))
            .and_where_option(filter.since.map(|since| Expr::col(Audit::At).gte(since.as_millisecond())))
            .and_where_option(before.map(|sequence| Expr::col(Audit::Sequence).lt(sequence)))
            .order_by(Audit::Sequence, Order::Desc)
            .limit(limit as u64);
        self.database.read(&query).await?.iter().map(entry).collect()
    }

    /// The beginnings of plans whose end nobody saw, the oldest first: undrift was killed, or they run.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn open_plans(&self) -> Result<Vec<(i64, AuditEntry)>> {
        let mut query = listed();
        query.and_where(is_open()).order_by(Audit::Sequence, Order::Asc);
        self.database.read(&query).await?.iter().map(entry).collect()
    }
}

/// That an entry begins a plan which nothing after it ends.
pub(super) fn is_open() -> Expr {
    let end = Alias::new("later");
    let same = |column: Audit| Expr::col((end.clone(), column)).equals((Audit::Table, column));
    let mut ended = Query::select();
    ended
        .column((end.clone(), Audit::Sequence))
        .from_as(Audit::Table, end.clone())
        .and_where(same(Audit::Tenant))
        .and_where(same(Audit::Plan))
        .and_where(Expr::col((end.clone(), Audit::Event)).is_in(["end", "resolved"]))
        .and_where(Expr::col((end.clone(), Audit::Sequence)).gt(Expr::col((Audit::Table, Audit::Sequence))));
    Expr::col((Audit::Table, Audit::Event)).eq("begin").and(Expr::exists(ended).not())
}

fn listed() -> SelectStatement {
    let mut query = Query::select();
    query.columns([Audit::Sequence, Audit::Entry]).from(Audit::Table);
    query
}

fn entry(row: &Row) -> Result<(i64, AuditEntry)> {
    Ok((row.get(0)?, row.record(1, "audit entry")?))
}
