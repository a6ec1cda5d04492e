//! Keys, indexes and checks of tables that stay. Foreign keys are in [`foreign`](super::foreign).

use std::collections::BTreeSet;

use super::create::check;
use super::effects::Kind;
use super::names::quote;
use super::ops::{Batch, leads_with};
use super::piece::{Phase, Piece, Slot};
use super::tokens::mentioned;
use super::{facts, hazards, tables};
use crate::dialect::rank;
use crate::model::{Change, Check, Index, Member, Object, QName, Table};

impl Batch<'_> {
    /// The piece for a change of a key, index or check; `None` for other changes.
    pub fn member_piece(&self, number: usize, change: &Change) -> Option<Piece> {
        let table = change.table()?;
        let piece = match change {
            Change::AddMember { to, .. } => self.add(self.member(number, table, "add", to), to)?,
            Change::DropMember { from, .. } => self.remove(self.member(number, table, "drop", from), from)?,
            Change::AlterMember { from, to, .. } => {
                let piece = self.remove(self.member(number, table, "replace", to), from)?;
                self.add(piece, to)?
            }
            Change::RenameMember { from: Member::Index(from), to: Member::Index(to), .. } => {
                rename(self.member(number, table, "rename", &Member::Index(to.clone())), from, to)?
            }
            Change::RenameMember { from, to, .. } => {
                let piece = self.remove(self.member(number, table, "rename", to), from)?;
                self.add(piece, to)?
            }
            _ => return None,
        };
        Some(piece)
    }

    /// What goes is done first, what comes last, unless something depends on it.
    fn member(&self, number: usize, table: &QName, verb: &'static str, member: &Member) -> Piece {
        let is_check = matches!(member, Member::Check(_));
        let (phase, rank) = match (verb, is_check) {
            ("drop", true) => (Phase::Drop, rank::DROP_CHECK),
            ("drop", false) => (Phase::Drop, rank::DROP_INDEX),
            (_, true) => (Phase::Add, rank::ADD_CHECK),
            (_, false) => (Phase::Add, rank::ADD_INDEX),
        };
        let mut piece = Piece::new(table, number, verb, "", phase, rank);
        piece.subject.primary = matches!(member, Member::PrimaryKey(_));
        piece.phrases = vec![(phrase(verb, member), member.name().map_or_else(|| member.label(), str::to_owned))];
        piece
    }

    fn add(&self, piece: Piece, member: &Member) -> Option<Piece> {
        Some(match member {
            Member::PrimaryKey(index) => self.add_primary(piece, index),
            Member::Index(index) | Member::Unique(index) => self.add_index(piece, index, &member.label()),
            Member::Check(check) => self.add_check(piece, check),
            Member::ForeignKey(_) => return None,
        })
    }

    fn remove(&self, piece: Piece, member: &Member) -> Option<Piece> {
        Some(match member {
            Member::PrimaryKey(index) => self.remove_index(piece, index, "primary key", "DROP PRIMARY KEY".to_owned()),
            Member::Index(index) | Member::Unique(index) => {
                let name = index.name.as_deref()?;
                self.remove_index(piece, index, name, format!("DROP INDEX {}", quote(name)))
            }
            Member::Check(check) => self.remove_check(piece, check)?,
            Member::ForeignKey(_) => return None,
        })
    }

    fn add_primary(&self, mut piece: Piece, index: &Index) -> Piece {
        let (table, number) = (piece.table.clone(), first(&piece));
        piece.hazards.extend(self.dialect.does(Kind::AddPrimaryKey, &table));
        piece.hazards.push(hazards::may_fail(format!("rows of {table} may be duplicates by the primary key")));
        let nullable = |name: &&str| self.before(&table).and_then(|t| t.column(name)).is_some_and(|c| c.nullable);
        let asked = index.columns().filter(nullable).map(|name| facts::nulls(number, &table, name));
        piece.preconditions.extend(asked);
        piece.preconditions.extend(self.duplicates(number, &table, index, "the primary key"));
        let clause = format!("ADD {}", self.dialect.primary_key(index));
        self.index_comes(piece, index).clause(Slot::AddIndex, clause)
    }

    fn add_index(&self, mut piece: Piece, index: &Index, label: &str) -> Piece {
        let (table, number) = (piece.table.clone(), first(&piece));
        let clusters = self.clusters(&table, index);
        piece.hazards.extend(self.dialect.adds_index(&table, index, label, clusters));
        // Of two FULLTEXT indexes at once the server copies the table.
        piece.alone |= index.method.is_some();
        piece.preconditions.extend(self.duplicates(number, &table, index, label));
        piece.makes.extend(index.name.iter().map(|name| Object::Member(table.clone(), name.clone())));
        let kept = self.implicit_behind(&table, index);
        piece.hazards.extend(kept.iter().map(|kept| hazards::index_anew(&table, kept)));
        piece.clauses.extend(kept.into_iter().flat_map(|kept| self.made_anew(kept)));
        let clause = format!("ADD {}", self.dialect.index(index));
        self.index_comes(piece, index).clause(Slot::AddIndex, clause)
    }

    /// Whether the server puts the rows in the order of a new index: there is no other key whose columns are never NULL.
    fn clusters(&self, table: &QName, index: &Index) -> bool {
        let (Some(before), Some(after)) = (self.before(table), self.after(table)) else { return false };
        let whole = |index: &Index, table: &Table| {
            let sure = |name: &str| table.column(name).is_some_and(|column| !column.nullable);
            index.unique && index.columns().all(sure) && index.parts.iter().all(|part| part.prefix.is_none())
        };
        whole(index, after) && before.primary_key.is_none() && !before.indexes.iter().any(|own| whole(own, before))
    }

    /// Indexes that stay and that the server may have made for a foreign key. It removes those without a word as
    /// soon as another index can take their place, so they are declared anew in the same statement.
    fn implicit_behind(&self, table: &QName, index: &Index) -> Vec<&Index> {
        let Some(before) = self.before(table) else { return Vec::new() };
        let own: BTreeSet<&Vec<String>> = before.foreign_keys.iter().map(|key| &key.columns).collect();
        let replaced = own.into_iter().filter(|columns| leads_with(index, columns));
        replaced.flat_map(|columns| self.maybe_implicit(table, columns)).collect()
    }

    /// The indexes that stay and that look as if the server had made them for a foreign key over these columns.
    pub fn maybe_implicit(&self, table: &QName, columns: &[String]) -> Vec<&Index> {
        let (Some(before), Some(after)) = (self.before(table), self.after(table)) else { return Vec::new() };
        let plain = |own: &&Index| !own.unique && own.comment.is_none() && own.options.is_empty();
        let exact = |own: &&Index| own.parts.len() == columns.len() && leads_with(own, columns);
        before.indexes.iter().filter(|own| after.indexes.contains(own)).filter(plain).filter(exact).collect()
    }

    /// Drops an index and makes it again in the same statement.
    pub fn made_anew(&self, index: &Index) -> [(Slot, String); 2] {
        let name = index.name.as_deref().unwrap_or_default();
        [
            (Slot::DropIndex, format!("DROP INDEX {}", quote(name))),
            (Slot::AddIndex, format!("ADD {}", self.dialect.index(index))),
        ]
    }

    /// What an index needs and gives.
    fn index_comes(&self, mut piece: Piece, index: &Index) -> Piece {
        let table = piece.table.clone();
        piece.makes.extend(keys_but(&table, index, self.before(&table)));
        piece.makes.extend(tables::runs(index).into_iter().map(|columns| Object::NewIndex(table.clone(), columns)));
        piece.needs.extend(index.columns().map(|column| Object::Column(table.clone(), column.to_owned())));
        piece.subject.columns.extend(index.columns().map(str::to_owned));
        piece.subject.new_index = Some(index.clone());
        piece
    }

    fn remove_index(&self, mut piece: Piece, index: &Index, label: &str, clause: String) -> Piece {
        let table = piece.table.clone();
        piece.hazards.push(hazards::drops_index(&table, index, label));
        if label == "primary key" {
            piece.hazards.extend(self.dialect.does(Kind::DropPrimaryKey, &table));
        }
        piece.drops.extend(index.name.iter().map(|name| Object::Member(table.clone(), name.clone())));
        piece.drops.extend(keys_but(&table, index, self.after(&table)));
        // A foreign key is never without an index: what takes the place of this one comes first.
        let served = self.will_serve(&table, index).into_iter();
        piece.needs.extend(served.map(|columns| Object::NewIndex(table.clone(), columns)));
        piece.frees.extend(index.columns().map(|column| Object::Column(table.clone(), column.to_owned())));
        piece.subject.columns.extend(index.columns().map(str::to_owned));
        piece.subject.old_index = Some(index.clone());
        piece.clause(Slot::DropIndex, clause)
    }

    fn add_check(&self, mut piece: Piece, new: &Check) -> Piece {
        let number = first(&piece);
        let label = Member::Check(new.clone()).label();
        piece.hazards.extend(self.dialect.adds_check(&piece.table, &label));
        piece.makes.extend(new.name.iter().map(|name| Object::Member(piece.table.clone(), name.clone())));
        if let Some(table) = self.after(&piece.table) {
            piece.needs.extend(columns_of(table, &new.expr));
            piece.preconditions.extend(self.violations(number, table, new, &label));
        }
        piece.clause(Slot::AddConstraint, format!("ADD {}", check(new)))
    }

    fn remove_check(&self, mut piece: Piece, old: &Check) -> Option<Piece> {
        let name = old.name.as_deref()?;
        piece.drops.push(Object::Member(piece.table.clone(), name.to_owned()));
        if let Some(table) = self.before(&piece.table) {
            piece.frees.extend(columns_of(table, &old.expr));
        }
        Some(piece.clause(Slot::DropConstraint, self.dialect.drop_check(name)))
    }
}

impl super::Mysql {
    /// The clause that drops a check.
    pub(super) fn drop_check(&self, name: &str) -> String {
        let keyword = if self.is_mariadb() { "CONSTRAINT" } else { "CHECK" };
        format!("DROP {keyword} {}", quote(name))
    }
}

fn first(piece: &Piece) -> usize {
    piece.changes.first().copied().unwrap_or_default()
}

/// The keys that an index gives and that no index of the table, in its other state, gives too.
fn keys_but(name: &QName, index: &Index, table: Option<&Table>) -> Vec<Object> {
    let others = table.into_iter().flat_map(|table| table.indexes.iter().chain(&table.primary_key));
    let given: Vec<Object> = others.flat_map(|other| tables::keys(name, other)).collect();
    tables::keys(name, index).into_iter().filter(|key| !given.contains(key)).collect()
}

fn rename(mut piece: Piece, from: &Index, to: &Index) -> Option<Piece> {
    let (old, new) = (from.name.as_deref()?, to.name.as_deref()?);
    piece.phase = Phase::Change;
    piece.rank = rank::TABLE_OPTION;
    piece.drops.push(Object::Member(piece.table.clone(), old.to_owned()));
    piece.makes.push(Object::Member(piece.table.clone(), new.to_owned()));
    Some(piece.clause(Slot::Option, format!("RENAME INDEX {} TO {}", quote(old), quote(new))))
}

/// The columns of a table that an expression mentions, as objects.
pub(super) fn columns_of(table: &Table, expr: &str) -> Vec<Object> {
    let names = table.columns.iter().map(|column| column.name.as_str());
    mentioned(expr, names).into_iter().map(|name| Object::Column(table.name.clone(), name.to_owned())).collect()
}

fn phrase(verb: &str, member: &Member) -> &'static str {
    match (verb, member) {
        ("add", Member::PrimaryKey(_)) => "add",
        ("drop", Member::PrimaryKey(_)) => "drop",
        (_, Member::PrimaryKey(_)) => "replace",
        ("add", Member::Check(_)) => "add check",
        ("drop", Member::Check(_)) => "drop check",
        ("rename", Member::Check(_)) => "rename check to",
        (_, Member::Check(_)) => "replace check",
        ("add", _) => "add index",
        ("drop", _) => "drop index",
        ("rename", _) => "rename index to",
        _ => "replace index",
    }
}
