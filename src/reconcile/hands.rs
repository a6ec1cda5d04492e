//! The hands with which a tenant is touched: undrift's own session where its login has rights in this tenant alone,
//! otherwise one over a login that has.

use std::time::Duration;

use super::code;
use crate::apply::{self, ApplyError, Limits, Progress};
use crate::db::{Confined, Connection, DbError, Refusal, Session, Standing, Target};
use crate::model::Plan;

/// How often undrift's own session is used while another one works, so that nobody takes it for a forgotten one: it
/// holds the lock.
const SIGN_OF_LIFE: Duration = Duration::from_secs(20);

/// undrift's own session with a tenant, and the one that touches what belongs to it.
pub(super) struct Hands<'a> {
    own: &'a mut Session,
    standing: Standing,
    confined: Option<Confined>,
}

impl<'a> Hands<'a> {
    /// Finds out what undrift's own session may do. No login is made yet.
    pub(super) async fn of(own: &'a mut Session) -> Result<Self, DbError> {
        let standing = own.standing().await?;
        Ok(Self { own, standing, confined: None })
    }

    /// undrift's own session: for the catalog and the lock.
    pub(super) fn own(&mut self) -> &mut Session {
        self.own
    }

    /// The session that touches what belongs to the tenant: undrift's own unless a login was made.
    pub(super) fn session(&mut self) -> &mut Session {
        match &mut self.confined {
            Some(confined) => &mut confined.session,
            None => self.own,
        }
    }

    /// Whether undrift's own session is the one that touches what belongs to the tenant.
    pub(super) fn are_own(&self) -> bool {
        self.standing == Standing::Own
    }

    /// How tools log in that do the same.
    pub(super) fn target<'t>(&'t self, own: &'t Target) -> &'t Target {
        self.confined.as_ref().map_or(own, Confined::target)
    }

    /// Why rows cannot be looked at, if they cannot. Makes the login if that is what it takes.
    pub(super) async fn barred(&mut self) -> Result<Option<&Refusal>, DbError> {
        if self.standing == Standing::Other && self.confined.is_none() {
            match self.own.confined().await? {
                Ok(confined) => self.confined = Some(confined),
                Err(refusal) => self.standing = Standing::Refused(refusal),
            }
        }
        Ok(self.refusal())
    }

    /// Why rows cannot be looked at, as far as it was found out.
    pub(super) fn refusal(&self) -> Option<&Refusal> {
        match &self.standing {
            Standing::Refused(refusal) => Some(refusal),
            Standing::Own | Standing::Other => None,
        }
    }

    /// Why a plan does not run, if it does not. What changes the structure alone, and evaluates nothing, runs over undrift's
    /// own login where there is no other.
    pub(super) async fn refused(&mut self, plan: &Plan) -> Result<Option<&Refusal>, DbError> {
        let runs_code = code::plan_may_run(plan);
        Ok(self.barred().await?.filter(|refusal| runs_code || refusal.everything))
    }

    /// Runs a plan.
    pub(super) async fn run(
        &mut self,
        plan: &Plan,
        limits: &Limits,
        progress: &mut dyn Progress,
    ) -> Result<(), ApplyError> {
        let Some(confined) = &mut self.confined else { return apply::run(self.own, plan, limits, progress).await };
        let running = apply::run(&mut confined.session, plan, limits, progress);
        tokio::pin!(running);
        loop {
            match tokio::time::timeout(SIGN_OF_LIFE, &mut running).await {
                Ok(ran) => return ran,
                // Without it there is no lock, and nothing may run.
                Err(_) => drop(self.own.count("SELECT 1").await?),
            }
        }
    }

    /// Uses the sessions, so that nobody takes them for forgotten ones.
    pub(super) async fn show_life(&mut self) -> Result<(), DbError> {
        self.own.count("SELECT 1").await?;
        if let Some(confined) = &mut self.confined {
            confined.session.count("SELECT 1").await?;
        }
        Ok(())
    }

    /// Removes the login that was made. That this fails is no reason to stop: the next run removes it.
    pub(super) async fn let_go(self) {
        if let Some(confined) = self.confined
            && let Err(error) = confined.dismiss(self.own).await
        {
            tracing::warn!(%error, "a login that was made for a tenant could not be removed");
        }
    }
}
