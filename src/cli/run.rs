//! `undrift run`

use super::args::RunArgs;
use super::{Cli, Exit, Failure};
use crate::daemon::{self, Flags};

/// Runs the service until a signal ends it.
pub async fn run(cli: &Cli, args: &RunArgs) -> Result<Exit, Failure> {
    let flags = Flags { config: cli.config.clone(), listen: args.listen };
    match daemon::run(flags).await {
        Ok(()) => Ok(Exit::Clean),
        Err(daemon::Failure::Files(report)) => Err(Failure::Mistakes(report)),
        Err(error) => Err(Failure::new(error.to_string(), error.advice())),
    }
}
