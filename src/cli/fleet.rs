//! Which databases a command works on, and what they should look like.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use owo_colors::OwoColorize;
use secrecy::ExposeSecret;

use super::args::Selection;
use super::{Cli, Exit, Failure, state};
use crate::apply::Limits;
use crate::config::{Backups, Config};
use crate::db::{Patience, Target};
use crate::desired::{self, Declared};
use crate::model::{Engine, Hash, Labels, Tenant};
use crate::policy::Policy;
use crate::reconcile::{self, Fleet, FleetMember, Past, Reconciler, survey};
use crate::registry::{self, Selector};

/// What a command is to work on.
pub struct Work {
    /// What knows the references.
    pub reconciler: Reconciler,
    /// The policy.
    pub policy: Policy,
    /// Time-outs and retries of steps.
    pub limits: Limits,
    /// Where backups go that the policy asks for, and who makes them.
    pub backups: Backups,
    /// How many tenants are looked at together.
    looks_at_once: usize,
    /// How many tenants are changed together.
    pub at_once: usize,
    /// How many tenants of one server are changed together.
    pub per_server: usize,
    members: Vec<FleetMember>,
    broken_sources: bool,
}

impl Work {
    /// Reads configuration, schemas and policy, and finds the tenants.
    ///
    /// # Errors
    /// Mistakes in the files or flags. A source of tenants that fails is told on stderr and costs
    /// only itself.
    pub async fn load(cli: &Cli, selection: &Selection) -> Result<Self, Failure> {
        match &selection.url {
            Some(url) => Self::of_one(url, selection),
            None => Self::of_config(&cli.config, selection).await,
        }
    }

    /// One database, named on the command line.
    fn of_one(url: &str, selection: &Selection) -> Result<Self, Failure> {
        let Some(schema) = &selection.schema else {
            return Err(Failure::new("--url needs --schema", "name the declared schema: --schema schema.yaml"));
        };
        let target = Target::parse(url)?.with_logins(selection.logins);
        let tenant = Tenant { name: name_of(&target), engine: target.engine(), labels: Labels::new() };
        let declared = Arc::new(desired::load(schema)?);
        let policy = load_policy(selection.policy.as_deref())?;
        let member = FleetMember { tenant, target, declared, past: Past::default() };
        Ok(Self {
            reconciler: Reconciler::new(Patience::default(), BTreeMap::new()),
            limits: reconcile::limits(&policy),
            backups: Backups::default(),
            looks_at_once: 1,
            at_once: 1,
            per_server: 1,
            policy,
            members: vec![member],
            broken_sources: false,
        })
    }

    /// The tenants of a configuration file.
    async fn of_config(path: &Path, selection: &Selection) -> Result<Self, Failure> {
        if !path.exists() {
            let message = format!("{} is not there", path.display());
            return Err(Failure::new(message, "name it with --config, or one database with --url and --schema"));
        }
        let selector = Selector::parse(&selection.tenants).map_err(|error| Failure::new(error.to_string(), ""))?;
        let config = Config::load(path, &|name| std::env::var(name).ok())?;
        let mut policy = load_policy(selection.policy.as_deref().or(config.policy.as_deref()))?;
        let remembered = state::remembered(&config).await?;
        policy.waivers.extend(remembered.waivers);
        let mut scratch = BTreeMap::new();
        for (engine, url) in &config.scratch {
            scratch.insert(*engine, Target::parse(url.expose_secret())?);
        }
        let found = registry::resolve(&config).await;
        let broken_sources = found.troubles.iter().any(|trouble| !trouble.is_warning());
        found.troubles.iter().for_each(tell);
        if found.tenants.is_empty() {
            let message = format!("{} names no tenant that is there", path.display());
            return Err(Failure::new(message, "an empty fleet is never in order: look at the sources under `tenants`"));
        }
        let chosen = selector.select(found.tenants).map_err(|error| Failure::new(error.to_string(), ""))?;
        let patience = Patience { connect: config.timeouts.connect, read: config.timeouts.read };
        Ok(Self {
            reconciler: Reconciler::new(patience, scratch),
            limits: reconcile::limits(&policy),
            backups: config.backups.clone(),
            looks_at_once: config.concurrency.at_once,
            at_once: policy.rollout.at_once.max(1),
            per_server: policy.rollout.per_server.max(1),
            policy,
            members: members(chosen, selection.schema.as_deref(), state::secret(&config).await?, remembered.pasts)?,
            broken_sources,
        })
    }

    /// The names of the tenants.
    pub fn tenants(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(|member| member.tenant.name.as_str())
    }

    /// Leaves out the tenants with other names than these.
    pub fn keep_only(&mut self, keeps: impl Fn(&str) -> bool) {
        self.members.retain(|member| keeps(&member.tenant.name));
    }

    /// Looks at all of them, with a progress bar on a terminal if there are many.
    pub async fn survey(&self, quiet: bool) -> Fleet {
        let bar = bar(self.members.len(), quiet);
        let now = jiff::Timestamp::now();
        let tick = || bar.inc(1);
        let fleet = survey(&self.reconciler, self.members.clone(), &self.policy, self.looks_at_once, now, &tick).await;
        bar.finish_and_clear();
        fleet
    }

    /// Whether some tenants may not even have been found.
    pub fn exit(&self) -> Exit {
        if self.broken_sources { Exit::Error } else { Exit::Clean }
    }
}

/// A database's name: its file's, or the last part of the URL.
pub fn name_of(target: &Target) -> String {
    let name = match target.engine() {
        Engine::Sqlite => target.path().file_stem().map(|stem| stem.to_string_lossy().into_owned()),
        _ => target.database(),
    };
    name.filter(|name| !name.is_empty()).unwrap_or_else(|| target.to_string())
}

fn load_policy(path: Option<&Path>) -> Result<Policy, Failure> {
    match path {
        Some(path) => Ok(crate::policy::load(path)?),
        None => Ok(Policy::default()),
    }
}

/// Tenants with their declared schemas, each file read once.
fn members(
    tenants: Vec<registry::Registered>,
    schema: Option<&Path>,
    secret: Option<Hash>,
    mut pasts: BTreeMap<String, Past>,
) -> Result<Vec<FleetMember>, Failure> {
    let mut loaded: BTreeMap<std::path::PathBuf, Arc<Declared>> = BTreeMap::new();
    let mut members = Vec::new();
    for registered in tenants {
        let path = schema.unwrap_or(&registered.schema.path);
        let declared = match loaded.get(path) {
            Some(declared) => Arc::clone(declared),
            None => Arc::new(desired::load(path)?),
        };
        loaded.insert(path.to_owned(), Arc::clone(&declared));
        let past = pasts.remove(&registered.tenant.name).unwrap_or_default();
        let target = registered.target.with_lock_secret(secret);
        members.push(FleetMember { tenant: registered.tenant, target, declared, past });
    }
    Ok(members)
}

/// Says what is wrong with a source of tenants.
fn tell(trouble: &registry::SourceError) {
    let word = if trouble.is_warning() { "warning:".yellow().to_string() } else { "error:".red().to_string() };
    anstream::eprintln!("{word} {trouble}");
    let causes = std::iter::successors(std::error::Error::source(trouble), |error| error.source());
    causes.for_each(|cause| anstream::eprintln!("  {cause}"));
    if let Some(advice) = trouble.advice() {
        anstream::eprintln!("  next: {advice}");
    }
}

fn bar(tenants: usize, quiet: bool) -> ProgressBar {
    if quiet || tenants < 2 {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(tenants as u64), ProgressDrawTarget::stderr());
    bar.set_style(
        ProgressStyle::with_template("reading {wide_bar} {pos}/{len} {eta}").expect("the template is correct"),
    );
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
