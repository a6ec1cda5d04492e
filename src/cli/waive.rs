//! `undrift waive`, `undrift waivers` and `undrift unwaive`

use jiff::Timestamp;
use serde_json::json;

use super::service_args::{Output, UnwaiveArgs, WaiveArgs, WaiversArgs};
use super::show::table::{self, Align};
use super::{Cli, Exit, Failure, state};
use crate::policy::{Waiver, has_passed};
use crate::reconcile::words::clean;
use crate::store::{WaiverError, WaiverRecord, WaiverText};

/// Accepts drift until a date.
pub async fn waive(cli: &Cli, args: &WaiveArgs) -> Result<Exit, Failure> {
    let WaiveArgs { target, drift, until, owner, why } = args;
    let (target, drift, owner, why) = (target.clone(), drift.clone(), owner.clone(), why.clone());
    let text = WaiverText { target, drift, until: *until, owner, why };
    let store = state::existing(cli).await?;
    let waiver = store.person(&state::login()).waive(text).await?;
    store.close().await;
    let (id, words, target) = (&waiver.id, clean(&waiver.waived.words()), clean(&waiver.target()));
    super::print(&format!("waived {words} on {target} until {until}: {id}\n`undrift unwaive {id}` ends it\n"));
    Ok(Exit::Clean)
}

/// Ends a waiver before its time.
pub async fn unwaive(cli: &Cli, args: &UnwaiveArgs) -> Result<Exit, Failure> {
    let store = state::existing(cli).await?;
    let waiver = store.person(&state::login()).unwaive(&args.id, args.why.trim()).await?;
    store.close().await;
    let (words, target) = (clean(&waiver.waived.words()), clean(&waiver.target()));
    super::print(&format!("ended {}: {words} on {target} is judged by the rules again\n", waiver.id));
    Ok(Exit::Clean)
}

/// Lists what is waived, in the state and in the policy's file.
pub async fn list(cli: &Cli, args: &WaiversArgs) -> Result<Exit, Failure> {
    let policy = state::policy(cli)?;
    let store = state::existing(cli).await?;
    let waivers = store.waivers(args.all).await?;
    store.close().await;
    args.output.print(&match args.output {
        Output::Json => format!("{:#}\n", json!({ "items": waivers })),
        Output::Text if waivers.is_empty() && policy.waivers.is_empty() => "nothing is waived\n".to_owned(),
        Output::Text => text(&waivers, &policy.waivers, Timestamp::now()),
    });
    Ok(Exit::Clean)
}

fn text(waivers: &[WaiverRecord], of_policy: &[Waiver], now: Timestamp) -> String {
    let columns = ["ID", "STATE", "UNTIL", "OWNER", "FOR", "DRIFT", "WHY"].map(|name| (name, Align::Left));
    let mut table = table::new(&columns);
    for waiver in waivers {
        let (until, owner, why) = (waiver.until.to_string(), clean(&waiver.owner), clean(&waiver.given.why));
        let (target, drift) = (clean(&waiver.target()), clean(&waiver.waived.words()));
        table.add_row([waiver.id.clone(), standing(waiver, now), until, owner, target, drift, why]);
    }
    for waiver in of_policy {
        let (until, owner, why) = (waiver.until.to_string(), clean(&waiver.owner), clean(&waiver.why));
        let state = if waiver.has_expired(now) { "expired" } else { "active" }.to_owned();
        let name = clean(&waiver.name);
        table.add_row(["policy".to_owned(), state, until, owner, "see the policy's file".to_owned(), name, why]);
    }
    table::text(&table)
}

fn standing(waiver: &WaiverRecord, now: Timestamp) -> String {
    match &waiver.ended {
        Some(by) => format!("ended by {}", clean(&by.who)),
        None if has_passed(waiver.until, now) => "expired".to_owned(),
        None => "active".to_owned(),
    }
}

impl From<WaiverError> for Failure {
    fn from(error: WaiverError) -> Self {
        let next = match &error {
            WaiverError::Nobody { .. } => {
                "`undrift status` shows tenants and shapes; a shape is named by six digits or more"
            }
            WaiverError::AmbiguousShape(_) => "write more of the shape's id; `undrift status` shows it",
            WaiverError::Drift(_) => "`undrift status` shows what differs; docs/policy.md lists the kinds of change",
            WaiverError::Past(_) => "write a day to come",
            WaiverError::NotFound => "`undrift waivers` lists them",
            WaiverError::Ambiguous => "write more of the id; `undrift waivers` shows it",
            WaiverError::Ended(_) => "nothing is left to do",
            WaiverError::Store(error) => error.advice(),
        };
        Failure::new(error.to_string(), next)
    }
}
