//! undrift's own state, on SQLite and on PostgreSQL: every test runs on both.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

#[path = "store/approvals.rs"]
mod approvals;
#[path = "store/audit.rs"]
mod audit;
#[path = "store/home.rs"]
mod home;
#[path = "store/killed.rs"]
mod killed;
#[path = "store/lease.rs"]
mod lease;
#[path = "store/pruning.rs"]
mod pruning;
#[path = "store/records.rs"]
mod records;
#[path = "store/samples.rs"]
mod samples;
#[path = "store/speed.rs"]
mod speed;
#[path = "store/tenants.rs"]
mod tenants;
#[path = "store/trouble.rs"]
mod trouble;
#[path = "store/waivers.rs"]
mod waivers;
