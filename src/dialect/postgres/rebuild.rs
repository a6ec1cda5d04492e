//! Columns that have to be dropped and made anew, and what hangs on them and comes back with them.
//!
//! PostgreSQL changes no type under a generated column and, before version 17, no expression. With
//! a column it silently drops every key, index and check that uses it: whatever of these is to
//! stay is made again here. Foreign keys are taken care of in `detours`.

use super::alter::{Alteration, expression_columns, stands_alone};
use super::batch::{Batch, expressions, uses_column};
use super::columns::add_plain;
use super::names::{cut, ident, qualified};
use super::text::{mentions, whole};
use super::{identity, members, rights};
use crate::dialect::rank;
use crate::model::{Column, Hazard, HazardNote, Member, MemberKind, Op, Pace, QName, Table, working_name};

/// What goes before something and comes back after it.
#[derive(Debug, Default)]
pub(super) struct Around {
    pub(super) before: Vec<String>,
    pub(super) after: Vec<String>,
    /// The changes that are carried out on the way.
    pub(super) changes: Vec<usize>,
    /// What that means for indexes that stay.
    pub(super) hazards: Vec<HazardNote>,
}

/// Whether a generated column is dropped and made anew by the change of another column's type, with
/// all of its own changes.
pub(super) fn absorbs(batch: &Batch<'_>, table: &QName, column: &str) -> bool {
    let Some(before) = batch.table_before(table) else { return false };
    let generated = before.column(column).and_then(|column| column.generated.as_ref());
    let changes_type = |name: &str| retyped(batch, table, name);
    generated.is_some_and(|generated| {
        before.columns.iter().any(|other| mentions(&generated.expr, &other.name) && changes_type(&other.name))
    })
}

fn retyped(batch: &Batch<'_>, table: &QName, column: &str) -> bool {
    use crate::model::Property::{Collation, Type};
    batch.alterations(table, column).any(|(_, property)| matches!(property, Type | Collation))
}

/// The generated columns that have to go while a column gets another type. They come back as they
/// will be after the whole batch.
pub(super) fn around(batch: &Batch<'_>, table: &QName, column: &str) -> Around {
    let mut around = Around::default();
    let Some(before) = batch.table_before(table) else { return around };
    for generated in batch.generated_from(before, column) {
        let target = batch.column_after(table, &generated.name).unwrap_or(generated);
        anew(batch, before, target, &mut around);
        around.changes.extend(batch.alterations(table, &generated.name).map(|(index, _)| index));
    }
    around
}

/// Takes a generated column away and brings it back as `target`, with what hangs on it.
pub(super) fn anew(batch: &Batch<'_>, table: &Table, target: &Column, around: &mut Around) {
    around.before.push(rights::keep_column(&table.name, &target.name));
    around.before.push(format!("ALTER TABLE {} DROP COLUMN {}", qualified(&table.name), ident(&target.name)));
    around.after.extend(add_plain(batch, &table.name, target));
    around.after.push(rights::give_column(&table.name, &target.name, &target.name));
    around.after.extend(members_again(batch, table, &target.name));
    around.hazards.extend(indexes_again(batch, table, &target.name));
}

/// The statements that make the members anew which went with a column.
fn members_again(batch: &Batch<'_>, table: &Table, column: &str) -> Vec<String> {
    let went = batch.staying_members(table).filter(|member| member.kind() != MemberKind::ForeignKey);
    went.filter(|member| uses_column(member, column)).flat_map(|member| members::add(&table.name, &member)).collect()
}

/// That indexes which went with a column are built again over all rows.
fn indexes_again(batch: &Batch<'_>, table: &Table, column: &str) -> Vec<HazardNote> {
    let went = batch.staying_members(table).filter(|member| uses_column(member, column));
    went.filter_map(|member| index_anew(&table.name, &member)).collect()
}

/// That an index which stays is built anew; nothing of foreign keys and checks, which have none.
fn index_anew(table: &QName, member: &Member) -> Option<HazardNote> {
    let builds = !matches!(member.kind(), MemberKind::ForeignKey | MemberKind::Check);
    let why = format!("{}, which stays, is built anew over the rows of {table}", member.label());
    builds.then(|| HazardNote::new(Hazard::BuildsIndex, why))
}

/// Takes away the members whose expressions mention a column, parsed with its old type in mind, and
/// brings them back.
pub(super) fn expressions_on(batch: &Batch<'_>, table: &Table, column: &str, around: &mut Around) {
    let mentioning = batch.staying_members(table).filter(|member| expressions(member).any(|e| mentions(e, column)));
    for member in mentioning {
        around.hazards.extend(index_anew(&table.name, &member));
        around.before.push(members::drop(&table.name, &member));
        around.after.extend(members::add(&table.name, &member));
    }
}

/// Drops a column and makes it anew, because its expression cannot be changed in place. All its
/// other changes are carried out with it.
pub(super) fn recreate(batch: &Batch<'_>, alteration: &Alteration<'_>) -> Op {
    let Alteration { table, from, to, .. } = *alteration;
    let target = batch.column_after(table, &to.name).unwrap_or(to);
    let mut statements = if target.generated.is_some() {
        let drop = format!("ALTER TABLE {} DROP COLUMN {}", qualified(table), ident(&to.name));
        std::iter::once(drop).chain(add_plain(batch, table, target)).collect()
    } else {
        keep_values(batch, table, from, target)
    };
    statements.insert(0, rights::keep_column(table, &to.name));
    statements.push(rights::give_column(table, &to.name, &to.name));
    statements
        .extend(batch.table_before(table).map(|before| members_again(batch, before, &to.name)).unwrap_or_default());
    let mut op = Op::new(vec![alteration.index], format!("change expression of {table}.{}", to.name), statements);
    op.changes.extend(batch.alterations(table, &to.name).map(|(index, _)| index).filter(|i| *i != alteration.index));
    op.rank = rank::ALTER_COLUMN;
    op.pace = Pace::Slow;
    op.frees = expression_columns(batch, table, from);
    op.needs = expression_columns(batch, table, target);
    op.needs.extend(batch.type_object(&target.data_type));
    op.hazards = hazards(table, from, target);
    op.hazards
        .extend(batch.table_before(table).map(|before| indexes_again(batch, before, &to.name)).unwrap_or_default());
    stands_alone(batch, alteration.index, &mut op);
    op
}

fn hazards(table: &QName, from: &Column, to: &Column) -> Vec<HazardNote> {
    let mut hazards = Vec::new();
    if from.generated.is_none() {
        let why = format!("the values of {table}.{} are replaced by computed ones", to.name);
        hazards.push(HazardNote::new(Hazard::DeletesData, why));
        let why = format!("no statement brings back the values of {table}.{}", to.name);
        hazards.push(HazardNote::new(Hazard::CannotBeUndone, why));
    }
    if to.generated.as_ref().is_none_or(|generated| generated.stored) {
        let why = format!("{table}.{} is written anew in every row", to.name);
        hazards.push(HazardNote::new(Hazard::RewritesTable, why));
        let why = format!("{table} can be neither read nor written meanwhile");
        hazards.push(HazardNote::new(Hazard::ExclusiveLock, why));
    }
    hazards
}

/// Turns a computed column into a plain one that holds what was computed last.
fn keep_values(batch: &Batch<'_>, table: &QName, from: &Column, to: &Column) -> Vec<String> {
    let name = qualified(table);
    let working = cut(&working_name(&to.name));
    let plain =
        Column { name: working.clone(), nullable: true, default: None, identity: None, comment: None, ..to.clone() };
    let mut statements = add_plain(batch, table, &plain);
    let (old, new) = (ident(&from.name), ident(&working));
    statements.push(format!("UPDATE {name} SET {new} = {old}::{}", to.data_type));
    statements.push(format!("ALTER TABLE {name} DROP COLUMN {old}"));
    statements.push(format!("ALTER TABLE {name} RENAME COLUMN {new} TO {}", ident(&to.name)));
    let alter = format!("ALTER TABLE {name} ALTER COLUMN {}", ident(&to.name));
    statements.extend(to.default.iter().map(|default| format!("{alter} SET DEFAULT {}", whole(default))));
    statements.extend((!to.nullable).then(|| format!("{alter} SET NOT NULL")));
    statements.extend(identity::transition(batch.from, table, &Column::new(&to.name, &to.data_type), to));
    let comment = to.comment.as_deref();
    statements.extend(comment.map(|text| super::create::column_comment(table, &to.name, Some(text))));
    statements
}
