//! Webhooks as they are configured.

use std::fmt;

use secrecy::SecretString;

/// Somebody who is told what happens.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// Where to. Of many services the URL itself is the secret.
    pub url: SecretString,
    /// What is sent.
    pub format: WebhookFormat,
    /// The key that messages are signed with.
    pub secret: Option<SecretString>,
    /// What it is told.
    pub events: Vec<Occasion>,
}

/// Makes an enum of the words that stand in the configuration.
macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $key:literal,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$doc])* $variant,)*
        }

        impl $name {
            /// All of them, in the order of the documentation.
            pub const ALL: [$name; [$($key),*].len()] = [$($name::$variant),*];

            /// How they are written.
            pub const KEYS: [&str; [$($key),*].len()] = [$($key),*];

            /// How it is written.
            pub const fn key(self) -> &'static str {
                match self {
                    $($name::$variant => $key,)*
                }
            }

            /// The one that is written so.
            pub fn of(key: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|word| word.key() == key)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.key())
            }
        }
    };
}

words! {
    /// What a webhook is sent.
    WebhookFormat {
        /// undrift's own JSON.
        Json = "json",
        /// What Slack's incoming webhooks take, and what imitates them.
        Slack = "slack",
    }
}

words! {
    /// What people are told about.
    Occasion {
        /// Tenants differ from their schema.
        DriftFound = "drift_found",
        /// A person has to approve a plan.
        ApprovalNeeded = "approval_needed",
        /// A plan ran.
        Applied = "applied",
        /// A plan failed too often, or the rows do not allow it.
        Blocked = "blocked",
        /// A rollout's failure budget is spent.
        RolloutStopped = "rollout_stopped",
        /// So much would change at once that a person is asked.
        BrakeEngaged = "brake_engaged",
        /// Drift comes back after every repair.
        Flapping = "flapping",
        /// A tenant had tables and has none.
        TenantEmptied = "tenant_emptied",
    }
}
