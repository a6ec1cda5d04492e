//! What a person wrote: configuration, policy and schemas, read together or not at all.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::{Config, Environment, Origin, SchemaChoice};
use crate::desired::{self, Declared};
use crate::model::{FINGERPRINT_FORMAT, Hash};
use crate::policy::{self, Policy};
use crate::reconcile::{FleetMember, Past};
use crate::registry::Registered;
use crate::store::WaiverRecord;
use crate::telemetry::Loaded;
use crate::yaml::Report;

/// A tenant that some source names.
pub struct Listed {
    /// Which, where, and what it should look like.
    pub member: FleetMember,
    /// Where in the configuration it comes from.
    pub place: String,
    /// The name of its declared schema.
    pub schema: String,
}

/// One reading of all files, and what people waived beside them.
#[derive(Clone)]
pub struct Settings {
    /// The configuration.
    pub config: Config,
    /// The policy, with the waivers of the state after those of its file.
    pub policy: Policy,
    /// What, beside the declared schema, explains that many tenants drift at once: another policy, another undrift.
    pub grounds: Hash,
    schemas: BTreeMap<PathBuf, Arc<Declared>>,
    files: BTreeSet<PathBuf>,
    /// The waivers of the state.
    waived: Vec<WaiverRecord>,
}

impl Settings {
    /// Reads everything.
    ///
    /// # Errors
    /// Every mistake in the file that was read last, and what that was.
    pub fn load(path: &Path, environment: Environment<'_>) -> Result<Self, (Loaded, Report)> {
        let config = Config::load(path, environment).map_err(|report| (Loaded::Config, report))?;
        let policy = config.policy.as_deref().map_or_else(|| Ok(Policy::default()), policy::load);
        let policy = policy.map_err(|report| (Loaded::Policy, report))?;
        let text = config.policy.as_deref().and_then(|path| std::fs::read(path).ok());
        let text = text.unwrap_or_else(|| policy::DEFAULT.into());
        let grounds = Hash::of_json(&(Hash::of(text), env!("CARGO_PKG_VERSION"), FINGERPRINT_FORMAT));
        let mut schemas = BTreeMap::new();
        for choice in choices(&config) {
            if !schemas.contains_key(&choice.path) {
                let declared = desired::load(&choice.path).map_err(|report| (Loaded::Schema, report))?;
                schemas.insert(choice.path.clone(), Arc::new(declared));
            }
        }
        let mut files: BTreeSet<PathBuf> = schemas.keys().cloned().collect();
        files.insert(path.to_owned());
        files.extend(config.policy.clone());
        Ok(Self { config, policy, grounds, schemas, files, waived: Vec::new() })
    }

    /// The waivers of the state, as far as they were taken in.
    pub fn waived(&self) -> &[WaiverRecord] {
        &self.waived
    }

    /// The same with other waivers of the state.
    #[must_use]
    pub fn waiving(&self, waived: Vec<WaiverRecord>) -> Self {
        let mut settings = Self { waived, ..self.clone() };
        let waivers = &mut settings.policy.waivers;
        // Those of the file come first, and stay.
        waivers.truncate(waivers.len() - self.waived.iter().filter_map(WaiverRecord::waiver).count());
        waivers.extend(settings.waived.iter().filter_map(WaiverRecord::waiver));
        settings
    }

    /// The files that were named.
    pub fn files(&self) -> &BTreeSet<PathBuf> {
        &self.files
    }

    /// What explains where tenants of a schema stand: while it is the same, drift of many at once is strange.
    pub fn explanation(&self, declared: &Declared) -> Hash {
        Hash::of_json(&(declared.hash(), self.grounds))
    }

    /// Whether everything that was read is the same.
    pub fn is_like(&self, other: &Settings) -> bool {
        let hashes = |settings: &Settings| -> Vec<_> {
            settings.schemas.iter().map(|(path, declared)| (path.clone(), declared.hash())).collect()
        };
        self.grounds == other.grounds
            && hashes(self) == hashes(other)
            && format!("{:?}", self.config) == format!("{:?}", other.config)
    }

    /// A tenant with its declared schema.
    /// Its locks are named by a secret.
    pub fn listed(&self, registered: Registered, secret: Hash) -> Option<Listed> {
        let Registered { tenant, target, schema, place } = registered;
        let declared = Arc::clone(self.schemas.get(&schema.path)?);
        let target = target.with_lock_secret(Some(secret));
        Some(Listed {
            member: FleetMember { tenant, target, declared, past: Past::default() },
            place,
            schema: schema.name,
        })
    }
}

/// Every schema that some source names.
fn choices(config: &Config) -> Vec<&SchemaChoice> {
    config.sources.iter().flat_map(|source| of_source(&source.origin)).chain(&config.schema).collect()
}

fn of_source(origin: &Origin) -> Vec<&SchemaChoice> {
    match origin {
        Origin::Files { common, .. } | Origin::Discover { common, .. } => vec![&common.schema],
        Origin::List(listed) => listed.iter().map(|item| &item.common.schema).collect(),
    }
}
