//! Every text of SQL is read before it is used: from files, from catalogs, from servers. A canary beside the tenant has not
//! changed afterwards, whatever the command and the policy.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

#[path = "read_before_use/catalogs.rs"]
mod catalogs;
#[path = "read_before_use/files.rs"]
mod files;
#[path = "read_before_use/property.rs"]
mod property;
