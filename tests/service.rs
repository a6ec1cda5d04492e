//! The service: the real binary, watching real databases.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

#[path = "service/backups.rs"]
mod backups;
#[path = "service/daemon.rs"]
mod daemon;
#[path = "service/emptied.rs"]
mod emptied;
#[path = "service/files.rs"]
mod files;
#[allow(dead_code, reason = "the tests of messages use the rest")]
#[path = "notify/hook.rs"]
mod hook;
#[path = "service/idle.rs"]
mod idle;
#[path = "service/killed.rs"]
mod killed;
#[path = "service/links.rs"]
mod links;
#[path = "service/people.rs"]
mod people;
#[path = "service/quarantine.rs"]
mod quarantine;
#[path = "service/repairs.rs"]
mod repairs;
#[path = "service/scenarios.rs"]
mod scenarios;
#[path = "service/waivers.rs"]
mod waivers;
