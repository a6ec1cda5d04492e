//! Going on while a pass is under way: only what the last decision knew of.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::{Daemon, Settings};
use crate::db::{Connection, Patience, Session, Target};
use crate::store::{Store, Trigger};
use crate::telemetry::Metrics;

const SCHEMA: &str = "schema: small\ntables:\n  users:\n    columns:\n      id: bigint\n      email: text\n";

const CONFIGURATION: &str = "schema: schema.yaml\npolicy: policy.yaml\nstate: sqlite:state.db\n\
                             schedule: every 1h\ntenants:\n  - files: \"tenants/*.db\"\n";

/// Everything may run, a first wave of two before the rest. Two of six are too many to drift for no reason.
const POLICY: &str = "policy: waves\nrules: [{ name: all, then: allow }]\nbrake: { share: 10% }\n\
                      rollout: { waves: [2, 100%] }\n";

/// The longest that plans on files of one table may take.
const LONG: Duration = Duration::from_secs(60);

/// A service with six empty tenants that does nothing by itself: passes and decisions are the test's.
struct Place {
    folder: tempfile::TempDir,
    daemon: Arc<Daemon>,
}

impl Place {
    /// Two tenants have been put right, and four wait for the second wave. A pass begins.
    async fn between_waves() -> Self {
        let place = Self::new().await;
        place.daemon.pass(Trigger::Start, None).await.unwrap();
        place.daemon.decide().await.unwrap();
        place.rest().await;
        assert_eq!(place.put_right().await, ["t0", "t1"]);
        place
    }

    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::create_dir(path("tenants")).unwrap();
        for (name, text) in [("schema.yaml", SCHEMA), ("policy.yaml", POLICY), ("undrift.yaml", CONFIGURATION)] {
            std::fs::write(path(name), text).unwrap();
        }
        (0..6).for_each(|at| std::fs::write(path(&format!("tenants/t{at}.db")), "").unwrap());
        let configuration = path("undrift.yaml");
        let settings = Settings::load(&configuration, &|_| None).map_err(|(_, report)| report.render(false)).unwrap();
        let store = Store::open(&settings.config.state).await.unwrap();
        let daemon = Daemon::new(configuration, settings, store, Metrics::new()).map_err(|error| error.to_string());
        Self { folder, daemon: Arc::new(daemon.unwrap()) }
    }

    /// Waits until no plan runs.
    async fn rest(&self) {
        let idle = async {
            while !self.daemon.fleet.lock().await.applying.is_empty() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(LONG, idle).await.unwrap();
    }

    fn file(&self, tenant: &str) -> PathBuf {
        self.folder.path().join(format!("tenants/{tenant}.db"))
    }

    async fn session(&self, tenant: &str) -> Session {
        let patience = Patience { connect: LONG, read: LONG };
        Session::connect(&Target::file(&self.file(tenant)), patience).await.unwrap()
    }

    /// Somebody changes a tenant, and the pass comes by.
    async fn changed(&self, tenant: &str, sql: &str) {
        let mut session = self.session(tenant).await;
        session.script(sql).await.unwrap();
        session.close().await;
        self.daemon.look_at(tenant, &self.daemon.settings(), None).await.unwrap();
    }

    /// What a wake-up during the pass sets off, to the end.
    async fn goes_on(&self) {
        self.daemon.go_on().await.unwrap();
        self.rest().await;
    }

    /// The tenants that have the declared table.
    async fn put_right(&self) -> Vec<String> {
        let mut found = Vec::new();
        for tenant in (0..6).map(|at| format!("t{at}")) {
            let mut session = self.session(&tenant).await;
            let tables = session.count("SELECT count(*) FROM sqlite_master WHERE name = 'users'").await.unwrap();
            session.close().await;
            found.extend((tables > 0).then_some(tenant));
        }
        found
    }
}

#[tokio::test]
async fn plans_of_the_last_decision_go_on_during_a_pass_and_others_wait_for_its_end() {
    let place = Place::between_waves().await;
    place.changed("t5", "CREATE TABLE mine (x INTEGER)").await;
    place.goes_on().await;
    assert_eq!(place.put_right().await, ["t0", "t1", "t2", "t3", "t4"], "t5 needs another plan than was decided on");
    place.daemon.decide().await.unwrap();
    place.rest().await;
    assert_eq!(place.put_right().await.len(), 6, "after the pass nothing stands against it");
}

#[tokio::test]
async fn what_was_put_right_and_drifts_again_waits_for_the_brake_even_if_its_plan_is_known() {
    let place = Place::between_waves().await;
    place.changed("t0", "DROP TABLE users").await;
    place.changed("t1", "DROP TABLE users").await;
    place.goes_on().await;
    assert_eq!(place.put_right().await, ["t2", "t3", "t4", "t5"], "half of a pass is no ground for t0 and t1");
    place.daemon.decide().await.unwrap();
    place.rest().await;
    assert_eq!(place.put_right().await.len(), 4, "the brake is for those");
}

#[tokio::test]
async fn nothing_goes_on_while_the_brake_is_engaged() {
    let place = Place::between_waves().await;
    place.changed("t0", "DROP TABLE users").await;
    place.changed("t1", "DROP TABLE users").await;
    place.daemon.decide().await.unwrap();
    assert_eq!(place.daemon.fleet.lock().await.braked, ["schema.yaml"]);
    place.goes_on().await;
    assert!(place.put_right().await.is_empty(), "the brake holds those too that were decided on before");
}
