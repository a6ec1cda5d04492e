//! The types that every engine has a word for.

/// A neutral type. Any other text in a schema file is the engine's own and goes to the server as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "docs/schema.md has the table with one meaning per engine")]
pub enum Neutral {
    Boolean,
    SmallInt,
    Integer,
    BigInt,
    /// Precision and scale, if given.
    Decimal(Option<(u32, u32)>),
    Real,
    Double,
    Char(u32),
    Varchar(u32),
    Text,
    Binary,
    Date,
    Time,
    Timestamp,
    TimestampTz,
    Uuid,
    Json,
}

impl Neutral {
    /// The neutral type that a text names, ignoring case and spaces; `None` if it names none.
    pub fn parse(text: &str) -> Option<Self> {
        let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_lowercase();
        let (name, arguments) = split_arguments(&compact)?;
        Some(match (name, arguments.as_slice()) {
            ("boolean", []) => Neutral::Boolean,
            ("smallint", []) => Neutral::SmallInt,
            ("integer", []) => Neutral::Integer,
            ("bigint", []) => Neutral::BigInt,
            ("decimal", []) => Neutral::Decimal(None),
            ("decimal", [precision]) => Neutral::Decimal(Some((*precision, 0))),
            ("decimal", [precision, scale]) => Neutral::Decimal(Some((*precision, *scale))),
            ("real", []) => Neutral::Real,
            ("double", []) => Neutral::Double,
            ("char", [length]) => Neutral::Char(*length),
            ("varchar", [length]) => Neutral::Varchar(*length),
            ("text", []) => Neutral::Text,
            ("binary", []) => Neutral::Binary,
            ("date", []) => Neutral::Date,
            ("time", []) => Neutral::Time,
            ("timestamp", []) => Neutral::Timestamp,
            ("timestamptz", []) => Neutral::TimestampTz,
            ("uuid", []) => Neutral::Uuid,
            ("json", []) => Neutral::Json,
            _ => return None,
        })
    }
}

/// `varchar(255)` as its name and its numbers.
fn split_arguments(text: &str) -> Option<(&str, Vec<u32>)> {
    let Some((name, rest)) = text.split_once('(') else { return Some((text, Vec::new())) };
    let numbers = rest.strip_suffix(')')?.split(',').map(|number| number.parse().ok()).collect::<Option<_>>()?;
    Some((name, numbers))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_names_with_and_without_numbers() {
        assert_eq!(Neutral::parse("VARCHAR( 255 )"), Some(Neutral::Varchar(255)));
        assert_eq!(Neutral::parse("decimal(10, 2)"), Some(Neutral::Decimal(Some((10, 2)))));
        assert_eq!(Neutral::parse("bigint"), Some(Neutral::BigInt));
    }

    #[test]
    fn leaves_the_engines_own_types_alone() {
        for own in ["bigint unsigned", "varchar", "jsonb", "varchar(255", "char()", "text(9)", "numeric(4,x)"] {
            assert_eq!(Neutral::parse(own), None, "{own}");
        }
    }
}
