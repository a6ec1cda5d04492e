//! Questions to people, and waivers.

use jiff::Timestamp;

use super::registrar::{Counter, Gauge, Registrar, number, seconds};

/// Questions to people, and waivers.
pub struct Approvals {
    pending: Gauge<0>,
    oldest: Gauge<0>,
    answers: Counter<1>,
    waivers: Gauge<1>,
}

/// What became of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// Yes.
    Approved,
    /// No.
    Rejected,
    /// Nobody answered in time.
    Expired,
    /// There was nothing to approve any more.
    Withdrawn,
}

impl Answered {
    fn key(self) -> &'static str {
        match self {
            Answered::Approved => "approved",
            Answered::Rejected => "rejected",
            Answered::Expired => "expired",
            Answered::Withdrawn => "withdrawn",
        }
    }
}

impl Approvals {
    pub(super) fn new(registrar: &mut Registrar) -> Self {
        Self {
            pending: registrar.gauge("undrift_pending_approvals", "Questions that a person has to answer.", []),
            oldest: registrar.gauge(
                "undrift_oldest_pending_approval_timestamp_seconds",
                "When the question that waits longest was asked; absent if nothing is asked.",
                [],
            ),
            answers: registrar.counter(
                "undrift_approvals_total",
                "Questions to people that are no longer open, by what became of them.",
                ["outcome"],
            ),
            waivers: registrar.gauge(
                "undrift_waivers",
                "Waivers of the policy's file and of the state, by whether they still hold.",
                ["state"],
            ),
        }
    }

    /// So many questions are open, the oldest since then.
    pub fn pending(&self, questions: usize, oldest: Option<Timestamp>) {
        self.pending.show(Some(number(questions as u64)));
        self.oldest.show(oldest.map(seconds));
    }

    /// A question is no longer open.
    pub fn answered(&self, answered: Answered) {
        self.answers.increase([answered.key()]);
    }

    /// So many waivers hold, and so many do not any more.
    pub fn waivers(&self, active: usize, expired: usize) {
        self.waivers.set(["active"], number(active as u64));
        self.waivers.set(["expired"], number(expired as u64));
    }
}
