//! A run that ends anywhere is finished by the next one, and leaves nothing behind.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::engine::session;
use super::support::postgres;
use undrift::apply::{ApplyError, Limits, Position, Progress, Silence, Waiting};
use undrift::db::{Connection, Patience, Session, Target, Trouble};
use undrift::desired::{self, Declared};
use undrift::model::{Engine, Labels, Plan, Reason, Tenant};
use undrift::policy;
use undrift::reconcile::{Assessment, Choice, Errand, Fleet, FleetMember, Past, Reconciler, Shape, carry_out, survey};

/// Ends a run before one of its statements.
struct Killed {
    statements: usize,
    at: usize,
}

impl Progress for Killed {
    fn before<'a>(&'a mut self, _at: Position, _sql: &'a str) -> Waiting<'a> {
        self.statements += 1;
        let go_on = self.statements <= self.at;
        Box::pin(std::future::ready(if go_on { Ok(()) } else { Err("killed".to_owned()) }))
    }
}

/// A database and the schema that it is to have.
struct Way {
    url: String,
    target: Target,
    declared: Arc<Declared>,
    reconciler: Reconciler,
}

impl Way {
    fn new(hint: &str, start: &str, schema: &str) -> Self {
        let url = postgres().database(hint);
        postgres().sql(&url, start);
        let declared = desired::parse("schema.yaml", schema).unwrap_or_else(|report| panic!("{report}"));
        let target = Target::parse(&url).unwrap();
        Self {
            url,
            target,
            declared: Arc::new(declared),
            reconciler: Reconciler::new(Patience::default(), BTreeMap::new()),
        }
    }

    async fn look(&self) -> (Shape, Assessment) {
        let tenant = Tenant { name: "t".to_owned(), engine: Engine::Postgres, labels: Labels::new() };
        let member = FleetMember {
            tenant,
            target: self.target.clone(),
            declared: Arc::clone(&self.declared),
            past: Past::default(),
        };
        let policy = policy::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("policies/permissive.yaml"))
            .unwrap_or_else(|report| panic!("{report}"));
        let now = jiff::Timestamp::now();
        let Fleet { mut shapes, unknown } = survey(&self.reconciler, vec![member], &policy, 1, now, &|| ()).await;
        assert!(unknown.is_empty(), "{}", unknown[0].1);
        let mut shape = shapes.pop().unwrap();
        assert!(shape.study.unproved.is_empty(), "{:?}", shape.study.unproved);
        let (_, assessment) = shape.tenants.pop().unwrap();
        (shape, assessment.unwrap())
    }

    /// Plans and runs up to a statement. Whether that was all of it.
    async fn run(&self, at: usize) -> bool {
        let (shape, assessment) = self.look().await;
        let assessment = assessment.approved(&shape.study.plan);
        let runs = assessment.runs(&shape.study.plan);
        assert!(runs.iter().all(|runs| *runs), "kept back: {:#?}", assessment.rulings);
        let mut session = Session::connect(&self.target, Patience::default()).await.unwrap();
        let plan: Arc<Plan> = self.reconciler.tailor(&mut session, &shape.study, &Choice::of(&runs)).await.unwrap();
        session.close().await;
        let mut killed = Killed { statements: 0, at };
        let errand = Errand::of(&self.target, &shape.study, &plan, &Limits::GENEROUS);
        let ran = carry_out(&self.reconciler, &errand, &mut killed).await;
        match ran {
            Ok(carried) => {
                assert_eq!(carried.remaining, [], "killed at {at}");
                true
            }
            Err(ApplyError::Unrecorded(_)) => false,
            Err(error) => panic!("killed at {at}: {error}"),
        }
    }

    async fn ends(&self, at: usize) {
        assert!(self.run(usize::MAX).await);
        assert_eq!(postgres().query(&self.url, LEFT_BEHIND), "", "killed at {at}");
    }
}

const LEFT_BEHIND: &str = "SELECT string_agg(name, ' ') FROM (
    SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid
    UNION ALL SELECT conname FROM pg_constraint WHERE NOT convalidated OR conname LIKE 'undrift%'
    UNION ALL SELECT relname FROM pg_class WHERE relname LIKE 'undrift%'
    UNION ALL SELECT attname FROM pg_attribute WHERE attname LIKE 'undrift%') AS left_behind (name)";

/// Kills a run before each of its statements, one after the other, and runs again.
async fn killed_everywhere(hint: &str, start: &str, schema: &str, rows: &str, expected: &str) {
    for at in 0.. {
        let way = Way::new(hint, start, schema);
        let done = way.run(at).await;
        if !done {
            way.ends(at).await;
        }
        assert_eq!(postgres().query(&way.url, rows), expected, "killed at {at}");
        if done {
            assert!(at > 2, "{at} statements are no plan worth killing");
            break;
        }
    }
}

macro_rules! killed {
    ($($name:ident: $start:expr => $schema:expr; $query:expr => $expected:expr;)*) => {$(
        #[tokio::test]
        async fn $name() {
            killed_everywhere(stringify!($name), $start, $schema, $query, $expected).await;
        }
    )*};
}

killed! {
    indexes_and_keys_come:
        "CREATE TABLE p (id integer); INSERT INTO p VALUES (1), (2);
         CREATE TABLE t (id integer, a integer, b text); INSERT INTO t VALUES (1, 1, 'x'), (2, 2, 'y')"
        => "
schema: s
tables:
  p:
    columns: { id: integer }
    primary_key: [id]
  t:
    columns: { id: integer, a: { type: integer, nullable: true }, b: { type: text, nullable: true } }
    primary_key: { columns: [id], name: t_pk }
    unique: { t_b: [b] }
    indexes: { t_a: { columns: [a], comment: why } }
    foreign_keys: { t_p: { columns: [a], references: p(id) } }
    checks: { t_id: id > 0 }
";
        "SELECT string_agg(concat(id, a, b), ' ' ORDER BY id) FROM t" => "11x 22y";

    indexes_and_keys_change:
        "CREATE TABLE p (id integer, other integer, CONSTRAINT p_pk PRIMARY KEY (id), CONSTRAINT p_u UNIQUE (other)); INSERT INTO p VALUES (1, 1), (2, 2);
         CREATE TABLE t (a integer, b text, CONSTRAINT t_p FOREIGN KEY (a) REFERENCES p (other), CONSTRAINT t_c CHECK (a > 0));
         CREATE INDEX t_a ON t (a); CREATE UNIQUE INDEX t_b ON t (b); INSERT INTO t VALUES (1, 'x'), (2, 'y')"
        => "
schema: s
tables:
  p:
    columns: { id: integer, other: integer }
    primary_key: { columns: [id, other], name: p_pk }
    unique: { p_u: { columns: [other], include: [id] } }
  t:
    columns: { a: { type: integer, nullable: true }, b: { type: text, nullable: true } }
    indexes: { t_a: { columns: [a, b] }, t_b: { columns: [b, a], unique: true } }
    foreign_keys: { t_p: { columns: [a], references: p(other) } }
    checks: { t_c: a > -1 }
";
        "SELECT string_agg(concat(a, b), ' ' ORDER BY a) FROM t" => "1x 2y";

    columns_become_not_null:
        "CREATE TABLE t (id integer PRIMARY KEY, a integer, b text); INSERT INTO t VALUES (1, 1, NULL), (2, 2, 'y')"
        => "
schema: s
tables:
  t:
    columns: { id: integer, a: integer, b: { type: text, backfill: { value: none } } }
    primary_key: [id]
    unique: [[a]]
";
        "SELECT string_agg(concat(id, a), ' ' ORDER BY id) FROM t" => "11 22";

    a_default_that_differs_by_row_is_filled:
        "CREATE TABLE t (id integer PRIMARY KEY); INSERT INTO t VALUES (1), (2)"
        => "
schema: s
tables:
  t:
    columns: { id: integer, key: { type: uuid, default: uuid } }
    primary_key: [id]
    unique: [[key]]
";
        "SELECT count(*) FROM t" => "2";

    what_nobody_named_is_finished_too:
        "CREATE TABLE p (id integer PRIMARY KEY); INSERT INTO p VALUES (1); CREATE TABLE t (a integer, b integer);
         CREATE INDEX t_a_idx ON t (a) WHERE a > 0; INSERT INTO t VALUES (1, 1)"
        => "
schema: s
tables:
  p: { columns: { id: integer }, primary_key: [id] }
  t:
    columns: { a: { type: integer, nullable: true }, b: { type: integer, nullable: true } }
    indexes: { t_a_idx: [a], t_b: [b, a] }
    unique: [[b]]
    foreign_keys: [{ columns: [a], references: p(id) }]
    checks: [b > 0]
";
        "SELECT string_agg(concat(a, b), ' ' ORDER BY a) FROM t" => "11";

    a_unique_index_becomes_a_constraint:
        "CREATE TABLE p (id integer NOT NULL); CREATE UNIQUE INDEX p_id ON p (id); INSERT INTO p VALUES (1);
         CREATE TABLE t (a integer CONSTRAINT t_p REFERENCES p (id)); INSERT INTO t VALUES (1)"
        => "
schema: s
tables:
  p: { columns: { id: integer }, unique: { p_key: [id] } }
  t:
    columns: { a: { type: bigint, nullable: true } }
    foreign_keys: { t_p: { columns: [a], references: p(id) } }
    indexes: { t_a: [a] }
";
        "SELECT string_agg(a::text, ' ') FROM t" => "1";
}

/// Builds an index that does not come to its end, because somebody writes for too long.
async fn half_build(url: &str, create: &str) {
    let mut writer = session(url).await;
    writer.begin().await.unwrap();
    writer.execute("INSERT INTO t VALUES (7, 7)").await.unwrap();
    let mut builder = session(url).await;
    builder.limit(Duration::from_millis(100), Duration::from_secs(9)).await.unwrap();
    let error = builder.execute(create).await.unwrap_err();
    assert_eq!(error.trouble, Trouble::LockTimeout, "{error}");
    writer.rollback().await.unwrap();
    assert_eq!(postgres().query(url, "SELECT count(*) FROM pg_index WHERE NOT indisvalid"), "1");
}

const TWO_COLUMNS: &str = "
schema: s
tables:
  t:
    columns: { a: { type: integer, nullable: true }, b: { type: integer, nullable: true } }
";

/// Whatever the index was to be, it is dropped and built anew, and nobody has to be asked for that.
#[tokio::test]
async fn an_index_whose_build_did_not_end_is_built_anew() {
    for (create, members) in [
        ("CREATE INDEX CONCURRENTLY t_a ON t (a)", "indexes: { t_a: [a] }"),
        ("CREATE INDEX CONCURRENTLY another ON t (a)", "indexes: { another: { columns: [a], comment: x } }"),
        ("CREATE UNIQUE INDEX CONCURRENTLY undrift_new_t_b ON t (b)", "unique: { t_b: [b] }"),
        ("CREATE UNIQUE INDEX CONCURRENTLY undrift_new_t_pk ON t (b)", "primary_key: { columns: [b], name: t_pk }"),
        ("CREATE INDEX CONCURRENTLY undrift_new_forgotten ON t (b)", "checks: { c: a > 0 }"),
        ("CREATE UNIQUE INDEX CONCURRENTLY t_b_key ON t (b)", "unique: [[b]]"),
    ] {
        let not_null =
            if members.starts_with("primary") { ", b: integer }" } else { ", b: { type: integer, nullable: true } }" };
        let schema =
            format!("{}    {members}\n", TWO_COLUMNS.replace(", b: { type: integer, nullable: true } }", not_null));
        let way =
            Way::new("half", "CREATE TABLE t (a integer, b integer); INSERT INTO t VALUES (1, 1), (2, 2)", &schema);
        half_build(&way.url, create).await;
        way.ends(0).await;
    }
}

/// Somebody who does something just before a statement runs.
struct Meddler<'a> {
    url: &'a str,
    before: &'static str,
    sql: &'static str,
}

impl Progress for Meddler<'_> {
    fn before<'a>(&'a mut self, _at: Position, sql: &'a str) -> Waiting<'a> {
        if sql.starts_with(self.before) {
            postgres().sql(self.url, self.sql);
        }
        Box::pin(std::future::ready(Ok(())))
    }
}

/// What a failed build leaves is removed at once.
#[tokio::test]
async fn a_build_that_fails_leaves_nothing_behind() {
    let schema = format!("{TWO_COLUMNS}    unique: {{ t_b: [b] }}\n");
    let way = Way::new("fails", "CREATE TABLE t (a integer, b integer); INSERT INTO t VALUES (1, 1), (2, 2)", &schema);
    let (shape, _) = way.look().await;
    let plan = Arc::new(shape.study.plan.clone());
    let mut meddler = Meddler { url: &way.url, before: "CREATE UNIQUE", sql: "INSERT INTO t VALUES (3, 2)" };
    let limits = Limits::GENEROUS;
    let ran = carry_out(&way.reconciler, &Errand::of(&way.target, &shape.study, &plan, &limits), &mut meddler).await;
    let error = ran.expect_err("there are duplicates").to_string();
    assert!(error.contains("build the index of unique constraint t.t_b") && error.contains("23505"), "{error}");
    assert_eq!(postgres().query(&way.url, LEFT_BEHIND), "");
}

/// Nobody waits for a build that waits for an old transaction, so it waits for longer than `lock_timeout`.
#[tokio::test]
async fn a_build_waits_for_old_transactions() {
    let schema = format!("{TWO_COLUMNS}    indexes: {{ t_a: [a] }}\n");
    let way = Way::new("waits", "CREATE TABLE t (a integer, b integer); INSERT INTO t VALUES (1, 1)", &schema);
    let (shape, _) = way.look().await;
    let plan = Arc::new(shape.study.plan.clone());
    let mut writer = session(&way.url).await;
    writer.begin().await.unwrap();
    writer.execute("INSERT INTO t VALUES (7, 7)").await.unwrap();
    let limits = Limits { lock_timeout: Duration::from_millis(200), ..Limits::GENEROUS };
    let commits = async {
        tokio::time::sleep(Duration::from_millis(1500)).await;
        postgres().sql(&way.url, "SET lock_timeout = '100ms'; UPDATE t SET b = 2");
        writer.commit().await.unwrap();
    };
    let mut silence = Silence;
    let errand = Errand::of(&way.target, &shape.study, &plan, &limits);
    let run = carry_out(&way.reconciler, &errand, &mut silence);
    let (ran, ()) = tokio::join!(run, commits);
    ran.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(postgres().query(&way.url, LEFT_BEHIND), "");
}

/// A build that fails on the rows says so, and the next plan counts them.
#[tokio::test]
async fn duplicates_that_come_while_an_index_is_built_are_told() {
    let schema = format!("{TWO_COLUMNS}    unique: {{ t_b: [b] }}\n");
    let way =
        Way::new("doubles", "CREATE TABLE t (a integer, b integer); INSERT INTO t VALUES (1, 1), (2, 2)", &schema);
    let (shape, _) = way.look().await;
    let step = &shape.study.plan.steps[0];
    let undo = &step.undo[0];
    assert!(undo.starts_with("DROP INDEX CONCURRENTLY IF EXISTS \"undrift_new_") && undo.ends_with("_t_b\""), "{undo}");
    let mut session = session(&way.url).await;
    assert_eq!(session.count(&step.preconditions[0].query).await.unwrap(), 0);
    session.execute("INSERT INTO t VALUES (3, 2)").await.unwrap();
    let error = session.execute(&step.statements[0]).await.unwrap_err();
    assert_eq!(error.trouble, Trouble::Data);
    assert!(error.message.contains("undrift_new_") && error.message.contains("_t_b"), "{error}");
    assert_eq!(session.count(&step.preconditions[0].query).await.unwrap(), 1);
    // What is left behind is removed by what the step says, or else by the next plan.
    let (again, assessment) = way.look().await;
    let kinds: Vec<_> = again.study.plan.changes.iter().map(|planned| planned.change.kind().key()).collect();
    assert_eq!(kinds, ["remove_leftover", "add_unique"]);
    assert!(assessment.rulings.iter().any(|ruling| matches!(&ruling.reason, Reason::Data { .. })));
    session.execute(&step.undo[0]).await.unwrap();
    session.execute("DELETE FROM t WHERE a = 3").await.unwrap();
    session.close().await;
    way.ends(0).await;
}
