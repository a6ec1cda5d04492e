//! The names of the state's tables and columns, as `formats/*.sql` makes them.

use sea_query::Iden;

#[derive(Clone, Copy, Iden)]
pub(super) enum Meta {
    Table,
    Key,
    Value,
}

#[derive(Clone, Copy, Iden)]
pub(super) enum Tenants {
    Table,
    Name,
    Engine,
    Sync,
    Activity,
    Shape,
    Failing,
    Body,
}

#[derive(Clone, Copy, Iden)]
pub(super) enum Shapes {
    Table,
    Id,
    Plan,
    Body,
}

#[derive(Clone, Copy, Iden)]
pub(super) enum Plans {
    Table,
    Hash,
    Saved,
    Body,
}

#[derive(Clone, Copy, Iden)]
pub(super) enum Runs {
    Table,
    Id,
    Started,
    Body,
}

#[derive(Clone, Copy, Iden)]
pub(super) enum Rollouts {
    Table,
    Id,
    IsOpen,
    Started,
    Body,
}

#[derive(Clone, Copy, Iden)]
pub(super) enum Members {
    Table,
    Rollout,
    Tenant,
    Wave,
    State,
}

#[derive(Clone, Copy, Iden)]
pub(super) enum Approvals {
    Table,
    Id,
    State,
    Plan,
    Asked,
    Expires,
    Answer,
    Body,
}

#[derive(Clone, Copy, Iden)]
pub(super) enum Waivers {
    Table,
    Id,
    Given,
    Ended,
    Body,
}

#[derive(Clone, Copy, Iden)]
pub(super) enum Audit {
    Table,
    Sequence,
    At,
    Event,
    Tenant,
    Plan,
    Hash,
    Entry,
}

#[derive(Clone, Copy, Iden)]
pub(super) enum Anchors {
    Table,
    Sequence,
    Hash,
}

#[derive(Clone, Copy, Iden)]
pub(super) enum Tokens {
    Table,
    Id,
    Created,
    Body,
}

#[derive(Clone, Copy, Iden)]
pub(super) enum Notes {
    Table,
    Key,
    Value,
}

#[derive(Clone, Copy, Iden)]
pub(super) enum Leases {
    Table,
    Name,
    Holder,
    Epoch,
    Lasts,
    Until,
}
