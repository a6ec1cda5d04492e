//! All tenants in memory, and what is under way.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::brake::{self, Engaged};
use super::entry::Entry;
use super::settings::Settings;
use crate::model::{Fingerprint, Hash};
use crate::reconcile::watch::Known;
use crate::store::{ApprovalState, Question, RolloutRecord, Sync, TenantRecord};

/// The fleet.
#[derive(Default)]
pub struct Fleet {
    /// The tenants by name. A map of entries themselves would be half empty, and they are large.
    pub tenants: BTreeMap<String, Box<Entry>>,
    /// What is remembered of tenants that have not been found yet.
    pub remembered: BTreeMap<String, TenantRecord>,
    /// Tenants that somebody looks at right now.
    pub looking: BTreeSet<String>,
    /// Tenants on which a plan runs right now.
    pub applying: BTreeSet<String>,
    /// The open rollouts by schema.
    pub rollouts: BTreeMap<String, RolloutRecord>,
    /// Schemas whose brake is engaged.
    pub braked: Vec<String>,
    /// Tenants to look at again soon, because a plan of theirs left something or was not begun.
    pub again: BTreeSet<String>,
    /// Plans that ran when undrift was killed, by tenant: the plan and the fingerprint that it was to reach.
    pub unresolved: BTreeMap<String, (Hash, Option<Fingerprint>)>,
    /// The plans that might have run at the last decision, by tenant: with these it goes on while a pass is under way.
    pub agreed: BTreeMap<String, Hash>,
    /// Where each question stood at the last decision.
    pub asked: BTreeMap<String, ApprovalState>,
    /// Whether everybody has been looked at in this process: before that, nobody can be missed.
    pub complete: bool,
}

impl Fleet {
    /// Adds to a question about a tenant that lost all of its tables that this is why it is asked.
    pub fn say_if_emptied(&self, question: &mut Question) {
        let Question::Plan { changes, names, .. } = question else { return };
        let emptied = |name: &String| self.tenants.get(name).is_some_and(|entry| entry.record.emptied.is_some());
        if let Some(name) = names.first().filter(|name| emptied(name)) {
            changes.insert(0, format!("{name} had tables and has none now: it would be filled again"));
        }
    }

    /// The names of all declared schemas in use.
    pub fn schemas(&self) -> BTreeSet<String> {
        self.tenants.values().map(|entry| entry.schema.clone()).chain(self.rollouts.keys().cloned()).collect()
    }

    /// What tenants of a schema are to become.
    pub fn goal(&self, schema: &str) -> Option<Hash> {
        self.of(schema).next().map(|entry| entry.member.declared.hash())
    }

    fn of<'a>(&'a self, schema: &'a str) -> impl Iterator<Item = &'a Entry> {
        self.tenants.values().map(Box::as_ref).filter(move |entry| entry.schema == schema)
    }

    /// One shape of a schema for each engine: what they are to become is the same for all shapes.
    pub fn references(&self, schema: &str) -> BTreeMap<String, Arc<Known>> {
        let known = |entry: &Entry| {
            let known = entry.known.clone().filter(|known| known.goal == entry.member.declared.hash())?;
            Some((entry.member.tenant.engine.to_string(), known))
        };
        self.of(schema).filter_map(known).collect()
    }

    /// The tenants of a schema whose state is known under its present goal.
    pub fn looked_at(&self, schema: &str) -> BTreeSet<&str> {
        let seen = |entry: &Entry| {
            let known = entry.known.as_ref().is_some_and(|known| known.goal == entry.member.declared.hash());
            // One that was just repaired has no shape yet, and is where it should be.
            entry.schema == schema && (known || entry.record.sync == Sync::InSync)
        };
        self.tenants.iter().filter(|(_, entry)| seen(entry)).map(|(name, _)| name.as_str()).collect()
    }

    /// Whether more tenants of a schema differ than may without anything that explains it.
    pub fn unexplained(&self, settings: &Settings, schema: &str) -> Option<Engaged> {
        let strange = self.strange(settings, schema);
        let strange: Vec<&str> = strange.iter().map(String::as_str).collect();
        brake::unexplained(settings.policy.brake, &strange, self.of(schema).count())
    }

    /// Takes it that a person has explained why tenants differ.
    pub fn explain(&mut self, settings: &Settings, schema: &str) {
        for name in self.strange(settings, schema) {
            if let Some(entry) = self.tenants.get_mut(&name) {
                entry.record.good = None;
            }
        }
    }

    fn strange(&self, settings: &Settings, schema: &str) -> Vec<String> {
        let is_strange = |entry: &Entry| {
            let wants_a_change = entry.judged.as_ref().is_some_and(|j| j.allowed.is_some() || j.asked.is_some());
            wants_a_change && entry.record.good == Some(settings.explanation(&entry.member.declared))
        };
        let strange = self.of(schema).filter(|entry| entry.record.sync == Sync::Drifted && is_strange(entry));
        strange.map(|entry| entry.record.name.clone()).collect()
    }
}
