//! `undrift audit`

use owo_colors::OwoColorize;
use serde_json::json;

use super::service_args::{AuditArgs, AuditCommand, Output};
use super::{Cli, Exit, Failure, state};
use crate::store::{Verified, VerifyError};

/// Verifies the audit.
pub async fn run(cli: &Cli, args: &AuditArgs) -> Result<Exit, Failure> {
    let AuditCommand::Verify { output } = args.command;
    let store = state::existing(cli).await?;
    let verified = store.verify_audit().await;
    store.close().await;
    match (verified, output) {
        (Ok(verified), output) => {
            output.print(&holds(&verified, output));
            Ok(Exit::Clean)
        }
        (Err(VerifyError::Broken { sequence, why }), Output::Json) => {
            Output::Json.print(&format!("{:#}\n", json!({ "holds": false, "broken_at": sequence, "why": why })));
            Ok(Exit::Error)
        }
        (Err(error @ VerifyError::Broken { .. }), Output::Text) => Err(Failure::new(
            error.to_string(),
            "keep a copy of the state as it is, find out who wrote to it, and compare it with a backup",
        )),
        (Err(VerifyError::Store(error)), _) => Err(error.into()),
    }
}

fn holds(verified: &Verified, output: Output) -> String {
    let Verified { entries, from, to, head } = verified;
    match output {
        Output::Json => {
            let holds = json!({ "holds": true, "entries": entries, "from": from, "to": to, "head": head });
            format!("{holds:#}\n")
        }
        Output::Text if *entries == 0 => format!("{} the audit is empty\n", "ok:".green()),
        Output::Text => format!(
            "{} all {entries} entries hold, from {from} to {to}\nhead {head}\n\
             Kept elsewhere, this hash proves later that nobody cut off the end.\n",
            "ok:".green()
        ),
    }
}
