//! Work on the rows of a table, batch by batch.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{OnConflict, QName, Transform};

/// Something that is done to the rows of a table, some at a time. Rows that are done are no longer pending, so that
/// a run which was cut short goes on where it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RowWork {
    /// The table.
    pub table: QName,
    /// What tells its rows apart and puts them in an order, as columns with their types; nothing if nothing does.
    pub key: Vec<(String, String)>,
    /// The condition under which a row is still to be done.
    pub pending: String,
    /// What is done to a row.
    pub task: RowTask,
    /// Whether the table is locked meanwhile: then no transaction of its own is opened, and no row is locked.
    pub locked: bool,
    /// One clause for people: `fill phone`.
    pub title: String,
    /// The statement that would do the same at once, or what is done where no statement could.
    pub shown: String,
}

/// What is done to a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RowTask {
    /// The server makes these assignments, each in the rows that lack it.
    Set {
        /// The assignments, to columns of which none is read by another.
        each: Vec<Assignment>,
        /// As for [`RowTask::Hash`].
        untouched: String,
    },
    /// undrift hashes the values of a column, and writes the hashes back.
    Hash {
        /// How.
        transform: Transform,
        /// The column whose values are hashed where they are.
        column: String,
        /// Assignments that keep columns as they are which would note the time of the update.
        untouched: String,
    },
    /// undrift makes the columns of an old and a new name agree, hashing what is no hash yet.
    Agree {
        /// How values are hashed.
        transform: Transform,
        /// The old column.
        old: String,
        /// The new column.
        new: String,
        /// Which value counts.
        on_conflict: OnConflict,
        /// As for [`RowTask::Hash`].
        untouched: String,
    },
}

/// A value that rows get.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Assignment {
    /// The column that gets it.
    pub column: String,
    /// The expression for it.
    pub value: String,
    /// The condition under which a row lacks it.
    pub pending: String,
}

impl Assignment {
    /// Whether it may read a column. Expressions are not parsed: one in which the name stands is taken to do so.
    fn may_read(&self, column: &str) -> bool {
        let says = |text: &str| text.to_lowercase().contains(&column.to_lowercase());
        says(&self.value) || says(&self.pending)
    }

    /// Whether neither of two is any business of the other.
    fn is_apart_from(&self, other: &Assignment) -> bool {
        let reads = self.may_read(&other.column) || other.may_read(&self.column);
        self.column != other.column && !reads
    }
}

impl RowWork {
    /// Whether this and other work can be done in one walk over the table, and come to the same.
    pub fn goes_along_with(&self, other: &RowWork) -> bool {
        let (RowTask::Set { each, untouched }, RowTask::Set { each: others, untouched: other_untouched }) =
            (&self.task, &other.task)
        else {
            return false;
        };
        let one_walk = self.table == other.table && self.key == other.key && !self.locked && !other.locked;
        let apart = each.iter().all(|one| others.iter().all(|other| one.is_apart_from(other)));
        one_walk && apart && untouched == other_untouched
    }

    /// This and other work in one walk. Work that the server does not do stays by itself.
    #[must_use]
    pub fn along_with(mut self, other: RowWork) -> RowWork {
        if let (RowTask::Set { each, .. }, RowTask::Set { each: others, .. }) = (&mut self.task, other.task) {
            each.extend(others);
            self.pending = format!("({}) OR ({})", self.pending, other.pending);
            self.title = format!("{}, {}", self.title, other.title);
        }
        self
    }

    /// The same work with other conditions under which rows are still to be done.
    #[must_use]
    pub fn narrowed(&self, narrow: impl Fn(&str) -> String) -> RowWork {
        let mut work = RowWork { pending: narrow(&self.pending), ..self.clone() };
        if let RowTask::Set { each, .. } = &mut work.task {
            each.iter_mut().for_each(|one| one.pending = narrow(&one.pending));
        }
        work
    }

    /// The columns whose values undrift reads, if it does.
    pub fn reads(&self) -> Vec<&String> {
        match &self.task {
            RowTask::Set { .. } => Vec::new(),
            RowTask::Hash { column, .. } => vec![column],
            RowTask::Agree { old, new, .. } => vec![old, new],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(column: &str, value: &str) -> RowWork {
        let pending = format!("{column} IS NULL");
        let each = vec![Assignment { column: column.into(), value: value.into(), pending: pending.clone() }];
        RowWork {
            table: QName::bare("t"),
            key: vec![("id".into(), "bigint".into())],
            pending,
            task: RowTask::Set { each, untouched: String::new() },
            locked: false,
            title: format!("fill {column}"),
            shown: String::new(),
        }
    }

    #[test]
    fn columns_that_do_not_read_each_other_are_filled_in_one_walk() {
        let (first, last) = (fill("first_name", "substr(name, 1)"), fill("last_name", "substr(name, 2)"));
        assert!(first.goes_along_with(&last));
        let both = first.along_with(last);
        assert_eq!(both.pending, "(first_name IS NULL) OR (last_name IS NULL)");
        assert_eq!(both.title, "fill first_name, fill last_name");
        let narrowed = both.narrowed(|pending| format!("new AND {pending}"));
        let RowTask::Set { each, .. } = narrowed.task else { panic!("it is no longer set by the server") };
        assert_eq!(each[1].pending, "new AND last_name IS NULL");
    }

    #[test]
    fn what_reads_another_column_waits_for_it() {
        let (name, slug) = (fill("Name", "'x'"), fill("slug", "lower(name)"));
        assert!(!name.goes_along_with(&slug) && !slug.goes_along_with(&name));
        assert!(!name.goes_along_with(&name.clone()), "two values for one column");
        let locked = RowWork { locked: true, ..fill("phone", "'-'") };
        assert!(!name.goes_along_with(&locked));
    }
}
