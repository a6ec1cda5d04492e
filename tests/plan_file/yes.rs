//! What `--yes` answers, and what a person answers on a terminal.

use rstest::rstest;

use super::{POLICY, before, undrift};
use crate::support::{Cli, Engine};

#[rstest]
fn yes_answers_only_what_the_policy_lets_it(
    #[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine,
) {
    let tenant = before(engine);
    let rules = [("then: ask", "2", 3), ("then: ask, yes: false", "2", 3), ("then: ask, yes: true", "0", 0)];
    for (then, nicks, code) in rules {
        tenant.write("policy.yaml", &POLICY.replace("then: ask, yes: true", then));
        let apply = undrift(&tenant, &["apply", "--yes"]).expect_code(code);
        assert!(apply.stdout.contains("ask (drops are asked)"), "{}", apply.stdout);
        let kept = tenant.query(&format!("SELECT count(*) FROM {}", columns(engine)));
        assert_eq!(kept, if nicks == "2" { "1" } else { "0" }, "{then}");
    }
}

/// Where the catalog says whether `users.nick` is there.
fn columns(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "pragma_table_info('users') WHERE name = 'nick'",
        Engine::Postgres => "information_schema.columns WHERE table_name = 'users' AND column_name = 'nick'",
        Engine::Mariadb => {
            "information_schema.columns WHERE table_schema = database() AND table_name = 'users' AND column_name = 'nick'"
        }
    }
}

#[rstest]
fn a_person_sees_the_statements_and_answers(
    #[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine,
    #[values("yes", "no", "y")] answer: &str,
) {
    let tenant = before(engine);
    tenant.write("policy.yaml", &POLICY.replace("then: ask, yes: true", "then: ask"));
    let arguments = ["apply", "--quiet", "--url", &tenant.url, "--schema", "after.yaml", "--policy", "policy.yaml"];
    let apply = Cli::new().folder(tenant.path()).answered(&arguments, answer);
    let apply = apply.expect_code(if answer == "yes" { 0 } else { 3 });
    let (_, question) = apply.stdout.split_once("The policy asks a person about these changes").expect("it asks");
    let drop = question.find("DROP COLUMN").expect("the statement is in view");
    let asks = question.find("Run them?").expect("it asks");
    assert!(drop < asks && question.contains("! deletes_data:"), "{question}");
    assert!(!question[..asks].contains("idx_phone"), "what is not asked is not in the question:\n{question}");
    let left = if answer == "yes" { "0" } else { "1" };
    assert_eq!(tenant.query(&format!("SELECT count(*) FROM {}", columns(engine))), left, "{question}");
}
