//! A look at many databases: which shapes there are, and what each tenant's plan may do.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream;
use jiff::Timestamp;
use tokio::sync::Mutex;

use super::{
    Assessment, Choice, Facts, Observed, Outlook, ReconcileError, Reconciler, Reference, Study, assess, quarantine,
};
use crate::db::{Connection, Session, Target};
use crate::desired::Declared;
use crate::model::{Fingerprint, Hash, Plan, Platform, Quarantined, Tenant};
use crate::policy::Policy;

/// A tenant to look at.
#[derive(Clone)]
pub struct Member {
    /// The tenant.
    pub tenant: Tenant,
    /// Where it is.
    pub target: Target,
    /// What it should look like.
    pub declared: Arc<Declared>,
    /// What undrift remembers of it.
    pub past: Past,
}

/// What undrift remembers of a tenant, if it has a state to remember it in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// What undrift put into quarantine there.
    pub kept: Vec<Quarantined>,
    /// Whether it had tables.
    pub had_tables: bool,
}

/// Tenants that have one structure, and what is to be done about it.
pub struct Shape {
    /// What was worked out once for all of them.
    pub study: Study,
    /// What other servers made of it, to the same words: what one server says runs on its own tenants only.
    pub others: Others,
    /// The tenants, in the order in which they were given, with what policy says about each.
    pub tenants: Vec<(Member, Result<Assessment, String>)>,
    /// The server that the first study is from.
    judge: Option<String>,
    /// The plan as it is on tenants that keep what it drops, by what they keep.
    keeping: Keeping,
}

/// Studies by the server that they are from.
pub type Others = BTreeMap<Option<String>, Study>;

/// Plans by the names under which they keep what they would drop.
type Keeping = BTreeMap<BTreeMap<usize, String>, Result<Arc<Plan>, String>>;

/// What a look at the fleet found.
#[derive(Default)]
pub struct Fleet {
    /// The shapes: those in sync first, then by how many tenants have them.
    pub shapes: Vec<Shape>,
    /// Tenants that could not be read or worked out, and why.
    pub unknown: Vec<(Member, Arc<ReconcileError>)>,
}

/// Told about every tenant that has been looked at.
pub type Tick<'a> = &'a (dyn Fn() + Sync);

/// A shape before it has been studied.
struct Found {
    observed: Observed,
    reference: Arc<Reference>,
    members: Vec<(usize, Member)>,
}

/// Tenants with the same key are alike: same server, same defaults of the database, same schema wanted, same structure.
type Key = (Option<String>, Platform, Hash, Fingerprint);

/// Looks at tenants, `at_once` at a time: reads them, works out every shape, judges every tenant.
pub async fn survey(
    reconciler: &Reconciler,
    members: Vec<Member>,
    policy: &Policy,
    at_once: usize,
    now: Timestamp,
    tick: Tick<'_>,
) -> Fleet {
    let found: Mutex<BTreeMap<Key, Found>> = Mutex::default();
    let unknown: Mutex<Vec<(usize, Member, Arc<ReconcileError>)>> = Mutex::default();
    let looks = members.into_iter().enumerate().map(async |(index, member)| {
        match look(reconciler, &member).await {
            Ok((observed, reference, fingerprint)) => {
                let key = (member.target.judge(), observed.platform.clone(), member.declared.hash(), fingerprint);
                let mut found = found.lock().await;
                let shape = found.entry(key).or_insert_with(|| Found { observed, reference, members: Vec::new() });
                shape.members.push((index, member));
            }
            Err(error) => unknown.lock().await.push((index, member, error)),
        }
        tick();
    });
    stream::iter(looks).buffer_unordered(at_once.max(1)).collect::<()>().await;

    let mut unknown = unknown.into_inner();
    let studies =
        found.into_inner().into_values().map(async |found| study(reconciler, found, policy, at_once, now).await);
    let mut shapes = Vec::new();
    for studied in stream::iter(studies).buffer_unordered(2).collect::<Vec<_>>().await {
        match studied {
            Ok(shape) => join(&mut shapes, shape),
            Err(members) => unknown.extend(members),
        }
    }
    unknown.sort_by_key(|(index, ..)| *index);
    shapes.sort_by_key(|(indexes, shape): &(Vec<usize>, Shape)| {
        (!shape.study.in_sync(), std::cmp::Reverse(shape.tenants.len()), indexes[0])
    });
    Fleet {
        shapes: shapes.into_iter().map(|(_, shape)| shape).collect(),
        unknown: unknown.into_iter().map(|(_, member, error)| (member, error)).collect(),
    }
}

/// Adds a shape to the others: to one of another server, if both say the same in every word. For people that is one, and it
/// is one plan that they review.
fn join(shapes: &mut Vec<(Vec<usize>, Shape)>, new: (Vec<usize>, Shape)) {
    let Some((indexes, shape)) = shapes.iter_mut().find(|(_, shape)| shape.study.agrees(&new.1.study)) else {
        return shapes.push(new);
    };
    let tenants = std::mem::take(&mut shape.tenants).into_iter().chain(new.1.tenants);
    let mut sorted: Vec<_> = indexes.drain(..).chain(new.0).zip(tenants).collect();
    sorted.sort_by_key(|(index, _)| *index);
    (*indexes, shape.tenants) = sorted.into_iter().unzip();
    shape.keeping.extend(new.1.keeping);
    shape.others.insert(new.1.judge, new.1.study);
}

/// Reads one tenant and says which structure it has.
async fn look(
    reconciler: &Reconciler,
    member: &Member,
) -> Result<(Observed, Arc<Reference>, Fingerprint), Arc<ReconcileError>> {
    let (mut session, observed) = reconciler.observe(&member.target).await.map_err(ReconcileError::Db)?;
    let reference = reconciler.reference(&mut session, &member.declared, &observed.reading.schema).await;
    session.close().await;
    let reference = reference?;
    let fingerprint = reference.fingerprint_of(observed.reading.schema.clone());
    Ok((observed, reference, fingerprint))
}

type Unworkable = Vec<(usize, Member, Arc<ReconcileError>)>;

/// Works out a shape on the first of its tenants that answers, and judges all of them.
async fn study(
    reconciler: &Reconciler,
    found: Found,
    policy: &Policy,
    at_once: usize,
    now: Timestamp,
) -> Result<(Vec<usize>, Shape), Unworkable> {
    let Found { observed, reference, mut members } = found;
    members.sort_by_key(|(index, _)| *index);
    let indexes: Vec<usize> = members.iter().map(|(index, _)| *index).collect();
    let server = members[0].1.target.judge();
    let studied = match Session::connect(&members[0].1.target, reconciler.patience).await {
        Ok(mut session) => {
            reconciler.sweep(&mut session, &members[0].1.target).await;
            let study = reconciler.study(&mut session, observed, reference).await;
            session.close().await;
            study
        }
        Err(error) => Err(ReconcileError::Db(error)),
    };
    let study = match studied {
        Ok(study) => study,
        Err(error) => {
            let error = Arc::new(error);
            return Err(members.into_iter().map(|(index, member)| (index, member, Arc::clone(&error))).collect());
        }
    };
    let judged = members.into_iter().map(async |(_, member)| {
        let assessment = judge(reconciler, &study, &member, policy, now).await;
        (member, assessment)
    });
    let tenants: Vec<_> = stream::iter(judged).buffered(at_once.max(1)).collect().await;
    let keeping = keeping(reconciler, &study, &tenants).await;
    Ok((indexes, Shape { study, others: Others::new(), judge: server, tenants, keeping }))
}

/// Works the plan out with renames in the place of drops, where tenants keep what it drops.
async fn keeping(reconciler: &Reconciler, study: &Study, tenants: &[(Member, Result<Assessment, String>)]) -> Keeping {
    let mut keeping = Keeping::new();
    for (member, assessment) in tenants {
        let Ok(assessment) = assessment else { continue };
        if assessment.kept.is_empty() || keeping.contains_key(&assessment.kept) {
            continue;
        }
        let runs = vec![true; study.plan.changes.len()];
        let choice = Choice { runs, kept: assessment.kept.clone(), purged: Vec::new() };
        let plan = match Session::connect(&member.target, reconciler.patience).await {
            Ok(mut session) => {
                let plan = reconciler.tailor(&mut session, study, &choice).await;
                session.close().await;
                plan.map_err(|error| format!("{error}; {}", error.advice()))
            }
            Err(error) => Err(format!("{error}; {}", error.advice())),
        };
        keeping.insert(assessment.kept.clone(), plan);
    }
    keeping
}

async fn judge(
    reconciler: &Reconciler,
    study: &Study,
    member: &Member,
    policy: &Policy,
    now: Timestamp,
) -> Result<Assessment, String> {
    if study.in_sync() {
        return Ok(Assessment::nothing(quarantine::stays(study, member, policy, now)));
    }
    let explain = |error: crate::db::DbError| format!("{error}; {}", error.advice());
    let mut session = Session::connect(&member.target, reconciler.patience).await.map_err(explain)?;
    let assessment = assess::assess(&mut session, study, member, policy, now).await;
    session.close().await;
    assessment.map_err(explain)
}

/// Tenants of a shape for which policy says the same.
pub struct Group<'a> {
    /// The tenants.
    pub members: Vec<&'a Member>,
    /// What policy says about all of them.
    pub assessment: &'a Assessment,
    /// What was found out about the rows of each, in the same order.
    pub facts: Vec<&'a Facts>,
}

/// What the tenant's own server made of a shape.
pub fn of_its_server<'a>(first: &'a Study, others: &'a Others, member: &Member) -> &'a Study {
    others.get(&member.target.judge()).unwrap_or(first)
}

impl Shape {
    /// Tenants by the study of their own server, which is what is carried out on them.
    pub fn by_server<'a>(&'a self, members: &[&'a Member]) -> Vec<(&'a Study, Vec<&'a Member>)> {
        let mut found: Vec<(&Study, Vec<&Member>)> = Vec::new();
        for member in members {
            let study = of_its_server(&self.study, &self.others, member);
            match found.iter_mut().find(|(other, _)| std::ptr::eq(*other, study)) {
                Some((_, members)) => members.push(member),
                None => found.push((study, vec![member])),
            }
        }
        found
    }

    /// The tenants that could be judged, grouped by what policy says about them.
    pub fn groups(&self) -> Vec<Group<'_>> {
        let mut groups: Vec<Group<'_>> = Vec::new();
        for (member, assessment) in &self.tenants {
            let Ok(assessment) = assessment else { continue };
            match groups.iter_mut().find(|group| group.assessment.says_the_same(assessment)) {
                Some(group) => {
                    group.members.push(member);
                    group.facts.push(&assessment.facts);
                }
                None => groups.push(Group { members: vec![member], assessment, facts: vec![&assessment.facts] }),
            }
        }
        groups
    }

    /// The whole plan as it is on a tenant of this shape, with renames where the tenant keeps what would be dropped.
    ///
    /// # Errors
    /// Why there is no such plan, and what to do next.
    pub fn plan(&self, assessment: &Assessment) -> Result<&Plan, &str> {
        match self.keeping.get(&assessment.kept) {
            Some(plan) => plan.as_deref().map_err(String::as_str),
            None => Ok(&self.study.plan),
        }
    }

    /// Where a tenant of this shape stands.
    pub fn outlook(&self, assessment: &Assessment) -> Outlook {
        assessment.outlook(&self.study)
    }
}
