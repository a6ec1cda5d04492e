//! Types, defaults and generated values: what a person writes, in SQLite's words.

use super::canon;
use super::names::{literal, quote};
use super::tokens::{Kind, tokenize};
use crate::dialect::{DefaultValue, EnumColumn, EnumRequest, Generator, IdentityRequest, Neutral};
use crate::model::{Check, IdentityKind};

/// What SQLite makes of a value that goes into a column, told from the column's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Affinity {
    /// Numbers become whole numbers where nothing is lost.
    Integer,
    /// Everything becomes text.
    Text,
    /// Everything stays as it is.
    Blob,
    /// Numbers become floating-point numbers.
    Real,
    /// Text that looks like a number becomes one.
    Numeric,
}

impl Affinity {
    /// The affinity of a declared type, by SQLite's own rules.
    pub fn of(data_type: &str) -> Self {
        let upper = data_type.to_ascii_uppercase();
        let has = |words: &[&str]| words.iter().any(|word| upper.contains(word));
        if has(&["INT"]) {
            Affinity::Integer
        } else if has(&["CHAR", "CLOB", "TEXT"]) {
            Affinity::Text
        } else if upper.is_empty() || has(&["BLOB"]) {
            Affinity::Blob
        } else if has(&["REAL", "FLOA", "DOUB"]) {
            Affinity::Real
        } else {
            Affinity::Numeric
        }
    }
}

/// The types that a STRICT table knows.
pub const STRICT_TYPES: [&str; 6] = ["INT", "INTEGER", "REAL", "TEXT", "BLOB", "ANY"];

/// The type of a STRICT table that holds what this type is meant to hold; `None` if undrift cannot tell.
pub fn strict_type(data_type: &str) -> Option<&'static str> {
    let upper = data_type.to_ascii_uppercase();
    if let Some(same) = STRICT_TYPES.into_iter().find(|strict| *strict == upper) {
        return Some(same);
    }
    let has = |words: &[&str]| words.iter().any(|word| upper.contains(word));
    if has(&["INT", "BOOL"]) {
        Some("INTEGER")
    } else if has(&["CHAR", "CLOB", "TEXT", "UUID", "JSON", "DATE", "TIME"]) {
        Some("TEXT")
    } else if has(&["BLOB", "BINARY"]) {
        Some("BLOB")
    } else if has(&["REAL", "FLOA", "DOUB", "DEC", "NUM"]) {
        Some("REAL")
    } else {
        None
    }
}

/// SQLite's word for a neutral type. The length of a text is kept as a remark: SQLite does not check it.
pub fn neutral(neutral: &Neutral) -> String {
    match neutral {
        Neutral::Boolean => "BOOLEAN".to_owned(),
        Neutral::SmallInt => "SMALLINT".to_owned(),
        Neutral::Integer => "INTEGER".to_owned(),
        Neutral::BigInt => "BIGINT".to_owned(),
        Neutral::Decimal(None) => "DECIMAL".to_owned(),
        Neutral::Decimal(Some((precision, scale))) => format!("DECIMAL({precision},{scale})"),
        Neutral::Real => "REAL".to_owned(),
        Neutral::Double => "DOUBLE".to_owned(),
        Neutral::Char(length) => format!("CHAR({length})"),
        Neutral::Varchar(length) => format!("VARCHAR({length})"),
        // JSON as a type name would turn the text `1.0` into the number 1.
        Neutral::Text | Neutral::Json => "TEXT".to_owned(),
        Neutral::Binary => "BLOB".to_owned(),
        Neutral::Date => "DATE".to_owned(),
        Neutral::Time => "TIME".to_owned(),
        Neutral::Timestamp => "DATETIME".to_owned(),
        Neutral::TimestampTz => "TIMESTAMP".to_owned(),
        Neutral::Uuid => "CHAR(36)".to_owned(),
    }
}

/// A column that takes one of a few labels: a text with a check.
pub fn enum_column(request: &EnumRequest<'_>) -> EnumColumn {
    let labels: Vec<_> = request.labels.iter().map(|label| literal(label)).collect();
    let expr = format!("{} IN ({})", quote(request.column), labels.join(", "));
    let check = Check { name: None, expr, options: Default::default(), comment: None };
    EnumColumn { data_type: "TEXT".to_owned(), enum_type: None, check: Some(check) }
}

/// How rows are numbered.
pub fn identity(request: IdentityRequest) -> Result<IdentityKind, String> {
    match request {
        IdentityRequest::Default => Ok(IdentityKind::Rowid),
        IdentityRequest::AutoIncrement => Ok(IdentityKind::AutoIncrement),
        IdentityRequest::Always => {
            Err("SQLite cannot refuse a number that is given for an identity column; write `identity: true`".to_owned())
        }
        IdentityRequest::Serial => Err("SQLite has no sequences; write `identity: true`".to_owned()),
    }
}

/// The expression that makes a value for a row.
pub fn generate(generator: Generator) -> String {
    match generator {
        Generator::Uuid => format!("lower({} || '-' || {} || '-4' || {TAIL})", hex(4), hex(2)),
        Generator::UuidV7 => format!("lower({MILLISECONDS} || '-7' || {TAIL})"),
    }
}

fn hex(bytes: u8) -> String {
    format!("hex(randomblob({bytes}))")
}

/// The end of a random UUID: three digits, the variant, and what comes after it.
const TAIL: &str = "substr(hex(randomblob(2)), 2) || '-' || substr('89AB', 1 + (random() & 3), 1) || \
                    substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))";

/// The first twelve digits of a UUID of version 7: milliseconds since 1970.
const MILLISECONDS: &str = "substr(printf('%012x', CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)), 1, 8) || \
                            '-' || substr(printf('%012x', CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)), 9)";

/// The default for a value that a person wrote.
pub fn default(value: &DefaultValue, data_type: &str) -> Result<String, String> {
    let affinity = Affinity::of(data_type);
    match value {
        DefaultValue::Now => now(data_type),
        DefaultValue::Uuid if matches!(affinity, Affinity::Integer | Affinity::Real) => {
            Err(format!("a UUID is no default for a column of type {data_type}"))
        }
        DefaultValue::Uuid => Ok(generate(Generator::Uuid)),
        DefaultValue::Bool(value) => Ok(u8::from(*value).to_string()),
        DefaultValue::Number(number) => self::number(number),
        DefaultValue::Text(text) if text.contains('\0') => Err("a default cannot hold a NUL character".to_owned()),
        DefaultValue::Text(text) if matches!(affinity, Affinity::Integer | Affinity::Real) && !is_number(text) => {
            Err(format!("the text {} is no default for a column of type {data_type}", literal(text)))
        }
        DefaultValue::Text(text) => Ok(literal(text)),
        DefaultValue::Sql(sql) => {
            tokenize(sql).map_err(|at| format!("the expression cannot be read from `{}` on", excerpt(sql, at)))?;
            Ok(canon::default(sql))
        }
    }
}

fn excerpt(text: &str, from: usize) -> String {
    text[from..].chars().take(20).collect()
}

fn now(data_type: &str) -> Result<String, String> {
    let upper = data_type.to_ascii_uppercase();
    match Affinity::of(data_type) {
        _ if upper.contains("DATETIME") || upper.contains("TIMESTAMP") => Ok("CURRENT_TIMESTAMP".to_owned()),
        _ if upper.contains("DATE") => Ok("CURRENT_DATE".to_owned()),
        _ if upper.contains("TIME") => Ok("CURRENT_TIME".to_owned()),
        Affinity::Integer | Affinity::Real => Err(format!(
            "`now` is a text in SQLite and no default for a column of type {data_type}; write {{ sql: \"unixepoch()\" }}"
        )),
        _ => Ok("CURRENT_TIMESTAMP".to_owned()),
    }
}

fn number(text: &str) -> Result<String, String> {
    let spelled = canon::default(text);
    if is_number(&spelled) { Ok(spelled) } else { Err(format!("`{text}` is no number to SQLite")) }
}

/// Whether a text is a number, with or without a minus sign.
fn is_number(text: &str) -> bool {
    match tokenize(text).as_deref() {
        Ok([number]) => number.kind == Kind::Number,
        Ok([sign, number]) => sign.is_symbol("-") && number.kind == Kind::Number,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neutral_types_are_spelled_as_they_are_read() {
        for text in ["boolean", "decimal(10,2)", "varchar(9)", "timestamptz", "json", "uuid", "binary"] {
            let word = neutral(&Neutral::parse(text).unwrap());
            assert_eq!(canon::data_type(&word), word);
            assert!(strict_type(&word).is_some(), "{word}");
        }
    }

    #[test]
    fn defaults_are_what_reading_gives_back() {
        for (value, data_type, expected) in [
            (DefaultValue::Now, "DATE", "CURRENT_DATE"),
            (DefaultValue::Bool(true), "BOOLEAN", "1"),
            (DefaultValue::Number("-1.50".into()), "DECIMAL", "-1.50"),
            (DefaultValue::Text("it's".into()), "TEXT", "'it''s'"),
            (DefaultValue::Sql("( Lower( 'A' ) )".into()), "TEXT", "lower('A')"),
        ] {
            assert_eq!(default(&value, data_type).as_deref(), Ok(expected));
        }
        let uuid = default(&DefaultValue::Uuid, "CHAR(36)").unwrap();
        assert_eq!(canon::default(&uuid), uuid);
    }

    #[test]
    fn a_default_that_cannot_be_is_refused() {
        for (value, data_type) in [
            (DefaultValue::Now, "INTEGER"),
            (DefaultValue::Number(".inf".into()), "REAL"),
            (DefaultValue::Number("1; DROP".into()), "INTEGER"),
            (DefaultValue::Text("abc".into()), "BIGINT"),
            (DefaultValue::Sql("'open".into()), "TEXT"),
        ] {
            assert!(default(&value, data_type).is_err(), "{value:?}");
        }
    }
}
