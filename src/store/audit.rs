//! The audit: what was done to tenants, as a chain that shows when a link was changed or taken out.
//!
//! The hash of an entry is SHA-256, in lower-case hexadecimal, over
//!
//! ```text
//! undrift audit 1⏎<sequence>⏎<hash of the entry before it>⏎<the entry's JSON as it is stored>
//! ```
//!
//! with line feeds between the four parts; what is before the first entry is the SHA-256 of `undrift audit 1`.
//! Sequences start at one and have no gaps.
//! Whoever can write the state can also make the whole chain anew, or cut off its end: against that, the
//! hash of the last entry has to be kept elsewhere. Entries that retention removes leave an *anchor*, the sequence and
//! hash of the last of them, and an entry further down the chain that says the same.

use sea_query::{Expr, ExprTrait, InsertStatement, Order, Query, SelectStatement};
use thiserror::Error;

use super::database::{Row, Transaction};
use super::error::{Result, StoreError};
use super::tables::{Anchors, Audit};
use super::{AuditEntry, AuditEvent, Store, json};
use crate::model::Hash;

/// How many entries one statement writes or reads.
const ROWS: usize = 500;

/// What the audit says when every link holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// How many entries there are.
    pub entries: u64,
    /// The first one's sequence.
    pub from: i64,
    /// The last one's sequence; one less than `from` if there is none.
    pub to: i64,
    /// The last one's hash. Written down elsewhere, it proves later that nobody cut off the end.
    pub head: Hash,
}

/// The audit could not be verified.
#[derive(Clone, Debug, Error)]
pub enum VerifyError {
    /// Somebody changed it.
    #[error("the audit is broken at entry {sequence}: {why}")]
    Broken {
        /// The first entry that does not hold.
        sequence: i64,
        /// Why it does not.
        why: String,
    },
    /// The state could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AuditEvent {
    /// Its name, as in JSON.
    pub fn name(&self) -> &'static str {
        match self {
            AuditEvent::Begin { .. } => "begin",
            AuditEvent::BackedUp { .. } => "backed_up",
            AuditEvent::Intent { .. } => "intent",
            AuditEvent::Outcome { .. } => "outcome",
            AuditEvent::End { .. } => "end",
            AuditEvent::Resolved { .. } => "resolved",
            AuditEvent::Answered { .. } => "answered",
            AuditEvent::Did { .. } => "did",
        }
    }
}

impl Store {
    /// The last entry's sequence; zero before there is any.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn audit_head(&self) -> Result<i64> {
        self.database.look(|transaction| Box::pin(async move { Ok(head(transaction).await?.sequence) })).await
    }

    /// Looks at every link of the audit.
    ///
    /// # Errors
    /// [`VerifyError::Broken`] names the first link that does not hold.
    pub async fn verify_audit(&self) -> Result<Verified, VerifyError> {
        self.database.look(|transaction| Box::pin(async move { verify(transaction).await })).await?
    }
}

/// A place in the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) sequence: i64,
    pub(super) hash: Hash,
}

impl Link {
    /// The link that an entry makes after this one.
    fn next(self, entry: &str) -> Self {
        let sequence = self.sequence + 1;
        Self { sequence, hash: Hash::of(format!("undrift audit 1\n{sequence}\n{}\n{entry}", self.hash)) }
    }

    fn of(row: &Row) -> Result<Self> {
        Ok(Self { sequence: row.get(0)?, hash: row.word(1)? })
    }
}

/// Before the first entry.
fn origin() -> Link {
    Link { sequence: 0, hash: Hash::of("undrift audit 1") }
}

/// Adds entries to the chain and returns its end.
pub(super) async fn append(transaction: &mut Transaction, entries: &[AuditEntry]) -> Result<Link> {
    let mut link = head(transaction).await?;
    for entries in entries.chunks(ROWS) {
        let mut insert = insert();
        for entry in entries {
            let text = json(entry);
            link = link.next(&text);
            insert.values_panic([
                link.sequence.into(),
                entry.at.as_millisecond().into(),
                entry.event.name().into(),
                entry.tenant.as_deref().into(),
                entry.plan.map(|plan| plan.to_string()).into(),
                link.hash.to_string().into(),
                text.into(),
            ]);
        }
        transaction.run(&insert).await?;
    }
    Ok(link)
}

fn insert() -> InsertStatement {
    use Audit::{At, Entry, Event, Hash, Plan, Sequence, Table, Tenant};
    let mut insert = Query::insert();
    insert.into_table(Table).columns([Sequence, At, Event, Tenant, Plan, Hash, Entry]);
    insert
}

/// The end of the chain.
async fn head(transaction: &mut Transaction) -> Result<Link> {
    match last_before(transaction, None).await? {
        Some(link) => Ok(link),
        None => anchor(transaction).await,
    }
}

/// The last entry of all, or before one with a sequence.
pub(super) async fn last_before(transaction: &mut Transaction, sequence: Option<i64>) -> Result<Option<Link>> {
    let mut query = Query::select();
    query
        .columns([Audit::Sequence, Audit::Hash])
        .from(Audit::Table)
        .and_where_option(sequence.map(|sequence| Expr::col(Audit::Sequence).lt(sequence)))
        .order_by(Audit::Sequence, Order::Desc)
        .limit(1);
    transaction.rows(&query).await?.first().map(Link::of).transpose()
}

/// The link before the first one that is kept.
async fn anchor(transaction: &mut Transaction) -> Result<Link> {
    let mut query = Query::select();
    query.columns([Anchors::Sequence, Anchors::Hash]).from(Anchors::Table);
    query.order_by(Anchors::Sequence, Order::Desc).limit(1);
    transaction.rows(&query).await?.first().map_or_else(|| Ok(origin()), Link::of)
}

/// The entry by which the chain itself says where it was cut.
pub(super) fn cut(at: jiff::Timestamp, anchor: Link) -> AuditEntry {
    let event = AuditEvent::Did { who: "undrift".to_owned(), what: cut_words(anchor) };
    AuditEntry { at, event, tenant: None, plan: None }
}

fn cut_words(anchor: Link) -> String {
    format!("removed the audit up to entry {}, whose hash was {}", anchor.sequence, anchor.hash)
}

async fn verify(transaction: &mut Transaction) -> Result<Result<Verified, VerifyError>> {
    let anchor = anchor(transaction).await?;
    let mut walk = Walk { link: anchor, cut: cut_words(anchor), is_told: anchor == origin() };
    // Nothing may stand before the first link either.
    let mut last = i64::MIN;
    loop {
        let rows = transaction.rows(&after(last)).await?;
        for row in &rows {
            if let Err(why) = walk.step(row)? {
                return Ok(Err(VerifyError::Broken { sequence: walk.link.sequence + 1, why }));
            }
        }
        last = walk.link.sequence;
        if rows.len() < ROWS {
            return Ok(walk.end(anchor));
        }
    }
}

fn after(sequence: i64) -> SelectStatement {
    use Audit::{At, Entry, Event, Hash, Plan, Sequence, Table, Tenant};
    let mut query = Query::select();
    query
        .columns([Sequence, Hash, Entry, At, Event, Tenant, Plan])
        .from(Table)
        .and_where(Expr::col(Sequence).gt(sequence))
        .order_by(Sequence, Order::Asc)
        .limit(ROWS as u64);
    query
}

/// A walk along the chain.
struct Walk {
    /// The last link that holds.
    link: Link,
    /// What the chain has to say of its beginning.
    cut: String,
    /// Whether it did.
    is_told: bool,
}

impl Walk {
    /// Goes on by one entry, or says why it does not hold.
    fn step(&mut self, row: &Row) -> Result<Result<(), String>> {
        let (sequence, text) = (row.get::<i64>(0)?, row.get::<&str>(2)?);
        let next = self.link.next(text);
        if sequence != next.sequence {
            return Ok(Err(format!("it is missing; the next one is {sequence}")));
        }
        if row.get::<&str>(1)? != next.hash.to_string() {
            return Ok(Err("its hash is not that of its text and of the entry before it".to_owned()));
        }
        let entry: AuditEntry = row.record(2, "audit entry")?;
        if !agrees(&entry, row)? {
            return Ok(Err("the columns by which it is found say something else than its text".to_owned()));
        }
        self.is_told |= matches!(&entry.event, AuditEvent::Did { what, .. } if *what == self.cut);
        self.link = next;
        Ok(Ok(()))
    }

    fn end(self, anchor: Link) -> Result<Verified, VerifyError> {
        let from = anchor.sequence + 1;
        if !self.is_told {
            let why = "no entry says that those before it were removed".to_owned();
            return Err(VerifyError::Broken { sequence: from, why });
        }
        let to = self.link.sequence;
        Ok(Verified { entries: (to - anchor.sequence).unsigned_abs(), from, to, head: self.link.hash })
    }
}

fn agrees(entry: &AuditEntry, row: &Row) -> Result<bool> {
    Ok(row.get::<i64>(3)? == entry.at.as_millisecond()
        && row.get::<&str>(4)? == entry.event.name()
        && row.get::<Option<&str>>(5)? == entry.tenant.as_deref()
        && row.get::<Option<&str>>(6)? == entry.plan.map(|plan| plan.to_string()).as_deref())
}
