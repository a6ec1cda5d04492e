//! Building structures in scratch databases.

use super::{Observed, ReconcileError, Reconciler};
use crate::db::{Connection, DbError, Halt, Scratch, Session};
use crate::dialect::{self, Dialect};
use crate::model::{Fingerprint, Opaque, Schema, Step};
use crate::plan;

/// A scratch copy of a database's structure.
pub(super) struct Copy {
    /// Where it is.
    pub scratch: Scratch,
    /// Why it is not a faithful copy; empty if it is one.
    pub flaws: Vec<String>,
}

impl Reconciler {
    /// Builds the same structure as was observed in a scratch database.
    pub(super) async fn copy(&self, session: &mut Session, observed: &Observed) -> Result<Copy, ReconcileError> {
        let schema = &observed.reading.schema;
        let mut scratch = self.empty_scratch(session, schema).await?;
        match fill(&mut scratch.session, observed).await {
            Ok(flaws) => Ok(Copy { scratch, flaws }),
            Err(error) => {
                let _ = scratch.discard().await;
                Err(error)
            }
        }
    }
}

async fn fill(session: &mut Session, observed: &Observed) -> Result<Vec<String>, ReconcileError> {
    let schema = &observed.reading.schema;
    let statements = match &observed.reading.copy {
        Some(statements) => statements.clone(),
        None => rendered(&*dialect::of(&observed.platform), schema)?,
    };
    let mut flaws = create_what_can_be(session, statements).await;
    // Flaws are part of the plan, and what approves a plan is bound to its hash: it must not hold a name made up for once.
    let name = session.place().database.clone();
    if name != observed.place.database {
        flaws.iter_mut().for_each(|flaw| *flaw = flaw.replace(&name, "scratch"));
    }
    let mut copied = session.read().await.map_err(ReconcileError::Scratch)?.schema;
    copied.mark_half_built_as_in(schema);
    if Fingerprint::of(&copied) != Fingerprint::of(schema) {
        flaws.push(format!("the copy is not like the original: {}", first_difference(&copied, schema)));
    }
    Ok(flaws)
}

/// The statements that build a schema and what is not modelled in it.
fn rendered(dialect: &dyn Dialect, schema: &Schema) -> Result<Vec<String>, ReconcileError> {
    let steps = plan::creation(dialect, schema)?;
    let modelled = steps.into_iter().flat_map(|step| step.statements);
    let opaque = schema.opaque.iter().filter_map(|opaque| opaque.sql.clone());
    Ok(modelled.chain(opaque).collect())
}

/// Runs the statements in passes, those that failed again after the others: what is not modelled
/// may need tables, and tables may need what is not modelled. Says what could not be made at all.
async fn create_what_can_be(session: &mut Session, statements: Vec<String>) -> Vec<String> {
    let mut waiting = statements;
    loop {
        let failed = one_pass(session, &waiting).await;
        if failed.len() == waiting.len() || failed.is_empty() {
            return failed.into_iter().map(|(statement, error)| flaw(&statement, &error)).collect();
        }
        waiting = failed.into_iter().map(|(statement, _)| statement).collect();
    }
}

/// Runs each statement once, whatever becomes of the others, and returns those that failed.
async fn one_pass(session: &mut Session, mut statements: &[String]) -> Vec<(String, DbError)> {
    let mut failed = Vec::new();
    while let Err(Halt { done, error }) = session.build(statements).await {
        failed.push((statements[done].clone(), error));
        statements = &statements[done + 1..];
    }
    failed
}

/// Makes what can be made of what a tenant has and undrift does not model. Much of it stands on tables
/// that are not there yet; what the declared schema needs of it does not.
pub(super) async fn create_beside(session: &mut Session, beside: &[Opaque]) {
    if beside.is_empty() {
        return;
    }
    let statements = beside.iter().filter_map(|opaque| opaque.sql.clone()).collect();
    for flaw in create_what_can_be(session, statements).await {
        tracing::debug!(flaw, "not made beside the reference");
    }
}

fn flaw(statement: &str, error: &DbError) -> String {
    let line = statement.lines().next().unwrap_or_default();
    let line: String = line.chars().take(80).collect();
    format!("{line} …: {}", error.message)
}

/// Builds a declared schema, stopping at the first statement that the server refuses. Says which step
/// that was.
pub(super) async fn build(session: &mut Session, steps: &[Step]) -> Result<(), (String, DbError)> {
    let statements: Vec<String> = steps.iter().flat_map(|step| step.statements.iter().cloned()).collect();
    let Err(Halt { done, error }) = session.build(&statements).await else { return Ok(()) };
    let mut titles = steps.iter().flat_map(|step| step.statements.iter().map(|_| &step.title));
    let title = titles.nth(done).cloned().unwrap_or_default();
    Err((title, error.with_statement(&statements[done])))
}

/// The first thing in which two schemas differ, in words.
pub(super) fn first_difference(a: &Schema, b: &Schema) -> String {
    let difference = crate::diff::difference(a, b, &crate::model::Renames::default());
    match difference.changes.first() {
        Some(change) => format!("{} {}", change.kind(), change.object()),
        None => "in a detail that is no change".to_owned(),
    }
}
