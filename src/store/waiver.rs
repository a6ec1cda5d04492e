//! Drift that people accept until a date, beside what the policy file waives.

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use sea_query::{DeleteStatement, Expr, ExprTrait, Order, Query, SelectStatement};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::database::Transaction;
use super::error::{Result, StoreError};
use super::tables::Waivers;
use super::{Answer, AuditEntry, AuditEvent, Store, audit, json};
use crate::policy::{Waived, Waiver};
use crate::yaml::{Source, Span};

/// A waiver that somebody wrote into the state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WaiverRecord {
    /// Names it: twelve hexadecimal digits.
    pub id: String,
    /// Which drift of whom.
    #[serde(flatten)]
    pub waived: Waived,
    /// The last day on which it holds, in UTC.
    pub until: Date,
    /// Who answers for the drift.
    pub owner: String,
    /// Who wrote it, when, and why the drift is accepted.
    pub given: Answer,
    /// Who ended it before its time, when and why.
    pub ended: Option<Answer>,
}

/// A waiver was not written, or not ended.
#[derive(Clone, Debug, Error)]
pub enum WaiverError {
    /// Neither tenants nor a shape are called so.
    #[error("`{target}` is neither one of the {known} tenants that undrift knows nor a shape of theirs")]
    Nobody {
        /// What was to be waived for.
        target: String,
        /// How many tenants are known.
        known: usize,
    },
    /// Several shapes begin like that.
    #[error("several shapes begin with `{0}`")]
    AmbiguousShape(String),
    /// The drift is not named in words that mean something.
    #[error("{0}")]
    Drift(String),
    /// Its last day is over already.
    #[error("{0} is over: a waiver holds until the end of its last day, in UTC")]
    Past(Date),
    /// There is none with that id.
    #[error("there is no such waiver")]
    NotFound,
    /// Several ids begin like that.
    #[error("several waivers begin like that")]
    Ambiguous,
    /// Somebody was faster.
    #[error("it was ended already, by {} at {}", .0.who, .0.at)]
    Ended(Answer),
    /// The state could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl WaiverRecord {
    /// The waiver as the policy judges by it. Words that this undrift does not understand waive nothing.
    pub fn waiver(&self) -> Option<Waiver> {
        Some(Waiver {
            name: self.id.clone(),
            matching: self.waived.matching().ok()?,
            shape: self.waived.shape,
            until: self.until,
            owner: self.owner.clone(),
            why: self.given.why.clone(),
            span: Span::new(&Source::new("undrift's state", "").into(), 0, 0),
        })
    }

    /// Whom it is about, in words.
    pub fn target(&self) -> String {
        let shape = self.waived.shape.map(|shape| format!("shape {}", shape.short()));
        self.waived.tenant.clone().or(shape).unwrap_or_default()
    }
}

impl Store {
    /// The waivers that hold or are over, the oldest first; those that somebody ended only if they are wanted.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn waivers(&self, ended_too: bool) -> Result<Vec<WaiverRecord>> {
        let mut query = listed();
        if !ended_too {
            query.and_where(Expr::col(Waivers::Ended).is_null());
        }
        self.database.read(&query).await?.iter().map(|row| row.record(0, "waiver")).collect()
    }

    /// Writes down a waiver. The audit knows of it as soon as it holds.
    pub(super) async fn add_waiver(&self, waiver: &WaiverRecord, entry: AuditEntry) -> Result<()> {
        let mut insert = Query::insert();
        insert.into_table(Waivers::Table).columns([Waivers::Id, Waivers::Given, Waivers::Body]).values_panic([
            waiver.id.as_str().into(),
            waiver.given.at.as_millisecond().into(),
            json(waiver).into(),
        ]);
        self.database
            .write(move |transaction| {
                Box::pin(async move {
                    transaction.run(&insert).await?;
                    audit::append(transaction, &[entry]).await.map(drop)
                })
            })
            .await
    }

    /// Ends the waiver with an id, or the only one whose id begins like that.
    pub(super) async fn end_waiver(&self, id: &str, by: Answer) -> Result<WaiverRecord, WaiverError> {
        let id = id.to_owned();
        self.database.write(move |transaction| Box::pin(async move { end(transaction, &id, by).await })).await?
    }
}

/// The waivers that somebody ended before an instant: what is not needed any more.
pub(super) fn ended_before(cutoff: i64) -> DeleteStatement {
    let mut delete = Query::delete();
    delete.from_table(Waivers::Table).and_where(Expr::col(Waivers::Ended).lt(cutoff));
    delete
}

/// A refusal is no failure of the transaction.
async fn end(transaction: &mut Transaction, id: &str, by: Answer) -> Result<Result<WaiverRecord, WaiverError>> {
    let found = match find(transaction, id).await? {
        Ok(found) => found,
        refused => return Ok(refused),
    };
    if let Some(before) = found.ended {
        return Ok(Err(WaiverError::Ended(before)));
    }
    let ended = WaiverRecord { ended: Some(by.clone()), ..found };
    let mut update = Query::update();
    update
        .table(Waivers::Table)
        .value(Waivers::Ended, by.at.as_millisecond())
        .value(Waivers::Body, json(&ended))
        .and_where(Expr::col(Waivers::Id).eq(ended.id.as_str()));
    transaction.run(&update).await?;
    let why = if by.why.is_empty() { String::new() } else { format!(": {}", by.why) };
    let what = format!("ended the waiver {} ({} on {}){why}", ended.id, ended.waived.words(), ended.target());
    audit::append(transaction, &[did(&by.who, what, by.at)]).await?;
    Ok(Ok(ended))
}

async fn find(transaction: &mut Transaction, id: &str) -> Result<Result<WaiverRecord, WaiverError>> {
    if id.is_empty() || !id.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Ok(Err(WaiverError::NotFound));
    }
    let id = id.to_ascii_lowercase();
    let mut query = listed();
    // No hexadecimal digit comes after `f`.
    query
        .and_where(Expr::col(Waivers::Id).gte(id.as_str()))
        .and_where(Expr::col(Waivers::Id).lt(format!("{id}g")))
        .limit(2);
    let rows = transaction.rows(&query).await?;
    Ok(match rows.as_slice() {
        [] => Err(WaiverError::NotFound),
        [row] => Ok(row.record(0, "waiver")?),
        _ => Err(WaiverError::Ambiguous),
    })
}

pub(super) fn did(who: &str, what: String, at: Timestamp) -> AuditEntry {
    AuditEntry { at, event: AuditEvent::Did { who: who.to_owned(), what }, tenant: None, plan: None }
}

fn listed() -> SelectStatement {
    let mut query = Query::select();
    query
        .column(Waivers::Body)
        .from(Waivers::Table)
        .order_by(Waivers::Given, Order::Asc)
        .order_by(Waivers::Id, Order::Asc);
    query
}
