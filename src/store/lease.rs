//! One daemon per state: whoever holds the lease works, others stand by. Time is the database's.
//!
//! A lease does not stop a daemon that was asleep while it ran out. Tenants are guarded by locks of their
//! own; the epoch tells whether somebody else took over meanwhile.

use std::time::Duration;

use sea_query::{Expr, ExprTrait, OnConflict, Query};

use super::Store;
use super::database::{Script, Transaction};
use super::error::Result;
use super::tables::Leases;

const NAME: &str = "daemon";

/// Milliseconds since 1970.
const NOW: Script = Script {
    sqlite: "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
    postgres: "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)",
};

impl Store {
    /// Takes the lease for some time if nobody holds it. The epoch that is returned is higher than any before.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn lease(&self, holder: &str, lasts: Duration) -> Result<Option<i64>> {
        let (holder, lasts) = (holder.to_owned(), i64::try_from(lasts.as_millis()).unwrap_or(i64::MAX / 2));
        self.database.write(move |transaction| Box::pin(take(transaction, holder, lasts))).await
    }

    /// Holds on to the lease for as long again. `false`: somebody else has taken it.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn renew(&self, epoch: i64) -> Result<bool> {
        self.database
            .write(move |transaction| {
                let until = transaction.expression(NOW).add(Expr::col(Leases::Lasts));
                Box::pin(set_until(transaction, epoch, until))
            })
            .await
    }

    /// Gives the lease back. Nothing happens if somebody else has taken it.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn release(&self, epoch: i64) -> Result<()> {
        self.database.write(move |transaction| Box::pin(set_until(transaction, epoch, 0i64.into()))).await.map(drop)
    }

    /// Who holds the lease now, and its epoch.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn leaseholder(&self) -> Result<Option<(String, i64)>> {
        self.database.look(|transaction| Box::pin(holder(transaction))).await
    }
}

async fn holder(transaction: &mut Transaction) -> Result<Option<(String, i64)>> {
    let mut query = Query::select();
    query
        .columns([Leases::Holder, Leases::Epoch])
        .from(Leases::Table)
        .and_where(Expr::col(Leases::Name).eq(NAME))
        .and_where(Expr::col(Leases::Until).gt(transaction.expression(NOW)));
    transaction.rows(&query).await?.first().map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}

async fn take(transaction: &mut Transaction, holder: String, lasts: i64) -> Result<Option<i64>> {
    use Leases::{Epoch, Holder, Lasts, Name, Table, Until};
    let now = transaction.expression(NOW);
    let mut insert = Query::insert();
    insert
        .into_table(Table)
        .columns([Name, Holder, Epoch, Lasts, Until])
        .values_panic([NAME.into(), holder.into(), 1i64.into(), lasts.into(), now.clone().add(lasts)])
        .on_conflict(
            OnConflict::column(Name)
                .update_columns([Holder, Lasts, Until])
                .value(Epoch, Expr::col((Table, Epoch)).add(1i64))
                .action_and_where(Expr::col((Table, Until)).lte(now))
                .to_owned(),
        )
        .returning_col(Epoch);
    transaction.rows(&insert).await?.first().map(|row| row.get(0)).transpose()
}

async fn set_until(transaction: &mut Transaction, epoch: i64, until: Expr) -> Result<bool> {
    let mut update = Query::update();
    update
        .table(Leases::Table)
        .value(Leases::Until, until)
        .and_where(Expr::col(Leases::Name).eq(NAME))
        .and_where(Expr::col(Leases::Epoch).eq(epoch));
    Ok(transaction.run(&update).await? > 0)
}
