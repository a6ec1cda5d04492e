//! What is found out about the rows before a plan is judged: counted, shown with keys, never with values.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

#[path = "facts/castable.rs"]
mod castable;
#[path = "facts/kinds.rs"]
mod kinds;
#[path = "facts/unknown.rs"]
mod unknown;

use serde_json::Value;
use support::{Engine, Output, Tenant};

const FREE: &str = "policy: free\nrules: [{ name: all, then: allow }]\n";

/// A database with these tables, and the files for what it shall be.
fn tenant(engine: Engine, before: &str, after: &str) -> Tenant {
    let tenant = Tenant::empty(engine);
    tenant.write("before.yaml", before);
    tenant.write("after.yaml", after);
    tenant.write("policy.yaml", FREE);
    tenant.run(&["apply", "--url", &tenant.url, "--schema", "before.yaml"]).expect_code(0);
    tenant
}

fn undrift(tenant: &Tenant, arguments: &[&str]) -> Output {
    let fixed = ["--url", &tenant.url, "--schema", "after.yaml", "--policy", "policy.yaml"];
    tenant.run(&[arguments, &fixed].concat())
}

/// What `plan` says of the only tenant, for machines.
fn judged(tenant: &Tenant) -> Value {
    let plan = undrift(tenant, &["plan", "--format", "json"]).expect_code(2);
    let plan: Value = serde_json::from_str(&plan.stdout).expect("JSON and nothing else");
    plan["shapes"][0]["tenants"][0].clone()
}
