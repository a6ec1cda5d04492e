//! A survey for people on a terminal.

use std::fmt::Write as _;

use owo_colors::{AnsiColors, OwoColorize};

use super::{Tally, facts, names, quarantine};
use crate::model::{Plan, Ruling, Verdict};
use crate::reconcile::words::{self, Line};
use crate::reconcile::{Assessment, Fleet, Group, Shape};

/// The whole survey. `quiet` leaves the statements out.
pub fn fleet(fleet: &Fleet, quiet: bool) -> String {
    let mut out = String::new();
    for shape in &fleet.shapes {
        shape_text(&mut out, shape, quiet);
    }
    for (member, error) in &fleet.unknown {
        let _ = writeln!(out, "{} {}: {error}", "unknown".red().bold(), member.tenant.name.bold());
        if let crate::reconcile::ReconcileError::Declared(report) = &**error {
            out.push_str(&report.render(true));
        }
        let _ = writeln!(out, "  next: {}\n", error.advice());
    }
    let _ = writeln!(out, "{}", Tally::of(fleet).bold());
    out
}

fn shape_text(out: &mut String, shape: &Shape, quiet: bool) {
    let study = &shape.study;
    let members: Vec<_> = shape.tenants.iter().map(|(member, _)| member).collect();
    let state = if study.in_sync() { "in sync".green().to_string() } else { "drifted".yellow().to_string() };
    let count = if members.len() == 1 { "1 tenant".to_owned() } else { format!("{} tenants", members.len()) };
    let _ = writeln!(
        out,
        "{} {} on {}, shape {}: {state}",
        "●".color(if study.in_sync() { AnsiColors::Green } else { AnsiColors::Yellow }),
        count.bold(),
        study.observed.platform,
        study.fingerprint.short(),
    );
    let _ = writeln!(out, "  {}", names(&members));
    not_modelled(out, shape);
    quarantine::text(out, shape);
    if !study.in_sync() {
        for group in shape.groups() {
            group_text(out, shape, &group);
        }
        for plan in quarantine::plans(shape) {
            match plan {
                Ok(plan) if !quiet && !plan.steps.is_empty() => plan_text(out, plan),
                Ok(_) => {}
                Err(why) => _ = writeln!(out, "\n  {} {}", "not offered:".red().bold(), words::clean(why)),
            }
        }
    }
    for (member, assessment) in &shape.tenants {
        if let Err(error) = assessment {
            let _ = writeln!(out, "  {} {}: {error}", "unknown".red().bold(), member.tenant.name.bold());
        }
    }
    out.push('\n');
}

/// What exists and is not compared, counted by kind.
fn not_modelled(out: &mut String, shape: &Shape) {
    let mut kinds = std::collections::BTreeMap::<&str, usize>::new();
    for opaque in &shape.study.actual.opaque {
        *kinds.entry(&opaque.kind).or_default() += 1;
    }
    if !kinds.is_empty() {
        let counted: Vec<_> = kinds.into_iter().map(|(kind, count)| format!("{count} × {kind}")).collect();
        let _ = writeln!(out, "  {}", format!("not modelled, left alone: {}", counted.join(", ")).dimmed());
    }
}

fn group_text(out: &mut String, shape: &Shape, group: &Group<'_>) {
    if group.members.len() < shape.tenants.len() {
        let _ = writeln!(out, "\n  on {}:", names(&group.members).bold());
    }
    out.push('\n');
    let plan = &shape.study.plan;
    let planned = plan.changes.iter().map(|planned| &planned.change).zip(&group.assessment.rulings);
    let shown: Vec<_> = shape.study.extras().collect();
    let left = plan.left_out.iter().zip(&group.assessment.left_out).filter(|(change, _)| shown.contains(change));
    let rows: Vec<(Line, &Ruling)> =
        planned.chain(left).map(|(change, ruling)| (words::line(change), ruling)).collect();
    let width = rows.iter().map(|(line, ..)| line.object.chars().count()).max().unwrap_or(0).min(48);
    for (index, (line, ruling)) in rows.iter().enumerate() {
        change_text(out, line, ruling, width);
        if let Some(kept) = quarantine::kept(group.assessment, index) {
            let _ = writeln!(out, "      {kept}");
        }
    }
    for finding in &group.assessment.blocked {
        let _ = writeln!(out, "  {} {finding}", "blocked".red().bold());
    }
    if let Some(tables) = super::backup(&shape.study, group.assessment) {
        let _ = writeln!(out, "  {} {tables}", "backed up first:".bold());
    }
    facts_text(out, group);
}

/// Sizes, the rows that stand in the way, and what is not known.
fn facts_text(out: &mut String, group: &Group<'_>) {
    for finding in facts::findings(group) {
        let _ = writeln!(out, "  {} {}", "rows in the way:".red(), finding.what);
        finding.keys.into_iter().for_each(|keys| _ = writeln!(out, "      {keys}"));
        let find = finding.find.map(|find| format!("      {} {}", "all of them:".dimmed(), find.cyan()));
        find.into_iter().for_each(|find| _ = writeln!(out, "{find}"));
    }
    for what in facts::not_known(group) {
        let _ = writeln!(out, "  {} {what}", "not known:".yellow());
    }
    for size in facts::sizes(group) {
        let _ = writeln!(out, "  {}", size.dimmed());
    }
}

fn change_text(out: &mut String, line: &Line, ruling: &Ruling, width: usize) {
    let colour = match line.sign {
        '+' => AnsiColors::Green,
        '-' => AnsiColors::Red,
        _ => AnsiColors::Yellow,
    };
    let _ = writeln!(out, "  {} {:width$}  {}", line.sign.color(colour).bold(), line.object, line.what,);
    let verdict = words::verdict(ruling);
    let verdict = match ruling.verdict {
        Verdict::Allow => verdict.green().to_string(),
        Verdict::Ignore => verdict.dimmed().to_string(),
        _ if !words::waits(ruling) => verdict.dimmed().to_string(),
        Verdict::Hold | Verdict::Ask => verdict.yellow().to_string(),
        Verdict::Deny => verdict.red().to_string(),
    };
    let _ = writeln!(out, "      {verdict} {}", format!("({})", words::reason(ruling)).dimmed());
}

/// The steps of a plan with their statements and hazards.
pub fn plan_text(out: &mut String, plan: &Plan) {
    let _ = writeln!(out, "\n  {}", format!("plan {}", plan.hash().short()).bold());
    for (number, step) in plan.steps.iter().enumerate() {
        let apart = if step.transactional { "" } else { "  (cannot be rolled back)" };
        let _ = writeln!(out, "  {:>3}. {}{}", number + 1, words::clean(&step.title), apart.dimmed());
        for statement in step.script() {
            let _ = writeln!(out, "{}", indent(&format!("{statement};"), 7).cyan());
        }
        for note in &step.hazards {
            let _ = writeln!(out, "       {} {}", format!("! {}:", note.hazard).yellow(), note.why);
        }
    }
}

fn indent(text: &str, by: usize) -> String {
    let pad = " ".repeat(by);
    text.lines().map(|line| format!("{pad}{}", words::clean(line))).collect::<Vec<_>>().join("\n")
}

/// What waits for whom, and how to let it run: printed under a survey or a run.
pub fn waiting(fleet: &Fleet) -> String {
    let all = || {
        fleet
            .shapes
            .iter()
            .flat_map(|shape| shape.tenants.iter())
            .filter_map(|(_, assessment)| assessment.as_ref().ok())
    };
    let any = |test: fn(&Assessment) -> bool| all().any(test);
    let mut lines = Vec::new();
    if any(|a| a.rulings.iter().any(|ruling| ruling.verdict == Verdict::Ask)) {
        lines.push(
            "ask: a person decides. `undrift apply` asks on a terminal; `--yes` answers what the policy lets it.",
        );
    }
    if any(|a| a.rulings.iter().any(|ruling| ruling.verdict == Verdict::Hold)) {
        lines.push("hold: run again inside the window that is named above.");
    }
    if any(|a| a.rulings.iter().any(|r| words::verdict(r) == "blocked") || !a.blocked.is_empty()) {
        lines.push("blocked: the rows do not allow it. Put them right as said above, then run again.");
    }
    if any(|a| a.rulings.iter().any(|r| r.verdict == Verdict::Deny && words::verdict(r) == "deny")) {
        lines.push("deny: the policy forbids it. Change the policy if it should happen.");
    }
    if any(|a| a.left_out.iter().any(|ruling| words::verdict(ruling) == "extra")) {
        lines.push("extra: not declared, so left alone. Declare it, ignore it, waive it, or set `extras: drop`.");
    }
    lines.into_iter().map(|line| format!("  {line}\n")).collect()
}
