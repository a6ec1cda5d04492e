//! What becomes of a column's values on the way to its new name.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A named way to change values. Another one: a variant here, its word in `Display`, how a file writes it in
/// `desired::moves`, and either an expression in `dialect::moves` or a function in `hashing`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Transform {
    /// What is no password hash yet becomes one of argon2id.
    Argon2id(Argon2idCost),
    /// What is no password hash yet becomes one of bcrypt.
    Bcrypt {
        /// The logarithm of the number of rounds, 4 to 31.
        cost: u32,
    },
    /// Lower case.
    Lower,
    /// Without the white space around it.
    Trim,
    /// An expression of the engine over the row as it was.
    Sql(String),
}

/// What a hash of argon2id costs to make. The default is the first choice of the OWASP password storage cheat sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Argon2idCost {
    /// Memory, in KiB.
    pub memory: u32,
    /// Passes over the memory.
    pub iterations: u32,
    /// Lanes.
    pub parallelism: u32,
}

impl Default for Argon2idCost {
    fn default() -> Self {
        Self { memory: 19 * 1024, iterations: 2, parallelism: 1 }
    }
}

/// The cost of bcrypt where nobody says another one: Laravel's.
pub const BCRYPT_COST: u32 = 12;

impl Transform {
    /// Whether undrift itself has to compute the values, because no server can.
    pub fn hashes(&self) -> bool {
        matches!(self, Transform::Argon2id(_) | Transform::Bcrypt { .. })
    }

    /// Whether values that were transformed stay as they are when they are transformed again. Such a transform
    /// can be done in the old column; any other needs the old values to be kept until the end.
    pub fn can_be_repeated(&self) -> bool {
        !matches!(self, Transform::Sql(_))
    }
}

impl fmt::Display for Transform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Transform::Argon2id(_) => write!(f, "argon2id"),
            Transform::Bcrypt { .. } => write!(f, "bcrypt"),
            Transform::Lower => write!(f, "lower"),
            Transform::Trim => write!(f, "trim"),
            Transform::Sql(expr) => write!(f, "sql: {expr}"),
        }
    }
}

/// Which value counts where an old column and its new name hold different ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnConflict {
    /// Nobody but a person can say it: the change stops.
    #[default]
    Stop,
    /// The one under the new name.
    KeepNew,
    /// The one under the old name.
    KeepOld,
}

/// How values get from an old column to its new name.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Move {
    /// What becomes of them; `None`: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transform: Option<Transform>,
    /// Which value counts where both columns have one.
    #[serde(default)]
    pub on_conflict: OnConflict,
}
