//! Types and defaults: neutral words, enum columns, values as defaults, generators.

use super::names::{literal, spell, spell_qualified};
use crate::dialect::{DefaultValue, EnumColumn, EnumRequest, Generator, IdentityRequest, Neutral};
use crate::model::{Check, EnumType, IdentityKind, QName, Version};

/// The type for a neutral word, spelled as `format_type` prints it.
pub(super) fn neutral(word: &Neutral) -> String {
    match word {
        Neutral::Boolean => "boolean".to_owned(),
        Neutral::SmallInt => "smallint".to_owned(),
        Neutral::Integer => "integer".to_owned(),
        Neutral::BigInt => "bigint".to_owned(),
        Neutral::Decimal(None) => "numeric".to_owned(),
        Neutral::Decimal(Some((precision, scale))) => format!("numeric({precision},{scale})"),
        Neutral::Real => "real".to_owned(),
        Neutral::Double => "double precision".to_owned(),
        Neutral::Char(length) => format!("character({length})"),
        Neutral::Varchar(length) => format!("character varying({length})"),
        Neutral::Text => "text".to_owned(),
        Neutral::Binary => "bytea".to_owned(),
        Neutral::Date => "date".to_owned(),
        Neutral::Time => "time without time zone".to_owned(),
        Neutral::Timestamp => "timestamp without time zone".to_owned(),
        Neutral::TimestampTz => "timestamp with time zone".to_owned(),
        Neutral::Uuid => "uuid".to_owned(),
        Neutral::Json => "json".to_owned(),
    }
}

/// An enum type, or what Laravel makes of one: a varchar with a check.
pub(super) fn enum_column(request: &EnumRequest<'_>) -> EnumColumn {
    if request.as_check {
        let labels: Vec<_> = request.labels.iter().map(|label| literal(label)).collect();
        let expr = format!("{} IN ({})", spell(request.column), labels.join(", "));
        let check = Check { name: None, expr, options: Default::default(), comment: None };
        return EnumColumn { data_type: neutral(&Neutral::Varchar(255)), enum_type: None, check: Some(check) };
    }
    let enum_type = EnumType { name: request.name.clone(), labels: request.labels.to_vec(), comment: None };
    EnumColumn { data_type: spell_qualified(request.name), enum_type: Some(enum_type), check: None }
}

/// The families of types that matter for defaults and for conversions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// Whole numbers, by their size in bytes.
    Integer(u8),
    /// `numeric`, with precision and scale.
    Numeric,
    /// `real` (4) and `double precision` (8).
    Float(u8),
    /// `text`.
    Text,
    /// `character varying`.
    Varchar,
    /// `character`.
    Char,
    Boolean,
    Date,
    Time,
    TimeTz,
    Timestamp,
    TimestampTz,
    Uuid,
    Json,
    Jsonb,
    /// Anything else: enums, arrays, domains, extensions' types.
    Other,
}

/// A type text taken apart: the family, the name without numbers, and the numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parsed {
    pub(super) family: Family,
    pub(super) name: String,
    pub(super) numbers: Vec<u32>,
}

/// Takes a type text apart, whichever of the usual spellings it has.
pub(super) fn parse(data_type: &str) -> Parsed {
    let text = data_type.trim().to_lowercase();
    let (mut name, mut numbers) = (text.clone(), Vec::new());
    if let (Some(open), Some(close)) = (text.find('('), text.find(')'))
        && open < close
    {
        name = format!("{}{}", text[..open].trim_end(), &text[close + 1..]);
        numbers = text[open + 1..close].split(',').filter_map(|number| number.trim().parse().ok()).collect();
    }
    Parsed { family: family(&name), name, numbers }
}

fn family(name: &str) -> Family {
    match name {
        "smallint" | "int2" | "smallserial" => Family::Integer(2),
        "integer" | "int" | "int4" | "serial" => Family::Integer(4),
        "bigint" | "int8" | "bigserial" => Family::Integer(8),
        "numeric" | "decimal" => Family::Numeric,
        "real" | "float4" => Family::Float(4),
        "double precision" | "float8" | "float" => Family::Float(8),
        "text" => Family::Text,
        "character varying" | "varchar" => Family::Varchar,
        "character" | "char" | "bpchar" => Family::Char,
        "boolean" | "bool" => Family::Boolean,
        "date" => Family::Date,
        "time without time zone" | "time" => Family::Time,
        "time with time zone" | "timetz" => Family::TimeTz,
        "timestamp without time zone" | "timestamp" => Family::Timestamp,
        "timestamp with time zone" | "timestamptz" => Family::TimestampTz,
        "uuid" => Family::Uuid,
        "json" => Family::Json,
        "jsonb" => Family::Jsonb,
        _ => Family::Other,
    }
}

impl Family {
    /// Whether values are strings of characters.
    pub(super) fn is_string(self) -> bool {
        matches!(self, Family::Text | Family::Varchar | Family::Char)
    }

    /// Whether values are numbers.
    pub(super) fn is_number(self) -> bool {
        matches!(self, Family::Integer(_) | Family::Numeric | Family::Float(_))
    }
}

/// The name of the user-defined type that a type text means, arrays of it included; `None` for
/// what looks like the server's own types.
pub(crate) fn user_type(data_type: &str) -> Option<QName> {
    let text = data_type.trim().trim_end_matches("[]");
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        let (part, after) = first_name(rest)?;
        parts.push(part);
        match after.strip_prefix('.') {
            Some(more) => rest = more,
            None if after.is_empty() => break,
            None => return None,
        }
    }
    match parts.as_slice() {
        [name] => Some(QName::bare(name)),
        [schema, name] => Some(QName::qualified(schema, name)),
        _ => None,
    }
}

/// The name at the start of a text, folded as the server folds it, and what follows it.
fn first_name(text: &str) -> Option<(String, &str)> {
    if let Some(inner) = text.strip_prefix('"') {
        let mut name = String::new();
        let mut rest = inner;
        loop {
            let (before, after) = rest.split_once('"')?;
            name.push_str(before);
            match after.strip_prefix('"') {
                Some(more) => {
                    name.push('"');
                    rest = more;
                }
                None => return Some((name, after)),
            }
        }
    }
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '$').unwrap_or(text.len());
    (end > 0).then(|| (text[..end].to_lowercase(), &text[end..]))
}

/// The default for a value that a person wrote.
pub(super) fn default_for(value: &DefaultValue, data_type: &str, version: Version) -> Result<String, String> {
    let family = parse(data_type).family;
    match value {
        DefaultValue::Sql(sql) => Ok(sql.clone()),
        DefaultValue::Now => now(family, data_type),
        DefaultValue::Uuid => uuid(family, data_type, version),
        DefaultValue::Bool(value) => boolean(*value, family, data_type),
        DefaultValue::Number(digits) => number(digits, family, data_type),
        DefaultValue::Text(text) => string(text, family, data_type),
    }
}

fn now(family: Family, data_type: &str) -> Result<String, String> {
    let expr = match family {
        Family::Timestamp | Family::TimestampTz => "CURRENT_TIMESTAMP",
        Family::Date => "CURRENT_DATE",
        Family::Time => "LOCALTIME",
        Family::TimeTz => "CURRENT_TIME",
        _ => return Err(format!("`now` cannot be the default of a {data_type} column; use a date or time type")),
    };
    Ok(expr.to_owned())
}

fn uuid(family: Family, data_type: &str, version: Version) -> Result<String, String> {
    let fresh = generate(Generator::Uuid, version)?;
    match family {
        Family::Uuid => Ok(fresh),
        _ if family.is_string() => Ok(format!("({fresh})::text")),
        Family::Other => Ok(fresh),
        _ => Err(format!("`uuid` cannot be the default of a {data_type} column; use the type uuid")),
    }
}

fn boolean(value: bool, family: Family, data_type: &str) -> Result<String, String> {
    match family {
        Family::Boolean => Ok(value.to_string()),
        Family::Json | Family::Jsonb | Family::Other => Ok(literal(&value.to_string())),
        _ => Err(format!("`{value}` cannot be the default of a {data_type} column; quote it if it is a text")),
    }
}

fn number(digits: &str, family: Family, data_type: &str) -> Result<String, String> {
    let whole = digits.trim_start_matches(['+', '-']).bytes().all(|byte| byte.is_ascii_digit());
    match family {
        Family::Integer(_) if !whole => {
            Err(format!("{digits} is not a whole number, as a {data_type} column needs it"))
        }
        _ if family.is_number() => Ok(digits.to_owned()),
        Family::Boolean => Err(format!("{digits} cannot be the default of a boolean column; write true or false")),
        Family::Date | Family::Time | Family::TimeTz | Family::Timestamp | Family::TimestampTz | Family::Uuid => {
            Err(format!("{digits} cannot be the default of a {data_type} column"))
        }
        _ => Ok(literal(digits)),
    }
}

fn string(text: &str, family: Family, data_type: &str) -> Result<String, String> {
    let is_bool =
        matches!(text.to_ascii_lowercase().as_str(), "true" | "false" | "t" | "f" | "yes" | "no" | "on" | "off");
    if family == Family::Boolean && !is_bool && text != "0" && text != "1" {
        return Err(format!("'{text}' cannot be the default of a boolean column; write true or false"));
    }
    if family.is_number() && text.trim().parse::<f64>().is_err() {
        return Err(format!("'{text}' is not a number, as a {data_type} column needs it"));
    }
    Ok(literal(text))
}

/// The expression that makes a fresh value.
pub(super) fn generate(generator: Generator, version: Version) -> Result<String, String> {
    match generator {
        Generator::UuidV7 if version.0 >= 18 => Ok("uuidv7()".to_owned()),
        // PostgreSQL 12 has no function for it without an extension: random digits with version and variant set.
        Generator::Uuid if version.0 < 13 => Ok("overlay(overlay(md5(random()::text || clock_timestamp()::text || \
             random()::text) placing '4' from 13) placing substring('89ab' from (1 + floor(random() * 4))::int for 1) \
             from 17)::uuid"
            .to_owned()),
        Generator::UuidV7 if version.0 < 13 => {
            Err("PostgreSQL 12 makes no UUIDs that sort by time: write an expression as sql".to_owned())
        }
        Generator::Uuid => Ok("gen_random_uuid()".to_owned()),
        // A random UUID with the milliseconds since 1970 in its first six bytes and the version set to 7.
        Generator::UuidV7 => Ok("encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) placing \
             substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6), \
             52, 1), 53, 1), 'hex')::uuid"
            .to_owned()),
    }
}

/// How rows are numbered.
pub(super) fn identity(request: IdentityRequest) -> Result<IdentityKind, String> {
    match request {
        IdentityRequest::Default => Ok(IdentityKind::ByDefault),
        IdentityRequest::Always => Ok(IdentityKind::Always),
        IdentityRequest::Serial => Ok(IdentityKind::Serial),
        // SQLite's keyword only says that numbers are never used again, which no sequence does anyway.
        IdentityRequest::AutoIncrement => Ok(IdentityKind::ByDefault),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const V15: Version = Version(15, 0, 0);

    #[test]
    fn takes_types_apart() {
        assert_eq!(parse("character varying(255)").numbers, [255]);
        assert_eq!(parse("timestamp(3) without time zone").family, Family::Timestamp);
        assert_eq!(parse("VARCHAR").family, Family::Varchar);
        assert_eq!(parse("integer[]").family, Family::Other);
    }

    #[test]
    fn finds_user_types() {
        assert_eq!(user_type("user_status[]"), Some(QName::bare("user_status")));
        assert_eq!(user_type("audit.\"K\"\"ind\""), Some(QName::qualified("audit", "K\"ind")));
        assert_eq!(user_type("character varying(3)"), None);
    }

    #[test]
    fn refuses_values_that_cannot_be() {
        let text = |text: &str| DefaultValue::Text(text.to_owned());
        assert!(default_for(&text("abc"), "integer", V15).is_err());
        assert!(default_for(&DefaultValue::Number("1.5".into()), "bigint", V15).is_err());
        assert!(default_for(&DefaultValue::Bool(true), "integer", V15).is_err());
        assert!(default_for(&DefaultValue::Now, "text", V15).is_err());
        assert_eq!(default_for(&text("it's"), "text", V15).unwrap(), "'it''s'");
        assert_eq!(default_for(&DefaultValue::Number("010".into()), "varchar(3)", V15).unwrap(), "'010'");
        assert!(default_for(&DefaultValue::Uuid, "uuid", Version(12, 0, 0)).is_err());
    }
}
