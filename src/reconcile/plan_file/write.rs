//! From a look at the fleet to a plan file.

use std::sync::Arc;

use super::{ChangeEntry, FORMAT, PlanEntry, PlanFile, SchemaEntry, ShapeEntry};
use crate::db::{Connection, Session};
use crate::model::{Change, Hash, Plan, Ruling, Schema, Verdict};
use crate::reconcile::{Assessment, Fleet, Group, Outlook, ReconcileError, Reconciler, Shape, Study, words};

impl PlanFile {
    /// The file for everything that is to be done about a fleet. Tenants that are in sync, or that could not be read,
    /// are not in it.
    ///
    /// # Errors
    /// When the part of a plan that policy lets through cannot be worked out or proved.
    pub async fn of(fleet: &Fleet, reconciler: &Reconciler, policy: &str) -> Result<Self, ReconcileError> {
        let mut shapes = Vec::new();
        for shape in &fleet.shapes {
            let entry = shape_entry(shape, reconciler).await?;
            shapes.extend((!entry.plans.is_empty()).then_some(entry));
        }
        Ok(Self {
            format: FORMAT,
            undrift: env!("CARGO_PKG_VERSION").to_owned(),
            made: jiff::Timestamp::now(),
            policy: policy.to_owned(),
            shapes,
            hash: Hash::of(""),
        })
    }
}

async fn shape_entry(shape: &Shape, reconciler: &Reconciler) -> Result<ShapeEntry, ReconcileError> {
    let study = &shape.study;
    let wanted = &study.reference.wanted;
    let mut plans = Vec::new();
    for group in shape.groups() {
        if shape.outlook(group.assessment) != Outlook::InSync {
            plans.push(plan_entry(shape, &group, reconciler).await?);
        }
    }
    Ok(ShapeEntry {
        schema: SchemaEntry { name: wanted.name.clone(), version: wanted.version.clone(), hash: wanted.hash },
        engine: study.plan.engine,
        platform: study.observed.platform.to_string(),
        start: study.fingerprint,
        structure: Schema { opaque: Vec::new(), ..wanted.scope.apply(study.actual.clone()) },
        whole: study.plan.hash(),
        plans,
    })
}

async fn plan_entry(shape: &Shape, group: &Group<'_>, reconciler: &Reconciler) -> Result<PlanEntry, ReconcileError> {
    let study = &shape.study;
    let runs = group.assessment.offered(&study.plan);
    let mut session =
        Session::connect(&group.members[0].target, reconciler.patience).await.map_err(ReconcileError::Db)?;
    let plan = reconciler.tailor(&mut session, study, &group.assessment.of(runs.clone())).await;
    session.close().await;
    let plan: Arc<Plan> = plan?;
    let changes = || entries(&study.plan, group.assessment);
    let extras = study.plan.left_out.iter().zip(&group.assessment.left_out);
    let shown: Vec<_> = study.extras().collect();
    let extras = extras.filter(|(change, _)| shown.contains(change));
    let kept = changes().zip(&runs).filter(|(_, runs)| !**runs).map(|(entry, _)| entry);
    Ok(PlanEntry {
        tenants: group.members.iter().map(|member| member.tenant.name.clone()).collect(),
        hash: plan.hash(),
        end: plan.end,
        unproved: study.unproved.clone(),
        changes: plan.changes.iter().map(|planned| carried_out(study, group.assessment, &planned.change)).collect(),
        left_out: kept.chain(extras.map(|(change, ruling)| entry(None, change, ruling, false))).collect(),
        steps: plan.steps.clone(),
    })
}

/// The changes of a plan with everything, and what policy says about each.
fn entries<'a>(plan: &'a Plan, assessment: &'a Assessment) -> impl Iterator<Item = ChangeEntry> + 'a {
    let all = plan.changes.iter().zip(&assessment.rulings).zip(&assessment.yes).enumerate();
    all.map(|(number, ((planned, ruling), yes))| entry(Some(number), &planned.change, ruling, *yes))
}

/// A change of the plan that runs. One that stands in the place of a drop has the drop's number and verdict; so does what
/// is done for its sake, without the number.
fn carried_out(study: &Study, assessment: &Assessment, change: &Change) -> ChangeEntry {
    let planned = &study.plan.changes;
    let of = |number: usize, own: bool| {
        entry(own.then_some(number), change, &assessment.rulings[number], assessment.yes[number])
    };
    if let Some(number) = planned.iter().position(|planned| planned.change == *change) {
        return of(number, true);
    }
    let name = match change {
        Change::RenameTable { to, .. } => Some(&to.name),
        Change::RenameColumn { to, .. } => Some(to),
        _ => None,
    };
    if let Some((number, name)) = assessment.kept.iter().find(|(_, kept)| Some(*kept) == name) {
        return ChangeEntry { kept_as: Some(name.clone()), ..of(*number, true) };
    }
    let same_table = |number: &&usize| planned[**number].change.table() == change.table();
    of(assessment.kept.keys().find(same_table).copied().unwrap_or_default(), false)
}

fn entry(number: Option<usize>, change: &Change, ruling: &Ruling, yes: bool) -> ChangeEntry {
    ChangeEntry {
        number,
        kind: change.kind(),
        object: change.object(),
        what: words::line(change).what,
        verdict: ruling.verdict,
        reason: ruling.reason.clone(),
        answered_by_review: yes && ruling.verdict == Verdict::Ask,
        kept_as: None,
    }
}
