//! Schemas in SQL that reach for what is not theirs: each is refused at its line, and what lies beside is as it was.

use rstest::rstest;

use crate::name_of;
use crate::support::{Engine, Tenant, mariadb, postgres, sqlite, sqlite_query};

/// A statement that has no place in a schema, and a word of the complaint about it.
type Hostile = (&'static str, &'static str);

/// On PostgreSQL. `CANARY` is another database.
const POSTGRES: &[Hostile] = &[
    ("CREATE ROLE pwned SUPERUSER", "`CREATE ROLE`"),
    ("create/**/user pwned superuser", "`CREATE USER`"),
    ("ALTER DATABASE CANARY SET work_mem = '1MB'", "`CANARY` is another database"),
    ("DO $$ BEGIN EXECUTE 'CREATE ROLE pwned SUPERUSER'; END $$", "`DO`"),
    ("COPY (SELECT 1) TO PROGRAM 'touch /tmp/pwned'", "`COPY`"),
    ("COPY t TO '/tmp/pwned'", "`COPY`"),
    ("TRUNCATE t", "`TRUNCATE`"),
    ("DELETE FROM t", "`DELETE`"),
    ("INSERT INTO t VALUES (1)", "`INSERT`"),
    ("WITH x AS (DELETE FROM t RETURNING id) SELECT * FROM x", "`WITH`"),
    ("SELECT pg_terminate_backend(pid) FROM pg_stat_activity", "a query defines nothing"),
    ("SELECT set_config('role', 'none', false)", "`SET role`"),
    ("SELECT pg_catalog.set_config('search_path', current_user, false)", "a query defines nothing"),
    ("SET ROLE postgres", "`SET role`"),
    ("SET SESSION AUTHORIZATION postgres", "`SET authorization`"),
    ("RESET ALL; ALTER SYSTEM SET work_mem = '1MB'", "`ALTER SYSTEM`"),
    ("CREATE TABLE u AS SELECT 1 AS a", "filled by a query"),
    ("SELECT 1 INTO u", "a query defines nothing"),
    ("PREPARE p AS DELETE FROM t", "`PREPARE`"),
    ("CALL p()", "`CALL`"),
    ("LOAD 'auto_explain'", "`LOAD`"),
    ("CREATE FUNCTION f() RETURNS int LANGUAGE c AS 'libc', 'system'", "a function in c"),
    ("CREATE FUNCTION f() RETURNS int LANGUAGE plpython3u AS $$ import os $$", "a function in plpython3u"),
    ("CREATE EXTENSION dblink", "the extension dblink"),
    ("CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw", "`CREATE SERVER`"),
    ("CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p", "`CREATE SUBSCRIPTION`"),
    ("CREATE TABLESPACE s LOCATION '/tmp'", "`CREATE TABLESPACE`"),
    ("CREATE DATABASE a; CREATE DATABASE CANARY", "`CANARY` is another database"),
    ("DROP DATABASE CANARY", "`CANARY` is another database"),
    ("CREATE DATABASE shop; DROP TABLE CANARY.public.kept", "`CANARY` is another database"),
    ("CREATE TEMP TABLE u (a int)", "temporary"),
    ("CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f()", "`CREATE EVENT TRIGGER`"),
    ("-- a comment\rCREATE ROLE pwned SUPERUSER", "`CREATE ROLE`"),
    ("/* /* */ CREATE TABLE hidden (a int); */ CREATE ROLE pwned", "`CREATE ROLE`"),
    ("CREATE TABLE u (a text DEFAULT E'a'\n'b\\'); CREATE ROLE pwned; --')", "two strings"),
];

/// The same, as lines of psql.
const PSQL: &[Hostile] = &[
    ("\\! touch /tmp/pwned", "a command of psql"),
    ("\\connect CANARY", "another database"),
    ("\\copy t to /tmp/pwned", "a command of psql"),
    ("\\i /etc/passwd", "a command of psql"),
    ("CREATE TABLE u (a int) \\g |touch", "a backslash"),
];

/// On MariaDB. `CANARY` is another database.
const MARIADB: &[Hostile] = &[
    ("USE shop; DROP TABLE IF EXISTS `CANARY`.`kept`", "`CANARY` is another database"),
    ("USE shop; USE `CANARY`", "`CANARY` is another database"),
    ("CREATE DATABASE shop; DROP DATABASE CANARY", "`CANARY` is another database"),
    ("CREATE TABLE shop.u (a int); RENAME TABLE CANARY.kept TO shop.gone", "`CANARY` is another database"),
    ("CREATE TABLE shop.u (a int); ALTER TABLE t RENAME TO CANARY.u", "`CANARY` is another database"),
    ("USE shop; CREATE VIEW CANARY.v AS SELECT 1", "`CANARY` is another database"),
    ("USE shop; CREATE TRIGGER CANARY.x BEFORE INSERT ON CANARY.kept FOR EACH ROW SET @a = 1", "another database"),
    ("USE shop; CREATE TABLE u LIKE CANARY.kept", "`CANARY` is another database"),
    ("USE shop; CREATE INDEX i ON CANARY . kept (id)", "`CANARY` is another database"),
    ("USE shop; DROP TABLE IF EXISTS t,CANARY.kept", "`CANARY` is another database"),
    ("USE shop; CREATE TABLE u (a int, FOREIGN KEY (a) REFERENCES CANARY.kept (id))", "another database"),
    ("/*!40000 DELETE FROM CANARY.kept */", "`DELETE`"),
    ("CREATE TABLE u (a int) /*!40000 ; DROP TABLE CANARY.kept */", "this comment is closed after"),
    ("/*M!100100 TRUNCATE CANARY.kept */", "`TRUNCATE`"),
    ("INSERT INTO t VALUES (1)", "`INSERT`"),
    ("UPDATE t SET id = 1", "`UPDATE`"),
    ("REPLACE INTO t VALUES (1)", "`REPLACE`"),
    ("PREPARE s FROM 'DROP DATABASE CANARY'; EXECUTE s", "`PREPARE`"),
    ("SET @s = 'x'; EXECUTE IMMEDIATE @s", "`EXECUTE`"),
    ("DELIMITER //\nCREATE PROCEDURE p() BEGIN DROP DATABASE CANARY; END//\nCALL p()//", "`CALL`"),
    ("SELECT 1 INTO OUTFILE '/tmp/pwned'", "`SELECT`"),
    ("LOAD DATA INFILE '/etc/passwd' INTO TABLE t", "`LOAD`"),
    ("GRANT ALL ON *.* TO pwned@'%'; CREATE USER pwned", "`CREATE USER`"),
    ("SET GLOBAL general_log = 1", "no setting"),
    ("SET @@global.general_log = 1", "no setting"),
    ("SET sql_mode = 'NO_BACKSLASH_ESCAPES'", "`sql_mode`"),
    ("SET PASSWORD = 'x'", "no setting"),
    ("SET ROLE admin", "no setting"),
    ("CREATE TABLE u SELECT * FROM mysql.user", "filled by a query"),
    ("CREATE TABLE u (a int) DATA DIRECTORY '/tmp'", "a folder of its own"),
    ("CREATE TABLE u (a int) ENGINE=FEDERATED CONNECTION='mysql://h/d/t'", "the engine FEDERATED"),
    ("CREATE TABLE u (a int) ENGINE=CONNECT", "the engine CONNECT"),
    ("CREATE TABLE u (id int) ENGINE=MRG_MyISAM UNION=(t)", "the engine MRG_MyISAM"),
    ("CREATE TABLE u (id int) UNION=(t)", "made of what lies elsewhere"),
    ("CREATE FUNCTION f RETURNS string SONAME 'lib.so'", "a library"),
    ("CREATE SERVER s FOREIGN DATA WRAPPER mysql OPTIONS (HOST 'h')", "`CREATE SERVER`"),
    ("ALTER TABLE t DISCARD TABLESPACE", "files and tables"),
    ("INSTALL SONAME 'x'", "`INSTALL`"),
    ("KILL 1", "`KILL`"),
    ("--\u{1}'\nDROP DATABASE CANARY -- '", "`CANARY` is another database"),
    ("CREATE TABLE u (a int CHECK (a > CANARY.kept.id))", "`CANARY` is another database"),
    ("CREATE TABLE .u (a int)", "another database"),
    ("CREATE TABLE u (a int, b int AS (.a))", "a dot"),
];

/// On SQLite. `CANARY` is another file.
const SQLITE: &[Hostile] = &[
    ("ATTACH 'CANARY' AS v", "`ATTACH`"),
    ("attach/**/database 'CANARY' as v; DROP TABLE v.kept", "`ATTACH`"),
    ("VACUUM INTO 'CANARY.copy'", "`VACUUM`"),
    ("DETACH v", "`DETACH`"),
    ("PRAGMA writable_schema = ON", "`PRAGMA writable_schema`"),
    ("PRAGMA encoding = 'UTF-16'", "`PRAGMA encoding`"),
    ("PRAGMA temp_store_directory = '/tmp'", "`PRAGMA temp_store_directory`"),
    ("SELECT load_extension('x')", "`SELECT`"),
    ("WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x FROM c) SELECT x FROM c", "`WITH`"),
    ("CREATE TABLE u AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x FROM c) SELECT x FROM c", "by a query"),
    ("INSERT INTO t VALUES (1)", "`INSERT INTO`"),
    ("INSERT INTO sqlite_schema VALUES ('table', 'x', 'x', 0, 'x')", "`INSERT INTO`"),
    ("DELETE FROM t", "`DELETE FROM`"),
    ("UPDATE t SET id = 1", "`UPDATE`"),
    ("CREATE TEMP TABLE u (a)", "temporary"),
    ("CREATE TABLE temp.u (a)", "`temp` is another database"),
    ("CREATE TABLE 'v'.u (a)", "`v` is another database"),
    ("DROP TABLE [v].kept", "`v` is another database"),
    ("ALTER TABLE v.kept RENAME TO gone", "`v` is another database"),
    (".shell touch CANARY.pwned", "a command of the client"),
    (".read /etc/passwd", "a command of the client"),
    ("EXPLAIN SELECT 1", "`EXPLAIN`"),
    ("CREATE TABLE u (a DEFAULT $x('); ATTACH ''CANARY'' AS v; --'))", "a parameter"),
];

/// Whatever a command does with a schema in SQL.
fn commands(url: &str) -> [Vec<&str>; 5] {
    [
        vec!["plan", "--url", url, "--schema", "schema.sql"],
        vec!["apply", "--url", url, "--schema", "schema.sql", "--yes"],
        vec!["diff", url, "schema.sql"],
        vec!["export", "schema.sql", "--url", url],
        vec!["check", "--schema", "schema.sql"],
    ]
}

/// Runs every command on a file that holds the statement on its third line.
fn refused(tenant: &Tenant, (statement, complaint): Hostile, canary: &str, commands: &[Vec<&str>]) {
    let statement = statement.replace("CANARY", canary);
    tenant.write("schema.sql", &format!("CREATE TABLE t (id integer PRIMARY KEY);\n-- next\n{statement};\n"));
    for command in commands {
        let output = tenant.run(command).expect_code(1);
        let said = output.stdout + &output.stderr;
        let complaint = complaint.replace("CANARY", canary);
        assert!(said.contains(&complaint), "{command:?} of\n{statement}\nsays\n{said}");
        let placed = (3..=6).any(|line| said.contains(&format!("schema.sql:{line}:")));
        assert!(placed, "{command:?} of\n{statement}\nsays\n{said}");
    }
}

/// All commands on the first statement, and `plan` on the others.
fn all_refused(tenant: &Tenant, hostile: &[Hostile], canary: &str) {
    let commands = commands(&tenant.url);
    for (number, hostile) in hostile.iter().enumerate() {
        refused(tenant, *hostile, canary, if number == 0 { &commands } else { &commands[..1] });
    }
}

#[rstest]
#[case(POSTGRES)]
#[case(PSQL)]
fn postgres_is_left_alone(#[case] hostile: &[Hostile]) {
    let tenant = Tenant::empty(Engine::Postgres);
    let canary = postgres().database("canary");
    postgres().sql(&canary, "CREATE TABLE kept (id integer); INSERT INTO kept VALUES (1)");
    let name = name_of(&canary);
    all_refused(&tenant, hostile, &name);
    assert_eq!(postgres().query(&canary, "SELECT count(*) FROM kept"), "1");
    assert_eq!(postgres().query(&canary, "SELECT count(*) FROM pg_roles WHERE rolname = 'pwned'"), "0");
    assert_eq!(postgres().query(&canary, "SELECT count(*) FROM pg_db_role_setting"), "0");
    assert!(!std::path::Path::new("/tmp/pwned").exists());
}

#[test]
fn mariadb_is_left_alone() {
    let tenant = Tenant::empty(Engine::Mariadb);
    let canary = mariadb().database("canary");
    mariadb().sql(&canary, "CREATE TABLE kept (id int PRIMARY KEY); INSERT INTO kept VALUES (1)");
    let name = name_of(&canary);
    all_refused(&tenant, MARIADB, &name);
    assert_eq!(mariadb().query(&canary, "SELECT count(*) FROM kept"), "1");
    assert_eq!(mariadb().query(&canary, "SHOW TABLES"), "kept");
    assert_eq!(mariadb().query(&canary, "SELECT count(*) FROM mysql.user WHERE user = 'pwned'"), "0");
}

#[test]
fn sqlite_files_are_left_alone() {
    let tenant = Tenant::empty(Engine::Sqlite);
    let (folder, canary) = sqlite("CREATE TABLE kept (id integer); INSERT INTO kept VALUES (1)");
    let path = canary.trim_start_matches("sqlite:").to_owned();
    let before = std::fs::read(&path).unwrap();
    all_refused(&tenant, SQLITE, &path);
    assert_eq!(std::fs::read(&path).unwrap(), before);
    assert_eq!(sqlite_query(&canary, "SELECT count(*) FROM kept"), "1");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing was written beside it");
}

/// The script of the issue: the names of the database that it chooses mean the scratch database.
#[test]
fn names_of_the_scripts_own_database_mean_the_scratch_database() {
    let tenant = Tenant::empty(Engine::Mariadb);
    let canary = mariadb().database("canary");
    mariadb().sql(&canary, "CREATE TABLE users (id int PRIMARY KEY); INSERT INTO users VALUES (1)");
    let name = name_of(&canary);
    let script = "USE `prod`; DROP TABLE IF EXISTS `prod`.`users`; CREATE TABLE `prod`.`users` (id int PRIMARY KEY);";
    tenant.write("schema.sql", &script.replace("prod", &name));
    tenant.run(&["plan", "--url", &tenant.url, "--schema", "schema.sql"]).expect_code(2);
    tenant.run(&["apply", "--url", &tenant.url, "--schema", "schema.sql", "--yes"]).expect_code(0);
    assert_eq!(mariadb().query(&canary, "SELECT count(*) FROM users"), "1");
    assert_eq!(tenant.query("SHOW TABLES"), "users");
}
