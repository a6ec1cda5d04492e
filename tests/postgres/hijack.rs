//! A tenant's functions, operators and relations that fit better than the server's own, or are found sooner. None of them
//! is ever asked in a query of undrift's, whoever undrift is.

use super::engine::name_of;
use super::support::{Cli, Output, folder, postgres};

const SCHEMA: &str = "
schema: shop
extras: ignore
tables:
  users:
    columns:
      id: { type: bigint, identity: true }
      email: varchar(190)
      status: { type: { enum: [pending, active] }, default: pending }
    primary_key: [id]
    indexes: { users_email: { columns: [email], where: \"email <> ''\" } }
    checks: { email_is_given: \"email <> ''\" }
";

/// Everything that the tenant makes calls this.
const ALARM: &str = "CREATE FUNCTION {schema}.alarm() RETURNS integer LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'hijacked'; END $$;";

/// Functions with parameters that fit as well as the server's own, or better.
const FUNCTIONS: [(&str, &str); 22] = [
    ("pg_backend_pid()", "integer"),
    ("current_setting(text)", "text"),
    ("current_database()", "name"),
    ("pg_encoding_to_char(integer)", "name"),
    ("starts_with(name, text)", "boolean"),
    ("starts_with(text, text)", "boolean"),
    ("format_type(oid, integer)", "text"),
    ("pg_get_expr(pg_node_tree, oid)", "text"),
    ("pg_get_indexdef(oid, smallint, boolean)", "text"),
    ("pg_get_indexdef(oid, integer, boolean)", "text"),
    ("pg_get_constraintdef(oid)", "text"),
    ("pg_get_viewdef(oid)", "text"),
    ("pg_get_functiondef(oid)", "text"),
    ("pg_get_userbyid(oid)", "name"),
    ("pg_has_role(name, oid, text)", "boolean"),
    ("set_config(text, text, boolean)", "text"),
    ("set_config(text, name, boolean)", "text"),
    ("pg_try_advisory_lock(integer, integer)", "boolean"),
    ("pg_advisory_unlock(integer, integer)", "boolean"),
    ("pg_is_in_recovery()", "boolean"),
    ("pg_relation_size(oid)", "bigint"),
    ("to_regclass(text)", "regclass"),
];

/// Operators of types between which the server has none, and of some between which it has.
const OPERATORS: [&str; 17] = [
    "= (name, text)",
    "= (name, name)",
    "= (oid, oid)",
    "= (oid, integer)",
    ">= (oid, integer)",
    ">= (oid, oid)",
    "< (oid, integer)",
    "<> (oid, integer)",
    "> (smallint, integer)",
    "<> (name, text)",
    "!~ (name, text)",
    "|| (oid, text)",
    "|| (text, name)",
    "= (\"char\", \"char\")",
    "= (text, text)",
    "/ (real, integer)",
    "* (real, double precision)",
];

const RELATIONS: [&str; 11] = [
    "pg_class",
    "pg_namespace",
    "pg_database",
    "pg_roles",
    "pg_extension",
    "pg_depend",
    "pg_type",
    "pg_index",
    "pg_constraint",
    "pg_proc",
    "pg_locks",
];

/// What the tenant's owner puts into one of its schemas.
fn traps(schema: &str) -> String {
    let mut sql = ALARM.replace("{schema}", schema);
    for (function, returns) in FUNCTIONS {
        sql += &format!(
            "CREATE FUNCTION {schema}.{function} RETURNS {returns} LANGUAGE sql VOLATILE AS
             $$ SELECT {schema}.alarm(); SELECT NULL::{returns} $$;"
        );
    }
    for (at, operator) in OPERATORS.iter().enumerate() {
        let (name, types) = operator.split_once(' ').unwrap();
        let (left, right) = types.trim_matches(['(', ')']).split_once(", ").unwrap();
        let returns = if matches!(name, "||") {
            "text"
        } else if matches!(name, "/" | "*") {
            "double precision"
        } else {
            "boolean"
        };
        sql += &format!(
            "CREATE FUNCTION {schema}.operator_{at} {types} RETURNS {returns} LANGUAGE sql VOLATILE AS
             $$ SELECT {schema}.alarm(); SELECT NULL::{returns} $$;
             CREATE OPERATOR {schema}.{name} (LEFTARG = {left}, RIGHTARG = {right}, FUNCTION = {schema}.operator_{at});"
        );
    }
    sql
}

/// Relations that are found before the server's where their schema is first in the path.
fn false_catalogs(schema: &str) -> String {
    let view = |name| format!("CREATE VIEW {schema}.{name} AS SELECT c.*, {schema}.alarm() FROM pg_catalog.{name} c;");
    RELATIONS.iter().map(view).collect()
}

struct Tenant {
    root: String,
    url: String,
    folder: tempfile::TempDir,
}

impl Tenant {
    /// A tenant that is in sync, and its owner, who is no superuser.
    fn new(hint: &str) -> Self {
        let root = postgres().database(hint);
        let name = name_of(&root).to_owned();
        let owner = format!("{name}_owner");
        postgres().sql(
            &root,
            &format!("CREATE ROLE {owner} LOGIN; ALTER DATABASE {name} OWNER TO {owner}; ALTER SCHEMA public OWNER TO {owner}"),
        );
        let tenant = Self { url: root.replacen("postgres@", &format!("{owner}@"), 1), root, folder: folder() };
        std::fs::write(tenant.folder.path().join("shop.yaml"), SCHEMA).unwrap();
        tenant.run("apply", &["--yes"]).expect_code(0);
        tenant
    }

    fn run(&self, command: &str, more: &[&str]) -> Output {
        let arguments = [&[command, "--url", &self.root, "--schema", "shop.yaml"], more].concat();
        Cli::new().folder(self.folder.path()).run(&arguments)
    }

    /// What is exported, but for the list of what undrift leaves alone.
    fn definitions(&self) -> String {
        let exported = Cli::new().run(&["export", "--url", &self.root]).expect_code(0).stdout;
        exported.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n")
    }

    /// Looks at the tenant in every way, as a superuser.
    fn is_looked_at(&self) {
        for output in [
            self.run("plan", &[]).expect_code(0),
            self.run("plan", &["--format", "json"]).expect_code(0),
            self.run("apply", &["--yes"]).expect_code(0),
            Cli::new().folder(self.folder.path()).run(&["export", "--url", &self.root]).expect_code(0),
            Cli::new().folder(self.folder.path()).run(&["diff", &self.root, "shop.yaml"]),
        ] {
            let said = format!("{}{}", output.stdout, output.stderr);
            assert!(!said.contains("hijacked"), "{said}");
        }
    }
}

#[test]
fn better_fitting_functions_in_public_are_not_asked() {
    let tenant = Tenant::new("fitting");
    let before = tenant.definitions();
    postgres().sql(&tenant.url, &traps("public"));
    tenant.is_looked_at();
    assert_eq!(before, tenant.definitions(), "definitions are printed as before");
}

/// A database's owner says where names are looked for before a session says something else.
#[test]
fn a_path_of_the_tenants_leads_nowhere() {
    let tenant = Tenant::new("path");
    let name = name_of(&tenant.root).to_owned();
    let traps = format!("CREATE SCHEMA evil; {}{}", traps("evil"), false_catalogs("evil"));
    postgres().sql(&tenant.url, &traps);
    postgres().sql(&postgres().url("postgres"), &format!("ALTER DATABASE {name} SET search_path = evil, pg_catalog"));
    tenant.is_looked_at();
}
