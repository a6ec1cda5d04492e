//! The configuration, `undrift.yaml`: read, checked and resolved.
//!
//! After [`Config::load`] nothing further down looks at files' positions, relative paths or
//! environment variables. Flags and `UNDRIFT_*` come before the file; they are the command line's.
//! Secrets are of a type that cannot be printed.

mod decode;
mod environment;
mod like;
mod paths;
mod redact;
mod service;
mod shape;
mod sources;
mod webhook;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use crate::model::{Engine, Labels, Logins};
use crate::policy::Calendar;
use crate::yaml::{self, Node, Report};

pub use environment::Environment;
pub use like::Like;
pub use shape::CONFIG as SHAPE;
pub use webhook::{Occasion, Webhook, WebhookFormat};

const DAY: Duration = Duration::from_secs(86_400);

/// A configuration with everything resolved.
#[derive(Clone, Debug)]
pub struct Config {
    /// The schema of tenants that name no other.
    pub schema: Option<SchemaChoice>,
    /// The policy file; the built-in policy when there is none.
    pub policy: Option<PathBuf>,
    /// The URL of undrift's own state.
    pub state: SecretString,
    /// When the daemon looks.
    pub schedule: Schedule,
    /// Where tenants come from.
    pub sources: Vec<TenantSource>,
    /// The URLs of servers for scratch databases, where it is not to be the tenant's own.
    pub scratch: BTreeMap<Engine, SecretString>,
    /// How many tenants are looked at together.
    pub concurrency: Concurrency,
    /// How long things may take.
    pub timeouts: Timeouts,
    /// Where the daemon's HTTP server listens.
    pub listen: SocketAddr,
    /// Where people reach that server, for links in messages; without it there are none.
    pub public_url: Option<Url>,
    /// Whether the daemon changes anything at all, or only looks.
    pub repair: bool,
    /// Whether tenants on PostgreSQL in which nothing was done are passed over without a connection.
    pub idle_detector: bool,
    /// How old a tenant's last full read may be before the idle detector is not believed any more.
    pub full_read: Duration,
    /// How long a question, or an approval that nobody used, stays open.
    pub approvals_expire: Duration,
    /// How long history is kept.
    pub retention: Retention,
    /// Where backups go, and who makes them.
    pub backups: Backups,
    /// Whether metrics name single tenants.
    pub metrics_per_tenant: bool,
    /// Who is told what happens.
    pub webhooks: Vec<Webhook>,
}

/// A schema file and the name that people know it by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SchemaChoice {
    /// The name under `schemas`, or the path as it was written.
    pub name: String,
    /// The file.
    pub path: PathBuf,
}

/// When the daemon looks.
#[derive(Clone, Debug, PartialEq)]
pub enum Schedule {
    /// Again and again, with this much time in between.
    Every(Duration),
    /// At the instants of a cron line, in UTC.
    Cron(Box<Calendar>),
}

/// How many tenants are looked at together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Concurrency {
    /// In all.
    pub at_once: usize,
    /// On one server.
    pub per_server: usize,
}

impl Default for Concurrency {
    fn default() -> Self {
        Self { at_once: 8, per_server: 4 }
    }
}

/// How long things may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Until a connection stands.
    pub connect: Duration,
    /// Until a catalog is read.
    pub read: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(10), read: Duration::from_secs(60) }
    }
}

/// How long history is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// What passes found.
    pub runs: Duration,
    /// What was done, and who allowed it.
    pub audit: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        Self { runs: DAY * 30, audit: DAY * 365 }
    }
}

/// Where backups go that a policy asks for, and who makes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backups {
    /// The folder; each tenant has one of its own in it.
    pub to: PathBuf,
    /// How long they are kept; `None` is for ever.
    pub keep: Option<Duration>,
    /// The shell command that makes them in place of the engine's own tool.
    pub command: Option<String>,
    /// How long one may take.
    pub timeout: Duration,
}

impl Default for Backups {
    fn default() -> Self {
        Self { to: PathBuf::from("undrift-backups"), keep: None, command: None, timeout: Duration::from_secs(3600) }
    }
}

/// One entry of `tenants`.
#[derive(Clone, Debug)]
pub struct TenantSource {
    /// Where it stands: `undrift.yaml:7:5`.
    pub place: String,
    /// What it is.
    pub origin: Origin,
}

/// Where a source's tenants are.
#[derive(Clone, Debug)]
pub enum Origin {
    /// SQLite files.
    Files {
        /// Paths or patterns, resolved against the configuration's folder.
        patterns: Vec<PathBuf>,
        /// What they have in common.
        common: Common,
    },
    /// Databases of a server.
    Discover {
        /// The URL of one of its databases.
        server: SecretString,
        /// Which are tenants.
        matching: Like,
        /// Which are not.
        exclude: Vec<Like>,
        /// What they have in common.
        common: Common,
    },
    /// Databases, one by one.
    List(Vec<Listed>),
}

/// What all tenants of a source have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Common {
    /// Their labels.
    pub labels: Labels,
    /// Their declared schema.
    pub schema: SchemaChoice,
    /// Over which logins they are changed.
    pub logins: Logins,
}

/// One database of a list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Where it stands: `undrift.yaml:7:5`.
    pub place: String,
    /// The tenant's name.
    pub name: String,
    /// The database's URL.
    pub url: SecretString,
    /// Labels and schema, those of the source included.
    pub common: Common,
}

impl Config {
    /// The name of the file that is looked for where none is named.
    pub const FILE: &'static str = "undrift.yaml";

    /// Reads a configuration file.
    ///
    /// # Errors
    /// Every mistake in it, variables that are not set among them.
    pub fn load(path: &Path, environment: Environment<'_>) -> Result<Self, Report> {
        Self::from_tree(yaml::read(path), path, environment)
    }

    /// Reads a configuration from a text, as if it stood in a file.
    ///
    /// # Errors
    /// Every mistake in it, variables that are not set among them.
    pub fn parse(path: &Path, text: &str, environment: Environment<'_>) -> Result<Self, Report> {
        let source = yaml::Source::new(path.display().to_string(), text);
        Self::from_tree(yaml::parse(source), path, environment)
    }

    fn from_tree(tree: Result<Node, Report>, path: &Path, environment: Environment<'_>) -> Result<Self, Report> {
        let decoded = tree.and_then(|root| decode::config(&root, path, environment));
        decoded.map_err(|report| redact::report(&report))
    }
}

impl Default for Config {
    /// What holds where no file says anything else.
    fn default() -> Self {
        Self {
            schema: None,
            policy: None,
            state: SecretString::from("sqlite:undrift-state.db"),
            schedule: Schedule::Every(Duration::from_secs(300)),
            sources: Vec::new(),
            scratch: BTreeMap::new(),
            concurrency: Concurrency::default(),
            timeouts: Timeouts::default(),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 9464)),
            public_url: None,
            repair: true,
            idle_detector: false,
            full_read: Duration::from_secs(3600),
            approvals_expire: DAY * 7,
            retention: Retention::default(),
            backups: Backups::default(),
            metrics_per_tenant: false,
            webhooks: Vec::new(),
        }
    }
}

/// The JSON Schema of configuration files.
pub fn json_schema() -> serde_json::Value {
    yaml::json_schema("undrift configuration", &SHAPE)
}
