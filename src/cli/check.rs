//! `undrift check`

use std::collections::BTreeSet;
use std::path::PathBuf;

use owo_colors::OwoColorize;

use super::args::{CheckArgs, Format};
use super::{Cli, Exit, Failure};
use secrecy::ExposeSecret;

use crate::backup::{self, BackupError};
use crate::config::{Config, Origin, TenantSource};
use crate::db::Target;
use crate::desired;
use crate::dialect::{self, Dialect};
use crate::model::{Engine, Platform, Vendor, Version};
use crate::policy::{self, Policy};
use crate::yaml::{Diagnostic, Report};

/// Checks configuration, schemas and policy. All mistakes are shown, not only the first.
pub fn run(cli: &Cli, args: &CheckArgs) -> Result<Exit, Failure> {
    let mut problems = Report::new();
    let (mut checked, mut backups, mut needs) = (Vec::new(), Vec::new(), Vec::new());
    let (mut schemas, mut policies) = (Vec::from_iter(args.schema.clone()), Vec::from_iter(args.policy.clone()));
    if schemas.is_empty() && policies.is_empty() {
        match Config::load(&cli.config, &|name| std::env::var(name).ok()) {
            Ok(config) => {
                (backups, needs) = (tools_missing(&config), needs_of(&config));
                checked.push(cli.config.display().to_string());
                schemas.extend(schema_files(&config));
                policies.extend(config.policy);
            }
            Err(report) => problems.extend(report),
        }
    }
    let mut notes = Report::new();
    for path in &schemas {
        problems.extend(desired::check(path, &usual_servers()));
        notes.extend(desired::notes(path, &usual_servers()));
        checked.push(path.display().to_string());
    }
    for path in &policies {
        match policy::load(path) {
            Ok(policy) => {
                notes.extend(policy.unreachable(jiff::Timestamp::now()));
                backups.iter().filter_map(|missing| wanted(&policy, missing)).for_each(|note| notes.add(note));
            }
            Err(report) => problems.extend(report),
        }
        checked.push(path.display().to_string());
    }
    finish(problems, &checked, &needs, &notes, args.format)
}

/// What the logins of a configuration's servers need that changes run at all.
const NEEDS: [(Engine, &str); 2] = [
    (
        Engine::Postgres,
        "PostgreSQL: CREATEDB, CREATEROLE, and the tables' owners WITH ADMIN OPTION; or the tenant's own login",
    ),
    (
        Engine::Mysql,
        "MySQL and MariaDB: everything on the tenants WITH GRANT OPTION, and CREATE USER; or the tenant's own login",
    ),
];

/// What to say of a configuration's logins.
fn needs_of(config: &Config) -> Vec<&'static str> {
    let engines = engines(config);
    NEEDS.iter().filter(|(engine, _)| engines.contains(engine)).map(|(_, needs)| *needs).collect()
}

/// The engines of the tenants that a configuration names.
fn engines(config: &Config) -> BTreeSet<Engine> {
    let urls = config.sources.iter().flat_map(|source| match &source.origin {
        Origin::Files { .. } => Vec::new(),
        Origin::Discover { server, .. } => vec![server],
        Origin::List(listed) => listed.iter().map(|tenant| &tenant.url).collect(),
    });
    urls.filter_map(|url| Target::parse(url.expose_secret()).ok()).map(|target| target.engine()).collect()
}

/// Why backups could not be made of tenants that a configuration names, as far as it names them.
fn tools_missing(config: &Config) -> Vec<BackupError> {
    let engines = engines(config).into_iter().filter(|_| config.backups.command.is_none());
    engines.filter_map(backup::missing).collect()
}

/// What is missing, at the rule that wants backups, if one does.
fn wanted(policy: &Policy, missing: &BackupError) -> Option<Diagnostic> {
    let rule = policy.rules.iter().find(|rule| rule.backup.is_some())?;
    let message = format!("`{}` wants backups, and {missing}", rule.name);
    Some(Diagnostic::new(&rule.span, message).help(missing.advice()))
}

/// The schema files that a configuration names, each once.
fn schema_files(config: &Config) -> BTreeSet<PathBuf> {
    let of_source = |source: &TenantSource| match &source.origin {
        Origin::Files { common, .. } | Origin::Discover { common, .. } => vec![common.schema.path.clone()],
        Origin::List(listed) => listed.iter().map(|tenant| tenant.common.schema.path.clone()).collect(),
    };
    let own = config.schema.iter().map(|schema| schema.path.clone());
    own.chain(config.sources.iter().flat_map(of_source)).collect()
}

/// Without a database to ask, a schema is checked for the versions that are most in use.
fn usual_servers() -> Vec<Box<dyn Dialect>> {
    let servers = [
        (Vendor::Postgres, Version(15, 0, 0)),
        (Vendor::Mysql, Version(8, 4, 0)),
        (Vendor::Mariadb, Version(10, 11, 0)),
        (Vendor::Sqlite, Version(3, 45, 0)),
    ];
    servers.into_iter().map(|(vendor, version)| dialect::of(&Platform::new(vendor, version))).collect()
}

fn finish(
    problems: Report,
    checked: &[String],
    needs: &[&str],
    notes: &Report,
    format: Format,
) -> Result<Exit, Failure> {
    if format == Format::Json {
        let found = serde_json::json!({ "checked": checked, "mistakes": problems.to_json(), "notes": notes.to_json(), "logins": needs });
        format.print(&format!("{found:#}\n"));
        return Ok(if problems.is_empty() { Exit::Clean } else { Exit::Error });
    }
    if !notes.is_empty() {
        super::print(&format!("{}\n{}", "worth a look:".yellow(), notes.render(true)));
    }
    if !problems.is_empty() {
        return Err(Failure::Mistakes(problems));
    }
    super::print(&format!("{} {}\n", "ok:".green(), checked.join(", ")));
    needs.iter().for_each(|needs| super::print(&format!("logins need on {needs} (docs/operations.md)\n")));
    Ok(Exit::Clean)
}
