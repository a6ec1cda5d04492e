//! Messages to webhooks.

use super::registrar::{Counter, Registrar};

const OUTCOMES: [&str; 3] = ["delivered", "failed", "dropped"];

/// Messages to webhooks.
pub struct Webhooks {
    messages: Counter<1>,
    retries: Counter<0>,
}

impl Webhooks {
    pub(super) fn new(registrar: &mut Registrar) -> Self {
        let messages = registrar.counter(
            "undrift_webhook_messages_total",
            "Messages to webhooks: delivered, failed for good, or dropped because too many were waiting.",
            ["outcome"],
        );
        for outcome in OUTCOMES {
            messages.add([outcome], 0);
        }
        let retries =
            registrar.counter("undrift_webhook_retries_total", "How often a message to a webhook was sent again.", []);
        Self { messages, retries: retries.starting_at_zero() }
    }

    /// A message was taken.
    pub fn delivered(&self) {
        self.messages.increase(["delivered"]);
    }

    /// A message was refused, or not taken after all attempts.
    pub fn failed(&self) {
        self.messages.increase(["failed"]);
    }

    /// A message made room for newer ones.
    pub fn dropped(&self) {
        self.messages.increase(["dropped"]);
    }

    /// A message is sent again.
    pub fn retried(&self) {
        self.retries.increase([]);
    }
}
