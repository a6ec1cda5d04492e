//! `undrift status`

use jiff::Timestamp;

use super::service_args::{Output, StatusArgs};
use super::{Cli, Exit, Failure, api, show, state};
use crate::http::view::{self, Status};

/// Shows the fleet at a glance: from the state, or from a running service.
pub async fn run(cli: &Cli, args: &StatusArgs) -> Result<Exit, Failure> {
    let status = match &args.api {
        Some(url) => api::get(url, "/api/v1/status").await?,
        None => of_state(cli).await?,
    };
    args.output.print(&match args.output {
        Output::Json => format!("{:#}\n", serde_json::json!(status)),
        Output::Text => show::status::text(&status, Timestamp::now()),
    });
    Ok(exit(&status))
}

async fn of_state(cli: &Cli) -> Result<Status, Failure> {
    let store = state::existing(cli).await?;
    let status = view::status(&store).await?;
    store.close().await;
    Ok(status)
}

/// An empty fleet is never in order: somebody meant to watch something.
fn exit(status: &Status) -> Exit {
    match status.tenants {
        counts if counts.unknown > 0 || counts.total == 0 => Exit::Error,
        counts if counts.drifted > 0 => Exit::Changes,
        _ => Exit::Clean,
    }
}
