//! What undrift's logins may do, said once for each of them in the log.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use super::Daemon;
use crate::db::{Connection, DbError, Standing, Target};
use crate::model::Hash;

impl Daemon {
    /// Finds out, beside everything else, over which logins tenants are changed, for each login that was not told of yet:
    /// on one of its tenants, which stands for the others.
    pub(super) async fn tell_of_logins(self: &Arc<Self>) {
        let unknown: BTreeMap<Hash, Target> = {
            let fleet = self.fleet.lock().await;
            let told = self.told_of.lock().unwrap_or_else(PoisonError::into_inner);
            let targets = fleet.tenants.values().map(|entry| entry.member.target.clone());
            let logins = targets.filter_map(|target| Some((target.login().ok()?, target)));
            logins.filter(|(login, target)| target.server_has_logins() && !told.contains(login)).collect()
        };
        if unknown.is_empty() {
            return;
        }
        let daemon = Arc::clone(self);
        self.tasks.spawn(async move {
            tokio::select! {
                () = daemon.stopping.cancelled() => {}
                () = daemon.tell_of_each(unknown) => {}
            }
        });
    }

    async fn tell_of_each(&self, logins: BTreeMap<Hash, Target>) {
        for (login, target) in logins {
            match self.standing(&target).await {
                Ok(standing) => tell(&target, &standing),
                Err(error) => {
                    tracing::debug!(%target, %error, "it is not known what the login may do");
                    continue;
                }
            }
            self.told_of.lock().unwrap_or_else(PoisonError::into_inner).insert(login);
        }
    }

    async fn standing(&self, target: &Target) -> Result<Standing, DbError> {
        let watch = self.watch();
        let _turn = watch.visitor.turn(target).await;
        let mut session = watch.visitor.session(target).await?;
        let standing = session.standing().await;
        session.close().await;
        standing
    }
}

fn tell(target: &Target, standing: &Standing) {
    match standing {
        Standing::Own => tracing::info!(%target, "tenants are changed over this login"),
        Standing::Other => tracing::info!(
            %target,
            "this login has rights beyond its tenants: each is changed over a login that is made for it"
        ),
        Standing::Refused(refusal) => tracing::warn!(
            %target,
            missing = refusal.missing,
            next = refusal.remedy,
            "what could run code of a tenant's is blocked"
        ),
    }
}
