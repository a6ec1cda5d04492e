//! Plans: what will run, in which order, and why.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Change, Engine, Fingerprint, Hash, Hazard, HazardNote, Precondition, QName, RowWork};

/// Something that steps make, need, use or drop: what the order of a plan is derived from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Object {
    /// A PostgreSQL schema.
    Namespace(String),
    /// An extension.
    Extension(String),
    /// An enum type.
    Type(QName),
    /// A table, empty of constraints.
    Table(QName),
    /// A column of a table.
    Column(QName, String),
    /// A key, index or constraint by its name (or label) within its table.
    Member(QName, String),
    /// An index name, which PostgreSQL and SQLite keep unique across tables.
    IndexName(QName),
    /// That these columns of a table are unique: what a foreign key refers to. The columns are sorted
    /// where their order does not matter to the engine.
    Key(QName, Vec<String>),
    /// A new index that begins with these columns, where MySQL needs one behind a foreign key.
    NewIndex(QName, Vec<String>),
    /// A stage in the life of a column's values: what later steps of the same change wait for.
    Values(QName, String),
}

/// One thing to do, before it has its place in a plan. A dialect makes these from changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Op {
    /// The changes it carries out, as indexes into the list that the dialect was given.
    pub changes: Vec<usize>,
    /// One clause for people: `"add column tenant_users.phone"`.
    pub title: String,
    /// The statements, in order, without trailing semicolons.
    pub statements: Vec<String>,
    /// Work on the rows, and how many of the statements come before it.
    pub rows: Option<(usize, RowWork)>,
    /// Why it may hurt.
    pub hazards: Vec<HazardNote>,
    /// Whether it can run, and be rolled back, within a transaction.
    pub transactional: bool,
    /// Whether that transaction is its own, because it takes a lock that nobody should wait for any longer than
    /// this takes.
    pub alone: bool,
    /// How long it may take.
    pub pace: Pace,
    /// What must be true of the rows before it runs.
    pub preconditions: Vec<Precondition>,
    /// Where it cannot be rolled back: what removes the remains of a try that failed. It can be run whether
    /// anything remained or not, and after it the operation can be tried again.
    pub undo: Vec<String>,
    /// What has to be there before it runs.
    pub needs: Vec<Object>,
    /// What is there after it ran.
    pub makes: Vec<Object>,
    /// What it lets go of: it has to run before these are dropped.
    pub frees: Vec<Object>,
    /// What is gone after it ran.
    pub drops: Vec<Object>,
    /// Where it stands among those that no dependency orders; lower first.
    pub rank: u32,
}

impl Op {
    /// A transactional, quick operation without any dependencies.
    pub fn new(changes: Vec<usize>, title: impl Into<String>, statements: Vec<String>) -> Self {
        Self {
            changes,
            title: title.into(),
            statements,
            rows: None,
            hazards: Vec::new(),
            transactional: true,
            alone: false,
            pace: Pace::Quick,
            preconditions: Vec::new(),
            undo: Vec::new(),
            needs: Vec::new(),
            makes: Vec::new(),
            frees: Vec::new(),
            drops: Vec::new(),
            rank: 0,
        }
    }
}

impl From<Op> for Step {
    /// The operation as a step of a plan that consists of the same changes.
    fn from(op: Op) -> Self {
        let Op { changes, title, statements, rows, hazards, transactional, alone, pace, preconditions, undo, .. } = op;
        Self { changes, title, statements, rows, hazards, transactional, alone, pace, preconditions, undo }
    }
}

/// How long a step may take: which of the policy's statement time-outs applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Pace {
    /// `limits.statement_timeout`: changes the catalog only.
    Quick,
    /// `limits.slow_statement_timeout`: reads or writes the rows.
    Slow,
    /// `limits.slow_statement_timeout`, and it waits for locks as long as it may run: nobody who reads or writes
    /// waits for it meanwhile, not even while it queues.
    Patient,
}

/// A step of a plan: an operation in its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Step {
    /// The changes it carries out, as indexes into the plan's changes.
    pub changes: Vec<usize>,
    /// One clause for people.
    pub title: String,
    /// The statements, in order.
    pub statements: Vec<String>,
    /// Work on the rows, and how many of the statements come before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<(usize, RowWork)>,
    /// Why it may hurt.
    pub hazards: Vec<HazardNote>,
    /// Whether it can run within a transaction.
    pub transactional: bool,
    /// Whether that transaction is its own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub alone: bool,
    /// How long it may take.
    pub pace: Pace,
    /// What must hold of the rows.
    pub preconditions: Vec<Precondition>,
    /// What removes the remains of a try that failed, where the step cannot be rolled back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undo: Vec<String>,
}

/// A part of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part<'a> {
    /// A statement.
    Statement(&'a str),
    /// Work on the rows.
    Rows(&'a RowWork),
}

impl Step {
    /// Whether the statement at a position is run again by itself when it lost a race for a lock. Within a transaction
    /// it is not, nor where a lock that an earlier statement took for it is lost with it.
    pub fn repeats(&self, position: usize) -> bool {
        !self.transactional && (position == 0 || !self.alone)
    }

    /// Its statements, with what is shown for work on rows in its place.
    pub fn script(&self) -> impl Iterator<Item = &str> {
        self.parts().map(|part| match part {
            Part::Statement(sql) => sql,
            Part::Rows(work) => work.shown.as_str(),
        })
    }

    /// Its parts, in order.
    pub fn parts(&self) -> impl Iterator<Item = Part<'_>> {
        let at = self.rows.as_ref().map_or(0, |(at, _)| *at).min(self.statements.len());
        let (before, after) = self.statements.split_at(at);
        let rows = self.rows.iter().map(|(_, work)| Part::Rows(work));
        before
            .iter()
            .map(|text| Part::Statement(text))
            .chain(rows)
            .chain(after.iter().map(|text| Part::Statement(text)))
    }
}

/// A change in a plan, with the others it cannot do without.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedChange {
    /// The change.
    pub change: Change,
    /// The changes that have to run for this one to run, as indexes into the plan's changes.
    pub requires: Vec<usize>,
}

/// An immutable, ordered list of steps from one fingerprint to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The engine whose statements these are.
    pub engine: Engine,
    /// The fingerprint it starts from.
    pub start: Fingerprint,
    /// The fingerprint that the proof reached; `None` before the proof.
    pub end: Option<Fingerprint>,
    /// What it changes.
    pub changes: Vec<PlannedChange>,
    /// What it leaves as it is: extras, and what was kept back.
    pub left_out: Vec<Change>,
    /// What it does, in order.
    pub steps: Vec<Step>,
}

impl Plan {
    /// The hash that approvals and files are bound to. Facts and verdicts are not part of it.
    pub fn hash(&self) -> Hash {
        Hash::of_json(self)
    }

    /// The present names of the tables that it renames, by their new names.
    pub fn old_names(&self) -> BTreeMap<&QName, &QName> {
        let renamed = self.changes.iter().filter_map(|planned| match &planned.change {
            Change::RenameTable { from, to } => Some((to, from)),
            _ => None,
        });
        renamed.collect()
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Whether it could not be tried out, as some of its steps say.
    pub fn is_unproved(&self) -> bool {
        self.steps.iter().flat_map(|step| &step.hazards).any(|note| note.hazard == Hazard::Unproved)
    }

    /// The hazards of all steps that carry out a change.
    pub fn hazards_of(&self, change: usize) -> impl Iterator<Item = &HazardNote> {
        self.steps.iter().filter(move |step| step.changes.contains(&change)).flat_map(|step| &step.hazards)
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Object::Namespace(name) => write!(f, "schema {name}"),
            Object::Extension(name) => write!(f, "extension {name}"),
            Object::Type(name) => write!(f, "type {name}"),
            Object::Table(name) => write!(f, "table {name}"),
            Object::Column(table, name) => write!(f, "column {table}.{name}"),
            Object::Member(table, name) => write!(f, "{table}.{name}"),
            Object::IndexName(name) => write!(f, "index {name}"),
            Object::NewIndex(table, columns) => write!(f, "index on {table} ({})", columns.join(", ")),
            Object::Values(table, stage) => write!(f, "values of {table}.{stage}"),
            Object::Key(table, columns) => write!(f, "key {table} ({})", columns.join(", ")),
        }
    }
}
