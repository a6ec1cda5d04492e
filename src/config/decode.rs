//! The tree of a configuration file → [`Config`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use secrecy::{ExposeSecret, SecretString};

use crate::model::Engine;
use crate::policy::{Calendar, duration};
use crate::yaml::{self, Diagnostic, Kind, Node, Report, nearest};

use super::environment::{Environment, expand};
use super::sources::{self, Named};
use super::{Concurrency, Config, Schedule, SchemaChoice, Timeouts, paths, shape};

/// Reads a configuration.
pub(super) fn config(root: &Node, path: &Path, environment: Environment<'_>) -> Result<Config, Report> {
    let mut problems = Report::new();
    yaml::check(root, &Kind::Object(&shape::CONFIG), &mut problems);
    let mut decoder = Decoder { folder: paths::folder_of(path), environment, schemas: BTreeMap::new(), problems };
    decoder.schemas = decoder.schemas(root.get("schemas"));
    let config = decoder.config(root);
    decoder.problems.or(config)
}

/// What decoding needs everywhere.
pub(super) struct Decoder<'a> {
    pub(super) folder: PathBuf,
    environment: Environment<'a>,
    schemas: BTreeMap<String, PathBuf>,
    pub(super) problems: Report,
}

impl Decoder<'_> {
    fn config(&mut self, root: &Node) -> Config {
        let usual = Config::default();
        let schema = Named::under(root, &Named::Nowhere, self);
        Config {
            sources: sources::decode(root.get("tenants"), &schema, self),
            schema: schema.choice(),
            policy: root.get("policy").and_then(|node| self.path(node)),
            state: root.get("state").and_then(|node| self.state(node)).unwrap_or_else(|| self.usual_state(&usual)),
            schedule: root.get("schedule").and_then(|node| self.schedule(node)).unwrap_or(usual.schedule),
            scratch: root.get("scratch").map(|node| self.scratch(node)).unwrap_or_default(),
            concurrency: root.get("concurrency").map(|node| self.concurrency(node)).unwrap_or_default(),
            timeouts: root.get("timeouts").map(|node| self.timeouts(node)).unwrap_or_default(),
            listen: root.get("http").and_then(|http| self.listen(http.get("listen")?)).unwrap_or(usual.listen),
            public_url: root.get("http").and_then(|http| self.public_url(http.get("public_url")?)),
            repair: root.get("repair").and_then(Node::bool).unwrap_or(usual.repair),
            idle_detector: root.get("idle_detector").and_then(Node::bool).unwrap_or(usual.idle_detector),
            full_read: root.get("full_read").and_then(|node| self.interval(node)).unwrap_or(usual.full_read),
            approvals_expire: self.approvals_expire(root).unwrap_or(usual.approvals_expire),
            retention: root.get("retention").map(|node| self.retention(node)).unwrap_or_default(),
            backups: self.backups(root.get("backups")),
            metrics_per_tenant: root.get("metrics").is_some_and(|metrics| metrics.flag("per_tenant")),
            webhooks: self.webhooks(root.get("webhooks")),
        }
    }

    /// A text with its variables replaced.
    pub(super) fn text(&mut self, node: &Node) -> Option<String> {
        expand(node, self.environment, &mut self.problems)
    }

    /// A path, relative to the file.
    pub(super) fn path(&mut self, node: &Node) -> Option<PathBuf> {
        let text = self.text(node)?;
        if text.is_empty() {
            self.complain(node, "a path must stand here", "write one, relative to this file");
            return None;
        }
        Some(self.folder.join(text))
    }

    /// A database URL for one of some engines. What is wrong with it is said without repeating it.
    pub(super) fn url(&mut self, node: &Node, engines: &[Engine]) -> Option<SecretString> {
        let text = self.text(node)?;
        match paths::engine_of(&text) {
            Some(engine) if engines.contains(&engine) => {
                Some(SecretString::from(paths::resolve_url(&text, &self.folder)))
            }
            _ => {
                let help = format!("a URL starts with {} here", schemes(engines));
                self.complain(node, "not the URL of such a database", help);
                None
            }
        }
    }

    /// A schema by its name under `schemas` or by its path.
    pub(super) fn schema(&mut self, node: &Node) -> Option<SchemaChoice> {
        let name = self.text(node)?;
        if let Some(path) = self.schemas.get(&name) {
            return Some(SchemaChoice { path: path.clone(), name });
        }
        let is_path = name.contains('/') || [".yaml", ".yml", ".sql"].iter().any(|end| name.ends_with(end));
        if is_path {
            return Some(SchemaChoice { path: self.folder.join(&name), name });
        }
        let help = match nearest(&name, self.schemas.keys().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("declare it: `schemas: {{ {name}: schema/{name}.yaml }}`, or write a path"),
        };
        self.complain(node, format!("there is no schema `{name}`"), help);
        None
    }

    /// Adds a mistake.
    pub(super) fn complain(&mut self, node: &Node, message: impl Into<String>, help: impl Into<String>) {
        self.problems.add(Diagnostic::new(&node.span, message).help(help));
    }

    fn schemas(&mut self, node: Option<&Node>) -> BTreeMap<String, PathBuf> {
        let entries = node.map_or(&[][..], Node::entries);
        entries.iter().filter_map(|entry| Some((entry.key.clone(), self.path(&entry.value)?))).collect()
    }

    fn state(&mut self, node: &Node) -> Option<SecretString> {
        self.url(node, &[Engine::Sqlite, Engine::Postgres])
    }

    /// The state's usual place stands beside the file, too.
    fn usual_state(&self, usual: &Config) -> SecretString {
        SecretString::from(paths::resolve_url(usual.state.expose_secret(), &self.folder))
    }

    fn scratch(&mut self, node: &Node) -> BTreeMap<Engine, SecretString> {
        let servers = [Engine::Postgres, Engine::Mysql];
        let url = |engine: Engine| Some((engine, self.url(node.get(engine.key())?, &[engine])?));
        servers.into_iter().filter_map(url).collect()
    }

    fn schedule(&mut self, node: &Node) -> Option<Schedule> {
        let text = self.text(node)?;
        let schedule = match text.strip_prefix("every ") {
            Some(every) => match duration::parse(every) {
                Ok(every) if every.is_zero() => Err("with no time in between it would never rest".to_owned()),
                every => every.map(Schedule::Every),
            },
            None => {
                Calendar::new(&text, TimeZone::UTC, Timestamp::now()).map(|calendar| Schedule::Cron(Box::new(calendar)))
            }
        };
        if let Err(why) = &schedule {
            let help = "write `every 5m`, or a cron line such as `0 3 * * *`: every day at three, UTC";
            self.complain(node, format!("not a schedule: {why}"), help);
        }
        schedule.ok()
    }

    fn concurrency(&mut self, node: &Node) -> Concurrency {
        let usual = Concurrency::default();
        Concurrency {
            at_once: node.get("at_once").and_then(|node| self.positive(node)).unwrap_or(usual.at_once),
            per_server: node.get("per_server").and_then(|node| self.positive(node)).unwrap_or(usual.per_server),
        }
    }

    fn positive(&mut self, node: &Node) -> Option<usize> {
        let number = node.number()?;
        if number == 0 {
            self.complain(node, "with 0 nothing would ever run", "write 1 or more");
        }
        Some(number)
    }

    fn timeouts(&mut self, node: &Node) -> Timeouts {
        let usual = Timeouts::default();
        Timeouts {
            connect: node.get("connect").and_then(|node| self.timeout(node)).unwrap_or(usual.connect),
            read: node.get("read").and_then(|node| self.timeout(node)).unwrap_or(usual.read),
        }
    }

    fn timeout(&mut self, node: &Node) -> Option<Duration> {
        self.duration(node, "a time-out", duration::parse)
    }

    /// A stretch of time longer than nothing.
    pub(super) fn duration(
        &mut self,
        node: &Node,
        what: &str,
        read: impl Fn(&str) -> Result<Duration, String>,
    ) -> Option<Duration> {
        let found = match read(&self.text(node)?) {
            Ok(found) if found.is_zero() => Err("it must be longer than nothing".to_owned()),
            found => found,
        };
        if let Err(why) = &found {
            let help = "write a number with its unit: ms, s, m, h or d, as in `500ms`, `10s`, `1m`";
            self.complain(node, format!("not {what}: {why}"), help);
        }
        found.ok()
    }

    fn listen(&mut self, node: &Node) -> Option<std::net::SocketAddr> {
        let address = std::net::SocketAddr::from_str(&self.text(node)?).ok();
        if address.is_none() {
            let help = "write an IP address and a port: `127.0.0.1:9464`, `0.0.0.0:9464`, `[::1]:9464`";
            self.complain(node, "not an address to listen at", help);
        }
        address
    }
}

/// The schemes of some engines' URLs, for a sentence.
fn schemes(engines: &[Engine]) -> String {
    let of = |engine: &Engine| match engine {
        Engine::Postgres => &["postgres://"][..],
        Engine::Mysql => &["mysql://", "mariadb://"],
        Engine::Sqlite => &["sqlite:"],
    };
    let all: Vec<_> = engines.iter().flat_map(of).copied().collect();
    match all.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => all.concat(),
    }
}
