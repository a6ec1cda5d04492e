//! The five ways in which tenants drift.

use crate::support::Engine;

/// One way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Drift {
    /// A column is missing.
    MissingColumn,
    /// A column still has its old name, and rows.
    OldName,
    /// A table is missing.
    MissingTable,
    /// An index is missing.
    MissingIndex,
    /// Somebody made a table of his own. To drop it, a person is asked.
    ExtraTable,
}

impl Drift {
    const ALL: [Drift; 5] =
        [Drift::MissingColumn, Drift::OldName, Drift::MissingTable, Drift::MissingIndex, Drift::ExtraTable];

    /// How the tenant with a number drifted, if every `each`-th did.
    pub fn of(number: usize, each: usize) -> Option<Self> {
        number.is_multiple_of(each).then(|| Self::ALL[number / each % Self::ALL.len()])
    }

    /// What was done to it.
    pub fn sql(self, engine: Engine) -> &'static str {
        match self {
            Drift::MissingColumn => "ALTER TABLE members DROP COLUMN phone;",
            Drift::OldName => "ALTER TABLE members RENAME COLUMN full_name TO name;",
            Drift::MissingTable => "DROP TABLE votes;",
            Drift::MissingIndex if engine == Engine::Mariadb => "DROP INDEX members_email ON members;",
            Drift::MissingIndex => "DROP INDEX members_email;",
            Drift::ExtraTable => "CREATE TABLE hot_fix (id integer);",
        }
    }

    /// Whether policy asks a person before it is put right.
    pub fn is_asked(self) -> bool {
        self == Drift::ExtraTable
    }
}
