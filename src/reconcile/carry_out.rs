//! Carrying a plan out on one tenant, and making sure that it did what it said.

use super::endings::{Beginning, Ending};
use super::hands::Hands;
use super::{Observed, Precaution, Reconciler, Study, backup, remains, rights};
use crate::apply::{self, ApplyError, Limits, Progress};
use crate::db::{Connection, DbError, Memo, Session, Target, Trouble, Visitor};
use crate::model::{Change, Fingerprint, Plan};

/// What a run left behind.
#[derive(Debug)]
pub struct Carried {
    /// What still differs: what the plan left out.
    pub remaining: Vec<Change>,
    /// The fingerprint that was read afterwards.
    pub end: Fingerprint,
}

/// The way to a tenant.
#[derive(Clone, Copy)]
pub struct Way<'a> {
    target: &'a Target,
    /// What knows the tenant's server.
    visitor: Option<&'a Visitor>,
    /// What the last visit learned, if the tenant had the structure then that the plan begins with.
    known: Option<&'a Memo>,
}

impl<'a> Way<'a> {
    /// The way to a tenant of which a visitor knows the server, and perhaps the structure that the plan begins with.
    pub fn known(visitor: &'a Visitor, target: &'a Target, start: Option<&'a Memo>) -> Self {
        Self { target, visitor: Some(visitor), known: start }
    }

    async fn go(self, reconciler: &Reconciler) -> Result<Session, DbError> {
        match self.visitor {
            Some(visitor) => visitor.session(self.target).await,
            None => Session::connect(self.target, reconciler.patience).await,
        }
    }
}

/// The way to a tenant of which nothing is known.
impl<'a> From<&'a Target> for Way<'a> {
    fn from(target: &'a Target) -> Self {
        Self { target, visitor: None, known: None }
    }
}

/// A plan that is to run on a tenant.
#[derive(Clone, Copy)]
pub struct Errand<'a> {
    way: Way<'a>,
    study: &'a Study,
    plan: &'a Plan,
    limits: &'a Limits,
    precaution: Option<Precaution<'a>>,
}

impl<'a> Errand<'a> {
    /// A plan, made for the tenant's shape, that nothing has to be backed up for.
    pub fn of(way: impl Into<Way<'a>>, study: &'a Study, plan: &'a Plan, limits: &'a Limits) -> Self {
        Self { way: way.into(), study, plan, limits, precaution: None }
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
    let mut session = errand.way.go(reconciler).await?;
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
    let Errand { way, study, plan, limits, .. } = errand;
    let scope = |schema| study.reference.wanted.scope.apply(schema);
    apply::begin(session, plan, limits, way.known, scope).await?;
    let mut hands = Hands::of(session).await?;
    let ran = changed(&mut hands, errand, progress).await;
    hands.let_go().await;
    let followed = rights::follow(session, plan, ran.is_ok()).await;
    ran?;
    followed?;
    verified(reconciler, session, errand).await
}

/// Makes the backup and runs the plan, over a login that has rights in this tenant alone.
async fn changed(hands: &mut Hands<'_>, errand: &Errand<'_>, progress: &mut dyn Progress) -> Result<(), ApplyError> {
    let Errand { way, study, plan, limits, precaution } = errand;
    if let Some(refusal) = hands.refused(plan).await? {
        return Err(refusal.error(format!("change {}", way.target)).into());
    }
    let scope = |schema| study.reference.wanted.scope.apply(schema);
    hands.session().prepare().await?;
    if let Some(precaution) = precaution {
        backup::take(hands, way.target, precaution, plan, limits, scope, progress).await?;
    }
    hands.run(plan, limits, progress).await
}

/// Makes sure that a plan which ran did what it said.
async fn verified(reconciler: &Reconciler, session: &mut Session, errand: &Errand<'_>) -> Result<Carried, ApplyError> {
    let Errand { study, plan, .. } = errand;
    let end = end(session, errand).await?;
    if plan.end == Some(end) {
        return Ok(Carried { remaining: plan.left_out.clone(), end });
    }
    let reading = session.read().await?;
    let end = study.reference.fingerprint_of(reading.schema.clone());
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

/// The fingerprint of what a plan led to: read, or known from a tenant that is kept in the same way.
async fn end(session: &mut Session, errand: &Errand<'_>) -> Result<Fingerprint, ApplyError> {
    let Errand { way, study, plan, .. } = errand;
    let Some((end, start)) = plan.end.zip(way.known) else {
        return Ok(study.reference.fingerprint_of(session.structure().await?));
    };
    let beginning = Beginning::of(way.target, start.alike(), end);
    let (structure, ending) = match study.endings.of(&beginning) {
        Some(Ending::Alike(memo)) => match session.look_again(&memo).await? {
            Some(structure) => (structure, Some(Ending::Unlike)),
            None => return Ok(end),
        },
        Some(Ending::Unlike) => (session.structure().await?, None),
        None => {
            let (structure, memo) = session.learn().await?;
            (structure, memo.map(Ending::Alike))
        }
    };
    let found = study.reference.fingerprint_of(structure);
    if let Some(ending) = ending.filter(|_| found == end) {
        study.endings.remember(beginning, ending);
    }
    Ok(found)
}
