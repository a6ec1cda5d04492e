//! The keys of `undrift.yaml`: what is checked, shown by editors and documented.

use crate::yaml::{Key, Kind, Shape};

use super::webhook::{Occasion, WebhookFormat};

/// The configuration.
pub static CONFIG: Shape = Shape {
    name: "a configuration",
    keys: &[
        Key::new(
            "schema",
            Kind::Text,
            "The declared schema of tenants that name no other: a path, or a name in `schemas`.",
        ),
        Key::new("schemas", Kind::Map(&Kind::Text), "Schema files by name."),
        Key::new("policy", Kind::Text, "The policy file; the built-in one when left out."),
        Key::new(
            "state",
            Kind::Text,
            "Where undrift keeps its own state: `sqlite://…`, or `postgres://…` for several replicas.",
        ),
        Key::new("schedule", Kind::Text, "How often the daemon looks: `every 5m`, or a cron line in UTC."),
        Key::new("tenants", Kind::List(&Kind::Object(&SOURCE)), "Where tenants come from."),
        Key::new(
            "scratch",
            Kind::Object(&SCRATCH),
            "Servers for scratch databases, where it is not to be the tenant's own.",
        ),
        Key::new("concurrency", Kind::Object(&CONCURRENCY), "How many tenants are looked at together."),
        Key::new("timeouts", Kind::Object(&TIMEOUTS), "How long connecting and reading may take."),
        Key::new("http", Kind::Object(&HTTP), "The daemon's HTTP server."),
        Key::new("repair", Kind::Bool, "Whether the daemon changes anything at all; true when left out."),
        Key::new(
            "idle_detector",
            Kind::Bool,
            "Whether PostgreSQL databases in which nothing was done are passed over; false when left out.",
        ),
        Key::new("full_read", Kind::Text, "How often `idle_detector` is not believed; 1h when left out."),
        Key::new("approvals", Kind::Object(&APPROVALS), "Questions to people."),
        Key::new("retention", Kind::Object(&RETENTION), "How long history is kept."),
        Key::new("backups", Kind::Object(&BACKUPS), "Where backups go that the policy asks for, and who makes them."),
        Key::new("metrics", Kind::Object(&METRICS), "What `/metrics` shows."),
        Key::new("webhooks", Kind::List(&Kind::Object(&WEBHOOK)), "Who is told what happens."),
    ],
};

const LOGINS: &str = "Over which login tenants are changed: `auto`, `own` or `off`; `auto` when left out.";

static SOURCE: Shape = Shape {
    name: "a source of tenants",
    keys: &[
        Key::new("files", Kind::OneOrMore(&Kind::Text), "SQLite files: a path or pattern, `tenants/*.db`."),
        Key::new("discover", Kind::Object(&DISCOVER), "The databases of a server."),
        Key::new("list", Kind::List(&Kind::Object(&LISTED)), "Databases, one by one."),
        Key::new("landlord", Kind::Object(&LANDLORD), "The landlord's tables. Not supported in this version."),
        Key::new("labels", LABELS, "Labels of all these tenants, for policies and `--tenant`."),
        Key::new("schema", Kind::Text, "Their declared schema: a name in `schemas`, or a path."),
        Key::new("logins", Kind::Text, LOGINS),
        Key::new("run_as", Kind::Text, "The PostgreSQL role that changes are made as. Not supported in this version."),
    ],
};

static DISCOVER: Shape = Shape {
    name: "a server to look through",
    keys: &[
        Key::required("server", Kind::Text, "The URL of any database of the server, best the one for maintenance."),
        Key::required("match", Kind::Text, "Which databases are tenants, as SQL's LIKE has it: `tenant_%`."),
        Key::new("exclude", Kind::OneOrMore(&Kind::Text), "Which of them are not, likewise."),
    ],
};

static LISTED: Shape = Shape {
    name: "a tenant",
    keys: &[
        Key::required("name", Kind::Text, "The tenant's name, unique in the fleet."),
        Key::required("url", Kind::Text, "Its database: `postgres://`, `mysql://`, `mariadb://` or `sqlite:`."),
        Key::new("labels", LABELS, "Its labels, beside those of the source."),
        Key::new("schema", Kind::Text, "Its declared schema, in place of the source's."),
        Key::new("logins", Kind::Text, LOGINS),
    ],
};

static LANDLORD: Shape = Shape {
    name: "a landlord database",
    keys: &[
        Key::required("url", Kind::Text, "The landlord database."),
        Key::new("credentials", LABELS, "How to read the tenants' credentials."),
    ],
};

static SCRATCH: Shape = Shape {
    name: "a set of scratch servers",
    keys: &[
        Key::new("postgres", Kind::Text, "A PostgreSQL server of the tenants' version."),
        Key::new("mysql", Kind::Text, "A MySQL or MariaDB server of the tenants' version."),
    ],
};

static CONCURRENCY: Shape = Shape {
    name: "a degree of concurrency",
    keys: &[
        Key::new("at_once", Kind::Number, "How many tenants are looked at together; 8 when left out."),
        Key::new("per_server", Kind::Number, "How many of them on one server; 4 when left out."),
    ],
};

static TIMEOUTS: Shape = Shape {
    name: "a set of time-outs",
    keys: &[
        Key::new("connect", Kind::Text, "How long connecting may take; 10s when left out."),
        Key::new("read", Kind::Text, "How long reading a catalog may take; 60s when left out."),
    ],
};

static HTTP: Shape = Shape {
    name: "an HTTP server",
    keys: &[
        Key::new("listen", Kind::Text, "Address and port; 127.0.0.1:9464 when left out."),
        Key::new("public_url", Kind::Text, "Where people reach it, for links in messages; no links when left out."),
    ],
};

static APPROVALS: Shape = Shape {
    name: "a set of rules for approvals",
    keys: &[Key::new("expire", Kind::Text, "How long a question, or an unused approval, is open; 7d when left out.")],
};

static RETENTION: Shape = Shape {
    name: "a set of retention times",
    keys: &[
        Key::new("runs", Kind::Text, "How long it is known what passes found; 30d when left out."),
        Key::new("audit", Kind::Text, "How long it is known what was done; 365d when left out."),
    ],
};

static BACKUPS: Shape = Shape {
    name: "a set of rules for backups",
    keys: &[
        Key::new("to", Kind::Text, "The folder for backups; `undrift-backups` beside this file when left out."),
        Key::new("keep", Kind::Text, "How long backups are kept, `90d`; for ever when left out."),
        Key::new(
            "command",
            Kind::Text,
            "A command of your own, run by `sh`, in place of `pg_dump`, `mariadb-dump` or SQLite's `VACUUM INTO`.",
        ),
        Key::new("timeout", Kind::Text, "How long one backup may take; 1h when left out."),
    ],
};

static METRICS: Shape = Shape {
    name: "a set of rules for metrics",
    keys: &[Key::new("per_tenant", Kind::Bool, "Whether there are gauges for each tenant; false when left out.")],
};

static WEBHOOK: Shape = Shape {
    name: "a webhook",
    keys: &[
        Key::required("url", Kind::Text, "Where to: `https://…` or `http://…`."),
        Key::new("format", Kind::Words(&WebhookFormat::KEYS), "What is sent; `json` when left out."),
        Key::new("secret", Kind::Text, "The key that messages are signed with."),
        Key::new("events", Kind::OneOrMore(&Kind::Words(&Occasion::KEYS)), "What it is told; all when left out."),
    ],
};

const LABELS: Kind = Kind::Map(&Kind::Text);
