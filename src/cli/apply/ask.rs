//! Asking a person on the terminal, with the statements in view.

use std::io::{BufRead, IsTerminal, Write};

use owo_colors::OwoColorize;

use crate::cli::{Failure, show};
use crate::model::{Step, Verdict};
use crate::reconcile::{Assessment, Group, Shape, words};

/// The assessment after `--yes` has answered what it may, and a person the rest, if there is one to ask.
pub fn decided(shape: &Shape, group: &Group<'_>, yes: bool) -> Result<Assessment, Failure> {
    let plan = &shape.study.plan;
    let answered = if yes { group.assessment.approved_by_flag(plan) } else { group.assessment.clone() };
    if answered.asks() && confirmed(shape, &show::names(&group.members), &answered)? {
        return Ok(answered.approved(plan));
    }
    Ok(answered)
}

/// Asks about a shape on the terminal; without one the answer is no.
fn confirmed(shape: &Shape, tenants: &str, assessment: &Assessment) -> Result<bool, Failure> {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Ok(false);
    }
    anstream::eprint!("{}Run them? Only \"yes\" is taken as yes: ", question(shape, tenants, assessment));
    let broken =
        |error: std::io::Error| Failure::new(format!("the answer could not be read: {error}"), "run apply again");
    std::io::stderr().flush().map_err(broken)?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).map_err(broken)?;
    Ok(answer.trim() == "yes")
}

/// The changes that are asked about, and the steps that carry them out.
fn question(shape: &Shape, tenants: &str, assessment: &Assessment) -> String {
    let plan = &shape.study.plan;
    let asked: Vec<bool> = assessment.rulings.iter().map(|ruling| ruling.verdict == Verdict::Ask).collect();
    let mut out = format!("\nThe policy asks a person about these changes on {}:\n", words::clean(tenants).bold());
    let rulings = plan.changes.iter().zip(&assessment.rulings);
    for (planned, ruling) in rulings.filter(|(_, ruling)| ruling.verdict == Verdict::Ask) {
        let line = words::line(&planned.change);
        let why = format!("({})", words::reason(ruling));
        out.push_str(&format!("  {} {}  {} {}\n", line.sign, line.object, line.what, why.dimmed()));
    }
    if let Some(tables) = show::backup(&shape.study, assessment) {
        out.push_str(&format!("These tables are backed up first: {tables}\n"));
    }
    let carries = |step: &&Step| step.changes.iter().any(|change| asked[*change]);
    match shape.plan(assessment) {
        // Where things are kept it is another plan, with changes of its own.
        Ok(kept) if !assessment.kept.is_empty() => {
            out.push_str("This is the whole plan, in which what is dropped is kept for a while:\n");
            kept.steps.iter().for_each(|step| step_text(&mut out, step));
        }
        _ => {
            out.push_str("These statements carry them out:\n");
            plan.steps.iter().filter(carries).for_each(|step| step_text(&mut out, step));
        }
    }
    out
}

fn step_text(out: &mut String, step: &Step) {
    for line in step.script().flat_map(|sql| format!("{sql};").lines().map(words::clean).collect::<Vec<_>>()) {
        out.push_str(&format!("    {}\n", line.cyan()));
    }
    for note in &step.hazards {
        out.push_str(&format!("    {} {}\n", format!("! {}:", note.hazard).yellow(), words::clean(&note.why)));
    }
}
