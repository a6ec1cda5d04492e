CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE tenants (
    name TEXT COLLATE "C" PRIMARY KEY,
    engine TEXT COLLATE "C" NOT NULL,
    sync TEXT COLLATE "C" NOT NULL,
    activity TEXT COLLATE "C" NOT NULL,
    shape TEXT COLLATE "C",
    failing TEXT COLLATE "C",
    body TEXT NOT NULL
);
CREATE INDEX tenants_shape ON tenants (shape);

CREATE TABLE shapes (
    id TEXT COLLATE "C" PRIMARY KEY,
    plan TEXT COLLATE "C",
    body TEXT NOT NULL
);

CREATE TABLE plans (
    hash TEXT COLLATE "C" PRIMARY KEY,
    saved BIGINT NOT NULL,
    body TEXT NOT NULL
);

CREATE TABLE runs (
    id BIGINT PRIMARY KEY,
    started BIGINT NOT NULL,
    body TEXT NOT NULL
);

CREATE TABLE rollouts (
    id BIGINT PRIMARY KEY,
    is_open BIGINT NOT NULL,
    started BIGINT NOT NULL,
    body TEXT NOT NULL
);

CREATE TABLE members (
    rollout BIGINT NOT NULL,
    tenant TEXT COLLATE "C" NOT NULL,
    wave BIGINT,
    state TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (rollout, tenant)
);

CREATE TABLE approvals (
    id TEXT COLLATE "C" PRIMARY KEY,
    state TEXT COLLATE "C" NOT NULL,
    plan TEXT COLLATE "C",
    asked BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    answer TEXT COLLATE "C",
    body TEXT NOT NULL
);

CREATE TABLE waivers (
    id TEXT COLLATE "C" PRIMARY KEY,
    given BIGINT NOT NULL,
    ended BIGINT,
    body TEXT NOT NULL
);

CREATE TABLE audit (
    sequence BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    event TEXT COLLATE "C" NOT NULL,
    tenant TEXT COLLATE "C",
    plan TEXT COLLATE "C",
    hash TEXT COLLATE "C" NOT NULL,
    entry TEXT NOT NULL
);
CREATE INDEX audit_tenant ON audit (tenant, sequence);
CREATE INDEX audit_plan ON audit (plan, sequence);
CREATE INDEX audit_begun ON audit (sequence) WHERE event = 'begin';

-- Up to where the audit was cut off, and the hash of the last entry that is gone.
CREATE TABLE anchors (
    sequence BIGINT PRIMARY KEY,
    hash TEXT COLLATE "C" NOT NULL
);

CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit is only appended to';
END
$$;
CREATE FUNCTION refuse_above_anchor() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF old.sequence > (SELECT coalesce(max(sequence), 0) FROM undrift.anchors) THEN
        RAISE EXCEPTION 'the audit is only appended to';
    END IF;
    RETURN old;
END
$$;
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE TRIGGER audit_is_not_emptied BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION refuse();
CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit FOR EACH ROW EXECUTE FUNCTION refuse_above_anchor();

CREATE TABLE tokens (
    id TEXT COLLATE "C" PRIMARY KEY,
    created BIGINT NOT NULL,
    body TEXT NOT NULL
);

CREATE TABLE notes (
    key TEXT COLLATE "C" PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE leases (
    name TEXT COLLATE "C" PRIMARY KEY,
    holder TEXT COLLATE "C" NOT NULL,
    epoch BIGINT NOT NULL,
    lasts BIGINT NOT NULL,
    until BIGINT NOT NULL
);
