//! What people do to the service. Each deed is in the audit before it is done.

use jiff::Timestamp;
use thiserror::Error;

use super::{
    Answer, AnswerError, ApprovalRecord, AuditEntry, AuditEvent, Pause, Request, Store, StoreError, TokenRecord,
};
use crate::model::Tenant;
use crate::registry::{SelectError, Selector};

/// Somebody who does something: the name of a token, or the login at the command line.
#[derive(Clone, Copy, Debug)]
pub struct Person<'a> {
    store: &'a Store,
    who: &'a str,
}

/// A request about tenants was not left.
#[derive(Debug, Error)]
pub enum RequestError {
    /// The selection says nothing.
    #[error(transparent)]
    Selection(#[from] SelectError),
    /// The selection fits no tenant.
    #[error("none of the {known} tenants that undrift knows is selected")]
    Nobody {
        /// How many tenants are known.
        known: usize,
    },
    /// The state could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// What somebody does.
    pub fn person<'a>(&'a self, who: &'a str) -> Person<'a> {
        Person { store: self, who }
    }
}

impl Person<'_> {
    /// Lets nothing be changed until somebody resumes.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn pause(&self, why: &str) -> Result<Pause, StoreError> {
        let pause = Pause { who: self.who.to_owned(), why: why.to_owned(), at: Timestamp::now() };
        self.did(format!("paused: {why}")).await?;
        self.store.set_pause(&pause).await?;
        Ok(pause)
    }

    /// Ends a pause, lets rollouts that stopped go on, and has blocked tenants tried again. If tenants are named,
    /// only these are tried again, and a pause stays. Returns the pause that was ended.
    ///
    /// # Errors
    /// When the selection fits nobody, or the state cannot be written.
    pub async fn resume(&self, tenants: &[String]) -> Result<Option<Pause>, RequestError> {
        self.must_fit(tenants).await?;
        self.did(format!("resumed {}", all_or(tenants))).await?;
        let mut ended = None;
        if tenants.is_empty() {
            ended = self.store.pause().await?;
            self.store.end_pause().await?;
        }
        self.store.request(&Request::Resume { tenants: tenants.to_vec() }).await?;
        Ok(ended)
    }

    /// Has tenants looked at now; all of them, if none are named.
    ///
    /// # Errors
    /// When the selection fits nobody, or the state cannot be written.
    pub async fn check(&self, tenants: &[String]) -> Result<(), RequestError> {
        self.must_fit(tenants).await?;
        self.did(format!("asked for a look at {}", all_or(tenants))).await?;
        Ok(self.store.request(&Request::Check { tenants: tenants.to_vec() }).await?)
    }

    /// Answers a question.
    ///
    /// # Errors
    /// [`AnswerError`] says why the answer was not taken.
    pub async fn answer(&self, id: &str, approved: bool, why: &str) -> Result<ApprovalRecord, AnswerError> {
        let now = Timestamp::now();
        let answer = Answer { who: self.who.to_owned(), at: now, why: why.to_owned() };
        self.store.answer(id, approved, answer, now).await
    }

    /// Writes down a new token.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn make_token(&self, token: &TokenRecord) -> Result<(), StoreError> {
        self.did(format!("made the {} token {} for {}", token.role, token.id, token.name)).await?;
        self.store.make_token(token).await
    }

    /// Revokes a token. Returns whether there was one that had not been revoked.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn revoke_token(&self, token: &TokenRecord) -> Result<bool, StoreError> {
        self.did(format!("revoked the token {} of {}", token.id, token.name)).await?;
        self.store.revoke_token(&token.id, Timestamp::now()).await
    }

    async fn did(&self, what: String) -> Result<(), StoreError> {
        tracing::info!(who = self.who, what, "somebody did something");
        let event = AuditEvent::Did { who: self.who.to_owned(), what };
        self.store.append(&[AuditEntry { at: Timestamp::now(), event, tenant: None, plan: None }]).await.map(drop)
    }

    /// A slip of the pen must not look like a request that was heard.
    async fn must_fit(&self, tenants: &[String]) -> Result<(), RequestError> {
        if tenants.is_empty() {
            return Ok(());
        }
        let selector = Selector::parse(tenants)?;
        let known = self.store.tenants().await?;
        let fits = known.iter().any(|record| {
            let (name, labels) = (record.name.clone(), record.labels.clone());
            selector.matches(&Tenant { name, engine: record.engine, labels })
        });
        if fits { Ok(()) } else { Err(RequestError::Nobody { known: known.len() }) }
    }
}

fn all_or(tenants: &[String]) -> String {
    if tenants.is_empty() { "all tenants".to_owned() } else { tenants.join(", ") }
}
