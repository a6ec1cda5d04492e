CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE tenants (
    name TEXT PRIMARY KEY,
    engine TEXT NOT NULL,
    sync TEXT NOT NULL,
    activity TEXT NOT NULL,
    shape TEXT,
    failing TEXT,
    body TEXT NOT NULL
);
CREATE INDEX tenants_shape ON tenants (shape);

CREATE TABLE shapes (
    id TEXT PRIMARY KEY,
    plan TEXT,
    body TEXT NOT NULL
);

CREATE TABLE plans (
    hash TEXT PRIMARY KEY,
    saved INTEGER NOT NULL,
    body TEXT NOT NULL
);

CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    started INTEGER NOT NULL,
    body TEXT NOT NULL
);

CREATE TABLE rollouts (
    id INTEGER PRIMARY KEY,
    is_open INTEGER NOT NULL,
    started INTEGER NOT NULL,
    body TEXT NOT NULL
);

CREATE TABLE members (
    rollout INTEGER NOT NULL,
    tenant TEXT NOT NULL,
    wave INTEGER,
    state TEXT NOT NULL,
    PRIMARY KEY (rollout, tenant)
) WITHOUT ROWID;

CREATE TABLE approvals (
    id TEXT PRIMARY KEY,
    state TEXT NOT NULL,
    plan TEXT,
    asked INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    answer TEXT,
    body TEXT NOT NULL
);

CREATE TABLE waivers (
    id TEXT PRIMARY KEY,
    given INTEGER NOT NULL,
    ended INTEGER,
    body TEXT NOT NULL
);

CREATE TABLE audit (
    sequence INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    event TEXT NOT NULL,
    tenant TEXT,
    plan TEXT,
    hash TEXT NOT NULL,
    entry TEXT NOT NULL
);
CREATE INDEX audit_tenant ON audit (tenant, sequence);
CREATE INDEX audit_plan ON audit (plan, sequence);
CREATE INDEX audit_begun ON audit (sequence) WHERE event = 'begin';

-- Up to where the audit was cut off, and the hash of the last entry that is gone.
CREATE TABLE anchors (
    sequence INTEGER PRIMARY KEY,
    hash TEXT NOT NULL
);

CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit is only appended to');
END;
CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit
WHEN old.sequence > (SELECT coalesce(max(sequence), 0) FROM anchors)
BEGIN
    SELECT RAISE(ABORT, 'the audit is only appended to');
END;

CREATE TABLE tokens (
    id TEXT PRIMARY KEY,
    created INTEGER NOT NULL,
    body TEXT NOT NULL
);

CREATE TABLE notes (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE leases (
    name TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    lasts INTEGER NOT NULL,
    until INTEGER NOT NULL
);
