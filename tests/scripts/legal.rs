//! Schemas in SQL as the engines' own tools and people write them, on real servers.

use rstest::rstest;

use crate::name_of;
use crate::support::{Engine, Tenant, mariadb, postgres};

/// Plans a schema in SQL for the database that it describes: nothing differs.
fn in_sync(tenant: &Tenant, script: &str) {
    tenant.write("schema.sql", script);
    let planned = tenant.run(&["plan", "--url", &tenant.url, "--schema", "schema.sql"]);
    assert_eq!(planned.code, Some(0), "{}{}\n{script}", planned.stdout, planned.stderr);
    tenant.run(&["check", "--schema", "schema.sql"]).expect_code(0);
    let exported = tenant.run(&["export", "schema.sql", "--url", &tenant.url]).expect_code(0).stdout;
    tenant.write("exported.yaml", &exported);
    tenant.run(&["plan", "--url", &tenant.url, "--schema", "exported.yaml"]).expect_code(0);
}

const POSTGRES: &str = "
    CREATE SCHEMA audit; CREATE TYPE mood AS ENUM ('it''s', 'b;c'); COMMENT ON TYPE mood IS 'how; it is';
    CREATE TABLE units (id serial PRIMARY KEY, code varchar(8) NOT NULL UNIQUE, m mood DEFAULT 'b;c',
        n int GENERATED ALWAYS AS IDENTITY, CHECK (code <> $$;$$), CHECK (code ~ E'^[^\\\\]'));
    CREATE TABLE audit.entries (id bigint PRIMARY KEY, unit int REFERENCES units ON DELETE CASCADE, at timestamptz DEFAULT now());
    CREATE INDEX by_time ON audit.entries (at DESC) WHERE unit IS NOT NULL; COMMENT ON COLUMN units.code IS 'a';
    CREATE ROLE app_of_dumps; GRANT SELECT ON units TO app_of_dumps; ALTER DATABASE NAME SET work_mem = '8MB';";

#[test]
fn dumps_of_postgres_are_schemas() {
    let tenant = Tenant::empty(Engine::Postgres);
    let name = name_of(&tenant.url);
    tenant.sql(&POSTGRES.replace("NAME", &name));
    for options in [&["-s"][..], &["-s", "-C"], &["-s", "-c", "--if-exists", "-C"], &["-s", "-O", "-x"]] {
        in_sync(&tenant, &postgres().dump_with(&tenant.url, options));
    }
    tenant.sql("DROP OWNED BY app_of_dumps; DROP ROLE app_of_dumps");
}

const MARIADB: &str = "
    CREATE TABLE parent (id int PRIMARY KEY AUTO_INCREMENT, n varchar(10) DEFAULT 'x;\\'y', g int AS (length(n)) STORED,
        CHECK (n <> '#'), KEY k (n(3))) COMMENT='it''s -- a /* comment';
    CREATE TABLE `a;b` (id int, parent int, CONSTRAINT f FOREIGN KEY (parent) REFERENCES parent (id));
    CREATE TABLE parts (id int PRIMARY KEY) ENGINE=MyISAM;";

#[test]
fn dumps_of_mariadb_are_schemas() {
    let tenant = Tenant::empty(Engine::Mariadb);
    tenant.sql(MARIADB);
    let name = &*name_of(&tenant.url);
    for options in [&[name][..], &["--databases", name], &["--add-drop-database", "--databases", name]] {
        in_sync(&tenant, &mariadb().dump_with(options));
    }
}

/// What MySQL Workbench writes: the database's name stands everywhere.
const WORKBENCH: &str = "-- MySQL Workbench Forward Engineering
SET @OLD_UNIQUE_CHECKS=@@UNIQUE_CHECKS, UNIQUE_CHECKS=0;
SET @OLD_FOREIGN_KEY_CHECKS=@@FOREIGN_KEY_CHECKS, FOREIGN_KEY_CHECKS=0;
SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ENGINE_SUBSTITUTION';
CREATE SCHEMA IF NOT EXISTS `shop` DEFAULT CHARACTER SET utf8 ;
USE `shop` ;
DROP TABLE IF EXISTS `shop`.`orders` ;
CREATE TABLE IF NOT EXISTS `shop`.`orders` (
  `id` INT NOT NULL AUTO_INCREMENT,
  `customer` INT NOT NULL,
  PRIMARY KEY (`id`),
  INDEX `by_customer` (`customer` ASC),
  CONSTRAINT `fk_customer` FOREIGN KEY (`customer`) REFERENCES `shop`.`customers` (`id`) ON DELETE NO ACTION)
ENGINE = InnoDB;
CREATE TABLE IF NOT EXISTS `shop`.`customers` (`id` INT NOT NULL, PRIMARY KEY (`id`)) ENGINE = InnoDB;
SET SQL_MODE=@OLD_SQL_MODE;
SET FOREIGN_KEY_CHECKS=@OLD_FOREIGN_KEY_CHECKS;
";

#[test]
fn a_script_may_name_its_own_database_everywhere() {
    let tenant = Tenant::empty(Engine::Mariadb);
    tenant.write("schema.sql", WORKBENCH);
    tenant.run(&["apply", "--url", &tenant.url, "--schema", "schema.sql", "--yes"]).expect_code(0);
    in_sync(&tenant, WORKBENCH);
    in_sync(&tenant, &WORKBENCH.replace("USE `shop` ;", "").replace("CREATE SCHEMA", "-- CREATE SCHEMA"));
}

const SQLITE: &str = "
    CREATE TABLE [odd ; table] (id INTEGER PRIMARY KEY AUTOINCREMENT, `a` TEXT DEFAULT 'x;''y', CHECK (a <> ';'));
    CREATE TABLE u (id INTEGER REFERENCES [odd ; table]) STRICT; CREATE INDEX \"i;\" ON u (id) WHERE id > 1;";

#[test]
fn dumps_of_sqlite_are_schemas() {
    let tenant = Tenant::empty(Engine::Sqlite);
    tenant.sql(SQLITE);
    for command in [".dump", ".schema", ".schema --indent"] {
        in_sync(&tenant, &crate::support::sqlite_query(&tenant.url, command));
    }
    in_sync(&tenant, &SQLITE.replace("CREATE TABLE u", "CREATE TABLE main.u"));
    in_sync(&tenant, &format!("\u{feff}{}", SQLITE.replace('\n', "\r\n")));
}

/// What Laravel's schema builder writes.
#[rstest]
#[case(
    Engine::Postgres,
    "create table \"users\" (\"id\" bigserial not null primary key, \"uuid\" uuid not null, \
    \"status\" varchar(255) check (\"status\" in ('a', 'b')) not null default 'a', \"meta\" json null, \
    \"at\" timestamp(0) without time zone null);\nalter table \"users\" add constraint \"u\" unique (\"uuid\");\n\
    create index \"i\" on \"users\" (\"status\");"
)]
#[case(
    Engine::Mariadb,
    "create table `users` (`id` bigint unsigned not null auto_increment primary key, \
    `status` enum('a', 'b') not null default 'a', `meta` json null, `at` timestamp null) \
    default character set utf8mb4 collate 'utf8mb4_unicode_ci';\nalter table `users` add unique `u`(`at`);\n\
    alter table `users` add index `i`(`status`);\nalter table `users` add fulltext `f`(`meta`);"
)]
#[case(
    Engine::Sqlite,
    "create table \"users\" (\"id\" integer primary key autoincrement not null, \
    \"status\" varchar check (\"status\" in ('a', 'b')) not null default 'a', \"at\" datetime);\n\
    create unique index \"u\" on \"users\" (\"at\");"
)]
fn migrations_of_laravel_are_schemas(#[case] engine: Engine, #[case] script: &str) {
    let tenant = Tenant::empty(engine);
    tenant.sql(script);
    in_sync(&tenant, script);
}

#[test]
fn what_a_server_refuses_is_named_by_its_line() {
    let tenant = Tenant::empty(Engine::Postgres);
    tenant.write("schema.sql", "CREATE TABLE t (id int);\n\n  CREATE INDEX i ON t (missing);\n");
    let planned = tenant.run(&["plan", "--url", &tenant.url, "--schema", "schema.sql"]).expect_code(1).stdout;
    assert!(planned.contains("schema.sql:3:3") && planned.contains("missing"), "{planned}");
}
