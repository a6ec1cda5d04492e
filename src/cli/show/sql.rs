//! A survey as SQL scripts: one for every shape, with the tenants it is for as a comment.

use std::fmt::Write as _;

use crate::reconcile::words;
use crate::reconcile::{Fleet, Shape};

/// The statements of every shape's plan. What policy keeps back is there as a comment.
pub fn fleet(fleet: &Fleet) -> String {
    let mut out = String::new();
    for shape in fleet.shapes.iter().filter(|shape| !shape.study.in_sync()) {
        script(&mut out, shape);
    }
    for (member, error) in &fleet.unknown {
        let _ = writeln!(out, "-- unknown {}: {}", one_line(&member.tenant.name), one_line(&error.to_string()));
    }
    out
}

fn script(out: &mut String, shape: &Shape) {
    let study = &shape.study;
    let names: Vec<_> = shape.tenants.iter().map(|(member, _)| one_line(&member.tenant.name)).collect();
    let _ = writeln!(out, "-- shape {} on {}", study.fingerprint.short(), study.observed.platform);
    let _ = writeln!(out, "-- tenants: {}", names.join(", "));
    let assessment = shape.tenants.iter().find_map(|(_, assessment)| assessment.as_ref().ok());
    let plan = match assessment.map_or(Ok(&*study.plan), |assessment| shape.plan(assessment)) {
        Ok(plan) => plan,
        Err(why) => return out.push_str(&format!("-- not offered: {}\n\n", one_line(why))),
    };
    let ruling = |change: usize| {
        let planned = study.plan.changes.iter().position(|own| own.change == plan.changes[change].change)?;
        assessment?.rulings.get(planned)
    };
    for (number, step) in plan.steps.iter().enumerate() {
        let _ = writeln!(out, "\n-- {}. {}", number + 1, one_line(&step.title));
        for note in &step.hazards {
            let _ = writeln!(out, "-- hazard {}: {}", note.hazard, one_line(&note.why));
        }
        for change in &step.changes {
            if let Some(ruling) = ruling(*change) {
                let verdict = words::verdict(ruling);
                let _ = writeln!(out, "-- {verdict}: {}", one_line(&words::reason(ruling)));
            }
        }
        for statement in step.script() {
            let _ = writeln!(out, "{statement};");
        }
    }
    out.push('\n');
}

/// A text as part of a comment: a line break in it must not end the comment.
fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_control()).collect::<Vec<_>>().join(" ")
}
