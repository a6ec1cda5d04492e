//! `undrift apply`

mod ask;
mod report;
mod reviewed;
mod voice;

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream;
use tokio::sync::Semaphore;

use super::args::{ApplyArgs, Format};
use super::fleet::Work;
use super::show::Tally;
use super::{Cli, Exit, Failure};
use crate::db::{Connection, DbError, Session};
use crate::model::{Hazard, Plan, QName};
use crate::reconcile::{
    Assessment, Choice, Errand, Fleet, FleetMember, Group, Outlook, Precaution, Shape, Study, carry_out,
};
use report::{Ending, Outcome};
use reviewed::Reviewed;
use voice::Voice;

/// Puts right what policy allows.
pub async fn run(cli: &Cli, args: &ApplyArgs) -> Result<Exit, Failure> {
    let reviewed = args.plan.as_deref().map(Reviewed::read).transpose()?;
    let mut work = Work::load(cli, &args.selection).await?;
    work.backups.to = args.backups.clone().unwrap_or(work.backups.to);
    let mut outcomes = reviewed.as_ref().map_or_else(Vec::new, |reviewed| reviewed.choose(&mut work, &args.selection));
    let text = args.format != Format::Json;
    let mut fleet = work.survey(cli.quiet || !text).await;
    let before = Tally::of(&fleet);
    if let Some(reviewed) = &reviewed {
        outcomes.extend(reviewed.review(&mut fleet));
    }
    if text {
        args.format.print(&super::plan::rendered(&fleet, args.format, cli.quiet));
    }
    // What was reviewed counts as answered, as far as the policy lets a flag answer.
    let yes = args.yes || reviewed.is_some();
    let mut exit = unknown(&fleet).worst(work.exit());
    if args.dry_run {
        exit = exit.worst(kept_back(&fleet, yes));
    } else {
        let run = Run { work: &work, reviewed: reviewed.as_ref(), yes, talk: text && !cli.quiet };
        exit = exit.worst(run.fleet(&fleet, &mut outcomes).await?);
    }
    if outcomes.iter().any(Outcome::is_failure) {
        exit = exit.worst(Exit::Error);
    }
    match (text, args.dry_run) {
        (true, true) if outcomes.is_empty() => {}
        (true, _) => super::print(&report::summary(before, &outcomes)),
        (false, true) if reviewed.is_none() => {
            args.format.print(&super::plan::rendered(&fleet, args.format, cli.quiet))
        }
        (false, _) => args.format.print(&report::as_json(&fleet, before, &outcomes)),
    }
    Ok(exit)
}

fn unknown(fleet: &Fleet) -> Exit {
    if Tally::of(fleet).unknown > 0 { Exit::Error } else { Exit::Clean }
}

fn kept_back(fleet: &Fleet, yes: bool) -> Exit {
    let keeps = |(shape, assessment): (&Shape, &Assessment)| {
        if yes { assessment.approved_by_flag(&shape.study.plan).keeps_back() } else { assessment.keeps_back() }
    };
    let all =
        fleet.shapes.iter().flat_map(|shape| shape.tenants.iter().map(move |(_, assessment)| (shape, assessment)));
    let any = all.filter_map(|(shape, assessment)| Some((shape, assessment.as_ref().ok()?))).any(keeps);
    if any { Exit::KeptBack } else { Exit::Clean }
}

/// A run over a fleet.
struct Run<'a> {
    work: &'a Work,
    reviewed: Option<&'a Reviewed>,
    yes: bool,
    talk: bool,
}

impl Run<'_> {
    /// Runs what is allowed on everybody; what is not so is asked about first. Says whether something was kept back.
    async fn fleet(&self, fleet: &Fleet, outcomes: &mut Vec<Outcome>) -> Result<Exit, Failure> {
        let mut exit = Exit::Clean;
        for shape in &fleet.shapes {
            for group in shape.groups() {
                let in_sync = shape.outlook(group.assessment) == Outlook::InSync;
                if in_sync && (group.assessment.over().is_empty() || self.reviewed.is_some()) {
                    continue;
                }
                let assessment = ask::decided(shape, &group, self.yes)?;
                if assessment.keeps_back() {
                    exit = exit.worst(Exit::KeptBack);
                }
                outcomes.extend(self.group(shape, &group, &assessment).await);
            }
        }
        Ok(exit)
    }

    /// Runs what is allowed on every tenant of a group. One that fails does not stop the others.
    async fn group(&self, shape: &Shape, group: &Group<'_>, assessment: &Assessment) -> Vec<Outcome> {
        let choice = match self.reviewed {
            Some(_) => assessment.chosen(&shape.study.plan),
            None => assessment.choice(&shape.study.plan),
        };
        let skipped = |member: &&FleetMember| Outcome::of(&member.tenant.name, Ending::Skipped);
        if choice.is_empty() {
            return group.members.iter().map(skipped).collect();
        }
        let mut outcomes = Vec::new();
        let mut ready = Vec::new();
        for (study, members) in shape.by_server(&group.members) {
            match self.tailored(study, &members, assessment, &choice).await {
                Ok(plan) => ready.extend(members.into_iter().map(|member| (study, member, Arc::clone(&plan)))),
                Err((message, next)) => {
                    outcomes.extend(members.iter().map(|member| Outcome::failed(&member.tenant.name, &message, &next)));
                }
            }
        }
        let servers: BTreeMap<String, Arc<Semaphore>> = group
            .members
            .iter()
            .map(|member| (member.target.server(), Arc::new(Semaphore::new(self.work.per_server))))
            .collect();
        let tables = assessment.backed_up(&shape.study, &choice);
        let each = ready.iter().map(async |(study, member, plan)| {
            let _turn = servers[&member.target.server()].acquire().await;
            self.one(study, member, plan, &tables, choice.purged.len()).await
        });
        outcomes.extend(stream::iter(each).buffered(self.work.at_once).collect::<Vec<_>>().await);
        outcomes
    }

    /// The proved plan for what may run on tenants of one server; of a reviewed plan, after making sure that it is what was
    /// reviewed.
    async fn tailored(
        &self,
        study: &Study,
        members: &[&FleetMember],
        assessment: &Assessment,
        choice: &Choice,
    ) -> Result<Arc<Plan>, (String, String)> {
        let explain = |error: DbError| (error.to_string(), error.advice().to_owned());
        let reconciler = &self.work.reconciler;
        let mut session = Session::connect(&members[0].target, reconciler.patience).await.map_err(explain)?;
        let same = match self.reviewed {
            Some(reviewed) => reviewed.is_what_runs(reconciler, &mut session, study, members, assessment).await,
            None => Ok(()),
        };
        let plan = reconciler.tailor(&mut session, study, choice).await;
        session.close().await;
        same?;
        let plan = plan.map_err(|error| (error.to_string(), error.advice().to_owned()))?;
        let unproved = plan.steps.iter().flat_map(|step| &step.hazards).find(|n| n.hazard == Hazard::Unproved);
        match unproved {
            Some(note) if study.unproved.is_empty() || !choice.purged.is_empty() => {
                let why = format!("the allowed part of the plan is not run: {}", note.why);
                Err((why, "review the whole plan".to_owned()))
            }
            _ => Ok(plan),
        }
    }

    async fn one(&self, study: &Study, member: &FleetMember, plan: &Plan, tables: &[QName], purged: usize) -> Outcome {
        let mut voice = Voice::of(&member.tenant.name, self.talk);
        let precaution = Precaution { settings: &self.work.backups, tenant: &member.tenant.name, tables };
        let errand = Errand::of(&member.target, study, plan, &self.work.limits).after(precaution);
        let carried = carry_out(&self.work.reconciler, &errand, &mut voice).await;
        let ending = match carried {
            Ok(carried) if purged > 0 => Ending::Purged(carried, purged),
            Ok(carried) => Ending::Repaired(carried),
            Err(error) => Ending::Failed(error.to_string(), error.advice()),
        };
        Outcome { backup: voice.backup(), ..Outcome::of(&member.tenant.name, ending) }
    }
}
