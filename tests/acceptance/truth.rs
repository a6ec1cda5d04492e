//! What the databases themselves say, asked with the engines' own clients.

use std::collections::BTreeMap;

use crate::support::{self, Engine};
use crate::world::{Tenant, World};

/// Columns and indexes, a line each, of one database.
type Structure = String;

const POSTGRES: &str = "
SELECT 'column', table_name, column_name, data_type, is_nullable FROM information_schema.columns
 WHERE table_schema = 'public'
UNION ALL
SELECT 'index', tablename, indexname, '-', '-' FROM pg_indexes WHERE schemaname = 'public'
ORDER BY 1, 2, 3";

const MARIADB: &str = "
SELECT table_schema, 'column', table_name, column_name, column_type, is_nullable FROM information_schema.columns
 WHERE table_schema LIKE 'my%\\_%'
UNION ALL
SELECT table_schema, 'index', table_name, index_name, column_name, '-' FROM information_schema.statistics
 WHERE table_schema LIKE 'my%\\_%'
ORDER BY 1, 2, 3, 4, 5";

const SQLITE: &str = "
SELECT 'column', t.name, c.name, c.type, c.\"notnull\" FROM sqlite_schema t, pragma_table_info(t.name) c
 WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%'
UNION ALL
SELECT 'index', tbl_name, name, '-', '-' FROM sqlite_schema WHERE type = 'index'
ORDER BY 1, 2, 3";

/// The tenants whose structure is that of the tenants that never drifted, and whose row is still there.
pub fn in_order(world: &World, engine: Engine) -> Vec<String> {
    let found = structures(world, engine);
    let untouched = world.of(engine).find(|tenant| tenant.drift.is_none()).expect("most never drifted");
    let wanted = &found[&untouched.name];
    let (good, bad): (Vec<_>, Vec<_>) = world.of(engine).partition(|tenant| found[&tenant.name] == *wanted);
    for tenant in bad {
        println!("{tenant:?} differs:\n{}", difference(wanted, &found[&tenant.name]));
    }
    good.iter().map(|tenant| tenant.name.clone()).collect()
}

/// The lines that only one of two structures has.
fn difference(wanted: &str, found: &str) -> String {
    let only = |sign, a: &str, b: &str| -> String {
        a.lines()
            .filter(|line| !b.lines().any(|other| other == *line))
            .map(|line| format!("  {sign} {line}\n"))
            .collect()
    };
    only('-', wanted, found) + &only('+', found, wanted)
}

/// Names that still are Ada Lovelace's, in a tenant that has the declared columns.
pub fn row(tenant: &Tenant, world: &World) -> String {
    let sql = "SELECT full_name FROM members WHERE email = 'ada@example.org'";
    match tenant.engine {
        Engine::Postgres => support::postgres().query(&support::postgres().url(&tenant.name), sql),
        Engine::Mariadb => support::mariadb().query(&support::mariadb().url(&tenant.name), sql),
        Engine::Sqlite => support::sqlite_query(&format!("sqlite:{}", world.file(&tenant.name).display()), sql),
    }
}

/// Scratch databases that are left on the servers.
pub fn scratch_databases() -> Vec<String> {
    let (postgres, mariadb) = (support::postgres(), support::mariadb());
    let found = [
        postgres.query(
            &postgres.url("postgres"),
            "SELECT datname FROM pg_database WHERE datname LIKE 'undrift\\_scratch\\_%'",
        ),
        mariadb.query(
            &mariadb.url("mysql"),
            "SELECT schema_name FROM information_schema.schemata WHERE schema_name LIKE 'undrift\\_scratch\\_%'",
        ),
    ];
    found.iter().flat_map(|names| names.lines()).map(str::to_owned).collect()
}

fn structures(world: &World, engine: Engine) -> BTreeMap<String, Structure> {
    match engine {
        Engine::Postgres => {
            let server = support::postgres();
            world.of(engine).map(|t| (t.name.clone(), server.query(&server.url(&t.name), POSTGRES))).collect()
        }
        Engine::Mariadb => mariadb(),
        Engine::Sqlite => {
            let url = |tenant: &Tenant| format!("sqlite:{}", world.file(&tenant.name).display());
            world.of(engine).map(|t| (t.name.clone(), support::sqlite_query(&url(t), SQLITE))).collect()
        }
    }
}

/// All databases of the server in one query.
fn mariadb() -> BTreeMap<String, Structure> {
    let server = support::mariadb();
    let mut found: BTreeMap<String, Structure> = BTreeMap::new();
    for line in server.query(&server.url("mysql"), MARIADB).lines() {
        let (database, rest) = line.split_once('\t').expect("it has columns");
        found.entry(database.to_owned()).or_default().push_str(&format!("{rest}\n"));
    }
    found
}
