//! `undrift diff`

use std::path::{Path, PathBuf};
use std::sync::Arc;

use owo_colors::{AnsiColors, OwoColorize};
use serde_json::json;

use super::args::{DiffArgs, Format};
use super::export::Server;
use super::{Cli, Exit, Failure};
use crate::db::{Connection, Patience, Session, Target};
use crate::desired::{self, Declared};
use crate::dialect;
use crate::diff;
use crate::model::{Change, Fingerprint, Renames, Schema, Scope};
use crate::plan::{self, Batch};
use crate::reconcile::words;
use crate::reconcile::{Reconciler, Reference};

/// One side of a comparison.
enum Side {
    /// A database.
    Database(Target),
    /// A schema file or an .sql file.
    File(PathBuf, Arc<Declared>),
}

/// A side, read.
struct Read {
    schema: Schema,
    reference: Option<Arc<Reference>>,
}

/// Shows what would turn A into B.
pub async fn run(_cli: &Cli, args: &DiffArgs) -> Result<Exit, Failure> {
    let (from, to) = (Side::of(&args.from)?, Side::of(&args.to)?);
    let mut server = server(&from, &to, args.server.as_deref()).await?;
    let reconciler = Reconciler::new(Patience::default(), Default::default());
    let read = async {
        let a = from.read(&reconciler, &mut server.session).await?;
        let b = to.read(&reconciler, &mut server.session).await?;
        Ok::<_, Failure>((a, b))
    };
    let read = read.await;
    let platform = server.session.platform().clone();
    server.close().await;
    let (a, b) = read?;
    let (nothing, open) = (Renames::none(platform.engine()), Scope::default());
    let declared = b.reference.as_ref().map(|reference| &reference.wanted);
    let renames = declared.map_or(&nothing, |wanted| &wanted.renames);
    let scope = declared.map_or(&open, |wanted| &wanted.scope);
    let wanted = scope.apply(b.schema).without_quarantined(&Schema::default());
    let actual = scope.apply(a.schema).without_quarantined(&wanted);
    let (renaming, _) = diff::pending_renames(&actual, &wanted, renames);
    let renamed = actual.evolve(&renaming);
    let comparable = match &b.reference {
        Some(reference) => reference.comparable(renamed.clone()),
        None => renamed.clone(),
    };
    let difference = diff::difference(&comparable, &wanted, renames);
    for obstacle in &difference.obstacles {
        anstream::eprintln!("{} is a {} in A and a table in B", obstacle.table, obstacle.kind);
    }
    let changes: Vec<&Change> = renaming.iter().chain(&difference.changes).collect();
    match args.format {
        Format::Text => super::print(&lines(&changes)),
        Format::Sql => {
            let goal = renamed.evolve(&difference.changes);
            let plan = plan::build(
                &*dialect::of(&platform),
                Fingerprint::of(&actual),
                Batch { from: &actual, to: &renamed, changes: &renaming },
                Batch { from: &renamed, to: &goal, changes: &difference.changes },
                Vec::new(),
            );
            let plan = plan.map_err(|circle| Failure::new(circle.to_string(), "compare smaller parts"))?;
            args.format.print(
                &plan.steps.iter().flat_map(|step| step.script()).map(|sql| format!("{sql};\n")).collect::<String>(),
            );
        }
        Format::Json => args.format.print(&format!("{:#}\n", json!({ "changes": changes }))),
        Format::Markdown => return Err(Failure::new("diff prints text, sql or json", "")),
    }
    Ok(if changes.is_empty() && difference.obstacles.is_empty() { Exit::Clean } else { Exit::Changes })
}

fn lines(changes: &[&Change]) -> String {
    let lines: Vec<_> = changes.iter().map(|change| words::line(change)).collect();
    let width = lines.iter().map(|line| line.object.chars().count()).max().unwrap_or(0).min(48);
    let print = |line: &words::Line| {
        let colour = match line.sign {
            '+' => AnsiColors::Green,
            '-' => AnsiColors::Red,
            _ => AnsiColors::Yellow,
        };
        format!("{} {:width$}  {}\n", line.sign.color(colour).bold(), line.object, line.what)
    };
    lines.iter().map(print).collect()
}

/// Where scratch databases are made and whose dialect is spoken: that of the first side that is a
/// database, else of --server, else SQLite's.
async fn server(a: &Side, b: &Side, given: Option<&str>) -> Result<Server, Failure> {
    let database = [a, b].into_iter().find_map(|side| match side {
        Side::Database(target) => Some(target),
        Side::File(..) => None,
    });
    match database {
        Some(target) => Ok(Server::at(Session::connect(target, Patience::default()).await?)),
        None => Server::for_scratch(given).await,
    }
}

impl Side {
    fn of(text: &str) -> Result<Self, Failure> {
        let path = Path::new(text);
        if !path.exists() && text.contains(':') {
            return Ok(Side::Database(Target::parse(text)?));
        }
        Ok(Side::File(path.to_owned(), Arc::new(desired::load(path)?)))
    }

    async fn read(&self, reconciler: &Reconciler, server: &mut Session) -> Result<Read, Failure> {
        match self {
            Side::Database(target) => {
                let (session, observed) = reconciler.observe(target).await?;
                session.close().await;
                if observed.platform.engine() != server.platform().engine() {
                    let what = format!("{target} is on another engine than the other side");
                    return Err(Failure::new(what, "compare two databases of one engine"));
                }
                Ok(Read { schema: observed.reading.schema, reference: None })
            }
            Side::File(path, declared) => {
                let reference = reconciler.reference(server, declared, &Schema::default()).await;
                let reference = reference.map_err(|error| match Failure::from(&*error) {
                    Failure::Plain { message, next } => Failure::new(format!("{}: {message}", path.display()), next),
                    mistakes => mistakes,
                })?;
                Ok(Read { schema: reference.schema.clone(), reference: Some(reference) })
            }
        }
    }
}
