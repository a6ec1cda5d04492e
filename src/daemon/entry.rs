//! One tenant in memory: what was found, and what is to be made of it.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::backoff;
use super::saved::Saved;
use super::settings::Listed;
use crate::db::Target;
use crate::model::{Change, Hash, Plan, Quarantined, Reason, Ruling, Verdict};
use crate::policy::Stay;
use crate::reconcile::watch::{Judged, Known, Looked, Part, Sight};
use crate::reconcile::{Counts, FleetMember, Outlook, Past, ReconcileError, Study};
use crate::store::{Activity, DriftRecord, QuarantineRecord, ShapeRecord, Sync, TenantRecord, TroubleRecord};

/// How many times of coming back are remembered.
const RETURNS: usize = 16;

/// How long drift that came back counts as flapping.
const FLAPPING: SignedDuration = SignedDuration::from_hours(24);

/// A tenant.
pub struct Entry {
    /// Which, where, and what it should look like.
    pub member: FleetMember,
    /// Where in the configuration it comes from.
    pub place: String,
    /// The name of its declared schema.
    pub schema: String,
    /// What is known of it.
    pub record: TenantRecord,
    /// What the last look learned, for the next one.
    pub sight: Option<Sight>,
    /// Its shape, since the last look of this process.
    pub known: Option<Arc<Known>>,
    /// What may run on it.
    pub judged: Option<Arc<Judged>>,
    /// How many rows its tables have that are to change.
    pub counts: Counts,
    /// The plan that drops what it has kept long enough, while nothing else may run.
    pub purge: Option<Arc<Plan>>,
    /// The record as it was saved last.
    saved: Option<Saved>,
}

/// What a look changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum News {
    /// Nothing that anybody has to hear of.
    None,
    /// It differs now.
    Drifted,
    /// It differs again, though it was put right.
    Returned,
    /// It had tables and has none.
    Emptied,
}

impl Entry {
    /// A tenant that has been found, with what is remembered of it.
    pub fn new(listed: Listed, mut remembered: Option<TenantRecord>, now: Timestamp) -> Self {
        let Listed { member, place, schema } = listed;
        let saved = remembered.as_mut().map(Saved::of);
        let mut record = remembered.unwrap_or_else(|| fresh(&member, now));
        record.engine = member.tenant.engine;
        if record.activity == Activity::Applying {
            // It was, when undrift was killed.
            record.activity = Activity::Idle;
        }
        let counts = Counts::default();
        let mut entry =
            Self { member, place, schema, record, sight: None, known: None, judged: None, purge: None, counts, saved };
        entry.describe();
        entry.remember();
        entry
    }

    /// Takes over what the registry says now. Another database, or another goal, has to be looked at anew.
    pub fn update(&mut self, listed: Listed) {
        let Listed { member, place, schema } = listed;
        let same = self.member.target.to_string() == member.target.to_string()
            && self.member.declared.hash() == member.declared.hash();
        if !same {
            (self.sight, self.known, self.judged, self.purge) = (None, None, None, None);
        }
        self.member.declared = member.declared;
        renew(&mut self.member.target, member.target);
        renew(&mut self.place, place);
        let (other_labels, other_schema) =
            (renew(&mut self.member.tenant, member.tenant), renew(&mut self.schema, schema));
        if !same || other_labels || other_schema {
            self.describe();
        }
    }

    fn describe(&mut self) {
        self.record.server = server_of(&self.member.target);
        self.record.labels = self.member.tenant.labels.clone();
        self.record.schema = self.schema.clone();
    }

    /// What of the record matters when plans are judged.
    fn remember(&mut self) {
        let past = Past { kept: self.record.kept.clone(), had_tables: self.record.had_tables };
        renew(&mut self.member.past, past);
    }

    /// Takes in that it had tables when it was known before, and its source lost sight of it.
    pub fn returns(&mut self) {
        self.record.had_tables = true;
        self.remember();
    }

    /// Takes in which of its tables are there. Says whether it had some and has lost them all.
    fn count_tables(&mut self, study: &Study, now: Timestamp) -> bool {
        self.record.kept.retain(|kept| study.quarantined.contains(kept));
        if !study.is_empty() {
            (self.record.had_tables, self.record.emptied) = (true, None);
        }
        let lost = study.is_empty() && self.record.had_tables && self.record.emptied.is_none();
        if lost {
            self.record.emptied = Some(now);
        }
        self.remember();
        lost
    }

    /// Takes in that a plan is about to put things into quarantine.
    pub fn keeps(&mut self, plan: &Plan) {
        let fresh: Vec<_> = Quarantined::put_by(plan).filter(|kept| !self.record.kept.contains(kept)).collect();
        self.record.kept.extend(fresh);
        self.remember();
    }

    /// Takes in what a look found. `explanation` is what explains where it stands.
    pub fn found(&mut self, looked: Looked, explanation: Hash, now: Timestamp) -> News {
        let Looked { sight, known, judged, counts, stays, purge, .. } = looked;
        let study = &known.study;
        let outlook = judged.as_ref().map_or(Outlook::InSync, |judged| judged.outlook);
        let sync = if outlook == Outlook::InSync { Sync::InSync } else { Sync::Drifted };
        let emptied = self.count_tables(study, now);
        let before = self.record.sync;
        self.turn(sync, now);
        self.record.fingerprint = Some(study.fingerprint);
        self.record.shape = Some(known.id);
        (self.record.checked_at, self.record.read_at) = (Some(now), Some(now));
        self.record.trouble = judged
            .as_ref()
            .and_then(|judged| judged.trouble.clone())
            .map(|what| TroubleRecord { what, next: "review the whole plan with `undrift plan`".to_owned() });
        renew(&mut self.record.drift, judged.as_deref().map(drift).unwrap_or_default());
        renew(&mut self.record.blocked, judged.as_ref().map(|judged| judged.blocked.clone()).unwrap_or_default());
        let news = match (before, sync) {
            _ if emptied => News::Emptied,
            (Sync::InSync, Sync::Drifted) if self.came_back(explanation, now) => News::Returned,
            (Sync::InSync | Sync::Unknown, Sync::Drifted) => News::Drifted,
            _ => News::None,
        };
        if sync == Sync::InSync {
            self.is_good(explanation, study.reference.wanted.version.clone());
        }
        renew(&mut self.record.quarantined, stays.into_iter().map(quarantined).collect());
        (self.sight, self.known, self.judged, self.purge) = (Some(sight), Some(known), judged, purge);
        renew(&mut self.counts, counts);
        news
    }

    /// Takes in that a look failed.
    pub fn lost(&mut self, error: &ReconcileError, now: Timestamp) {
        self.turn(Sync::Unknown, now);
        self.record.checked_at = Some(now);
        self.record.trouble = Some(TroubleRecord { what: error.to_string(), next: error.advice().to_owned() });
        self.record.drift.clear();
        self.record.activity = Activity::Idle;
        (self.sight, self.judged, self.purge) = (None, None, None);
    }

    /// Takes in that a plan ran: the tables that it made are there, whatever the next look finds.
    pub fn applied(&mut self, plan: &Plan) {
        if plan.changes.iter().any(|planned| matches!(planned.change, Change::CreateTable { .. })) {
            (self.record.had_tables, self.record.emptied) = (true, None);
            self.remember();
        }
    }

    /// Takes in that a plan put everything right.
    pub fn repaired(&mut self, explanation: Hash, fingerprint: crate::model::Fingerprint, now: Timestamp) {
        let version = self.known.as_ref().and_then(|known| known.study.reference.wanted.version.clone());
        self.turn(Sync::InSync, now);
        self.is_good(explanation, version);
        self.record.fingerprint = Some(fingerprint);
        (self.record.checked_at, self.record.read_at) = (Some(now), Some(now));
        (self.record.shape, self.record.trouble) = (None, None);
        self.record.drift.clear();
        self.record.activity = Activity::Idle;
        (self.sight, self.known, self.judged, self.purge) = (None, None, None, None);
    }

    fn turn(&mut self, sync: Sync, now: Timestamp) {
        if self.record.sync != sync {
            (self.record.sync, self.record.since) = (sync, now);
        }
    }

    fn is_good(&mut self, explanation: Hash, version: Option<String>) {
        self.record.good = Some(explanation);
        renew(&mut self.record.version, version);
        self.record.failure = None;
    }

    /// Whether it had been put right under the same goal, and differs again. Remembers when.
    fn came_back(&mut self, explanation: Hash, now: Timestamp) -> bool {
        let back = self.record.repaired_at.is_some() && self.record.good == Some(explanation);
        if back {
            self.record.returned.push(now);
            let surplus = self.record.returned.len().saturating_sub(RETURNS);
            self.record.returned.drain(..surplus);
        }
        back
    }

    /// The part of the shape's plan that may run once a question is answered with yes, and whether it was.
    pub fn proposal(&self, approved: impl Fn(Hash, Hash) -> bool) -> Option<(&Part, bool)> {
        let (known, judged) = (self.known.as_ref()?, self.judged.as_ref()?);
        match &judged.asked {
            Some(asked) if approved(known.id, asked.plan.intent()) => Some((asked, true)),
            _ => judged.allowed.as_ref().map(|allowed| (allowed, false)),
        }
    }

    /// What is going on, as long as no plan runs.
    pub fn activity(&self, asks: bool) -> Activity {
        let Some(judged) = self.judged.as_ref().filter(|_| self.record.sync == Sync::Drifted) else {
            return Activity::Idle;
        };
        let any = |wanted: &dyn Fn(&Ruling) -> bool| judged.rulings.iter().any(wanted);
        if backoff::is_blocked(self.record.failure.as_ref()) {
            Activity::Blocked
        } else if self.record.failure.is_some() {
            Activity::Failed
        } else if judged.allowed.is_some() {
            Activity::Waiting
        } else if asks {
            Activity::PendingApproval
        } else if any(&|ruling| ruling.verdict == Verdict::Hold) {
            Activity::Holding
        } else if any(&|ruling| matches!(ruling.reason, Reason::Data { .. } | Reason::Login { .. }))
            || !judged.blocked.is_empty()
        {
            Activity::Blocked
        } else {
            Activity::Idle
        }
    }

    /// Whether drift came back after a repair within the last day.
    pub fn is_flapping(&self, now: Timestamp) -> bool {
        self.record.returned.last().is_some_and(|last| now.duration_since(*last) < FLAPPING)
    }

    /// The record, if it says something that was not saved yet. Looks that found nothing new are saved now and
    /// then only: ten thousand tenants are ten thousand rows.
    pub fn unsaved(&mut self, saved_within: SignedDuration) -> Option<TenantRecord> {
        let present = Saved::of(&mut self.record);
        if self.saved.as_ref().is_some_and(|saved| saved.covers(&present, saved_within)) {
            return None;
        }
        self.saved = Some(present);
        Some(self.record.clone())
    }
}

/// Puts something in the place of what it differs from, and says whether it does. What is equal stays where it is in
/// memory: if each pass laid everything down anew, memory would come to be full of holes.
fn renew<T: PartialEq>(present: &mut T, new: T) -> bool {
    let differs = *present != new;
    if differs {
        *present = new;
    }
    differs
}

fn fresh(member: &FleetMember, now: Timestamp) -> TenantRecord {
    TenantRecord {
        name: member.tenant.name.clone(),
        engine: member.tenant.engine,
        server: String::new(),
        labels: member.tenant.labels.clone(),
        schema: String::new(),
        sync: Sync::Unknown,
        since: now,
        activity: Activity::Idle,
        fingerprint: None,
        shape: None,
        version: None,
        good: None,
        checked_at: None,
        read_at: None,
        trouble: None,
        drift: Vec::new(),
        blocked: Vec::new(),
        failure: None,
        repaired_at: None,
        returned: Vec::new(),
        quarantined: Vec::new(),
        kept: Vec::new(),
        had_tables: false,
        emptied: None,
    }
}

/// The server as people and metrics name it; nothing for a file.
pub fn server_of(target: &Target) -> String {
    match target.engine() {
        crate::model::Engine::Sqlite => String::new(),
        engine => format!("{engine}:{}", target.server()),
    }
}

fn quarantined((object, stay): (Quarantined, Stay)) -> QuarantineRecord {
    QuarantineRecord { object: object.object(), since: object.since, until: stay.until }
}

fn drift(judged: &Judged) -> Vec<DriftRecord> {
    let rulings = judged.rulings.iter().chain(&judged.left_out);
    rulings.cloned().enumerate().map(|(change, ruling)| DriftRecord { change, ruling }).collect()
}

/// A shape for the state.
pub fn shape_record(known: &Known, schema: &str, now: Timestamp) -> ShapeRecord {
    let study = &known.study;
    let planned = study.plan.changes.iter().map(|planned| planned.change.clone());
    let hazards = |index| study.plan.hazards_of(index).map(|note| note.hazard.key().to_owned()).collect();
    ShapeRecord {
        id: known.id,
        platform: study.observed.platform.to_string(),
        schema: schema.to_owned(),
        goal: known.goal,
        fingerprint: study.fingerprint,
        changes: planned.chain(study.extras().cloned()).collect(),
        hazards: (0..study.plan.changes.len()).map(hazards).collect(),
        plan: (!study.plan.is_empty()).then(|| study.plan.hash()),
        unproved: study.unproved.clone(),
        first_seen: now,
    }
}
