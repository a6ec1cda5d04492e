//! Through the real binary: a hostile tenant or schema file changes nothing beside itself, and a damaged file is left alone.

use std::path::Path;
use std::time::SystemTime;

use undrift::db::{Connection, Trouble};

use crate::bench::{connect, file};
use crate::support::{Engine, Output, Tenant, sqlite_query, sqlite_sql};

const SCHEMA: &str = "
schema: app
extras: report
tables:
  t:
    columns:
      a: { type: integer, nullable: true }
      b: { type: text, nullable: true }
";

fn state(url: &str) -> (Vec<u8>, SystemTime) {
    let path = url.trim_start_matches("sqlite:");
    (std::fs::read(path).unwrap(), std::fs::metadata(path).unwrap().modified().unwrap())
}

/// Every command that looks at a tenant or changes one.
fn every_command(tenant: &Tenant) -> Vec<Output> {
    let read_only = format!("{}?mode=ro", tenant.url);
    let url = tenant.url.as_str();
    [
        vec!["plan", "--url", url, "--schema", "schema.yaml"],
        vec!["plan", "--url", &read_only, "--schema", "schema.yaml"],
        vec!["diff", url, "schema.yaml"],
        vec!["export", "--url", url],
        vec!["apply", "--url", url, "--schema", "schema.yaml", "--yes"],
    ]
    .into_iter()
    .map(|arguments| tenant.run(&arguments))
    .collect()
}

#[test]
fn what_a_catalog_holds_behind_its_texts_never_runs() {
    let canary = Tenant::empty(Engine::Sqlite);
    canary.sql("CREATE TABLE users (a); INSERT INTO users VALUES (1)");
    let before = state(&canary.url);
    let other = canary.url.trim_start_matches("sqlite:");
    let harms = [
        format!("; ATTACH '{other}' AS v; DELETE FROM v.users"),
        format!("; VACUUM INTO '{other}.copy'"),
        "; DROP TABLE t".to_owned(),
    ];
    for object in ["i", "v", "g", "f", "t"] {
        for harm in &harms {
            let tenant = Tenant::empty(Engine::Sqlite);
            tenant.write("schema.yaml", SCHEMA);
            let literal = harm.replace('\'', "''");
            tenant.sql(&format!(
                "CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (7); CREATE INDEX i ON t (a) WHERE a IS NOT NULL;
                 CREATE VIEW v AS SELECT a FROM t; CREATE TRIGGER g AFTER DELETE ON t BEGIN SELECT 1; END;
                 CREATE VIRTUAL TABLE f USING fts5(x);
                 PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = sql || '{literal}' WHERE name = '{object}'"
            ));
            for output in every_command(&tenant) {
                assert!(!output.stdout.contains("where: a is not null;"), "{object} {harm}: {}", output.stdout);
            }
            assert_eq!(sqlite_query(&tenant.url, "SELECT a FROM t"), "7", "{object} {harm}");
            assert!(state(&canary.url) == before, "{object} {harm}");
            assert!(!Path::new(&format!("{other}.copy")).exists(), "{object} {harm}");
        }
    }
}

#[test]
fn a_script_of_a_schema_reaches_nothing_else() {
    let canary = Tenant::empty(Engine::Sqlite);
    canary.sql("CREATE TABLE users (a); INSERT INTO users VALUES (1)");
    let before = state(&canary.url);
    let other = canary.url.trim_start_matches("sqlite:");
    for harm in [
        format!("ATTACH '{other}' AS v; DELETE FROM v.users"),
        format!("VACUUM INTO '{other}.copy'"),
        "SELECT load_extension('x')".to_owned(),
        "PRAGMA writable_schema = ON; DELETE FROM sqlite_master".to_owned(),
    ] {
        let tenant = Tenant::empty(Engine::Sqlite);
        tenant.write("schema.sql", &format!("CREATE TABLE t (a INTEGER);\n{harm};\n"));
        for arguments in [
            ["plan", "--url", &tenant.url, "--schema", "schema.sql"].as_slice(),
            &["apply", "--url", &tenant.url, "--schema", "schema.sql", "--yes"],
            &["diff", "schema.sql", &tenant.url],
        ] {
            let output = tenant.run(arguments).expect_code(1);
            let said = output.stdout + &output.stderr;
            let word = harm.split([' ', '(']).next().unwrap();
            assert!(said.contains(word), "{harm}: {said}");
        }
        assert!(state(&canary.url) == before && !Path::new(&format!("{other}.copy")).exists(), "{harm}");
        assert_eq!(sqlite_query(&tenant.url, "SELECT count(*) FROM sqlite_master"), "0", "{harm}");
    }
}

#[test]
fn a_unique_index_is_the_unique_constraint_that_is_wanted() {
    for (name, unique) in [("t_b_unique", "[b]"), ("app_name", "[b]")] {
        let tenant = Tenant::empty(Engine::Sqlite);
        let sql = format!(
            "CREATE TABLE t (a INTEGER, b TEXT); CREATE UNIQUE INDEX {name} ON t (b); INSERT INTO t VALUES (1, 'x')"
        );
        tenant.sql(&sql);
        let schema = format!("{SCHEMA}    unique:\n      app_name: {unique}\n");
        tenant.write("schema.yaml", &schema);
        for extras in ["report", "drop"] {
            tenant.write("schema.yaml", &schema.replace("extras: report", &format!("extras: {extras}")));
            tenant.run(&["plan", "--url", &tenant.url, "--schema", "schema.yaml"]).expect_code(0);
            tenant.run(&["apply", "--url", &tenant.url, "--schema", "schema.yaml", "--yes"]).expect_code(0);
            assert_eq!(sqlite_query(&tenant.url, "SELECT name FROM sqlite_master WHERE type = 'index'"), name);
        }
    }
}

#[test]
fn a_unique_constraint_is_the_unique_index_that_is_wanted() {
    let tenant = Tenant::empty(Engine::Sqlite);
    tenant.sql("CREATE TABLE t (a INTEGER, b TEXT UNIQUE); INSERT INTO t VALUES (1, 'x')");
    tenant.write("schema.yaml", &format!("{SCHEMA}    indexes:\n      by_b: {{ columns: [b], unique: true }}\n"));
    tenant.run(&["plan", "--url", &tenant.url, "--schema", "schema.yaml"]).expect_code(0);
}

/// A table that has to be built anew, and its file of two pages cut to so many bytes.
fn cut(bytes: u64) -> Tenant {
    let tenant = Tenant::empty(Engine::Sqlite);
    tenant.write(
        "schema.yaml",
        &SCHEMA.replace("a: { type: integer, nullable: true }", "a: { type: text, nullable: true }"),
    );
    tenant.sql("CREATE TABLE t (a INTEGER, b TEXT); INSERT INTO t VALUES (7, 'kept')");
    let path = tenant.url.trim_start_matches("sqlite:");
    std::fs::OpenOptions::new().write(true).open(path).unwrap().set_len(bytes).unwrap();
    tenant
}

#[test]
fn a_file_that_was_cut_off_is_left_alone() {
    for bytes in [1, 100, 4096, 5000, 8000, 8191] {
        let tenant = cut(bytes);
        let before = state(&tenant.url);
        for command in ["plan", "apply"] {
            let mut arguments = vec![command, "--url", &tenant.url, "--schema", "schema.yaml"];
            arguments.extend((command == "apply").then_some("--yes"));
            let output = tenant.run(&arguments).expect_code(1);
            let said = output.stdout + &output.stderr;
            assert!(said.contains("tenant.db") && said.contains("backup"), "{bytes}: {said}");
        }
        assert!(state(&tenant.url) == before, "{bytes}");
    }
}

/// Pages that hold something else than they should, in a file of full length: the head of a page, and where its rows are.
#[tokio::test]
async fn a_damaged_file_is_not_built_anew() {
    for damaged in [0..8, 8..10] {
        let rows = "INSERT INTO t VALUES ('x'); INSERT INTO u VALUES ('y')";
        let file = file(&format!("CREATE TABLE t (a); CREATE TABLE u (b); {rows}")).await;
        let path = file.folder.path().join("tenant.db");
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[2 * 4096..][damaged].fill(0xff);
        std::fs::write(&path, &bytes).unwrap();
        let mut session = connect(&file.url).await;
        session.begin().await.unwrap();
        session.execute("CREATE TABLE \"undrift_new_t\" (a)").await.unwrap();
        let error = session.execute("INSERT INTO undrift_new_t SELECT a FROM t").await.unwrap_err();
        assert_eq!(error.trouble, Trouble::Unreadable, "{error}");
        assert!(error.doing.starts_with("check") && error.advice().contains("backup"), "{error}");
        session.rollback().await.unwrap();
        session.close().await;
        assert!(std::fs::read(&path).unwrap() == bytes);
    }
}

/// An index for searching that its module cannot read is no reason to leave the tables alone.
#[tokio::test]
async fn a_virtual_table_that_is_broken_is_no_damage_of_the_file() {
    let script = "CREATE TABLE t (a); CREATE VIRTUAL TABLE f USING fts5(x); UPDATE f_config SET v = 99";
    let file = file(script).await;
    let mut session = connect(&file.url).await;
    session.begin().await.unwrap();
    session.execute("UPDATE t SET a = 2").await.unwrap();
    session.commit().await.unwrap();
}

/// That rows do not keep to a constraint is no damage: people turn checks off.
#[tokio::test]
async fn rows_that_keep_to_nothing_are_no_damage() {
    let file =
        file("PRAGMA ignore_check_constraints = ON; CREATE TABLE t (a CHECK (a > 1)); INSERT INTO t VALUES (1)").await;
    let mut session = connect(&file.url).await;
    session.begin().await.unwrap();
    session.execute("UPDATE t SET a = 2").await.unwrap();
    session.commit().await.unwrap();
}

#[tokio::test]
async fn a_file_that_is_moved_meanwhile_is_not_in_sync() {
    for replaced in [true, false] {
        let file = file("CREATE TABLE t (a)").await;
        let path = file.folder.path().join("tenant.db");
        let mut session = connect(&file.url).await;
        session.begin().await.unwrap();
        session.execute("ALTER TABLE t ADD COLUMN b").await.unwrap();
        let other = file.folder.path().join("other.db");
        sqlite_sql(&format!("sqlite:{}", other.display()), "CREATE TABLE t (a)");
        if replaced {
            std::fs::rename(&other, &path).unwrap()
        } else {
            std::fs::remove_file(&path).unwrap()
        }
        for error in [session.commit().await.unwrap_err(), session.read().await.unwrap_err()] {
            assert_eq!(error.trouble, Trouble::Unreadable);
            assert!(
                error.to_string().contains("tenant.db") && error.message.contains("while undrift worked"),
                "{error}"
            );
        }
        assert!(session.structure().await.is_err());
        session.close().await;
    }
}
