//! One pass: who there is, and where everybody stands.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use futures_util::StreamExt;
use futures_util::stream;
use jiff::{SignedDuration, Timestamp};

use super::entry::{Entry, News, shape_record};
use super::settings::Settings;
use super::{Daemon, tell};
use crate::db::{Activity, Look, Target};
use crate::model::{Engine, Hash};
use crate::reconcile::FleetMember;
use crate::reconcile::watch::Sight;
use crate::registry::{self, Selector};
use crate::store::{AuditEntry, AuditEvent, RunRecord, StoreError, Trigger};

/// How often records are saved that say nothing new but the time of the last look.
const SAVED_WITHIN: SignedDuration = SignedDuration::from_mins(5);

/// The note of tenants that had tables when their source named them last.
const DEPARTED: &str = "departed";

/// How many records are saved together: all of a large fleet's, as texts for one transaction, would be the most
/// memory that undrift ever takes.
const SAVED_TOGETHER: usize = 500;

impl Daemon {
    /// Looks at all tenants, or at those that fit, and decides what is to be done.
    ///
    /// # Errors
    /// When the state cannot be read or written.
    #[tracing::instrument(name = "pass", skip_all, fields(trigger = %trigger))]
    pub(super) async fn pass(self: &Arc<Self>, trigger: Trigger, only: Option<&Selector>) -> Result<(), StoreError> {
        self.take_waivers().await?;
        let (settings, begun, started) = (self.settings(), Instant::now(), Timestamp::now());
        let id = self.store.begin_run(trigger, started).await?;
        let troubles = self.find_tenants(&settings).await?;
        let full = only.is_none();
        let names = self.pass_over_unwritten(self.chosen(only).await, &settings).await;
        let at_once = settings.config.concurrency.at_once.max(1);
        let mut activity = self.activity(&settings, &names).await;
        let looks = stream::iter(names).map(|name| {
            let (daemon, settings, activity) = (Arc::clone(self), Arc::clone(&settings), activity.remove(&name));
            async move { daemon.look_at(&name, &settings, activity).await }
        });
        let news = looks.buffer_unordered(at_once).filter_map(std::future::ready);
        let news: Vec<_> = news.filter(|(_, news)| std::future::ready(*news != News::None)).collect().await;
        let counts = self.finish(full).await?;
        tell::pass_ended(self, trigger, &counts, troubles.len(), begun.elapsed());
        tell::drift(self, &news).await;
        self.tell_of_logins().await;
        let ended = Some(Timestamp::now());
        self.store.end_run(&RunRecord { id, started, ended, trigger, counts, troubles }).await?;
        Ok(())
    }

    /// Asks the sources. New tenants appear; those that no source names any more are forgotten, unless their
    /// source did not answer.
    async fn find_tenants(&self, settings: &Settings) -> Result<Vec<String>, StoreError> {
        let registry::Fleet { tenants: found, troubles } = registry::resolve(&settings.config).await;
        let secret = self.store.secret().await?;
        let now = Timestamp::now();
        let mut departed: BTreeSet<String> = self.store.note(DEPARTED).await?.unwrap_or_default();
        let before = departed.clone();
        let mut fleet = self.fleet.lock().await;
        let mut present = BTreeSet::new();
        for listed in found.into_iter().filter_map(|registered| settings.listed(registered, secret)) {
            let name = listed.member.tenant.name.clone();
            present.insert(name.clone());
            let remembered = fleet.remembered.remove(&name);
            match fleet.tenants.get_mut(&name) {
                Some(entry) => entry.update(listed),
                None => {
                    let mut entry = Entry::new(listed, remembered, now);
                    if departed.remove(&name) {
                        entry.returns();
                    }
                    fleet.tenants.insert(name, Box::new(entry));
                }
            }
        }
        let broken: BTreeSet<&str> =
            troubles.iter().filter(|t| !t.is_warning()).map(|trouble| trouble.place.as_str()).collect();
        let is_gone = |name: &String, entry: &Entry| {
            !present.contains(name) && !broken.contains(entry.place.as_str()) && !fleet.applying.contains(name)
        };
        let gone = fleet.tenants.iter().filter(|(name, entry)| is_gone(name, entry));
        let mut gone: Vec<String> = gone.map(|(name, _)| name.clone()).collect();
        let mut records: Vec<_> =
            gone.iter().filter_map(|name| fleet.tenants.remove(name)).map(|entry| entry.record).collect();
        if broken.is_empty() {
            records.extend(std::mem::take(&mut fleet.remembered).into_values());
            gone = records.iter().map(|record| record.name.clone()).collect();
        }
        drop(fleet);
        departed.extend(records.into_iter().filter(|record| record.had_tables).map(|record| record.name));
        if departed != before {
            self.store.set_note(DEPARTED, &departed).await?;
        }
        if !gone.is_empty() {
            tracing::info!(tenants = gone.len(), "tenants are gone from their sources");
            self.store.forget_tenants(&gone).await?;
        }
        Ok(troubles.iter().map(tell::source_failed).collect())
    }

    /// Whom to look at: nobody on whom a plan runs, and nobody whom somebody looks at already.
    async fn chosen(&self, only: Option<&Selector>) -> Vec<String> {
        let fleet = self.fleet.lock().await;
        let fits = |entry: &Entry| only.is_none_or(|selector| selector.matches(&entry.member.tenant));
        fleet.tenants.iter().filter(|(_, entry)| fits(entry)).map(|(name, _)| name.clone()).collect()
    }

    /// What PostgreSQL servers counted of the writes in their databases, by tenant: one query for each server.
    /// Nothing, where that is not wanted or cannot be had: then every tenant is gone to.
    async fn activity(&self, settings: &Settings, names: &[String]) -> BTreeMap<String, Activity> {
        if !settings.config.idle_detector {
            return BTreeMap::new();
        }
        let mut servers: BTreeMap<String, Vec<(String, Target)>> = BTreeMap::new();
        let fleet = self.fleet.lock().await;
        let tenants = names.iter().filter_map(|name| fleet.tenants.get(name));
        for entry in tenants.filter(|entry| entry.member.tenant.engine == Engine::Postgres) {
            let target = entry.member.target.clone();
            servers.entry(target.server()).or_default().push((entry.record.name.clone(), target));
        }
        drop(fleet);
        let mut activity = BTreeMap::new();
        for tenants in servers.into_values() {
            match self.watch().visitor.activity(&tenants[0].1).await {
                Ok(counted) => activity.extend(
                    tenants.into_iter().filter_map(|(name, target)| Some((name, *counted.get(&target.database()?)?))),
                ),
                Err(error) => tracing::debug!(%error, "a server does not say which databases are idle"),
            }
        }
        activity
    }

    /// Looks at one tenant and takes in what was found.
    pub(super) async fn look_at(
        &self,
        name: &str,
        settings: &Settings,
        activity: Option<Activity>,
    ) -> Option<(String, News)> {
        let (member, sight) = self.begin_look(name).await?;
        let (begun, now) = (Instant::now(), Timestamp::now());
        let watch = self.watch();
        // Signs that nothing happened are not believed for ever.
        let full = sight.as_ref().is_some_and(|sight| sight.age() >= settings.config.full_read);
        let look = Look { known: None, full, activity: activity.as_ref() };
        let looked = watch.look(&member, sight.as_ref(), &settings.policy, look, now).await;
        tell::looked(self, &member, &looked, begun.elapsed());
        let mut fleet = self.fleet.lock().await;
        fleet.looking.remove(name);
        let entry = fleet.tenants.get_mut(name)?;
        let news = match looked {
            Ok(looked) => entry.found(looked, settings.explanation(&member.declared), now),
            Err(error) => {
                tracing::debug!(tenant = name, %error, "unknown");
                entry.lost(&error, now);
                News::None
            }
        };
        let found = entry.record.fingerprint;
        let open = fleet.unresolved.remove(name);
        drop(fleet);
        if let (Some((plan, goal)), Some(found)) = (open, found) {
            self.resolve(name, plan, goal == Some(found), found).await;
        }
        Some((name.to_owned(), news))
    }

    async fn begin_look(&self, name: &str) -> Option<(FleetMember, Option<Sight>)> {
        let mut fleet = self.fleet.lock().await;
        if self.stopping.is_cancelled() || fleet.applying.contains(name) || !fleet.looking.insert(name.to_owned()) {
            return None;
        }
        match fleet.tenants.get(name) {
            Some(entry) => Some((entry.member.clone(), entry.sight.clone())),
            None => {
                fleet.looking.remove(name);
                None
            }
        }
    }

    /// Says in the audit what became of a plan whose end nobody saw.
    async fn resolve(&self, tenant: &str, plan: Hash, reached: bool, found: crate::model::Fingerprint) {
        let event = AuditEvent::Resolved { found, reached };
        let entry = AuditEntry { at: Timestamp::now(), event, tenant: Some(tenant.to_owned()), plan: Some(plan) };
        if let Err(error) = self.store.append(&[entry]).await {
            tell::state_failed(self, &error);
        }
    }

    /// After a pass: forgets shapes that nobody has any more, writes down those that are there, and counts.
    async fn finish(&self, full: bool) -> Result<BTreeMap<String, u64>, StoreError> {
        let now = Timestamp::now();
        let mut fleet = self.fleet.lock().await;
        fleet.complete |= full;
        let known: BTreeMap<Hash, _> = fleet
            .tenants
            .values()
            .filter_map(|entry| Some((entry.known.as_ref()?.id, (entry.known.clone()?, entry.schema.clone()))))
            .collect();
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for entry in fleet.tenants.values() {
            *counts.entry(entry.record.sync.to_string()).or_default() += 1;
        }
        counts.insert("tenants".to_owned(), fleet.tenants.len() as u64);
        counts.insert("shapes".to_owned(), known.len() as u64);
        drop(fleet);
        self.watch().keep_only(&known.keys().copied().collect());
        let mut stored: BTreeSet<Hash> = self.store.shapes().await?.into_iter().map(|(shape, _)| shape.id).collect();
        for (id, (known, schema)) in &known {
            if !stored.remove(id) {
                self.store.save_shape(&shape_record(known, schema, now)).await?;
                if !known.study.plan.is_empty() {
                    self.store.save_plan(&known.study.plan).await?;
                }
            }
        }
        if full {
            self.store.forget_shapes(&stored.into_iter().collect::<Vec<_>>()).await?;
        }
        Ok(counts)
    }

    /// Writes down what is new of each tenant.
    pub(super) async fn save(&self, fleet: &mut super::fleet::Fleet) -> Result<(), StoreError> {
        let mut unsaved = fleet.tenants.values_mut().filter_map(|entry| entry.unsaved(SAVED_WITHIN));
        loop {
            let some: Vec<_> = unsaved.by_ref().take(SAVED_TOGETHER).collect();
            if some.is_empty() {
                return Ok(());
            }
            self.store.save_tenants(&some).await?;
        }
    }
}
