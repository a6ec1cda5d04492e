//! One plan on one tenant, from the first entry in the audit to the last.

use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;

use super::fleet::Fleet;
use super::recorder::{Held, Recorder};
use super::{Daemon, backoff, tell};
use crate::apply::{ApplyError, Cause};
use crate::backup::BackupError;
use crate::model::{Fingerprint, Hash, Plan, QName, Quarantined};
use crate::reconcile::rollout::settle;
use crate::reconcile::watch::{Known, Sight};
use crate::reconcile::{self, Carried, Errand, FleetMember, Precaution, Way, carry_out};
use crate::store::{ApplyOutcome, AuditEvent, MemberState, StoreError, TroubleRecord};

/// What is to run.
pub struct Job {
    /// On whom.
    pub member: FleetMember,
    /// Its shape.
    pub known: Arc<Known>,
    /// What the last look at it learned.
    pub sight: Option<Sight>,
    /// The plan.
    pub plan: Arc<Plan>,
    /// The tables that have to be backed up before it runs.
    pub backup: Vec<QName>,
    /// What allowed each of its changes.
    pub rules: Vec<String>,
    /// Who approved it, if policy asked.
    pub approver: Option<String>,
    /// The rollout that it belongs to.
    pub rollout: i64,
    /// The declared schema's name.
    pub schema: String,
    /// What explains where the tenant stands afterwards.
    pub explanation: Hash,
}

impl Job {
    /// The tenant's name.
    pub fn tenant(&self) -> &str {
        &self.member.tenant.name
    }
}

/// How a job ended.
struct Ending {
    outcome: ApplyOutcome,
    end: Option<Fingerprint>,
    left: usize,
    error: Option<(String, String)>,
}

impl Daemon {
    /// Starts a job. Its tenant is nobody else's until it ends.
    pub(super) fn start(self: &Arc<Self>, fleet: &mut Fleet, job: Job) {
        fleet.applying.insert(job.tenant().to_owned());
        let daemon = Arc::clone(self);
        self.tasks.spawn(async move { daemon.repair(job).await });
    }

    async fn repair(self: Arc<Self>, job: Job) {
        let _turn = self.turn_of(&job).await;
        let begun = Instant::now();
        let ending = if self.stopping.is_cancelled() { not_begun() } else { self.run(&job).await };
        let engine = job.member.tenant.engine;
        self.metrics.applies.ended(engine, &ending.outcome.to_string(), begun.elapsed());
        tell::apply_ended(self.as_ref(), &job, ending.outcome, ending.error.as_ref());
        self.note_ending(&job, &ending).await;
        self.wake.notify_one();
    }

    /// Runs the plan between two entries in the audit.
    async fn run(&self, job: &Job) -> Ending {
        let plan = &job.plan;
        let settings = self.settings();
        let limits = reconcile::limits(&settings.policy);
        let mut recorder = Recorder {
            store: self.store.clone(),
            metrics: Arc::clone(&self.metrics),
            engine: job.member.tenant.engine,
            tenant: job.tenant().to_owned(),
            plan: plan.hash(),
            held: Held::default(),
            lock_timeout: limits.lock_timeout,
            measured: false,
            stopping: self.stopping.clone(),
        };
        let begin = AuditEvent::Begin { start: plan.start, rules: job.rules.clone(), approver: job.approver.clone() };
        recorder.open(plan, begin);
        if let Err(error) = self.note_kept_by(job).await {
            tell::state_failed(self, &error);
            return not_begun();
        }
        let watch = self.watch();
        let start = job.sight.as_ref().and_then(|sight| sight.of(&job.known, plan));
        let way = Way::known(&watch.visitor, &job.member.target, start);
        let backups = &settings.config.backups;
        let precaution = Precaution { settings: backups, tenant: job.tenant(), tables: &job.backup };
        let errand = Errand::of(way, &job.known.study, plan, &limits).after(precaution);
        let carried = carry_out(&watch.reconciler, &errand, &mut recorder).await;
        match &carried {
            Err(ApplyError::Step(stopped)) => stopped.db_error().into_iter().for_each(|error| recorder.gave_up(error)),
            Err(ApplyError::Backup(_)) => self.metrics.applies.backup_failed(recorder.engine),
            _ => {}
        }
        let ending = Ending::of(carried);
        let error = ending.error.as_ref().map(|(what, _)| what.clone());
        let end = AuditEvent::End { end: ending.end, outcome: ending.outcome, error };
        if let Err(why) = recorder.write(end).await {
            tracing::error!(tenant = job.tenant(), why, "the end of a plan could not be recorded");
        }
        ending
    }

    /// Writes down what the plan puts into quarantine: later nothing else says that it was undrift who did so.
    async fn note_kept_by(&self, job: &Job) -> Result<(), StoreError> {
        if Quarantined::put_by(&job.plan).next().is_none() {
            return Ok(());
        }
        let mut fleet = self.fleet.lock().await;
        let Some(entry) = fleet.tenants.get_mut(job.tenant()) else { return Ok(()) };
        entry.keeps(&job.plan);
        let record = entry.record.clone();
        drop(fleet);
        self.store.save_tenants(&[record]).await
    }

    /// Takes the ending into the fleet and the rollout.
    async fn note_ending(&self, job: &Job, ending: &Ending) {
        let now = Timestamp::now();
        let mut fleet = self.fleet.lock().await;
        fleet.applying.remove(job.tenant());
        if ending.outcome == ApplyOutcome::Applied {
            // Should the tenant come to need the same again, nobody has decided on that.
            fleet.agreed.remove(job.tenant());
        }
        if let Some(entry) = fleet.tenants.get_mut(job.tenant()) {
            match ending.outcome {
                ApplyOutcome::Applied => {
                    entry.record.failure = None;
                    entry.record.repaired_at = Some(now);
                    entry.applied(&job.plan);
                    if let (Some(end), 0) = (ending.end, ending.left) {
                        entry.repaired(job.explanation, end, now);
                    } else {
                        // What is left is what the plan left out: the next look says what becomes of it.
                        entry.judged = None;
                    }
                }
                ApplyOutcome::Failed => {
                    let failure = backoff::failed(entry.record.failure.as_ref(), job.plan.hash(), now);
                    if backoff::is_blocked(Some(&failure)) {
                        tell::blocked(self, job, ending.error.as_ref().map_or("", |(what, _)| what));
                    }
                    entry.record.failure = Some(failure);
                    entry.record.trouble = ending.error.clone().map(|(what, next)| TroubleRecord { what, next });
                }
                ApplyOutcome::Skipped => entry.judged = None,
            }
        }
        let state = match ending.outcome {
            ApplyOutcome::Applied => MemberState::Done,
            ApplyOutcome::Failed => MemberState::Failed,
            ApplyOutcome::Skipped => MemberState::Waiting,
        };
        if let Some(record) = fleet.rollouts.get_mut(&job.schema).filter(|record| record.id == job.rollout) {
            settle(record, job.tenant(), state);
            let member = record.members.get(job.tenant()).copied();
            if let Some(member) = member
                && let Err(error) = self.store.save_member(job.rollout, job.tenant(), member).await
            {
                tell::state_failed(self, &error);
            }
        }
        if ending.left > 0 || ending.outcome == ApplyOutcome::Skipped {
            fleet.again.insert(job.tenant().to_owned());
        }
    }
}

impl Ending {
    fn of(carried: Result<Carried, ApplyError>) -> Self {
        match carried {
            Ok(carried) => Self {
                outcome: ApplyOutcome::Applied,
                end: Some(carried.end),
                left: carried.remaining.len(),
                error: None,
            },
            Err(error) => Self {
                outcome: if is_skipped(&error) { ApplyOutcome::Skipped } else { ApplyOutcome::Failed },
                end: None,
                left: 0,
                error: Some((error.to_string(), error.advice())),
            },
        }
    }
}

/// Whether the plan is not to blame: the tenant was another one, somebody else was at work, or undrift is to end.
fn is_skipped(error: &ApplyError) -> bool {
    match error {
        ApplyError::Busy | ApplyError::Stale { .. } | ApplyError::Unrecorded(_) => true,
        ApplyError::Step(stopped) => matches!(stopped.cause, Cause::Request),
        ApplyError::Backup(error) => matches!(error, BackupError::Stopped),
        ApplyError::Db(_) => false,
    }
}

fn not_begun() -> Ending {
    Ending { outcome: ApplyOutcome::Skipped, end: None, left: 0, error: None }
}
