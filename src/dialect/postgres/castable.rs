//! Which values a change of type refuses, as conditions on rows.
//!
//! PostgreSQL 16 tells itself which texts are values of a type. Before, it is told by patterns, where the type's own
//! rules are simple enough to be sure; where they are not, nothing is claimed.

use super::conversion::conversion;
use super::names::{ident, literal};
use super::types::{Family, Parsed, parse};
use crate::model::{Column, EnumType, Version};

/// How to find the values that are in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Test {
    /// Texts of more characters than this.
    Longer { condition: String, than: u32 },
    /// Values that the new type does not take.
    Refused(String),
    /// No query can tell.
    Unasked,
}

/// The white space that the server passes over around a value.
const BLANK: &str = r"[ \t\n\r\f\v]*";

/// The test for values that a change of type refuses; `None` where it refuses none. `labels` is the enum that the
/// column becomes, if it is one.
pub(super) fn test(from: &Column, to: &str, labels: Option<&EnumType>, version: Version) -> Option<Test> {
    let change = conversion(&from.data_type, to);
    let (a, b) = (parse(&from.data_type), parse(to));
    if change.refuses.is_none() && !may_overflow(&a, &b) {
        return None;
    }
    let name = ident(&from.name);
    let length = b.numbers.first().copied().or((b.family == Family::Char).then_some(1));
    if let Some(than) = length.filter(|_| b.family.is_string() && !to.ends_with("[]")) {
        let text = if a.family.is_string() { "" } else { "::text" };
        return Some(Test::Longer { condition: format!("char_length({name}{text}) > {than}"), than });
    }
    let condition = if a.family.is_string() {
        text(&name, to, &b, labels, version)
    } else if a.family.is_number() {
        number(&name, &a, &b)
    } else {
        None
    };
    Some(condition.map_or(Test::Unasked, Test::Refused))
}

/// Numbers that are rounded may become too large as well.
fn may_overflow(a: &Parsed, b: &Parsed) -> bool {
    match (a.family, b.family) {
        (Family::Float(_), Family::Numeric) => !b.numbers.is_empty(),
        (Family::Float(8), Family::Float(4)) => true,
        _ => false,
    }
}

fn text(name: &str, to: &str, b: &Parsed, labels: Option<&EnumType>, version: Version) -> Option<String> {
    if let Some(labels) = labels.filter(|_| !to.ends_with("[]")) {
        let list: Vec<_> = labels.labels.iter().map(|label| literal(label)).collect();
        return Some(format!("{name} NOT IN ({})", list.join(", ")));
    }
    if version.0 >= 16 {
        return Some(format!("NOT pg_input_is_valid({name}, {})", literal(to)));
    }
    let unlike = |pattern: &str| Some(format!("{name} !~* {}", literal(&format!("^{BLANK}{pattern}{BLANK}$"))));
    match b.family {
        Family::Integer(_) => guarded(name, "[+-]?0*[0-9]{1,40}", b, version),
        Family::Numeric => guarded(name, r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)(e[+-]?[0-9]{1,4})?", b, version),
        Family::Boolean => unlike("(t|tr|tru|true|f|fa|fal|fals|false|y|ye|yes|n|no|on|of|off|1|0)"),
        Family::Uuid => {
            let digits = "([0-9a-f]{4}-?){7}[0-9a-f]{4}";
            Some(format!("{name} !~* {}", literal(&format!(r"^({digits}|\{{{digits}\}})$"))))
        }
        _ => None,
    }
}

/// Texts that are no numbers, and numbers that do not fit. The server reads no text as a number that is none.
fn guarded(name: &str, pattern: &str, b: &Parsed, version: Version) -> Option<String> {
    let pattern = literal(&format!("^{BLANK}{pattern}{BLANK}$"));
    let fits = beyond(&format!("{name}::numeric"), b).unwrap_or_else(|| "false".to_owned());
    let special = match b.family {
        Family::Numeric if b.numbers.is_empty() && version.0 >= 14 => "(nan|[+-]?inf(inity)?)",
        Family::Numeric => "nan",
        _ => return Some(format!("CASE WHEN {name} ~* {pattern} THEN {fits} ELSE {name} IS NOT NULL END")),
    };
    let special = literal(&format!("^{BLANK}{special}{BLANK}$"));
    Some(format!(
        "CASE WHEN {name} ~* {pattern} THEN {fits} WHEN {name} ~* {special} THEN false ELSE {name} IS NOT NULL END"
    ))
}

fn number(name: &str, a: &Parsed, b: &Parsed) -> Option<String> {
    match (a.family, b.family) {
        (Family::Float(_), Family::Integer(size)) => {
            let (least, most) = bounds(size);
            // Halves are rounded to the even neighbour.
            Some(match size {
                8 => format!("NOT ({name} >= {least} AND {name} < {most})"),
                _ => format!("NOT ({name} >= {least} - 0.5 AND {name} < {most} + 0.5)"),
            })
        }
        (Family::Float(_), Family::Float(_)) => Some(format!(
            "{name} NOT IN ('Infinity', '-Infinity', 'NaN') AND (abs({name}) > 3.4028235e38 \
             OR ({name} <> 0 AND abs({name}) < 1.4e-45))"
        )),
        (Family::Float(_), Family::Numeric) => {
            let digits = beyond(&format!("{name}::numeric"), b)?;
            Some(format!(
                "CASE WHEN {name} IN ('Infinity', '-Infinity') THEN true WHEN {name} = 'NaN' THEN false ELSE {digits} END"
            ))
        }
        (_, Family::Numeric) => beyond(name, b).map(|beyond| format!("{name} <> 'NaN'::numeric AND {beyond}")),
        (_, Family::Integer(_)) => beyond(name, b),
        _ => None,
    }
}

/// The condition that an exact number is beyond what a type holds, rounded as the type rounds.
fn beyond(number: &str, b: &Parsed) -> Option<String> {
    match b.family {
        Family::Integer(size) => {
            let (least, most) = bounds(size);
            Some(format!("round({number}::numeric) NOT BETWEEN {least} AND {most}"))
        }
        Family::Numeric => {
            let precision = *b.numbers.first()?;
            let scale = b.numbers.get(1).copied().unwrap_or(0);
            let whole = precision.checked_sub(scale)?;
            Some(format!("abs(round({number}::numeric, {scale})) >= 1e{whole}::numeric"))
        }
        _ => None,
    }
}

fn bounds(size: u8) -> (i64, i64) {
    match size {
        2 => (i16::MIN.into(), i16::MAX.into()),
        4 => (i32::MIN.into(), i32::MAX.into()),
        _ => (i64::MIN, i64::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(from: &str, to: &str, version: u16) -> Option<Test> {
        test(&Column::new("c", from), to, None, Version(version, 0, 0))
    }

    #[test]
    fn what_widens_is_not_asked_about() {
        for (from, to) in [("integer", "bigint"), ("text", "character varying"), ("numeric(5,2)", "numeric(6,2)")] {
            assert_eq!(of(from, to, 15), None, "{from} → {to}");
        }
    }

    #[test]
    fn nothing_is_claimed_where_no_query_can_tell() {
        for (from, to) in [("text", "date"), ("text", "jsonb"), ("text[]", "integer[]")] {
            assert_eq!(of(from, to, 15), Some(Test::Unasked), "{from} → {to}");
        }
        let asked = Test::Refused("NOT pg_input_is_valid(\"c\", 'date')".to_owned());
        assert_eq!(of("text", "date", 16), Some(asked));
    }

    #[test]
    fn shortening_counts_characters() {
        let longer = Test::Longer { condition: "char_length(\"c\") > 5".to_owned(), than: 5 };
        assert_eq!(of("text", "character varying(5)", 15), Some(longer));
    }
}
