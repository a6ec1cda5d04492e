//! What a change of type does to the values of a column.

use super::types::{Family, Parsed, parse};

/// What a change from one type to another means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Conversion {
    /// Whether the table is written anew. If not, only the catalog changes.
    pub(super) rewrites: bool,
    /// Whether the indexes over the column are built anew though the table is not written: they compare in another way.
    pub(super) reindexes: bool,
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
        Self {
            rewrites: false,
            reindexes: false,
            loses: None,
            refuses: None,
            cast: false,
            same_type: false,
            shortens_to: None,
        }
    }

    fn rewrite() -> Self {
        Self { rewrites: true, ..Self::catalog_only() }
    }

    fn reindex() -> Self {
        Self { reindexes: true, ..Self::catalog_only() }
    }

    fn losing(why: &'static str) -> Self {
        Self { loses: Some(why), ..Self::rewrite() }
    }

    fn refusing(why: &'static str) -> Self {
        Self { refuses: Some(why), ..Self::rewrite() }
    }

    /// Where the server gives no value another form, as long as sessions are in UTC, which ours are.
    fn in_utc(self, a: &Parsed, b: &Parsed) -> Self {
        let same = fraction_digits(a) == fraction_digits(b);
        Self { rewrites: !same, reindexes: same, ..self }
    }

    /// Where an expression that a person wrote gives the values.
    pub(super) fn by_expression(self) -> Self {
        let refuses = Some("the expression may fail, or give what is no value of the new type");
        let loses = Some("values become what the declared expression gives");
        Self { rewrites: true, cast: true, shortens_to: None, loses, refuses, ..self }
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
        (F::Timestamp, F::TimestampTz) | (F::TimestampTz, F::Timestamp) => {
            Conversion::losing("points in time are taken as UTC").in_utc(a, b)
        }
        (F::Date, F::TimestampTz) => Conversion::losing("days are taken to begin in UTC"),
        (F::Time, F::TimeTz) => Conversion::losing("times are taken as UTC"),
        (F::TimeTz, F::Time) => Conversion::losing("time zones are dropped"),
        (F::TimeTz, F::TimeTz) => fractions(a, b),
        (F::Json, F::Jsonb) => Conversion::losing("white space, key order and duplicate keys are dropped").with_cast(),
        (F::Jsonb, F::Json) => Conversion::rewrite().with_cast(),
        (F::Text | F::Varchar, F::Other) if b.name == "citext" => Conversion {
            refuses: Some("values that differ by case alone become equal, which a unique index does not take"),
            ..Conversion::reindex()
        },
        (F::Other, F::Other) if special(a, b).is_some() => special(a, b).unwrap_or_else(Conversion::rewrite),
        (x, _) if x.is_string() => Conversion::refusing("texts may not be values of the new type").with_cast(),
        _ => Conversion {
            refuses: Some("values may not fit the new type"),
            ..Conversion::losing("values may not survive the conversion")
        }
        .with_cast(),
    }
}

/// Types without a family of their own.
fn special(a: &Parsed, b: &Parsed) -> Option<Conversion> {
    if let (Some(old), Some(new)) = (element(a), element(b)) {
        // The server goes through every array, even where nothing happens to what is in it.
        return Some(Conversion { rewrites: true, reindexes: false, ..between(&old, &new) });
    }
    Some(match (a.name.as_str(), b.name.as_str()) {
        ("cidr", "inet") => Conversion::catalog_only(),
        ("inet", "cidr") => Conversion::losing("bits that belong to a host are set to zero"),
        ("macaddr", "macaddr8") => Conversion::rewrite(),
        ("macaddr8", "macaddr") => Conversion::refusing("addresses may be too long"),
        ("interval", "interval") => fractions(a, b),
        ("bit" | "bit varying", "bit varying") => bits(a, b),
        ("bit" | "bit varying", "bit") => Conversion::refusing("strings of bits may have another length"),
        _ => return None,
    })
}

/// What an array is made of.
fn element(array: &Parsed) -> Option<Parsed> {
    let name = array.name.strip_suffix("[]")?.to_owned();
    Some(Parsed { numbers: array.numbers.clone(), ..parse(&name) })
}

/// Strings of bits are not cut: one that is too long is refused.
fn bits(a: &Parsed, b: &Parsed) -> Conversion {
    let old = if a.name == "bit" { Some(a.numbers.first().copied().unwrap_or(1)) } else { a.numbers.first().copied() };
    match (old, b.numbers.first().copied()) {
        (_, None) => Conversion::catalog_only(),
        (Some(old), Some(new)) if old <= new && a.name == b.name => Conversion::catalog_only(),
        (Some(old), Some(new)) if old <= new => Conversion::rewrite(),
        _ => Conversion::refusing("strings of bits may be longer than the new type allows"),
    }
}

/// Everything becomes a string by itself; only its length can be trouble.
fn to_string(a: &Parsed, b: &Parsed) -> Conversion {
    let (old, new) = (length(a), length(b));
    let same_bytes = |family| matches!(family, Family::Varchar | Family::Text);
    let base = if a.family == b.family || (same_bytes(a.family) && same_bytes(b.family)) {
        Conversion::catalog_only()
    } else if a.name == "citext" {
        Conversion::reindex()
    } else {
        Conversion::rewrite()
    };
    match (old, new) {
        (_, None) => base,
        (Some(old), Some(new)) if old <= new => {
            match (b.family, a.family) {
                // Padding of character(n) is written into every row.
                (Family::Char, Family::Text | Family::Varchar) => {
                    Conversion::losing("blanks at the end of values do not count any more")
                }
                (Family::Char, _) => Conversion::rewrite(),
                _ => base,
            }
        }
        (_, Some(new)) => Conversion {
            shortens_to: a.family.is_string().then_some(new),
            loses: (b.family == Family::Char && matches!(a.family, Family::Text | Family::Varchar))
                .then_some("blanks at the end of values do not count any more"),
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
fn fraction_digits(parsed: &Parsed) -> u32 {
    parsed.numbers.first().copied().unwrap_or(6)
}

fn fractions(a: &Parsed, b: &Parsed) -> Conversion {
    if fraction_digits(b) >= fraction_digits(a) {
        Conversion::catalog_only()
    } else {
        Conversion::losing("fractions of seconds are rounded")
    }
}

/// A change of type as people see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TypeChange {
    /// The old type.
    pub from: &'static str,
    /// The new one.
    pub to: &'static str,
    /// What the server does to the table.
    pub work: Work,
    /// What becomes of the values.
    pub values: Values,
}

/// What the server does to a table when a column gets another type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// It changes the catalog.
    Nothing,
    /// It builds the indexes over the column anew.
    Reindexes,
    /// It writes the table anew.
    Rewrites,
}

/// What becomes of the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// Each stays what it is.
    Kept,
    /// Each stays what it is, or the server refuses it.
    Checked,
    /// They may come out other than they went in.
    Altered,
}

const fn row(from: &'static str, to: &'static str, work: Work, values: Values) -> TypeChange {
    TypeChange { from, to, work, values }
}

use {Values as V, Work as W};

/// The changes of type that people make, with what PostgreSQL does. Every line is tried on a server.
pub const TYPE_CHANGES: [TypeChange; 62] = [
    row("character varying(50)", "character varying(100)", W::Nothing, V::Kept),
    row("character varying(50)", "character varying", W::Nothing, V::Kept),
    row("character varying(50)", "text", W::Nothing, V::Kept),
    row("text", "character varying", W::Nothing, V::Kept),
    row("character varying(50)", "character varying(20)", W::Rewrites, V::Checked),
    row("text", "character varying(20)", W::Rewrites, V::Checked),
    row("character(10)", "character(20)", W::Rewrites, V::Kept),
    row("character(10)", "character varying(10)", W::Rewrites, V::Kept),
    row("character(10)", "text", W::Rewrites, V::Kept),
    row("character varying(10)", "character(10)", W::Rewrites, V::Altered),
    row("character varying(50)", "citext", W::Reindexes, V::Checked),
    row("text", "citext", W::Reindexes, V::Checked),
    row("citext", "text", W::Reindexes, V::Kept),
    row("smallint", "integer", W::Rewrites, V::Kept),
    row("integer", "bigint", W::Rewrites, V::Kept),
    row("bigint", "integer", W::Rewrites, V::Checked),
    row("integer", "numeric", W::Rewrites, V::Kept),
    row("integer", "numeric(10,0)", W::Rewrites, V::Kept),
    row("integer", "numeric(5,0)", W::Rewrites, V::Checked),
    row("integer", "double precision", W::Rewrites, V::Kept),
    row("bigint", "double precision", W::Rewrites, V::Altered),
    row("numeric(10,2)", "numeric(12,2)", W::Nothing, V::Kept),
    row("numeric(10,2)", "numeric", W::Nothing, V::Kept),
    row("numeric(10,2)", "numeric(12,4)", W::Rewrites, V::Kept),
    row("numeric(10,2)", "numeric(8,2)", W::Rewrites, V::Checked),
    row("numeric(10,4)", "numeric(10,2)", W::Rewrites, V::Altered),
    row("numeric(10,2)", "integer", W::Rewrites, V::Altered),
    row("real", "double precision", W::Rewrites, V::Kept),
    row("double precision", "real", W::Rewrites, V::Altered),
    row("timestamp(3) without time zone", "timestamp(6) without time zone", W::Nothing, V::Kept),
    row("timestamp(3) without time zone", "timestamp without time zone", W::Nothing, V::Kept),
    row("timestamp without time zone", "timestamp(0) without time zone", W::Rewrites, V::Altered),
    row("timestamp(0) with time zone", "timestamp with time zone", W::Nothing, V::Kept),
    row("timestamp without time zone", "timestamp with time zone", W::Reindexes, V::Altered),
    row("timestamp with time zone", "timestamp without time zone", W::Reindexes, V::Altered),
    row("timestamp without time zone", "date", W::Rewrites, V::Altered),
    row("date", "timestamp without time zone", W::Rewrites, V::Kept),
    row("date", "timestamp with time zone", W::Rewrites, V::Altered),
    row("time(0) without time zone", "time without time zone", W::Nothing, V::Kept),
    row("interval(0)", "interval", W::Nothing, V::Kept),
    row("interval", "interval(0)", W::Rewrites, V::Altered),
    row("cidr", "inet", W::Nothing, V::Kept),
    row("inet", "cidr", W::Rewrites, V::Altered),
    row("macaddr", "macaddr8", W::Rewrites, V::Kept),
    row("bit varying(8)", "bit varying(16)", W::Nothing, V::Kept),
    row("bit varying(8)", "bit varying", W::Nothing, V::Kept),
    row("bit(8)", "bit varying(8)", W::Rewrites, V::Kept),
    row("bit varying(16)", "bit varying(8)", W::Rewrites, V::Checked),
    row("bit varying(8)", "bit(8)", W::Rewrites, V::Checked),
    row("uuid", "text", W::Rewrites, V::Kept),
    row("uuid", "character varying(36)", W::Rewrites, V::Kept),
    row("text", "uuid", W::Rewrites, V::Checked),
    row("text", "integer", W::Rewrites, V::Checked),
    row("text", "timestamp with time zone", W::Rewrites, V::Checked),
    row("text", "jsonb", W::Rewrites, V::Checked),
    row("boolean", "integer", W::Rewrites, V::Kept),
    row("integer", "boolean", W::Rewrites, V::Altered),
    row("json", "jsonb", W::Rewrites, V::Altered),
    row("jsonb", "json", W::Rewrites, V::Kept),
    row("integer[]", "bigint[]", W::Rewrites, V::Kept),
    row("character varying(10)[]", "text[]", W::Rewrites, V::Kept),
    row("character varying(10)[]", "character varying(20)[]", W::Rewrites, V::Kept),
];

impl TypeChange {
    /// What the code takes a change of type for.
    pub fn of(from: &'static str, to: &'static str) -> Self {
        let found = conversion(from, to);
        let work = match (found.rewrites, found.reindexes) {
            (true, _) => Work::Rewrites,
            (false, true) => Work::Reindexes,
            (false, false) => Work::Nothing,
        };
        let values = match (found.loses, found.refuses) {
            (Some(_), _) => Values::Altered,
            (None, Some(_)) => Values::Checked,
            (None, None) => Values::Kept,
        };
        Self { from, to, work, values }
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
            ("text[]", "integer[]"),
        ] {
            assert!(!conversion(from, to).widens(), "{from} → {to}");
        }
    }

    #[test]
    fn the_table_is_what_the_code_does() {
        for change in TYPE_CHANGES {
            assert_eq!(TypeChange::of(change.from, change.to), change);
        }
    }

    #[test]
    fn shortening_is_not_forced_by_a_cast() {
        let found = conversion("text", "character varying(5)");
        assert_eq!((found.cast, found.shortens_to), (false, Some(5)));
        assert!(conversion("text", "integer").cast);
    }
}
