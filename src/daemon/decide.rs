//! What is to be done about what was seen: questions, brakes, rollouts.
//!
//! Called after every pass, when a plan ended, when a person answered, and when a pause is over. It looks at what
//! is known and at the clock, so that calling it once too often changes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use jiff::{SignedDuration, Timestamp};

use super::brake::{self, Engaged};
use super::entry::Entry;
use super::fleet::Fleet;
use super::repair::Job;
use super::settings::Settings;
use super::{Daemon, backoff, tell};
use crate::model::{Hash, Hazard, Verdict};
use crate::reconcile::rollout::{self, Candidate, Readiness};
use crate::reconcile::watch::{Known, Part};
use crate::store::{Activity, Answer, ApprovalRecord, ApprovalState, Question, RolloutRecord, Stage, StoreError, Sync};

/// How many names a question shows.
const NAMES: usize = 20;

/// A tenant that may be changed.
struct Proposal<'a> {
    name: &'a str,
    entry: &'a Entry,
    known: &'a Arc<Known>,
    part: Part,
    approver: Option<Answer>,
}

/// How much of the fleet was seen before a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sight {
    /// Everybody, by a pass that has ended; something may keep the schema's tenants as they are.
    Whole {
        /// Whether that is so.
        rests: bool,
    },
    /// Some of them, by a pass that is under way.
    Part,
}

/// What people have answered.
struct Answers(BTreeMap<String, ApprovalRecord>);

impl Answers {
    fn state(&self, id: &str) -> Option<ApprovalState> {
        self.0.get(id).map(|record| record.state)
    }

    fn approved(&self, id: &str) -> bool {
        self.state(id) == Some(ApprovalState::Approved)
    }
}

impl Daemon {
    /// Brings questions and rollouts up to what is known, and starts what may start.
    ///
    /// # Errors
    /// When the state cannot be read or written: then nothing is started.
    pub(super) async fn decide(self: &Arc<Self>) -> Result<(), StoreError> {
        self.take_waivers().await?;
        let settings = self.settings();
        let now = Timestamp::now();
        let mut fleet = self.fleet.lock().await;
        let expired = self.store.expire(now).await?;
        expired.iter().for_each(|record| tracing::warn!(id = record.id, "a question was not answered in time"));
        let answers = Answers(self.store.approvals(None).await?.into_iter().map(|r| (r.id.clone(), r)).collect());
        tell::answers(self, &mut fleet, &answers.0);
        let asked = self.ask_about_plans(&fleet, &settings, &answers, now).await?;
        fleet.asked.extend(asked.into_iter().map(|id| (id, ApprovalState::Pending)));
        let pause = self.store.pause().await?;
        fleet.agreed.clear();
        let mut jobs = Vec::new();
        for schema in fleet.schemas() {
            let braked = self.brake(&mut fleet, &settings, &answers, &schema, now).await?;
            let rests = braked || pause.is_some() || !settings.config.repair || self.stopping.is_cancelled();
            jobs.extend(self.roll_out(&mut fleet, &settings, &answers, &schema, Sight::Whole { rests }, now).await?);
            if !rests {
                let starting = jobs.iter().map(|job: &Job| job.tenant().to_owned()).collect();
                jobs.extend(self.purges(&mut fleet, &settings, &schema, now, &starting));
            }
        }
        self.note_kept(&fleet).await?;
        let starting: BTreeSet<String> = jobs.iter().map(|job: &Job| job.tenant().to_owned()).collect();
        let Fleet { tenants, applying, .. } = &mut *fleet;
        for (name, entry) in tenants {
            let asks = entry.question(&answers).is_some();
            let running = starting.contains(name) || applying.contains(name);
            entry.record.activity = if running { Activity::Applying } else { entry.activity(asks) };
        }
        tell::gauges(self, &fleet, &settings, &answers.0, now);
        let asked = answers.0.values().any(|record| record.state == ApprovalState::Pending);
        let expectant = asked || pause.is_some() || !fleet.rollouts.is_empty() || !fleet.braked.is_empty();
        self.expectant.store(expectant, Ordering::Relaxed);
        self.save(&mut fleet).await?;
        for job in jobs {
            self.start(&mut fleet, job);
        }
        Ok(())
    }

    /// Goes on with the plans that the last decision knew of, while a pass is under way: what only that pass sees is no
    /// ground for anything before it has seen everybody.
    ///
    /// # Errors
    /// When the state cannot be read or written: then nothing is started.
    pub(super) async fn go_on(self: &Arc<Self>) -> Result<(), StoreError> {
        let settings = self.settings();
        let now = Timestamp::now();
        let mut fleet = self.fleet.lock().await;
        if fleet.agreed.is_empty() || self.store.pause().await?.is_some() || !settings.config.repair {
            return Ok(());
        }
        let answers = Answers(self.store.approvals(None).await?.into_iter().map(|r| (r.id.clone(), r)).collect());
        let free = |schema: &String| !fleet.braked.contains(schema);
        for schema in fleet.rollouts.keys().filter(|schema| free(schema)).cloned().collect::<Vec<_>>() {
            for job in self.roll_out(&mut fleet, &settings, &answers, &schema, Sight::Part, now).await? {
                if let Some(entry) = fleet.tenants.get_mut(job.tenant()) {
                    entry.record.activity = Activity::Applying;
                }
                self.start(&mut fleet, job);
            }
        }
        Ok(())
    }

    /// One question for every plan that policy asks about. Questions that nobody's plan needs are withdrawn. Returns
    /// those that are new.
    async fn ask_about_plans(
        &self,
        fleet: &Fleet,
        settings: &Settings,
        answers: &Answers,
        now: Timestamp,
    ) -> Result<Vec<String>, StoreError> {
        let mut new = Vec::new();
        let mut asked: BTreeMap<String, (&Known, &Part, Vec<&str>)> = BTreeMap::new();
        for (name, entry) in &fleet.tenants {
            if let Some((id, known, part)) = entry.asks() {
                asked.entry(id).or_insert_with(|| (known, part, Vec::new())).2.push(name);
            }
        }
        for (id, (known, part, names)) in &asked {
            if matches!(answers.state(id), Some(ApprovalState::Approved | ApprovalState::Rejected)) {
                continue;
            }
            let mut record = question(id, known, part, names, settings, now);
            fleet.say_if_emptied(&mut record.question);
            self.store.save_plan(&part.plan).await?;
            if self.store.ask(&record).await? {
                tracing::info!(id, tenants = names.len(), "a plan needs an approval: `undrift approve {id}`");
                tell::approval_needed(self, &record, fleet);
                new.push(id.clone());
            }
        }
        let void: Vec<String> = answers
            .0
            .values()
            .filter(|record| matches!(record.state, ApprovalState::Pending | ApprovalState::Approved))
            .filter(|record| matches!(record.question, Question::Plan { .. }) && !asked.contains_key(&record.id))
            .map(|record| record.id.clone())
            .collect();
        if fleet.complete && !void.is_empty() {
            self.store.withdraw(&void).await?;
        }
        Ok(new)
    }

    /// Whether the brake keeps a schema's tenants as they are. Asks a person when it engages.
    async fn brake(
        &self,
        fleet: &mut Fleet,
        settings: &Settings,
        answers: &Answers,
        schema: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut engaged = Vec::new();
        for (key, known) in fleet.references(schema) {
            let (declared, renamed) = brake::declared(&known);
            let note = format!("accepted/{schema}/{key}");
            let accepted: BTreeSet<String> = self.store.note(&note).await?.unwrap_or_default();
            match brake::lost(&accepted, &declared, &renamed) {
                Some(sight) if !answers.approved(&brake_id(schema, &sight)) => engaged.push(sight),
                _ if accepted != declared => self.store.set_note(&note, &declared).await?,
                _ => {}
            }
        }
        if let Some(sight) = fleet.unexplained(settings, schema) {
            if answers.approved(&brake_id(schema, &sight)) {
                fleet.explain(settings, schema);
            } else {
                engaged.push(sight);
            }
        }
        for sight in &engaged {
            let record = brake_question(schema, sight, settings, now);
            if self.store.ask(&record).await? {
                tracing::error!(schema, id = record.id, why = sight.why, "the brake is engaged");
                tell::brake_engaged(self, schema, sight, &record.id);
                fleet.asked.insert(record.id, ApprovalState::Pending);
            }
        }
        let still: BTreeSet<String> = engaged.iter().map(|sight| brake_id(schema, sight)).collect();
        let over = |record: &&ApprovalRecord| {
            let of_schema = matches!(&record.question, Question::Brake { schema: of, .. } if of == schema);
            of_schema && record.state == ApprovalState::Pending && !still.contains(&record.id)
        };
        let over: Vec<String> = answers.0.values().filter(over).map(|record| record.id.clone()).collect();
        if !over.is_empty() {
            self.store.withdraw(&over).await?;
        }
        fleet.braked.retain(|braked| braked != schema);
        fleet.braked.extend((!engaged.is_empty()).then(|| schema.to_owned()));
        Ok(!engaged.is_empty())
    }

    /// Moves a schema's rollout on. Returns what is to start; it is recorded as running by then.
    async fn roll_out(
        &self,
        fleet: &mut Fleet,
        settings: &Settings,
        answers: &Answers,
        schema: &str,
        sight: Sight,
        now: Timestamp,
    ) -> Result<Vec<Job>, StoreError> {
        let Some(goal) = fleet.goal(schema) else { return Ok(Vec::new()) };
        let rests = sight == (Sight::Whole { rests: true });
        let mut record = fleet.rollouts.remove(schema);
        if let Some(other) = record.take_if(|record| record.goal != goal || !rollout::is_open(record)) {
            self.retire(other, now).await?;
        }
        let proposals = proposals(fleet, settings, answers, schema, now);
        let plans: BTreeMap<String, Hash> = proposals.iter().map(|p| (p.name.to_owned(), p.part.plan.hash())).collect();
        let (proposals, new): (Vec<_>, Vec<_>) =
            proposals.into_iter().partition(|p| sight != Sight::Part || fleet.agreed.get(p.name) == plans.get(p.name));
        let mut record = match record {
            Some(record) => record,
            None if rests || sight == Sight::Part || !proposals.iter().any(|proposal| proposal.may_ever_start(now)) => {
                return Ok(Vec::new());
            }
            None => {
                let mut record = rollout::begin(0, schema, goal, now);
                record.id = self.store.new_rollout(&record).await?;
                tracing::info!(schema, rollout = record.id, tenants = proposals.len(), "a rollout begins");
                record
            }
        };
        let before = record.clone();
        let candidates: Vec<_> = proposals.iter().map(|proposal| proposal.candidate(fleet, now)).collect();
        let mut looked_at = fleet.looked_at(schema);
        new.iter().for_each(|proposal| _ = looked_at.remove(proposal.name));
        let applying = fleet.applying.iter().map(String::as_str).collect();
        let starting = if rests {
            Vec::new()
        } else {
            rollout::advance(&mut record, &settings.policy.rollout, &candidates, &looked_at, &applying, now)
        };
        if record != before {
            self.store.save_rollout(&record).await?;
            tell::rollout_moved(self, &before, &record);
        }
        let jobs = proposals.into_iter().filter(|proposal| starting.iter().any(|name| name == proposal.name));
        let jobs = jobs.map(|proposal| proposal.job(settings, record.id)).collect();
        fleet.rollouts.insert(schema.to_owned(), record);
        fleet.agreed.extend(plans.into_iter().filter(|_| sight != Sight::Part));
        Ok(jobs)
    }

    /// Ends a rollout whose goal is not the goal any more.
    async fn retire(&self, mut record: RolloutRecord, now: Timestamp) -> Result<(), StoreError> {
        if rollout::is_open(&record) {
            (record.stage, record.ended) = (Stage::Superseded, Some(now));
            self.store.save_rollout(&record).await?;
        }
        Ok(())
    }
}

impl Entry {
    /// The question that policy asks about this tenant, and the plan it is about.
    fn asks(&self) -> Option<(String, &Known, &Part)> {
        let (known, judged) = (self.known.as_deref()?, self.judged.as_ref()?);
        let asked = judged.asked.as_ref()?;
        Some((self.plan_id(known.id, asked.plan.intent()), known, asked))
    }

    /// The id of a question about a plan: the same plan on the same shape is the same question. Whether a tenant that lost
    /// all of its tables is filled is asked for each by itself, and each time anew.
    fn plan_id(&self, shape: Hash, plan: Hash) -> String {
        match self.record.emptied {
            Some(since) => Hash::of_json(&("emptied", &self.record.name, since, shape, plan)).short(),
            None => Hash::of_json(&("plan", shape, plan)).short(),
        }
    }

    /// The question that nobody has answered yet.
    fn question(&self, answers: &Answers) -> Option<String> {
        let (id, ..) = self.asks()?;
        (!matches!(answers.state(&id), Some(ApprovalState::Approved | ApprovalState::Rejected))).then_some(id)
    }

    /// What may run on this tenant at this moment. The windows are asked again, because they may have opened or
    /// shut since the look.
    fn may_run<'a>(
        &'a self,
        name: &'a str,
        settings: &Settings,
        answers: &Answers,
        now: Timestamp,
    ) -> Option<Proposal<'a>> {
        let known = self.known.as_ref()?;
        if known.goal != self.member.declared.hash() || self.record.sync != Sync::Drifted {
            return None;
        }
        let (part, approved) = self.proposal(|shape, plan| answers.approved(&self.plan_id(shape, plan)))?;
        let approver =
            approved.then(|| answers.0[&self.plan_id(known.id, part.plan.intent())].answer.clone()).flatten();
        let tenant = &self.member.tenant;
        if settings.policy.frozen(tenant, now).is_some() || (!approved && is_suddenly_unproved(known, part)) {
            return None;
        }
        let policy = settings.policy.for_shape(known.id);
        let rulings = policy.rule_all(&known.study.subject(&self.counts.rows(&known.study), tenant), now);
        let free = |verdict| verdict == Verdict::Allow || (approved && verdict == Verdict::Ask);
        let all = part.runs.iter().zip(&rulings).all(|(runs, ruling)| !runs || free(ruling.verdict));
        all.then(|| Proposal { name, entry: self, known, part: part.clone(), approver })
    }
}

/// Whether a part cannot be proved of a plan that could be.
fn is_suddenly_unproved(known: &Known, part: &Part) -> bool {
    let unproved = part.plan.steps.iter().flat_map(|step| &step.hazards).any(|note| note.hazard == Hazard::Unproved);
    unproved && known.study.unproved.is_empty()
}

fn proposals<'a>(
    fleet: &'a Fleet,
    settings: &Settings,
    answers: &Answers,
    schema: &str,
    now: Timestamp,
) -> Vec<Proposal<'a>> {
    let of_schema = fleet.tenants.iter().filter(|(_, entry)| entry.schema == schema);
    of_schema.filter_map(|(name, entry)| entry.may_run(name, settings, answers, now)).collect()
}

impl Proposal<'_> {
    fn candidate(&self, fleet: &Fleet, now: Timestamp) -> Candidate {
        let plan = self.part.plan.hash();
        let busy = fleet.looking.contains(self.name) || fleet.applying.contains(self.name);
        let ready = match backoff::readiness(self.entry.record.failure.as_ref(), plan, now) {
            Readiness::Now if busy => Readiness::Later,
            ready => ready,
        };
        Candidate { tenant: self.entry.member.tenant.clone(), plan, ready }
    }

    /// Whether nobody but a person keeps it.
    fn may_ever_start(&self, now: Timestamp) -> bool {
        let plan = self.part.plan.hash();
        backoff::readiness(self.entry.record.failure.as_ref(), plan, now) != Readiness::Never
    }

    fn job(self, settings: &Settings, rollout: i64) -> Job {
        let rules = self.part.runs.iter().zip(&self.entry.record.drift).filter(|(runs, _)| **runs);
        let rules = rules.map(|(_, drift)| tell::reason(&drift.ruling)).collect();
        Job {
            member: self.entry.member.clone(),
            known: Arc::clone(self.known),
            sight: self.entry.sight.clone(),
            plan: Arc::clone(&self.part.plan),
            backup: self.part.backup.clone(),
            rules,
            approver: self.approver.map(|answer| answer.who),
            rollout,
            schema: self.entry.schema.clone(),
            explanation: settings.explanation(&self.entry.member.declared),
        }
    }
}

fn brake_id(schema: &str, engaged: &Engaged) -> String {
    Hash::of_json(&("brake", schema, engaged.sight)).short()
}

fn question(
    id: &str,
    known: &Known,
    part: &Part,
    names: &[&str],
    settings: &Settings,
    now: Timestamp,
) -> ApprovalRecord {
    asked(
        id.to_owned(),
        Question::Plan {
            shape: known.id,
            plan: part.plan.hash(),
            start: part.plan.start,
            changes: part.plan.changes.iter().map(|planned| tell::change(&planned.change)).collect(),
            tenants: names.len(),
            names: names.iter().take(NAMES).map(|name| (*name).to_owned()).collect(),
        },
        settings,
        now,
    )
}

fn brake_question(schema: &str, engaged: &Engaged, settings: &Settings, now: Timestamp) -> ApprovalRecord {
    let Engaged { sight, why } = engaged.clone();
    asked(brake_id(schema, engaged), Question::Brake { schema: schema.to_owned(), sight, why }, settings, now)
}

fn asked(id: String, question: Question, settings: &Settings, now: Timestamp) -> ApprovalRecord {
    let lasts = SignedDuration::try_from(settings.config.approvals_expire).unwrap_or(SignedDuration::MAX);
    let expires = now.saturating_add(lasts).unwrap_or(Timestamp::MAX);
    ApprovalRecord { id, question, state: ApprovalState::Pending, asked: now, expires, answer: None }
}
