//! `undrift pause` and `undrift resume`

use super::service_args::{PauseArgs, TenantsArgs};
use super::{Cli, Exit, Failure, state};

/// Lets the service change nothing until somebody resumes.
pub async fn pause(cli: &Cli, args: &PauseArgs) -> Result<Exit, Failure> {
    let store = state::open(cli).await?;
    store.person(&state::login()).pause(&args.why).await?;
    store.close().await;
    super::print("paused: plans that run end, and no other begins until `undrift resume`\n");
    Ok(Exit::Clean)
}

/// Ends a pause, and has what stopped or failed tried again.
pub async fn resume(cli: &Cli, args: &TenantsArgs) -> Result<Exit, Failure> {
    let store = state::existing(cli).await?;
    let ended = store.person(&state::login()).resume(&args.tenants).await?;
    let paused = store.pause().await?;
    store.close().await;
    let pause = match (ended, paused) {
        (Some(pause), _) => format!("the pause of {} ended ({}); ", pause.who, pause.why),
        (None, Some(_)) => "the pause goes on, because tenants were named; ".to_owned(),
        (None, None) => String::new(),
    };
    super::print(&format!("{pause}rollouts that stopped go on, and blocked tenants are tried again\n"));
    Ok(Exit::Clean)
}
