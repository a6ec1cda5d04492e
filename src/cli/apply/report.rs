//! How a run ended, for every tenant and in all.

use owo_colors::OwoColorize;
use serde_json::json;

use crate::backup::Backup;
use crate::cli::show::{self, Tally};
use crate::reconcile::{Carried, Fleet, words};

/// What became of one tenant.
pub struct Outcome {
    /// Its name.
    pub tenant: String,
    /// How it ended.
    pub ending: Ending,
    /// The backup that was made first.
    pub backup: Option<Backup>,
}

/// How it ended.
pub enum Ending {
    /// A plan ran; what is left is what it left out.
    Repaired(Carried),
    /// What was kept long enough is gone, so many things; nothing else was to be done.
    Purged(Carried, usize),
    /// The reviewed plan had been carried out before.
    Done,
    /// Nothing was allowed to run.
    Skipped,
    /// Something went wrong: what, and what to do next.
    Failed(String, String),
}

impl Outcome {
    /// What became of a tenant of which no backup was made.
    pub fn of(tenant: &str, ending: Ending) -> Self {
        Self { tenant: tenant.to_owned(), ending, backup: None }
    }

    /// A tenant for which something went wrong.
    pub fn failed(tenant: &str, message: impl ToString, next: impl ToString) -> Self {
        Self::of(tenant, Ending::Failed(message.to_string(), next.to_string()))
    }

    /// Whether something went wrong.
    pub fn is_failure(&self) -> bool {
        matches!(self.ending, Ending::Failed(..))
    }
}

/// Where everybody stands after the run, given where they stood before it.
fn after(mut tally: Tally, outcomes: &[Outcome]) -> (Tally, [usize; 3]) {
    let mut counts = [0; 3];
    for outcome in outcomes {
        match &outcome.ending {
            Ending::Repaired(carried) => {
                counts[0] += 1;
                if carried.remaining.is_empty() {
                    tally.drifted -= 1;
                    tally.in_sync += 1;
                }
            }
            Ending::Done | Ending::Purged(..) => {}
            Ending::Skipped => counts[1] += 1,
            Ending::Failed(..) => counts[2] += 1,
        }
    }
    (tally, counts)
}

/// The end of a run for people.
pub fn summary(before: Tally, outcomes: &[Outcome]) -> String {
    let mut out = String::from("\n");
    for outcome in outcomes {
        out.push_str(&line(outcome));
    }
    let (tally, [repaired, skipped, errors]) = after(before, outcomes);
    let line = format!("{tally}; {repaired} repaired, {skipped} skipped, {errors} errors");
    out + &format!("{}\n", line.bold())
}

fn line(outcome: &Outcome) -> String {
    let tenant = words::clean(&outcome.tenant);
    match &outcome.ending {
        Ending::Repaired(carried) if carried.remaining.is_empty() => {
            format!("{} {tenant}: in sync, read back and checked\n", "✔".green())
        }
        Ending::Repaired(carried) => {
            format!("{} {tenant}: repaired; {} left as said above\n", "✔".green(), carried.remaining.len())
        }
        Ending::Purged(_, purged) => {
            let things = if *purged == 1 { "1 thing" } else { &format!("{purged} things") };
            format!("{} {tenant}: {things} dropped for good, kept long enough\n", "✔".green())
        }
        Ending::Done => format!("{} {tenant}: the reviewed plan was carried out before\n", "✔".green()),
        Ending::Skipped => format!("{} {tenant}: left as it is, for the reasons above\n", "-".yellow()),
        Ending::Failed(message, next) => format!("{} {tenant}: {message}\n  next: {next}\n", "✘".red()),
    }
}

/// The end of a run for machines: the survey and what became of everybody.
pub fn as_json(fleet: &Fleet, before: Tally, outcomes: &[Outcome]) -> String {
    let (tally, [repaired, skipped, errors]) = after(before, outcomes);
    let mut survey = show::json::fleet(fleet);
    survey["summary"] = json!({
        "in_sync": tally.in_sync, "drifted": tally.drifted, "unknown": tally.unknown,
        "repaired": repaired, "skipped": skipped, "errors": errors,
    });
    survey["outcomes"] = outcomes.iter().map(outcome_json).collect();
    format!("{survey:#}\n")
}

fn outcome_json(outcome: &Outcome) -> serde_json::Value {
    let tenant = &outcome.tenant;
    let mut outcome_json = match &outcome.ending {
        Ending::Repaired(carried) => {
            let remaining =
                carried.remaining.iter().map(|change| json!({ "kind": change.kind(), "object": change.object() }));
            json!({
                "tenant": tenant, "outcome": "repaired", "fingerprint": carried.end.to_string(),
                "in_sync": carried.remaining.is_empty(), "remaining": remaining.collect::<Vec<_>>(),
            })
        }
        Ending::Purged(carried, purged) => json!({
            "tenant": tenant, "outcome": "purged", "fingerprint": carried.end.to_string(), "purged": purged,
        }),
        Ending::Done => json!({ "tenant": tenant, "outcome": "done" }),
        Ending::Skipped => json!({ "tenant": tenant, "outcome": "skipped" }),
        Ending::Failed(message, next) => {
            json!({ "tenant": tenant, "outcome": "error", "error": message, "next": next })
        }
    };
    if let Some(backup) = &outcome.backup {
        let tables: Vec<_> = backup.tables.iter().map(ToString::to_string).collect();
        outcome_json["backup"] = json!({ "place": backup.place, "bytes": backup.bytes, "tables": tables });
    }
    outcome_json
}
