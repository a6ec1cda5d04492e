//! What a change must not lose without a word: numbers, names, keys, histories; with the real binary on every engine.

#[path = "losses/external.rs"]
mod external;
#[path = "losses/hazards.rs"]
mod hazards;
#[path = "losses/names.rs"]
mod names;
#[path = "losses/numbers.rs"]
mod numbers;
#[path = "losses/obstacles.rs"]
mod obstacles;
#[path = "losses/rights.rs"]
mod rights;
mod support;
#[path = "losses/switches.rs"]
mod switches;

use support::{Engine, Output, Tenant};

/// Lets everything run, as a person who reviewed the plan would.
const POLICY: &str = "policy: all\nrules: [{ then: allow }]\n";

/// A tenant made by a script.
fn tenant(engine: Engine, script: &str) -> Tenant {
    let tenant = Tenant::empty(engine);
    tenant.write("policy.yaml", POLICY);
    tenant.sql(script);
    tenant
}

/// Runs a command for one schema file.
fn undrift(tenant: &Tenant, command: &str, schema: &str) -> Output {
    tenant.write("core.yaml", schema);
    tenant.run(&[command, "--url", &tenant.url, "--schema", "core.yaml", "--policy", "policy.yaml"])
}

/// Brings a tenant to a schema, and makes sure that nothing differs then.
fn comes_to(tenant: &Tenant, schema: &str) {
    undrift(tenant, "apply", schema).expect_code(0);
    let output = undrift(tenant, "plan", schema).expect_code(0);
    assert!(output.stdout.contains("1 in sync, 0 drifted, 0 unknown"), "{}", output.stdout);
}

/// The database as a schema file.
fn exported(tenant: &Tenant) -> String {
    tenant.run(&["export", "--url", &tenant.url]).expect_code(0).stdout
}
