//! Rights that a server leaves with the old name of what was renamed.

use crate::db::{Connection, DbError, Session, Texts, Trouble};
use crate::dialect;
use crate::model::{Change, Hazard, HazardNote, Plan, QName, Renamed, Schema};

/// Gives the rights on what a plan has renamed to the new names. It is done with undrift's own login: to grant a right
/// runs no code of a tenant's.
///
/// # Errors
/// What the server said. The rights that were not given yet are with the old name, where they were.
pub(super) async fn follow(session: &mut Session, plan: &Plan, ran: bool) -> Result<(), DbError> {
    let mut all = plan.renamed();
    all.retain(|renamed| dialect::of(session.platform()).rights_query(&renamed.from).is_some());
    // What was renamed before a plan stopped has its new name, and no later plan will know the old one.
    if !ran && !all.is_empty() {
        let there = session.structure().await?;
        all = all.into_iter().filter_map(|renamed| done(renamed, &there)).collect();
    }
    for renamed in all {
        one(session, &renamed).await?;
    }
    Ok(())
}

/// What of it has happened.
fn done(mut renamed: Renamed, there: &Schema) -> Option<Renamed> {
    let table = there.tables.get(&renamed.to)?;
    renamed.columns.retain(|(from, to)| table.column(to).is_some() && table.column(from).is_none());
    let happened = renamed.from == renamed.to || !there.tables.contains_key(&renamed.from);
    happened.then_some(renamed)
}

/// Says in a plan's steps where this login cannot see which rights are to follow.
///
/// # Errors
/// What the server said.
pub(super) async fn mark_unseen(session: &mut Session, plan: &mut Plan) -> Result<(), DbError> {
    let dialect = dialect::of(session.platform());
    for renamed in plan.renamed() {
        let Some(query) = dialect.rights_query(&renamed.from) else { return Ok(()) };
        if seen(session, &query).await?.is_none() {
            mark(plan, &renamed);
        }
    }
    Ok(())
}

fn mark(plan: &mut Plan, renamed: &Renamed) {
    let Renamed { from, to, .. } = renamed;
    let why = format!(
        "rights that somebody has on {from} or its columns stay with the old names, because this login cannot see them: it \
         lacks SELECT on mysql.tables_priv and mysql.columns_priv"
    );
    let changes: Vec<usize> = (0..plan.changes.len()).filter(|at| renames(&plan.changes[*at].change, to)).collect();
    for step in plan.steps.iter_mut().filter(|step| step.changes.iter().any(|change| changes.contains(change))) {
        step.hazards.push(HazardNote::new(Hazard::ChangesPrivileges, why.clone()));
    }
}

/// Whether a change gives this table or something in it another name.
fn renames(change: &Change, table: &QName) -> bool {
    match change {
        Change::RenameTable { to, .. } => to == table,
        Change::RenameColumn { table: its, .. }
        | Change::MergeColumn { table: its, .. }
        | Change::ReplaceColumn { table: its, .. } => its == table,
        _ => false,
    }
}

/// The rights that a query finds, if this login may see them.
async fn seen(session: &mut Session, query: &str) -> Result<Option<Vec<Texts>>, DbError> {
    match session.texts(query).await {
        Ok(rights) => Ok(Some(rights)),
        Err(error) if error.trouble == Trouble::Privilege => Ok(None),
        Err(error) => Err(error),
    }
}

async fn one(session: &mut Session, renamed: &Renamed) -> Result<(), DbError> {
    let dialect = dialect::of(session.platform());
    let Some(query) = dialect.rights_query(&renamed.from) else { return Ok(()) };
    let Some(rights) = seen(session, &query).await? else {
        let Renamed { from, to, .. } = renamed;
        tracing::warn!(%from, %to, "this login cannot see rights of others: those on the old name stay with it");
        return Ok(());
    };
    for sql in dialect.rights_follow(&rights, renamed) {
        tracing::info!(sql, "rights follow what was renamed");
        session
            .execute(&sql)
            .await
            .map_err(|error| error.with_remedy(format!("the plan ran; grant by hand: {sql}")))?;
    }
    Ok(())
}
