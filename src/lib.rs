//! undrift keeps a fleet of tenant databases equal to one declared schema.
//!
//! The modules are layers; each may use those named before it. `ARCHITECTURE.md` is the map.

pub mod model;

pub mod dialect;

pub mod hashing;

pub mod yaml;

pub mod desired;

pub mod diff;

pub mod plan;

pub mod policy;

pub mod config;

pub mod telemetry;

pub mod db;

pub mod registry;

pub mod store;

pub mod backup;

pub mod apply;

pub mod reconcile;

pub mod http;

pub mod daemon;

pub mod cli;
