//! What a change of type does to the values that are there. A change is unsafe unless it provably widens.

use super::tokens::{Kind, tokens};
use super::types::base;

/// What becomes of the values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TypeChange {
    /// They stay, and the table is not written anew.
    Instant,
    /// They stay, the table is written anew.
    Rewrite,
    /// They may be cut, rounded or refused; in a few words how.
    Lossy(String),
}

/// Compares two types of one column.
pub(super) fn compare(from: &str, to: &str) -> TypeChange {
    let (old, new) = (Shape::of(from), Shape::of(to));
    let widens = match (&old, &new) {
        (Shape::Integer(a), Shape::Integer(b)) if a == b => return TypeChange::Instant,
        (Shape::Integer(a), Shape::Integer(b)) => b.0 <= a.0 && a.1 <= b.1,
        (Shape::Integer(a), Shape::Decimal { whole, .. }) => a.1.max(-a.0) < 10_i128.pow((*whole).min(38)),
        (Shape::Integer(a), Shape::Float { exact }) => a.1.max(-a.0) <= *exact,
        (Shape::Decimal { whole: a, scale: s }, Shape::Decimal { whole: b, scale: t }) => a <= b && s <= t,
        (Shape::Float { exact: a }, Shape::Float { exact: b }) => a <= b,
        (Shape::Text { fixed: false, most: a, .. }, Shape::Text { fixed: false, most: b, .. }) if in_place(*a, *b) => {
            return TypeChange::Instant;
        }
        (Shape::Text { most: a, .. }, Shape::Text { most: b, .. }) => a <= b,
        (Shape::Bytes { fixed: false, most: a }, Shape::Bytes { fixed: false, most: b }) => a <= b,
        (Shape::Labels(kind, a), Shape::Labels(other, b)) if kind == other => {
            if b.starts_with(a) {
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
    } else {
        TypeChange::Lossy(format!("{from} becomes {to}: not every value may fit"))
    }
}

/// Whether a `varchar` can be made longer without touching the rows: the length of a value is kept in one byte up to
/// 255 bytes and in two above, and a character takes up to four.
fn in_place(from: u64, to: u64) -> bool {
    from <= to && (to <= 63 || from >= 256) && to <= 16_383
}

/// What counts of a type when values move between types.
#[derive(Debug, PartialEq, Eq)]
enum Shape {
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
    fn of(data_type: &str) -> Self {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widening_keeps_values() {
        for (from, to) in [
            ("int(11)", "bigint(20)"),
            ("int(10) unsigned", "bigint(20)"),
            ("varchar(100)", "varchar(255)"),
            ("varchar(255)", "text"),
            ("text", "longtext"),
            ("decimal(10,2)", "decimal(12,3)"),
            ("enum('b','a')", "enum('a','b','c')"),
            ("enum('a','b')", "varchar(20)"),
            ("datetime", "datetime(6)"),
            ("float", "double"),
        ] {
            assert_eq!(compare(from, to), TypeChange::Rewrite, "{from} → {to}");
        }
    }

    #[test]
    fn some_changes_touch_no_row() {
        for (from, to) in [
            ("int(10)", "int(11)"),
            ("varchar(20)", "varchar(60)"),
            ("varchar(300)", "varchar(400)"),
            ("enum('a')", "enum('a','b')"),
        ] {
            assert_eq!(compare(from, to), TypeChange::Instant, "{from} → {to}");
        }
    }

    #[test]
    fn everything_else_may_lose_something() {
        for (from, to) in [
            ("bigint(20)", "int(11)"),
            ("int(11)", "int(11) unsigned"),
            ("varchar(255)", "varchar(100)"),
            ("text", "varchar(255)"),
            ("decimal(10,2)", "decimal(10,1)"),
            ("enum('a','b')", "enum('a')"),
            ("varchar(10)", "int(11)"),
            ("timestamp", "datetime"),
            ("point", "polygon"),
            ("binary(4)", "binary(8)"),
        ] {
            assert!(matches!(compare(from, to), TypeChange::Lossy(_)), "{from} → {to}");
        }
    }
}
