//! The lease: one service works on one state, a second one stands by.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::store::{Store, StoreError};

/// How long a lease holds without a renewal.
const LEASE: Duration = Duration::from_secs(30);

/// How often it is renewed, and how often one who stands by asks for it.
pub const BEAT: Duration = Duration::from_secs(5);

/// A lease that is held.
pub struct Lease {
    store: Store,
    epoch: i64,
}

impl Lease {
    /// Waits until the lease is free. `None`: undrift is to end before it was.
    ///
    /// # Errors
    /// When the state cannot be read or written.
    pub async fn take(store: &Store, stopping: &CancellationToken) -> Result<Option<Self>, StoreError> {
        let holder = format!("{} on {}", std::process::id(), host());
        let mut told = false;
        loop {
            super::service::beat();
            if let Some(epoch) = store.lease(&holder, LEASE).await? {
                return Ok(Some(Self { store: store.clone(), epoch }));
            }
            if !std::mem::replace(&mut told, true) {
                let other = store.leaseholder().await?.unwrap_or_default();
                tracing::info!(other, "another undrift works on this state; standing by");
            }
            tokio::select! {
                () = tokio::time::sleep(BEAT) => {}
                () = stopping.cancelled() => return Ok(None),
            }
        }
    }

    /// Keeps it. `false`: somebody else has it now, because this process was paused for too long.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn renew(&self) -> Result<bool, StoreError> {
        self.store.renew(self.epoch).await
    }

    /// Gives it back, so that one who stands by need not wait.
    pub async fn give_back(self) {
        if let Err(error) = self.store.release(self.epoch).await {
            tracing::warn!(%error, "the lease could not be given back; it ends by itself");
        }
    }
}

fn host() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .map_or_else(|_| "this host".to_owned(), |n| n.trim().to_owned())
}
