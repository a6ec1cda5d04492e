//! What each kind of statement does to a table while others read and write it: the lock, for how long, and what
//! happens to the rows.
//!
//! Operations take their transaction, pace and hazards about locks from here, and docs/live-data.md shows the
//! same table: what the documentation promises is what the code does.

use crate::model::{Hazard, HazardNote, Op, Pace, QName};

/// The locks on tables that changes take, by PostgreSQL's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// No table is locked.
    None,
    /// That of every `UPDATE`.
    RowExclusive,
    /// Keeps other changes of the structure away, and nobody else.
    ShareUpdateExclusive,
    /// Keeps writers away.
    ShareRowExclusive,
    /// Keeps everybody away.
    AccessExclusive,
}

/// How long a lock is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// Until the catalog is changed: milliseconds, and the time that its transaction takes to commit.
    Briefly,
    /// As long as the rows are read or written.
    Throughout,
}

/// What happens to the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// The server does not look at them.
    Untouched,
    /// All of them are read.
    Read,
    /// All of them are read and an index is written.
    Indexed,
    /// Those that need it are written.
    Written,
    /// The whole table is written anew, its indexes too.
    Rewritten,
}

/// One kind of statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Impact {
    /// The statement.
    pub statement: &'static str,
    /// The lock that it takes.
    pub lock: Lock,
    /// How long.
    pub held: Held,
    /// What happens to the rows.
    pub rows: Rows,
}

impl Impact {
    const fn new(statement: &'static str, lock: Lock, held: Held, rows: Rows) -> Self {
        Self { statement, lock, held, rows }
    }

    /// Whether nobody who reads or writes the table waits for longer than a moment.
    pub fn is_online(&self) -> bool {
        self.held == Held::Briefly || matches!(self.lock, Lock::None | Lock::RowExclusive | Lock::ShareUpdateExclusive)
    }

    fn pace(&self) -> Pace {
        match (self.held, self.lock) {
            (Held::Briefly, _) => Pace::Quick,
            // Behind a request for this lock only other changes of the structure queue.
            (Held::Throughout, Lock::ShareUpdateExclusive) => Pace::Patient,
            (Held::Throughout, _) => Pace::Slow,
        }
    }

    /// Gives an operation on a table the pace and the hazards of this, and a transaction of its own where it
    /// takes one.
    pub(super) fn applies(&self, op: &mut Op, table: &QName) {
        op.pace = self.pace();
        // What reads the rows must not hold the locks of its neighbours meanwhile.
        op.transactional &= self.held == Held::Briefly || !self.is_online();
        op.alone |= self.held == Held::Throughout;
        op.hazards.extend(self.hazards(table));
    }

    /// The hazards of the lock, and of writing everything anew.
    fn hazards(&self, table: &QName) -> Vec<HazardNote> {
        let mut hazards = Vec::new();
        if self.rows == Rows::Rewritten {
            hazards.push(HazardNote::new(Hazard::RewritesTable, format!("every row of {table} is written anew")));
        }
        if self.held == Held::Throughout && self.lock == Lock::AccessExclusive {
            let why = format!("{table} can be neither read nor written meanwhile");
            hazards.push(HazardNote::new(Hazard::ExclusiveLock, why));
        }
        hazards
    }
}

use {Held as H, Lock as L, Rows as R};

/// Changes of the catalog alone.
pub const CATALOG: Impact = Impact::new("ALTER TABLE …", L::AccessExclusive, H::Briefly, R::Untouched);
/// Everything that only has a table's name, such as a comment.
pub const COMMENT: Impact = Impact::new("COMMENT ON …", L::ShareUpdateExclusive, H::Briefly, R::Untouched);
/// A new label of an enum.
pub const ADD_LABEL: Impact = Impact::new("ALTER TYPE … ADD VALUE", L::None, H::Briefly, R::Untouched);
/// An index that is built while others write.
pub const BUILD_INDEX: Impact =
    Impact::new("CREATE INDEX CONCURRENTLY", L::ShareUpdateExclusive, H::Throughout, R::Indexed);
/// An index that goes while others use the table.
pub const DROP_INDEX: Impact =
    Impact::new("DROP INDEX CONCURRENTLY", L::ShareUpdateExclusive, H::Throughout, R::Untouched);
/// An index that gets another name.
pub const RENAME_INDEX: Impact =
    Impact::new("ALTER INDEX … RENAME TO", L::ShareUpdateExclusive, H::Briefly, R::Untouched);
/// A constraint made of an index that is built.
pub const ATTACH: Impact = Impact::new("ADD CONSTRAINT … USING INDEX", L::AccessExclusive, H::Briefly, R::Untouched);
/// A constraint, or the index behind it, that goes.
pub const DROP_CONSTRAINT: Impact =
    Impact::new("DROP CONSTRAINT, DROP INDEX", L::AccessExclusive, H::Briefly, R::Untouched);
/// A check that holds for new rows.
pub const ADD_CHECK: Impact =
    Impact::new("ADD CONSTRAINT … CHECK … NOT VALID", L::AccessExclusive, H::Briefly, R::Untouched);
/// A foreign key that holds for new rows. The lock is on both tables.
pub const ADD_FOREIGN_KEY: Impact =
    Impact::new("ADD CONSTRAINT … FOREIGN KEY … NOT VALID", L::ShareRowExclusive, H::Briefly, R::Untouched);
/// The rows that exist are checked.
pub const VALIDATE: Impact = Impact::new("VALIDATE CONSTRAINT", L::ShareUpdateExclusive, H::Throughout, R::Read);
/// What a check has proved is believed.
pub const SET_NOT_NULL: Impact =
    Impact::new("SET NOT NULL, DROP CONSTRAINT", L::AccessExclusive, H::Briefly, R::Untouched);
/// Rows that get a value, in batches.
pub const FILL: Impact = Impact::new("UPDATE … WHERE … IS NULL", L::RowExclusive, H::Throughout, R::Written);
/// A table that is written anew.
pub const REWRITE: Impact =
    Impact::new("ALTER TABLE … (with a rewrite)", L::AccessExclusive, H::Throughout, R::Rewritten);
/// Rows that are read, or indexes that are built, under the lock of an `ALTER TABLE`.
pub const SCAN: Impact = Impact::new("ALTER TABLE … (with a scan)", L::AccessExclusive, H::Throughout, R::Read);

/// What a kind of change takes, in order.
pub struct Kind {
    /// The change.
    pub change: &'static str,
    /// The statements that carry it out.
    pub takes: &'static [Impact],
}

/// Every kind of change to a table that exists. Types are a table of their own: see `conversion`.
pub const KINDS: [Kind; 21] = [
    Kind { change: "add a column (with a default or without)", takes: &[CATALOG] },
    Kind { change: "add a column whose default differs by row, or with a backfill", takes: &[CATALOG, FILL] },
    Kind { change: "the same, and it takes no NULLs", takes: &[CATALOG, FILL, ADD_CHECK, VALIDATE, SET_NOT_NULL] },
    Kind { change: "add an identity, serial or stored computed column", takes: &[REWRITE] },
    Kind { change: "drop, rename a column; rename a table", takes: &[CATALOG] },
    Kind { change: "set or drop a default, allow NULLs", takes: &[CATALOG] },
    Kind { change: "make a column NOT NULL", takes: &[FILL, ADD_CHECK, VALIDATE, SET_NOT_NULL] },
    Kind { change: "change a type that only widens (see below)", takes: &[CATALOG] },
    Kind { change: "change any other type; change the expression of a computed column", takes: &[REWRITE] },
    Kind { change: "change a collation", takes: &[SCAN] },
    Kind { change: "add an index", takes: &[BUILD_INDEX] },
    Kind { change: "drop an index", takes: &[DROP_INDEX] },
    Kind { change: "change an index", takes: &[BUILD_INDEX, DROP_INDEX, RENAME_INDEX] },
    Kind { change: "change a unique index", takes: &[BUILD_INDEX, DROP_CONSTRAINT] },
    Kind { change: "add a primary key or a unique constraint", takes: &[BUILD_INDEX, ATTACH] },
    Kind { change: "change a primary key or a unique constraint", takes: &[BUILD_INDEX, DROP_CONSTRAINT, ATTACH] },
    Kind { change: "add or change a check", takes: &[ADD_CHECK, VALIDATE] },
    Kind { change: "add or change a foreign key", takes: &[ADD_FOREIGN_KEY, VALIDATE] },
    Kind { change: "drop a constraint", takes: &[DROP_CONSTRAINT] },
    Kind { change: "add labels to an enum", takes: &[ADD_LABEL] },
    Kind { change: "remove labels from an enum, or change their order", takes: &[REWRITE] },
];
