//! What a change of type does to the values of a column.

use super::types::{Family, Parsed, parse};

/// What a change from one type to another means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Conversion {
    /// Whether the table is written anew or read through. If not, only the catalog changes.
    pub(super) rewrites: bool,
    /// Why values may come out other than they went in.
    pub(super) loses: Option<&'static str>,
    /// Why the server may refuse some values.
    pub(super) refuses: Option<&'static str>,
    /// Whether an explicit cast is needed. Where it is not, none is written, because an explicit
    /// cast to a shorter type cuts values silently where an implicit one refuses them.
    pub(super) cast: bool,
    /// Whether it stays the same type with other numbers, so that foreign keys and defaults go on
    /// to fit.
    pub(super) same_type: bool,
    /// The number of characters that values may have afterwards, where they could have more.
    pub(super) shortens_to: Option<u32>,
}

impl Conversion {
    fn catalog_only() -> Self {
        Self { rewrites: false, loses: None, refuses: None, cast: false, same_type: false, shortens_to: None }
    }

    fn rewrite() -> Self {
        Self { rewrites: true, ..Self::catalog_only() }
    }

    fn losing(why: &'static str) -> Self {
        Self { loses: Some(why), ..Self::rewrite() }
    }

    fn refusing(why: &'static str) -> Self {
        Self { refuses: Some(why), ..Self::rewrite() }
    }

    fn with_cast(self) -> Self {
        Self { cast: true, ..self }
    }
}

/// What becomes of the values when a column of one type gets another.
pub(super) fn conversion(from: &str, to: &str) -> Conversion {
    let (a, b) = (parse(from), parse(to));
    let mut conversion = between(&a, &b);
    conversion.same_type = a.family == b.family && a.name == b.name;
    conversion
}

fn between(a: &Parsed, b: &Parsed) -> Conversion {
    use Family as F;
    match (a.family, b.family) {
        (_, F::Text | F::Varchar | F::Char) => to_string(a, b),
        (F::Integer(x), F::Integer(y)) if y > x => Conversion::rewrite(),
        (F::Integer(_), F::Integer(_)) => Conversion::refusing("numbers may be too large for the smaller type"),
        (F::Integer(size), F::Numeric) => integer_to_numeric(size, b),
        (F::Numeric, F::Numeric) => numeric(a, b),
        (F::Numeric | F::Float(_), F::Integer(_)) => Conversion {
            refuses: Some("numbers may be too large for the smaller type"),
            ..Conversion::losing("fractions are rounded")
        },
        (F::Float(4), F::Float(8)) | (F::Integer(2 | 4), F::Float(8)) | (F::Integer(2), F::Float(4)) => {
            Conversion::rewrite()
        }
        (x, F::Float(_) | F::Numeric) if x.is_number() => Conversion::losing("digits may be rounded"),
        (F::Boolean, y) if y.is_number() => Conversion::rewrite().with_cast(),
        (x, F::Boolean) if x.is_number() => Conversion::losing("all numbers but 0 become true").with_cast(),
        (F::Date, F::Timestamp) => Conversion::rewrite(),
        (F::Timestamp | F::TimestampTz, F::Date | F::Time | F::TimeTz) => {
            Conversion::losing("a part of each point in time is dropped")
        }
        (F::Timestamp, F::Timestamp) | (F::TimestampTz, F::TimestampTz) | (F::Time, F::Time) => fractions(a, b),
        (F::Timestamp | F::Date, F::TimestampTz) | (F::TimestampTz, F::Timestamp) => {
            Conversion::losing("points in time are taken as UTC")
        }
        (F::Json, F::Jsonb) => Conversion::losing("white space, key order and duplicate keys are dropped").with_cast(),
        (F::Jsonb, F::Json) => Conversion::rewrite().with_cast(),
        (x, _) if x.is_string() => Conversion::refusing("texts may not be values of the new type").with_cast(),
        _ => Conversion {
            refuses: Some("values may not fit the new type"),
            ..Conversion::losing("values may not survive the conversion")
        }
        .with_cast(),
    }
}

/// Everything becomes a string by itself; only its length can be trouble.
fn to_string(a: &Parsed, b: &Parsed) -> Conversion {
    let (old, new) = (length(a), length(b));
    let base = if a.family == b.family || (a.family == Family::Varchar && b.family == Family::Text) {
        Conversion::catalog_only()
    } else {
        Conversion::rewrite()
    };
    match (old, new) {
        (_, None) => base,
        (Some(old), Some(new)) if old <= new => {
            // Padding of character(n) is written into every row.
            if b.family == Family::Char { Conversion::rewrite() } else { base }
        }
        (_, Some(new)) => Conversion {
            shortens_to: a.family.is_string().then_some(new),
            ..Conversion::refusing("values may be longer than the new type allows")
        },
    }
}

/// How many characters a string type keeps; `None` is any number.
fn length(parsed: &Parsed) -> Option<u32> {
    match parsed.family {
        Family::Char => Some(parsed.numbers.first().copied().unwrap_or(1)),
        Family::Varchar => parsed.numbers.first().copied(),
        Family::Boolean => Some(5),
        Family::Uuid => Some(36),
        Family::Integer(size) => Some(match size {
            2 => 6,
            4 => 11,
            _ => 20,
        }),
        _ => None,
    }
}

fn integer_to_numeric(size: u8, b: &Parsed) -> Conversion {
    let digits = match size {
        2 => 5,
        4 => 10,
        _ => 19,
    };
    match precision(b) {
        None => Conversion::rewrite(),
        Some((precision, scale)) if precision.saturating_sub(scale) >= digits => Conversion::rewrite(),
        Some(_) => Conversion::refusing("numbers may have too many digits"),
    }
}

fn numeric(a: &Parsed, b: &Parsed) -> Conversion {
    match (precision(a), precision(b)) {
        (_, None) => Conversion::catalog_only(),
        (None, Some(_)) => Conversion {
            refuses: Some("numbers may have too many digits"),
            ..Conversion::losing("fractions may be rounded")
        },
        (Some((p, s)), Some((precision, scale))) if s == scale && precision >= p => Conversion::catalog_only(),
        (Some((p, s)), Some((precision, scale))) => Conversion {
            loses: (scale < s).then_some("fractions may be rounded"),
            refuses: (precision.saturating_sub(scale) < p.saturating_sub(s))
                .then_some("numbers may have too many digits"),
            ..Conversion::rewrite()
        },
    }
}

fn precision(parsed: &Parsed) -> Option<(u32, u32)> {
    let precision = *parsed.numbers.first()?;
    Some((precision, parsed.numbers.get(1).copied().unwrap_or(0)))
}

/// Times keep six digits of a second unless they say otherwise.
fn fractions(a: &Parsed, b: &Parsed) -> Conversion {
    let digits = |parsed: &Parsed| parsed.numbers.first().copied().unwrap_or(6);
    if digits(b) >= digits(a) {
        Conversion::catalog_only()
    } else {
        Conversion::losing("fractions of seconds are rounded")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Conversion {
        /// Whether every value stays what it is and the server accepts it.
        fn widens(&self) -> bool {
            self.loses.is_none() && self.refuses.is_none()
        }
    }

    #[test]
    fn widening_loses_and_refuses_nothing() {
        for (from, to, rewrites) in [
            ("character varying(50)", "character varying(100)", false),
            ("character varying(50)", "text", false),
            ("character varying(50)", "character varying", false),
            ("integer", "bigint", true),
            ("numeric(10,2)", "numeric(12,2)", false),
            ("numeric(10,2)", "numeric(12,4)", true),
            ("integer", "numeric(10,0)", true),
            ("uuid", "text", true),
            ("uuid", "character varying(36)", true),
            ("date", "timestamp without time zone", true),
        ] {
            let found = conversion(from, to);
            assert!(found.widens(), "{from} → {to}: {found:?}");
            assert_eq!(found.rewrites, rewrites, "{from} → {to}");
        }
    }

    #[test]
    fn narrowing_says_so() {
        for (from, to) in [
            ("character varying(100)", "character varying(50)"),
            ("text", "character varying(50)"),
            ("bigint", "integer"),
            ("numeric(10,4)", "numeric(10,2)"),
            ("numeric", "numeric(10,2)"),
            ("text", "integer"),
            ("timestamp without time zone", "date"),
            ("double precision", "real"),
            ("bigint", "double precision"),
            ("uuid", "character varying(20)"),
            ("integer[]", "text[]"),
        ] {
            assert!(!conversion(from, to).widens(), "{from} → {to}");
        }
    }

    #[test]
    fn shortening_is_not_forced_by_a_cast() {
        let found = conversion("text", "character varying(5)");
        assert_eq!((found.cast, found.shortens_to), (false, Some(5)));
        assert!(conversion("text", "integer").cast);
    }
}
