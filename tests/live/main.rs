//! Changes under an application that goes on reading and writing: nothing is lost, nobody waits for long.
//!
//! `UNDRIFT_ROWS=1000000` makes the tables that large.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
#![allow(clippy::print_stdout, reason = "the figures are for whoever reads a test's output")]

#[path = "../support/mod.rs"]
mod support;

mod application;
mod changes;
mod run;
