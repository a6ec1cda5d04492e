//! `undrift check-now`

use super::service_args::TenantsArgs;
use super::{Cli, Exit, Failure, state};

/// Asks the service to look at tenants now.
pub async fn run(cli: &Cli, args: &TenantsArgs) -> Result<Exit, Failure> {
    let store = state::existing(cli).await?;
    store.person(&state::login()).check(&args.tenants).await?;
    let service = store.leaseholder().await?;
    store.close().await;
    super::print(match service {
        Some(_) => {
            "asked: the service looks within seconds, or when the pass that runs has ended; see `undrift status`\n"
        }
        None => "asked, but no service runs: it looks when it starts (`undrift run`)\n",
    });
    Ok(Exit::Clean)
}
