//! Telling people what happens, through webhooks.
//!
//! [`Notifier::notify`] only puts an [`Event`] into the queue of each hook that wants to hear of it. A task
//! for each hook sends what waits, in order, again and again with pauses in between if it must. Nobody waits
//! for a hook: where too much is waiting, the oldest goes. `docs/webhooks.md` describes the messages.

mod attempt;
mod event;
mod message;
mod queue;
mod sender;
mod signature;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::config::Webhook;
use crate::telemetry::Metrics;

use queue::Queue;
use sender::Sender;

pub use event::{Event, Tenants};
pub use message::FORMAT;
pub use signature::sign;

/// Tells webhooks what happens.
pub struct Notifier {
    queues: Vec<(Webhook, Arc<Queue>)>,
    senders: JoinSet<()>,
    metrics: Arc<Metrics>,
}

/// How patient a notifier is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// How often a message is sent at most.
    pub attempts: u32,
    /// How long is waited before the second time; twice as long before each further one.
    pub first_pause: Duration,
    /// How long is waited at most, also if the hook asks for more.
    pub longest_pause: Duration,
    /// How long one attempt may take.
    pub timeout: Duration,
    /// How many messages wait for one hook at most.
    pub waiting: usize,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            attempts: 8,
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(60),
            timeout: Duration::from_secs(10),
            waiting: 100,
        }
    }
}

/// Why nobody can be told anything.
#[derive(Debug, thiserror::Error)]
#[error("webhooks cannot be called: {0}; install the system's CA certificates (ca-certificates)")]
pub struct NoClient(#[source] reqwest::Error);

impl Notifier {
    /// A notifier for some hooks, on the current tokio runtime. Without hooks it needs nothing and does nothing.
    ///
    /// # Errors
    /// The system's CA certificates cannot be had.
    pub fn new(hooks: Vec<Webhook>, patience: Patience, metrics: Arc<Metrics>) -> Result<Self, NoClient> {
        let mut senders = JoinSet::new();
        let mut queues = Vec::with_capacity(hooks.len());
        if !hooks.is_empty() {
            let client = attempt::client(patience.timeout).map_err(NoClient)?;
            for hook in hooks {
                let queue = Arc::new(Queue::new(patience.waiting));
                let sender = Sender::new(&hook, client.clone(), patience, Arc::clone(&metrics));
                senders.spawn(sender.run(Arc::clone(&queue)));
                queues.push((hook, queue));
            }
        }
        Ok(Self { queues, senders, metrics })
    }

    /// Tells every hook that wants to hear of it, without waiting for any.
    pub fn notify(&self, event: Event) {
        let event = Arc::new(event);
        for (hook, queue) in self.queues.iter().filter(|(hook, _)| hook.events.contains(&event.kind)) {
            if queue.push(Arc::clone(&event)).is_some() {
                self.metrics.webhooks.dropped();
                tracing::warn!(webhook = %attempt::host(hook), "too many messages are waiting: the oldest was dropped");
            }
        }
    }

    /// Lets what waits go out, for so long at most. What is left then is dropped.
    pub async fn finish(mut self, within: Duration) {
        for (_, queue) in &self.queues {
            queue.close();
        }
        let all = async { while self.senders.join_next().await.is_some() {} };
        if timeout(within, all).await.is_err() {
            // A sender that still runs has a message in its hands.
            let left = self.senders.len() + self.queues.iter().map(|(_, queue)| queue.len()).sum::<usize>();
            self.senders.shutdown().await;
            (0..left).for_each(|_| self.metrics.webhooks.dropped());
        }
    }
}
