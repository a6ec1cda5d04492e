//! What a change of type does to the values that are there. A change is unsafe unless it provably widens.

use super::tokens::{Kind, tokens};
use super::types::base;
use crate::model::Vendor;

/// What becomes of the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypeChange {
    /// They stay, and no row is written.
    Instant,
    /// They stay, and the table is copied.
    Rewrite,
    /// They may be cut, rounded or refused: the new type holds less.
    Narrows,
    /// They may be refused or become others: they are converted to something else.
    Converts,
}

/// Compares two types of one column.
pub fn compare(from: &str, to: &str, vendor: Vendor) -> TypeChange {
    let (old, new) = (Shape::of(from), Shape::of(to));
    let widens = match (&old, &new) {
        (Shape::Integer(a), Shape::Integer(b)) if a == b => return TypeChange::Instant,
        (Shape::Integer(a), Shape::Integer(b)) => b.0 <= a.0 && a.1 <= b.1,
        (Shape::Integer(a), Shape::Decimal { whole, .. }) => a.1.max(-a.0) < 10_i128.pow((*whole).min(38)),
        (Shape::Integer(a), Shape::Float { exact }) => a.1.max(-a.0) <= *exact,
        (Shape::Decimal { whole: a, scale: s }, Shape::Decimal { whole: b, scale: t }) => a <= b && s <= t,
        (Shape::Float { exact: a }, Shape::Float { exact: b }) => a <= b,
        (Shape::Text { fixed: false, most: a }, Shape::Text { fixed: false, most: b })
            if in_place(*a, *b, 4, vendor) =>
        {
            return TypeChange::Instant;
        }
        (Shape::Bytes { fixed: false, most: a }, Shape::Bytes { fixed: false, most: b })
            if in_place(*a, *b, 1, vendor) =>
        {
            return TypeChange::Instant;
        }
        // Blanks at the end of a value are none of it where it has a fixed length.
        (Shape::Text { fixed: false, .. }, Shape::Text { fixed: true, .. }) => false,
        (Shape::Text { most: a, .. }, Shape::Text { most: b, .. }) => a <= b,
        (Shape::Bytes { fixed: false, most: a }, Shape::Bytes { fixed: false, most: b }) => a <= b,
        (Shape::Labels(kind, a), Shape::Labels(other, b)) if kind == other => {
            if b.starts_with(a) && label_bytes(kind, a.len()) == label_bytes(kind, b.len()) {
                return TypeChange::Instant;
            }
            a.iter().all(|label| b.contains(label))
        }
        (Shape::Labels(kind, a), Shape::Text { most, .. }) if kind == "enum" => {
            a.iter().all(|label| label.chars().count() as u64 <= *most)
        }
        (Shape::Moment(kind, a), Shape::Moment(other, b)) => {
            a <= b && (kind == other || (kind == "date" && other == "datetime"))
        }
        _ => from.eq_ignore_ascii_case(to),
    };
    if widens {
        TypeChange::Rewrite
    } else if old.is_like(&new) {
        TypeChange::Narrows
    } else {
        TypeChange::Converts
    }
}

/// Whether a `varchar` or `varbinary` can be made longer without touching the rows: the length of a value is kept in one
/// byte up to 255 bytes and in two above, and a character takes up to `width`. MariaDB keeps lengths of up to 127 in
/// one byte in both.
fn in_place(from: u64, to: u64, width: u64, vendor: Vendor) -> bool {
    let short = vendor == Vendor::Mariadb && from * width <= 127;
    from <= to && (short || to * width <= 255 || from >= 256) && to * width <= 65_535
}

/// How many bytes a value of an `enum` or `set` of so many labels takes.
fn label_bytes(kind: &str, labels: usize) -> usize {
    match (kind, labels) {
        ("enum", 0..=255) => 1,
        ("enum", _) => 2,
        (_, 0..=32) => labels.div_ceil(8),
        _ => 8,
    }
}

/// What counts of a type when values move between types.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// The least and the greatest value.
    Integer((i128, i128)),
    /// Digits before and after the point.
    Decimal { whole: u32, scale: u32 },
    /// Up to which integer every one is exact.
    Float { exact: i128 },
    /// How many characters fit for sure.
    Text { fixed: bool, most: u64 },
    /// How many bytes fit.
    Bytes { fixed: bool, most: u64 },
    /// `enum` or `set`, and its labels.
    Labels(String, Vec<String>),
    /// A date or time and its fractional digits.
    Moment(String, u32),
    /// Something else.
    Other,
}

impl Shape {
    /// Whether both hold the same kind of values.
    fn is_like(&self, other: &Shape) -> bool {
        let is_number =
            |shape: &Shape| matches!(shape, Shape::Integer(_) | Shape::Decimal { .. } | Shape::Float { .. });
        (is_number(self) && is_number(other))
            || (*self != Shape::Other && std::mem::discriminant(self) == std::mem::discriminant(other))
    }

    /// What counts of a type.
    pub(super) fn of(data_type: &str) -> Self {
        let base = base(data_type);
        let numbers = numbers(data_type);
        let first = numbers.first().copied();
        match base.as_str() {
            "tinyint" | "bool" | "boolean" => integer(8, data_type),
            "smallint" => integer(16, data_type),
            "mediumint" => integer(24, data_type),
            "int" | "integer" => integer(32, data_type),
            "bigint" => integer(64, data_type),
            "decimal" | "numeric" if !data_type.contains("unsigned") => decimal(&numbers),
            "float" if numbers.is_empty() => Shape::Float { exact: 1 << 24 },
            "double" if numbers.is_empty() => Shape::Float { exact: 1 << 53 },
            "char" => Shape::Text { fixed: true, most: first.unwrap_or(1) },
            "varchar" => Shape::Text { fixed: false, most: first.unwrap_or_default() },
            "binary" => Shape::Bytes { fixed: true, most: first.unwrap_or(1) },
            "varbinary" => Shape::Bytes { fixed: false, most: first.unwrap_or_default() },
            "enum" | "set" => Shape::Labels(base, labels(data_type)),
            "date" | "datetime" | "timestamp" | "time" => Shape::Moment(base, first.unwrap_or_default() as u32),
            _ => large(&base),
        }
    }
}

fn integer(bits: u32, data_type: &str) -> Shape {
    let (half, whole) = (1_i128 << (bits - 1), 1_i128 << bits);
    Shape::Integer(if data_type.contains("unsigned") { (0, whole - 1) } else { (-half, half - 1) })
}

fn decimal(numbers: &[u64]) -> Shape {
    let precision = numbers.first().copied().unwrap_or(10) as u32;
    let scale = numbers.get(1).copied().unwrap_or_default() as u32;
    Shape::Decimal { whole: precision.saturating_sub(scale), scale }
}

/// Texts and blobs without a length of their own. A character may take four bytes.
fn large(base: &str) -> Shape {
    let bytes: u64 = match base.trim_end_matches("text").trim_end_matches("blob") {
        "tiny" => 255,
        "" => 65_535,
        "medium" => 16_777_215,
        "long" => 4_294_967_295,
        _ => return Shape::Other,
    };
    if base.ends_with("text") {
        Shape::Text { fixed: false, most: if base == "tinytext" { 63 } else { bytes / 4 } }
    } else if base.ends_with("blob") {
        Shape::Bytes { fixed: false, most: bytes }
    } else {
        Shape::Other
    }
}

fn numbers(data_type: &str) -> Vec<u64> {
    tokens(data_type).iter().filter(|token| token.kind == Kind::Number).filter_map(|t| t.text.parse().ok()).collect()
}

fn labels(data_type: &str) -> Vec<String> {
    tokens(data_type).iter().filter_map(super::tokens::Token::string).collect()
}

/// A change of type, and what it does.
#[derive(Clone, Copy, Debug)]
pub struct TypeRow {
    /// The types, as they are declared.
    pub types: [&'static str; 2],
    /// Whether MariaDB writes no row for it.
    pub instant_on_mariadb: bool,
    /// What becomes of the values on MySQL; and on MariaDB, if it writes them.
    pub fate: TypeChange,
    /// In words.
    pub words: &'static str,
}

const fn row(types: [&'static str; 2], instant_on_mariadb: bool, fate: TypeChange, words: &'static str) -> TypeRow {
    TypeRow { types, instant_on_mariadb, fate, words }
}

use TypeChange::{Converts, Instant, Narrows, Rewrite};

/// What [`compare`] says, by example: each row is tried on a server by `tests/mysql`, and stands in `docs/live-data.md`.
pub const TYPES: &[TypeRow] = &[
    row(["int(10)", "int(11)"], true, Instant, "another display width"),
    row(["int", "bigint"], false, Rewrite, "a wider integer"),
    row(["int unsigned", "bigint"], false, Rewrite, "a signed integer that holds all of an unsigned one"),
    row(["bigint", "int"], false, Narrows, "a narrower integer"),
    row(["int", "int unsigned"], false, Narrows, "no negative numbers any more"),
    row(["varchar(20)", "varchar(60)"], true, Instant, "a longer text, up to 255 bytes"),
    row(["varchar(20)", "varchar(100)"], true, Rewrite, "a longer text, from at most 127 bytes to more than 255"),
    row(["varchar(60)", "varchar(300)"], false, Rewrite, "a longer text, from 128 to 255 bytes to more"),
    row(["varchar(300)", "varchar(400)"], true, Instant, "a longer text, from 256 bytes on"),
    row(["varchar(100)", "varchar(60)"], false, Narrows, "a shorter text"),
    row(["varchar(60)", "text"], false, Rewrite, "a text of any length"),
    row(["text", "mediumtext"], false, Rewrite, "a larger text"),
    row(["text", "varchar(100)"], false, Narrows, "a text with a limit"),
    row(["varchar(10)", "char(20)"], false, Narrows, "a text of fixed length: blanks at the end of values go"),
    row(["char(10)", "varchar(20)"], false, Rewrite, "a text that is not padded"),
    row(["varbinary(20)", "varbinary(200)"], true, Instant, "more bytes, up to 255"),
    row(["blob", "longblob"], false, Rewrite, "a larger blob"),
    row(["varbinary(4)", "binary(8)"], false, Narrows, "bytes of a fixed length: the values get zeros at their end"),
    row(["binary(4)", "binary(8)"], false, Narrows, "more bytes of fixed length: the values get zeros at their end"),
    row(["enum('a','b')", "enum('a','b','c')"], true, Instant, "more labels at the end"),
    row(["enum('a','b')", "enum('c','a','b')"], false, Rewrite, "more labels elsewhere"),
    row(["enum('a','b')", "enum('a')"], false, Narrows, "fewer labels"),
    row(["enum('a','b')", "varchar(9)"], false, Rewrite, "labels as text"),
    row(["set('a','b')", "set('a','b','c')"], true, Instant, "more members at the end, up to 8, 16, 24, 32 or 64"),
    row(
        ["set('1','2','3','4','5','6','7','8')", "set('1','2','3','4','5','6','7','8','9')"],
        false,
        Rewrite,
        "more members than these",
    ),
    row(["decimal(10,2)", "decimal(12,3)"], false, Rewrite, "more digits on both sides of the point"),
    row(["decimal(10,2)", "decimal(10,3)"], false, Narrows, "fewer digits before the point"),
    row(["decimal(10,2)", "decimal(10,1)"], false, Narrows, "fewer digits after the point: values are rounded"),
    row(["int", "decimal(12,0)"], false, Rewrite, "an integer as decimal"),
    row(["float", "double"], false, Rewrite, "a more precise number"),
    row(["double", "float"], false, Narrows, "a less precise number"),
    row(["date", "datetime"], false, Rewrite, "a date as midnight"),
    row(["datetime", "datetime(6)"], false, Rewrite, "a more precise time"),
    row(["datetime(6)", "datetime"], false, Narrows, "a less precise time"),
    row(["datetime", "date"], false, Narrows, "a date without its time"),
    row(["timestamp null", "datetime"], false, Narrows, "an instant as what the clock shows in UTC"),
    row(["int", "varchar(20)"], false, Converts, "a number as text"),
    row(["varchar(20)", "int"], false, Converts, "a text as number: what is none is refused"),
    row(["varchar(20)", "date"], false, Converts, "a text as date: what is none is refused"),
    row(["longtext", "json"], false, Converts, "a text as JSON: what is none is refused"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_says_what_the_code_does() {
        for TypeRow { types: [from, to], instant_on_mariadb, fate, .. } in TYPES {
            let mariadb = if *instant_on_mariadb { Instant } else { *fate };
            assert_eq!(compare(from, to, Vendor::Mysql), *fate, "{from} → {to}");
            assert_eq!(compare(from, to, Vendor::Mariadb), mariadb, "{from} → {to}");
        }
    }

    #[test]
    fn what_is_not_known_is_converted() {
        for (from, to) in [("point", "polygon"), ("varchar(10)", "int(11)"), ("uuid", "inet6")] {
            assert_eq!(compare(from, to, Vendor::Mariadb), Converts, "{from} → {to}");
        }
    }
}
