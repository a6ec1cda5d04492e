//! The bell: tokio-cron-scheduler rings when a pass may be due.
//!
//! It only rings. Whether a pass is due is told by [`Clock`](super::clock::Clock), because the scheduler reckons
//! cron lines with a fixed offset and may ring late, twice or, after a late tick, not at all. The service's own
//! timer looks as well, so that a bell that does not ring is no harm.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};

use crate::config::Schedule;

/// The most often that it rings.
const SHORTEST: Duration = Duration::from_secs(1);

/// A bell for one schedule. It is silent when it is dropped.
pub struct Bell {
    scheduler: Option<JobScheduler>,
}

impl Bell {
    /// Rings `ears` by the schedule. A schedule that the scheduler does not take has no bell, and the service's own
    /// timer is enough.
    pub async fn hang(schedule: &Schedule, ears: Arc<Notify>) -> Self {
        match hung(schedule, ears).await {
            Ok(scheduler) => Self { scheduler: Some(scheduler) },
            Err(error) => {
                tracing::debug!(%error, "no bell for this schedule; the timer keeps it");
                Self { scheduler: None }
            }
        }
    }

    /// Takes it down.
    pub async fn take_down(mut self) {
        if let Some(mut scheduler) = self.scheduler.take() {
            let _ = scheduler.shutdown().await;
        }
    }
}

async fn hung(schedule: &Schedule, ears: Arc<Notify>) -> Result<JobScheduler, JobSchedulerError> {
    let scheduler = JobScheduler::new().await?;
    let job = match schedule {
        Schedule::Every(interval) => Job::new_repeated((*interval).max(SHORTEST), move |_, _| ears.notify_one())?,
        Schedule::Cron(calendar) => {
            // The scheduler's lines begin with the seconds.
            let text = calendar.text();
            let line = if text.split_whitespace().count() == 5 { format!("0 {text}") } else { text.to_owned() };
            Job::new(line.as_str(), move |_, _| ears.notify_one())?
        }
    };
    scheduler.add(job).await?;
    scheduler.start().await?;
    Ok(scheduler)
}
