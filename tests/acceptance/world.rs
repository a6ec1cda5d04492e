//! Making the fleet: every tenant is a copy of one that undrift itself built, and some were drifted since.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::drift::Drift;
use crate::size::Size;
use crate::support::{self, Cli, Engine};

pub const SCHEMA: &str = "
schema: house
extras: drop
tables:
  members:
    columns:
      id: { type: bigint, identity: true }
      email: varchar(190)
      full_name: { type: varchar(120), nullable: true, renamed_from: [name] }
      phone: { type: varchar(30), nullable: true }
    primary_key: [id]
    indexes: { members_email: [email] }
  votes:
    columns:
      id: { type: bigint, identity: true }
      member_id: bigint
      choice: varchar(20)
    primary_key: [id]
";

/// What must be there whatever is done to the tenant.
const ROW: &str = "INSERT INTO members (email, full_name) VALUES ('ada@example.org', 'Ada Lovelace');";

/// One tenant.
#[derive(Clone, Debug)]
pub struct Tenant {
    pub name: String,
    pub engine: Engine,
    pub drift: Option<Drift>,
}

/// Tests that kill servers and count connections run one after the other.
static TURN: Mutex<usize> = Mutex::new(0);

/// The fleet in a folder of its own, and the servers for nobody else meanwhile.
pub struct World {
    folder: tempfile::TempDir,
    /// How many worlds there were before: databases of each have names of their own.
    number: MutexGuard<'static, usize>,
    pub size: Size,
    pub tenants: Vec<Tenant>,
}

impl World {
    /// Makes all databases, and the service's files.
    pub fn new(size: Size, policy: &str, schedule: &str) -> Self {
        let mut number = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        *number += 1;
        let mut world = Self { folder: support::folder(), number, size, tenants: Vec::new() };
        world.write("schema.yaml", SCHEMA);
        world.write("policy.yaml", policy);
        let prefix = |kind: &str| format!("{kind}{}", world.number);
        let [pg, my, lite] = ["pg", "my", "lite"].map(prefix);
        world.tenants.extend(tenants(Engine::Postgres, &pg, size.postgres, size.drifted));
        world.tenants.extend(tenants(Engine::Mariadb, &my, size.mariadb, size.drifted));
        world.tenants.extend(tenants(Engine::Sqlite, &lite, size.sqlite, size.drifted));
        world.make_postgres();
        world.make_mariadb();
        world.make_sqlite();
        world.write("undrift.yaml", &world.configuration(schedule));
        world
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).expect("the folder is ours");
    }

    pub fn of(&self, engine: Engine) -> impl Iterator<Item = &Tenant> {
        self.tenants.iter().filter(move |tenant| tenant.engine == engine)
    }

    pub fn run(&self, arguments: &[&str]) -> support::Output {
        Cli::new().folder(self.path()).run(arguments)
    }

    /// Asks undrift's own state.
    pub fn state(&self, sql: &str) -> String {
        support::sqlite_query(&format!("sqlite:{}", self.path().join("state.db").display()), sql)
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.path().join(format!("tenants/{name}.db"))
    }

    /// Runs a script in a tenant.
    pub fn sql(&self, tenant: &Tenant, sql: &str) {
        match tenant.engine {
            Engine::Postgres => support::postgres().sql(&support::postgres().url(&tenant.name), sql),
            Engine::Mariadb => support::mariadb().sql(&support::mariadb().url(&tenant.name), sql),
            Engine::Sqlite => support::sqlite_sql(&format!("sqlite:{}", self.file(&tenant.name).display()), sql),
        }
    }

    fn configuration(&self, schedule: &str) -> String {
        let (postgres, mariadb) = (support::postgres(), support::mariadb());
        let mut text = format!(
            "schema: schema.yaml\npolicy: policy.yaml\nstate: sqlite:state.db\nschedule: {schedule}\ntenants:\n  \
             - files: \"tenants/*.db\"\n  \
             - discover: {{ server: \"{}\", match: 'pg{2}\\_%' }}\n  \
             - discover: {{ server: \"{}\", match: 'my{2}\\_%' }}\n",
            postgres.url("postgres"),
            mariadb.url("mysql"),
            self.number,
        );
        if self.size.refused > 0 {
            text.push_str("  - list:\n");
        }
        for number in 0..self.size.refused {
            let (pg, my) = (self.refused("pg", number), self.refused("my", number));
            let urls = [(&pg, postgres.tcp_url("nobody", &pg)), (&my, mariadb.tcp_url("nobody:wrong", &my))];
            for (name, url) in urls {
                text.push_str(&format!("      - {{ name: {name}, url: \"{url}\" }}\n"));
            }
        }
        text
    }

    /// A database that nobody is let into with what the configuration says.
    fn refused(&self, kind: &str, number: usize) -> String {
        format!("refused_{kind}_{}_{number}", self.number)
    }

    /// Has undrift build a database, the way it is declared.
    fn build(&self, url: &str) {
        self.run(&["apply", "--url", url, "--schema", "schema.yaml", "--policy", "policy.yaml", "--yes"])
            .expect_code(0);
    }

    fn make_postgres(&self) {
        if self.of(Engine::Postgres).next().is_none() {
            return;
        }
        let server = support::postgres();
        let template = format!("pristine_{}", self.number);
        server.sql(&server.url("postgres"), &format!("CREATE DATABASE {template} TEMPLATE template0"));
        let pristine = server.url(&template);
        self.build(&pristine);
        server.sql(&pristine, ROW);
        let mut names: Vec<String> = self.of(Engine::Postgres).map(|tenant| tenant.name.clone()).collect();
        names.extend((0..self.size.refused).map(|number| self.refused("pg", number)));
        let copies = names.iter().map(|name| format!("CREATE DATABASE {name} TEMPLATE {template};\n"));
        server.sql(&server.url("postgres"), &copies.collect::<String>());
        self.drift(Engine::Postgres);
    }

    fn make_mariadb(&self) {
        if self.of(Engine::Mariadb).next().is_none() {
            return;
        }
        let server = support::mariadb();
        let pristine = server.database("pristine");
        self.build(&pristine);
        let structure = server.dump(&pristine);
        let mut script = String::new();
        for tenant in self.of(Engine::Mariadb) {
            script.push_str(&format!("CREATE DATABASE {0}; USE {0};\n{structure}\n{ROW}\n", tenant.name));
            script.push_str(tenant.drift.map_or("", |drift| drift.sql(Engine::Mariadb)));
        }
        for number in 0..self.size.refused {
            script.push_str(&format!("CREATE DATABASE {};\n", self.refused("my", number)));
        }
        // What was committed survives that the server is killed.
        script.push_str("SET GLOBAL innodb_flush_log_at_trx_commit = 2;\n");
        server.sql(&server.url("mysql"), &script);
    }

    fn make_sqlite(&self) {
        std::fs::create_dir_all(self.path().join("tenants")).expect("the folder is ours");
        let pristine = self.path().join("pristine.db");
        std::fs::write(&pristine, "").expect("the folder is ours");
        let url = format!("sqlite:{}", pristine.display());
        self.build(&url);
        support::sqlite_sql(&url, ROW);
        for tenant in self.of(Engine::Sqlite) {
            std::fs::copy(&pristine, self.file(&tenant.name)).expect("the folder is ours");
        }
        self.drift(Engine::Sqlite);
    }

    fn drift(&self, engine: Engine) {
        for tenant in self.of(engine) {
            tenant.drift.into_iter().for_each(|drift| self.sql(tenant, drift.sql(engine)));
        }
    }
}

fn tenants(engine: Engine, prefix: &str, count: usize, each: usize) -> Vec<Tenant> {
    let tenants = (0..count).map(move |number| Tenant {
        name: format!("{prefix}_{number:03}"),
        engine,
        drift: Drift::of(number, each),
    });
    tenants.collect()
}
