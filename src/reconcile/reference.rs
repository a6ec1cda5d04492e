//! The declared schema as a server reads it back.

use super::{ReconcileError, Reconciler, copy};
use crate::db::{Connection, DbError, Session, Trouble};
use crate::desired::{Declared, Wanted};
use crate::dialect;
use crate::model::{Fingerprint, Opaque, Platform, Schema, Table};
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

/// Builds the reference on the session's server, beside what a tenant has that is not modelled.
pub(super) async fn build(
    reconciler: &Reconciler,
    session: &mut Session,
    declared: &Declared,
    beside: &[Opaque],
) -> Result<Reference, ReconcileError> {
    let platform = session.platform().clone();
    let dialect = dialect::of(&platform);
    let wanted = declared.wanted(&*dialect).map_err(ReconcileError::Declared)?;
    let steps = plan::creation(&*dialect, &wanted.schema)?;
    let mut scratch = reconciler.empty_scratch(session, &wanted.schema).await?;
    copy::create_beside(&mut scratch.session, beside).await;
    let built = match declared.sql() {
        Some(sql) => scratch.session.script(sql).await.map_err(|error| ("the script".to_owned(), error)),
        None => copy::build(&mut scratch.session, &steps).await,
    };
    let read = match built {
        Ok(()) => scratch.session.read().await.map_err(ReconcileError::Scratch),
        Err((_, error)) if error.trouble == Trouble::NotInTransaction => Err(ReconcileError::Scratch(error)),
        Err((step, error)) => Err(ReconcileError::Unbuildable { server: platform.to_string(), step, error }),
    };
    let discarded = scratch.discard().await;
    let mut schema = wanted.scope.apply(read?.schema);
    discarded.map_err(ReconcileError::Scratch)?;
    if let Some(lost) = lost(&wanted.schema, &schema) {
        let error = DbError::new(Trouble::Statement, "read it back", format!("the server made no {lost} of it"));
        let server = platform.to_string();
        return Err(ReconcileError::Unbuildable { server, step: "build the declared schema".to_owned(), error });
    }
    forget_undeclared_names(&mut schema, &wanted.schema, declared.sql().is_some());
    let fingerprint = Fingerprint::of(&schema);
    Ok(Reference { platform, wanted, schema, fingerprint })
}

/// The first declared table, column or constraint that the server accepted and did not make: servers
/// drop some silently that they take for redundant. A reference without it would call its absence
/// "in sync".
fn lost(declared: &Schema, read: &Schema) -> Option<String> {
    for (name, table) in &declared.tables {
        let Some(found) = read.tables.get(name) else { return Some(format!("table {name}")) };
        if let Some(column) = table.columns.iter().find(|column| found.column(&column.name).is_none()) {
            return Some(format!("column {name}.{}", column.name));
        }
        let constraints = [
            (table.primary_key.iter().count(), found.primary_key.iter().count(), "primary key"),
            (unique_keys(table), unique_keys(found), "unique constraint"),
            (table.foreign_keys.len(), found.foreign_keys.len(), "foreign key"),
            (table.checks.len(), found.checks.len(), "check"),
        ];
        if let Some((.., what)) = constraints.into_iter().find(|(wanted, found, _)| wanted > found) {
            return Some(format!("{what} of {name}"));
        }
    }
    None
}

/// Unique constraints and unique indexes together: MySQL makes no difference between them.
fn unique_keys(table: &Table) -> usize {
    table.uniques.len() + table.indexes.iter().filter(|index| index.unique).count()
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
