//! What is found out about a tenant's rows before its plan is judged.
//!
//! All of it is read in one go, without writing, within one time-out. What a step has to know is declared by the step; here it
//! is asked. What cannot be found out is said, and never taken for harmless.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::Study;
use super::hands::Hands;
use crate::db::{Connection, DbError, Session, Trouble};
use crate::dialect;
use crate::model::{Change, FactKind, Precondition, QName};

/// How many keys of rows in question are shown.
const SAMPLES: usize = 5;

/// How many characters of a key are shown.
const WIDTH: usize = 60;

/// How long a question waits for a lock.
const LOCK_TIMEOUT: Duration = Duration::from_secs(3);

/// What was found out about the rows of a tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// How many rows the tables have that are to change, by the names they have now. Estimates, where the engine keeps some.
    pub rows: BTreeMap<QName, u64>,
    /// How many bytes they take, indexes included.
    pub bytes: BTreeMap<QName, u64>,
    /// Rows that stand in the way of changes.
    pub violations: Vec<Violation>,
    /// What could not be found out.
    pub not_known: Vec<NotKnown>,
}

/// How many rows the tables have that a shape's plan changes, in the order of the tables: all that is kept of the facts of
/// each tenant of a large fleet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts(Box<[Option<u64>]>);

impl Counts {
    pub(super) fn of(facts: &Facts, study: &Study) -> Self {
        Self(tables(study).into_iter().map(|table| facts.rows.get(table).copied()).collect())
    }

    /// The same by the tables of the shape that it was counted for.
    pub fn rows(&self, study: &Study) -> BTreeMap<QName, u64> {
        let counted = tables(study).into_iter().zip(&self.0);
        counted.filter_map(|(table, rows)| Some((table.clone(), (*rows)?))).collect()
    }
}

/// Rows that stand in the way of changes.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Violation {
    /// The changes, as indexes into the plan's changes.
    pub changes: Vec<usize>,
    /// What was asked.
    pub kind: FactKind,
    /// The table.
    pub table: QName,
    /// How many.
    pub count: u64,
    /// What that means, in a clause.
    pub finding: String,
    /// The columns of the table's key; empty where it has none.
    pub key: Vec<String>,
    /// The keys of up to five of the rows. Nothing else of them is ever read.
    pub samples: Vec<Vec<String>>,
    /// The query that finds all of them.
    pub find: String,
}

/// Something that could not be found out.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct NotKnown {
    /// The changes, as indexes into the plan's changes.
    pub changes: Vec<usize>,
    /// What is not known, and why.
    pub what: String,
}

/// Asks everything that a plan has to know of a tenant's rows.
///
/// # Errors
/// When the connection breaks. A fact that cannot be had is no error.
pub(super) async fn gather(hands: &mut Hands<'_>, study: &Study, within: Duration) -> Result<Facts, DbError> {
    let mut facts = Facts::default();
    let ends = Instant::now() + within;
    if hands.are_own() {
        look(hands.own(), ends, within, async |pass| pass.everything(study, &mut facts).await).await?;
        return Ok(facts);
    }
    // What the catalog says is undrift's own to read; the rows are not.
    look(hands.own(), ends, within, async |pass| pass.sizes(study, &mut facts).await).await?;
    if study.plan.steps.iter().all(|step| step.preconditions.is_empty()) {
        return Ok(facts);
    }
    match hands.barred().await? {
        Some(refusal) => not_asked(study, &refusal.missing, &mut facts),
        None => look(hands.session(), ends, within, async |pass| pass.rows(study, &mut facts).await).await?,
    }
    Ok(facts)
}

/// Reads something in one time without writing.
async fn look(
    session: &mut Session,
    ends: Instant,
    within: Duration,
    questions: impl AsyncFnOnce(&mut Pass<'_>) -> Result<(), DbError>,
) -> Result<(), DbError> {
    session.limit(LOCK_TIMEOUT, within).await?;
    session.begin_reading().await?;
    let mut pass = Pass { session, ends, within };
    let asked = questions(&mut pass).await;
    pass.session.end_reading().await?;
    pass.session.limit(LOCK_TIMEOUT, within).await?;
    asked
}

/// Says of every question that it was not asked.
fn not_asked(study: &Study, why: &str, facts: &mut Facts) {
    for fact in study.plan.steps.iter().flat_map(|step| &step.preconditions) {
        let what = if fact.kind == FactKind::Unasked { fact.finding.clone() } else { format!("{}: {why}", open(fact)) };
        facts.not_known.push(NotKnown { changes: fact.changes.clone(), what });
    }
}

/// One time in which a tenant's rows are looked at.
struct Pass<'a> {
    session: &'a mut Session,
    ends: Instant,
    within: Duration,
}

/// A fact, or why it could not be had.
type Answer<T> = Result<T, DbError>;

impl Pass<'_> {
    /// Sizes first, because policies ask for rows; bytes last, because they are for people alone.
    async fn everything(&mut self, study: &Study, facts: &mut Facts) -> Result<(), DbError> {
        self.row_counts(study, facts).await?;
        self.rows(study, facts).await?;
        self.bytes(study, facts).await
    }

    /// What the catalog knows.
    async fn sizes(&mut self, study: &Study, facts: &mut Facts) -> Result<(), DbError> {
        self.row_counts(study, facts).await?;
        self.bytes(study, facts).await
    }

    async fn row_counts(&mut self, study: &Study, facts: &mut Facts) -> Result<(), DbError> {
        let dialect = dialect::of(&study.observed.platform);
        for table in tables(study) {
            if let Ok(rows) = self.count(&dialect.rows_query(table)).await? {
                facts.rows.insert(table.clone(), rows);
            }
        }
        Ok(())
    }

    async fn rows(&mut self, study: &Study, facts: &mut Facts) -> Result<(), DbError> {
        let renames = study.plan.changes.iter().any(|planned| is_rename(&planned.change));
        for fact in study.plan.steps.iter().flat_map(|step| &step.preconditions) {
            self.fact(fact, renames, facts).await?;
        }
        Ok(())
    }

    async fn bytes(&mut self, study: &Study, facts: &mut Facts) -> Result<(), DbError> {
        let dialect = dialect::of(&study.observed.platform);
        for table in tables(study) {
            if let Ok(bytes) = self.count(&dialect.bytes_query(table)).await? {
                facts.bytes.insert(table.clone(), bytes);
            }
        }
        Ok(())
    }

    async fn fact(&mut self, fact: &Precondition, renames: bool, facts: &mut Facts) -> Result<(), DbError> {
        let not_known = |what| NotKnown { changes: fact.changes.clone(), what };
        if fact.kind == FactKind::Unasked {
            facts.not_known.push(not_known(fact.finding.clone()));
            return Ok(());
        }
        match self.count(&fact.query).await? {
            Ok(0) => {}
            Ok(count) => facts.violations.push(self.violation(fact, count).await?),
            // It is asked by the names after the renames, which are the plan's first steps, and again before its own step.
            Err(error) if renames && error.trouble == Trouble::Statement => {}
            Err(error) => facts.not_known.push(not_known(format!("{}: {}", open(fact), self.why(&error)))),
        }
        Ok(())
    }

    async fn violation(&mut self, fact: &Precondition, count: u64) -> Result<Violation, DbError> {
        let mut samples = Vec::new();
        if !fact.key.is_empty() {
            let rows = self.ask(async |session| session.texts(&format!("{} LIMIT {SAMPLES}", fact.find)).await).await?;
            samples = rows.unwrap_or_default().into_iter().map(|row| row.into_iter().map(shown).collect()).collect();
        }
        Ok(Violation {
            changes: fact.changes.clone(),
            kind: fact.kind,
            table: fact.table.clone(),
            count,
            finding: fact.finding.replace("{n}", &count.to_string()),
            key: fact.key.clone(),
            samples,
            find: fact.find.clone(),
        })
    }

    async fn count(&mut self, query: &str) -> Result<Answer<u64>, DbError> {
        self.ask(async |session| session.count(query).await).await
    }

    /// Asks a question in what is left of the time. The outer error: nothing more can be asked.
    async fn ask<T>(
        &mut self,
        question: impl AsyncFnOnce(&mut Session) -> Result<T, DbError>,
    ) -> Result<Answer<T>, DbError> {
        let left = self.ends.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(Err(DbError::new(
                Trouble::TimedOut,
                "look at the rows",
                "the time was over before it was asked",
            )));
        }
        self.session.limit(LOCK_TIMEOUT, left.max(Duration::from_millis(1))).await?;
        let answer = question(self.session).await;
        if let Err(error) = &answer {
            if matches!(error.trouble, Trouble::Disconnected | Trouble::Unreachable) {
                return Err(error.clone());
            }
            // On PostgreSQL a transaction is of no use after an error.
            self.session.end_reading().await?;
            self.session.begin_reading().await?;
        }
        Ok(answer)
    }

    fn why(&self, error: &DbError) -> String {
        match error.trouble {
            Trouble::TimedOut => format!("it was not found out within facts_timeout, {:?}", self.within),
            Trouble::LockTimeout => format!("somebody held a lock on the table for {LOCK_TIMEOUT:?}"),
            _ => error.message.lines().next().unwrap_or_default().to_owned(),
        }
    }
}

/// A question that is still open: its finding without a number.
fn open(fact: &Precondition) -> String {
    format!("whether {}", fact.finding.replace("{n} ", "any "))
}

/// The tables that change and are there, by the names they have now.
fn tables(study: &Study) -> Vec<&QName> {
    let mut tables: Vec<_> = study.present_tables().into_iter().flatten().collect();
    tables.sort();
    tables.dedup();
    tables
}

fn is_rename(change: &Change) -> bool {
    matches!(change, Change::RenameTable { .. } | Change::RenameColumn { .. })
}

/// A value of a key, cut where it is long.
fn shown(value: Option<String>) -> String {
    let value = value.unwrap_or_else(|| "NULL".to_owned());
    match value.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value,
    }
}
