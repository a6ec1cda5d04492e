//! `undrift completions`

use clap::CommandFactory;

use super::args::CompletionsArgs;
use super::{Cli, Exit, Failure};

/// Prints a completion script.
pub fn run(args: &CompletionsArgs) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "undrift", &mut script);
    super::stdout::data(&String::from_utf8_lossy(&script));
    Ok(Exit::Clean)
}
