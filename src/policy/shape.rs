//! The keys of a policy file: what is checked, shown by editors and documented.

use crate::model::{ChangeKind, Hazard};
use crate::yaml::{Key, Kind, Shape};

/// A policy file.
pub static POLICY: Shape = Shape {
    name: "a policy",
    keys: &[
        Key::required("policy", Kind::Text, "The policy's name, as plans and the audit show it."),
        Key::new(
            "rules",
            Kind::List(&Kind::Object(&RULE)),
            "Which changes run. The first rule that matches decides; if none does, a person is asked.",
        ),
        Key::new("windows", Kind::Map(&Kind::Object(&WINDOW)), "Hours that rules may name, by name."),
        Key::new("rollout", Kind::Object(&ROLLOUT), "How a change goes out over the fleet."),
        Key::new("brake", Kind::Object(&BRAKE), "When drift that nothing explains stops everything."),
        Key::new("limits", Kind::Object(&LIMITS), "Time-outs and retries of statements."),
        Key::new("waivers", Kind::List(&Kind::Object(&WAIVER)), "Drift that is accepted until a date."),
    ],
};

static RULE: Shape = Shape {
    name: "a rule",
    keys: &[
        Key::new("name", Kind::Text, "What the rule is called where its verdict is shown."),
        Key::new("match", Kind::Object(&MATCH), "What it is about; everything when it is left out."),
        Key::required(
            "then",
            Kind::Words(&["allow", "ask", "hold", "deny", "ignore"]),
            "The verdict: allow, ask, hold, deny or ignore.",
        ),
        Key::new(
            "yes",
            Kind::Bool,
            "For `ask`: whether `--yes` and a reviewed plan file may answer; if left out, for what loses nothing.",
        ),
        Key::new(
            "window",
            Kind::Text,
            "The window in which the change may run; it is held outside. For `hold` and `allow`.",
        ),
        Key::new(
            "quarantine",
            Kind::Either(&[Kind::Bool, Kind::Object(&QUARANTINE)]),
            "Tables and columns that the rule lets be dropped are renamed instead, and kept for a while.",
        ),
        Key::new(
            "backup",
            Kind::Either(&[Kind::Bool, Kind::Object(&BACKUP)]),
            "Tables are backed up before a change of the rule loses something in them; without a backup it does not run.",
        ),
    ],
};

static QUARANTINE: Shape = Shape {
    name: "a quarantine",
    keys: &[Key::required("keep_for", Kind::Text, "How long they are kept before they are dropped for good: `30d`.")],
};

static BACKUP: Shape = Shape {
    name: "a backup",
    keys: &[Key::new(
        "plain_text",
        Kind::Bool,
        "Whether a table is copied too whose plain text is about to become hashes; false when left out.",
    )],
};

static MATCH: Shape = Shape {
    name: "a match",
    keys: &[
        Key::new("change", Kind::OneOrMore(&CHANGE), "The kinds of change, or patterns over them: `drop_*`."),
        Key::new("hazard", Kind::OneOrMore(&Kind::Words(&HAZARDS)), "The change has one of these hazards."),
        Key::new("table", GLOBS, "Patterns over the table's name, bare or schema-qualified."),
        Key::new("column", GLOBS, "Patterns over the column's name."),
        Key::new("object", GLOBS, "Patterns over the full name of what changes: `votes.idx_email`."),
        Key::new(
            "engine",
            Kind::OneOrMore(&Kind::Words(&["postgres", "mysql", "sqlite"])),
            "The tenant's engine; `mysql` covers MariaDB.",
        ),
        Key::new("tenant", TENANT, "Patterns over the tenant's name, or its labels."),
        Key::new("table_rows", Kind::Text, "How many rows the table has: `>1_000_000`, `>=`, `<`, `<=`."),
    ],
};

static WINDOW: Shape = Shape {
    name: "a window",
    keys: &[
        Key::required("cron", Kind::Text, "When it opens: a cron line of five fields, or six with seconds first."),
        Key::required("lasts", Kind::Text, "How long it stays open: `3h`."),
        Key::new("timezone", Kind::Text, "The time zone of the cron line, by its IANA name; UTC when left out."),
        Key::new(
            "kind",
            Kind::Words(&["allow", "deny"]),
            "`allow` when left out. While a `deny` window is open nothing runs, whatever the rules say.",
        ),
        Key::new("tenant", TENANT, "The tenants that a `deny` window is about; all when left out."),
    ],
};

static ROLLOUT: Shape = Shape {
    name: "a rollout",
    keys: &[
        Key::new(
            "waves",
            Kind::List(&Kind::Either(&[Kind::Text, Kind::Object(&WAVE)])),
            "How many of the tenants in question have the change after each wave: `[1, 10%, 100%]`.",
        ),
        Key::new("soak", Kind::Text, "How long to look on after a wave: `10m`."),
        Key::new(
            "per_server",
            Kind::Number,
            "How many tenants of one server are changed at the same time; 1 when left out.",
        ),
        Key::new("at_once", Kind::Number, "How many tenants are changed at the same time; 8 when left out."),
        Key::new("stop_after", Kind::Object(&STOP_AFTER), "The failures that end the rollout."),
    ],
};

static WAVE: Shape = Shape {
    name: "a wave",
    keys: &[Key::required("tenant", TENANT, "The tenants of this wave: patterns over their names, or their labels.")],
};

static STOP_AFTER: Shape = Shape {
    name: "a failure budget",
    keys: &[
        Key::new("failures", Kind::Number, "So many tenants."),
        Key::new("share", Kind::Text, "Such a share of the fleet: `1%`."),
    ],
};

static BRAKE: Shape = Shape {
    name: "a brake",
    keys: &[Key::required(
        "share",
        Kind::Text,
        "The share of the fleet that may drift at once without explanation: `30%`.",
    )],
};

static LIMITS: Shape = Shape {
    name: "a set of limits",
    keys: &[
        Key::new("lock_timeout", Kind::Text, "How long a statement waits for a lock; 3s when left out."),
        Key::new(
            "statement_timeout",
            Kind::Text,
            "How long a statement may run that only changes the catalog; 3s when left out.",
        ),
        Key::new(
            "slow_statement_timeout",
            Kind::Text,
            "How long a statement may run that reads or writes the rows; 20m when left out.",
        ),
        Key::new(
            "retries",
            Kind::Number,
            "How often a step that could not get its lock is tried again; 5 when left out.",
        ),
        Key::new("backfill_pause", Kind::Text, "How long to pause between two batches; 0s when left out."),
        Key::new(
            "facts_timeout",
            Kind::Text,
            "How long looking at a tenant's rows may take before its plan is judged; 30s when left out.",
        ),
        Key::new("backfill_batch", Kind::Number, "How many rows one batch of a backfill writes; 1000 when left out."),
        Key::new(
            "max_copy_rows",
            Kind::Text,
            "How many rows a table may have that MySQL or MariaDB copy for a change without asking a person, or \
             `unlimited`; 100000 when left out.",
        ),
    ],
};

static WAIVER: Shape = Shape {
    name: "a waiver",
    keys: &[
        Key::required("name", Kind::Text, "What the waiver is called where it is shown."),
        Key::new("change", Kind::OneOrMore(&CHANGE), "The kinds of change, or patterns over them: `drop_*`."),
        Key::new("table", GLOBS, "Patterns over the table's name, bare or schema-qualified."),
        Key::new("column", GLOBS, "Patterns over the column's name."),
        Key::new("object", GLOBS, "Patterns over the full name of what changes: `votes.idx_email`."),
        Key::new("tenant", TENANT, "Patterns over the tenant's name, or its labels."),
        Key::required("until", Kind::Text, "The last day on which it holds, in UTC: `2027-01-31`."),
        Key::required("owner", Kind::Text, "Who answers for it."),
        Key::required("why", Kind::Text, "Why the drift is accepted."),
    ],
};

const GLOBS: Kind = Kind::OneOrMore(&Kind::Text);

/// Text comes first, because patterns may stand there too; the words are for editors.
const CHANGE: Kind = Kind::Either(&[Kind::Text, Kind::Words(&CHANGES)]);

/// A name or several, or labels.
const TENANT: Kind = Kind::Either(&[GLOBS, Kind::Map(&GLOBS)]);

const CHANGES: [&str; ChangeKind::ALL.len()] = {
    let mut words = [""; ChangeKind::ALL.len()];
    let mut index = 0;
    while index < words.len() {
        words[index] = ChangeKind::ALL[index].key();
        index += 1;
    }
    words
};

const HAZARDS: [&str; Hazard::ALL.len()] = {
    let mut words = [""; Hazard::ALL.len()];
    let mut index = 0;
    while index < words.len() {
        words[index] = Hazard::ALL[index].key();
        index += 1;
    }
    words
};
