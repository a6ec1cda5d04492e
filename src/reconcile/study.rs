//! One shape worked out: what differs, the plan that puts it right, and the proof that it does.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::Mutex;

use super::endings::Endings;
use super::quarantine::{self, Choice};
use super::{Observed, ReconcileError, Reconciler, Reference, dependents, obstacle, remains, rights, settle};
use crate::db::{Connection, Session, Trouble};
use crate::dialect;
use crate::diff::{self, Both};
use crate::model::{Change, Extras, Fingerprint, Hazard, HazardNote, Member, Plan, QName, Quarantined, Schema, Tenant};
use crate::plan::{self, Batch};
use crate::policy::{Names, Subject};

/// What is known of a shape.
pub struct Study {
    /// What it should be.
    pub reference: Arc<Reference>,
    /// A database that has this shape, as it was observed.
    pub observed: Observed,
    /// The structure without the tables that are ignored.
    pub actual: Schema,
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
    /// The plan with everything that the schema asks for, proved. Extras are left out of it unless
    /// the schema says to drop them.
    pub plan: Arc<Plan>,
    /// Tables that exist under their old and their new name.
    pub both: Vec<Both>,
    /// Why the plan could not be proved; empty if it was.
    pub unproved: Vec<String>,
    /// What it has in quarantine.
    pub quarantined: Vec<Quarantined>,
    /// How all of that would be dropped for good, on paper: a change for each.
    pub purge: Plan,
    comparison: Comparison,
    subsets: Mutex<BTreeMap<Choice, Arc<Plan>>>,
    /// How tenants of it were kept when a plan had run on them.
    pub(super) endings: Endings,
}

/// The difference between a database and the reference.
#[derive(Clone, Debug, Default)]
struct Comparison {
    /// The declared renames that are still to be done.
    renames: Vec<Change>,
    /// Tables that exist under both names.
    both: Vec<Both>,
    /// The database after the renames.
    renamed: Schema,
    /// Everything else that differs then, extras among it.
    changes: Vec<Change>,
    /// Those of the changes that are extras, by index.
    extras: Vec<bool>,
    /// Why the renames could not be tried out on a copy.
    flaws: Vec<String>,
}

impl Study {
    /// Whether another server says the same in every word that is shown or run.
    pub(super) fn agrees(&self, other: &Self) -> bool {
        self.fingerprint == other.fingerprint
            && self.plan == other.plan
            && self.actual == other.actual
            && self.unproved == other.unproved
            && self.both == other.both
            && self.purge == other.purge
            && self.observed.platform == other.observed.platform
            && self.reference.goal == other.reference.goal
            && self.reference.schema == other.reference.schema
    }
}

impl Reconciler {
    /// Works out a shape: compares it, plans, and proves the plan on a scratch copy.
    ///
    /// # Errors
    /// When no scratch database can be made, something is in the way, or the proof fails.
    pub async fn study(
        &self,
        session: &mut Session,
        observed: Observed,
        reference: Arc<Reference>,
    ) -> Result<Study, ReconcileError> {
        let scope = &reference.wanted.scope;
        let actual = scope.keep(observed.reading.schema.clone());
        let fingerprint = reference.fingerprint_of(actual.clone());
        let comparison = self.compare(session, &observed, &actual, &reference).await?;
        let everything = vec![true; comparison.renames.len() + comparison.changes.len()];
        let mut plan = comparison.plan(fingerprint, &actual, &reference, &everything, &[])?;
        dependents::warn(&mut plan, &observed.reading.schema.opaque);
        let quarantined = actual.quarantined();
        let purge = quarantine::purge(&reference, fingerprint, &actual, &quarantined, comparison.all())?;
        let mut study = Study {
            both: comparison.both.clone(),
            unproved: comparison.flaws.clone(),
            reference,
            observed,
            actual,
            fingerprint,
            plan: Arc::new(plan),
            quarantined,
            purge,
            comparison,
            subsets: Mutex::default(),
            endings: Endings::default(),
        };
        let (plan, flaws) = self.prove(session, &study, Plan::clone(&study.plan)).await?;
        study.unproved.extend(flaws);
        study.plan = Arc::new(if study.unproved.is_empty() { plan } else { mark_unproved(plan, &study.unproved) });
        Ok(study)
    }

    /// The plan with only those of the full plan's changes that are to run, drops as renames where what they drop is
    /// kept; or the plan that drops for good what was kept long enough. Proved.
    ///
    /// # Errors
    /// As [`Reconciler::study`].
    pub async fn tailor(
        &self,
        session: &mut Session,
        study: &Study,
        choice: &Choice,
    ) -> Result<Arc<Plan>, ReconcileError> {
        if choice.is_everything() {
            return Ok(Arc::clone(&study.plan));
        }
        let mut subsets = study.subsets.lock().await;
        if let Some(plan) = subsets.get(choice) {
            return Ok(Arc::clone(plan));
        }
        let mut plan = match choice.purged.as_slice() {
            [] => study.part(self, session, choice).await?,
            purged => {
                let (start, left_out) = (study.fingerprint, study.comparison.all());
                quarantine::purge(&study.reference, start, &study.actual, purged, left_out)?
            }
        };
        dependents::warn(&mut plan, &study.observed.reading.schema.opaque);
        let (plan, flaws) = self.prove(session, study, plan).await?;
        let plan = Arc::new(if flaws.is_empty() { plan } else { mark_unproved(plan, &flaws) });
        subsets.insert(choice.clone(), Arc::clone(&plan));
        Ok(plan)
    }

    /// What separates a database from the reference. Declared renames are tried out on a scratch
    /// copy first, because only the server knows what its CHECKs and indexes look like then.
    async fn compare(
        &self,
        session: &mut Session,
        observed: &Observed,
        actual: &Schema,
        reference: &Reference,
    ) -> Result<Comparison, ReconcileError> {
        let (renames, both) = diff::pending_renames(actual, &reference.schema, &reference.wanted.renames);
        let (renamed, flaws) = if renames.is_empty() {
            (actual.clone(), Vec::new())
        } else {
            self.renamed(session, observed, &renames, reference).await?
        };
        Comparison::of(renames, both, renamed, flaws, reference)
    }

    /// The structure after these renames, as the server reads it back from a scratch copy.
    async fn renamed(
        &self,
        session: &mut Session,
        observed: &Observed,
        renames: &[Change],
        reference: &Reference,
    ) -> Result<(Schema, Vec<String>), ReconcileError> {
        let mut copy = self.copy(session, observed).await?;
        let read = rename_and_read(&mut copy.scratch.session, &observed.reading.schema, renames, reference).await;
        let discarded = copy.scratch.discard().await;
        let read = read?;
        discarded.map_err(ReconcileError::Scratch)?;
        Ok((read, copy.flaws))
    }

    /// Runs a plan on a scratch copy. It must leave exactly what it left out. Returns the plan with its statements in
    /// the ways that the server takes, the fingerprint that it reached and what is left out then, and why the copy was
    /// not a faithful one.
    async fn prove(
        &self,
        session: &mut Session,
        study: &Study,
        mut plan: Plan,
    ) -> Result<(Plan, Vec<String>), ReconcileError> {
        if plan.is_empty() {
            plan.end = Some(plan.start);
            return Ok((plan, Vec::new()));
        }
        let mut copy = self.copy(session, &study.observed).await?;
        copy.flaws.extend(plan.left_out.iter().filter_map(half_built).map(whole_in_copy));
        let proved = try_out(&mut copy.scratch.session, &mut plan, &study.reference).await;
        let discarded = copy.scratch.discard().await;
        match proved {
            Ok((end, left)) => (plan.end, plan.left_out) = (Some(end), left),
            // A copy that lacks something proves nothing, neither that a plan works nor that it does not.
            Err(ReconcileError::NotProved(why)) if !copy.flaws.is_empty() => copy.flaws.push(why),
            Err(ReconcileError::Scratch(error)) if error.trouble == Trouble::NotInTransaction => {
                copy.flaws.push(error.message);
            }
            Err(error) => return Err(error),
        }
        discarded.map_err(ReconcileError::Scratch)?;
        rights::mark_unseen(session, &mut plan).await.map_err(ReconcileError::Db)?;
        Ok((plan, copy.flaws))
    }
}

impl Comparison {
    fn of(
        renames: Vec<Change>,
        both: Vec<Both>,
        renamed: Schema,
        flaws: Vec<String>,
        reference: &Reference,
    ) -> Result<Self, ReconcileError> {
        let declared = &reference.wanted.renames;
        let compared = reference.wanted.scope.apply(renamed.clone()).without_quarantined(&reference.schema);
        let compared = reference.comparable(compared);
        let goal = reference.given_names.recalled(&reference.schema, &compared);
        let difference = diff::difference(&compared, &goal, declared);
        if let Some(obstacle) = difference.obstacles.first() {
            return Err(ReconcileError::Obstacle(obstacle::sentence(obstacle)));
        }
        let mut changes = difference.changes;
        changes.retain(|change| !drops_one_of(change, &both));
        let extras = changes.iter().map(|change| diff::is_extra(change, &changes, declared)).collect();
        Ok(Self { renames, both, renamed, changes, extras, flaws })
    }

    /// The plan for the changes that are wanted (renames first, then the rest), extras left out
    /// unless the schema says to drop them.
    fn plan(
        &self,
        start: Fingerprint,
        actual: &Schema,
        reference: &Reference,
        wanted: &[bool],
        kept: &[(Change, String)],
    ) -> Result<Plan, ReconcileError> {
        let dialect = dialect::of(&reference.platform);
        let drop_extras = reference.wanted.extras == Extras::Drop;
        let runs = |index: usize| wanted[self.renames.len() + index] && (drop_extras || !self.extras[index]);
        let chosen = |index: &usize| runs(*index);
        let all = 0..self.changes.len();
        let rest: Vec<_> = all.clone().filter(chosen).map(|index| self.changes[index].clone()).collect();
        let left_out = all.filter(|index| !runs(*index)).map(|index| self.changes[index].clone()).collect();
        let after_renames = actual.evolve(&self.renames);
        let rest = quarantine::exchange(&*dialect, &self.renamed, rest, left_out, kept);
        let goal = self.renamed.evolve(&rest.changes);
        let plan = plan::build(
            &*dialect,
            start,
            Batch { from: actual, to: &after_renames, changes: &self.renames },
            Batch { from: &self.renamed, to: &goal, changes: &rest.changes },
            rest.left_out,
        )?;
        let end = goal.evolve(&rest.renames);
        Ok(plan::followed(plan, &*dialect, Batch { from: &goal, to: &end, changes: &rest.renames })?)
    }

    fn all(&self) -> Vec<Change> {
        self.renames.iter().chain(&self.changes).cloned().collect()
    }
}

impl Study {
    /// Its plan on a tenant that has so many rows.
    pub fn subject<'a>(&'a self, rows: &'a BTreeMap<QName, u64>, tenant: &'a Tenant) -> Subject<'a> {
        Subject { plan: &self.plan, rows, tenant, renames: &self.reference.wanted.renames }
    }

    /// The names by which its plan and the declared schema know the same things.
    pub(super) fn names(&self) -> Names {
        Names::of(&self.plan, &self.reference.wanted.renames)
    }

    /// Whether there is no table in it that counts.
    pub fn is_empty(&self) -> bool {
        self.actual.tables.is_empty()
    }

    /// Whether nothing differs, not even something that is left out.
    pub fn in_sync(&self) -> bool {
        self.plan.is_empty() && self.both.is_empty() && self.extras().next().is_none()
    }

    /// For each change of the plan the table that it is about, by the name that it has now, if it is there.
    pub(super) fn present_tables(&self) -> Vec<Option<&QName>> {
        let old_names = self.plan.old_names();
        let present = |change: &Change| {
            let table = change.table()?;
            let now = old_names.get(table).copied().unwrap_or(table);
            self.actual.tables.get(now).map(|table| &table.name)
        };
        self.plan.changes.iter().map(|planned| present(&planned.change)).collect()
    }

    /// What is there and not declared, where the schema says to report it.
    pub fn extras(&self) -> impl Iterator<Item = &Change> {
        let shown = self.reference.wanted.extras == Extras::Report;
        self.plan.left_out.iter().filter(move |_| shown)
    }

    /// The plan for a part of the full plan's changes.
    async fn part(
        &self,
        reconciler: &Reconciler,
        session: &mut Session,
        choice: &Choice,
    ) -> Result<Plan, ReconcileError> {
        let (renames, rest) = choice.runs.split_at(self.comparison.renames.len());
        let planned = &self.plan.changes[renames.len()..];
        let kept_back: Vec<_> = planned.iter().zip(rest).filter(|(_, runs)| !**runs).map(|(p, _)| &p.change).collect();
        let mut comparison = self.comparison.clone();
        if renames.contains(&false) {
            let some = |(change, runs): (&Change, &bool)| runs.then(|| change.clone());
            comparison.renames = self.comparison.renames.iter().zip(renames).filter_map(some).collect();
            comparison.renamed = if comparison.renames.is_empty() {
                self.actual.clone()
            } else {
                let scoped = reconciler.renamed(session, &self.observed, &comparison.renames, &self.reference);
                scoped.await?.0
            };
        }
        let mut wanted = vec![true; comparison.renames.len()];
        wanted.extend(comparison.changes.iter().map(|change| !kept_back.contains(&change)));
        let kept = choice.kept.iter().map(|(index, name)| (self.plan.changes[*index].change.clone(), name.clone()));
        let kept: Vec<_> = kept.collect();
        let mut plan = comparison.plan(self.fingerprint, &self.actual, &self.reference, &wanted, &kept)?;
        let held = self.comparison.renames.iter().zip(renames).filter(|(_, runs)| !**runs);
        plan.left_out.splice(0..0, held.map(|(change, _)| change.clone()));
        Ok(plan)
    }
}

/// The index whose build did not end and that a change would take away or build anew.
fn half_built(change: &Change) -> Option<&Member> {
    match change {
        Change::DropMember { from, .. } | Change::AlterMember { from, .. } => {
            Some(from).filter(|from| from.is_half_built())
        }
        _ => None,
    }
}

fn whole_in_copy(member: &Member) -> String {
    format!("the index {} is half built and stays so, which no copy can have", member.label())
}

/// Whether a change drops the old version of a table that exists under both names.
fn drops_one_of(change: &Change, both: &[Both]) -> bool {
    matches!(change, Change::DropTable { from } if both.iter().any(|both| both.old == from.name))
}

async fn rename_and_read(
    session: &mut Session,
    from: &Schema,
    renames: &[Change],
    reference: &Reference,
) -> Result<Schema, ReconcileError> {
    let dialect = dialect::of(&reference.platform);
    let to = from.evolve(renames);
    let nothing = Batch { from: &to, to: &to, changes: &[] };
    let batch = Batch { from, to: &to, changes: renames };
    let mut plan = plan::build(&*dialect, Fingerprint::of(from), batch, nothing, Vec::new())?;
    settle::run(session, &mut plan, &*dialect).await?;
    let mut read = session.read().await.map_err(ReconcileError::Scratch)?.schema;
    read.mark_half_built_as_in(&to);
    Ok(reference.wanted.scope.keep(read))
}

/// Runs a plan on a scratch copy and compares what it left with what it left out. Returns what it
/// reached, and what it left of that.
async fn try_out(
    session: &mut Session,
    plan: &mut Plan,
    reference: &Reference,
) -> Result<(Fingerprint, Vec<Change>), ReconcileError> {
    settle::run(session, plan, &*dialect::of(&reference.platform)).await?;
    let read = session.read().await.map_err(ReconcileError::Scratch)?.schema;
    let reached = reference.wanted.scope.keep(read.clone());
    let end = reference.fingerprint_of(reached.clone());
    let remained = remaining(session, &read, reached, reference).await?;
    match remains::surprise(plan, &remained) {
        Some(why) => Err(ReconcileError::NotProved(why)),
        None => Ok((end, remains::still_there(plan, &remained))),
    }
}

/// What still differs from the reference, renames that are still pending carried out first.
async fn remaining(
    session: &mut Session,
    read: &Schema,
    reached: Schema,
    reference: &Reference,
) -> Result<Vec<Change>, ReconcileError> {
    let (renames, both) = diff::pending_renames(&reached, &reference.schema, &reference.wanted.renames);
    let renamed =
        if renames.is_empty() { reached } else { rename_and_read(session, read, &renames, reference).await? };
    let comparison = Comparison::of(renames, both, renamed, Vec::new(), reference)?;
    Ok(comparison.renames.into_iter().chain(comparison.changes).collect())
}

impl Reconciler {
    /// What still differs from the reference in a database that has just been read.
    ///
    /// # Errors
    /// As [`Reconciler::study`].
    pub async fn remaining(
        &self,
        session: &mut Session,
        observed: &Observed,
        reference: &Reference,
    ) -> Result<Vec<Change>, ReconcileError> {
        let actual = reference.wanted.scope.keep(observed.reading.schema.clone());
        let comparison = self.compare(session, observed, &actual, reference).await?;
        Ok(comparison.renames.into_iter().chain(comparison.changes).collect())
    }
}

fn mark_unproved(mut plan: Plan, flaws: &[String]) -> Plan {
    let why = format!("it could not be proved on a scratch copy: {}", flaws.join("; "));
    for step in &mut plan.steps {
        step.hazards.push(HazardNote::new(Hazard::Unproved, why.clone()));
    }
    plan
}
