//! Carrying a plan out on one tenant, and making sure that it did what it said.

use super::{Observed, Precaution, Reconciler, Study, backup, remains};
use crate::apply::{self, ApplyError, Limits, Progress};
use crate::db::{Connection, DbError, Session, Target, Trouble};
use crate::model::{Change, Fingerprint, Plan};

/// What a run left behind.
#[derive(Debug)]
pub struct Carried {
    /// What still differs: what the plan left out.
    pub remaining: Vec<Change>,
    /// The fingerprint that was read afterwards.
    pub end: Fingerprint,
}

/// A plan that is to run on a tenant.
#[derive(Clone, Copy)]
pub struct Errand<'a> {
    /// The tenant's database.
    pub target: &'a Target,
    /// Its shape.
    pub study: &'a Study,
    /// The plan.
    pub plan: &'a Plan,
    /// Time-outs and retries.
    pub limits: &'a Limits,
    /// What is to be backed up before, if anything.
    pub precaution: Option<Precaution<'a>>,
}

impl<'a> Errand<'a> {
    /// A plan that nothing has to be backed up for.
    pub fn of(target: &'a Target, study: &'a Study, plan: &'a Plan, limits: &'a Limits) -> Self {
        Self { target, study, plan, limits, precaution: None }
    }

    /// The same after a backup.
    #[must_use]
    pub fn after(self, precaution: Precaution<'a>) -> Self {
        Self { precaution: Some(precaution), ..self }
    }
}

/// Connects to a tenant, runs a plan on it and reads it again.
///
/// # Errors
/// What stopped the plan; or, when it ran and the database is not what it should be then, what is
/// left that should not be.
pub async fn carry_out(
    reconciler: &Reconciler,
    errand: &Errand<'_>,
    progress: &mut dyn Progress,
) -> Result<Carried, ApplyError> {
    let mut session = Session::connect(errand.target, reconciler.patience).await?;
    let outcome = locked(reconciler, &mut session, errand, progress).await;
    if !matches!(outcome, Err(ApplyError::Busy | ApplyError::Stale { .. })) {
        // The lock ends with the session anyway; giving it back early spares a waiting run a moment.
        let _ = session.unlock().await;
    }
    session.close().await;
    outcome
}

/// Does it under undrift's lock.
async fn locked(
    reconciler: &Reconciler,
    session: &mut Session,
    errand: &Errand<'_>,
    progress: &mut dyn Progress,
) -> Result<Carried, ApplyError> {
    let Errand { target, study, plan, limits, precaution } = errand;
    let scope = |schema| study.reference.wanted.scope.apply(schema);
    apply::begin(session, plan, limits, scope).await?;
    if let Some(precaution) = precaution {
        backup::take(session, target, precaution, plan, limits, scope, progress).await?;
    }
    run_and_verify(reconciler, session, study, plan, limits, progress).await
}

async fn run_and_verify(
    reconciler: &Reconciler,
    session: &mut Session,
    study: &Study,
    plan: &Plan,
    limits: &Limits,
    progress: &mut dyn Progress,
) -> Result<Carried, ApplyError> {
    apply::run(session, plan, limits, progress).await?;
    let reading = session.read().await?;
    let end = Fingerprint::of(&study.reference.wanted.scope.apply(reading.schema.clone()));
    if plan.end == Some(end) {
        return Ok(Carried { remaining: plan.left_out.clone(), end });
    }
    let observed = Observed { platform: session.platform().clone(), place: session.place().clone(), reading };
    let unknown = |why: String| {
        let error = DbError::new(Trouble::Unreadable, "read the database again after the plan ran", why);
        ApplyError::Db(error.with_remedy("run plan to see what is left"))
    };
    let remaining = reconciler.remaining(session, &observed, &study.reference).await;
    let remaining = remaining.map_err(|error| unknown(error.to_string()))?;
    match remains::surprise(plan, &remaining) {
        Some(why) => Err(unknown(format!("the plan ran, but {why}"))),
        None => Ok(Carried { remaining, end }),
    }
}
