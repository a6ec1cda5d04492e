//! What people do to the service. Each deed is in the audit before it is done.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use thiserror::Error;

use super::{
    Answer, AnswerError, ApprovalRecord, AuditEntry, AuditEvent, Pause, Request, Store, StoreError, TokenRecord,
    WaiverError, WaiverRecord, waiver,
};
use crate::model::Hash;
use crate::policy::{Waived, has_passed};
use crate::registry::{SelectError, Selector};

/// How much of a shape's id names it at least, so that no tenant's name is taken for one.
const SHORTEST_SHAPE: usize = 6;

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

/// A waiver as somebody writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaiverText {
    /// Tenants by name, pattern or label (`tier=gold`), or the beginning of a shape's id.
    pub target: String,
    /// Which drift: `drop_index`, `votes.idx_email`, or `drop_index/votes.idx_email`.
    pub drift: String,
    /// The last day on which it holds, in UTC.
    pub until: Date,
    /// Who answers for the drift.
    pub owner: String,
    /// Why it is accepted.
    pub why: String,
}

impl Store {
    /// Whom a waiver is about: tenants that are known, or else a shape. A slip of the pen must not look like a waiver.
    async fn target(&self, target: &str) -> Result<Waived, WaiverError> {
        let tenants = self.tenants().await?;
        let waived = Waived { tenant: Some(target.to_owned()), ..Waived::default() };
        let matching = waived.matching().map_err(WaiverError::Drift)?;
        if tenants.iter().any(|record| matching.tenants.holds(&record.tenant())) {
            return Ok(waived);
        }
        let named = |id: &Hash| target.len() >= SHORTEST_SHAPE && id.to_string().starts_with(target);
        let shapes: BTreeSet<Hash> = tenants.iter().filter_map(|record| record.shape).filter(named).collect();
        match shapes.into_iter().collect::<Vec<_>>().as_slice() {
            [] => Err(WaiverError::Nobody { target: target.to_owned(), known: tenants.len() }),
            [shape] => Ok(Waived { shape: Some(*shape), ..Waived::default() }),
            _ => Err(WaiverError::AmbiguousShape(target.to_owned())),
        }
    }

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

    /// Accepts drift until a date, and has those looked at whom it is about.
    ///
    /// # Errors
    /// [`WaiverError`] says why it was not written.
    pub async fn waive(&self, text: WaiverText) -> Result<WaiverRecord, WaiverError> {
        let WaiverText { target, drift, until, owner, why } = text;
        let now = Timestamp::now();
        if has_passed(until, now) {
            return Err(WaiverError::Past(until));
        }
        let waived = self.store.target(&target).await?.drift(&drift).map_err(WaiverError::Drift)?;
        let given = Answer { who: self.who.to_owned(), at: now, why };
        let id = Hash::of_json(&(&waived, until, &owner, &given)).short();
        let record = WaiverRecord { id, waived, until, owner, given, ended: None };
        let (words, target, owner, why) = (record.waived.words(), record.target(), &record.owner, &record.given.why);
        let what = format!("waived {words} on {target} until {until} for {owner}: {why} ({})", record.id);
        self.store.add_waiver(&record, waiver::did(self.who, what, now)).await?;
        self.store.request(&Request::Check { tenants: tenants_of(&record) }).await?;
        Ok(record)
    }

    /// Ends a waiver, and has those looked at whom it was about.
    ///
    /// # Errors
    /// [`WaiverError`] says why it was not ended.
    pub async fn unwaive(&self, id: &str, why: &str) -> Result<WaiverRecord, WaiverError> {
        let by = Answer { who: self.who.to_owned(), at: Timestamp::now(), why: why.to_owned() };
        let record = self.store.end_waiver(id, by).await?;
        self.store.request(&Request::Check { tenants: tenants_of(&record) }).await?;
        Ok(record)
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
        if known.iter().any(|record| selector.matches(&record.tenant())) {
            Ok(())
        } else {
            Err(RequestError::Nobody { known: known.len() })
        }
    }
}

fn all_or(tenants: &[String]) -> String {
    if tenants.is_empty() { "all tenants".to_owned() } else { tenants.join(", ") }
}

/// The tenants to look at because of a waiver: everybody, if it is about a shape.
fn tenants_of(waiver: &WaiverRecord) -> Vec<String> {
    waiver.waived.tenant.iter().cloned().collect()
}
