//! Plans as files: reviewed, then carried out as they are or not at all. With the real binary on every engine.

mod support;

#[path = "plan_file/kept.rs"]
mod kept;
#[path = "plan_file/refused.rs"]
mod refused;
#[path = "plan_file/run.rs"]
mod run;
#[path = "plan_file/verdicts.rs"]
mod verdicts;
#[path = "plan_file/yes.rs"]
mod yes;

use serde_json::Value;
use support::{Engine, Output, Tenant};

const BEFORE: &str = "
schema: shop
version: 1.0.0
tables:
  users:
    columns:
      id: { type: bigint, identity: true }
      nick: { type: varchar(40), nullable: true }
    primary_key: [id]
";

const AFTER: &str = "
schema: shop
version: 1.1.0
extras: drop
tables:
  users:
    columns:
      id: { type: bigint, identity: true }
      phone: { type: varchar(30), nullable: true }
      town: { type: varchar(30), nullable: true }
    primary_key: [id]
    indexes:
      idx_phone: [phone]
";

const POLICY: &str = "
policy: review
rules:
  - { name: drops are asked, match: { change: drop_column }, then: ask, yes: true }
  - { name: towns are asked, match: { column: town }, then: ask }
  - { name: the rest goes out, then: allow }
";

/// A database as it was before, with two rows, and the files for what it shall be.
fn before(engine: Engine) -> Tenant {
    let tenant = Tenant::empty(engine);
    tenant.write("before.yaml", BEFORE);
    tenant.write("after.yaml", AFTER);
    tenant.write("policy.yaml", POLICY);
    tenant.run(&["apply", "--url", &tenant.url, "--schema", "before.yaml"]).expect_code(0);
    tenant.sql("INSERT INTO users (id, nick) VALUES (1, 'a'), (2, 'b')");
    tenant
}

fn undrift(tenant: &Tenant, arguments: &[&str]) -> Output {
    let fixed = ["--url", &tenant.url, "--schema", "after.yaml", "--policy", "policy.yaml"];
    tenant.run(&[arguments, &fixed].concat())
}

/// A database with the plan for it in `plan.json`.
fn planned(engine: Engine) -> Tenant {
    let tenant = before(engine);
    let plan = undrift(&tenant, &["plan", "--out", "plan.json"]).expect_code(2);
    assert!(plan.stderr.contains("plan.json holds the plan for 1 tenant"), "{}", plan.stderr);
    tenant
}

fn read(tenant: &Tenant) -> Value {
    let text = std::fs::read_to_string(tenant.path().join("plan.json")).expect("it was written");
    serde_json::from_str(&text).expect("it is JSON")
}

/// Writes a file that somebody changed by hand, and gave the right hash.
fn reseal(tenant: &Tenant, mut file: Value) {
    let mut rest = file.as_object().expect("it is a map").clone();
    rest.remove("hash");
    // Without white space, keys in order: as docs/plan-file.md says.
    let text = Value::Object(rest).to_string();
    file["hash"] = Value::String(undrift::model::Hash::of(text).to_string());
    tenant.write("plan.json", &file.to_string());
}

/// That nothing at all was done.
fn is_untouched(tenant: &Tenant) {
    assert_eq!(tenant.query("SELECT count(nick) FROM users"), "2");
    let plan = undrift(tenant, &["plan"]).expect_code(2);
    assert!(plan.stdout.contains("users.phone") && plan.stdout.contains("users.town"), "{}", plan.stdout);
}
