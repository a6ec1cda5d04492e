//! `undrift plan`

use std::path::Path;

use super::args::{Format, PlanArgs};
use super::fleet::Work;
use super::show::{self, Tally};
use super::{Cli, Exit, Failure};
use crate::reconcile::Fleet;
use crate::reconcile::plan_file::{self, PlanFile};

/// Shows what differs and what would put it right.
pub async fn run(cli: &Cli, args: &PlanArgs) -> Result<Exit, Failure> {
    let work = Work::load(cli, &args.selection).await?;
    let fleet = work.survey(cli.quiet || args.format != Format::Text).await;
    args.format.print(&rendered(&fleet, args.format, cli.quiet));
    if let Some(path) = &args.out {
        write(path, &fleet, &work, cli.quiet).await?;
    }
    Ok(exit(&fleet).worst(work.exit()))
}

/// Writes the plan file.
async fn write(path: &Path, fleet: &Fleet, work: &Work, quiet: bool) -> Result<(), Failure> {
    let file = PlanFile::of(fleet, &work.reconciler, &work.policy.name).await.map_err(|error| Failure::from(&error))?;
    let name = path.display();
    std::fs::write(path, plan_file::text(&file))
        .map_err(|error| Failure::new(format!("{name}: {error}"), "name a file that can be written: --out FILE"))?;
    if !quiet {
        let tenants = match file.tenants().len() {
            1 => "1 tenant".to_owned(),
            more => format!("{more} tenants"),
        };
        anstream::eprintln!("{name} holds the plan for {tenants}; carry it out with `undrift apply {name}`");
    }
    Ok(())
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
