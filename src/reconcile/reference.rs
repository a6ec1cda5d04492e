//! The declared schema as a server reads it back.

use super::{ReconcileError, Reconciler, copy};
use crate::db::{Connection, Session};
use crate::desired::{Declared, Wanted};
use crate::dialect;
use crate::model::{Fingerprint, Platform, Schema};
use crate::plan;

/// What every tenant on servers of one kind should look like.
#[derive(Debug)]
pub struct Reference {
    /// The server that read it back.
    pub platform: Platform,
    /// The declared schema that it was built from: renames, scope, extras.
    pub wanted: Wanted,
    /// What was read back, without what is ignored. Names that nobody declared are `None`.
    pub schema: Schema,
    /// The names of namespaces and such that the declared schema holds, as a fingerprint.
    pub fingerprint: Fingerprint,
}

/// Builds the reference on the session's server.
pub(super) async fn build(
    reconciler: &Reconciler,
    session: &mut Session,
    declared: &Declared,
) -> Result<Reference, ReconcileError> {
    let platform = session.platform().clone();
    let dialect = dialect::of(&platform);
    let wanted = declared.wanted(&*dialect).map_err(ReconcileError::Declared)?;
    let steps = plan::creation(&*dialect, &wanted.schema)?;
    let mut scratch = reconciler.empty_scratch(session, &wanted.schema).await?;
    let built = match declared.sql() {
        Some(sql) => scratch.session.script(sql).await.map_err(|error| ("the script".to_owned(), error)),
        None => copy::build(&mut scratch.session, &steps).await,
    };
    let read = match built {
        Ok(()) => scratch.session.read().await.map_err(ReconcileError::Scratch),
        Err((step, error)) => Err(ReconcileError::Unbuildable { server: platform.to_string(), step, error }),
    };
    let discarded = scratch.discard().await;
    let mut schema = wanted.scope.apply(read?.schema);
    discarded.map_err(ReconcileError::Scratch)?;
    forget_undeclared_names(&mut schema, &wanted.schema, declared.sql().is_some());
    let fingerprint = Fingerprint::of(&schema);
    Ok(Reference { platform, wanted, schema, fingerprint })
}

/// Names that nobody declared are the server's business and are not compared.
fn forget_undeclared_names(read: &mut Schema, declared: &Schema, from_sql: bool) {
    for (name, table) in &mut read.tables {
        let Some(key) = &mut table.primary_key else { continue };
        let chosen_by_server = match declared.tables.get(name).and_then(|table| table.primary_key.as_ref()) {
            Some(declared) => declared.name.is_none(),
            None => from_sql && key.name.as_deref() == Some(&format!("{}_pkey", name.name)),
        };
        if chosen_by_server {
            key.name = None;
        }
    }
}
