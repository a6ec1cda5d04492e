//! Foreign keys: dropped before anything else happens to their tables, added after everything.
//!
//! A column in a key does not change its type or collation while the key stands, on either side. So a key over
//! such a column is lifted: dropped and added again, although nobody changes it.

use std::collections::{BTreeMap, BTreeSet};

use super::create::foreign_key;
use super::names::quote;
use super::ops::{Batch, leads_with};
use super::piece::{Phase, Piece, Slot};
use super::{hazards, tables};
use crate::dialect::rank;
use crate::model::{Change, ForeignKey, Index, Member, Object, Op, QName};

/// The keys of one table that go and come, each with the changes it is for.
#[derive(Default)]
struct Moves<'a> {
    drops: Vec<(&'a ForeignKey, Vec<usize>)>,
    adds: Vec<(&'a ForeignKey, Vec<usize>)>,
    lifted: Vec<(&'a ForeignKey, Vec<usize>)>,
}

impl<'a> Batch<'a> {
    /// The operations for foreign keys of tables that stay.
    pub fn foreign_keys(&self) -> Vec<Op> {
        let mut ops = Vec::new();
        for (table, moves) in self.moves() {
            let drops: Vec<_> = moves.drops.iter().chain(&moves.lifted).cloned().collect();
            if !drops.is_empty() {
                let keys: Vec<_> = drops.iter().map(|(key, _)| *key).collect();
                let mut piece = self.drop_keys(table, &keys, &numbers(&drops));
                let comes_back = |(_, causes): &&(&ForeignKey, Vec<usize>)| {
                    moves.lifted.iter().chain(&moves.adds).any(|(_, others)| others == causes)
                };
                let away = drops.iter().filter(comes_back).map(|(key, _)| Member::ForeignKey((*key).clone()).label());
                piece.hazards.extend(away.map(|label| hazards::unguarded(table, &label)));
                ops.push(piece.into_op());
            }
            for group in [moves.adds, moves.lifted].into_iter().filter(|group| !group.is_empty()) {
                let keys: Vec<_> = group.iter().map(|(key, _)| (*key).clone()).collect();
                let mut piece = self.add_keys(table, &keys, &numbers(&group));
                for (key, numbers) in &group {
                    piece.preconditions.extend(numbers.first().and_then(|number| self.orphans(*number, table, key)));
                }
                ops.push(piece.into_op());
            }
        }
        ops
    }

    fn moves(&self) -> BTreeMap<&'a QName, Moves<'a>> {
        let mut all: BTreeMap<&QName, Moves<'_>> = BTreeMap::new();
        for (number, change) in self.numbered() {
            let Some(table) = change.table() else { continue };
            match change {
                Change::AddMember { to: Member::ForeignKey(to), .. } => {
                    all.entry(table).or_default().adds.push((to, vec![number]));
                }
                Change::DropMember { from: Member::ForeignKey(from), .. } => {
                    all.entry(table).or_default().drops.push((from, vec![number]));
                }
                Change::AlterMember { from: Member::ForeignKey(from), to: Member::ForeignKey(to), .. }
                | Change::RenameMember { from: Member::ForeignKey(from), to: Member::ForeignKey(to), .. } => {
                    let moves = all.entry(table).or_default();
                    moves.drops.push((from, vec![number]));
                    moves.adds.push((to, vec![number]));
                }
                _ => {}
            }
        }
        // A dialect is asked change by change as well, and few changes have to do with keys that nobody changes.
        for table in self.from.tables.values().filter(|_| self.reshapes_any()) {
            for key in &table.foreign_keys {
                let causes = self.lifting(&table.name, key);
                if !causes.is_empty() {
                    all.entry(&table.name).or_default().lifted.push((key, causes));
                }
            }
        }
        all
    }

    /// Whether a key that stays has to make way for a while.
    pub fn is_lifted(&self, child: &QName, key: &ForeignKey) -> bool {
        !self.lifting(child, key).is_empty()
    }

    /// The changes for which a key that stays has to make way.
    fn lifting(&self, child: &QName, key: &ForeignKey) -> Vec<usize> {
        if !self.after(child).is_some_and(|table| table.foreign_keys.contains(key)) {
            return Vec::new();
        }
        let mut causes = BTreeSet::new();
        for (table, columns) in [(child, &key.columns), (&key.table, &key.referenced)] {
            let reshaped = self.reshaped(table).iter().filter(|(column, _)| columns.contains(column));
            causes.extend(reshaped.map(|(_, number)| *number));
        }
        causes.into_iter().collect()
    }

    /// Drops foreign keys of a table. Their indexes stay.
    pub fn drop_keys(&self, table: &QName, keys: &[&ForeignKey], numbers: &[usize]) -> Piece {
        let mut piece = Piece::new(table, numbers[0], "", "", Phase::Drop, rank::DROP_FOREIGN_KEY);
        piece.changes = numbers.iter().copied().collect();
        piece.phrases.clear();
        for key in keys {
            let name = key.name.as_deref().unwrap_or_default();
            piece.phrases.push(("drop foreign key", name.to_owned()));
            piece.clauses.push((Slot::DropConstraint, format!("DROP FOREIGN KEY {}", quote(name))));
            piece.drops.push(Object::Member(table.clone(), name.to_owned()));
            piece.frees.extend(column_objects(table, key));
            piece.frees.extend(self.keys_behind(key));
            piece.frees.extend(self.indexes_behind(table, &key.columns));
            self.keep_index(&mut piece, key);
        }
        piece
    }

    /// The index that the server made for an unnamed key would go without a word when the key comes back under its
    /// name: it is declared anew.
    fn keep_index(&self, piece: &mut Piece, key: &ForeignKey) {
        let table = piece.table.clone();
        let Some(after) = self.after(&table) else { return };
        for new in after.foreign_keys.iter().filter(|new| new.columns == key.columns) {
            let indexes = self.maybe_implicit(&table, &key.columns);
            for index in indexes.into_iter().filter(|index| index.name != new.name) {
                let label = index.name.as_deref().unwrap_or_default();
                piece.hazards.extend(self.dialect.adds_index(&table, index, label, false));
                piece.clauses.extend(self.made_anew(index));
            }
        }
    }

    /// Adds foreign keys to a table.
    pub fn add_keys(&self, table: &QName, keys: &[ForeignKey], numbers: &[usize]) -> Piece {
        let mut piece = Piece::new(table, numbers[0], "", "", Phase::Add, rank::ADD_FOREIGN_KEY);
        piece.changes = numbers.iter().copied().collect();
        piece.phrases.clear();
        for key in keys {
            let label = Member::ForeignKey(key.clone()).label();
            piece.hazards.extend(self.dialect.adds_foreign_key(table, &label, &key.table));
            piece.makes.extend(key.name.iter().map(|name| Object::Member(table.clone(), name.clone())));
            piece.phrases.push(("add foreign key", label));
            piece.clauses.push((Slot::AddConstraint, format!("ADD {}", foreign_key(key))));
            piece.needs.push(Object::Table(table.clone()));
            piece.needs.push(Object::Table(key.table.clone()));
            piece.needs.push(tables::key(&key.table, &key.referenced));
            piece.needs.extend(column_objects(table, key));
            piece.needs.extend(self.new_indexes(table, &key.columns));
            self.keep_shared_index(&mut piece, key);
        }
        piece
    }

    /// The index that the server made for another key over the same columns would take this key's name: it is
    /// declared anew.
    fn keep_shared_index(&self, piece: &mut Piece, key: &ForeignKey) {
        let table = piece.table.clone();
        let before = self.before(&table).map_or(&[][..], |table| &table.foreign_keys);
        if !before.iter().any(|old| old.columns == key.columns && old != key) {
            return;
        }
        for index in self.maybe_implicit(&table, &key.columns) {
            piece.hazards.push(hazards::index_anew(&table, index));
            let clauses = self.made_anew(index).into_iter().filter(|clause| !piece.clauses.contains(clause));
            piece.clauses.extend(clauses.collect::<Vec<_>>());
        }
    }

    /// What a foreign key uses on the other side.
    pub fn keys_behind(&self, key: &ForeignKey) -> Vec<Object> {
        let mut objects = vec![Object::Table(key.table.clone()), tables::key(&key.table, &key.referenced)];
        objects.extend(self.indexes_behind(&key.table, &key.referenced));
        objects
    }

    /// The indexes of a table, as it is before, that a foreign key over these columns may use.
    fn indexes_behind(&self, table: &QName, columns: &[String]) -> Vec<Object> {
        let indexes = self.before(table).map_or(&[][..], |table| &table.indexes);
        members(table, indexes, columns)
    }

    /// The indexes, as the table is after, that come first, so that the server makes none of its own.
    fn new_indexes(&self, table: &QName, columns: &[String]) -> Vec<Object> {
        let indexes = self.after(table).map_or(&[][..], |table| &table.indexes);
        members(table, indexes, columns)
    }
}

fn members(table: &QName, indexes: &[Index], columns: &[String]) -> Vec<Object> {
    let used = indexes.iter().filter(|index| leads_with(index, columns));
    used.filter_map(|index| index.name.clone()).map(|name| Object::Member(table.clone(), name)).collect()
}

fn column_objects(table: &QName, key: &ForeignKey) -> Vec<Object> {
    let own = key.columns.iter().map(|column| Object::Column(table.clone(), column.clone()));
    let other = key.referenced.iter().map(|column| Object::Column(key.table.clone(), column.clone()));
    own.chain(other).collect()
}

fn numbers(group: &[(&ForeignKey, Vec<usize>)]) -> Vec<usize> {
    group.iter().flat_map(|(_, numbers)| numbers.iter().copied()).collect::<BTreeSet<_>>().into_iter().collect()
}
