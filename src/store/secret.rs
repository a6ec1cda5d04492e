//! The secret that comes from nowhere else than this state.

use sea_query::{OnConflict, Query};

use super::Store;
use super::error::Result;
use super::tables::Notes;
use crate::model::Hash;

const KEY: &str = "secret";

impl Store {
    /// A secret that is made once and is the same for everybody who works on this state. Names are worked out from it that
    /// nobody else is to know.
    ///
    /// # Errors
    /// When the state cannot be read or written.
    pub async fn secret(&self) -> Result<Hash> {
        if let Some(secret) = self.note(KEY).await? {
            return Ok(secret);
        }
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|error| self.database.place.record(KEY, error))?;
        let value = serde_json::to_string(&Hash::of(bytes)).expect("hashes always serialise");
        let mut insert = Query::insert();
        insert
            .into_table(Notes::Table)
            .columns([Notes::Key, Notes::Value])
            .values_panic([KEY.into(), value.into()])
            .on_conflict(OnConflict::column(Notes::Key).do_nothing().to_owned());
        self.database.write_all(vec![insert]).await?;
        // Another one may have made it meanwhile: the first one counts.
        self.note(KEY).await?.ok_or_else(|| self.database.place.record(KEY, "it was written and is not there"))
    }
}
