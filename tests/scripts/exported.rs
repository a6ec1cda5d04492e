//! What is exported from one database asks for nothing to be dropped in another.

use rstest::rstest;

use crate::support::{Engine, Tenant};

const BOTH: &str = "CREATE TABLE t (id integer PRIMARY KEY, a varchar(10));";
const MORE: &str = "ALTER TABLE t ADD COLUMN own varchar(10); CREATE TABLE own (id integer PRIMARY KEY); \
    CREATE INDEX own_a ON t (a); INSERT INTO own VALUES (1);";

#[rstest]
fn what_another_alone_has_is_reported(#[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine) {
    let (a, b) = (Tenant::empty(engine), Tenant::empty(engine));
    a.sql(BOTH);
    b.sql(BOTH);
    b.sql(MORE);
    let exported = a.run(&["export", "--url", &a.url]).expect_code(0).stdout;
    assert!(exported.contains("\nextras: report\n"), "{exported}");
    a.write("a.yaml", &exported);
    b.write("a.yaml", &exported);
    a.run(&["plan", "--url", &a.url, "--schema", "a.yaml"]).expect_code(0);
    let planned = b.run(&["plan", "--url", &b.url, "--schema", "a.yaml"]).stdout;
    assert_eq!(planned.matches("extra (not declared, left alone)").count(), 3, "{planned}");
    b.run(&["apply", "--url", &b.url, "--schema", "a.yaml", "--yes"]).expect_code(0);
    assert_eq!(b.query("SELECT count(*) FROM own"), "1");
}
