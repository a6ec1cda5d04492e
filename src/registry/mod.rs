//! Where tenants come from: files, servers, lists.
//!
//! [`resolve`] makes one list of all tenants from a configuration. A source that fails costs its own
//! tenants only. Which of them a command is about is said by a [`Selector`].

mod error;
mod files;
mod identity;
mod selector;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use secrecy::{ExposeSecret, SecretString};

use crate::config::{Common, Config, Like, Listed, Origin, SchemaChoice, TenantSource};
use crate::db::{Connection, DbError, Patience, Session, Target};
use crate::model::Tenant;

pub use error::{Problem, SourceError};
pub use selector::{SelectError, Selector};

/// Databases that undrift makes for itself begin with this, and are nobody's.
const SCRATCH: &str = "undrift_scratch_";

/// A tenant, where it is and what it should look like.
#[derive(Clone, Debug)]
pub struct Registered {
    /// The tenant.
    pub tenant: Tenant,
    /// Its database.
    pub target: Target,
    /// Its declared schema.
    pub schema: SchemaChoice,
    /// Where in the configuration it comes from: `undrift.yaml:7:5`.
    pub place: String,
}

impl Registered {
    /// The same text for all tenants of one server: what limits per server count by. A SQLite file is
    /// on none.
    pub fn server(&self) -> Option<String> {
        identity::server(&self.target)
    }
}

/// All tenants of a configuration.
#[derive(Debug, Default)]
pub struct Fleet {
    /// The tenants, by name. No two have one name or one database.
    pub tenants: Vec<Registered>,
    /// What went wrong on the way. Tenants that are missing from `tenants` are missing for one of these.
    pub troubles: Vec<SourceError>,
}

/// Finds all tenants. Servers are asked at the same time.
pub async fn resolve(config: &Config) -> Fleet {
    let patience = Patience { connect: config.timeouts.connect, read: config.timeouts.read };
    let found = join_all(config.sources.iter().map(|source| of_source(source, patience))).await;
    let mut fleet = Fleet::default();
    for part in found {
        fleet.tenants.extend(part.tenants);
        fleet.troubles.extend(part.troubles);
    }
    fleet.leave_out_own_state(config);
    fleet.tenants.sort_by(|a, b| a.tenant.name.cmp(&b.tenant.name));
    fleet.set_apart();
    fleet
}

async fn of_source(source: &TenantSource, patience: Patience) -> Fleet {
    match &source.origin {
        Origin::Files { patterns, common } => files::tenants(patterns, common, &source.place),
        Origin::List(listed) => {
            let mut fleet = Fleet::default();
            listed.iter().for_each(|item| fleet.list(item));
            fleet
        }
        Origin::Discover { server, matching, exclude, common } => {
            let filter = Filter { matching, exclude };
            discover(server, &filter, common, &source.place, patience).await
        }
    }
}

async fn discover(
    server: &SecretString,
    filter: &Filter<'_>,
    common: &Common,
    place: &str,
    patience: Patience,
) -> Fleet {
    let mut fleet = Fleet::default();
    match databases(server, patience).await {
        Ok((server, names)) => fleet.adopt(&server, &names, filter, common, place),
        Err(error) => fleet.trouble(place, Problem::Server(Box::new(error))),
    }
    fleet
}

async fn databases(server: &SecretString, patience: Patience) -> Result<(Target, Vec<String>), DbError> {
    let server = Target::parse(server.expose_secret())?;
    let mut session = Session::connect(&server, patience).await?;
    let names = session.databases().await;
    session.close().await;
    Ok((server, names?))
}

/// Which databases of a server are tenants.
struct Filter<'a> {
    matching: &'a Like,
    exclude: &'a [Like],
}

impl Filter<'_> {
    fn wants(&self, name: &str) -> bool {
        self.matching.matches(name)
            && !self.exclude.iter().any(|pattern| pattern.matches(name))
            && !name.starts_with(SCRATCH)
    }
}

impl Fleet {
    /// Takes undrift's own state out, which patterns such as `*.db` fit as well: it is nobody's tenant.
    fn leave_out_own_state(&mut self, config: &Config) {
        let Ok(state) = Target::parse(config.state.expose_secret()) else { return };
        let state = identity::of(&state);
        self.tenants.retain(|registered| identity::of(&registered.target) != state);
    }

    fn trouble(&mut self, place: &str, problem: Problem) {
        self.troubles.push(SourceError { place: place.to_owned(), problem });
    }

    fn add(&mut self, name: String, target: Target, common: &Common, place: &str) {
        let tenant = Tenant { name, engine: target.engine(), labels: common.labels.clone() };
        let target = target.with_logins(common.logins);
        self.tenants.push(Registered { tenant, target, schema: common.schema.clone(), place: place.to_owned() });
    }

    fn list(&mut self, item: &Listed) {
        match Target::parse(item.url.expose_secret()) {
            Ok(target) => self.add(item.name.clone(), target, &item.common, &item.place),
            Err(error) => self.trouble(&item.place, Problem::address(&item.name, error)),
        }
    }

    /// Takes in those of a server's databases that are tenants.
    fn adopt(&mut self, server: &Target, names: &[String], filter: &Filter<'_>, common: &Common, place: &str) {
        let wanted: Vec<_> = names.iter().filter(|name| filter.wants(name)).collect();
        if wanted.is_empty() {
            let problem = Problem::NoDatabases { pattern: filter.matching.to_string(), server: server.to_string() };
            self.trouble(place, problem);
        }
        for name in wanted {
            match server.with_database(name) {
                Ok(target) => self.add(name.clone(), target, common, place),
                Err(error) => self.trouble(place, Problem::address(name, error)),
            }
        }
    }

    /// Takes out tenants that have one name, or one database, and says so: nobody can tell which of
    /// them is meant, and two plans must not meet in one database.
    fn set_apart(&mut self) {
        self.take_out(|registered| registered.tenant.name.clone(), Problem::same_name);
        self.take_out(|registered| identity::of(&registered.target), Problem::same_database);
    }

    fn take_out(&mut self, key: impl Fn(&Registered) -> String, problem: impl Fn(&[&Registered]) -> Problem) {
        let keys: Vec<String> = self.tenants.iter().map(key).collect();
        let mut groups = BTreeMap::<&str, Vec<usize>>::new();
        keys.iter().enumerate().for_each(|(at, key)| groups.entry(key).or_default().push(at));
        groups.retain(|_, group| group.len() > 1);
        for group in groups.values() {
            let group: Vec<_> = group.iter().map(|at| &self.tenants[*at]).collect();
            self.troubles.push(SourceError { place: group[0].place.clone(), problem: problem(&group) });
        }
        let several: BTreeSet<usize> = groups.into_values().flatten().collect();
        let mut at = 0..;
        self.tenants.retain(|_| at.next().is_some_and(|at| !several.contains(&at)));
    }
}

#[cfg(test)]
mod tests;
