//! Plans: as values, as a script, and for people.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ChangeLine;
use crate::model::{Engine, Fingerprint, Hash, HazardNote, Pace, Plan, Step};
use crate::reconcile::words::clean;

/// A plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PlanView {
    /// Names it: what approvals are bound to.
    pub hash: Hash,
    /// Whose statements these are.
    pub engine: Engine,
    /// The structure that it starts from.
    pub start: Fingerprint,
    /// The structure that it reached on a copy; nothing before the proof.
    pub end: Option<Fingerprint>,
    /// What it changes.
    pub changes: Vec<ChangeLine>,
    /// What it leaves as it is.
    pub left_out: Vec<ChangeLine>,
    /// What it does, in order.
    pub steps: Vec<StepView>,
}

/// A step of a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StepView {
    /// One clause for people.
    pub title: String,
    /// The statements, in order.
    pub statements: Vec<String>,
    /// Why it may hurt.
    pub hazards: Vec<HazardNote>,
    /// Whether it can be rolled back.
    pub transactional: bool,
    /// How long it may take.
    pub pace: Pace,
    /// The changes it carries out, as indexes into the plan's changes.
    pub changes: Vec<usize>,
}

impl PlanView {
    /// A plan with its changes in words.
    pub fn of(plan: &Plan) -> Self {
        Self {
            hash: plan.hash(),
            engine: plan.engine,
            start: plan.start,
            end: plan.end,
            changes: plan.changes.iter().map(|planned| ChangeLine::of(&planned.change)).collect(),
            left_out: plan.left_out.iter().map(ChangeLine::of).collect(),
            steps: plan.steps.iter().map(StepView::of).collect(),
        }
    }

    /// The statements as a script.
    pub fn sql(&self) -> String {
        let mut out = format!("-- plan {} for {}\n", self.hash, self.engine);
        for (number, step) in self.steps.iter().enumerate() {
            let _ = writeln!(out, "\n-- {}. {}", number + 1, clean(&step.title));
            for note in &step.hazards {
                let _ = writeln!(out, "-- hazard {}: {}", note.hazard, clean(&note.why));
            }
            for statement in &step.statements {
                let _ = writeln!(out, "{statement};");
            }
        }
        out
    }

    /// Changes, steps, statements and hazards, for people.
    pub fn text(&self) -> String {
        let mut out = format!("plan {} for {}\n\n", self.hash, self.engine);
        for ChangeLine { sign, object, what, .. } in &self.changes {
            let _ = writeln!(out, "  {sign} {object}  {what}");
        }
        for (number, step) in self.steps.iter().enumerate() {
            let _ = writeln!(out, "\n{:>3}. {}{}", number + 1, clean(&step.title), step.footing());
            for line in step.statements.iter().flat_map(|statement| statement.lines()) {
                let _ = writeln!(out, "       {}", clean(line));
            }
            for note in &step.hazards {
                let _ = writeln!(out, "     ! {}: {}", note.hazard, clean(&note.why));
            }
        }
        out
    }
}

impl StepView {
    fn of(step: &Step) -> Self {
        Self {
            title: step.title.clone(),
            statements: step.script().map(str::to_owned).collect(),
            hazards: step.hazards.clone(),
            transactional: step.transactional,
            pace: step.pace,
            changes: step.changes.clone(),
        }
    }

    fn footing(&self) -> &'static str {
        if self.transactional { "" } else { "  (cannot be rolled back)" }
    }
}
