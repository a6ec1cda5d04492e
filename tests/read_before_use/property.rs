//! Whatever passes for an expression leaves the statement that it is put into in one piece: real servers are asked.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use rstest::rstest;
use undrift::db::{Connection, Patience, Session, Target};
use undrift::dialect::form::{Form, check};

use crate::support::{Engine, Tenant};

/// Pieces that could get out of their place together.
const PIECES: [&str; 30] = [
    "1",
    "a",
    " ",
    "\n",
    "(",
    ")",
    "'",
    "''",
    "\"",
    "`",
    "\\",
    "$$",
    "$x$",
    "E'",
    "U&'",
    "--",
    "-- ",
    "#",
    "/*",
    "*/",
    "/*!",
    ";",
    ",",
    "[",
    "]",
    "; drop table canary; ",
    "; delete from canary; ",
    "x'",
    "\u{1}",
    "+",
];

/// Texts that are taken for expressions, always the same ones.
fn accepted(engine: undrift::model::Engine, count: usize) -> Vec<String> {
    let mut runner = TestRunner::deterministic();
    let texts = prop::collection::vec(prop::sample::select(PIECES.to_vec()), 1..12).prop_map(|pieces| pieces.concat());
    let mut found = Vec::new();
    while found.len() < count {
        let text = texts.new_tree(&mut runner).unwrap().current();
        let tempting = text.contains("canary") || text.contains(['\'', '"', '`', '$', '#', '*', '-']);
        if tempting && check(engine, &text, Form::Expression).is_ok() {
            found.push(text);
        }
    }
    found
}

#[rstest]
#[case(Engine::Postgres, undrift::model::Engine::Postgres)]
#[case(Engine::Mariadb, undrift::model::Engine::Mysql)]
#[case(Engine::Sqlite, undrift::model::Engine::Sqlite)]
#[tokio::test]
async fn a_statement_with_an_expression_in_it_is_one_statement(
    #[case] engine: Engine,
    #[case] kind: undrift::model::Engine,
) {
    let tenant = Tenant::empty(engine);
    tenant.sql("create table canary (a int); insert into canary values (1)");
    let target = Target::parse(&tenant.url).unwrap();
    let mut session = Session::connect(&target, Patience::default()).await.unwrap();
    for text in accepted(kind, 300) {
        // What comes after the expression is still there: without it this would be no error.
        let statement = format!("SELECT ({text}) FROM canary WHERE there_is_no_such_column = 'x'");
        let ran = session.execute(&statement).await;
        assert!(ran.is_err(), "{statement}");
        assert_eq!(tenant_is_whole(&mut session).await, 1, "{statement}");
    }
    session.close().await;
}

async fn tenant_is_whole(session: &mut Session) -> u64 {
    session.count("SELECT count(*) FROM canary").await.unwrap()
}
