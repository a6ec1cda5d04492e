//! Columns of tables that stay, and which pieces of an `ALTER TABLE` go together.

use std::collections::{BTreeMap, BTreeSet};

use super::create::check;
use super::knots::{has_order, untied};
use super::names::quote;
use super::ops::{Batch, is_replaced, leads_with};
use super::options::comment;
use super::piece::{Lane, Phase, Piece, Slot};
use super::tables::{self, alter_one};
use super::tokens::mentioned;
use super::types::is_textual;
use super::{facts, hazards, members};
use crate::dialect::rank;
use crate::model::{Change, Check, Column, Generated, Hazard, Index, Object, Op, Property, QName};

/// The changes of one column's properties: one `MODIFY` for all.
#[derive(Clone, Default)]
struct Altered<'a> {
    numbers: Vec<usize>,
    properties: Vec<Property>,
    fill: Option<(usize, &'a String)>,
}

impl Batch<'_> {
    /// The operations that change one table.
    pub fn alter(&self, table: &QName) -> Vec<Op> {
        let joined = self.join(table, self.pieces(table));
        let merged = merge(joined.clone());
        let pieces = if has_order(&merged) { merged } else { untied(joined) };
        pieces.into_iter().map(Piece::into_op).collect()
    }

    fn pieces(&self, table: &QName) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut altered: BTreeMap<&str, Altered<'_>> = BTreeMap::new();
        for (number, change) in self.changes_of(table) {
            match change {
                Change::AddColumn { to, fill: None, .. } => pieces.push(self.add_column(number, table, to)),
                Change::AddColumn { to, fill: Some(fill), .. } => {
                    pieces.push(self.add_filled(number, table, to, fill));
                }
                Change::DropColumn { from, .. } => pieces.push(self.drop_column(number, table, from)),
                Change::MergeColumn { from, to, how, .. } => {
                    pieces.extend(self.merge_column(number, table, (from, to), how));
                }
                Change::ReplaceColumn { from, to, expr, .. } => {
                    pieces.push(self.replace_column(number, table, (from, to), expr));
                }
                Change::AlterColumn { property, to, fill, .. } => {
                    let column = altered.entry(&to.name).or_default();
                    column.numbers.push(number);
                    column.properties.push(*property);
                    column.fill = fill.as_ref().map(|fill| (number, fill)).or(column.fill);
                }
                Change::AlterTableComment { to, .. } => pieces.push(comment(number, table, to.as_deref())),
                Change::AlterTableOption { option, to, .. } => {
                    pieces.push(self.option(number, table, option, to.as_deref()));
                }
                _ => pieces.extend(self.member_piece(number, change)),
            }
        }
        pieces.extend(altered.iter().filter_map(|(name, altered)| self.alter_column(table, name, altered)));
        pieces
    }

    fn add_column(&self, number: usize, table: &QName, column: &Column) -> Piece {
        let mut piece = Piece::new(table, number, "add column", &column.name, Phase::Change, rank::ADD_COLUMN);
        piece.hazards = self.dialect.adds_column(table, column);
        piece.makes.push(Object::Column(table.clone(), column.name.clone()));
        piece.needs.extend(self.mentions(table, column));
        piece.subject.columns.insert(column.name.clone());
        piece.lane = lane(column);
        self.number(&mut piece, column);
        if hazards::needs_value(column) {
            piece.preconditions.push(facts::no_value(number, table, &column.name));
        }
        piece.clause(Slot::AddColumn, format!("ADD COLUMN {}", self.dialect.column(column)))
    }

    /// The server numbers rows only where a key begins with the column.
    fn number(&self, piece: &mut Piece, column: &Column) {
        if column.identity.is_some() {
            piece.needs.push(tables::key(&piece.table, std::slice::from_ref(&column.name)));
        }
        piece.subject.numbers |= column.identity.is_some() || self.numbering(&piece.table).contains(&column.name);
    }

    fn drop_column(&self, number: usize, table: &QName, column: &Column) -> Piece {
        let mut piece = Piece::new(table, number, "drop column", &column.name, Phase::DropColumn, rank::DROP_COLUMN);
        piece.hazards = self.dialect.drops_column(table, column);
        piece.drops.push(Object::Column(table.clone(), column.name.clone()));
        if let (Some(before), Some(generated)) = (self.before(table), &column.generated) {
            piece.frees.extend(members::columns_of(before, &generated.expr));
        }
        piece.subject.columns.insert(column.name.clone());
        piece.subject.numbers = column.identity.is_some();
        piece.lane = lane(column);
        piece.clauses.extend(self.stranded(table, &column.name));
        for check in self.baseless_checks(table) {
            piece.hazards.extend(self.dialect.adds_check(table, check.name.as_deref().unwrap_or_default()));
            piece.clauses.extend(self.check_made_anew(check));
        }
        piece.clause(Slot::DropColumn, format!("DROP COLUMN {}", quote(&column.name)))
    }

    /// Indexes over a column that goes and that nobody else drops. One over several columns would stop the drop.
    pub fn stranded(&self, table: &QName, column: &str) -> Vec<(Slot, String)> {
        let several = self.going_along(table, column).filter(|index| index.parts.len() > 1);
        several
            .filter_map(|index| index.name.as_deref())
            .map(|name| (Slot::DropIndex, format!("DROP INDEX {}", quote(name))))
            .collect()
    }

    /// Checks that stay and mention no column. MariaDB takes each of them for one that goes with any column.
    pub fn baseless_checks(&self, table: &QName) -> Vec<&Check> {
        let (Some(before), Some(after)) = (self.before(table), self.after(table)) else { return Vec::new() };
        let stays = |own: &&Check| after.checks.contains(own) && members::columns_of(before, &own.expr).is_empty();
        before.checks.iter().filter(|_| self.dialect.is_mariadb()).filter(stays).collect()
    }

    /// Drops a check and makes it again in the same statement.
    pub fn check_made_anew(&self, own: &Check) -> [(Slot, String); 2] {
        let name = own.name.as_deref().unwrap_or_default();
        [(Slot::DropConstraint, self.dialect.drop_check(name)), (Slot::AddConstraint, format!("ADD {}", check(own)))]
    }

    /// Indexes over a column that go with it, because no change is about them.
    pub fn going_along(&self, table: &QName, column: &str) -> impl Iterator<Item = &Index> {
        let changed: BTreeSet<_> = self
            .changes_of(table)
            .filter_map(|(_, change)| match change {
                Change::DropMember { from, .. } | Change::AlterMember { from, .. } => from.name(),
                _ => None,
            })
            .collect();
        let indexes = self.before(table).map_or(&[][..], |table| &table.indexes);
        let over = move |index: &&Index| index.columns().any(|own| own == column);
        indexes
            .iter()
            .filter(over)
            .filter(move |index| !index.name.as_deref().is_some_and(|name| changed.contains(name)))
    }

    /// What else of the table a column's definition mentions.
    pub fn mentions(&self, table: &QName, column: &Column) -> Vec<Object> {
        let Some(after) = self.after(table) else { return Vec::new() };
        let expressions =
            [column.generated.as_ref().map(|g| &g.expr), column.default.as_ref(), column.options.get("check")];
        let mut objects: Vec<Object> =
            expressions.into_iter().flatten().flat_map(|expr| members::columns_of(after, expr)).collect();
        objects.retain(|object| *object != Object::Column(table.clone(), column.name.clone()));
        objects
    }

    fn alter_column(&self, table: &QName, name: &str, altered: &Altered<'_>) -> Option<Piece> {
        let (before, after) = (self.before(table)?, self.after(table)?);
        let (from, to) = (before.column(name)?, after.column(name)?);
        let mut piece = Piece::new(table, altered.numbers[0], "alter column", name, Phase::Change, rank::ALTER_COLUMN);
        piece.changes = altered.numbers.iter().copied().collect();
        for property in &altered.properties {
            piece.hazards.extend(self.dialect.alters_column(before, *property, from, to));
        }
        piece.needs.extend(self.mentions(table, to));
        if let Some(old) = &from.generated {
            piece.frees.extend(members::columns_of(before, &old.expr));
        }
        piece.subject.columns.insert(name.to_owned());
        if from.identity != to.identity {
            self.number(&mut piece, to);
        }
        piece.subject.nulls = from.nullable != to.nullable;
        piece.subject.reshapes = altered.properties.iter().any(|property| reshapes(*property));
        if piece.subject.reshapes {
            piece.drops.push(Object::Column(table.clone(), name.to_owned()));
            piece.makes.push(Object::Column(table.clone(), name.to_owned()));
        }
        self.becomes_not_null(&mut piece, from, to, altered);
        let retyped = altered.properties.iter().position(|property| *property == Property::Type);
        let vendor = self.dialect.platform.vendor;
        let asked = retyped.and_then(|at| facts::of_type(altered.numbers[at], table, from, to, vendor));
        piece.preconditions.extend(asked);
        Some(if is_replaced(from, to) { self.replace(piece, from, to) } else { self.modify(piece, to) })
    }

    fn becomes_not_null(&self, piece: &mut Piece, from: &Column, to: &Column, altered: &Altered<'_>) {
        if let Some((_, fill)) = altered.fill {
            piece.alone = true;
            piece.rows = self.fill(&piece.table, &to.name, &to.name, fill);
            piece.hazards.extend(hazards::fills(&piece.table, &to.name));
        } else if from.nullable && !to.nullable && to.generated.is_none() {
            let number = altered.properties.iter().position(|property| *property == Property::Nullable);
            let number = number.map_or(altered.numbers[0], |at| altered.numbers[at]);
            piece.preconditions.push(facts::nulls(number, &piece.table, &from.name));
        }
    }

    fn modify(&self, piece: Piece, to: &Column) -> Piece {
        piece.clause(Slot::Modify, format!("MODIFY COLUMN {}", self.dialect.column(to)))
    }

    /// A column that is computed when read cannot become anything else: it is dropped and made anew, stored first if it
    /// is to keep its values. Its indexes and checks are made anew with it.
    fn replace(&self, mut piece: Piece, from: &Column, to: &Column) -> Piece {
        let table = piece.table.clone();
        let indexes = self.indexes_on(&table, &from.name);
        piece.hazards.extend(indexes.iter().map(|index| hazards::index_anew(&table, index)));
        piece.clauses.extend(indexes.into_iter().flat_map(|index| self.made_anew(index)));
        let checks = self.checks_on(&table, &from.name).into_iter().chain(self.baseless_checks(&table));
        piece.clauses.extend(checks.flat_map(|own| self.check_made_anew(own)));
        let mut first = to.clone();
        if let (Some(old), None) = (&from.generated, &to.generated) {
            first =
                Column { generated: Some(Generated { stored: true, ..old.clone() }), nullable: true, ..from.clone() };
            piece.after.push(alter_one(&table, format!("MODIFY COLUMN {}", self.dialect.column(to))));
            piece.alone = true;
        }
        piece
            .clause(Slot::DropColumn, format!("DROP COLUMN {}", quote(&from.name)))
            .clause(Slot::AddColumn, format!("ADD COLUMN {}", self.dialect.column(&first)))
    }

    /// The indexes over a column that stay as they are.
    fn indexes_on(&self, table: &QName, column: &str) -> Vec<&Index> {
        let (Some(before), Some(after)) = (self.before(table), self.after(table)) else { return Vec::new() };
        let over = |index: &&Index| index.columns().any(|own| own == column) && after.indexes.contains(index);
        before.indexes.iter().filter(over).collect()
    }

    /// The checks over a column that stay as they are. Some go with the column, some keep it from going.
    fn checks_on(&self, table: &QName, column: &str) -> Vec<&Check> {
        let (Some(before), Some(after)) = (self.before(table), self.after(table)) else { return Vec::new() };
        let over = |own: &&Check| !mentioned(&own.expr, [column]).is_empty() && after.checks.contains(own);
        before.checks.iter().filter(over).collect()
    }

    /// Joins the pieces that only work within one statement.
    fn join(&self, table: &QName, pieces: Vec<Piece>) -> Vec<Piece> {
        let numbered = self.numbering(table);
        let mut groups: Vec<Vec<Piece>> = Vec::new();
        for piece in pieces {
            let belongs = |group: &Vec<Piece>| group.iter().any(|other| self.inseparable(&numbered, other, &piece));
            let (mut with, rest): (Vec<_>, Vec<_>) = groups.into_iter().partition(|group| belongs(group));
            groups = rest;
            let mut group = with.drain(..).flatten().collect::<Vec<_>>();
            group.push(piece);
            groups.push(group);
        }
        groups.into_iter().filter_map(|group| group.into_iter().reduce(absorbed)).collect()
    }

    /// The columns with AUTO_INCREMENT before or after.
    fn numbering(&self, table: &QName) -> BTreeSet<String> {
        let tables = [self.before(table), self.after(table)];
        let columns = tables.into_iter().flatten().flat_map(|table| &table.columns);
        columns.filter(|column| column.identity.is_some()).map(|column| column.name.clone()).collect()
    }

    fn inseparable(&self, numbered: &BTreeSet<String>, a: &Piece, b: &Piece) -> bool {
        let (one, two) = (&a.subject, &b.subject);
        let shared: BTreeSet<&String> = one.columns.intersection(&two.columns).collect();
        let numbering = shared.iter().any(|column| numbered.contains(*column))
            && [one, two].iter().any(|subject| subject.numbers || subject.old_index.is_some());
        let reshaped_key = |column: &Piece, key: &Piece| {
            column.subject.reshapes && key.subject.old_index.is_some() && key.subject.new_index.is_some()
        };
        let nulls = (one.nulls && two.primary) || (one.primary && two.nulls);
        let textual = |name: &String| {
            self.after(&a.table)
                .and_then(|table| table.column(name))
                .is_some_and(|column| is_textual(&column.data_type))
        };
        let recollated = |option: &Piece, column: &Piece| {
            let of_column = column.phase == Phase::Change && !column.subject.numbers;
            option.subject.recollates && of_column && column.subject.columns.iter().any(textual)
        };
        // In one statement the counter goes on where it stood, for another column too.
        numbering
            || (one.numbers && two.numbers)
            || (!shared.is_empty() && (nulls || reshaped_key(a, b) || reshaped_key(b, a)))
            || self.takes_place(a, b)
            || self.takes_place(b, a)
            || recollated(a, b)
            || recollated(b, a)
            || (one.recollates && two.recollates)
    }

    /// Whether an index that comes takes the place of one that goes behind a foreign key that stays.
    fn takes_place(&self, gone: &Piece, came: &Piece) -> bool {
        let (Some(old), Some(new)) = (&gone.subject.old_index, &came.subject.new_index) else { return false };
        self.serves(&gone.table, old).iter().any(|columns| leads_with(new, columns))
    }
}

fn absorbed(mut one: Piece, other: Piece) -> Piece {
    one.absorb(other);
    one
}

/// Pieces of one phase and lane with the same hazards become one statement, and those that fill columns one walk.
fn merge(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut merged: Vec<Piece> = Vec::new();
    let mut places: BTreeMap<(Phase, Lane, BTreeSet<Hazard>), usize> = BTreeMap::new();
    for piece in pieces {
        if piece.alone {
            match merged.iter_mut().find(|other| other.fills_along_with(&piece)) {
                Some(other) => other.absorb(piece),
                None => merged.push(piece),
            }
            continue;
        }
        match places.entry((piece.phase, piece.lane, piece.hazard_kinds())) {
            std::collections::btree_map::Entry::Occupied(place) => merged[*place.get()].absorb(piece),
            std::collections::btree_map::Entry::Vacant(place) => {
                place.insert(merged.len());
                merged.push(piece);
            }
        }
    }
    merged
}

/// Whether the values of the column become others, so that what hangs on it has to wait or make way.
fn reshapes(property: Property) -> bool {
    matches!(property, Property::Type | Property::Collation | Property::Generated | Property::Identity)
}

/// What a column shares no statement with.
fn lane(column: &Column) -> Lane {
    let computed = column.generated.as_ref().is_some_and(|generated| !generated.stored);
    if computed { Lane::Virtual } else { Lane::Usual }
}
