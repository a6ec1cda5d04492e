//! An empty place for a state, on either engine.

use secrecy::SecretString;
use undrift::store::{Store, StoreError};

use crate::support::{Engine, Tenant};

/// Where a state is kept, and how to get at it behind undrift's back.
pub struct Home {
    place: Tenant,
}

impl Home {
    pub fn new(engine: Engine) -> Self {
        Self { place: Tenant::empty(engine) }
    }

    pub fn url(&self) -> &str {
        &self.place.url
    }

    pub async fn open(&self) -> Store {
        self.try_open().await.unwrap_or_else(|error| panic!("{error}: {}", error.advice()))
    }

    pub async fn try_open(&self) -> Result<Store, StoreError> {
        Store::open(&SecretString::from(self.url())).await
    }

    /// Runs a script on the tables, as somebody would who has the database's own client.
    pub fn sql(&self, script: &str) {
        self.place.sql(&format!("{}{script}", self.here()));
    }

    /// The same with the guards of the audit taken off.
    pub fn tamper(&self, script: &str) {
        let off = match self.place.engine {
            Engine::Postgres => "ALTER TABLE audit DISABLE TRIGGER USER;",
            _ => "DROP TRIGGER IF EXISTS audit_is_not_changed; DROP TRIGGER IF EXISTS audit_is_kept;",
        };
        self.sql(&format!("{off}{script}"));
    }

    pub fn query(&self, query: &str) -> String {
        self.place.query(&format!("{}{query}", self.here()))
    }

    fn here(&self) -> &'static str {
        if self.place.engine == Engine::Postgres { "SET search_path = undrift;" } else { "" }
    }
}
