//! Commands and flags.

use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::model::Logins;

use super::service_args::{
    ApprovalsArgs, ApproveArgs, AuditArgs, HistoryArgs, PauseArgs, RejectArgs, StatusArgs, TenantsArgs, TokenArgs,
    UnwaiveArgs, WaiveArgs, WaiversArgs,
};

const STYLES: Styles =
    Styles::styled().header(AnsiColor::Yellow.on_default().bold()).literal(AnsiColor::Green.on_default());

/// Keeps a fleet of tenant databases equal to one declared schema.
#[derive(Debug, Parser)]
#[command(name = "undrift", version, styles = STYLES, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// The configuration file.
    #[arg(long, global = true, env = "UNDRIFT_CONFIG", default_value = "undrift.yaml", value_name = "FILE")]
    pub config: PathBuf,
    /// Say less: no statements, no progress.
    #[arg(long, short, global = true, env = "UNDRIFT_QUIET")]
    pub quiet: bool,
    /// Say more, on stderr; twice and three times for still more.
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

const EXIT_CODES: &str = "Exit codes: 0 clean or done, 1 error, 2 there are changes (plan, diff, status), 3 something was kept back by policy or by the data (apply).";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show what differs and what would put it right; change nothing.
    Plan(PlanArgs),
    /// Put right what policy allows, and make sure that it worked.
    Apply(ApplyArgs),
    /// Run as a service: look at the fleet by schedule, put right what policy allows, ask for the rest.
    Run(RunArgs),
    /// Show the fleet at a glance, as the service saw it last.
    Status(StatusArgs),
    /// Show what was done to tenants, and by whom.
    History(HistoryArgs),
    /// List the questions that wait for an answer, or show one with its plan.
    Approvals(ApprovalsArgs),
    /// Answer a question with yes.
    Approve(ApproveArgs),
    /// Answer a question with no.
    Reject(RejectArgs),
    /// Accept drift of tenants or of a shape until a date.
    Waive(WaiveArgs),
    /// List the drift that people accept.
    Waivers(WaiversArgs),
    /// End a waiver before its time.
    Unwaive(UnwaiveArgs),
    /// Let the service change nothing until somebody resumes.
    Pause(PauseArgs),
    /// End a pause, let stopped rollouts go on, and have blocked tenants tried again.
    Resume(TenantsArgs),
    /// Have the service look at tenants now.
    CheckNow(TenantsArgs),
    /// Make, list and revoke the tokens that open the API.
    Token(TokenArgs),
    /// Make sure that nobody changed what the audit says.
    Audit(AuditArgs),
    /// Check configuration, schemas and policy without touching a database.
    Check(CheckArgs),
    /// Write a database or an .sql file as a schema file.
    Export(ExportArgs),
    /// Compare any two of: schema file, .sql file, database URL.
    Diff(DiffArgs),
    /// Print the JSON Schema of a file format, for editors.
    SchemaOf(SchemaOfArgs),
    /// Make a fleet of SQLite tenants that drifted, and put it right.
    Demo(DemoArgs),
    /// Print a completion script for a shell.
    Completions(CompletionsArgs),
}

/// Which databases, and what they should look like.
#[derive(Clone, Debug, Args)]
pub struct Selection {
    /// One database, without a configuration file: postgres://…, mysql://…, mariadb://… or sqlite:FILE.
    #[arg(long, env = "UNDRIFT_URL", hide_env_values = true, value_name = "URL")]
    pub url: Option<String>,
    /// The declared schema: a YAML or .sql file.
    #[arg(long, env = "UNDRIFT_SCHEMA", value_name = "FILE")]
    pub schema: Option<PathBuf>,
    /// The policy file.
    #[arg(long, env = "UNDRIFT_POLICY", value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// With --url: over which login it is changed. `auto` makes one where this login has rights in other databases, too.
    #[arg(long, value_parser = logins, default_value = "auto", value_name = "auto|own|off")]
    pub logins: Logins,
    /// Only tenants with this name (`tenant_*`) or label (`tier=gold`); several: any of them.
    #[arg(long = "tenant", short, value_name = "SELECTOR")]
    pub tenants: Vec<String>,
}

fn logins(word: &str) -> Result<Logins, String> {
    let known = Logins::ALL.into_iter().find(|logins| logins.key() == word);
    known.ok_or_else(|| "write auto, own or off".to_owned())
}

/// How a survey is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// The statements.
    Sql,
    /// For machines.
    Json,
    /// For a pull request.
    Markdown,
}

/// `undrift plan`
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// Which databases.
    #[command(flatten)]
    pub selection: Selection,
    /// How to print it.
    #[arg(long, short, value_enum, default_value_t)]
    pub format: Format,
    /// Write the plan to a file as well, to be reviewed and then carried out: `undrift apply FILE`.
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// `undrift apply`
#[derive(Debug, Args)]
pub struct ApplyArgs {
    /// A reviewed plan that `undrift plan --out` wrote: exactly that is carried out.
    #[arg(value_name = "PLAN.json")]
    pub plan: Option<PathBuf>,
    /// Which databases.
    #[command(flatten)]
    pub selection: Selection,
    /// Answer yes to what the policy asks, as far as it lets this flag answer.
    #[arg(long, short)]
    pub yes: bool,
    /// The folder for backups that the policy asks for, in place of `backups.to`.
    #[arg(long, value_name = "FOLDER")]
    pub backups: Option<PathBuf>,
    /// Only say what would run.
    #[arg(long)]
    pub dry_run: bool,
    /// How to print it: text or json.
    #[arg(long, short, value_enum, default_value_t)]
    pub format: Format,
}

/// `undrift run`
#[derive(Debug, Args)]
pub struct RunArgs {
    /// The address that probes, metrics and the API are answered on, in place of `http.listen`.
    #[arg(long, env = "UNDRIFT_LISTEN", value_name = "ADDRESS:PORT")]
    pub listen: Option<std::net::SocketAddr>,
}

/// `undrift check`
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// A schema file instead of those of the configuration.
    #[arg(long, value_name = "FILE")]
    pub schema: Option<PathBuf>,
    /// A policy file instead of that of the configuration.
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Mistakes as text or as JSON.
    #[arg(long, short, value_enum, default_value_t)]
    pub format: Format,
}

/// `undrift export`
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// The database.
    #[arg(long, env = "UNDRIFT_URL", hide_env_values = true, value_name = "URL")]
    pub url: Option<String>,
    /// An .sql file, built in a scratch database of the server at --url (or of SQLite without it).
    #[arg(value_name = "FILE.sql")]
    pub file: Option<PathBuf>,
}

/// `undrift diff`
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// What there is: a schema file, an .sql file, or a database URL.
    #[arg(value_name = "A")]
    pub from: String,
    /// What there should be, likewise.
    #[arg(value_name = "B")]
    pub to: String,
    /// A server for scratch databases, when neither side is a database.
    #[arg(long, env = "UNDRIFT_URL", hide_env_values = true, value_name = "URL")]
    pub server: Option<String>,
    /// How to print it: text, sql or json.
    #[arg(long, short, value_enum, default_value_t)]
    pub format: Format,
}

/// `undrift schema-of`
#[derive(Debug, Args)]
pub struct SchemaOfArgs {
    /// Which format.
    #[arg(value_enum)]
    pub what: Document,
}

/// The files that people write, and the plans that they review.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Document {
    /// `undrift.yaml`.
    Config,
    /// The declared schema.
    Schema,
    /// The policy.
    Policy,
    /// The plan file of `plan --out`.
    Plan,
}

/// `undrift demo`
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// The folder to make the fleet in.
    #[arg(default_value = "undrift-demo")]
    pub folder: PathBuf,
}

/// `undrift completions`
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}
