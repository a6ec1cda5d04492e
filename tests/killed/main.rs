//! undrift killed, cut off and failing at every message of a run, and run again: nothing is lost, nothing stays behind.
//!
//! Each file in `plans` is a tenant before and after. A run is stopped at its n-th message, then undrift runs again as
//! if nothing had happened. By default only some n are tried; `UNDRIFT_KILLED=all` tries each.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

#[path = "../support/mod.rs"]
mod support;

mod during;
mod leftovers;
mod plan;
mod points;
mod sweeping;
