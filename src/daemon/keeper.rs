//! The lease: one service works on one state, a second one stands by.

use std::path::Path;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::model::Hash;
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
        let here = here();
        let holder = format!("{} {here}", std::process::id());
        let mut told = false;
        loop {
            super::service::beat();
            if let Some(epoch) = store.lease(&holder, LEASE).await? {
                return Ok(Some(Self { store: store.clone(), epoch }));
            }
            match store.leaseholder().await? {
                Some((other, epoch)) if is_gone(&other, &here) => {
                    tracing::warn!(other, "the undrift that worked on this state was killed; taking over");
                    store.release(epoch).await?;
                    continue;
                }
                Some((other, _)) if !std::mem::replace(&mut told, true) => {
                    tracing::info!(other, "another undrift works on this state; standing by");
                }
                _ => {}
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

/// Whether a holder of the lease is a process of this machine that does not run any more: it need not be waited for.
fn is_gone(holder: &str, here: &str) -> bool {
    holder.split_once(' ').is_some_and(|(process, place)| {
        let is_number = process.parse::<u32>().is_ok();
        is_number && place == here && Path::new("/proc/self").exists() && !Path::new("/proc").join(process).exists()
    })
}

/// Where processes have the numbers that they have: `on vm (3f2a91c07b5d)`. Another boot, machine or container is
/// another place, whatever it is called.
fn here() -> String {
    let read = |file: &str| std::fs::read_to_string(file).unwrap_or_default().trim().to_owned();
    let numbers = std::fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    let place = Hash::of_json(&(read("/proc/sys/kernel/random/boot_id"), numbers)).short();
    match read("/proc/sys/kernel/hostname") {
        host if host.is_empty() => format!("on this host ({place})"),
        host => format!("on {host} ({place})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_process_of_this_place_can_be_told_to_be_gone() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let id = child.id();
        child.wait().unwrap();
        assert!(is_gone(&format!("{id} {}", here()), &here()));
        assert!(!is_gone(&format!("{} {}", std::process::id(), here()), &here()), "this one runs");
        assert!(!is_gone(&format!("{id} on vm (3f2a91c07b5d)"), &here()), "it may run elsewhere");
        for odd in ["", "self", "4", "../1 on", &format!(". {}", here())] {
            assert!(!is_gone(odd, &here()), "{odd}");
        }
    }
}
