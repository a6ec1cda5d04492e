//! A survey as Markdown, for a pull request.

use std::fmt::Write as _;

use super::{Tally, facts, names, quarantine};
use crate::model::Plan;
use crate::reconcile::words;
use crate::reconcile::{Fleet, Group, Shape};

/// The whole survey.
pub fn fleet(fleet: &Fleet) -> String {
    let mut out = format!("## undrift: {}\n", Tally::of(fleet));
    for shape in fleet.shapes.iter().filter(|shape| !shape.study.in_sync()) {
        shape_text(&mut out, shape);
    }
    for (member, error) in &fleet.unknown {
        let _ = writeln!(out, "\n**unknown** {}: {}", cell(&member.tenant.name), cell(&error.to_string()));
    }
    out
}

fn shape_text(out: &mut String, shape: &Shape) {
    let study = &shape.study;
    let _ = writeln!(out, "\n### Shape `{}` on {}", study.fingerprint.short(), study.observed.platform);
    for group in shape.groups() {
        let _ = writeln!(out, "\n{} tenants: {}\n", group.members.len(), cell(&names(&group.members)));
        let _ = writeln!(out, "| | object | change | verdict |\n|---|---|---|---|");
        let planned = study.plan.changes.iter().map(|planned| &planned.change).zip(&group.assessment.rulings);
        let left = study.extras().zip(&group.assessment.left_out);
        for (index, (change, ruling)) in planned.chain(left).enumerate() {
            let line = words::line(change);
            let kept = quarantine::kept(group.assessment, index).map(|kept| format!(", {kept}")).unwrap_or_default();
            let (object, what) = (cell(&line.object), cell(&format!("{}{kept}", line.what)));
            let (verdict, reason) = (words::verdict(ruling), cell(&words::reason(ruling)));
            let _ = writeln!(out, "| {} | {object} | {what} | **{verdict}** ({reason}) |", line.sign);
        }
        for finding in &group.assessment.blocked {
            let _ = writeln!(out, "\n**blocked**: {}", cell(finding));
        }
        if let Some(tables) = super::backup(study, group.assessment) {
            let _ = writeln!(out, "\n**backed up first**: {}", cell(&tables));
        }
        facts_text(out, &group);
    }
    for plan in quarantine::plans(shape) {
        match plan {
            Ok(plan) => steps(out, plan),
            Err(why) => _ = writeln!(out, "\n**not offered**: {}", cell(why)),
        }
    }
}

/// Sizes, the rows that stand in the way, and what is not known.
fn facts_text(out: &mut String, group: &Group<'_>) {
    for finding in facts::findings(group) {
        let keys = finding.keys.map(|keys| format!(" ({})", cell(&keys))).unwrap_or_default();
        let _ = writeln!(out, "\n**rows in the way**: {}{keys}", cell(&finding.what));
        if let Some(find) = &finding.find {
            let fence = fence(std::iter::once(find.as_str()));
            let _ = writeln!(out, "\n{fence}sql\n{find};\n{fence}");
        }
    }
    for what in facts::not_known(group) {
        let _ = writeln!(out, "\n**not known**: {}", cell(&what));
    }
    let sizes = facts::sizes(group);
    if !sizes.is_empty() {
        let _ = writeln!(out, "\n{}", cell(&sizes.join("; ")));
    }
}

fn steps(out: &mut String, plan: &Plan) {
    if plan.steps.is_empty() {
        return;
    }
    let fence = fence(plan.steps.iter().flat_map(|step| step.script()));
    let _ = writeln!(out, "\n<details><summary>{} steps</summary>\n\n{fence}sql", plan.steps.len());
    for step in &plan.steps {
        step.script().for_each(|statement| _ = writeln!(out, "{statement};"));
    }
    let _ = writeln!(out, "{fence}\n\n</details>");
}

/// A fence longer than any run of backticks in the statements.
fn fence<'a>(statements: impl Iterator<Item = &'a str>) -> String {
    let longest = |text: &str| text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(statements.map(longest).max().unwrap_or(0).max(2) + 1)
}

/// A text that cannot break out of a table's cell.
fn cell(text: &str) -> String {
    text.replace('\\', "\\\\").replace('|', "\\|").replace('<', "&lt;").replace(['\n', '\r'], " ")
}
