//! A plan is for the database that it was made from, and for no other.

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use undrift::apply::{ApplyError, Limits, Silence};
use undrift::db::{Budget, Connection, Look, Memo, Patience, Target, Visit, Visitor};
use undrift::desired;
use undrift::model::{Engine, Labels, Tenant};
use undrift::policy::Policy;
use undrift::reconcile::{Errand, Fleet, FleetMember, Past, Reconciler, Way, carry_out, survey};

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
    let member = FleetMember { tenant, target: target.clone(), declared, past: Past::default() };
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

/// What happens at night, and what takes it back.
const BY_NIGHT: [(&str, &str); 3] = [
    ("ALTER TABLE users ADD COLUMN by_night integer", "ALTER TABLE users DROP COLUMN by_night"),
    ("ALTER TABLE users RENAME TO people", "ALTER TABLE people RENAME TO users"),
    ("CREATE TABLE by_night (id integer)", "DROP TABLE by_night"),
];

async fn visit(visitor: &Visitor, target: &Target) -> Memo {
    match visitor.visit(target, Look::default()).await.expect("it is there") {
        Visit::Seen(seen) => seen.memo,
        Visit::Unchanged { .. } => panic!("nothing was known"),
    }
}

#[tokio::test]
async fn what_a_visit_knew_is_not_believed_of_a_database_that_changed() {
    let postgres = support::postgres().database("known");
    let by_password = support::postgres().tcp_url("postgres:pw", postgres.split(['/', '?']).nth(3).expect("a name"));
    let mariadb = support::mariadb().database("known");
    let (_folder, sqlite) = support::sqlite("");
    for (url, way) in [(&postgres, &postgres), (&postgres, &by_password), (&mariadb, &mariadb), (&sqlite, &sqlite)] {
        let target = Target::parse(way).expect("it is a URL");
        let change = |script: &str| match target.engine() {
            Engine::Postgres => support::postgres().sql(url, script),
            Engine::Mysql => support::mariadb().sql(url, script),
            Engine::Sqlite => support::sqlite_sql(url, script),
        };
        change("DROP TABLE IF EXISTS users");
        change("CREATE TABLE users (id bigint NOT NULL)");
        let visitor = Visitor::new(Patience::default(), Budget { at_once: 2, per_server: 2 });
        let reconciler = Reconciler::new(Patience::default(), BTreeMap::new());
        let memo = visit(&visitor, &target).await;
        let fleet = look(&reconciler, &target).await;
        let study = &fleet.shapes[0].study;
        let plan = Arc::new(study.plan.clone());
        let known = Way::known(&visitor, &target, Some(&memo));
        for (night, morning) in BY_NIGHT {
            change(night);
            let refused = carry_out(&reconciler, &Errand::of(known, study, &plan, &LIMITS), &mut Silence).await;
            assert!(matches!(refused, Err(ApplyError::Stale { .. })), "{way}, {night}: {refused:?}");
            change(morning);
        }

        let memo = visit(&visitor, &target).await;
        let mut session = visitor.session(&target).await.expect("it is there");
        let again = session.look_again(&memo).await.expect("it can be read");
        assert!(again.is_none(), "{way}: it is as it was");
        session.close().await;
        let known = Way::known(&visitor, &target, Some(&memo));
        let carried =
            carry_out(&reconciler, &Errand::of(known, study, &plan, &LIMITS), &mut Silence).await.expect("it is known");
        assert!(carried.remaining.is_empty(), "{way}: {:?}", carried.remaining);
        let mut session = visitor.session(&target).await.expect("it is there");
        assert!(session.look_again(&memo).await.expect("it can be read").is_some(), "{way}: it has changed");
        session.close().await;
    }
}
