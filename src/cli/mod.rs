//! The command line: one file per command, exit codes, and what is printed.

mod answer;
mod api;
mod apply;
mod approvals;
mod args;
mod audit;
mod check;
mod check_now;
mod completions;
mod demo;
mod diff;
mod export;
mod failure;
mod fleet;
mod history;
mod pause;
mod plan;
mod run;
mod schema_of;
mod service_args;
mod show;
mod state;
mod status;
mod stdout;
mod token;
mod waive;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Parser;

pub use args::Cli;
use args::Command;
pub use failure::Failure;
use stdout::print;

/// How a command ended. Several tenants: the worst of theirs, in the order of [`Exit::worst`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Nothing to change, or everything done.
    Clean = 0,
    /// Something went wrong.
    Error = 1,
    /// There is something to change.
    Changes = 2,
    /// Something that the schema asks for was kept back by policy or by the data.
    KeptBack = 3,
}

impl Exit {
    /// An error before something kept back, before changes, before clean.
    #[must_use]
    pub fn worst(self, other: Exit) -> Exit {
        let weight = |exit| match exit {
            Exit::Clean => 0,
            Exit::Changes => 1,
            Exit::KeptBack => 2,
            Exit::Error => 3,
        };
        if weight(self) >= weight(other) { self } else { other }
    }
}

/// Runs the program with the arguments of the process.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // clap would exit with 2, which means "there are changes" here.
            let wrong = error.use_stderr();
            let _ = error.print();
            return ExitCode::from(if wrong { Exit::Error } else { Exit::Clean } as u8);
        }
    };
    start_logging(&cli);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            anstream::eprintln!("error: the runtime could not be started: {error}");
            return ExitCode::from(Exit::Error as u8);
        }
    };
    let exit = match runtime.block_on(run(cli)) {
        Ok(exit) => exit,
        Err(failure) => {
            failure.print();
            Exit::Error
        }
    };
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    ExitCode::from(exit as u8)
}

async fn run(cli: Cli) -> Result<Exit, Failure> {
    match &cli.command {
        Command::Plan(args) => plan::run(&cli, args).await,
        Command::Apply(args) => apply::run(&cli, args).await,
        Command::Run(args) => run::run(&cli, args).await,
        Command::Status(args) => status::run(&cli, args).await,
        Command::History(args) => history::run(&cli, args).await,
        Command::Approvals(args) => approvals::run(&cli, args).await,
        Command::Approve(args) => answer::approve(&cli, args).await,
        Command::Reject(args) => answer::reject(&cli, args).await,
        Command::Waive(args) => waive::waive(&cli, args).await,
        Command::Waivers(args) => waive::list(&cli, args).await,
        Command::Unwaive(args) => waive::unwaive(&cli, args).await,
        Command::Pause(args) => pause::pause(&cli, args).await,
        Command::Resume(args) => pause::resume(&cli, args).await,
        Command::CheckNow(args) => check_now::run(&cli, args).await,
        Command::Token(args) => token::run(&cli, args).await,
        Command::Audit(args) => audit::run(&cli, args).await,
        Command::Check(args) => check::run(&cli, args),
        Command::Export(args) => export::run(args).await,
        Command::Diff(args) => diff::run(&cli, args).await,
        Command::SchemaOf(args) => schema_of::run(args),
        Command::Demo(args) => demo::run(&cli, args).await,
        Command::Completions(args) => completions::run(args),
    }
}

/// Logs go to stderr; `-v` shows more, `UNDRIFT_LOG` says exactly what. The service logs what happens, for people
/// on a terminal and for machines otherwise.
fn start_logging(cli: &Cli) {
    let service = matches!(cli.command, Command::Run(_));
    let level = ["warn", "info", "debug", "trace"][(usize::from(cli.verbose) + usize::from(service)).min(3)];
    let filter = std::env::var("UNDRIFT_LOG").unwrap_or_else(|_| format!("undrift={level}"));
    let filter = tracing_subscriber::EnvFilter::builder().parse_lossy(filter);
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    if service && !std::io::stderr().is_terminal() {
        logs.json().flatten_event(true).init();
    } else {
        logs.with_ansi(std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()).init();
    }
}
