//! What is kept instead of dropped, and for how long.

use std::fmt::Write as _;

use owo_colors::OwoColorize;
use serde_json::{Value, json};

use super::names;
use crate::model::{Plan, Quarantined};
use crate::policy::Stay;
use crate::reconcile::words::clean;
use crate::reconcile::{Assessment, Group, Shape};

/// The plans that a shape's tenants may run, each once; a sentence for each that there is not.
pub fn plans(shape: &Shape) -> Vec<Result<&Plan, &str>> {
    let mut plans: Vec<Result<&Plan, &str>> = Vec::new();
    for group in shape.groups() {
        let plan = shape.plan(group.assessment);
        if !plans.contains(&plan) {
            plans.push(plan);
        }
    }
    plans
}

/// What becomes of a drop that is none.
pub fn kept(assessment: &Assessment, change: usize) -> Option<String> {
    assessment.kept.get(&change).map(|name| format!("kept as {}", clean(name)))
}

/// What a shape has in quarantine.
pub fn text(out: &mut String, shape: &Shape) {
    for Group { members, assessment, .. } in shape.groups() {
        let on = if members.len() < shape.tenants.len() { format!(" on {}", names(&members)) } else { String::new() };
        for (object, stay) in &assessment.stays {
            let _ = writeln!(out, "  {}", line(object, stay, &on).dimmed());
        }
    }
}

fn line(object: &Quarantined, stay: &Stay, on: &str) -> String {
    let end = match stay {
        Stay { over: true, .. } => "long enough: apply drops it when nothing else is to be done".to_owned(),
        Stay { until: Some(until), .. } => format!("kept until {}", until.strftime("%Y-%m-%d %H:%M UTC")),
        Stay { until: None, .. } => "kept until somebody drops it".to_owned(),
    };
    format!("in quarantine{on}: {} since {}, {end}", clean(&object.object()), object.since)
}

/// The same for machines.
pub fn json(assessment: &Assessment) -> Value {
    let stay = |(object, stay): &(Quarantined, Stay)| json!({ "object": object.object(), "since": object.since, "until": stay.until, "over": stay.over });
    assessment.stays.iter().map(stay).collect()
}
