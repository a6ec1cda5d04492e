//! Composes the stages: what a database is, what it should be, the proved plan between them, what
//! policy says about it, and carrying it out.
//!
//! [`Reconciler`] works shape by shape: tenants with one fingerprint are compared, planned and
//! proved once. Only facts, verdicts and the run itself belong to a tenant.

mod assess;
mod backup;
mod beside;
mod carry_out;
mod code;
mod copy;
mod dependents;
mod endings;
mod error;
mod facts;
mod fleet;
mod given_names;
mod hands;
mod implicit;
mod judged;
mod obstacle;
pub mod plan_file;
mod quarantine;
mod reference;
mod remains;
mod rights;
pub mod script;
mod settle;
mod shared;
mod unique;

pub mod rollout;
mod study;
pub mod watch;
pub mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::sync::Mutex;

pub use assess::{Assessment, Outlook};
pub use backup::{Precaution, before_purge};
pub use carry_out::{Carried, Errand, Way, carry_out};
pub use error::ReconcileError;
pub use facts::{Counts, Facts, NotKnown, Violation};
pub use fleet::{Fleet, Group, Member as FleetMember, Past, Shape, of_its_server, survey};
pub use quarantine::Choice;
pub use reference::Reference;
use shared::Shared;
pub use study::Study;

use crate::apply;
use crate::db::{Connection, DbError, Patience, Place, Reading, Session, Target};
use crate::desired::Declared;
use crate::model::{Engine, Hash, Opaque, Platform, Schema};
use crate::policy::Policy;

/// What each schema came to on each kind of server.
type References = Shared<(Option<String>, Platform, Hash, Hash), Result<Arc<Reference>, Arc<ReconcileError>>>;

/// One process' knowledge of references, and how to get at scratch databases.
pub struct Reconciler {
    /// How long connecting and reading may take.
    pub patience: Patience,
    /// Servers to make scratch databases on, where the tenant's own is not to be used.
    pub scratch: BTreeMap<Engine, Target>,
    swept: Mutex<BTreeSet<String>>,
    references: References,
}

/// What was found when a database was looked at.
#[derive(Clone, Debug)]
pub struct Observed {
    /// The server.
    pub platform: Platform,
    /// Where it is, as the server says.
    pub place: Place,
    /// What the catalog holds.
    pub reading: Reading,
}

/// What a policy says of how a plan runs.
pub fn limits(policy: &Policy) -> apply::Limits {
    let limits = &policy.limits;
    apply::Limits {
        lock_timeout: limits.lock_timeout,
        statement_timeout: limits.statement_timeout,
        slow_statement_timeout: limits.slow_statement_timeout,
        retries: limits.retries,
        batch: usize::try_from(limits.backfill_batch).unwrap_or(usize::MAX),
        batch_pause: limits.backfill_pause,
    }
}

impl Reconciler {
    /// A reconciler that knows nothing yet.
    pub fn new(patience: Patience, scratch: BTreeMap<Engine, Target>) -> Self {
        Self { patience, scratch, swept: Mutex::default(), references: References::default() }
    }

    /// Connects to a database and reads it.
    ///
    /// # Errors
    /// What the server or the network said.
    pub async fn observe(&self, target: &Target) -> Result<(Session, Observed), DbError> {
        let mut session = Session::connect(target, self.patience).await?;
        let reading = session.read().await?;
        let observed = Observed { platform: session.platform().clone(), place: session.place().clone(), reading };
        Ok((session, observed))
    }

    /// Removes what killed runs left behind on a tenant's server, and on the scratch server that
    /// stands in for it; once for each server. That a server refuses this is no reason to stop.
    async fn sweep(&self, session: &mut Session, target: &Target) {
        if self.swept.lock().await.insert(target.server()) {
            tell_swept(session.sweep().await);
        }
        if let Some(server) = self.scratch.get(&target.engine())
            && self.swept.lock().await.insert(server.server())
        {
            tell_swept(self.sweep_server(server).await);
        }
    }

    async fn sweep_server(&self, server: &Target) -> Result<Vec<String>, DbError> {
        let mut session = Session::connect(server, self.patience).await?;
        let swept = session.sweep().await;
        session.close().await;
        swept
    }

    /// The declared schema as the server of this session reads it back, or the one that is named for scratch. Built once per
    /// server, database defaults and schema: what one server says is believed of that server alone.
    ///
    /// A declared schema may use what undrift does not model: a sequence, a domain, a function. Where the
    /// server does not take it by itself, it is built beside what the tenant has of these.
    ///
    /// # Errors
    /// When the declared schema is not for this server, or the server refuses it.
    pub async fn reference(
        &self,
        session: &mut Session,
        declared: &Declared,
        tenant: &Schema,
    ) -> Result<Arc<Reference>, Arc<ReconcileError>> {
        let alone = self.cached_reference(session, declared, &[]).await;
        match alone {
            Err(error) if matches!(*error, ReconcileError::Unbuildable { .. }) => {
                let beside = beside::of(session.platform(), declared, tenant);
                if beside.is_empty() {
                    return Err(error);
                }
                self.cached_reference(session, declared, &beside).await.map_err(|_| error)
            }
            other => other,
        }
    }

    /// The reference for a tenant of this server, if it has been built.
    pub fn known_reference(&self, target: &Target, platform: &Platform, declared: &Declared) -> Option<Arc<Reference>> {
        let nothing: &[Opaque] = &[];
        let judge = self.judge(target.engine(), target.judge());
        self.references.get(&(judge, platform.clone(), declared.hash(), Hash::of_json(&nothing)))?.ok()
    }

    /// Which server says what a declared schema means to a tenant: the one that scratch databases are made on.
    fn judge(&self, engine: Engine, own: Option<String>) -> Option<String> {
        self.scratch.get(&engine).map_or(own, Target::judge)
    }

    async fn cached_reference(
        &self,
        session: &mut Session,
        declared: &Declared,
        beside: &[Opaque],
    ) -> Result<Arc<Reference>, Arc<ReconcileError>> {
        let judge = self.judge(session.platform().engine(), session.judge());
        let key = (judge, session.platform().clone(), declared.hash(), Hash::of_json(&beside));
        let build = async { reference::build(self, session, declared, beside).await.map(Arc::new).map_err(Arc::new) };
        // A server that did not answer may answer the next time; a schema that does not fit never will.
        let passes = |error: &Arc<_>| matches!(**error, ReconcileError::Db(_) | ReconcileError::Scratch(_));
        self.references.get_or(key, build, |built| !built.as_ref().is_err_and(passes)).await
    }

    /// An empty scratch database for this session's database.
    async fn empty_scratch(
        &self,
        session: &mut Session,
        wanted: &Schema,
    ) -> Result<crate::db::Scratch, ReconcileError> {
        let server = self.scratch.get(&session.platform().engine());
        let mut scratch = session.scratch(server, wanted).await.map_err(ReconcileError::Scratch)?;
        if let Err(error) = scratch.session.prepare().await {
            let _ = scratch.discard().await;
            return Err(ReconcileError::Scratch(error));
        }
        Ok(scratch)
    }
}

fn tell_swept(swept: Result<Vec<String>, DbError>) {
    match swept {
        Ok(names) => names.iter().for_each(|name| tracing::info!(name, "removed what a killed run had left behind")),
        Err(error) => tracing::warn!(%error, "what killed runs left behind could not be looked for"),
    }
}
