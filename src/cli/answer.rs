//! `undrift approve` and `undrift reject`

use super::service_args::{ApproveArgs, RejectArgs};
use super::{Cli, Exit, Failure, state};
use crate::store::Question;

/// Answers a question with yes.
pub async fn approve(cli: &Cli, args: &ApproveArgs) -> Result<Exit, Failure> {
    answer(cli, &args.id, true, args.why.trim()).await
}

/// Answers a question with no.
pub async fn reject(cli: &Cli, args: &RejectArgs) -> Result<Exit, Failure> {
    answer(cli, &args.id, false, &args.why).await
}

async fn answer(cli: &Cli, id: &str, approved: bool, why: &str) -> Result<Exit, Failure> {
    let store = state::existing(cli).await?;
    let record = store.person(&state::login()).answer(id, approved, why).await?;
    let paused = store.pause().await?;
    store.close().await;
    let follows = match (&record.question, approved) {
        (_, true) if paused.is_some() => "it runs when somebody ends the pause: `undrift resume`".to_owned(),
        (Question::Plan { tenants, .. }, true) => {
            format!("the plan goes out to {tenants} tenants in the policy's waves")
        }
        (Question::Brake { schema, .. }, true) => format!("undrift goes on with {schema}"),
        (Question::Plan { .. }, false) => "the plan does not run, and the drift stays".to_owned(),
        (Question::Brake { schema, .. }, false) => format!("undrift changes nothing under {schema}"),
    };
    let verb = if approved { "approved" } else { "rejected" };
    super::print(&format!("{verb} {}: {follows}\n", record.id));
    Ok(Exit::Clean)
}
