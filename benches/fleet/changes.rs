//! One change on every tenant: as undrift makes it, and as the bare statement in a connection of its own.
//!
//! undrift's is what the service does with a tenant of a rollout, of which it knows what its last pass saw: it takes the
//! lock, looks again, runs the plan between entries in an audit that is on the disk, reads again, and compares. Looking
//! at the tenants, working the plan out and proving it happens in the pass before and is not measured.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use undrift::apply::{Ended, Limits, Position, Progress, Waiting};
use undrift::db::{Budget, Connection, Look, Memo, Patience, Session, Target, Visit, Visitor};
use undrift::model::{Hash, Labels, Plan, Tenant};
use undrift::policy::Policy;
use undrift::reconcile::{Errand, FleetMember, Past, Reconciler, Study, Way, carry_out, survey};
use undrift::store::{ApplyOutcome, AuditEntry, AuditEvent, Store};
use undrift::{desired, dialect};

use tokio::sync::Mutex;

use super::cost::{Ground, Pass, compare};

/// As long as policies usually allow.
const LIMITS: Limits = Limits {
    lock_timeout: Duration::from_secs(3),
    statement_timeout: Duration::from_secs(30),
    slow_statement_timeout: Duration::from_secs(60),
    retries: 0,
    ..Limits::GENEROUS
};

/// How the nullable last column of the first table stands in an exported schema.
const COLUMN: &str = "      column_6: { type: ";

/// A shape, the plan for it, and what the pass learned of each tenant.
type Studied = (Study, Arc<Plan>, Vec<Memo>);

/// A change that can be made again and again.
#[derive(Clone, Copy)]
pub enum Kind {
    Add,
    Rename,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Add => "ADD COLUMN",
            Self::Rename => "RENAME COLUMN",
        }
    }

    /// The change of one round as a statement.
    fn statement(self, round: usize) -> String {
        match self {
            Self::Add => format!("ALTER TABLE table_0 ADD COLUMN extra_{round} integer"),
            Self::Rename => format!("ALTER TABLE table_0 RENAME COLUMN {} TO {}", name(round - 1), name(round)),
        }
    }

    /// The schema after a round.
    fn schema(self, base: &str, round: usize) -> String {
        match self {
            Self::Add => {
                let line = |round| format!("      extra_{round}: {{ type: integer, nullable: true }}\n");
                let lines: String = (1..=round).map(line).collect();
                base.replacen(COLUMN, &format!("{lines}{COLUMN}"), 1)
            }
            Self::Rename => {
                let new = format!("      {}: {{ renamed_from: [{}], type: ", name(round), name(round - 1));
                base.replacen(COLUMN, &new, 1)
            }
        }
    }
}

/// What the column is called after a round.
fn name(round: usize) -> String {
    if round == 0 { "column_6".to_owned() } else { format!("column_6_{round}") }
}

/// Makes a change on one half of the tenants with undrift and on the other half without.
pub async fn run(engine: &str, server: Option<u32>, urls: &[String], together: usize, kind: Kind) {
    let (with, without) = urls.split_at(urls.len() / 2);
    let name = format!("{engine}, {}", kind.name());
    let ground = Ground { name, server, tenants: with.len(), together };
    let repairs = Repairs::of(with, kind).await;
    compare(&ground, &[bare(without, kind), repairs.pass("undrift, everything on")]).await;
}

/// Connect, one statement, hang up.
fn bare(urls: &[String], kind: Kind) -> Pass {
    let targets: Vec<Target> = urls.iter().map(|url| Target::parse(url).expect("a URL")).collect();
    let round = Arc::new(AtomicUsize::new(0));
    let counted = round.clone();
    let work = Box::new(move |at: usize| -> BoxFuture<'static, ()> {
        let (target, sql) = (targets[at].clone(), kind.statement(round.load(Ordering::Relaxed)));
        Box::pin(async move {
            let mut session = Session::connect(&target, Patience::default()).await.expect("the tenant is there");
            session.execute(&sql).await.expect("the column is as it was left");
            session.close().await;
        })
    });
    let prepare = Box::new(move || -> BoxFuture<'static, ()> {
        counted.fetch_add(1, Ordering::Relaxed);
        Box::pin(std::future::ready(()))
    });
    Pass { name: "bare ALTER TABLE".to_owned(), work, prepare: Some(prepare) }
}

/// What undrift knows and keeps while it changes tenants.
struct Repairs {
    reconciler: Reconciler,
    visitor: Visitor,
    tenants: Vec<Target>,
    store: Store,
    /// Where the state is.
    _folder: tempfile::TempDir,
    kind: Kind,
    /// The schema before the first round.
    base: String,
    /// How many rounds there were, and what the present one is to do.
    round: Mutex<(usize, Option<Arc<Studied>>)>,
}

impl Repairs {
    async fn of(urls: &[String], kind: Kind) -> Arc<Self> {
        let tenants: Vec<Target> = urls.iter().map(|url| Target::parse(url).expect("a URL")).collect();
        let reconciler = Reconciler::new(Patience::default(), BTreeMap::new());
        let (session, seen) = reconciler.observe(&tenants[0]).await.expect("the tenant is there");
        session.close().await;
        let base = desired::export(&seen.reading.schema, &*dialect::of(&seen.platform), "bench");
        let folder = tempfile::tempdir().expect("a folder");
        let state = format!("sqlite:{}", folder.path().join("state.db").display());
        let store = Store::open(&state.into()).await.expect("a state");
        let visitor = Visitor::new(Patience::default(), Budget { at_once: 8, per_server: 8 });
        Arc::new(Self { reconciler, visitor, tenants, store, _folder: folder, kind, base, round: Mutex::default() })
    }

    fn pass(self: &Arc<Self>, name: &str) -> Pass {
        let (preparing, working) = (self.clone(), self.clone());
        Pass {
            name: name.to_owned(),
            prepare: Some(Box::new(move || {
                let repairs = preparing.clone();
                Box::pin(async move { repairs.study().await })
            })),
            work: Box::new(move |at| {
                let repairs = working.clone();
                Box::pin(async move { repairs.repair(at).await })
            }),
        }
    }

    /// Works the next round's plan out, on the first tenant.
    async fn study(&self) {
        let mut round = self.round.lock().await;
        round.0 += 1;
        let text = self.kind.schema(&self.base, round.0);
        let declared = Arc::new(desired::parse("bench.yaml", &text).unwrap_or_else(|report| panic!("{report:?}")));
        let target = self.tenants[0].clone();
        let tenant = Tenant { name: "first".into(), engine: target.engine(), labels: Labels::new() };
        let member = FleetMember { tenant, target, declared, past: Past::default() };
        let fleet = survey(&self.reconciler, vec![member], &Policy::default(), 1, Timestamp::now(), &|| {}).await;
        let shape = fleet.shapes.into_iter().next().expect("it can be worked out");
        let plan = Arc::clone(&shape.study.plan);
        assert_eq!(plan.changes.len(), 1, "{plan:?}");
        let mut memos = Vec::new();
        for tenant in &self.tenants {
            memos.push(self.look(tenant).await);
        }
        round.1 = Some(Arc::new((shape.study, plan, memos)));
    }

    async fn look(&self, tenant: &Target) -> Memo {
        match self.visitor.visit(tenant, Look::default()).await.expect("the tenant is there") {
            Visit::Seen(seen) => seen.memo,
            Visit::Unchanged { memo, .. } => memo,
        }
    }

    async fn repair(&self, at: usize) {
        let todo = self.round.lock().await.1.clone().expect("it was prepared");
        let (study, plan, memos) = &*todo;
        let mut record = Record {
            store: self.store.clone(),
            tenant: format!("tenant_{at}"),
            plan: plan.hash(),
            opening: None,
            held: Vec::new(),
        };
        let begin = AuditEvent::Begin { start: plan.start, rules: Vec::new(), approver: None };
        record.opening = Some(plan.clone());
        record.held.push(record.entry(begin));
        let way = Way::known(&self.visitor, &self.tenants[at], Some(&memos[at]));
        let errand = Errand::of(way, study, plan, &LIMITS);
        let carried = carry_out(&self.reconciler, &errand, &mut record).await;
        let end = Some(carried.unwrap_or_else(|error| panic!("{error}")).end);
        let outcome = ApplyOutcome::Applied;
        record.write(AuditEvent::End { end, outcome, error: None }).await.expect("a state");
    }
}

/// Writes everything down, as the service does.
struct Record {
    store: Store,
    tenant: String,
    plan: Hash,
    /// The plan, until it is in the state.
    opening: Option<Arc<Plan>>,
    /// What is written with the next entry.
    held: Vec<AuditEntry>,
}

impl Record {
    fn entry(&self, event: AuditEvent) -> AuditEntry {
        AuditEntry { at: Timestamp::now(), event, tenant: Some(self.tenant.clone()), plan: Some(self.plan) }
    }

    async fn write(&mut self, event: AuditEvent) -> Result<(), String> {
        let mut entries = std::mem::take(&mut self.held);
        entries.push(self.entry(event));
        let written = match self.opening.take() {
            Some(plan) => self.store.open_plan(&plan, &entries).await,
            None => self.store.append(&entries).await,
        };
        written.map(drop).map_err(|error| error.to_string())
    }
}

impl Progress for Record {
    fn before<'a>(&'a mut self, at: Position, sql: &'a str) -> Waiting<'a> {
        let event = AuditEvent::Intent { step: at.step, statement: at.statement, sql: sql.to_owned() };
        Box::pin(self.write(event))
    }

    fn after<'a>(&'a mut self, at: Position, ended: Ended<'a>) -> Waiting<'a> {
        let millis = u64::try_from(ended.took.as_millis()).unwrap_or(u64::MAX);
        let rows = ended.result.unwrap_or_default();
        let error = ended.result.err().map(ToString::to_string);
        let event = AuditEvent::Outcome { step: at.step, statement: at.statement, millis, rows, error };
        let entry = self.entry(event);
        self.held.push(entry);
        Box::pin(std::future::ready(Ok(())))
    }
}
