//! Names that differ in their case only.

use rstest::rstest;

use super::support::Engine;
use super::{comes_to, tenant, undrift};

const SCHEMA: &str = "schema: core
extras: drop
tables:
  t:
    columns:
      id: bigint
      Email: { type: varchar(190), nullable: true }
      n: { type: int, nullable: true }
    primary_key: [id]
    indexes: { IX_Email: [Email] }
    checks: { Positive: \"n > 0\" }
  c:
    columns: { id: bigint, T_Id: { type: bigint, nullable: true } }
    primary_key: [id]
    indexes: { By_T: [T_Id] }
    foreign_keys: { C_T: { columns: [T_Id], references: t(id) } }
";

#[rstest]
fn another_case_is_a_rename_of_spelling(#[values(Engine::Mariadb, Engine::Sqlite)] engine: Engine) {
    let script = "CREATE TABLE t (ID bigint NOT NULL PRIMARY KEY, email varchar(190), n int, CONSTRAINT positive CHECK (n > 0));
        CREATE INDEX ix_email ON t (email); INSERT INTO t VALUES (1, 'a@example.org', 3);
        CREATE TABLE c (id bigint NOT NULL PRIMARY KEY, t_id bigint, CONSTRAINT c_t FOREIGN KEY (t_id) REFERENCES t (ID));
        CREATE INDEX by_t ON c (t_id); INSERT INTO c VALUES (2, 1);";
    let tenant = tenant(engine, script);
    let plan = undrift(&tenant, "plan", SCHEMA).expect_code(2).stdout;
    assert!(plan.contains("t.email → Email"), "{plan}");
    assert!(!plan.contains("deletes_data") && !plan.contains("drop column"), "{plan}");
    comes_to(&tenant, SCHEMA);
    assert_eq!(tenant.query("SELECT Email FROM t"), "a@example.org");
    let exported = super::exported(&tenant);
    for name in ["Email:", "IX_Email:", "By_T:", "T_Id:"] {
        assert!(exported.contains(name), "{name} in {exported}");
    }
}

#[test]
fn sqlite_renames_tables_of_another_case() {
    let tenant = tenant(
        Engine::Sqlite,
        "CREATE TABLE USERS (id INTEGER NOT NULL PRIMARY KEY, a TEXT); INSERT INTO users VALUES (1, 'x');",
    );
    let schema = "schema: core\nextras: drop\ntables:\n  users:\n    columns: { id: integer, A: { type: text, nullable: true } }\n    primary_key: [id]\n";
    comes_to(&tenant, schema);
    assert_eq!(tenant.query("SELECT a FROM users"), "x");
    assert_eq!(tenant.query("SELECT name FROM sqlite_master WHERE type = 'table'"), "users");
}

#[test]
fn postgres_tells_names_apart_by_their_case() {
    let tenant = tenant(Engine::Postgres, "CREATE TABLE t (id bigint PRIMARY KEY, email text)");
    let schema = "schema: core\ntables:\n  t:\n    columns: { id: bigint, Email: { type: text, nullable: true } }\n    primary_key: [id]\n";
    let plan = undrift(&tenant, "plan", schema).expect_code(2).stdout;
    assert!(plan.contains("new column") && !plan.contains("t.email → Email"), "{plan}");
}
