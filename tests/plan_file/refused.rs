//! Files that are not carried out.

use rstest::rstest;
use serde_json::{Value, json};

use super::{AFTER, is_untouched, planned, read, reseal, undrift};
use crate::support::{Engine, Tenant};

#[rstest]
fn what_changed_since_is_said(#[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine) {
    let tenant = planned(engine);
    tenant.sql("ALTER TABLE users ADD COLUMN by_night integer; CREATE INDEX idx_nick ON users (nick)");
    let apply = undrift(&tenant, &["apply", "plan.json"]).expect_code(1);
    for words in [
        "the database changed since the plan was made",
        "+ users.by_night  new column",
        "+ users.idx_nick  new index: (nick)",
        "make a new plan",
        "0 repaired, 0 skipped, 1 errors",
    ] {
        assert!(apply.stdout.contains(words), "{words}\n{}", apply.stdout);
    }
    assert!(!apply.stdout.contains("users.phone"), "only what happened is said:\n{}", apply.stdout);
    is_untouched(&tenant);
    tenant.sql("ALTER TABLE users DROP COLUMN by_night");
    tenant.sql(if engine == Engine::Mariadb { "DROP INDEX idx_nick ON users" } else { "DROP INDEX idx_nick" });
    undrift(&tenant, &["apply", "plan.json"]).expect_code(0);
}

#[rstest]
fn a_file_that_was_edited_is_refused(#[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine) {
    let tenant = planned(engine);
    let file = read(&tenant);
    let edits: [fn(&mut Value); 3] = [
        |plan| plan["steps"][0]["statements"][0] = json!("DELETE FROM users"),
        |plan| plan["changes"][0]["verdict"] = json!("deny"),
        |plan| plan["tenants"][0] = json!("another"),
    ];
    for edit in edits {
        let mut edited = file.clone();
        edit(&mut edited["shapes"][0]["plans"][0]);
        tenant.write("plan.json", &format!("{edited:#}"));
        let apply = undrift(&tenant, &["apply", "plan.json"]).expect_code(1);
        assert!(apply.stderr.contains("it was changed after undrift wrote it"), "{}", apply.stderr);
    }
    is_untouched(&tenant);
    // White space is no change: a formatter may have been at it.
    tenant.write("plan.json", &file.to_string());
    undrift(&tenant, &["apply", "plan.json"]).expect_code(0);
}

/// The hash is no signature. Whoever writes a new one still cannot make undrift run anything of their own.
#[rstest]
fn nothing_runs_that_undrift_would_not_do_itself(
    #[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine,
) {
    let tenant = planned(engine);
    let file = read(&tenant);
    let edits: [fn(&mut Value); 4] = [
        |shape| shape["plans"][0]["steps"][0]["statements"][0] = json!("DELETE FROM users"),
        |shape| {
            shape["plans"][0]["steps"].as_array_mut().unwrap().pop();
        },
        |shape| shape["plans"][0]["changes"][0]["what"] = json!("nothing to worry about"),
        |shape| shape["whole"] = shape["plans"][0]["tenants"].take(),
    ];
    for edit in &edits[..3] {
        let mut edited = file.clone();
        edit(&mut edited["shapes"][0]);
        reseal(&tenant, edited);
        let apply = undrift(&tenant, &["apply", "plan.json"]).expect_code(1);
        assert!(apply.stdout.contains("the reviewed plan is not what undrift works out"), "{}", apply.stdout);
    }
    let mut edited = file.clone();
    edits[3](&mut edited["shapes"][0]);
    reseal(&tenant, edited);
    let apply = undrift(&tenant, &["apply", "plan.json"]).expect_code(1);
    assert!(apply.stderr.contains("it does not hold what a plan file of format 1 does"), "{}", apply.stderr);
    is_untouched(&tenant);
    reseal(&tenant, file);
    undrift(&tenant, &["apply", "plan.json"]).expect_code(0);
}

#[rstest]
fn it_is_for_nobody_else(#[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine) {
    let tenant = planned(engine);
    let other = match engine {
        Engine::Postgres => crate::support::postgres().database("other"),
        Engine::Mariadb => crate::support::mariadb().database("other"),
        Engine::Sqlite => {
            tenant.write("other.db", "");
            format!("sqlite:{}", tenant.path().join("other.db").display())
        }
    };
    let more = ["--url", &other, "--schema", "after.yaml", "--policy", "policy.yaml"];
    let apply = tenant.run(&[&["apply", "plan.json"], &more[..]].concat()).expect_code(1);
    assert!(apply.stdout.contains("the reviewed plan is not for this tenant; it is for tenant"), "{}", apply.stdout);
    is_untouched(&tenant);
}

#[rstest]
fn another_schema_or_server_version_is_named(
    #[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine,
) {
    let tenant = planned(engine);
    let file = read(&tenant);
    tenant.write("after.yaml", &AFTER.replace("1.1.0", "1.2.0").replace("30", "31"));
    let apply = undrift(&tenant, &["apply", "plan.json"]).expect_code(1);
    for words in ["the reviewed plan is for schema shop version 1.1.0 (", "shall have shop version 1.2.0 ("] {
        assert!(apply.stdout.contains(words), "{words}\n{}", apply.stdout);
    }
    tenant.write("after.yaml", AFTER);
    let mut older = file;
    older["undrift"] = json!("0.0.1");
    older["shapes"][0]["whole"] = json!("0".repeat(64));
    reseal(&tenant, older);
    let apply = undrift(&tenant, &["apply", "plan.json"]).expect_code(1);
    assert!(apply.stdout.contains("it was made by undrift 0.0.1, and this is undrift"), "{}", apply.stdout);
    is_untouched(&tenant);
}

#[test]
fn what_is_no_plan_is_refused_by_name() {
    let tenant = planned(Engine::Sqlite);
    let refused = |tenant: &Tenant, text: &str, words: &str| {
        tenant.write("plan.json", text);
        let apply = undrift(tenant, &["apply", "plan.json"]).expect_code(1);
        assert!(apply.stderr.contains("plan.json: ") && apply.stderr.contains(words), "{words}\n{}", apply.stderr);
    };
    let newer = json!({ "format": 2, "undrift": "9.1.0", "plans": [] });
    refused(&tenant, &newer.to_string(), "it has format 2, made by undrift 9.1.0");
    refused(&tenant, "schema: shop", "it is no plan file");
    refused(&tenant, "{}", "it has no `format`");
    refused(&tenant, "{ \"format\": 1 }", "it was changed after undrift wrote it");
    let missing = undrift(&tenant, &["apply", "nowhere.json"]).expect_code(1);
    assert!(missing.stderr.contains("nowhere.json"), "{}", missing.stderr);
    is_untouched(&tenant);
}
