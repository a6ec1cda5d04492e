//! The API, and the commands that talk to the service: on a state filled with records, without a service.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "api/auth.rs"]
mod auth;
#[path = "api/client.rs"]
mod client;
#[path = "api/commands.rs"]
mod commands;
#[path = "api/document.rs"]
mod document;
#[path = "api/limits.rs"]
mod limits;
#[path = "api/pages.rs"]
mod pages;
#[path = "api/problems.rs"]
mod problems;
#[path = "api/remote.rs"]
mod remote;
#[path = "api/routes.rs"]
mod routes;
#[allow(dead_code, reason = "the store's own tests use more of it")]
#[path = "store/samples.rs"]
mod samples;
mod support;
#[path = "api/waivers.rs"]
mod waivers;
#[path = "api/world.rs"]
mod world;
