//! What a schema in SQL makes and undrift does not model is an error with its line, or is passed over because the file says so.

use rstest::rstest;

use crate::support::{Engine, Tenant};

const TABLE: &str = "CREATE TABLE t (id integer PRIMARY KEY);\n";

#[rstest]
#[case(Engine::Postgres, "CREATE VIEW v AS SELECT 1 AS a", "the view v")]
#[case(Engine::Postgres, "CREATE MATERIALIZED VIEW v AS SELECT 1 AS a", "the materialized view v")]
#[case(Engine::Postgres, "CREATE SEQUENCE s", "the sequence s")]
#[case(Engine::Postgres, "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "the function f")]
#[case(
    Engine::Postgres,
    "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; END",
    "the function f"
)]
#[case(Engine::Postgres, "CREATE TRIGGER x BEFORE INSERT ON t EXECUTE FUNCTION f()", "the trigger x")]
#[case(Engine::Postgres, "ALTER TABLE t ENABLE ROW LEVEL SECURITY", "the row security of t")]
#[case(Engine::Postgres, "CREATE POLICY p ON t USING (true)", "the policy p")]
#[case(Engine::Postgres, "CREATE RULE r AS ON DELETE TO t DO INSTEAD (NOTHING)", "the rule r")]
#[case(Engine::Postgres, "CREATE DOMAIN d AS int", "the domain d")]
#[case(Engine::Postgres, "CREATE TABLE p (a int) PARTITION BY RANGE (a)", "the partitioned table p")]
#[case(Engine::Mariadb, "CREATE VIEW v AS SELECT 1 AS a", "the view v")]
#[case(Engine::Mariadb, "CREATE SEQUENCE s", "the sequence s")]
#[case(Engine::Mariadb, "CREATE DEFINER=`a`@`%` TRIGGER x BEFORE INSERT ON t FOR EACH ROW SET @a = 1", "the trigger x")]
#[case(
    Engine::Mariadb,
    "/*!50003 CREATE*/ /*!50017 DEFINER=`a`@`b`*/ /*!50003 TRIGGER x BEFORE INSERT ON t FOR EACH ROW SET @a = 1 */",
    "the trigger x"
)]
#[case(Engine::Mariadb, "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 1", "the event e")]
#[case(Engine::Mariadb, "CREATE PROCEDURE p() SELECT 1", "the procedure p")]
#[case(Engine::Sqlite, "CREATE VIEW v AS SELECT 1 AS a", "the view v")]
#[case(Engine::Sqlite, "CREATE TRIGGER x AFTER INSERT ON t BEGIN SELECT 1; SELECT 2; END", "the trigger x")]
#[case(Engine::Sqlite, "CREATE VIRTUAL TABLE f USING fts5(a)", "the virtual table f")]
fn other_objects_do_not_vanish(#[case] engine: Engine, #[case] statement: &str, #[case] complaint: &str) {
    let tenant = Tenant::empty(engine);
    tenant.sql(TABLE);
    tenant.write("schema.sql", &format!("{TABLE}{statement};\n"));
    let export = ["export", "schema.sql", "--url", &tenant.url];
    let (plan, diff) = (["plan", "--url", &tenant.url, "--schema", "schema.sql"], ["diff", &tenant.url, "schema.sql"]);
    for command in [&plan[..], &diff, &export] {
        let output = tenant.run(command).expect_code(1);
        let said = output.stdout + &output.stderr;
        assert!(said.contains(complaint) && said.contains("schema.sql:2:"), "{command:?}: {said}");
    }
    tenant.write("schema.sql", &format!("{TABLE}-- undrift: unmodelled: ignore\n{statement};\n"));
    let ignored = tenant.run(&plan);
    let missing =
        statement.contains("PARTITION BY") || statement.contains("FUNCTION f()") && statement.contains("TRIGGER");
    assert!(ignored.code == Some(0) || missing, "{}{}", ignored.stdout, ignored.stderr);
}

#[test]
fn a_remark_that_says_nothing_is_an_error() {
    let tenant = Tenant::empty(Engine::Sqlite);
    tenant.write("schema.sql", &format!("{TABLE}-- undrift: unmodeled: ignore\n"));
    let output = tenant.run(&["check", "--schema", "schema.sql"]).expect_code(1);
    assert!(output.stderr.contains("schema.sql:2:1"), "{}", output.stderr);
}

#[test]
fn many_statements_take_no_longer_than_that() {
    let tenant = Tenant::empty(Engine::Sqlite);
    let mut script = "CREATE TABLE t (id integer PRIMARY KEY);\n".to_owned();
    (0..100_000).for_each(|number| script.push_str(&format!("-- {number}\nBEGIN; COMMIT; /* ; */\n")));
    tenant.write("schema.sql", &script);
    let started = std::time::Instant::now();
    tenant.run(&["plan", "--url", &tenant.url, "--schema", "schema.sql"]).expect_code(2);
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}
