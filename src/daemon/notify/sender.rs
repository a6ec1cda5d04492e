//! Sending what waits for one hook, in order and with patience.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;

use crate::config::Webhook;
use crate::telemetry::Metrics;

use super::attempt::{self, Answer};
use super::queue::Queue;
use super::{Event, Patience, message};

/// Sends to one hook.
pub(super) struct Sender {
    hook: Webhook,
    host: String,
    client: Client,
    patience: Patience,
    metrics: Arc<Metrics>,
}

impl Sender {
    pub(super) fn new(hook: &Webhook, client: Client, patience: Patience, metrics: Arc<Metrics>) -> Self {
        Self { host: attempt::host(hook), hook: hook.clone(), client, patience, metrics }
    }

    /// Sends what comes until the queue is closed and empty.
    pub(super) async fn run(self, queue: Arc<Queue>) {
        while let Some(event) = queue.pop().await {
            match self.deliver(&event).await {
                Ok(()) => self.metrics.webhooks.delivered(),
                Err(why) => {
                    self.metrics.webhooks.failed();
                    tracing::warn!(webhook = %self.host, event = %event.kind, %why, "a message was not delivered");
                }
            }
        }
    }

    /// Sends one message until it is taken or refused, or patience ends.
    async fn deliver(&self, event: &Event) -> Result<(), String> {
        let body = message::body(event, self.hook.format);
        let mut attempts = 1;
        let mut pause = self.patience.first_pause;
        loop {
            let (why, wanted) = match attempt::send(&self.client, &self.hook, event.kind, body.clone()).await {
                Answer::Taken => return Ok(()),
                Answer::Refused { why } => return Err(why),
                Answer::Later { why, .. } if attempts >= self.patience.attempts => return Err(why),
                Answer::Later { why, after } => (why, after),
            };
            self.metrics.webhooks.retried();
            tracing::debug!(webhook = %self.host, %why, "a message is sent again");
            tokio::time::sleep(self.pause(pause, wanted)).await;
            attempts += 1;
            pause = pause.saturating_mul(2);
        }
    }

    /// How long to wait: what is usual, or what the hook asks for if that is longer.
    fn pause(&self, usual: Duration, wanted: Option<Duration>) -> Duration {
        usual.max(wanted.unwrap_or_default()).min(self.patience.longest_pause)
    }
}
