//! A login that may not create databases: plans are worked out and proved all the same, in a
//! transaction that leaves nothing behind and keeps nobody waiting.

use super::engine::{assert_same, migrate, read};
use super::support::{Cli, Output, folder, postgres};
use undrift::db::{Connection, Patience, Scratch, Session, Target, Trouble};
use undrift::model::{QName, Schema};

const BEFORE: &str = "
schema: shop
tables:
  users:
    columns:
      id: { type: bigint, identity: true }
      email: varchar(190)
      password: { type: varchar(255), nullable: true }
      status: { type: { enum: [pending, active] }, default: pending }
    primary_key: [id]
    indexes: { users_email: { columns: [email], unique: true } }
    checks: { email_is_given: \"email <> ''\" }
  orders:
    columns:
      id: { type: bigint, identity: true }
      user_id: bigint
    primary_key: [id]
    foreign_keys: { orders_user: { columns: [user_id], references: users(id) } }
";

/// A database that belongs to a login without CREATEDB.
struct Tenant {
    /// As the superuser.
    root: String,
    /// As its owner.
    url: String,
    folder: tempfile::TempDir,
}

impl Tenant {
    fn new(hint: &str) -> Self {
        let root = postgres().database(hint);
        let name = super::engine::name_of(&root).to_owned();
        let owner = format!("{name}_owner");
        // Before PostgreSQL 15 `public` belongs to the superuser.
        let script = format!(
            "CREATE ROLE {owner} LOGIN; ALTER DATABASE {name} OWNER TO {owner}; ALTER SCHEMA public OWNER TO {owner}"
        );
        postgres().sql(&root, &script);
        Self { url: root.replacen("postgres@", &format!("{owner}@"), 1), root, folder: folder() }
    }

    fn run(&self, command: &str, schema: &str, more: &[&str]) -> Output {
        std::fs::write(self.folder.path().join("shop.yaml"), schema).unwrap();
        let arguments = [&[command, "--url", &self.url, "--schema", "shop.yaml"], more].concat();
        Cli::new().folder(self.folder.path()).run(&arguments)
    }

    /// Brings the database to a schema and makes sure that it is there.
    fn bring(&self, schema: &str) {
        // A person: no flag answers for what could not be proved.
        self.run("plan", schema, &[]);
        let arguments = ["apply", "--url", &self.url, "--schema", "shop.yaml"];
        Cli::new().folder(self.folder.path()).answered(&arguments, "yes").expect_code(0);
        self.run("plan", schema, &[]).expect_code(0);
        self.nothing_is_left();
    }

    fn nothing_is_left(&self) {
        let query = "SELECT string_agg(nspname, ' ') FROM pg_namespace WHERE nspname !~ '^pg_'";
        assert_eq!(postgres().query(&self.root, query), "information_schema public");
    }

    async fn session(&self) -> Session {
        Session::connect(&Target::parse(&self.url).unwrap(), Patience::default()).await.unwrap()
    }

    async fn scratch(&self) -> Scratch {
        self.session().await.scratch(None, &Schema::default()).await.unwrap()
    }

    async fn refusal(&self) -> undrift::db::DbError {
        let scratch = self.session().await.scratch(None, &Schema::default()).await;
        scratch.err().expect("no room can be made here")
    }
}

#[test]
fn a_schema_is_built_and_changed_without_createdb() {
    let tenant = Tenant::new("inside");
    tenant.bring(BEFORE);
    postgres().sql(&tenant.url, "INSERT INTO users (email, password) VALUES ('a@example.org', 'h')");
    let renamed = BEFORE.replace(
        "password: { type: varchar(255), nullable: true }",
        "password_hash: { type: varchar(255), nullable: true, renamed_from: [password] }",
    );
    tenant.bring(&renamed);
    let altered = renamed
        .replace("email: varchar(190)", "email: varchar(250)\n      phone: { type: varchar(30), nullable: true }")
        .replace("user_id: bigint", "user_id: { type: bigint, nullable: true }");
    tenant.bring(&altered);
    assert_eq!(postgres().query(&tenant.url, "SELECT password_hash, phone FROM users"), "h|");
}

#[test]
fn what_cannot_run_in_a_transaction_is_asked_for() {
    let tenant = Tenant::new("label");
    tenant.bring(BEFORE);
    let longer = BEFORE.replace("[pending, active]", "[pending, active, archived]");
    tenant.bring(&longer);
    let used =
        BEFORE.replace("[pending, active] }, default: pending", "[new, pending, active, archived] }, default: new");
    let plan = tenant.run("plan", &used, &[]);
    assert!(plan.stdout.contains("could not be proved"), "{}{}", plan.stdout, plan.stderr);
    tenant.nothing_is_left();
    // Neither a review nor a flag answers for it, and it is planned in the same words again.
    tenant.run("plan", &used, &["--out", "plan.json"]).expect_code(2);
    let reviewed = tenant.run("apply", &used, &["plan.json", "--yes"]).expect_code(3);
    assert!(reviewed.stdout.contains("0 repaired, 1 skipped, 0 errors"), "{}", reviewed.stdout);
    tenant.bring(&used);
}

#[tokio::test]
async fn nobody_waits_for_a_scratch_transaction() {
    let tenant = Tenant::new("waits");
    tenant.bring(BEFORE);
    postgres().sql(&tenant.url, "CREATE VIEW emails AS SELECT email FROM users");
    let mut session = tenant.session().await;
    let schema = read(&mut session).await;
    let mut scratch = tenant.scratch().await;
    assert_same(&read(&mut scratch.session).await, &Schema::default());
    migrate(&mut scratch.session, &Schema::default(), &schema).await;
    assert_same(&read(&mut scratch.session).await, &schema);
    let others = "SET lock_timeout = '1s'; INSERT INTO users (email) VALUES ('b@example.org');
        UPDATE users SET status = 'active'; CREATE TEMPORARY TABLE mine AS SELECT * FROM public.orders;
        ALTER TABLE users ADD extra integer; DROP VIEW emails";
    postgres().sql(&tenant.url, others);
    assert_same(&read(&mut scratch.session).await, &schema);
    scratch.discard().await.unwrap();
    tenant.nothing_is_left();
    let after = read(&mut session).await;
    assert!(after.tables[&QName::bare("users")].column("extra").is_some());
}

#[tokio::test]
async fn a_failed_statement_is_taken_back_alone() {
    let tenant = Tenant::new("failed");
    let mut scratch = tenant.scratch().await;
    let inner = &mut scratch.session;
    inner.execute("CREATE TABLE a (n integer)").await.unwrap();
    inner.execute("CREATE TABLE a ()").await.unwrap_err();
    inner.begin().await.unwrap();
    inner.execute("CREATE TABLE b ()").await.unwrap();
    inner.execute("CREATE TABLE a ()").await.unwrap_err();
    assert_eq!(inner.commit().await.unwrap_err().trouble, Trouble::Statement);
    inner.rollback().await.unwrap();
    assert_eq!(inner.count("SELECT count(*) FROM a").await.unwrap(), 0);
    inner.count("SELECT count(*) FROM b").await.unwrap_err();
    inner.execute("CREATE INDEX CONCURRENTLY i ON a (n)").await.unwrap();
    inner.execute("DROP INDEX CONCURRENTLY i").await.unwrap();
    let error = inner.execute("VACUUM a").await.unwrap_err();
    assert_eq!(error.trouble, Trouble::NotInTransaction);
    assert!(error.advice().contains("CREATEDB"), "{}", error.advice());
    assert_eq!(read(inner).await.tables.len(), 1);
    scratch.discard().await.unwrap();
}

#[tokio::test]
async fn nothing_can_be_committed() {
    let tenant = Tenant::new("commit");
    for attempt in ["CREATE TABLE a (); COMMIT", "ROLLBACK; CREATE TABLE a ()", "COMMIT"] {
        let mut scratch = tenant.scratch().await;
        scratch.session.execute(attempt).await.unwrap_err();
        scratch.session.execute("CREATE TABLE b ()").await.ok();
        scratch.discard().await.unwrap();
        tenant.nothing_is_left();
        assert_eq!(postgres().query(&tenant.url, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "0");
    }
    let mut scratch = tenant.scratch().await;
    assert_eq!(scratch.session.script("SELECT 1").await.unwrap_err().trouble, Trouble::NotInTransaction);
    // A process that is killed says no goodbye.
    drop(scratch);
    tenant.scratch().await.discard().await.unwrap();
    tenant.nothing_is_left();
}

#[tokio::test]
async fn where_no_room_can_be_made_the_remedy_is_told() {
    let extension = Tenant::new("extension");
    postgres().sql(&extension.root, "CREATE EXTENSION pg_trgm");
    let trigger = Tenant::new("trigger");
    let script = "CREATE FUNCTION f() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
        CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION f()";
    postgres().sql(&trigger.root, script);
    let foreign = Tenant::new("foreign_schema");
    postgres().sql(&foreign.root, "CREATE SCHEMA theirs");
    for (tenant, why) in [(extension, "pg_trgm"), (trigger, "watch"), (foreign, "theirs")] {
        let error = tenant.refusal().await;
        assert_eq!(error.trouble, Trouble::Privilege);
        assert!(error.message.contains(why), "{error}");
        assert!(error.advice().contains("CREATEDB"), "{}", error.advice());
    }
}
