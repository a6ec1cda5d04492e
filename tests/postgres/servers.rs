//! Two servers of one version, one of which lies. What it says of the declared schema is used on it alone.

use std::collections::BTreeMap;
use std::path::Path;

use super::support::{Cli, Output, PostgresServer, another_postgres, folder, postgres};
use undrift::db::{Connection, Patience, Session, Target};
use undrift::desired;
use undrift::model::{Engine, QName, Schema};
use undrift::reconcile::Reconciler;

const SCHEMA: &str = "
schema: small
tables:
  users:
    columns:
      id: bigint
      plan: { type: text, default: standard }
    primary_key: [id]
";

const BEFORE: &str = "CREATE TABLE users (id bigint PRIMARY KEY); INSERT INTO users VALUES (1)";

/// A server that gives a column another default than it was told, in scratch databases only.
const LIE: &str = "
CREATE FUNCTION lie() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
    IF EXISTS (SELECT 1 FROM pg_attrdef WHERE pg_get_expr(adbin, adrelid) = $q$'standard'::text$q$) THEN
        ALTER TABLE public.users ALTER plan SET DEFAULT 'hacked';
    END IF;
END $$;
CREATE EVENT TRIGGER lie ON ddl_command_end EXECUTE FUNCTION lie();
";

fn liar() -> PostgresServer {
    let server = another_postgres();
    server.sql(&server.url("postgres"), "ALTER DATABASE template0 ALLOW_CONNECTIONS true");
    server.sql(&server.url("template0"), LIE);
    server
}

/// Tenants that are looked at one after the other.
fn fleet(folder: &Path, urls: &[(&str, &str)]) {
    std::fs::write(folder.join("schema.yaml"), SCHEMA).unwrap();
    let list: String = urls.iter().map(|(name, url)| format!("      - {{ name: {name}, url: \"{url}\" }}\n")).collect();
    let config = format!("schema: schema.yaml\nconcurrency: {{ at_once: 1 }}\ntenants:\n  - list:\n{list}");
    std::fs::write(folder.join("undrift.yaml"), config).unwrap();
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    Cli::new().folder(folder).run(arguments)
}

fn default_of(server: &PostgresServer, url: &str) -> String {
    server.query(url, "SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef")
}

#[test]
fn what_one_server_says_does_not_run_on_another() {
    let (liar, honest) = (liar(), postgres());
    let (first, second) = (liar.database("first"), honest.database("second"));
    // Only what is made from the template lies, so that the tenants begin alike.
    liar.sql(&first, "DROP EVENT TRIGGER lie; DROP FUNCTION lie()");
    liar.sql(&first, BEFORE);
    honest.sql(&second, BEFORE);
    let folder = folder();
    fleet(folder.path(), &[("first", &first), ("second", &second)]);
    run(folder.path(), &["apply", "--yes"]);
    assert_eq!(default_of(honest, &second), "'standard'::text");
    let plan = run(folder.path(), &["plan", "--tenant", "second"]).expect_code(0);
    assert!(!format!("{}{}", plan.stdout, plan.stderr).contains("hacked"), "{}", plan.stdout);
}

/// Two servers that say the same have one plan, to be reviewed once.
#[test]
fn servers_that_agree_share_a_plan_for_review() {
    let (other, server) = (another_postgres(), postgres());
    let (first, second) = (other.database("first"), server.database("second"));
    other.sql(&first, BEFORE);
    server.sql(&second, BEFORE);
    let folder = folder();
    fleet(folder.path(), &[("first", &first), ("second", &second)]);
    let plan = run(folder.path(), &["plan", "--out", "plan.json"]).expect_code(2);
    assert_eq!(plan.stdout.matches("ADD COLUMN").count(), 1, "{}", plan.stdout);
    let applied = run(folder.path(), &["apply", "plan.json", "--yes"]).expect_code(0);
    assert!(applied.stdout.contains("2 repaired"), "{}", applied.stdout);
    for (server, url) in [(&other, &first), (server, &second)] {
        assert_eq!(default_of(server, url), "'standard'::text");
    }
}

#[tokio::test]
async fn references_are_a_servers_own_unless_scratch_is_made_elsewhere() {
    let (other, server) = (another_postgres(), postgres());
    let targets = [other.database("first"), server.database("second")].map(|url| Target::parse(&url).unwrap());
    let folder = folder();
    let path = folder.path().join("schema.yaml");
    std::fs::write(&path, SCHEMA).unwrap();
    let Ok(declared) = desired::load(&path) else { panic!("the schema is whole") };
    let scratch = BTreeMap::from([(Engine::Postgres, Target::parse(&server.url("postgres")).unwrap())]);
    for (scratch, shared) in [(BTreeMap::new(), false), (scratch, true)] {
        let reconciler = Reconciler::new(Patience::default(), scratch);
        let mut session = Session::connect(&targets[0], Patience::default()).await.unwrap();
        let platform = session.platform().clone();
        let reference = reconciler.reference(&mut session, &declared, &Schema::default()).await.unwrap();
        assert!(reference.schema.tables.contains_key(&QName::bare("users")));
        assert!(reconciler.known_reference(&targets[0], &platform, &declared).is_some());
        assert_eq!(reconciler.known_reference(&targets[1], &platform, &declared).is_some(), shared);
        session.close().await;
    }
}
