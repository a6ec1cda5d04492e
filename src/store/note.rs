//! Small facts by name.

use sea_query::{Expr, ExprTrait, OnConflict, Order, Query};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Store;
use super::error::Result;
use super::tables::Notes;

impl Store {
    /// What was noted under a key.
    ///
    /// # Errors
    /// When the state cannot be read, or what was noted is something else.
    pub async fn note<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>> {
        let mut query = Query::select();
        query.column(Notes::Value).from(Notes::Table).and_where(Expr::col(Notes::Key).eq(key));
        self.database.read(&query).await?.first().map(|row| row.record(0, "note")).transpose()
    }

    /// Notes something under a key, in place of what was noted before.
    ///
    /// # Errors
    /// When the state cannot be written, or there is no JSON for the value.
    pub async fn set_note(&self, key: &str, value: &impl Serialize) -> Result<()> {
        let value = serde_json::to_string(value).map_err(|error| self.database.place.record("note", error))?;
        let mut upsert = Query::insert();
        upsert
            .into_table(Notes::Table)
            .columns([Notes::Key, Notes::Value])
            .values_panic([key.into(), value.into()])
            .on_conflict(OnConflict::column(Notes::Key).update_column(Notes::Value).to_owned());
        self.database.write_all(vec![upsert]).await.map(drop)
    }

    /// Forgets what was noted under a key.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn drop_note(&self, key: &str) -> Result<()> {
        let mut delete = Query::delete();
        delete.from_table(Notes::Table).and_where(Expr::col(Notes::Key).eq(key));
        self.database.write_all(vec![delete]).await.map(drop)
    }

    /// What was noted under keys that begin so, in the order of the keys.
    ///
    /// # Errors
    /// When the state cannot be read, or what was noted is something else.
    pub(super) async fn notes<T: DeserializeOwned>(&self, prefix: &str) -> Result<Vec<(String, T)>> {
        // `0` is the character after `/`, with which prefixes end.
        let end = format!("{}0", prefix.trim_end_matches('/'));
        let mut query = Query::select();
        query
            .columns([Notes::Key, Notes::Value])
            .from(Notes::Table)
            .and_where(Expr::col(Notes::Key).gte(prefix))
            .and_where(Expr::col(Notes::Key).lt(end))
            .order_by(Notes::Key, Order::Asc);
        let rows = self.database.read(&query).await?;
        rows.iter().map(|row| Ok((row.get(0)?, row.record(1, "note")?))).collect()
    }
}
