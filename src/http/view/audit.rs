//! The audit as people read it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::Hash;
use crate::reconcile::words::clean;
use crate::store::{ApplyOutcome, AuditEntry, AuditEvent};

/// An entry of the audit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AuditLine {
    /// Its place in the chain.
    pub sequence: i64,
    /// It in words.
    pub what: String,
    /// The entry as it is kept.
    #[serde(flatten)]
    pub entry: AuditEntry,
}

impl From<(i64, AuditEntry)> for AuditLine {
    fn from((sequence, entry): (i64, AuditEntry)) -> Self {
        Self { sequence, what: event_words(&entry.event, entry.plan), entry }
    }
}

/// What happened, in a clause on one line.
pub fn event_words(event: &AuditEvent, plan: Option<Hash>) -> String {
    let plan = plan.map_or_else(|| "a plan".to_owned(), |plan| format!("plan {}", plan.short()));
    let words = match event {
        AuditEvent::Begin { rules, approver, .. } => {
            let approved = approver.as_ref().map(|who| format!(", approved by {who}")).unwrap_or_default();
            format!("{plan} begins: {}{approved}", rules.join(", "))
        }
        AuditEvent::BackedUp { tables, place, bytes, millis } => {
            let bytes = bytes.map(|bytes| format!(", {bytes} bytes")).unwrap_or_default();
            format!("{} backed up: {place}{bytes}, {millis} ms", tables.join(", "))
        }
        AuditEvent::Intent { step, statement, sql } => format!("step {step}.{statement}: {sql}"),
        AuditEvent::Outcome { step, statement, millis, rows, error } => match error {
            None => format!("step {step}.{statement} ran: {millis} ms, {}", count(*rows)),
            Some(error) => format!("step {step}.{statement} failed after {millis} ms: {error}"),
        },
        AuditEvent::End { outcome, error, .. } => format!("{plan} {}{}", ended(*outcome), because(error.as_deref())),
        AuditEvent::Resolved { reached, .. } => {
            let found = if *reached { "its end was reached" } else { "its end was not reached" };
            format!("undrift was killed while {plan} ran; {found}")
        }
        AuditEvent::Answered { approval, approved, answer } => {
            let verb = if *approved { "approved" } else { "rejected" };
            let why = Some(answer.why.as_str()).filter(|why| !why.is_empty());
            format!("{} {verb} {approval}{}", answer.who, because(why))
        }
        AuditEvent::Did { who, what } => format!("{who} {what}"),
    };
    clean(&words.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn count(rows: u64) -> String {
    if rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") }
}

fn ended(outcome: ApplyOutcome) -> &'static str {
    match outcome {
        ApplyOutcome::Applied => "was applied",
        ApplyOutcome::Skipped => "was not begun",
        ApplyOutcome::Failed => "failed",
    }
}

fn because(why: Option<&str>) -> String {
    why.map(|why| format!(": {why}")).unwrap_or_default()
}
