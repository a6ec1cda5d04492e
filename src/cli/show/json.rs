//! A survey for machines. The form is stable: keys are only ever added.

use serde_json::{Value, json};

use super::{Tally, quarantine};
use crate::reconcile::words;
use crate::reconcile::{Assessment, Fleet, FleetMember, Outlook, Shape};

/// The whole survey.
pub fn fleet(fleet: &Fleet) -> Value {
    json!({
        "undrift": env!("CARGO_PKG_VERSION"),
        "summary": Tally::of(fleet),
        "shapes": fleet.shapes.iter().map(shape).collect::<Vec<_>>(),
        "unknown": fleet.unknown.iter().map(|(member, error)| json!({
            "tenant": member.tenant.name,
            "error": error.to_string(),
            "next": error.advice(),
        })).collect::<Vec<_>>(),
    })
}

fn shape(shape: &Shape) -> Value {
    let study = &shape.study;
    let changes = study.plan.changes.iter().map(|planned| {
        json!({ "kind": planned.change.kind(), "object": planned.change.object(),
                "what": words::line(&planned.change).what, "requires": planned.requires })
    });
    let left_out = study
        .extras()
        .map(|change| json!({ "kind": change.kind(), "object": change.object(), "what": words::line(change).what }));
    json!({
        "fingerprint": study.fingerprint.to_string(),
        "platform": study.observed.platform.to_string(),
        "in_sync": study.in_sync(),
        "changes": changes.collect::<Vec<_>>(),
        "left_out": left_out.collect::<Vec<_>>(),
        "plan": { "hash": study.plan.hash(), "end": study.plan.end.map(|end| end.to_string()),
                  "steps": study.plan.steps },
        "unproved": study.unproved,
        "tenants": shape.tenants.iter().map(|(member, assessment)| tenant(shape, member, assessment)).collect::<Vec<_>>(),
    })
}

fn tenant(shape: &Shape, member: &FleetMember, assessment: &Result<Assessment, String>) -> Value {
    let assessment = match assessment {
        Ok(assessment) => assessment,
        Err(error) => return json!({ "tenant": member.tenant.name, "state": "unknown", "error": error }),
    };
    let state = if shape.outlook(assessment) == Outlook::InSync { "in_sync" } else { "drifted" };
    let facts = &assessment.facts;
    let bytes = facts.bytes.iter().map(|(table, bytes)| (table.to_string(), json!(bytes)));
    let rows = facts.rows.iter().map(|(table, rows)| (table.to_string(), json!(rows)));
    let mut tenant = json!({
        "tenant": member.tenant.name,
        "labels": member.tenant.labels,
        "state": state,
        "verdicts": assessment.rulings,
        "blocked": assessment.blocked,
        "rows": rows.collect::<serde_json::Map<_, _>>(),
        "bytes": bytes.collect::<serde_json::Map<_, _>>(),
        "violations": facts.violations,
        "not_known": facts.not_known,
        "quarantine": quarantine::json(assessment),
    });
    let backup = super::backed_up(&shape.study, assessment);
    if !backup.is_empty() {
        tenant["backup"] = backup.iter().map(ToString::to_string).collect();
    }
    if !assessment.kept.is_empty() {
        let planned = &shape.study.plan.changes;
        let kept = assessment.kept.iter().map(|(index, name)| (planned[*index].change.object(), json!(name)));
        tenant["kept"] = kept.collect::<serde_json::Map<_, _>>().into();
        tenant["plan"] = match shape.plan(assessment) {
            Ok(plan) => json!({ "hash": plan.hash(), "end": plan.end.map(|end| end.to_string()), "steps": plan.steps }),
            Err(why) => json!({ "error": why }),
        };
    }
    tenant
}
