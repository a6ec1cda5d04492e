//! Passes over the fleet.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sea_query::{Expr, ExprTrait, InsertStatement, Order, Query};

use super::error::Result;
use super::tables::Runs;
use super::{RunRecord, Store, Trigger, json};

impl Store {
    /// Writes down that a pass begins, and numbers it.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn begin_run(&self, trigger: Trigger, at: Timestamp) -> Result<i64> {
        self.database
            .write(move |transaction| {
                Box::pin(async move {
                    let id = transaction.next_number(Runs::Table, Runs::Id).await?;
                    transaction.run(&insert(&begun(id, trigger, at))).await?;
                    Ok(id)
                })
            })
            .await
    }

    /// Writes down how a pass ended.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn end_run(&self, run: &RunRecord) -> Result<()> {
        let mut update = Query::update();
        update.table(Runs::Table).value(Runs::Body, json(run)).and_where(Expr::col(Runs::Id).eq(run.id));
        self.database.write_all(vec![update]).await.map(drop)
    }

    /// The last `limit` passes (before one with a number), the newest first.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn runs(&self, limit: usize, before: Option<i64>) -> Result<Vec<RunRecord>> {
        let mut query = Query::select();
        query
            .column(Runs::Body)
            .from(Runs::Table)
            .and_where_option(before.map(|id| Expr::col(Runs::Id).lt(id)))
            .order_by(Runs::Id, Order::Desc)
            .limit(limit as u64);
        self.database.read(&query).await?.iter().map(|row| row.record(0, "run")).collect()
    }

    /// The newest pass.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn last_run(&self) -> Result<Option<RunRecord>> {
        Ok(self.runs(1, None).await?.pop())
    }
}

fn begun(id: i64, trigger: Trigger, started: Timestamp) -> RunRecord {
    RunRecord { id, started, ended: None, trigger, counts: BTreeMap::new(), troubles: Vec::new() }
}

fn insert(run: &RunRecord) -> InsertStatement {
    let mut insert = Query::insert();
    insert.into_table(Runs::Table).columns([Runs::Id, Runs::Started, Runs::Body]).values_panic([
        run.id.into(),
        run.started.as_millisecond().into(),
        json(run).into(),
    ]);
    insert
}
