//! NOT NULL without reading the rows under a lock that keeps everybody away.
//!
//! A check under a working name holds for new rows, then it is validated while others write, and then the
//! server believes it and reads nothing. A check that a run left behind which did not end is taken up again.

use super::alter::{Alteration, NOT_NULL, op};
use super::batch::Batch;
use super::facts;
use super::fill::fill_existing;
use super::impact;
use super::member_ops::validate;
use super::members;
use super::names::{spell, working};
use crate::model::{Change, Check, Hazard, HazardNote, Member, Object, Op, Property, QName};

/// The operations that make a column NOT NULL, in order.
pub(super) fn ops(batch: &Batch<'_>, alteration: &Alteration<'_>) -> Vec<Op> {
    let Alteration { table, to, index, .. } = *alteration;
    let check = working_check(&to.name);
    let left = left_over(batch, table, &to.name);
    let mut ops: Vec<Op> = fill(batch, alteration).into_iter().collect();
    if left.is_none() {
        ops.push(add_check(alteration, &check));
    }
    if left.is_none_or(|left| members::is_set(&left.options, "not_valid")) {
        ops.push(validated(index, table, &check));
    }
    ops.push(believed(batch, alteration, &check, left));
    if let [first, rest @ ..] = ops.as_mut_slice() {
        first.preconditions.extend(precondition(batch, alteration));
        rest.iter_mut().for_each(|op| op.needs.extend(first.makes.iter().cloned()));
    }
    ops
}

/// The operations that make a column NOT NULL which has the check, and had no NULLs when it got it.
pub(super) fn proved(batch: &Batch<'_>, alteration: &Alteration<'_>) -> [Op; 2] {
    let check = working_check(&alteration.to.name);
    [validated(alteration.index, alteration.table, &check), believed(batch, alteration, &check, None)]
}

/// The check of a column, for the operations that need it to be there.
pub(super) fn check_of(table: &QName, column: &str) -> Object {
    Object::Member(table.clone(), working_check(column).label())
}

fn precondition(batch: &Batch<'_>, alteration: &Alteration<'_>) -> Option<crate::model::Precondition> {
    let Alteration { table, to, fill, index, .. } = *alteration;
    match fill {
        Some(fill) => facts::fill_gives_values(batch, index, table, to, fill),
        None => Some(facts::no_nulls(batch, index, table, &to.name)),
    }
}

/// Gives a value to the rows that have none.
fn fill(batch: &Batch<'_>, alteration: &Alteration<'_>) -> Option<Op> {
    let Alteration { table, to, fill, index, .. } = *alteration;
    let mut op = fill_existing(batch, index, table, to, fill?)?;
    op.rank = NOT_NULL;
    Some(op)
}

fn add_check(alteration: &Alteration<'_>, check: &Member) -> Op {
    let Alteration { table, to, index, .. } = *alteration;
    let title = format!("let {table}.{} have no new NULLs", to.name);
    let mut op = Op::new(vec![index], title, members::add(table, check));
    op.rank = NOT_NULL + 1;
    op.makes = vec![Object::Member(table.clone(), check.label())];
    impact::ADD_CHECK.applies(&mut op, table);
    op
}

fn validated(index: usize, table: &QName, check: &Member) -> Op {
    let mut op = validate(index, table, check);
    op.rank = NOT_NULL + 2;
    op.needs = vec![Object::Member(table.clone(), check.label())];
    op.hazards.clear();
    op
}

/// What was proved is believed, and the check goes.
fn believed(batch: &Batch<'_>, alteration: &Alteration<'_>, check: &Member, left: Option<&Check>) -> Op {
    let Alteration { table, to, .. } = *alteration;
    let set = format!("{} SET NOT NULL", alteration.alter());
    let mut believed = op(alteration, "nullability", vec![set, members::drop(table, check)], NOT_NULL + 3);
    impact::SET_NOT_NULL.applies(&mut believed, table);
    let why = format!("rows of {table} may have no value for {}", to.name);
    believed.hazards.push(HazardNote::new(Hazard::MayFailOnData, why));
    let object = Object::Member(table.clone(), check.label());
    if left.is_some() {
        believed.changes.extend(removal(batch, table, check));
        believed.drops = vec![object];
    } else {
        believed.needs = vec![object];
    }
    believed
}

/// The check that stands for NOT NULL until it is proved.
pub(super) fn working_check(column: &str) -> Member {
    let expr = format!("{} IS NOT NULL", spell(column));
    let options = [("not_valid".to_owned(), "true".to_owned())].into();
    let check = Member::Check(Check { name: None, expr, options, comment: None });
    let name = working(&check, column);
    check.called(Some(name))
}

/// The check that a run left which did not end.
fn left_over<'a>(batch: &Batch<'a>, table: &QName, column: &str) -> Option<&'a Check> {
    let Member::Check(wanted) = working_check(column) else { return None };
    let checks = &batch.table_before(table)?.checks;
    checks.iter().find(|check| check.name == wanted.name && check.expr == wanted.expr)
}

/// The change that would remove a check.
fn removal(batch: &Batch<'_>, table: &QName, check: &Member) -> Option<usize> {
    batch.changes.iter().position(|change| match change {
        Change::DropMember { table: t, from } => {
            t == table && from.kind() == check.kind() && from.name() == check.name()
        }
        _ => false,
    })
}

/// Whether a check that would be removed proves what a change of this batch is about to say.
pub(super) fn is_taken_up(batch: &Batch<'_>, table: &QName, check: &Member) -> bool {
    batch.changes.iter().any(|change| match change {
        Change::AlterColumn { table: t, property: Property::Nullable, to, .. } if t == table && !to.nullable => {
            let left = left_over(batch, table, &to.name);
            left.is_some_and(|left| left.name.as_deref() == check.name())
                && super::alter::is_on_its_own(batch, table, &to.name)
        }
        _ => false,
    })
}
