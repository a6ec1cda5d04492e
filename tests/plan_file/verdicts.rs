//! The policy in force when a file is carried out still judges.

use rstest::rstest;
use serde_json::json;

use super::{POLICY, planned, read, reseal, undrift};
use crate::support::Engine;

#[rstest]
fn what_the_policy_forbids_now_is_kept_back(
    #[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine,
) {
    let tenant = planned(engine);
    let stricter = POLICY.replace(
        "rules:\n",
        "rules:\n  - { name: no phones, match: { column: phone }, then: deny }\n  - { name: indexes are asked, match: { change: add_index }, then: ask }\n",
    );
    tenant.write("policy.yaml", &stricter);
    let apply = undrift(&tenant, &["apply", "plan.json"]).expect_code(3);
    let words = "the reviewed plan says allow, and the policy is stricter now: no phones";
    assert!(apply.stdout.contains(words), "{}", apply.stdout);
    assert!(apply.stdout.contains("1 repaired; ") || apply.stdout.contains("1 repaired,"), "{}", apply.stdout);
    assert_eq!(tenant.query("SELECT count(*) FROM users WHERE town IS NULL"), "2", "the rest was carried out");
    let plan = undrift(&tenant, &["plan"]).expect_code(2);
    assert!(plan.stdout.contains("users.phone") && !plan.stdout.contains("users.nick"), "{}", plan.stdout);
}

#[rstest]
fn what_the_file_leaves_out_stays_out(#[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine) {
    let tenant = planned(engine);
    let strict = POLICY.replace("rules:\n", "rules:\n  - { name: no phones, match: { column: phone }, then: deny }\n");
    tenant.write("policy.yaml", &strict);
    undrift(&tenant, &["plan", "--out", "plan.json"]).expect_code(2);
    let plan = &read(&tenant)["shapes"][0]["plans"][0];
    let left_out: Vec<_> = plan["left_out"].as_array().unwrap().iter().map(|entry| entry["object"].clone()).collect();
    assert_eq!(left_out, [json!("users.phone"), json!("users.idx_phone")]);
    tenant.write("policy.yaml", POLICY);
    let apply = undrift(&tenant, &["apply", "plan.json"]).expect_code(3);
    assert!(apply.stdout.contains("the reviewed plan leaves it out"), "{}", apply.stdout);
    let plan = undrift(&tenant, &["plan"]).expect_code(2);
    assert!(plan.stdout.contains("users.phone") && !plan.stdout.contains("users.town"), "{}", plan.stdout);
}

/// Somebody writes `allow` where the policy denied, and a new hash: the policy still denies.
#[rstest]
fn an_edited_verdict_frees_nothing(#[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine) {
    let tenant = planned(engine);
    let asked = POLICY
        .replace("rules:\n", "rules:\n  - { name: no phones, match: { column: phone }, then: ask, yes: false }\n");
    tenant.write("policy.yaml", &asked);
    undrift(&tenant, &["plan", "--out", "plan.json"]).expect_code(2);
    let mut file = read(&tenant);
    for entry in file["shapes"][0]["plans"][0]["changes"].as_array_mut().unwrap() {
        entry["verdict"] = json!("allow");
        entry["answered_by_review"] = json!(true);
    }
    reseal(&tenant, file);
    let apply = undrift(&tenant, &["apply", "plan.json"]).expect_code(3);
    assert!(apply.stdout.contains("the policy is stricter now: no phones"), "{}", apply.stdout);
    let plan = undrift(&tenant, &["plan"]).expect_code(2);
    assert!(plan.stdout.contains("users.phone"), "{}", plan.stdout);
}

/// A reviewed file answers as far as `--yes` may; the rest is asked once more, and without a terminal kept back.
#[rstest]
fn a_review_answers_no_more_than_yes_may(#[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine) {
    let tenant = planned(engine);
    let personal = POLICY.replace("then: ask, yes: true", "then: ask");
    tenant.write("policy.yaml", &personal);
    undrift(&tenant, &["plan", "--out", "plan.json"]).expect_code(2);
    let file = read(&tenant);
    let changes = file["shapes"][0]["plans"][0]["changes"].as_array().unwrap();
    let answered = |object: &str| {
        let entry = changes.iter().find(|entry| entry["object"] == object).unwrap();
        (entry["verdict"].clone(), entry["answered_by_review"].clone())
    };
    assert_eq!(answered("users.nick"), (json!("ask"), json!(false)));
    assert_eq!(answered("users.town"), (json!("ask"), json!(true)));
    assert_eq!(answered("users.phone"), (json!("allow"), json!(false)));
    undrift(&tenant, &["apply", "plan.json", "--dry-run"]).expect_code(3);
    let apply = undrift(&tenant, &["apply", "plan.json", "--yes"]).expect_code(3);
    assert!(apply.stdout.contains("ask (drops are asked)"), "{}", apply.stdout);
    assert_eq!(tenant.query("SELECT count(nick) FROM users WHERE town IS NULL"), "2");
}
