//! What must not be there when all is done.

use std::fs::File;
use std::path::Path;

use undrift::model::Hash;

use crate::support::{Engine, Tenant, mariadb, postgres};

/// Makes sure that nothing but the tenant's own is there.
#[track_caller]
pub fn none(tenant: &Tenant, at: &str) {
    let found = match tenant.engine {
        Engine::Postgres => in_postgres(tenant),
        Engine::Mariadb => in_mariadb(tenant),
        Engine::Sqlite => in_sqlite(tenant),
    };
    assert_eq!(found, "", "{at}: something was left behind");
}

fn in_postgres(tenant: &Tenant) -> String {
    tenant.query(
        "SELECT 'lock', mode FROM pg_locks WHERE locktype = 'advisory'
           AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
         UNION ALL SELECT 'invalid index', indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid OR NOT indisready
         UNION ALL SELECT 'not validated', conname FROM pg_constraint WHERE NOT convalidated
         UNION ALL SELECT 'name', relname FROM pg_class WHERE relname LIKE '%undrift%'
         UNION ALL SELECT 'column', attname FROM pg_attribute WHERE attname LIKE '%undrift%'
         UNION ALL SELECT 'constraint', conname FROM pg_constraint WHERE conname LIKE '%undrift%'
         UNION ALL SELECT 'trigger', tgname FROM pg_trigger WHERE NOT tgisinternal
         UNION ALL SELECT 'comment', description FROM pg_description WHERE description LIKE '%undrift%'
         UNION ALL SELECT 'session', query FROM pg_stat_activity
           WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend' AND application_name NOT IN ('psql', 'pg_dump')",
    )
}

fn in_mariadb(tenant: &Tenant) -> String {
    let name = tenant.query("SELECT database()");
    let lock = format!("undrift:{}", Hash::of(name.as_str()).short());
    tenant.query(&format!(
        "SELECT 'lock', '{lock}' FROM DUAL WHERE is_free_lock('{lock}') = 0
         UNION ALL SELECT 'table', name FROM information_schema.innodb_sys_tables WHERE name LIKE '{name}/#sql%'
         UNION ALL SELECT 'table', table_name FROM information_schema.tables
           WHERE table_schema = database() AND table_name LIKE '%undrift%'
         UNION ALL SELECT 'column', column_name FROM information_schema.columns
           WHERE table_schema = database() AND (column_name LIKE '%undrift%' OR column_comment LIKE '%undrift%')
         UNION ALL SELECT 'index', index_name FROM information_schema.statistics
           WHERE table_schema = database() AND index_name LIKE '%undrift%'
         UNION ALL SELECT 'constraint', constraint_name FROM information_schema.table_constraints
           WHERE table_schema = database() AND constraint_name LIKE '%undrift%'
         UNION ALL SELECT 'trigger', trigger_name FROM information_schema.triggers WHERE trigger_schema = database()
         UNION ALL SELECT 'session', coalesce(info, '') FROM information_schema.processlist
           WHERE db = database() AND id <> connection_id()"
    ))
}

fn in_sqlite(tenant: &Tenant) -> String {
    let known = ["tenant.db", "core.yaml", "policy.yaml", "tmp"];
    let files = std::fs::read_dir(tenant.path()).unwrap().flatten().map(|entry| entry.file_name());
    let names = files.filter_map(|name| name.into_string().ok()).filter(|name| !known.contains(&name.as_str()));
    let named = tenant.query("SELECT name FROM sqlite_master WHERE name LIKE '%undrift%' OR sql LIKE '%undrift%'");
    let broken =
        tenant.query("PRAGMA foreign_key_check; SELECT * FROM pragma_integrity_check WHERE integrity_check <> 'ok'");
    names
        .filter(|name| !is_free_lock(&tenant.path().join(name)))
        .chain([named, broken].into_iter().filter(|text| !text.is_empty()))
        .collect::<Vec<_>>()
        .join("\n")
}

/// What a killed run leaves of its lock is an empty file that nobody holds.
fn is_free_lock(path: &Path) -> bool {
    path.ends_with("tenant.db.undrift-lock") && File::open(path).unwrap().try_lock().is_ok()
}

/// The scratch databases that nobody holds, and their roles.
pub fn abandoned_scratch(tenant: &Tenant) -> String {
    match tenant.engine {
        Engine::Postgres => postgres().query(
            &postgres().url("postgres"),
            "SELECT name FROM (SELECT datname AS name FROM pg_database UNION ALL SELECT rolname FROM pg_roles) made
             WHERE name LIKE 'undrift_scratch%' AND NOT EXISTS
             (SELECT 1 FROM pg_locks WHERE locktype = 'advisory'
              AND objid::bigint = hashtext(name)::bigint & 4294967295)",
        ),
        Engine::Mariadb => mariadb().query(
            &mariadb().url("mysql"),
            "SELECT schema_name FROM information_schema.schemata
             WHERE schema_name LIKE 'undrift%' AND is_free_lock(schema_name) = 1
             UNION SELECT user FROM mysql.user
             WHERE user LIKE 'undrift%' AND is_free_lock(replace(user, 'undrift_', 'undrift_scratch_')) = 1",
        ),
        Engine::Sqlite => {
            let folders = std::fs::read_dir(tenant.path().join("tmp")).unwrap().flatten();
            folders.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect::<Vec<_>>().join("\n")
        }
    }
}
