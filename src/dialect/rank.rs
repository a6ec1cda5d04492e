//! Where operations stand among those that no dependency orders: the usual order of a plan.
//!
//! A dependency between two operations always wins over these numbers (see `plan`).

/// Renames: before everything else.
pub const RENAME: u32 = 0;
/// PostgreSQL schemas, then extensions, then types.
pub const NAMESPACE: u32 = 10;
/// Extensions.
pub const EXTENSION: u32 = 20;
/// New enum types, and new labels.
pub const ENUM: u32 = 30;
/// Foreign keys that go, or make room.
pub const DROP_FOREIGN_KEY: u32 = 40;
/// Checks that go.
pub const DROP_CHECK: u32 = 50;
/// Indexes and keys that go.
pub const DROP_INDEX: u32 = 60;
/// Tables that go.
pub const DROP_TABLE: u32 = 70;
/// New tables, without their foreign keys.
pub const CREATE_TABLE: u32 = 80;
/// Options of tables.
pub const TABLE_OPTION: u32 = 90;
/// New columns.
pub const ADD_COLUMN: u32 = 100;
/// Values that move from an old column to its new name.
pub const MERGE_COLUMN: u32 = 110;
/// Columns that change.
pub const ALTER_COLUMN: u32 = 120;
/// Columns that go: after new ones, because a table may not be left without any.
pub const DROP_COLUMN: u32 = 130;
/// Keys and indexes.
pub const ADD_INDEX: u32 = 140;
/// Checks.
pub const ADD_CHECK: u32 = 150;
/// Foreign keys: when all tables and keys stand.
pub const ADD_FOREIGN_KEY: u32 = 160;
/// Names of constraints and comments.
pub const COMMENT: u32 = 170;
/// Types and schemas that go: when nothing uses them any more.
pub const DROP_TYPE: u32 = 180;
