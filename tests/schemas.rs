//! The shipped schemas on real dialects and real servers: nothing is wrong with them, they build,
//! they read back, and what is read survives `export`.

mod support;

use std::path::{Path, PathBuf};

use undrift::db::{Connection, Patience, Session, Target};
use undrift::desired::{self, Wanted};
use undrift::dialect::{self, Dialect, Neutral};
use undrift::model::{Fingerprint, Platform, Schema, Vendor, Version};
use undrift::plan;

const SHIPPED: [&str; 5] =
    ["universal-core", "landlord", "templates/political-party", "templates/non-profit", "templates/government"];

/// A server of each kind, as old ones and new ones are in use.
fn platforms() -> Vec<Platform> {
    let old = [
        (Vendor::Postgres, Version(13, 0, 0)),
        (Vendor::Mysql, Version(8, 0, 16)),
        (Vendor::Mariadb, Version(10, 6, 0)),
        (Vendor::Sqlite, Version(3, 35, 0)),
    ];
    let new = [
        (Vendor::Postgres, Version(18, 0, 0)),
        (Vendor::Mysql, Version(9, 0, 0)),
        (Vendor::Mariadb, Version(11, 8, 0)),
        (Vendor::Sqlite, Version(3, 51, 0)),
    ];
    old.into_iter().chain(new).map(|(vendor, version)| Platform::new(vendor, version)).collect()
}

fn wanted(file: &str, dialect: &dyn Dialect) -> Wanted {
    let declared =
        desired::load(&PathBuf::from(format!("schema/{file}.yaml"))).unwrap_or_else(|report| panic!("{report}"));
    declared.wanted(dialect).unwrap_or_else(|report| panic!("{}\n{report}", dialect.platform()))
}

/// What an export of a schema declares.
fn exported(schema: &Schema, dialect: &dyn Dialect) -> Schema {
    let text = desired::export(schema, dialect, "exported");
    let declared = desired::parse("exported.yaml", &text).unwrap_or_else(|report| panic!("{report}"));
    declared.wanted(dialect).unwrap_or_else(|report| panic!("{}\n{report}", dialect.platform())).schema
}

#[test]
fn shipped_schemas_are_right_everywhere_and_survive_export() {
    for platform in platforms() {
        let dialect = dialect::of(&platform);
        for file in SHIPPED {
            let schema = wanted(file, dialect.as_ref()).schema;
            assert_eq!(exported(&schema, dialect.as_ref()), schema, "{file} on {platform}");
        }
    }
}

#[test]
fn the_core_fills_what_old_rows_lack() {
    for platform in platforms() {
        let renames = wanted("universal-core", dialect::of(&platform).as_ref()).renames;
        let fills: Vec<_> = renames.fills.values().flat_map(|fills| fills.keys()).collect();
        for column in ["uuid", "first_name", "last_name", "tenant_id", "status"] {
            assert!(fills.iter().any(|filled| *filled == column), "{column} on {platform}");
        }
        assert_eq!(renames.tables.len(), 6, "tenant_users and the five tables of roles and permissions");
    }
}

/// Builds a schema in an empty database and reads it back.
async fn built(url: &str, schema: impl Fn(&dyn Dialect) -> Schema) -> (Schema, Box<dyn Dialect>) {
    let mut session =
        Session::connect(&Target::parse(url).expect("a URL"), Patience::default()).await.expect("a session");
    let dialect = dialect::of(session.platform());
    session.prepare().await.expect("the rights of an owner");
    for step in plan::creation(dialect.as_ref(), &schema(dialect.as_ref())).expect("an order") {
        for statement in &step.statements {
            session.execute(statement).await.unwrap_or_else(|error| panic!("{error}\n{statement}"));
        }
    }
    let mut read = session.read().await.expect("a reading").schema;
    session.close().await;
    read.opaque.clear();
    (read, dialect)
}

/// Every shipped schema builds, and what is read back declares itself: built again from its own
/// export it is the same.
fn builds_and_reads_back(database: impl Fn(&str) -> String) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    for file in SHIPPED {
        let (read, dialect) = runtime.block_on(built(&database("shipped"), |dialect| wanted(file, dialect).schema));
        assert!(read.tables.len() >= 4, "{file} on {}", dialect.platform());
        let again = exported(&read, dialect.as_ref());
        assert_eq!(Fingerprint::of(&again), Fingerprint::of(&read), "{}", difference(&read, &again));
        let (reread, _) = runtime.block_on(built(&database("again"), |_| again.clone()));
        assert_eq!(Fingerprint::of(&reread), Fingerprint::of(&read), "{}", difference(&read, &reread));
    }
}

/// The lines in which two schemas differ, for the message of a failure.
fn difference(one: &Schema, other: &Schema) -> String {
    let shown = |schema: &Schema| serde_json::to_string_pretty(schema).expect("model types serialise");
    similar::TextDiff::from_lines(shown(one).as_str(), shown(other).as_str())
        .unified_diff()
        .context_radius(6)
        .to_string()
}

#[test]
fn shipped_schemas_build_on_postgres() {
    builds_and_reads_back(|hint| support::postgres().database(hint));
}

#[test]
fn shipped_schemas_build_on_mariadb() {
    builds_and_reads_back(|hint| support::mariadb().database(hint));
}

#[test]
fn shipped_schemas_build_on_sqlite() {
    let folder = support::folder();
    let count = std::cell::Cell::new(0);
    builds_and_reads_back(|hint| {
        count.set(count.get() + 1);
        let url = format!("sqlite:{}", folder.path().join(format!("{hint}{}.db", count.get())).display());
        support::sqlite_sql(&url, "");
        url
    });
}

/// The neutral types in the order of the documentation.
const NEUTRAL: [&str; 17] = [
    "boolean",
    "smallint",
    "integer",
    "bigint",
    "decimal(10,2)",
    "real",
    "double",
    "char(10)",
    "varchar(100)",
    "text",
    "binary",
    "date",
    "time",
    "timestamp",
    "timestamptz",
    "uuid",
    "json",
];

#[test]
fn the_documentation_says_what_each_neutral_type_is() {
    let text = std::fs::read_to_string(Path::new("docs/schema.md")).unwrap();
    let newest = platforms().split_off(4);
    let dialects: Vec<_> = newest.iter().map(dialect::of).collect();
    let row = |word: &str| {
        let neutral = Neutral::parse(word).unwrap();
        let cells: Vec<_> = dialects.iter().map(|dialect| format!("`{}`", dialect.neutral_type(&neutral))).collect();
        format!("| `{word}` | {} |", cells.join(" | "))
    };
    let missing: Vec<_> = NEUTRAL.into_iter().map(row).filter(|row| !text.contains(row.as_str())).collect();
    assert!(missing.is_empty(), "docs/schema.md lacks\n{}", missing.join("\n"));
}

#[test]
fn the_documentation_explains_every_key() {
    let text = std::fs::read_to_string(Path::new("docs/schema.md")).unwrap();
    for object in desired::objects() {
        for key in object.keys {
            assert!(
                text.contains(&format!("`{}`", key.name)),
                "docs/schema.md says nothing of `{}` of {}",
                key.name,
                object.name
            );
        }
    }
}

/// The people and roles of a tenant from before the alignment. `{id}` numbers rows, `{big}` refers to them.
const OLD: &str = "
    CREATE TABLE users (id {id}, name varchar(255), email varchar(255) NOT NULL, password varchar(255), role varchar(50));
    INSERT INTO users (name, email, password, role) VALUES
        ('Ada Lovelace', 'ada@example.org', '$2y$04$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW', 'admin'), ('Plato', 'plato@example.org', NULL, 'voter'),
        ('Jean Luc Picard', 'jean@example.org', 'plain', 'voter');
    CREATE TABLE roles (id {id}, name varchar(125) NOT NULL, guard_name varchar(125) NOT NULL);
    INSERT INTO roles (name, guard_name) VALUES ('chief', 'web');
    CREATE TABLE permissions (id {id}, name varchar(125) NOT NULL, guard_name varchar(125) NOT NULL);
    INSERT INTO permissions (name, guard_name) VALUES ('count votes', 'web');
    CREATE TABLE role_has_permissions (permission_id {big} NOT NULL, role_id {big} NOT NULL,
        PRIMARY KEY (permission_id, role_id),
        CONSTRAINT old_permission FOREIGN KEY (permission_id) REFERENCES permissions (id) ON DELETE CASCADE,
        CONSTRAINT old_role FOREIGN KEY (role_id) REFERENCES roles (id) ON DELETE CASCADE);
    INSERT INTO role_has_permissions VALUES (1, 1);
    CREATE TABLE migrations (id integer PRIMARY KEY, migration varchar(255));";

/// Applies the core to an old tenant and looks at its rows.
fn old_tenant_becomes_the_core(url: &str, sql: impl Fn(&str), query: impl Fn(&str) -> String, id: &str, big: &str) {
    sql(&OLD.replace("{id}", id).replace("{big}", big));
    let arguments = ["--url", url, "--schema", "schema/universal-core.yaml", "--policy", "policies/permissive.yaml"];
    support::undrift(&[&["apply", "--yes"], &arguments[..]].concat()).expect_code(0);
    let people = query("SELECT email, first_name, coalesce(last_name, '-'), status FROM tenant_users ORDER BY id");
    let expected = "ada@example.org|Ada|Lovelace|active\nplato@example.org|Plato|-|active\n\
                    jean@example.org|Jean|Luc Picard|active";
    assert_eq!(people.replace('\t', "|"), expected);
    let hashes = query("SELECT coalesce(password_hash, '-') FROM tenant_users ORDER BY id");
    let hashes: Vec<&str> = hashes.lines().collect();
    assert!(hashes[0].starts_with("$2y$04$") && hashes[1] == "-", "hashes and NULLs stay: {hashes:?}");
    assert!(undrift::hashing::is_hash_of(hashes[2], "plain"), "plain text does not: {hashes:?}");
    assert_eq!(query("SELECT count(DISTINCT uuid) FROM tenant_users"), "3");
    assert_eq!(query("SELECT count(*) FROM tenant_role_has_permissions"), "1");
    assert_eq!(query("SELECT count(*) FROM migrations"), "0");
    let kept = query("SELECT name, role FROM tenant_users ORDER BY id LIMIT 1");
    assert_eq!(kept.replace('\t', "|"), "Ada Lovelace|admin", "what nobody declares is reported, not dropped");
}

#[test]
fn an_old_tenant_becomes_the_core_on_postgres() {
    let url = support::postgres().database("old");
    let (sql, query) =
        (|text: &str| support::postgres().sql(&url, text), |text: &str| support::postgres().query(&url, text));
    old_tenant_becomes_the_core(&url, sql, query, "bigserial PRIMARY KEY", "bigint");
}

#[test]
fn an_old_tenant_becomes_the_core_on_mariadb() {
    let url = support::mariadb().database("old");
    let (sql, query) =
        (|text: &str| support::mariadb().sql(&url, text), |text: &str| support::mariadb().query(&url, text));
    old_tenant_becomes_the_core(&url, sql, query, "bigint unsigned AUTO_INCREMENT PRIMARY KEY", "bigint unsigned");
}

#[test]
fn an_old_tenant_becomes_the_core_on_sqlite() {
    let (_folder, url) = support::sqlite("");
    let (sql, query) = (|text: &str| support::sqlite_sql(&url, text), |text: &str| support::sqlite_query(&url, text));
    old_tenant_becomes_the_core(&url, sql, query, "integer PRIMARY KEY AUTOINCREMENT NOT NULL", "integer");
}
