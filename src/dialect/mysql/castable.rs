//! Which values a change of type refuses under a strict SQL mode, as conditions on rows.
//!
//! Rounding is no refusal: it is the hazard `may_lose_data`. Where the server's own rules for reading a value are too
//! many to be sure, nothing is claimed.

use super::names::{literal, quote};
use super::types::base;
use super::widening::{Shape, TypeChange, compare};
use crate::model::{Column, Vendor};

/// How to find the values that are in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Test {
    /// Texts or bytes that are too long.
    Longer(String),
    /// Values that the new type does not take.
    Refused(String),
    /// Labels that the new type lacks.
    Label(String),
    /// No query can tell.
    Unasked,
}

/// The test for values that a change of type refuses; `None` where it refuses none.
pub(super) fn test(from: &Column, to: &Column, vendor: Vendor) -> Option<Test> {
    let change = compare(&from.data_type, &to.data_type, vendor);
    if !matches!(change, TypeChange::Narrows | TypeChange::Converts) {
        return None;
    }
    let name = quote(&from.name);
    let (old, new) = (Shape::of(&from.data_type), Shape::of(&to.data_type));
    let refused = |condition: String| Some(Test::Refused(condition));
    match (&old, &new) {
        (Shape::Text { .. } | Shape::Labels(..), Shape::Text { .. }) => Some(longer(&name, from, to)),
        (_, Shape::Text { .. }) if is_number(&old) => Some(longer(&name, from, to)),
        (Shape::Bytes { .. }, Shape::Bytes { most, .. }) => Some(Test::Longer(format!("LENGTH({name}) > {most}"))),
        (Shape::Labels(kind, a), Shape::Labels(other, b)) if kind == other => labels(&name, kind, a, b),
        (Shape::Text { .. }, Shape::Labels(kind, b)) if kind == "enum" => {
            Some(Test::Label(format!("{name} NOT IN ({})", list(b))))
        }
        (Shape::Text { .. }, new) if is_number(new) => refused(text_to_number(&name, to, vendor)),
        (old, new) if is_number(old) && is_number(new) => beyond(&name, to).map(Test::Refused),
        (Shape::Moment(a, _), Shape::Moment(b, _)) => moments(&name, a, b),
        _ => Some(Test::Unasked),
    }
}

fn is_number(shape: &Shape) -> bool {
    matches!(shape, Shape::Integer(_) | Shape::Decimal { .. } | Shape::Float { .. })
}

/// Characters are counted where the new type does, and bytes where it counts those.
fn longer(name: &str, from: &Column, to: &Column) -> Test {
    let number = first_number(&to.data_type);
    let condition = match (base(&to.data_type).as_str(), number) {
        ("char" | "varchar", _) => format!("CHAR_LENGTH({name}) > {}", number.unwrap_or(1)),
        (large, _) => {
            let bytes: u64 = match large {
                "tinytext" => 255,
                "text" => 65_535,
                "mediumtext" => 16_777_215,
                _ => 4_294_967_295,
            };
            let same = from.collation == to.collation;
            let stored = if same { name.to_owned() } else { format!("CONVERT({name} USING utf8mb4)") };
            format!("LENGTH({stored}) > {bytes}")
        }
    };
    Test::Longer(condition)
}

fn first_number(data_type: &str) -> Option<u64> {
    let (_, rest) = data_type.split_once('(')?;
    rest.split([',', ')']).next()?.trim().parse().ok()
}

fn list(labels: &[String]) -> String {
    labels.iter().map(|label| literal(label)).collect::<Vec<_>>().join(", ")
}

fn labels(name: &str, kind: &str, a: &[String], b: &[String]) -> Option<Test> {
    let gone: Vec<_> = a.iter().filter(|label| !b.contains(label)).cloned().collect();
    if gone.is_empty() {
        return None;
    }
    let condition = if kind == "enum" {
        format!("{name} IN ({})", list(&gone))
    } else {
        let holds = |label: &String| format!("FIND_IN_SET({}, {name}) > 0", literal(label));
        gone.iter().map(holds).collect::<Vec<_>>().join(" OR ")
    };
    Some(Test::Label(condition))
}

/// Texts that are no numbers, and numbers that do not fit. MariaDB reads nothing but digits as a whole number, where MySQL
/// rounds.
fn text_to_number(name: &str, to: &Column, vendor: Vendor) -> String {
    let whole = matches!(Shape::of(&to.data_type), Shape::Integer(_));
    let mut cases = String::new();
    if whole {
        // A double does not keep all digits of a whole number: those are compared as such.
        let exact = beyond(&format!("CAST(TRIM({name}) AS DECIMAL(65, 0))"), to).unwrap_or_default();
        let digits = literal("^[[:space:]]*[+-]?0*[0-9]{1,60}[[:space:]]*$");
        cases.push_str(&format!("WHEN {name} REGEXP {digits} THEN {exact} "));
    }
    if !whole || vendor == Vendor::Mysql {
        let pattern = literal("^[[:space:]]*[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]+)?[[:space:]]*$");
        let fits = beyond(&format!("({name} + 0e0)"), to).unwrap_or_else(|| "FALSE".to_owned());
        cases.push_str(&format!("WHEN {name} REGEXP {pattern} THEN {fits} "));
    }
    format!("CASE WHEN {name} IS NULL THEN FALSE {cases}ELSE TRUE END")
}

/// The condition that a number is beyond what a type holds, rounded as the type rounds.
fn beyond(number: &str, to: &Column) -> Option<String> {
    match Shape::of(&to.data_type) {
        Shape::Integer((least, most)) => Some(format!("ROUND({number}) NOT BETWEEN {least} AND {most}")),
        Shape::Decimal { whole, scale } => {
            Some(format!("ABS(ROUND({number}, {scale})) >= 1{}", "0".repeat(whole as usize)))
        }
        Shape::Float { exact } if exact <= 1 << 24 => Some(format!("ABS({number}) > 3.402823466e38")),
        _ => None,
    }
}

/// Points in time: parts of them are cut, which is a loss and no refusal; but a `timestamp` holds a few decades only.
fn moments(name: &str, from: &str, to: &str) -> Option<Test> {
    match (from, to) {
        ("date" | "datetime", "timestamp") => {
            Some(Test::Refused(format!("{name} IS NOT NULL AND COALESCE(UNIX_TIMESTAMP({name}), 0) = 0")))
        }
        (a, b) if a == b => None,
        ("datetime" | "timestamp", "date" | "time") | ("timestamp", "datetime") => None,
        _ => Some(Test::Unasked),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(from: &str, to: &str) -> Option<Test> {
        test(&Column::new("c", from), &Column::new("c", to), Vendor::Mariadb)
    }

    #[test]
    fn what_widens_or_only_rounds_is_not_asked_about() {
        for (from, to) in [("int(11)", "bigint(20)"), ("varchar(9)", "varchar(10)"), ("datetime", "date")] {
            assert_eq!(of(from, to), None, "{from} → {to}");
        }
    }

    #[test]
    fn nothing_is_claimed_where_no_query_can_tell() {
        for (from, to) in [("varchar(20)", "date"), ("text", "json"), ("point", "polygon")] {
            assert_eq!(of(from, to), Some(Test::Unasked), "{from} → {to}");
        }
    }

    #[test]
    fn lengths_are_counted_as_the_type_counts() {
        assert_eq!(of("text", "varchar(5)"), Some(Test::Longer("CHAR_LENGTH(`c`) > 5".to_owned())));
        assert_eq!(of("longtext", "text"), Some(Test::Longer("LENGTH(`c`) > 65535".to_owned())));
        assert_eq!(of("enum('a','b')", "enum('b')"), Some(Test::Label("`c` IN ('a')".to_owned())));
    }
}
