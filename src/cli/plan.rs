//! `undrift plan`

use super::args::{Format, PlanArgs};
use super::fleet::Work;
use super::show::{self, Tally};
use super::{Cli, Exit, Failure};
use crate::reconcile::Fleet;

/// Shows what differs and what would put it right.
pub async fn run(cli: &Cli, args: &PlanArgs) -> Result<Exit, Failure> {
    let work = Work::load(cli, &args.selection).await?;
    let fleet = work.survey(cli.quiet || args.format != Format::Text).await;
    super::print(&rendered(&fleet, args.format, cli.quiet));
    Ok(exit(&fleet).worst(work.exit()))
}

/// A survey in the form that was asked for.
pub fn rendered(fleet: &Fleet, format: Format, quiet: bool) -> String {
    match format {
        Format::Text => show::text::fleet(fleet, quiet) + &show::text::waiting(fleet),
        Format::Sql => show::sql::fleet(fleet),
        Format::Json => format!("{:#}\n", show::json::fleet(fleet)),
        Format::Markdown => show::markdown::fleet(fleet),
    }
}

fn exit(fleet: &Fleet) -> Exit {
    match Tally::of(fleet) {
        Tally { unknown: 1.., .. } => Exit::Error,
        Tally { drifted: 1.., .. } => Exit::Changes,
        _ => Exit::Clean,
    }
}
