//! What undrift shows Prometheus: names, documentation, dashboard and alerts, the last two in a real one.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../support/mod.rs"]
mod support;

mod documentation;
mod events;
mod expressions;
mod live;
mod names;
