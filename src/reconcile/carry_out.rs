//! Carrying a plan out on one tenant, and making sure that it did what it said.

use std::sync::Arc;

use super::{Observed, Reconciler, Study, remains};
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

/// Connects to a tenant, runs a plan on it and reads it again.
///
/// # Errors
/// What stopped the plan; or, when it ran and the database is not what it should be then, what is
/// left that should not be.
pub async fn carry_out(
    reconciler: &Reconciler,
    target: &Target,
    study: &Study,
    plan: &Arc<Plan>,
    limits: &Limits,
    progress: &mut dyn Progress,
) -> Result<Carried, ApplyError> {
    let mut session = Session::connect(target, reconciler.patience).await?;
    let scope = &study.reference.wanted.scope;
    let begun = apply::begin(&mut session, plan, limits, |schema| scope.apply(schema)).await;
    let outcome = match begun {
        Ok(_) => run_and_verify(reconciler, &mut session, study, plan, limits, progress).await,
        Err(error) => Err(error),
    };
    if !matches!(outcome, Err(ApplyError::Busy | ApplyError::Stale { .. })) {
        // The lock ends with the session anyway; giving it back early spares a waiting run a moment.
        let _ = session.unlock().await;
    }
    session.close().await;
    outcome
}

async fn run_and_verify(
    reconciler: &Reconciler,
    session: &mut Session,
    study: &Study,
    plan: &Arc<Plan>,
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
