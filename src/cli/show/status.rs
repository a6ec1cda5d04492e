//! The fleet at a glance, on one screen.

use std::fmt::Write as _;

use comfy_table::{Cell, Color};
use jiff::Timestamp;
use owo_colors::OwoColorize;

use super::table::{self, Align};
use crate::cli::approvals::asked;
use crate::http::view::{Counts, RolloutView, Status, Worry};
use crate::reconcile::words::clean;
use crate::store::{Activity, Stage};

/// The whole of it.
pub fn text(status: &Status, now: Timestamp) -> String {
    let mut out = heading(status, now);
    engines(&mut out, status);
    activity(&mut out, status);
    shapes(&mut out, status);
    rollouts(&mut out, status);
    approvals(&mut out, status);
    quarantine(&mut out, status);
    problems(&mut out, status, now);
    out
}

fn heading(status: &Status, now: Timestamp) -> String {
    let Counts { total, in_sync, drifted, unknown } = status.tenants;
    let [in_sync, drifted, unknown] = [in_sync, drifted, unknown].map(table::number);
    let mut out = format!(
        "{} tenants: {} in sync, {} drifted, {} unknown\n",
        table::number(total).bold(),
        in_sync.green(),
        drifted.yellow(),
        unknown.red()
    );
    let _ = writeln!(out, "{}; {}", service(status), pass(status, now));
    if let Some(pause) = &status.paused {
        let (who, why) = (clean(&pause.who), clean(&pause.why));
        let _ = writeln!(
            out,
            "{} by {who} {}: {why}  (undrift resume)",
            "paused".yellow().bold(),
            table::ago(pause.at, now)
        );
    }
    for braked in &status.braked {
        let (schema, why) = (clean(&braked.schema), clean(&braked.why));
        let _ = writeln!(out, "{} on {schema}: {why}  (undrift approve {})", "brake".red().bold(), braked.approval);
    }
    out
}

fn service(status: &Status) -> String {
    status
        .service
        .as_ref()
        .map_or_else(|| "no service runs".to_owned(), |holder| format!("served by {}", clean(holder)))
}

fn pass(status: &Status, now: Timestamp) -> String {
    match (status.last_pass_ended, &status.last_run) {
        (Some(ended), _) => format!("the last pass ended {}, {}", table::ago(ended, now), table::time(ended)),
        (None, Some(run)) => format!("the first pass began {}", table::ago(run.started, now)),
        (None, None) => "no pass has begun yet".to_owned(),
    }
}

fn section(out: &mut String, title: &str) {
    let _ = writeln!(out, "\n{}", title.bold());
}

fn engines(out: &mut String, status: &Status) {
    if status.engines.is_empty() {
        return;
    }
    out.push('\n');
    let columns = ["TENANTS", "IN SYNC", "DRIFTED", "UNKNOWN"].map(|title| (title, Align::Right));
    let mut table = table::new(&[&[("ENGINE", Align::Left)], &columns[..]].concat());
    for (engine, counts) in &status.engines {
        let numbers = [counts.total, counts.in_sync, counts.drifted, counts.unknown].map(table::number);
        table.add_row(std::iter::once(engine.to_string()).chain(numbers));
    }
    out.push_str(&table::text(&table));
}

/// What is going on; nothing, if nothing is.
fn activity(out: &mut String, status: &Status) {
    let busy = status.activity.iter().filter(|(activity, _)| **activity != Activity::Idle);
    let busy: Vec<_> = busy
        .map(|(activity, count)| format!("{} {}", table::number(*count), activity.to_string().replace('_', " ")))
        .collect();
    if !busy.is_empty() {
        let _ = writeln!(out, "\n{}", busy.join(", "));
    }
}

fn shapes(out: &mut String, status: &Status) {
    if status.shapes.is_empty() {
        return;
    }
    section(out, &of("SHAPES", status.shapes.len(), status.shapes_total));
    let columns = [("TENANTS", Align::Right), ("SHAPE", Align::Left), ("PLATFORM", Align::Left)];
    let mut table = table::new(&[&columns[..], &[("SCHEMA", Align::Left), ("CHANGES", Align::Left)]].concat());
    for shape in &status.shapes {
        let changes = match shape.changes {
            0 => Cell::new("in sync").fg(Color::Green),
            changes => Cell::new(changes).fg(Color::Yellow),
        };
        let words = [table::number(shape.tenants), shape.id.short(), clean(&shape.platform), clean(&shape.schema)];
        table.add_row(words.into_iter().map(Cell::new).chain([changes]));
    }
    out.push_str(&table::text(&table));
}

fn rollouts(out: &mut String, status: &Status) {
    if status.rollouts.is_empty() {
        return;
    }
    section(out, "ROLLOUTS");
    for rollout in &status.rollouts {
        let progress = rollout.progress;
        let failed = if progress.failed == 0 { String::new() } else { format!(", {} failed", progress.failed) };
        let _ = writeln!(
            out,
            "#{} {}: {}; {} of {} done{failed}",
            rollout.id,
            clean(&rollout.schema),
            stage(rollout),
            table::number(progress.done as u64),
            table::number((progress.total() - progress.gone) as u64),
        );
    }
}

fn stage(rollout: &RolloutView) -> String {
    let wave = format!("wave {}", rollout.wave);
    match &rollout.stage {
        Stage::Running => format!("{wave} runs"),
        Stage::Soaking { until } => format!("{wave} is watched until {}", table::time(*until)),
        Stage::Stopped { why } => format!("{} in {wave}: {}  (undrift resume)", "stopped".red(), clean(why)),
        Stage::Paused { by } => format!("paused in {wave} by {}  (undrift resume)", clean(by)),
        Stage::Done => "done".to_owned(),
        Stage::Superseded => "superseded".to_owned(),
    }
}

fn approvals(out: &mut String, status: &Status) {
    if status.approvals.is_empty() {
        return;
    }
    section(out, &of("APPROVALS", status.approvals.len(), status.approvals_total));
    let mut table = table::new(&[("ID", Align::Left), ("TENANTS", Align::Right), ("WHAT", Align::Left)]);
    for approval in &status.approvals {
        let (tenants, what) = asked(&approval.question);
        table.add_row([approval.id.clone(), tenants, what]);
    }
    out.push_str(&table::text(&table));
}

fn quarantine(out: &mut String, status: &Status) {
    if status.quarantined.is_empty() {
        return;
    }
    section(out, &of("QUARANTINE", status.quarantined.len(), status.quarantined_total));
    let mut table = table::new(&[("TENANTS", Align::Right), ("WHAT", Align::Left), ("UNTIL", Align::Left)]);
    for kept in &status.quarantined {
        let until = kept.what.until.map_or_else(|| "somebody drops it".to_owned(), table::time);
        table.add_row([table::number(kept.tenants), clean(&kept.what.object), until]);
    }
    out.push_str(&table::text(&table));
}

fn problems(out: &mut String, status: &Status, now: Timestamp) {
    if status.problems.is_empty() {
        return;
    }
    section(out, "PROBLEMS, the worst first");
    for Worry { tenant, sync, since, activity, what, next } in &status.problems {
        let word = if *activity == Activity::Idle { sync.to_string() } else { activity.to_string().replace('_', " ") };
        let lasts = table::length(now.duration_since(*since));
        let _ = writeln!(out, "{} {} for {lasts}: {}", word.red(), clean(tenant).bold(), clean(what));
        if !next.is_empty() {
            let _ = writeln!(out, "  next: {}", clean(next));
        }
    }
}

fn of(title: &str, shown: usize, total: usize) -> String {
    if shown == total {
        format!("{title} {total}")
    } else {
        format!("{title} {shown} of {}", table::number(total as u64))
    }
}
