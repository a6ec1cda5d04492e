//! What a step has to know of the rows.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::QName;
use super::change_kind::words;

words! {
    /// What is asked of the rows.
    FactKind {
        /// Rows that would have no value in a column that needs one.
        NoValue = "no_value",
        /// NULLs where none may be.
        Nulls = "nulls",
        /// Values that are to become one and are not the same.
        Disagreement = "disagreement",
        /// Values that occur more than once where they have to be unique.
        Duplicates = "duplicates",
        /// Rows that refer to nothing.
        Orphans = "orphans",
        /// Rows that break a check.
        Check = "check",
        /// Values that are longer than the new type allows.
        TooLong = "too_long",
        /// Values that cannot become one of the new type.
        NotCastable = "not_castable",
        /// Labels in use that an enum loses.
        Labels = "labels",
        /// Rows that are to be worked on, and that nothing tells apart.
        NoKey = "no_key",
        /// What no query can tell beforehand. The query asks nothing, and the finding says what is not known.
        Unasked = "unasked",
    }
}

/// Something that must hold of the rows before a step runs: a query that returns one number,
/// which has to be zero.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Precondition {
    /// The changes that cannot run otherwise, as indexes into the plan's changes.
    pub changes: Vec<usize>,
    /// What is asked.
    pub kind: FactKind,
    /// The table, by the name that it has when the step runs.
    pub table: QName,
    /// The query. It returns one row with one integer.
    pub query: String,
    /// What a number other than zero means; `{n}` stands for it: `"{n} rows of t have both a and b with different values"`.
    pub finding: String,
    /// A query for all the rows in question: their keys, in order, or everything of them where the table has no key.
    /// Empty where no single rows are meant.
    pub find: String,
    /// The columns of the key that `find` returns; empty where the table has none.
    pub key: Vec<String>,
}
