//! A tenant's code runs with the rights of whoever sets it off: over a login that has none beyond the tenant.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

#[path = "../support/mod.rs"]
mod support;

mod attacks;
mod blocked;
mod guarded;
mod left_over;
mod world;
