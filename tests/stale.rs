//! A plan is for the database that it was made from, and for no other.

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use undrift::apply::{ApplyError, Limits, Silence};
use undrift::db::{Patience, Target};
use undrift::desired;
use undrift::model::{Engine, Labels, Tenant};
use undrift::policy::Policy;
use undrift::reconcile::{Errand, Fleet, FleetMember, Reconciler, carry_out, survey};

const SCHEMA: &str = "
schema: small
tables:
  users: { columns: { id: bigint, email: { type: varchar(100), nullable: true } } }
";

const LIMITS: Limits = Limits {
    lock_timeout: Duration::from_secs(3),
    statement_timeout: Duration::from_secs(10),
    slow_statement_timeout: Duration::from_secs(10),
    retries: 0,
    batch: 1_000,
    batch_pause: Duration::ZERO,
};

async fn look(reconciler: &Reconciler, target: &Target) -> Fleet {
    let tenant = Tenant { name: "one".into(), engine: target.engine(), labels: Labels::new() };
    let declared = Arc::new(desired::parse("small.yaml", SCHEMA).expect("it is correct"));
    let member = FleetMember { tenant, target: target.clone(), declared };
    survey(reconciler, vec![member], &Policy::default(), 1, jiff::Timestamp::now(), &|| {}).await
}

#[tokio::test]
async fn a_database_that_changed_since_the_plan_was_made_is_not_touched() {
    let postgres = support::postgres().database("stale");
    let mariadb = support::mariadb().database("stale");
    let (_folder, sqlite) = support::sqlite("");
    for url in [postgres, mariadb, sqlite] {
        let target = Target::parse(&url).expect("it is a URL");
        let change = |script: &str| match target.engine() {
            Engine::Postgres => support::postgres().sql(&url, script),
            Engine::Mysql => support::mariadb().sql(&url, script),
            Engine::Sqlite => support::sqlite_sql(&url, script),
        };
        change("CREATE TABLE users (id bigint NOT NULL)");
        let reconciler = Reconciler::new(Patience::default(), BTreeMap::new());
        let fleet = look(&reconciler, &target).await;
        let study = &fleet.shapes[0].study;
        let plan = Arc::new(study.plan.clone());
        assert_eq!(plan.changes.len(), 1, "{url}");

        change("ALTER TABLE users ADD COLUMN by_night integer");
        let refused = carry_out(&reconciler, &Errand::of(&target, study, &plan, &LIMITS), &mut Silence).await;
        assert!(matches!(refused, Err(ApplyError::Stale { .. })), "{url}: {refused:?}");

        let fleet = look(&reconciler, &target).await;
        let study = &fleet.shapes[0].study;
        let plan = Arc::new(study.plan.clone());
        let carried = carry_out(&reconciler, &Errand::of(&target, study, &plan, &LIMITS), &mut Silence)
            .await
            .expect("it is fresh");
        assert_eq!(carried.remaining.len(), 1, "the hot fix stays: {:?}", carried.remaining);
        assert!(look(&reconciler, &target).await.shapes[0].study.plan.is_empty());
    }
}
