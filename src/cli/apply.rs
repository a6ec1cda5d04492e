//! `undrift apply`

use std::collections::BTreeMap;
use std::io::{BufRead, IsTerminal, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream;
use owo_colors::OwoColorize;
use serde_json::json;
use tokio::sync::Semaphore;

use super::args::{ApplyArgs, Format};
use super::fleet::Work;
use super::show::{self, Group, Tally, groups};
use super::{Cli, Exit, Failure};
use crate::apply::{Limits, Progress, Rows};
use crate::db::{Connection, DbError, Session};
use crate::model::{Hazard, Plan, RowWork, Step, Verdict};
use crate::reconcile::words;
use crate::reconcile::{Assessment, Carried, Fleet, FleetMember, Outlook, Shape, carry_out};

/// What became of one tenant.
struct Outcome {
    tenant: String,
    ending: Ending,
}

/// How it ended.
enum Ending {
    /// A plan ran; what is left is what it left out.
    Repaired(Carried),
    /// Nothing was allowed to run.
    Skipped,
    /// Something went wrong: what, and what to do next.
    Failed(String, String),
}

/// Puts right what policy allows.
pub async fn run(cli: &Cli, args: &ApplyArgs) -> Result<Exit, Failure> {
    let work = Work::load(cli, &args.selection).await?;
    let text = args.format != Format::Json;
    let fleet = work.survey(cli.quiet || !text).await;
    if text {
        super::print(&super::plan::rendered(&fleet, args.format, cli.quiet));
    }
    if args.dry_run {
        if !text {
            super::print(&super::plan::rendered(&fleet, args.format, cli.quiet));
        }
        return Ok(kept_back(&fleet, args.yes).worst(unknown(&fleet)).worst(work.exit()));
    }
    let mut exit = unknown(&fleet).worst(work.exit());
    let mut outcomes = Vec::new();
    for shape in &fleet.shapes {
        for group in groups(shape) {
            if shape.outlook(group.assessment) == Outlook::InSync {
                continue;
            }
            let assessment = decided(shape, &group, args.yes)?;
            if assessment.keeps_back() {
                exit = exit.worst(Exit::KeptBack);
            }
            outcomes.extend(run_group(&work, shape, &group, &assessment, text && !cli.quiet).await);
        }
    }
    if outcomes.iter().any(|outcome| matches!(outcome.ending, Ending::Failed(..))) {
        exit = exit.worst(Exit::Error);
    }
    super::print(&if text { summary(&fleet, &outcomes) } else { as_json(&fleet, &outcomes) });
    Ok(exit)
}

fn unknown(fleet: &Fleet) -> Exit {
    if Tally::of(fleet).unknown > 0 { Exit::Error } else { Exit::Clean }
}

fn kept_back(fleet: &Fleet, yes: bool) -> Exit {
    let keeps = |(shape, assessment): (&Shape, &Assessment)| {
        if yes { assessment.approved(&shape.study.plan).keeps_back() } else { assessment.keeps_back() }
    };
    let all =
        fleet.shapes.iter().flat_map(|shape| shape.tenants.iter().map(move |(_, assessment)| (shape, assessment)));
    let any = all.filter_map(|(shape, assessment)| Some((shape, assessment.as_ref().ok()?))).any(keeps);
    if any { Exit::KeptBack } else { Exit::Clean }
}

/// The assessment after the person has been asked, if there is one to ask.
fn decided(shape: &Shape, group: &Group<'_>, yes: bool) -> Result<Assessment, Failure> {
    let asked = |assessment: &Assessment| assessment.rulings.iter().any(|ruling| ruling.verdict == Verdict::Ask);
    if !asked(group.assessment) || !(yes || confirmed(shape, group)?) {
        return Ok(group.assessment.clone());
    }
    Ok(group.assessment.approved(&shape.study.plan))
}

/// Asks on the terminal; without one the answer is no.
fn confirmed(shape: &Shape, group: &Group<'_>) -> Result<bool, Failure> {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Ok(false);
    }
    let plan = &shape.study.plan;
    let asked: Vec<_> = plan
        .changes
        .iter()
        .zip(&group.assessment.rulings)
        .filter(|(_, ruling)| ruling.verdict == Verdict::Ask)
        .map(|(planned, _)| words::line(&planned.change))
        .collect();
    anstream::eprintln!("\nThe policy asks a person about these changes on {}:", show::names(&group.members).bold());
    for line in asked {
        anstream::eprintln!("  {} {}  {}", line.sign, line.object, line.what);
    }
    anstream::eprint!("Run them? Only \"yes\" is taken as yes: ");
    let broken = |error: std::io::Error| Failure::new(format!("the answer could not be read: {error}"), "use --yes");
    std::io::stderr().flush().map_err(broken)?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).map_err(broken)?;
    Ok(answer.trim() == "yes")
}

/// Runs what is allowed on every tenant of a group. One that fails does not stop the others.
async fn run_group(work: &Work, shape: &Shape, group: &Group<'_>, assessment: &Assessment, talk: bool) -> Vec<Outcome> {
    let skipped = |member: &&FleetMember| Outcome { tenant: member.tenant.name.clone(), ending: Ending::Skipped };
    let runs = assessment.runs(&shape.study.plan);
    if !runs.contains(&true) {
        return group.members.iter().map(skipped).collect();
    }
    let plan = match tailored(work, shape, group, &runs).await {
        Ok(plan) => plan,
        Err((message, next)) => {
            let failed = |member: &&FleetMember| Outcome {
                tenant: member.tenant.name.clone(),
                ending: Ending::Failed(message.clone(), next.clone()),
            };
            return group.members.iter().map(failed).collect();
        }
    };
    let servers: BTreeMap<String, Arc<Semaphore>> = group
        .members
        .iter()
        .map(|member| (member.target.server(), Arc::new(Semaphore::new(work.per_server))))
        .collect();
    let each = group.members.iter().map(async |member| {
        let _turn = servers[&member.target.server()].acquire().await;
        run_one(work, shape, member, &plan, talk).await
    });
    stream::iter(each).buffered(work.at_once).collect().await
}

/// The proved plan for what may run.
async fn tailored(work: &Work, shape: &Shape, group: &Group<'_>, runs: &[bool]) -> Result<Arc<Plan>, (String, String)> {
    let explain = |error: DbError| (error.to_string(), error.advice().to_owned());
    let mut session = Session::connect(&group.members[0].target, work.reconciler.patience).await.map_err(explain)?;
    let plan = work.reconciler.tailor(&mut session, &shape.study, runs).await;
    session.close().await;
    let plan = plan.map_err(|error| (error.to_string(), error.advice().to_owned()))?;
    let unproved = plan.steps.iter().flat_map(|step| &step.hazards).find(|n| n.hazard == Hazard::Unproved);
    match unproved {
        Some(note) if shape.study.unproved.is_empty() => {
            Err((format!("the allowed part of the plan is not run: {}", note.why), "review the whole plan".to_owned()))
        }
        _ => Ok(plan),
    }
}

async fn run_one(work: &Work, shape: &Shape, member: &FleetMember, plan: &Arc<Plan>, talk: bool) -> Outcome {
    let mut voice = Voice { tenant: &member.tenant.name, talk, told: None };
    let limits: &Limits = &work.limits;
    let carried = carry_out(&work.reconciler, &member.target, &shape.study, plan, limits, &mut voice).await;
    let ending = match carried {
        Ok(carried) => Ending::Repaired(carried),
        Err(error) => Ending::Failed(error.to_string(), error.advice()),
    };
    Outcome { tenant: member.tenant.name.clone(), ending }
}

/// Says on stderr what happens.
struct Voice<'a> {
    tenant: &'a str,
    talk: bool,
    /// When it was last said how far work on rows has come.
    told: Option<Instant>,
}

/// How often it is said how far work on rows has come.
const EVERY: Duration = Duration::from_secs(2);

impl Progress for Voice<'_> {
    fn step(&mut self, number: usize, of: usize, step: &Step) {
        if self.talk {
            anstream::eprintln!("{}: step {number} of {of}: {}", words::clean(self.tenant), words::clean(&step.title));
        }
    }

    fn rows(&mut self, work: &RowWork, rows: Rows) {
        if self.talk && self.told.is_none_or(|told| told.elapsed() >= EVERY) {
            self.told = Some(Instant::now());
            let (tenant, title) = (words::clean(self.tenant), words::clean(&work.title));
            let left = Duration::from_secs(rows.left().as_secs());
            let (done, total, pace) = (rows.done, rows.total, rows.per_second());
            anstream::eprintln!("{tenant}: {title}: {done} of {total} rows, {pace:.0} rows/s, {left:?} left");
        }
    }

    fn retry(&mut self, error: &DbError, pause: Duration) {
        anstream::eprintln!("{}: {error}; trying again in {pause:?}", words::clean(self.tenant));
    }
}

/// Where everybody stands after the run.
fn after(fleet: &Fleet, outcomes: &[Outcome]) -> (Tally, [usize; 3]) {
    let mut tally = Tally::of(fleet);
    let mut counts = [0; 3];
    for outcome in outcomes {
        match &outcome.ending {
            Ending::Repaired(carried) => {
                counts[0] += 1;
                if carried.remaining.is_empty() {
                    tally.drifted -= 1;
                    tally.in_sync += 1;
                }
            }
            Ending::Skipped => counts[1] += 1,
            Ending::Failed(..) => counts[2] += 1,
        }
    }
    (tally, counts)
}

fn summary(fleet: &Fleet, outcomes: &[Outcome]) -> String {
    let mut out = String::from("\n");
    for outcome in outcomes {
        let tenant = words::clean(&outcome.tenant);
        match &outcome.ending {
            Ending::Repaired(carried) if carried.remaining.is_empty() => {
                out.push_str(&format!("{} {tenant}: in sync, read back and checked\n", "✔".green()));
            }
            Ending::Repaired(carried) => {
                let left = carried.remaining.len();
                out.push_str(&format!("{} {tenant}: repaired; {left} left as said above\n", "✔".green()));
            }
            Ending::Skipped => {
                out.push_str(&format!("{} {tenant}: left as it is, for the reasons above\n", "-".yellow()))
            }
            Ending::Failed(message, next) => {
                out.push_str(&format!("{} {tenant}: {message}\n  next: {next}\n", "✘".red()));
            }
        }
    }
    let (tally, [repaired, skipped, errors]) = after(fleet, outcomes);
    let line = format!("{tally}; {repaired} repaired, {skipped} skipped, {errors} errors");
    out + &format!("{}\n", line.bold())
}

fn as_json(fleet: &Fleet, outcomes: &[Outcome]) -> String {
    let (tally, [repaired, skipped, errors]) = after(fleet, outcomes);
    let tenants: Vec<_> = outcomes
        .iter()
        .map(|outcome| match &outcome.ending {
            Ending::Repaired(carried) => json!({
                "tenant": outcome.tenant, "outcome": "repaired", "fingerprint": carried.end.to_string(),
                "in_sync": carried.remaining.is_empty(),
                "remaining": carried.remaining.iter().map(|change| json!({ "kind": change.kind(), "object": change.object() })).collect::<Vec<_>>(),
            }),
            Ending::Skipped => json!({ "tenant": outcome.tenant, "outcome": "skipped" }),
            Ending::Failed(message, next) => {
                json!({ "tenant": outcome.tenant, "outcome": "error", "error": message, "next": next })
            }
        })
        .collect();
    let mut survey = show::json::fleet(fleet);
    survey["summary"] = json!({
        "in_sync": tally.in_sync, "drifted": tally.drifted, "unknown": tally.unknown,
        "repaired": repaired, "skipped": skipped, "errors": errors,
    });
    survey["outcomes"] = json!(tenants);
    format!("{survey:#}\n")
}
