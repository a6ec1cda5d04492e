//! Rollouts and the tenants in them. One tenant's step is one row, however many tenants there are.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sea_query::{DeleteStatement, Expr, ExprTrait, InsertStatement, OnConflict, Order, Query, SelectStatement};

use super::database::{Row, Transaction};
use super::error::Result;
use super::tables::{Members, Rollouts};
use super::{MemberRecord, RolloutRecord, Stage, Store, json};

/// How many rows one statement writes.
const ROWS: usize = 500;

impl Store {
    /// Writes down a new rollout with its members, and numbers it; the number in the record is not looked at.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn new_rollout(&self, rollout: &RolloutRecord) -> Result<i64> {
        let mut rollout = rollout.clone();
        self.database
            .write(move |transaction| {
                Box::pin(async move {
                    rollout.id = transaction.next_number(Rollouts::Table, Rollouts::Id).await?;
                    replace(transaction, &rollout).await?;
                    Ok(rollout.id)
                })
            })
            .await
    }

    /// Writes down a rollout with its members, in place of what was known of it.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn save_rollout(&self, rollout: &RolloutRecord) -> Result<()> {
        let rollout = rollout.clone();
        self.database.write(move |transaction| Box::pin(async move { replace(transaction, &rollout).await })).await
    }

    /// Writes down how far a tenant is in a rollout.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn save_member(&self, rollout: i64, tenant: &str, member: MemberRecord) -> Result<()> {
        self.database.write_all(upserts(rollout, &BTreeMap::from([(tenant.to_owned(), member)]))).await.map(drop)
    }

    /// Writes down where a rollout stands, without looking at its members.
    ///
    /// # Errors
    /// When the state cannot be written, or there is no such rollout.
    pub async fn save_stage(&self, rollout: i64, stage: &Stage, wave: usize, ended: Option<Timestamp>) -> Result<()> {
        let stage = stage.clone();
        self.database
            .write(move |transaction| {
                Box::pin(async move {
                    let row = transaction.rows(&with_id(rollout)).await?.pop();
                    let Some(row) = row else {
                        return Err(transaction.place().record("rollout", format!("there is none numbered {rollout}")));
                    };
                    let record = RolloutRecord { stage, wave, ended, ..record(&row)? };
                    transaction.run(&replacement(&record)).await.map(drop)
                })
            })
            .await
    }

    /// Rollouts that are neither done nor superseded, the oldest first.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn open_rollouts(&self) -> Result<Vec<RolloutRecord>> {
        let mut query = listed();
        query.and_where(Expr::col(Rollouts::IsOpen).eq(1i64)).order_by(Rollouts::Id, Order::Asc);
        self.with_members(query).await
    }

    /// The last `limit` rollouts, the newest first.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn rollouts(&self, limit: usize) -> Result<Vec<RolloutRecord>> {
        let mut query = listed();
        query.order_by(Rollouts::Id, Order::Desc).limit(limit as u64);
        self.with_members(query).await
    }

    /// One rollout.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn rollout(&self, id: i64) -> Result<Option<RolloutRecord>> {
        Ok(self.with_members(with_id(id)).await?.pop())
    }

    async fn with_members(&self, query: SelectStatement) -> Result<Vec<RolloutRecord>> {
        self.database
            .look(move |transaction| {
                Box::pin(async move {
                    let mut rollouts = Vec::new();
                    for row in transaction.rows(&query).await? {
                        let rollout = record(&row)?;
                        let members = members(transaction, rollout.id).await?;
                        rollouts.push(RolloutRecord { members, ..rollout });
                    }
                    Ok(rollouts)
                })
            })
            .await
    }
}

async fn replace(transaction: &mut Transaction, rollout: &RolloutRecord) -> Result<()> {
    transaction.run(&replacement(rollout)).await?;
    transaction.run(&no_members(rollout.id)).await?;
    transaction.run_all(&upserts(rollout.id, &rollout.members)).await.map(drop)
}

async fn members(transaction: &mut Transaction, rollout: i64) -> Result<BTreeMap<String, MemberRecord>> {
    let mut query = Query::select();
    query
        .columns([Members::Tenant, Members::Wave, Members::State])
        .from(Members::Table)
        .and_where(Expr::col(Members::Rollout).eq(rollout));
    let rows = transaction.rows(&query).await?;
    rows.iter().map(|row| member(row, transaction)).collect()
}

fn member(row: &Row, transaction: &Transaction) -> Result<(String, MemberRecord)> {
    let wave = row.get::<Option<i64>>(1)?.map(usize::try_from).transpose();
    let wave = wave.map_err(|error| transaction.place().record("wave of a rollout", error))?;
    Ok((row.get(0)?, MemberRecord { wave, state: row.word(2)? }))
}

fn listed() -> SelectStatement {
    let mut query = Query::select();
    query.column(Rollouts::Body).from(Rollouts::Table);
    query
}

fn with_id(id: i64) -> SelectStatement {
    let mut query = listed();
    query.and_where(Expr::col(Rollouts::Id).eq(id));
    query
}

/// The rollout without its members, which are rows of their own.
fn record(row: &Row) -> Result<RolloutRecord> {
    row.record(0, "rollout")
}

fn body(rollout: &RolloutRecord) -> String {
    json(&RolloutRecord {
        members: BTreeMap::new(),
        stage: rollout.stage.clone(),
        schema: rollout.schema.clone(),
        ..*rollout
    })
}

fn is_open(stage: &Stage) -> Expr {
    i64::from(!matches!(stage, Stage::Done | Stage::Superseded)).into()
}

fn replacement(rollout: &RolloutRecord) -> InsertStatement {
    use Rollouts::{Body, Id, IsOpen, Started};
    let mut upsert = Query::insert();
    upsert
        .into_table(Rollouts::Table)
        .columns([Id, IsOpen, Started, Body])
        .values_panic([
            rollout.id.into(),
            is_open(&rollout.stage),
            rollout.started.as_millisecond().into(),
            body(rollout).into(),
        ])
        .on_conflict(OnConflict::column(Id).update_columns([IsOpen, Started, Body]).to_owned());
    upsert
}

fn no_members(rollout: i64) -> DeleteStatement {
    let mut delete = Query::delete();
    delete.from_table(Members::Table).and_where(Expr::col(Members::Rollout).eq(rollout));
    delete
}

fn upserts(rollout: i64, members: &BTreeMap<String, MemberRecord>) -> Vec<InsertStatement> {
    let members: Vec<_> = members.iter().collect();
    members.chunks(ROWS).map(|members| upsert(rollout, members)).collect()
}

fn upsert(rollout: i64, members: &[(&String, &MemberRecord)]) -> InsertStatement {
    use Members::{Rollout, State, Tenant, Wave};
    let mut insert = Query::insert();
    insert.into_table(Members::Table).columns([Rollout, Tenant, Wave, State]);
    for (tenant, member) in members {
        let wave = member.wave.map(|wave| i64::try_from(wave).unwrap_or(i64::MAX));
        insert.values_panic([rollout.into(), tenant.as_str().into(), wave.into(), member.state.to_string().into()]);
    }
    insert.on_conflict(OnConflict::columns([Rollout, Tenant]).update_columns([Wave, State]).to_owned());
    insert
}
