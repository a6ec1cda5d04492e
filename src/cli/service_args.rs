//! Flags of the commands that look at what the service does, and say something to it.

use clap::{Args, Subcommand, ValueEnum};
use jiff::civil::Date;

use crate::store::Role;

/// For whom a command prints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// People.
    #[default]
    Text,
    /// Machines.
    Json,
}

/// `undrift status`
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Ask a running service, with the token in UNDRIFT_TOKEN, in place of the state that the configuration names.
    #[arg(long, env = "UNDRIFT_API", value_name = "URL")]
    pub api: Option<String>,
    /// How to print it.
    #[arg(long, short, value_enum, default_value_t)]
    pub output: Output,
}

/// `undrift history`
#[derive(Debug, Args)]
pub struct HistoryArgs {
    /// Only what was done to this tenant.
    #[arg(value_name = "TENANT")]
    pub tenant: Option<String>,
    /// How much of it: the last so many entries.
    #[arg(long, short = 'n', default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub limit: u32,
    /// How to print it.
    #[arg(long, short, value_enum, default_value_t)]
    pub output: Output,
}

/// `undrift approvals`
#[derive(Debug, Args)]
pub struct ApprovalsArgs {
    /// One question, with its plan; the beginning of its id is enough.
    #[arg(value_name = "ID")]
    pub id: Option<String>,
    /// Show those too that were answered, or that nobody has to answer any more.
    #[arg(long, short)]
    pub all: bool,
    /// How to print it.
    #[arg(long, short, value_enum, default_value_t)]
    pub output: Output,
}

/// `undrift approve`
#[derive(Debug, Args)]
pub struct ApproveArgs {
    /// The question; the beginning of its id is enough.
    #[arg(value_name = "ID")]
    pub id: String,
    /// Why, for the audit.
    #[arg(long, default_value = "")]
    pub why: String,
}

/// `undrift reject`
#[derive(Debug, Args)]
pub struct RejectArgs {
    /// The question; the beginning of its id is enough.
    #[arg(value_name = "ID")]
    pub id: String,
    /// Why, for the audit.
    #[arg(long, value_parser = said)]
    pub why: String,
}

/// `undrift waive`
#[derive(Debug, Args)]
pub struct WaiveArgs {
    /// Whose drift: a tenant's name (`tenant_*`), a label (`tier=gold`), or the beginning of a shape's id.
    #[arg(value_name = "TENANT|SHAPE")]
    pub target: String,
    /// Which drift: a kind of change (`drop_index`), an object (`votes.idx_email`), or both with `/` in between.
    #[arg(value_name = "CHANGE/OBJECT")]
    pub drift: String,
    /// The last day on which it is accepted, in UTC: 2027-01-31.
    #[arg(long, value_name = "DATE", value_parser = day)]
    pub until: Date,
    /// Who answers for it.
    #[arg(long, value_name = "WHO", value_parser = named)]
    pub owner: String,
    /// Why it is accepted.
    #[arg(long, value_name = "TEXT", value_parser = said)]
    pub why: String,
}

/// `undrift waivers`
#[derive(Debug, Args)]
pub struct WaiversArgs {
    /// Show those too that somebody ended before their time.
    #[arg(long, short)]
    pub all: bool,
    /// How to print it.
    #[arg(long, short, value_enum, default_value_t)]
    pub output: Output,
}

/// `undrift unwaive`
#[derive(Debug, Args)]
pub struct UnwaiveArgs {
    /// The waiver; the beginning of its id is enough.
    #[arg(value_name = "ID")]
    pub id: String,
    /// Why, for the audit.
    #[arg(long, default_value = "")]
    pub why: String,
}

/// `undrift pause`
#[derive(Debug, Args)]
pub struct PauseArgs {
    /// Why, for the audit and for everybody who asks for the status.
    #[arg(long, value_parser = said)]
    pub why: String,
}

/// `undrift resume` and `undrift check-now`
#[derive(Debug, Args)]
pub struct TenantsArgs {
    /// Only tenants with this name (`tenant_*`) or label (`tier=gold`); several: any of them.
    #[arg(long = "tenant", short, value_name = "SELECTOR")]
    pub tenants: Vec<String>,
}

/// `undrift token`
#[derive(Debug, Args)]
pub struct TokenArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: TokenCommand,
}

/// What can be done with tokens.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Make a token and print it, this once.
    Create {
        /// Whose it is: the audit calls them so.
        #[arg(long, value_parser = named)]
        name: String,
        /// What it may do.
        #[arg(long, value_enum)]
        role: RoleArg,
        /// How long it holds: `90d`. For ever, if left out.
        #[arg(long, value_name = "DURATION")]
        expires: Option<String>,
    },
    /// List the tokens that were made.
    List {
        /// How to print it.
        #[arg(long, short, value_enum, default_value_t)]
        output: Output,
    },
    /// Let a token open nothing any more.
    Revoke {
        /// The token's id; its beginning is enough.
        #[arg(value_name = "ID")]
        id: String,
    },
}

/// What a token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RoleArg {
    /// Look.
    Viewer,
    /// Look, approve, reject, pause, resume, check now.
    Operator,
}

impl From<RoleArg> for Role {
    fn from(role: RoleArg) -> Self {
        match role {
            RoleArg::Viewer => Role::Viewer,
            RoleArg::Operator => Role::Operator,
        }
    }
}

/// `undrift audit`
#[derive(Debug, Args)]
pub struct AuditArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: AuditCommand,
}

/// What can be done with the audit.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Make sure that nobody changed an entry or took one out.
    Verify {
        /// How to print it.
        #[arg(long, short, value_enum, default_value_t)]
        output: Output,
    },
}

fn day(text: &str) -> Result<Date, String> {
    text.parse().map_err(|_| "write a day as 2027-01-31".to_owned())
}

fn said(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("say why, in a sentence".to_owned()),
        text => Ok(text.to_owned()),
    }
}

fn named(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("a name that says nothing".to_owned()),
        text if text.chars().any(char::is_control) => Err("a name has no control characters".to_owned()),
        text if text.chars().count() > 100 => Err("a name has at most 100 characters".to_owned()),
        text => Ok(text.to_owned()),
    }
}
