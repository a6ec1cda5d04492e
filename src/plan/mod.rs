//! Changes ─► an ordered plan.
//!
//! A dialect says what to do for the changes; here the order is worked out from what each operation
//! needs, makes, frees and drops. The same input gives the same plan, byte for byte.

mod join;
mod order;
mod requires;
mod subset;

use std::error::Error;
use std::fmt;

pub use subset::subset;

use crate::dialect::{Dialect, rows};
use crate::model::{Change, Fingerprint, Op, Plan, PlannedChange, Schema, Step};

/// Changes of one kind of batch, with the schema on both sides of them.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// The schema before.
    pub from: &'a Schema,
    /// The schema after.
    pub to: &'a Schema,
    /// What changes.
    pub changes: &'a [Change],
}

/// Operations that need each other in a circle: no order can carry them out.
#[derive(Debug, PartialEq, Eq)]
pub struct Circle {
    /// What the operations are called.
    pub titles: Vec<String>,
}

impl fmt::Display for Circle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "these steps need each other in a circle: {}", self.titles.join(" → "))
    }
}

impl Error for Circle {}

/// The plan that carries out the renames first and everything else after them.
///
/// # Errors
/// [`Circle`] when no order can carry them out.
pub fn build(
    dialect: &dyn Dialect,
    start: Fingerprint,
    renames: Batch<'_>,
    rest: Batch<'_>,
    left_out: Vec<Change>,
) -> Result<Plan, Circle> {
    let first = ordered(dialect, renames, 0)?;
    let then = ordered(dialect, rest, renames.changes.len())?;
    let all: Vec<Change> = renames.changes.iter().chain(rest.changes).cloned().collect();
    let mut requires = vec![Vec::new(); all.len()];
    requires::within(dialect, renames, 0, &mut requires);
    requires::within(dialect, rest, renames.changes.len(), &mut requires);
    requires::across(&all, renames.changes.len(), &mut requires);
    let changes = all.into_iter().zip(requires).map(|(change, requires)| PlannedChange { change, requires }).collect();
    let steps = first.into_iter().chain(then).collect();
    Ok(Plan { engine: dialect.platform().engine(), start, end: None, changes, left_out, steps })
}

/// The plan with more changes after all that it has. They require nothing.
///
/// # Errors
/// [`Circle`] when no order can carry them out.
pub fn followed(mut plan: Plan, dialect: &dyn Dialect, batch: Batch<'_>) -> Result<Plan, Circle> {
    plan.steps.extend(ordered(dialect, batch, plan.changes.len())?);
    let planned = |change: &Change| PlannedChange { change: change.clone(), requires: Vec::new() };
    plan.changes.extend(batch.changes.iter().map(planned));
    Ok(plan)
}

/// The statements that build a schema from nothing, in order.
///
/// # Errors
/// [`Circle`] when no order can build it.
pub fn creation(dialect: &dyn Dialect, schema: &Schema) -> Result<Vec<Step>, Circle> {
    addition(dialect, &Schema::default(), schema)
}

/// The statements that build what one schema has more than another, in order.
///
/// # Errors
/// [`Circle`] when no order can build it.
pub fn addition(dialect: &dyn Dialect, from: &Schema, to: &Schema) -> Result<Vec<Step>, Circle> {
    let there = creates(from);
    let changes: Vec<_> = creates(to).into_iter().filter(|change| !there.contains(change)).collect();
    ordered(dialect, Batch { from, to, changes: &changes }, 0)
}

/// The changes that create everything in a schema.
pub fn creates(schema: &Schema) -> Vec<Change> {
    let namespaces = schema.namespaces.iter().map(|name| Change::CreateNamespace { name: name.clone() });
    let extensions = schema.extensions.iter().map(|name| Change::CreateExtension { name: name.clone() });
    let enums = schema.enums.values().map(|to| Change::CreateEnum { to: to.clone() });
    let tables = schema.tables.values().map(|to| Change::CreateTable { to: to.clone() });
    namespaces.chain(extensions).chain(enums).chain(tables).collect()
}

/// The steps of one batch, their changes counted from `offset`.
fn ordered(dialect: &dyn Dialect, batch: Batch<'_>, offset: usize) -> Result<Vec<Step>, Circle> {
    if batch.changes.is_empty() {
        return Ok(Vec::new());
    }
    let ops = join::walks(dialect.ops(batch.from, batch.to, batch.changes));
    let order = order::order(&ops)?;
    let mut ops: Vec<Option<Op>> = ops.into_iter().map(Some).collect();
    Ok(order.into_iter().filter_map(|index| ops[index].take()).map(|op| step(dialect, op, offset)).collect())
}

fn step(dialect: &dyn Dialect, op: Op, offset: usize) -> Step {
    let mut step = Step::from(op);
    let lists = step.preconditions.iter_mut().map(|precondition| &mut precondition.changes);
    lists.chain([&mut step.changes]).flatten().for_each(|change| *change += offset);
    if let Some((_, work)) = &mut step.rows {
        work.shown = rows::described(dialect, work);
    }
    step
}
