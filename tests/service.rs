//! The service: the real binary, watching real databases.

mod support;

#[path = "service/daemon.rs"]
mod daemon;
#[path = "service/files.rs"]
mod files;
#[path = "service/killed.rs"]
mod killed;
#[path = "service/people.rs"]
mod people;
#[path = "service/repairs.rs"]
mod repairs;
#[path = "service/scenarios.rs"]
mod scenarios;
