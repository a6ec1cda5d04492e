//! The declared schema as a server reads it back.

use std::collections::BTreeMap;

use super::beside::Elsewhere;
use super::given_names::GivenNames;
use super::implicit::{self, Implicit};
use super::{ReconcileError, Reconciler, copy, script, unique};
use crate::db::{Connection, DbError, Session, Trouble};
use crate::desired::{Declared, Wanted};
use crate::dialect;
use crate::model::{Fingerprint, Hash, Opaque, Platform, Schema, Step, Table};
use crate::plan;

/// What every tenant on servers of one kind should look like.
#[derive(Debug)]
pub struct Reference {
    /// The server that read it back.
    pub platform: Platform,
    /// The hash of the declared schema that it was built from.
    pub goal: Hash,
    /// The declared schema that it was built from: renames, scope, extras.
    pub wanted: Wanted,
    /// What was read back, without what is ignored. Names that nobody declared are `None`.
    pub schema: Schema,
    /// The names of namespaces and such that the declared schema holds, as a fingerprint.
    pub fingerprint: Fingerprint,
    /// The names that are `None` in it, as this server gave them.
    pub(super) given_names: GivenNames,
    /// What the server made in it by itself.
    implicit: Implicit,
}

impl Reference {
    /// The fingerprint of a tenant's structure without what the schema ignores.
    pub fn fingerprint_of(&self, structure: Schema) -> Fingerprint {
        Fingerprint::of(&self.wanted.scope.apply(structure))
    }

    /// A schema as it is compared with this one: what the declared schema leaves open, and what servers
    /// decide by themselves, is as it is here.
    pub fn comparable(&self, actual: Schema) -> Schema {
        let mut actual = self.wanted.with_unsaid(actual);
        implicit::align(&mut actual, &self.schema, &self.implicit, self.wanted.extras);
        unique::align(&mut actual, &self.schema, self.platform.engine());
        actual
    }
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
    let script = declared.script(&*dialect).map_err(ReconcileError::Declared)?;
    let (within, elsewhere) = Elsewhere::brought(&wanted.schema, platform.engine());
    let ground = ground(&within);
    let first = plan::creation(&*dialect, &ground)?;
    let then = plan::addition(&*dialect, &ground, &within)?;
    let mut scratch = reconciler.empty_scratch(session, &wanted.schema).await?;
    if script.is_some() && !scratch.stands_apart() {
        let _ = scratch.discard().await;
        return Err(ReconcileError::Scratch(script::no_room()));
    }
    let session = &mut scratch.session;
    let built = match &script {
        Some(script) => {
            copy::create_beside(session, beside).await;
            script::run(session, script).await
        }
        None => build_around(session, &first, beside, &then).await,
    };
    let read = match built {
        Ok(()) => session.read().await.map_err(ReconcileError::Scratch),
        Err((_, error)) if error.trouble == Trouble::NotInTransaction => Err(ReconcileError::Scratch(error)),
        Err((step, error)) => Err(ReconcileError::Unbuildable { server: platform.to_string(), step, error }),
    };
    let discarded = scratch.discard().await;
    let mut schema = wanted.scope.apply(elsewhere.sent_back(read?.schema));
    discarded.map_err(ReconcileError::Scratch)?;
    if let Some(script) = &script {
        let made: Vec<_> = schema.opaque.iter().filter(|object| !is_beside(object, beside)).cloned().collect();
        script.unmodelled(&made).map_err(ReconcileError::Declared)?;
    }
    if let Some(lost) = lost(&wanted.schema, &schema) {
        let error = DbError::new(Trouble::Statement, "read it back", format!("the server made no {lost} of it"));
        let server = platform.to_string();
        return Err(ReconcileError::Unbuildable { server, step: "build the declared schema".to_owned(), error });
    }
    let given_names = GivenNames::forget(&mut schema, &wanted.schema);
    if script.is_some() {
        forget_usual_keys(&mut schema);
    }
    let fingerprint = Fingerprint::of(&schema);
    let implicit = implicit::of(&wanted.schema, &schema, platform.engine());
    let goal = declared.hash();
    Ok(Reference { platform, goal, wanted, schema, fingerprint, given_names, implicit })
}

/// Whether an object is one of the tenant's, which the schema was built beside.
fn is_beside(object: &Opaque, beside: &[Opaque]) -> bool {
    beside.iter().any(|known| (&known.kind, &known.name) == (&object.kind, &object.name))
}

/// What tables stand on. What is not modelled may stand on it too, and tables on that.
fn ground(schema: &Schema) -> Schema {
    Schema { tables: BTreeMap::new(), ..schema.clone() }
}

async fn build_around(
    session: &mut Session,
    first: &[Step],
    beside: &[Opaque],
    then: &[Step],
) -> Result<(), (String, DbError)> {
    copy::build(session, first).await?;
    copy::create_beside(session, beside).await;
    copy::build(session, then).await
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

/// A script says nothing of a primary key whose name is the one that the server gives.
fn forget_usual_keys(read: &mut Schema) {
    for (name, table) in &mut read.tables {
        let usual = format!("{}_pkey", name.name);
        table.primary_key.iter_mut().for_each(|key| drop(key.name.take_if(|name| *name == usual)));
    }
}
