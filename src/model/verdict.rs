//! What policy says about a change.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What may become of a change on one tenant now. Ordered from the freest to the strictest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It runs.
    Allow,
    /// It is not counted as drift.
    Ignore,
    /// It waits for its window.
    Hold,
    /// It waits for a person.
    Ask,
    /// It never runs and stays drift.
    Deny,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Verdict::Allow => "allow",
            Verdict::Ignore => "ignore",
            Verdict::Hold => "hold",
            Verdict::Ask => "ask",
            Verdict::Deny => "deny",
        })
    }
}

/// Why a verdict was given.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Reason {
    /// A rule of the policy matched.
    Rule {
        /// The rule's name, or `rule 3` where it has none.
        name: String,
    },
    /// No rule matched: a person is asked.
    NoRule,
    /// A rule matched and its window is closed.
    Window {
        /// The rule's name.
        rule: String,
        /// The window's name.
        window: String,
        /// When it opens next, as RFC 3339.
        opens: Option<String>,
    },
    /// A `deny` window is open: nothing runs.
    Frozen {
        /// The window's name.
        window: String,
        /// When it closes, as RFC 3339.
        closes: String,
    },
    /// A waiver accepts the drift until a date.
    Waiver {
        /// The waiver's name.
        name: String,
        /// The last day it holds, as `2027-01-31`.
        until: String,
        /// Who answers for it.
        owner: String,
    },
    /// Something it needs is kept back.
    Needs {
        /// The object that is kept back.
        object: String,
    },
    /// It is not declared, and `extras` says to leave such things.
    Extra,
    /// The rows do not allow it.
    Data {
        /// What was found, with a count.
        finding: String,
    },
    /// The server copies the table for it, and it has more rows than `max_copy_rows` allows, or nobody knows how many.
    Copy {
        /// How many rows the table has, if that is known.
        rows: Option<u64>,
        /// How many it may have.
        limit: u64,
    },
    /// What has to be known of the rows could not be found out: a person decides.
    NotKnown {
        /// What, and why not.
        what: String,
    },
    /// It could run code of the tenant's, over a login that has rights beyond the tenant.
    Login {
        /// What the login can do, and what is missing.
        missing: String,
        /// What gives it: a statement, or what to write.
        remedy: String,
    },
    /// Policy wants a backup first that would keep plain text which is about to become hashes.
    PlainText {
        /// The table.
        table: String,
        /// The column that holds the plain text.
        column: String,
    },
    /// The reviewed plan file says something freer than the policy does now.
    Stricter {
        /// What the file says.
        reviewed: Verdict,
        /// Why the policy says otherwise, as a clause.
        why: String,
    },
    /// The reviewed plan file leaves it out.
    NotReviewed,
    /// The tenant had tables before and has none now: nobody but a person can let it be filled.
    Emptied,
    /// The plan could not be proved: nobody but a person can let it run.
    Unproved {
        /// What stood in the way.
        why: String,
    },
}

/// A verdict with its reason.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Ruling {
    /// The verdict.
    pub verdict: Verdict,
    /// Why.
    pub reason: Reason,
}
