//! A piece of an `ALTER TABLE`: what one change needs, before it is known which pieces share a statement.

use std::collections::BTreeSet;

use super::names::{quote_table, within};
use crate::model::{Hazard, HazardNote, Index, Object, Op, Pace, Precondition, QName, RowWork};

/// How a statement begins that locks tables for those after it.
pub(super) const LOCK: &str = "LOCK TABLES ";

/// Where a clause stands in its statement: what goes makes room for what comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Slot {
    DropConstraint,
    DropIndex,
    DropColumn,
    AddColumn,
    Modify,
    AddIndex,
    AddConstraint,
    Option,
}

/// When a piece's turn is. Pieces of one phase and lane with the same hazards share a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    Drop,
    Change,
    DropColumn,
    Add,
}

/// What does not share a statement with anything else, because the server would copy the table for both although it
/// does not for either.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Lane {
    /// Most things.
    Usual,
    /// Columns that are computed when read come and go.
    Virtual,
    /// Options of the table.
    Option,
}

/// What a piece is about, as far as it decides what it has to be joined with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Subject {
    /// The columns that it touches.
    pub columns: BTreeSet<String>,
    /// The index that goes.
    pub old_index: Option<Index>,
    /// The index that comes.
    pub new_index: Option<Index>,
    /// Whether it changes what the values of its column are.
    pub reshapes: bool,
    /// Whether it begins or ends the numbering of its column.
    pub numbers: bool,
    /// Whether it changes if its column may be NULL.
    pub nulls: bool,
    /// Whether it is about the primary key, whose columns are never NULL.
    pub primary: bool,
    /// Whether it gives the table another collation.
    pub recollates: bool,
}

/// One piece.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub table: QName,
    pub changes: BTreeSet<usize>,
    /// What it does and to what: `add column`, `phone`.
    pub phrases: Vec<(&'static str, String)>,
    pub before: Vec<String>,
    /// Work on the rows, after the statements before and before the clauses.
    pub rows: Option<RowWork>,
    pub clauses: Vec<(Slot, String)>,
    pub after: Vec<String>,
    pub subject: Subject,
    pub phase: Phase,
    pub rank: u32,
    pub lane: Lane,
    /// Whether it has statements of its own, so that nothing can share them.
    pub alone: bool,
    pub hazards: Vec<HazardNote>,
    pub preconditions: Vec<Precondition>,
    pub needs: Vec<Object>,
    pub makes: Vec<Object>,
    pub frees: Vec<Object>,
    pub drops: Vec<Object>,
}

impl Piece {
    /// A piece that does nothing yet.
    pub fn new(table: &QName, change: usize, verb: &'static str, item: &str, phase: Phase, rank: u32) -> Self {
        Self {
            table: table.clone(),
            changes: BTreeSet::from([change]),
            phrases: vec![(verb, item.to_owned())],
            before: Vec::new(),
            rows: None,
            clauses: Vec::new(),
            after: Vec::new(),
            subject: Subject::default(),
            phase,
            rank,
            lane: Lane::Usual,
            alone: false,
            hazards: Vec::new(),
            preconditions: Vec::new(),
            needs: Vec::new(),
            makes: Vec::new(),
            frees: Vec::new(),
            drops: Vec::new(),
        }
    }

    /// With a clause.
    pub fn clause(mut self, slot: Slot, sql: String) -> Self {
        self.clauses.push((slot, sql));
        self
    }

    /// The kinds of its hazards.
    pub fn hazard_kinds(&self) -> BTreeSet<Hazard> {
        self.hazards.iter().map(|note| note.hazard).collect()
    }

    /// Whether this and another piece work on rows in one walk, which comes to the same as two: before it columns are
    /// made, after it they get their form.
    pub fn fills_along_with(&self, other: &Piece) -> bool {
        let (Some(work), Some(more)) = (&self.rows, &other.rows) else { return false };
        let kind = |piece: &Piece| (piece.phase, piece.lane, piece.rank, piece.hazard_kinds());
        let is_open = self.after.is_empty() && other.after.is_empty();
        is_open && kind(self) == kind(other) && work.goes_along_with(more)
    }

    /// Takes up another piece, so that both are one statement.
    pub fn absorb(&mut self, other: Piece) {
        self.changes.extend(other.changes);
        self.phrases.extend(other.phrases);
        self.before.extend(other.before);
        self.rows = match (self.rows.take(), other.rows) {
            (Some(work), Some(more)) => Some(work.along_with(more)),
            (work, more) => work.or(more),
        };
        self.clauses.extend(other.clauses);
        self.after.extend(other.after);
        self.phase = self.phase.max(other.phase);
        self.rank = self.rank.max(other.rank);
        self.lane = self.lane.max(other.lane);
        self.alone |= other.alone;
        self.hazards.extend(other.hazards);
        self.preconditions.extend(other.preconditions);
        self.needs.extend(other.needs);
        self.makes.extend(other.makes);
        self.frees.extend(other.frees);
        self.drops.extend(other.drops);
    }

    /// The operation that carries it out.
    pub fn into_op(mut self) -> Op {
        // Several changes may ask for the same thing to be made anew.
        let mut said = BTreeSet::new();
        self.clauses.retain(|clause| said.insert(clause.clone()));
        self.clauses.sort_by_key(|(slot, _)| *slot);
        let title = self.title();
        let rows = self.rows.map(|work| (self.before.len(), work));
        let mut statements = self.before;
        if !self.clauses.is_empty() {
            let clauses: Vec<String> = self.clauses.into_iter().map(|(_, sql)| sql).collect();
            statements.push(alter(&self.table, &clauses));
        }
        statements.extend(self.after);
        let slow = rows.is_some() || self.hazards.iter().any(|note| is_slow(note.hazard));
        self.hazards.sort();
        self.hazards.dedup();
        // What is replaced by something that uses the same column waits for that column's new form.
        self.frees.retain(|object| !self.needs.contains(object));
        let own: BTreeSet<Object> = self.makes.iter().cloned().collect();
        self.needs.retain(|object| !own.contains(object));
        Op {
            hazards: self.hazards,
            rows,
            transactional: false,
            alone: statements.iter().any(|sql| sql.starts_with(LOCK)),
            pace: if slow { Pace::Slow } else { Pace::Quick },
            preconditions: self.preconditions,
            needs: self.needs,
            makes: self.makes,
            frees: self.frees,
            drops: self.drops,
            rank: self.rank,
            ..Op::new(self.changes.into_iter().collect(), title, statements)
        }
    }

    fn title(&self) -> String {
        if let [(verb, item)] = self.phrases.as_slice() {
            let item = if item.is_empty() { self.table.to_string() } else { within(&self.table, item) };
            return format!("{verb} {item}");
        }
        let phrases: Vec<String> = self.phrases.iter().map(|(verb, item)| format!("{verb} {item}")).collect();
        format!("{}: {}", self.table, phrases.join(", "))
    }
}

/// One `ALTER TABLE` with all clauses.
pub(super) fn alter(table: &QName, clauses: &[String]) -> String {
    let separator = if clauses.len() > 1 { "\n  " } else { " " };
    format!("ALTER TABLE {}{separator}{}", quote_table(table), clauses.join(",\n  "))
}

/// Whether the hazard means that rows are read or written.
fn is_slow(hazard: Hazard) -> bool {
    matches!(
        hazard,
        Hazard::CopiesTable | Hazard::RewritesTable | Hazard::BuildsIndex | Hazard::MayFailOnData | Hazard::ShareLock
    )
}
