//! A tenant with an owner of its own, and beside it a canary: a database, its rows and its owner.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use undrift::db::{Connection, Patience, Session, Target};

use crate::support::{Cli, Output, PostgresServer, folder, postgres};

const BEFORE: &str = "
schema: shop
tables:
  users:
    columns:
      id: bigint
      name: { type: varchar(40), nullable: true }
    primary_key: [id]
";

/// The same with a column that rows get a value for.
pub const FILLED: &str = "
schema: shop
tables:
  users:
    columns:
      id: bigint
      name: { type: varchar(40), nullable: true }
      nick: { type: varchar(40), backfill: { sql: lower(name) } }
    primary_key: [id]
";

/// The same with a column that nothing has to be worked out for.
pub const PLAIN: &str = "
schema: shop
tables:
  users:
    columns:
      id: bigint
      name: { type: varchar(40), nullable: true }
      phone: { type: varchar(40), nullable: true }
    primary_key: [id]
";

/// What every attack tries, each in a block of its own: to be the login again, and then whatever a superuser can do, or what
/// the owner of another tenant can.
const HARM: &str = "
CREATE FUNCTION harm() RETURNS integer LANGUAGE plpgsql AS $$
BEGIN
  BEGIN PERFORM set_config('role', 'none', true); EXCEPTION WHEN OTHERS THEN NULL; END;
  BEGIN EXECUTE 'CREATE ROLE pwned_{n} SUPERUSER'; EXCEPTION WHEN OTHERS THEN NULL; END;
  BEGIN EXECUTE 'ALTER ROLE canary_{n} PASSWORD ''pwned'''; EXCEPTION WHEN OTHERS THEN NULL; END;
  BEGIN EXECUTE 'ALTER ROLE canary_{n} CONNECTION LIMIT 0'; EXCEPTION WHEN OTHERS THEN NULL; END;
  BEGIN EXECUTE 'ALTER DATABASE canary_{n} SET search_path = nowhere'; EXCEPTION WHEN OTHERS THEN NULL; END;
  BEGIN
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'canary_{n}';
  EXCEPTION WHEN OTHERS THEN NULL; END;
  BEGIN
    EXECUTE 'SET ROLE canary_{n}'; EXECUTE 'ALTER ROLE canary_{n} PASSWORD ''pwned''';
  EXCEPTION WHEN OTHERS THEN NULL; END;
  RETURN 1;
END $$;
CREATE FUNCTION ev(anything bigint) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN harm(); END';
";

/// Who undrift logs in as.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum As {
    /// The server's superuser.
    Superuser,
    /// A member of several tenants' owners that may make databases and roles.
    Maker,
    /// A member of several tenants' owners that may make databases.
    Member,
}

/// A tenant and its canary.
pub struct World {
    pub server: &'static PostgresServer,
    pub number: u32,
    pub database: String,
    folder: tempfile::TempDir,
    canary: std::process::Child,
}

impl World {
    /// A tenant whose tables belong to `owner_n`, with rows and the functions that do harm.
    pub fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let (server, number) = (postgres(), NUMBER.fetch_add(1, Ordering::SeqCst));
        let roles = format!(
            "CREATE ROLE owner_{number} LOGIN; CREATE ROLE canary_{number} LOGIN PASSWORD 'safe';
             CREATE ROLE maker_{number} LOGIN CREATEDB CREATEROLE; CREATE ROLE member_{number} LOGIN CREATEDB;
             GRANT owner_{number}, canary_{number} TO maker_{number} WITH ADMIN OPTION;
             GRANT owner_{number}, canary_{number} TO member_{number};"
        );
        server.sql(&server.url("postgres"), &roles);
        server.sql(&server.url("postgres"), &format!("CREATE DATABASE canary_{number} OWNER canary_{number}"));
        let canary = server.url(&format!("canary_{number}"));
        server
            .sql(&canary, &format!("SET ROLE canary_{number}; CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2)"));
        let canary =
            server.session(&server.tcp_url(&format!("canary_{number}"), &format!("canary_{number}")), "BEGIN;");
        let database = format!("tenant_{number}");
        server.sql(&server.url("postgres"), &format!("CREATE DATABASE {database} OWNER owner_{number}"));
        let world = Self { server, number, database, folder: folder(), canary };
        world.by_owner(
            "CREATE TABLE users (id bigint PRIMARY KEY, name varchar(40));
             INSERT INTO users SELECT g, 'Name ' || g FROM generate_series(1, 20) g;",
        );
        world.by_owner(HARM);
        std::fs::write(world.folder.path().join("before.yaml"), BEFORE).unwrap();
        world
    }

    /// Runs what the tenant's owner runs. `{n}` is the number of this world.
    pub fn by_owner(&self, sql: &str) {
        let url = self.server.tcp_url(&format!("owner_{}", self.number), &self.database);
        self.server.sql(&url, &sql.replace("{n}", &self.number.to_string()));
    }

    /// Runs what a superuser runs in the tenant's database.
    pub fn by_superuser(&self, sql: &str) {
        self.server.sql(&self.server.url(&self.database), &sql.replace("{n}", &self.number.to_string()));
    }

    /// What a superuser is told in the tenant's database.
    pub fn query(&self, sql: &str) -> String {
        self.server.query(&self.server.url(&self.database), &sql.replace("{n}", &self.number.to_string()))
    }

    pub fn url(&self, login: As) -> String {
        match login {
            As::Superuser => self.server.url(&self.database),
            As::Maker => self.server.tcp_url(&format!("maker_{}", self.number), &self.database),
            As::Member => self.server.tcp_url(&format!("member_{}", self.number), &self.database),
        }
    }

    /// Runs undrift with a schema under a policy that lets everything run.
    pub fn undrift(&self, command: &str, schema: &str, login: As, more: &[&str]) -> Output {
        std::fs::write(self.folder.path().join("schema.yaml"), schema).unwrap();
        let policy = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies/permissive.yaml");
        let (url, policy) = (self.url(login), policy.display().to_string());
        let fixed = [command, "--url", &url, "--schema", "schema.yaml", "--policy", &policy];
        Cli::new().folder(self.folder.path()).run(&[&fixed[..], more].concat())
    }

    /// A session of undrift's with the tenant.
    pub async fn session(&self, login: As) -> Session {
        Session::connect(&Target::parse(&self.url(login)).unwrap(), Patience::default()).await.unwrap()
    }

    /// Makes sure that nothing happened beside the tenant, and that no login is left.
    #[track_caller]
    pub fn is_unharmed(&mut self, after: &str) {
        let roles = "SELECT rolname, rolsuper, rolconnlimit, rolpassword IS NOT NULL, rolvaliduntil FROM pg_authid
                     WHERE rolname IN ('pwned_{n}', 'canary_{n}')";
        assert_eq!(self.query(roles), format!("canary_{}|f|-1|t|", self.number), "{after}");
        let verifier = self.query("SELECT rolpassword FROM pg_authid WHERE rolname = 'canary_{n}'");
        let first =
            CANARY.with_borrow_mut(|known| known.entry(self.number).or_insert_with(|| verifier.clone()).clone());
        assert_eq!(verifier, first, "{after}");
        let settings = "SELECT count(*) FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
                        WHERE d.datname = 'canary_{n}'";
        assert_eq!(self.query(settings), "0", "{after}");
        let canary = self.server.url(&format!("canary_{}", self.number));
        assert_eq!(self.server.query(&canary, "SELECT sum(a) FROM t"), "3", "{after}");
        assert_eq!(self.query("SELECT count(*) FROM pg_stat_activity WHERE usename = 'canary_{n}'"), "1", "{after}");
        assert_eq!(self.logins(), "", "{after}");
    }

    /// The logins that were made for this tenant and are there yet.
    pub fn logins(&self) -> String {
        self.query(
            "SELECT rolname FROM pg_roles WHERE rolname LIKE 'undrift_login_' ||
             (SELECT oid FROM pg_database WHERE datname = current_database()) || '_%'",
        )
    }
}

thread_local! {
    /// What each canary's password was found to be first.
    static CANARY: std::cell::RefCell<std::collections::BTreeMap<u32, String>> = std::cell::RefCell::default();
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = self.canary.kill();
        let _ = self.canary.wait();
    }
}
