//! Drops that are kept, in files: under the name that was reviewed.

use rstest::rstest;

use super::{before, read, undrift};
use crate::support::Engine;

const KEEP: &str = "
policy: keep
rules:
  - { match: { change: drop_column }, then: ask, yes: true, quarantine: { keep_for: 30d } }
  - { then: allow }
";

#[rstest]
fn what_was_reviewed_is_kept_under_that_name(
    #[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine,
) {
    let tenant = before(engine);
    tenant.write("policy.yaml", KEEP);
    undrift(&tenant, &["plan", "--out", "plan.json"]).expect_code(2);
    let kept = format!("undrift_dropped_{}_nick", jiff::Timestamp::now().strftime("%Y%m%d"));
    let file = read(&tenant);
    let changes = file["shapes"][0]["plans"][0]["changes"].as_array().unwrap();
    assert!(changes.iter().any(|change| change["kept_as"] == kept.as_str()), "{file:#}");
    undrift(&tenant, &["apply", "plan.json"]).expect_code(0);
    assert_eq!(
        tenant.query(&format!("SELECT {kept} FROM users ORDER BY id")).split_whitespace().collect::<String>(),
        "ab"
    );
    let again = undrift(&tenant, &["apply", "plan.json"]).expect_code(0);
    assert!(again.stdout.contains("was carried out before"), "{}", again.stdout);
}
