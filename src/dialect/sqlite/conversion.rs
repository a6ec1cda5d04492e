//! What becomes of values when a column gets another type. SQLite converts by affinity, of which there are five; what a
//! type is called beyond that changes nothing. The table is written anew all the same: its text is what is compared.

use super::types::Affinity::{self, Blob, Integer, Numeric, Real, Text};

/// What becomes of the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conversion {
    /// Each stays what it is.
    Kept,
    /// Each becomes one that says the same.
    Converted,
    /// Some become others that say less.
    Narrowed(&'static str),
}

impl Conversion {
    /// What may be lost, in a clause.
    pub fn loss(self) -> Option<&'static str> {
        match self {
            Conversion::Narrowed(how) => Some(how),
            Conversion::Kept | Conversion::Converted => None,
        }
    }
}

const LOOKS: &str = "texts that look like numbers become numbers: '007' becomes 7";
const ROUNDS: &str = "whole numbers of more than 15 digits are rounded";
const PRINTS: &str = "numbers are written out with 15 digits";

/// What becomes of values of one affinity in a column of another.
pub fn conversion(from: Affinity, to: Affinity) -> Conversion {
    match (from, to) {
        (Text | Blob, Integer | Numeric | Real) => Conversion::Narrowed(LOOKS),
        (Integer | Numeric, Real) => Conversion::Narrowed(ROUNDS),
        (Real | Numeric, Text) => Conversion::Narrowed(PRINTS),
        (Integer | Blob, Text) | (Real, Integer | Numeric) => Conversion::Converted,
        _ => Conversion::Kept,
    }
}

/// A conversion, by example.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The types, as they are declared.
    pub types: [&'static str; 2],
    /// Values before, as literals, and what they are after, numbers with 16 digits.
    pub values: &'static [(&'static str, &'static str)],
}

/// What [`conversion`] says, by example: each row is tried by `tests/sqlite`, and stands in `docs/live-data.md`.
pub const ROWS: &[Row] = &[
    Row { types: ["INT", "BIGINT"], values: &[("9223372036854775807", "9223372036854775807"), ("-1", "-1")] },
    Row { types: ["INTEGER", "NUMERIC"], values: &[("9007199254740993", "9007199254740993")] },
    Row { types: ["INTEGER", "TEXT"], values: &[("42", "'42'"), ("9007199254740993", "'9007199254740993'")] },
    Row { types: ["INTEGER", "REAL"], values: &[("42", "42.0"), ("9007199254740993", "9007199254740992.0")] },
    Row { types: ["INTEGER", "BLOB"], values: &[("42", "42")] },
    Row {
        types: ["VARCHAR(10)", "TEXT"],
        values: &[("'007'", "'007'"), ("'longer than it should be'", "'longer than it should be'")],
    },
    Row { types: ["TEXT", "INTEGER"], values: &[("'7'", "7"), ("'007'", "7"), ("'seven'", "'seven'")] },
    Row { types: ["TEXT", "REAL"], values: &[("'1e3'", "1000.0"), ("'x'", "'x'")] },
    Row { types: ["TEXT", "DECIMAL(10,2)"], values: &[("'1.50'", "1.5")] },
    Row { types: ["TEXT", "BLOB"], values: &[("'007'", "'007'")] },
    Row { types: ["REAL", "INTEGER"], values: &[("1.5", "1.5"), ("2.0", "2")] },
    Row { types: ["REAL", "TEXT"], values: &[("1.5", "'1.5'"), ("1234567890.1234567", "'1234567890.12346'")] },
    Row { types: ["REAL", "DOUBLE"], values: &[("0.1", "0.1")] },
    Row {
        types: ["DECIMAL(10,2)", "TEXT"],
        values: &[("12.34", "'12.34'"), ("1234567890.1234567", "'1234567890.12346'")],
    },
    Row { types: ["BLOB", "TEXT"], values: &[("x'00ff'", "X'00FF'"), ("7", "'7'")] },
    Row { types: ["BLOB", "INTEGER"], values: &[("x'00ff'", "X'00FF'"), ("'007'", "7")] },
];
