//! `undrift approvals`

use std::fmt::Write as _;

use owo_colors::OwoColorize;
use serde_json::json;

use super::service_args::{ApprovalsArgs, Output};
use super::show::table::{self, Align};
use super::{Cli, Exit, Failure, state};
use crate::http::view::PlanView;
use crate::reconcile::words::clean;
use crate::store::{ApprovalRecord, ApprovalState, Question, Store};

/// Lists the questions that wait for an answer, or shows one with its plan.
pub async fn run(cli: &Cli, args: &ApprovalsArgs) -> Result<Exit, Failure> {
    let store = state::existing(cli).await?;
    match &args.id {
        Some(id) => one(&store, id, args.output).await?,
        None => list(&store, args).await?,
    }
    store.close().await;
    Ok(Exit::Clean)
}

async fn list(store: &Store, args: &ApprovalsArgs) -> Result<(), Failure> {
    let state = if args.all { None } else { Some(ApprovalState::Pending) };
    let approvals = store.approvals(state).await?;
    match args.output {
        Output::Json => args.output.print(&format!("{:#}\n", json!({ "items": approvals }))),
        Output::Text if approvals.is_empty() => super::print("no question waits for an answer\n"),
        Output::Text => {
            let next =
                "\nundrift approvals ID shows the plan; undrift approve ID, undrift reject ID --why … answer it.\n";
            super::print(&format!("{}{next}", text(&approvals)));
        }
    }
    Ok(())
}

fn text(approvals: &[ApprovalRecord]) -> String {
    let columns = [("ID", Align::Left), ("STATE", Align::Left), ("ASKED", Align::Left), ("TENANTS", Align::Right)];
    let mut table = table::new(&[&columns[..], &[("WHAT", Align::Left)]].concat());
    for approval in approvals {
        let (tenants, what) = asked(&approval.question);
        table.add_row([approval.id.clone(), state(approval), table::time(approval.asked), tenants, what]);
    }
    table::text(&table)
}

fn state(approval: &ApprovalRecord) -> String {
    match &approval.answer {
        Some(answer) => format!("{} by {}", approval.state, clean(&answer.who)),
        None => approval.state.to_string(),
    }
}

/// How many tenants a question is about, and what it is about, on one line.
pub fn asked(question: &Question) -> (String, String) {
    match question {
        Question::Plan { changes, tenants, .. } => {
            let more = changes.len().saturating_sub(1);
            let first = changes.first().map(|change| clean(change)).unwrap_or_default();
            let what = if more == 0 { first } else { format!("{first}, and {more} more") };
            (table::number(*tenants as u64), what)
        }
        Question::Brake { schema, why, .. } => (String::new(), format!("brake on {}: {}", clean(schema), clean(why))),
    }
}

async fn one(store: &Store, id: &str, output: Output) -> Result<(), Failure> {
    let approval = store.approval(id).await?;
    let plan = match &approval.question {
        Question::Plan { plan, .. } => store.plan(*plan).await?.map(|plan| PlanView::of(&plan)),
        Question::Brake { .. } => None,
    };
    output.print(&match output {
        Output::Json => format!("{:#}\n", json!({ "approval": approval, "plan": plan })),
        Output::Text => detail(&approval, plan.as_ref()),
    });
    Ok(())
}

fn detail(approval: &ApprovalRecord, plan: Option<&PlanView>) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{} {}", approval.id.bold(), state(approval));
    let _ = writeln!(out, "asked {}, expires {}", table::time(approval.asked), table::time(approval.expires));
    if let Some(answer) = &approval.answer {
        let _ = writeln!(out, "answered {}: {}", table::time(answer.at), clean(&answer.why));
    }
    match &approval.question {
        Question::Plan { changes, tenants, names, .. } => {
            let more = tenants.saturating_sub(names.len());
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            let _ = writeln!(out, "for {tenants} tenants: {}{more}", clean(&names.join(", ")));
            for change in changes {
                let _ = writeln!(out, "  {}", clean(change));
            }
        }
        Question::Brake { schema, why, .. } => {
            let _ = writeln!(out, "brake on {}: {}", clean(schema), clean(why));
        }
    }
    if let Some(plan) = plan {
        let _ = write!(out, "\n{}", plan.text());
    }
    if approval.state == ApprovalState::Pending {
        let _ = writeln!(out, "\nundrift approve {0}\nundrift reject {0} --why …", approval.id);
    }
    out
}
