//! `undrift demo`: a fleet of SQLite tenants that drifted, planned, put right and checked.

mod tenants;

use std::path::Path;

use owo_colors::OwoColorize;

use super::args::{ApplyArgs, Command, DemoArgs, Format, PlanArgs, Selection};
use super::{Cli, Exit, Failure};
use crate::db::{Connection, DbError, Patience, Session, Target};
use crate::desired;
use crate::dialect;
use crate::model::Logins;
use crate::plan;
use tenants::{STORIES, Story};

const SCHEMA: &str = include_str!("schema.yaml");
const CONFIG: &str = include_str!("undrift.yaml");
const ROWS: &str = include_str!("rows.sql");
const POLICY: &str = include_str!("../../../policies/default.yaml");

/// Makes the fleet, shows its plan, applies it, and says what to try next.
pub async fn run(cli: &Cli, args: &DemoArgs) -> Result<Exit, Failure> {
    make(&args.folder).await?;
    let config = args.folder.join("undrift.yaml");
    introduce(&args.folder);

    heading("1. undrift plan: what differs, shape by shape, and what the policy says");
    let cli = Cli { command: Command::Demo(DemoArgs { folder: args.folder.clone() }), config, ..*cli };
    let plan = PlanArgs { selection: nothing_special(), format: Format::Text, out: None };
    super::plan::run(&cli, &plan).await?;

    heading("2. undrift apply: what policies/default.yaml allows");
    let quiet = Cli { quiet: true, command: Command::Demo(DemoArgs { folder: args.folder.clone() }), ..cli };
    let apply = ApplyArgs {
        plan: None,
        selection: nothing_special(),
        yes: false,
        backups: None,
        dry_run: false,
        format: Format::Text,
    };
    super::apply::run(&quiet, &apply).await?;

    heading("3. undrift plan again: what waits for a person");
    super::plan::run(&quiet, &plan).await?;
    say_what_next(&args.folder);
    Ok(Exit::Clean)
}

fn nothing_special() -> Selection {
    Selection { url: None, schema: None, policy: None, logins: Logins::default(), tenants: Vec::new() }
}

fn heading(text: &str) {
    super::print(&format!("\n{}\n\n", text.bold().underline()));
}

fn introduce(folder: &Path) {
    let mut text = format!("A fleet of {} tenants in {}:\n\n", STORIES.len(), folder.display());
    for story in &STORIES {
        text.push_str(&format!("  {:8} {}\n", story.name.bold(), story.what));
    }
    super::print(&text);
}

fn say_what_next(folder: &Path) {
    let config = folder.join("undrift.yaml");
    let config = config.display();
    super::print(&format!(
        "\n{}\n\n  \
         undrift --config {config} apply --tenant fjord           look at what the policy asks, and say yes\n  \
         undrift --config {config} plan --tenant grove            two values in one row: nothing is guessed\n  \
         undrift --config {config} plan --tenant larch            keep the hot fix, or set extras: drop\n  \
         undrift --config {config} plan --format markdown         the same for a pull request\n  \
         $EDITOR {}                            change the schema, and plan again\n",
        "Try next".bold().underline(),
        folder.join("schema.yaml").display(),
    ));
}

/// Writes the files and makes the databases. Only a folder that is empty, or that an earlier demo
/// made, is taken.
async fn make(folder: &Path) -> Result<(), Failure> {
    let marker = folder.join("undrift.yaml");
    let ours = std::fs::read_to_string(&marker).is_ok_and(|text| text.starts_with("# Made by `undrift demo`."));
    let empty = std::fs::read_dir(folder).map_or(true, |mut entries| entries.next().is_none());
    if !ours && !empty {
        let what = format!("{} is not empty and was not made by the demo", folder.display());
        return Err(Failure::new(what, "name another folder: undrift demo DIR"));
    }
    let tenants = folder.join("tenants");
    if ours && tenants.exists() {
        std::fs::remove_dir_all(&tenants).map_err(|error| io(&tenants, &error))?;
    }
    std::fs::create_dir_all(&tenants).map_err(|error| io(&tenants, &error))?;
    for (name, text) in [("undrift.yaml", CONFIG), ("schema.yaml", SCHEMA), ("policy.yaml", POLICY)] {
        let path = folder.join(name);
        std::fs::write(&path, text).map_err(|error| io(&path, &error))?;
    }
    for story in &STORIES {
        build(&tenants.join(format!("{}.db", story.name)), story).await?;
    }
    Ok(())
}

fn io(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("{}: {error}", path.display()), "name a folder that can be written to: undrift demo DIR")
}

/// Makes one tenant: builds the schema, fills it, and lets happen what happened to it.
async fn build(path: &Path, story: &Story) -> Result<(), Failure> {
    let target = Target::parse(&format!("sqlite:{}?mode=rwc", path.display()))?;
    let mut session = Session::connect(&target, Patience::default()).await?;
    let built = if story.built { fill(&mut session, story).await } else { Ok(()) };
    session.close().await;
    Ok(built?)
}

async fn fill(session: &mut Session, story: &Story) -> Result<(), DbError> {
    let dialect = dialect::of(session.platform());
    let declared = desired::parse("schema.yaml", SCHEMA).expect("the demo's schema is correct");
    let wanted = declared.wanted(&*dialect).expect("the demo's schema fits SQLite");
    let steps = plan::creation(&*dialect, &wanted.schema).expect("the demo's tables can be ordered");
    session.begin().await?;
    for statement in steps.iter().flat_map(|step| &step.statements) {
        session.execute(statement).await?;
    }
    session.commit().await?;
    session.script(ROWS).await?;
    session.script(story.script).await
}
