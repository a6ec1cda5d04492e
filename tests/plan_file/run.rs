//! What a file holds, and what is carried out.

use rstest::rstest;

use super::{before, planned, read, undrift};
use crate::support::{Cli, Engine};

#[rstest]
fn exactly_what_was_reviewed_is_carried_out(
    #[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine,
) {
    let tenant = planned(engine);
    let file = read(&tenant);
    assert_eq!((&file["format"], &file["undrift"]), (&1.into(), &env!("CARGO_PKG_VERSION").into()));
    let shape = &file["shapes"][0];
    assert_eq!((&shape["schema"]["name"], &shape["schema"]["version"]), (&"shop".into(), &"1.1.0".into()));
    let plan = &shape["plans"][0];
    let kinds: Vec<_> = plan["changes"].as_array().unwrap().iter().map(|change| change["kind"].clone()).collect();
    assert_eq!(kinds.len(), 4, "{kinds:?}");
    assert!(plan["steps"][0]["statements"][0].is_string() && plan["end"]["hash"].is_string(), "{plan}");

    let dry = undrift(&tenant, &["apply", "plan.json", "--dry-run"]).expect_code(0);
    assert!(dry.stdout.contains("0 in sync, 1 drifted, 0 unknown"), "{}", dry.stdout);
    super::is_untouched(&tenant);

    let apply = undrift(&tenant, &["apply", "plan.json"]).expect_code(0);
    assert!(apply.stdout.contains("1 in sync, 0 drifted, 0 unknown; 1 repaired"), "{}", apply.stdout);
    undrift(&tenant, &["plan"]).expect_code(0);
    assert_eq!(tenant.query("SELECT count(*) FROM users WHERE town IS NULL"), "2");
}

#[rstest]
fn carried_out_twice_it_does_nothing_more(#[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine) {
    let tenant = planned(engine);
    undrift(&tenant, &["apply", "plan.json"]).expect_code(0);
    let again = undrift(&tenant, &["apply", "plan.json"]).expect_code(0);
    assert!(again.stdout.contains("the reviewed plan was carried out before"), "{}", again.stdout);
    assert!(again.stdout.contains("0 repaired, 0 skipped, 0 errors"), "{}", again.stdout);
    let json = undrift(&tenant, &["apply", "plan.json", "--format", "json"]).expect_code(0);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).expect("JSON and nothing else");
    assert_eq!(json["outcomes"][0]["outcome"], "done");
}

/// The same structure and the same files give the same plan: only the time differs.
#[rstest]
fn the_same_is_planned_again(#[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine) {
    let tenant = planned(engine);
    let first = read(&tenant);
    undrift(&tenant, &["plan", "--out", "plan.json"]).expect_code(2);
    assert_eq!(first["shapes"], read(&tenant)["shapes"]);
}

#[test]
fn a_file_is_what_its_json_schema_says() {
    let tenant = planned(Engine::Sqlite);
    let schema = tenant.run(&["schema-of", "plan"]).expect_code(0);
    let schema: serde_json::Value = serde_json::from_str(&schema.stdout).expect("JSON and nothing else");
    let file = read(&tenant);
    let plan = &file["shapes"][0]["plans"][0];
    for (value, described) in [
        (&file, &schema),
        (&file["shapes"][0], &schema["$defs"]["ShapeEntry"]),
        (plan, &schema["$defs"]["PlanEntry"]),
        (&plan["changes"][0], &schema["$defs"]["ChangeEntry"]),
        (&plan["steps"][0], &schema["$defs"]["Step"]),
    ] {
        let has = |key: &str| value.get(key).is_some();
        let required = described["required"].as_array().expect("a list").iter().filter_map(|key| key.as_str());
        required.for_each(|key| assert!(has(key), "{key} is missing in {value:#}"));
        let described = described["properties"].as_object().expect("it is described");
        let keys = value.as_object().expect("it is a map").keys();
        keys.for_each(|key| assert!(described.contains_key(key), "{key} is not described"));
    }
}

#[test]
fn no_secret_is_in_a_file() {
    let tenant = before(Engine::Postgres);
    let url = crate::support::postgres().tcp_url("postgres", "postgres");
    assert!(url.starts_with("postgres://"), "{url}");
    let secret = tenant.url.replacen("postgres@", "postgres:s3cret@", 1);
    let arguments = ["plan", "--out", "plan.json", "--url", &secret, "--schema", "after.yaml"];
    tenant.run(&arguments).expect_code(2);
    let text = std::fs::read_to_string(tenant.path().join("plan.json")).expect("it was written");
    assert!(!text.contains("s3cret") && !text.contains("postgres://"), "{text}");
}

/// Three engines, two structures each, and one tenant in sync: one file for all of them.
#[test]
fn one_file_serves_a_fleet() {
    let folder = crate::support::folder();
    let path = folder.path();
    let write = |name: &str, text: &str| std::fs::write(path.join(name), text).expect("the folder is ours");
    write("before.yaml", super::BEFORE);
    write("after.yaml", super::AFTER);
    write("policy.yaml", super::POLICY);
    let run = |arguments: &[&str]| Cli::new().folder(path).run(arguments);
    let mut list = String::new();
    for name in ["old_a", "old_b", "empty", "good"] {
        let (postgres, mariadb) = (crate::support::postgres().database(name), crate::support::mariadb().database(name));
        write(&format!("{name}.db"), "");
        let sqlite = format!("sqlite:{}", path.join(format!("{name}.db")).display());
        for (engine, url) in [("pg", &postgres), ("my", &mariadb), ("lite", &sqlite)] {
            list.push_str(&format!("      - {{ name: {engine}_{name}, url: \"{url}\" }}\n"));
            let schema = match name {
                "good" => "after.yaml",
                "empty" => continue,
                _ => "before.yaml",
            };
            run(&["apply", "--url", url, "--schema", schema]).expect_code(0);
        }
    }
    write("undrift.yaml", &format!("schema: after.yaml\npolicy: policy.yaml\ntenants:\n  - list:\n{list}"));
    let plan = run(&["plan", "--out", "plan.json", "--quiet"]).expect_code(2);
    assert!(plan.stdout.contains("3 in sync, 9 drifted, 0 unknown"), "{}", plan.stdout);
    let text = std::fs::read_to_string(path.join("plan.json")).expect("it was written");
    let file: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    assert_eq!(file["shapes"].as_array().map(Vec::len), Some(6));

    let some = run(&["apply", "plan.json", "--tenant", "*_old_a", "--quiet"]).expect_code(0);
    assert!(
        some.stdout.contains("3 in sync, 0 drifted, 0 unknown; 3 repaired, 0 skipped, 0 errors"),
        "{}",
        some.stdout
    );
    let other = run(&["apply", "plan.json", "--tenant", "pg_good"]).expect_code(1);
    assert!(other.stdout.contains("pg_good: the reviewed plan is not for this tenant"), "{}", other.stdout);
    let rest = run(&["apply", "plan.json", "--quiet"]).expect_code(0);
    assert!(
        rest.stdout.contains("9 in sync, 0 drifted, 0 unknown; 6 repaired, 0 skipped, 0 errors"),
        "{}",
        rest.stdout
    );
    assert_eq!(rest.stdout.matches("was carried out before").count(), 3, "{}", rest.stdout);
    run(&["plan"]).expect_code(0);

    let fewer: String =
        list.lines().filter(|line| !line.contains("pg_empty")).map(|line| format!("{line}\n")).collect();
    write("undrift.yaml", &format!("schema: after.yaml\npolicy: policy.yaml\ntenants:\n  - list:\n{fewer}"));
    let gone = run(&["apply", "plan.json", "--quiet"]).expect_code(1);
    assert!(gone.stdout.contains("pg_empty: the fleet has no such tenant"), "{}", gone.stdout);
}
