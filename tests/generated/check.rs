//! What must hold of a pair of schemas on a server.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use undrift::apply::{ApplyError, Limits, Silence, Stopped};
use undrift::db::{Connection, Patience, Reading, Session, Target, Trouble};
use undrift::desired::{self, Declared};
use undrift::dialect;
use undrift::diff::difference;
use undrift::model::{Fingerprint, Labels, Reason, Renames, Schema, Tenant, Verdict};
use undrift::policy::{self, Policy};
use undrift::reconcile::{
    Assessment, Choice, Errand, Fleet, FleetMember, Outlook, Past, Reconciler, Shape, carry_out, survey,
};

use crate::bench::Bench;
use crate::rows;
use crate::spec::Spec;
use crate::yaml;

/// What became of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The second schema was reached, every row kept.
    Reached,
    /// The rows did not allow all of it; without them it was reached.
    Blocked,
}

/// What does not hold, in words.
pub type Failure = String;

/// A database on its way from one schema to the other.
struct Way<'a> {
    bench: &'a Bench,
    policy: Policy,
    target: Target,
    url: String,
}

/// The query whose answer may not change, for a database that has a structure.
pub type Survivors = Box<dyn Fn(&Schema) -> Result<String, Failure>>;

/// Two schema files with rows between them.
pub struct Story {
    /// The first file.
    pub before: String,
    /// A script that fills the tables that the first file makes.
    pub rows: String,
    /// The second file.
    pub after: String,
    /// The query whose answer may not change, for a database that may be anywhere between the two.
    pub survivors: Survivors,
}

impl Story {
    /// A generated pair, with three rows in every table.
    pub fn of(before: &Spec, after: &Spec) -> Self {
        let (first, second) = (before.clone(), after.clone());
        Self {
            before: yaml::text(before),
            rows: rows::inserts(before),
            after: yaml::text(after),
            survivors: Box::new(move |schema| rows::survivors(schema, &first, &second)),
        }
    }
}

/// Brings an empty database to the first schema, fills it, and brings it to the second.
pub async fn check(bench: &Bench, story: &Story) -> Result<Outcome, Failure> {
    let database = bench.database();
    let permissive = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies/permissive.yaml");
    let policy = policy::load(&permissive).map_err(|report| report.to_string())?;
    let target = Target::parse(&database.url).map_err(|error| error.to_string())?;
    let way = Way { bench, policy, target, url: database.url.clone() };
    let outcome = way.go(story).await?;
    bench.discard(database);
    Ok(outcome)
}

fn parsed(text: &str) -> Result<Arc<Declared>, Failure> {
    desired::parse("generated.yaml", text).map(Arc::new).map_err(|report| format!("not a schema file: {report}"))
}

fn unblocked(findings: Vec<String>) -> Result<(), Failure> {
    if findings.is_empty() { Ok(()) } else { Err(format!("blocked without any rows: {}", findings.join("; "))) }
}

impl Way<'_> {
    async fn go(&self, story: &Story) -> Result<Outcome, Failure> {
        let declared = parsed(&story.before)?;
        let blocked = self.reach(&declared).await.map_err(|why| format!("from nothing to the first schema: {why}"))?;
        unblocked(blocked)?;
        self.bench.sql(&self.url, &story.rows);
        let kept = self.survivors(story).await?;

        let declared = parsed(&story.after)?;
        let blocked =
            self.reach(&declared).await.map_err(|why| format!("from the first schema to the second: {why}"))?;
        let found = self.survivors(story).await?;
        if kept != found {
            return Err(format!("rows changed, from\n{kept}\nto\n{found}"));
        }
        if !blocked.is_empty() {
            self.bench.sql(&self.url, &rows::deletes(self.bench.engine, &self.read().await?.schema));
            let still = self.reach(&declared).await.map_err(|why| format!("once the rows were gone: {why}"))?;
            unblocked(still)?;
        }
        self.ends_as(&declared).await?;
        Ok(if blocked.is_empty() { Outcome::Reached } else { Outcome::Blocked })
    }

    async fn survivors(&self, story: &Story) -> Result<String, Failure> {
        Ok(self.bench.query(&self.url, &(story.survivors)(&self.read().await?.schema)?))
    }

    fn reconciler(&self) -> Reconciler {
        Reconciler::new(Patience::default(), BTreeMap::new())
    }

    async fn read(&self) -> Result<Reading, Failure> {
        let (session, observed) = self.reconciler().observe(&self.target).await.map_err(|error| error.to_string())?;
        session.close().await;
        Ok(observed.reading)
    }

    async fn look(&self, reconciler: &Reconciler, declared: &Arc<Declared>) -> Result<(Shape, Assessment), Failure> {
        let tenant = Tenant { name: "generated".to_owned(), engine: self.bench.engine, labels: Labels::new() };
        let member =
            FleetMember { tenant, target: self.target.clone(), declared: Arc::clone(declared), past: Past::default() };
        let now = jiff::Timestamp::now();
        let Fleet { mut shapes, unknown } = survey(reconciler, vec![member], &self.policy, 1, now, &|| ()).await;
        if let Some((_, error)) = unknown.first() {
            return Err(format!("unknown: {}", chain(error.as_ref())));
        }
        let mut shape = shapes.pop().ok_or("no shape")?;
        let (_, assessment) = shape.tenants.pop().ok_or("no tenant")?;
        Ok((shape, assessment?))
    }

    /// Applies a schema as far as the rows allow it, says yes to everything, and returns what they do not allow.
    async fn reach(&self, declared: &Arc<Declared>) -> Result<Vec<String>, Failure> {
        let reconciler = self.reconciler();
        let (shape, assessment) = self.look(&reconciler, declared).await?;
        if shape.outlook(&assessment) == Outlook::InSync {
            return Ok(Vec::new());
        }
        if !shape.study.unproved.is_empty() {
            return Err(format!("not proved: {}", shape.study.unproved.join("; ")));
        }
        let assessment = assessment.approved(&shape.study.plan);
        let findings = findings(&assessment)?;
        let runs = assessment.runs(&shape.study.plan);
        if runs.contains(&true)
            && let Some(finding) = self.run(&reconciler, &shape, &runs).await?
        {
            return Ok(vec![finding]);
        }
        let (again, assessment) = self.look(&reconciler, declared).await?;
        let rest = again
            .study
            .plan
            .changes
            .iter()
            .map(|planned| format!("{} {}", planned.change.kind(), planned.change.object()));
        let rest: Vec<String> = rest.collect();
        if findings.is_empty() && again.outlook(&assessment) != Outlook::InSync {
            return Err(format!("a second plan is not empty: {}", rest.join(", ")));
        }
        Ok(findings)
    }

    /// Runs what may run. Returns what the rows did not allow, if that was found out on the way.
    async fn run(&self, reconciler: &Reconciler, shape: &Shape, runs: &[bool]) -> Result<Option<String>, Failure> {
        let mut session = Session::connect(&self.target, Patience::default()).await.map_err(|e| e.to_string())?;
        let plan = reconciler.tailor(&mut session, &shape.study, &Choice::of(runs)).await;
        session.close().await;
        let plan = plan.map_err(|error| format!("tailored: {}", chain(&error)))?;
        let errand = Errand::of(&self.target, &shape.study, &plan, &Limits::GENEROUS);
        match carry_out(reconciler, &errand, &mut Silence).await {
            Ok(_) => Ok(None),
            Err(ApplyError::Step(stopped)) if is_about_data(&stopped) => Ok(Some(stopped.to_string())),
            Err(error) => Err(error.to_string()),
        }
    }

    /// The database is what the schema says, and what is exported from it says the same.
    async fn ends_as(&self, declared: &Declared) -> Result<(), Failure> {
        let reconciler = self.reconciler();
        let (mut session, observed) = reconciler.observe(&self.target).await.map_err(|error| error.to_string())?;
        let reference = reconciler
            .reference(&mut session, declared, &Schema::default())
            .await
            .map_err(|error| error.to_string())?;
        let read = observed.reading.schema;
        let open = reference.comparable(read.clone());
        let differing = difference(&open, &reference.schema, &Renames::default()).changes;
        if !differing.is_empty() || nameless(&open) != nameless(&reference.schema) {
            return Err(format!("fingerprints differ:\n{read:#?}\nfrom\n{:#?}", reference.schema));
        }
        let text = desired::export(&read, &*dialect::of(&observed.platform), "generated");
        let exported = desired::parse("exported.yaml", &text).map_err(|report| format!("export: {report}\n{text}"))?;
        let again = reconciler.reference(&mut session, &exported, &Schema::default()).await;
        session.close().await;
        let again = again.map_err(|error| format!("export: {}\n{text}", chain(error.as_ref())))?;
        if fingerprint(&read) != fingerprint(&again.schema) {
            return Err(format!("exported and read again:\n{:#?}\nfrom\n{read:#?}\nby\n{text}", again.schema));
        }
        Ok(())
    }
}

fn is_about_data(stopped: &Stopped) -> bool {
    stopped.db_error().is_none_or(|error| error.trouble == Trouble::Data)
}

/// What the rows do not allow. Nothing else may keep anything back.
fn findings(assessment: &Assessment) -> Result<Vec<String>, Failure> {
    let mut findings = Vec::new();
    for ruling in assessment.rulings.iter().filter(|ruling| ruling.verdict != Verdict::Allow) {
        match &ruling.reason {
            Reason::Data { finding } => findings.push(finding.clone()),
            Reason::Needs { .. } => {}
            other => return Err(format!("kept back: {other:?}")),
        }
    }
    Ok(findings)
}

/// The fingerprint without the names of keys, indexes and constraints, which nobody may have declared.
fn nameless(schema: &Schema) -> Fingerprint {
    let mut schema = schema.clone();
    for table in schema.tables.values_mut() {
        for member in table.members() {
            table.remove_member(&member);
            table.add_member(member.called(None));
        }
    }
    fingerprint(&schema)
}

/// The fingerprint without the names of primary keys, which nobody may have declared, and without
/// extensions, none of which is ever removed.
fn fingerprint(schema: &Schema) -> Fingerprint {
    let mut schema = schema.clone();
    schema.extensions.clear();
    schema.tables.values_mut().filter_map(|table| table.primary_key.as_mut()).for_each(|key| key.name = None);
    Fingerprint::of(&schema)
}

fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
