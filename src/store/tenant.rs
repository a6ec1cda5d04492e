//! Tenants as they were found last.

use std::collections::BTreeMap;

use sea_query::{Expr, ExprTrait, InsertStatement, OnConflict, Order, Query, SelectStatement};
use serde::Serialize;

use super::database::Row;
use super::error::Result;
use super::tables::Tenants;
use super::{Activity, Store, Sync, TenantRecord, json};
use crate::model::{Engine, Glob, Hash};

/// How many rows one statement writes.
const ROWS: usize = 200;

/// How many rows are read at a time where names and labels are compared here.
const PAGE: u64 = 500;

/// Which tenants to list. What is left out is not asked for.
#[derive(Clone, Debug, Default)]
pub struct TenantFilter {
    /// In sync, drifted, unknown.
    pub sync: Option<Sync>,
    /// What is going on.
    pub activity: Option<Activity>,
    /// On this engine.
    pub engine: Option<Engine>,
    /// Of this shape.
    pub shape: Option<Hash>,
    /// With a label of this name whose value fits.
    pub label: Option<(String, Glob)>,
    /// With a name that fits.
    pub name: Option<Glob>,
}

/// How many tenants there are of which kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// By engine and state.
    pub sync: BTreeMap<Engine, BTreeMap<Sync, u64>>,
    /// By what is going on.
    pub activity: BTreeMap<Activity, u64>,
}

impl Store {
    /// Writes down how tenants were found, in place of what was known of them.
    ///
    /// # Errors
    /// When the state cannot be written; then none of them was.
    pub async fn save_tenants(&self, tenants: &[TenantRecord]) -> Result<()> {
        // PostgreSQL refuses a statement that writes one row twice: the last word counts.
        let tenants: BTreeMap<_, _> = tenants.iter().map(|tenant| (&tenant.name, tenant)).collect();
        let tenants: Vec<_> = tenants.into_values().collect();
        self.database.write_all(tenants.chunks(ROWS).map(upsert).collect()).await.map(drop)
    }

    /// Forgets tenants that are gone.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn forget_tenants(&self, names: &[String]) -> Result<()> {
        let delete = |names: &[String]| {
            let mut delete = Query::delete();
            delete.from_table(Tenants::Table).and_where(Expr::col(Tenants::Name).is_in(names));
            delete
        };
        self.database.write_all(names.chunks(ROWS).map(delete).collect()).await.map(drop)
    }

    /// All tenants by name, read page by page: the rows of a large fleet take more room than its records.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn tenants(&self) -> Result<Vec<TenantRecord>> {
        self.tenants_page(&TenantFilter::default(), None, usize::MAX).await
    }

    /// One tenant.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn tenant(&self, name: &str) -> Result<Option<TenantRecord>> {
        let mut query = listed(&TenantFilter::default());
        query.and_where(Expr::col(Tenants::Name).eq(name));
        self.database.read(&query).await?.first().map(record).transpose()
    }

    /// The first `limit` tenants by name after a name. The last one's name is where the next page begins.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn tenants_page(
        &self,
        filter: &TenantFilter,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<TenantRecord>> {
        let mut found = Vec::new();
        let mut after = after.map(str::to_owned);
        while found.len() < limit {
            let mut query = listed(filter);
            query.and_where_option(after.take().map(|name| Expr::col(Tenants::Name).gt(name))).limit(PAGE);
            let rows = self.database.read(&query).await?;
            for row in &rows {
                found.extend(chosen(filter, row)?);
            }
            match rows.last() {
                Some(last) if rows.len() as u64 == PAGE => after = Some(last.get(0)?),
                _ => break,
            }
        }
        found.truncate(limit);
        Ok(found)
    }

    /// How many tenants there are of which kind.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn summary(&self) -> Result<Summary> {
        let mut query = Query::select();
        query
            .columns([Tenants::Engine, Tenants::Sync, Tenants::Activity])
            .expr(Expr::col(Tenants::Name).count())
            .from(Tenants::Table)
            .group_by_columns([Tenants::Engine, Tenants::Sync, Tenants::Activity]);
        let mut summary = Summary::default();
        for row in self.database.read(&query).await? {
            let number = row.get::<i64>(3)?.unsigned_abs();
            let by_state = summary.sync.entry(row.word(0)?).or_default();
            *by_state.entry(row.word(1)?).or_default() += number;
            *summary.activity.entry(row.word(2)?).or_default() += number;
        }
        Ok(summary)
    }
}

fn upsert(tenants: &[&TenantRecord]) -> InsertStatement {
    use Tenants::{Activity, Body, Engine, Failing, Name, Shape, Sync};
    let mut insert = Query::insert();
    insert.into_table(Tenants::Table).columns([Name, Engine, Sync, Activity, Shape, Failing, Body]);
    for tenant in tenants {
        insert.values_panic([
            tenant.name.as_str().into(),
            tenant.engine.key().into(),
            tenant.sync.to_string().into(),
            tenant.activity.to_string().into(),
            tenant.shape.map(|shape| shape.to_string()).into(),
            tenant.failure.as_ref().map(|failure| failure.plan.to_string()).into(),
            json(tenant).into(),
        ]);
    }
    let replaced = [Engine, Sync, Activity, Shape, Failing, Body];
    insert.on_conflict(OnConflict::column(Name).update_columns(replaced).to_owned());
    insert
}

/// Names and records by name, as far as SQL can choose them.
fn listed(filter: &TenantFilter) -> SelectStatement {
    let is = |column: Tenants, word: Option<String>| word.map(|word| Expr::col(column).eq(word));
    let mut query = Query::select();
    query
        .columns([Tenants::Name, Tenants::Body])
        .from(Tenants::Table)
        .and_where_option(is(Tenants::Sync, filter.sync.map(|sync| sync.to_string())))
        .and_where_option(is(Tenants::Activity, filter.activity.map(|activity| activity.to_string())))
        .and_where_option(is(Tenants::Engine, filter.engine.map(|engine| engine.to_string())))
        .and_where_option(is(Tenants::Shape, filter.shape.map(|shape| shape.to_string())))
        .order_by(Tenants::Name, Order::Asc);
    query
}

/// The tenant, if name and labels fit. Patterns mean the same here as in policies: no engine's LIKE does.
fn chosen(filter: &TenantFilter, row: &Row) -> Result<Option<TenantRecord>> {
    if filter.name.as_ref().is_some_and(|glob| !row.get::<&str>(0).is_ok_and(|name| glob.matches(name))) {
        return Ok(None);
    }
    let tenant = record(row)?;
    let fits = |(name, value): &(String, Glob)| tenant.labels.get(name).is_some_and(|label| value.matches(label));
    Ok(filter.label.as_ref().is_none_or(fits).then_some(tenant))
}

fn record(row: &Row) -> Result<TenantRecord> {
    row.record(1, "tenant")
}
