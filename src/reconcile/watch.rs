//! Looking at tenants again and again: what has been seen before is not worked out again.
//!
//! A tenant that is as it was, under the goal that it had, costs one visit. A structure that some tenant had
//! before costs a reading. Only a new shape is compared, planned and proved, once, whoever has it first.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::OnceCell;

use super::judged::Said;
pub use super::judged::{Judged, Part};
use super::{Choice, Counts, FleetMember, Observed, ReconcileError, Reconciler, Reference, Study, assess, quarantine};
use crate::db::{Connection, DbError, Evidence, FileSign, Look, Memo, Seen, Session, Target, Turn, Visit, Visitor};
use crate::desired::Declared;
use crate::model::{Fingerprint, Hash, Plan, Platform, QName, Quarantined};
use crate::policy::{Policy, Stay};

/// What lasts from one pass to the next.
pub struct Watch {
    /// What knows the references.
    pub reconciler: Reconciler,
    /// What knows the servers.
    pub visitor: Visitor,
    shapes: Mutex<BTreeMap<Place, Arc<Cell>>>,
}

/// A shape on a server. What one server says of a shape does not run on another.
type Place = (Hash, Option<String>);

/// A shape that somebody works out or has worked out.
type Cell = OnceCell<Result<Arc<Known>, Arc<ReconcileError>>>;

/// A shape that has been worked out.
pub struct Known {
    /// Names it: platform, goal, fingerprint, how the goal reads on a server, and what is not modelled, on which a proof
    /// depends. Servers that say the same have it in common.
    pub id: Hash,
    /// The server on which it was worked out, and for whose tenants alone.
    judge: Option<String>,
    /// The hash of the declared schema.
    pub goal: Hash,
    /// What was worked out.
    pub study: Study,
    said: Said,
}

/// What the last look at a tenant learned, for the next one. Private to one tenant.
#[derive(Clone)]
pub struct Sight {
    memo: Memo,
    goal: Hash,
    shape: Place,
}

impl Known {
    fn place(&self) -> Place {
        (self.id, self.judge.clone())
    }
}

impl Sight {
    /// How long ago the catalog itself was read, and not only signs that nothing happened.
    pub fn age(&self) -> Duration {
        self.memo.read_at().elapsed()
    }

    /// What the tenant's file looked like then, if it is one and nothing was in motion.
    pub fn file_sign(&self, target: &Target) -> Option<FileSign> {
        FileSign::of(target, &self.memo)
    }

    /// What the look learned, if it was the structure of this shape that it saw, and a plan begins with that.
    pub fn of(&self, known: &Known, plan: &Plan) -> Option<&Memo> {
        Some(&self.memo).filter(|_| self.shape == known.place() && known.study.fingerprint == plan.start)
    }
}

/// What a look at a tenant brought.
pub struct Looked {
    /// For the next look.
    pub sight: Sight,
    /// Its shape.
    pub known: Arc<Known>,
    /// What says so; nothing, if the catalog was read and worked out.
    pub evidence: Option<Evidence>,
    /// What may run, if something differs.
    pub judged: Option<Arc<Judged>>,
    /// How many rows the tables have that are to change.
    pub counts: Counts,
    /// How long everything stays that it has in quarantine.
    pub stays: Vec<(Quarantined, Stay)>,
    /// The plan that drops what was kept long enough, if nothing else may run.
    pub purge: Option<Arc<Plan>>,
}

impl Watch {
    /// One that has seen nothing.
    pub fn new(reconciler: Reconciler, visitor: Visitor) -> Self {
        Self { reconciler, visitor, shapes: Mutex::default() }
    }

    /// Looks at a tenant and says where it stands.
    ///
    /// # Errors
    /// What kept it from being read or worked out.
    pub async fn look(
        &self,
        member: &FleetMember,
        before: Option<&Sight>,
        policy: &Policy,
        look: Look<'_>,
        now: Timestamp,
    ) -> Result<Looked, Arc<ReconcileError>> {
        let goal = member.declared.hash();
        let before = before.filter(|sight| sight.goal == goal);
        let known = before.and_then(|sight| self.known(&sight.shape));
        let memo = before.filter(|_| known.is_some()).map(|sight| &sight.memo);
        let visit =
            self.visitor.visit(&member.target, Look { known: memo, ..look }).await.map_err(ReconcileError::Db)?;
        let mut door = Door { watch: self, member, open: None };
        let (memo, evidence, known) = match (visit, known) {
            (Visit::Unchanged { memo, evidence }, Some(known)) => (memo, Some(evidence), known),
            (Visit::Unchanged { .. }, None) => unreachable!("nothing was given that could be unchanged"),
            (Visit::Seen(seen), _) => {
                let memo = seen.memo.clone();
                (memo, None, self.recognise(&mut door, *seen, &member.declared).await?)
            }
        };
        let (judged, counts) = match known.study.in_sync() {
            true => (None, Counts::default()),
            false => {
                let (judged, counts) = self.judge(&mut door, &known, policy, now).await.map_err(ReconcileError::Db)?;
                (Some(known.said.share(judged)), counts)
            }
        };
        let stays = quarantine::stays(&known.study, member, policy, now);
        let purge = match judged.as_ref().is_some_and(|judged| judged.allowed.is_some()) {
            true => None,
            false => self.purge(&mut door, &known, &stays).await?,
        };
        door.shut().await;
        let sight = Sight { memo, goal, shape: known.place() };
        Ok(Looked { sight, known, evidence, judged, counts, stays, purge })
    }

    /// What a look would bring at a tenant of whom it is known that nothing happened since the last one. `None` where
    /// that is not all: where something differs, rows and policy have their say, and somebody has to go there.
    pub fn unchanged(&self, member: &FleetMember, before: &Sight, policy: &Policy, now: Timestamp) -> Option<Looked> {
        let known = self.known(&before.shape).filter(|known| known.study.in_sync())?;
        let stays = quarantine::stays(&known.study, member, policy, now);
        if before.goal != member.declared.hash() || stays.iter().any(|(_, stay)| stay.over) {
            return None;
        }
        let (sight, evidence, counts) = (before.clone(), Some(Evidence::File), Counts::default());
        Some(Looked { sight, known, evidence, judged: None, counts, stays, purge: None })
    }

    /// The plan that drops what was kept long enough. That there is none is no reason to know nothing of a tenant.
    async fn purge(
        &self,
        door: &mut Door<'_>,
        known: &Known,
        stays: &[(Quarantined, Stay)],
    ) -> Result<Option<Arc<Plan>>, Arc<ReconcileError>> {
        let over = stays.iter().filter(|(_, stay)| stay.over).map(|(object, _)| object.clone()).collect();
        let choice = Choice { runs: vec![false; known.study.plan.changes.len()], purged: over, ..Choice::default() };
        if choice.is_empty() {
            return Ok(None);
        }
        let session = door.session().await.map_err(ReconcileError::Db)?;
        match self.reconciler.tailor(session, &known.study, &choice).await {
            Ok(plan) => Ok(Some(plan).filter(|plan| !plan.is_unproved())),
            Err(error) => {
                tracing::warn!(tenant = door.member.tenant.name, %error, "what was kept long enough cannot be dropped");
                Ok(None)
            }
        }
    }

    /// Forgets shapes that no tenant has any more, and failures that may pass.
    pub fn keep_only(&self, shapes: &BTreeSet<Hash>) {
        let lasting = |cell: &Cell| match cell.get() {
            Some(Err(error)) => !matches!(**error, ReconcileError::Db(_) | ReconcileError::Scratch(_)),
            _ => true,
        };
        self.shapes().retain(|(id, _), cell| shapes.contains(id) && lasting(cell));
    }

    fn shapes(&self) -> std::sync::MutexGuard<'_, BTreeMap<Place, Arc<Cell>>> {
        self.shapes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self, shape: &Place) -> Option<Arc<Known>> {
        self.shapes().get(shape)?.get()?.as_ref().ok().cloned()
    }

    /// The shape of a tenant that was read; worked out if nobody had it before.
    async fn recognise(
        &self,
        door: &mut Door<'_>,
        seen: Seen,
        declared: &Declared,
    ) -> Result<Arc<Known>, Arc<ReconcileError>> {
        let Seen { platform, place, glance, .. } = seen;
        let reading = glance.reading().map_err(ReconcileError::Db)?;
        let observed = Observed { platform, place, reading };
        let reference = self.reference(door, &observed, declared).await?;
        let fingerprint = reference.fingerprint_of(observed.reading.schema.clone());
        let id = shape_id(&observed, &reference, fingerprint);
        // Whoever works the shape out needs a place at the server, which those who wait for him must not have.
        door.shut().await;
        let judge = door.member.target.judge();
        let cell = Arc::clone(self.shapes().entry((id, judge)).or_default());
        let studied = cell.get_or_init(async || self.study(door, observed, reference, id).await).await;
        studied.clone()
    }

    async fn reference(
        &self,
        door: &mut Door<'_>,
        observed: &Observed,
        declared: &Declared,
    ) -> Result<Arc<Reference>, Arc<ReconcileError>> {
        let target = &door.member.target;
        if let Some(reference) = self.reconciler.known_reference(target, &observed.platform, declared) {
            return Ok(reference);
        }
        let session = door.session().await.map_err(ReconcileError::Db)?;
        self.reconciler.reference(session, declared, &observed.reading.schema).await
    }

    async fn study(
        &self,
        door: &mut Door<'_>,
        observed: Observed,
        reference: Arc<Reference>,
        id: Hash,
    ) -> Result<Arc<Known>, Arc<ReconcileError>> {
        let target = &door.member.target;
        let session = door.session().await.map_err(ReconcileError::Db)?;
        self.reconciler.sweep(session, target).await;
        let study = self.reconciler.study(session, observed, reference).await?;
        let (judge, goal) = (target.judge(), study.reference.goal);
        Ok(Arc::new(Known { id, judge, goal, study, said: Said::default() }))
    }

    async fn judge(
        &self,
        door: &mut Door<'_>,
        known: &Known,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<(Judged, Counts), DbError> {
        let member = door.member;
        let session = door.session().await?;
        let assessment = assess::assess(session, &known.study, member, policy, now).await?;
        let runs = assessment.chosen(&known.study.plan);
        let approved = assessment.approved(&known.study.plan).chosen(&known.study.plan);
        let counts = Counts::of(&assessment.facts, &known.study);
        let [first, second] = [&runs, &approved].map(|choice| assessment.backed_up(&known.study, choice));
        let mut judged = Judged::of(assessment, &known.study);
        judged.allowed = self.part(session, known, &runs, first, &mut judged.trouble).await;
        if approved != runs {
            judged.asked = self.part(session, known, &approved, second, &mut judged.trouble).await;
        }
        Ok((judged, counts))
    }

    /// The plan for a part of the changes, if there are any.
    async fn part(
        &self,
        session: &mut Session,
        known: &Known,
        choice: &Choice,
        backup: Vec<QName>,
        trouble: &mut Option<String>,
    ) -> Option<Part> {
        if choice.is_empty() {
            return None;
        }
        match self.reconciler.tailor(session, &known.study, choice).await {
            Ok(plan) => Some(Part { runs: choice.runs.clone(), plan, backup }),
            Err(error) => {
                *trouble = Some(format!("{error}; {}", error.advice()));
                None
            }
        }
    }
}

/// A session with a tenant that is opened when it is needed.
struct Door<'a> {
    watch: &'a Watch,
    member: &'a FleetMember,
    open: Option<(Session, Turn)>,
}

impl Door<'_> {
    async fn session(&mut self) -> Result<&mut Session, DbError> {
        if self.open.is_none() {
            let turn = self.watch.visitor.turn(&self.member.target).await;
            let session = self.watch.visitor.session(&self.member.target).await?;
            self.open = Some((session, turn));
        }
        Ok(&mut self.open.as_mut().expect("it was just opened").0)
    }

    /// Gives the place back; the next one who needs a session opens another.
    async fn shut(&mut self) {
        if let Some((session, _turn)) = self.open.take() {
            session.close().await;
        }
    }
}

/// What names a shape. The objects that are not modelled are part of it, because a proof holds beside them only, and so is
/// how the goal reads: a server that reads it in its own way has shapes of its own.
pub(super) fn shape_id(observed: &Observed, reference: &Reference, fingerprint: Fingerprint) -> Hash {
    let platform: &Platform = &observed.platform;
    Hash::of_json(&(platform, reference.goal, reference.fingerprint, fingerprint, &observed.reading.schema.opaque))
}
