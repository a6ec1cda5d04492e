//! Operations on enum types.

use std::collections::BTreeSet;

use super::batch::Batch;
use super::create::enum_type;
use super::members::comment_text;
use super::names::{cut, ident, literal, qualified};
use super::rebuild::{self, Around};
use super::text::whole;
use super::{facts, rights};
use crate::dialect::rank;
use crate::model::{Change, Column, EnumType, Hazard, HazardNote, Object, Op, Pace, Property, QName, Table};

/// Creates an enum type.
pub(super) fn create(change: usize, to: &EnumType) -> Op {
    let statements = std::iter::once(enum_type(&to.name, &to.labels))
        .chain(to.comment.as_deref().map(|text| comment(&to.name, Some(text))));
    let mut op = Op::new(vec![change], format!("create enum {}", to.name), statements.collect());
    op.rank = rank::ENUM;
    op.needs.extend(to.name.schema.clone().map(Object::Namespace));
    op.makes = vec![Object::Type(to.name.clone())];
    op
}

/// Drops an enum type.
pub(super) fn drop(change: usize, from: &EnumType) -> Op {
    let statement = format!("DROP TYPE {}", qualified(&from.name));
    let mut op = Op::new(vec![change], format!("drop enum {}", from.name), vec![statement]);
    op.rank = rank::DROP_TYPE;
    op.frees.extend(from.name.schema.clone().map(Object::Namespace));
    op.drops = vec![Object::Type(from.name.clone())];
    op
}

fn comment(name: &QName, text: Option<&str>) -> String {
    format!("COMMENT ON TYPE {} IS {}", qualified(name), comment_text(text))
}

/// Gives an enum type other labels or another comment.
pub(super) fn alter(batch: &Batch<'_>, change: usize, from: &EnumType, to: &EnumType) -> Vec<Op> {
    let mut ops = Vec::new();
    if from.labels != to.labels {
        ops.push(match additions(&from.labels, &to.labels) {
            Some(places) => add_labels(change, to, &places),
            None => replace(batch, change, from, to),
        });
    }
    if from.comment != to.comment {
        let statement = comment(&to.name, to.comment.as_deref());
        let mut op = Op::new(vec![change], format!("change comment of {}", to.name), vec![statement]);
        op.rank = rank::COMMENT;
        ops.push(op);
    }
    ops
}

/// Where the new labels go, when the old ones stay in their order; `None` when they do not.
fn additions(from: &[String], to: &[String]) -> Option<Vec<String>> {
    let mut old = from.iter().peekable();
    let mut places = Vec::new();
    for (at, label) in to.iter().enumerate() {
        if old.next_if(|next| *next == label).is_some() {
            continue;
        }
        let place = match (at.checked_sub(1), from.first()) {
            (Some(before), _) => format!(" AFTER {}", literal(&to[before])),
            (None, Some(first)) => format!(" BEFORE {}", literal(first)),
            (None, None) => String::new(),
        };
        places.push(format!("{}{place}", literal(label)));
    }
    old.next().is_none().then_some(places)
}

/// A new label cannot be used before it is committed, so it has to run on its own.
fn add_labels(change: usize, to: &EnumType, places: &[String]) -> Op {
    let alter = format!("ALTER TYPE {} ADD VALUE IF NOT EXISTS", qualified(&to.name));
    let statements = places.iter().map(|place| format!("{alter} {place}")).collect();
    let mut op = Op::new(vec![change], format!("add labels to enum {}", to.name), statements);
    op.rank = rank::ENUM;
    op.transactional = false;
    op.makes = vec![Object::Type(to.name.clone())];
    let why = format!("no statement takes a label from {} again", to.name);
    op.hazards.push(HazardNote::new(Hazard::CannotBeUndone, why));
    op
}

/// Labels that go or change places take a new type, to which every column is moved.
fn replace(batch: &Batch<'_>, change: usize, from: &EnumType, to: &EnumType) -> Op {
    let old = to.name.sibling(cut(&format!("undrift_old_{}", to.name.name)));
    let moves = Moves::of(batch, &to.name);
    let mut statements = without_repetitions(moves.around.before);
    statements.push(format!("ALTER TYPE {} RENAME TO {}", qualified(&to.name), ident(&old.name)));
    statements.push(enum_type(&to.name, &to.labels));
    statements.extend(moves.conversions);
    statements.extend(without_repetitions(moves.around.after));
    statements.push(rights::give_type(&old, &to.name));
    statements.push(format!("DROP TYPE {}", qualified(&old)));
    statements.extend(from.comment.as_deref().map(|text| comment(&to.name, Some(text))));
    let mut op = Op::new(vec![change], format!("replace enum {}", to.name), statements);
    op.changes.extend(moves.around.changes);
    op.rank = rank::ALTER_COLUMN - 1;
    op.pace = Pace::Slow;
    op.needs.extend(to.name.schema.clone().map(Object::Namespace));
    op.makes = vec![Object::Type(to.name.clone())];
    op.hazards = hazards(&moves.tables, from, to);
    op.hazards.extend(moves.around.hazards.into_iter().collect::<BTreeSet<_>>());
    super::alter::stands_alone(batch, change, &mut op);
    let columns = moves.columns.iter();
    op.preconditions = columns.filter_map(|(table, c)| facts::no_gone_labels(change, table, c, from, to)).collect();
    op
}

/// Something that hangs on two columns comes up twice.
fn without_repetitions(statements: Vec<String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    statements.into_iter().filter(|statement| seen.insert(statement.clone())).collect()
}

/// What it takes to move every column of an enum type to a new type of the same name.
#[derive(Default)]
struct Moves {
    around: Around,
    conversions: Vec<String>,
    tables: BTreeSet<QName>,
    columns: Vec<(QName, Column)>,
}

impl Moves {
    fn of(batch: &Batch<'_>, name: &QName) -> Self {
        let mut moves = Self::default();
        for table in batch.from.tables.values().filter(|table| !is_dropped(batch, &table.name)) {
            for column in &table.columns {
                if batch.enum_of(&column.data_type).as_ref() == Some(name) {
                    moves.tables.insert(table.name.clone());
                    moves.column(batch, table, column);
                }
            }
        }
        moves
    }

    /// What has the old type in its text goes before and comes back after.
    fn column(&mut self, batch: &Batch<'_>, table: &Table, column: &Column) {
        if column.generated.is_some() {
            rebuild::anew(batch, table, column, &mut self.around);
            return;
        }
        rebuild::expressions_on(batch, table, &column.name, &mut self.around);
        for generated in batch.generated_from(table, &column.name) {
            rebuild::anew(batch, table, generated, &mut self.around);
        }
        let alter = format!("ALTER TABLE {} ALTER COLUMN {}", qualified(&table.name), ident(&column.name));
        self.around.before.extend(column.default.is_some().then(|| format!("{alter} DROP DEFAULT")));
        let array = if column.data_type.ends_with("[]") { "[]" } else { "" };
        let data_type = &column.data_type;
        let cast = format!("{}::text{array}::{data_type}", ident(&column.name));
        self.columns.push((table.name.clone(), column.clone()));
        self.conversions.push(format!("{alter} TYPE {data_type} USING {cast}"));
        if let Some(default) = self.default_after(batch, table, column) {
            self.around.after.insert(0, format!("{alter} SET DEFAULT {}", whole(default)));
        }
    }

    /// The default that a column has with the new labels: the old one may be a label that goes.
    fn default_after<'b>(&mut self, batch: &Batch<'b>, table: &Table, column: &Column) -> Option<&'b String> {
        if batch.conversion_of(&table.name, &column.name).is_some() {
            return None;
        }
        self.around.changes.extend(batch.alteration(&table.name, &column.name, Property::Default));
        batch.column_after(&table.name, &column.name)?.default.as_ref()
    }
}

fn hazards(tables: &BTreeSet<QName>, from: &EnumType, to: &EnumType) -> Vec<HazardNote> {
    let mut hazards = Vec::new();
    let gone: Vec<_> = from.labels.iter().filter(|label| !to.labels.contains(label)).map(String::as_str).collect();
    if !gone.is_empty() {
        let why = format!("rows may have a label that goes: {}", gone.join(", "));
        hazards.push(HazardNote::new(Hazard::MayFailOnData, why));
    }
    for table in tables {
        hazards.push(HazardNote::new(Hazard::RewritesTable, format!("every row of {table} is written anew")));
        let why = format!("{table} can be neither read nor written meanwhile");
        hazards.push(HazardNote::new(Hazard::ExclusiveLock, why));
    }
    hazards
}

fn is_dropped(batch: &Batch<'_>, table: &QName) -> bool {
    batch.changes.iter().any(|change| matches!(change, Change::DropTable { from } if from.name == *table))
}

/// The change that replaces the enum type of a column, if one does.
pub(super) fn rebuild_of(batch: &Batch<'_>, column: &Column) -> Option<usize> {
    let name = batch.enum_of(&column.data_type)?;
    batch.changes.iter().position(|change| match change {
        Change::AlterEnum { from, to } => {
            to.name == name && from.labels != to.labels && additions(&from.labels, &to.labels).is_none()
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn new_labels_find_their_places() {
        assert_eq!(
            additions(&labels("b d"), &labels("a b c d e")).unwrap(),
            ["'a' BEFORE 'b'", "'c' AFTER 'b'", "'e' AFTER 'd'"]
        );
        assert_eq!(additions(&labels("a b"), &labels("b a")), None);
        assert_eq!(additions(&labels("a b"), &labels("a")), None);
    }
}
