//! Types: what a neutral one is called here, which defaults a type takes, which types hold text.

use std::borrow::Cow;

use super::names::literal;
use super::tokens::{Kind, Token, tokens};
use crate::dialect::{DefaultValue, Neutral};
use crate::model::Vendor;

/// The documented type for a neutral one. `timestamp` is MySQL's own, which is kept in UTC.
pub(super) fn neutral(neutral: &Neutral) -> String {
    match neutral {
        Neutral::Boolean => "tinyint(1)".to_owned(),
        Neutral::SmallInt => "smallint".to_owned(),
        Neutral::Integer => "int".to_owned(),
        Neutral::BigInt => "bigint".to_owned(),
        Neutral::Decimal(None) => "decimal(65,30)".to_owned(),
        Neutral::Decimal(Some((precision, scale))) => format!("decimal({precision},{scale})"),
        Neutral::Real => "float".to_owned(),
        Neutral::Double => "double".to_owned(),
        Neutral::Char(length) => format!("char({length})"),
        Neutral::Varchar(length) => format!("varchar({length})"),
        Neutral::Text => "text".to_owned(),
        Neutral::Binary => "blob".to_owned(),
        Neutral::Date => "date".to_owned(),
        Neutral::Time => "time".to_owned(),
        Neutral::Timestamp | Neutral::TimestampTz => "timestamp".to_owned(),
        Neutral::Uuid => "char(36)".to_owned(),
        Neutral::Json => "json".to_owned(),
    }
}

/// The name of a type, without its arguments, in small letters.
pub(super) fn base(data_type: &str) -> String {
    let end = data_type.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(data_type.len());
    data_type[..end].to_ascii_lowercase()
}

/// Whether values of a type are characters, so that the column has a collation.
pub(crate) fn is_textual(data_type: &str) -> bool {
    matches!(
        base(data_type).as_str(),
        "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" | "enum" | "set"
    )
}

/// Whether MySQL takes only an expression as default of this type.
fn wants_expression(data_type: &str) -> bool {
    let base = base(data_type);
    base.ends_with("text") || base.ends_with("blob") || matches!(base.as_str(), "json" | "geometry" | "point")
}

/// The default for a value that a person wrote, as it stands behind `DEFAULT`.
pub(super) fn default(value: &DefaultValue, data_type: &str, vendor: Vendor) -> Result<String, String> {
    let text = match value {
        DefaultValue::Now => return now(data_type),
        DefaultValue::Uuid => return Ok(uuid(data_type, vendor)),
        DefaultValue::Sql(expr) => expression(expr),
        DefaultValue::Bool(value) => boolean(*value, data_type)?,
        DefaultValue::Number(digits) if is_textual(data_type) => literal(digits),
        DefaultValue::Number(digits) => digits.clone(),
        DefaultValue::Text(text) => literal(text),
    };
    let bare = vendor == Vendor::Mysql && wants_expression(data_type) && !text.starts_with('(');
    Ok(if bare && text != "NULL" { format!("({text})") } else { text })
}

fn boolean(value: bool, data_type: &str) -> Result<String, String> {
    match base(data_type).as_str() {
        "bit" => Ok(format!("b'{}'", u8::from(value))),
        "tinyint" | "bool" | "boolean" | "smallint" | "mediumint" | "int" | "integer" | "bigint" | "decimal" => {
            Ok(u8::from(value).to_string())
        }
        _ => Err(format!("{value} cannot be the default of a {data_type}: write a number or a quoted text")),
    }
}

fn now(data_type: &str) -> Result<String, String> {
    let precision = data_type.split_once('(').map_or("", |(_, rest)| rest.trim_end_matches(')').trim());
    let precision = if precision.is_empty() { String::new() } else { format!("({precision})") };
    match base(data_type).as_str() {
        "timestamp" | "datetime" => Ok(format!("CURRENT_TIMESTAMP{precision}")),
        "date" => Ok("(curdate())".to_owned()),
        "time" => Ok(format!("(curtime{})", if precision.is_empty() { "()" } else { &precision })),
        _ => Err(format!("`now` cannot be the default of a {data_type}: it is for timestamp, datetime, date and time")),
    }
}

fn uuid(data_type: &str, vendor: Vendor) -> String {
    match (base(data_type).as_str(), vendor) {
        ("binary" | "varbinary", Vendor::Mariadb) => "(unhex(replace(uuid(),'-','')))".to_owned(),
        ("binary" | "varbinary", _) => "(uuid_to_bin(uuid()))".to_owned(),
        _ => "(uuid())".to_owned(),
    }
}

/// An expression as a default: in parentheses, unless it is of the few that stand without.
fn expression(expr: &str) -> String {
    let expr = expr.trim();
    let tokens = tokens(expr);
    let bare = match tokens.as_slice() {
        [only] => !matches!(only.kind, Kind::Word) || only.is("NULL") || stands_for_now(only.text),
        [first, .., last] if first.is_mark('(') && last.is_mark(')') => is_enclosed(&tokens),
        [first, open, ..] if open.is_mark('(') => stands_for_now(first.text) && tokens.len() <= 4,
        [sign, number] => (sign.is_mark('-') || sign.is_mark('+')) && number.kind == Kind::Number,
        _ => false,
    };
    if bare { expr.to_owned() } else { format!("({expr})") }
}

/// A default as it can stand where other clauses may follow: in parentheses, unless it is a value or a call.
pub(super) fn whole(default: &str) -> Cow<'_, str> {
    let tokens = tokens(default);
    let closes = |rest: &[Token<'_>]| {
        rest.first().is_some_and(|open| open.is_mark('('))
            && rest.last().is_some_and(|last| last.is_mark(')'))
            && is_enclosed(rest)
    };
    let stands = match tokens.as_slice() {
        [only] => only.kind != Kind::Mark,
        [sign, number] if number.kind == Kind::Number => sign.is_mark('-') || sign.is_mark('+'),
        [introducer, text] if text.kind == Kind::Text => introducer.kind == Kind::Word,
        [name, rest @ ..] if name.kind == Kind::Word => closes(rest),
        all => closes(all),
    };
    if stands { default.into() } else { format!("({default})").into() }
}

fn stands_for_now(word: &str) -> bool {
    ["current_timestamp", "now", "localtime", "localtimestamp"].iter().any(|own| word.eq_ignore_ascii_case(own))
}

/// Whether the first parenthesis is closed by the last one only.
fn is_enclosed(tokens: &[Token<'_>]) -> bool {
    let mut depth = 0;
    tokens[..tokens.len() - 1].iter().all(|token| {
        depth += i32::from(token.is_mark('(')) - i32::from(token.is_mark(')'));
        depth > 0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sql(expr: &str) -> String {
        default(&DefaultValue::Sql(expr.to_owned()), "varchar(9)", Vendor::Mariadb).unwrap()
    }

    #[test]
    fn expressions_are_parenthesised_where_they_must_be() {
        for bare in ["'x'", "(a)", "NULL", "current_timestamp", "NOW(6)", "-1", "((1)+(2))"] {
            assert_eq!(sql(bare), bare);
        }
        assert_eq!(sql("uuid()"), "(uuid())");
        assert_eq!(sql("(1)+(2)"), "((1)+(2))");
    }

    #[test]
    fn what_may_be_followed_stands_in_parentheses() {
        for bare in ["'0'", "NULL", "-1", "b'0'", "_utf8mb4'x'", "current_timestamp(6)", "nextval(`s`)", "(1 + (2))"] {
            assert_eq!(whole(bare), bare);
        }
        for clause in ["1 not null", "'a' comment 'b'", "(1) + (2)", "now() on update now()", "uuid() primary key"] {
            assert_eq!(whole(clause), format!("({clause})"));
        }
    }

    #[test]
    fn values_take_the_form_of_their_type() {
        let of = |value, data_type| default(&value, data_type, Vendor::Mysql);
        assert_eq!(of(DefaultValue::Now, "datetime(6)").unwrap(), "CURRENT_TIMESTAMP(6)");
        assert_eq!(of(DefaultValue::Bool(true), "tinyint(1)").unwrap(), "1");
        assert_eq!(of(DefaultValue::Bool(true), "bit(1)").unwrap(), "b'1'");
        assert_eq!(of(DefaultValue::Text("{}".into()), "json").unwrap(), "('{}')");
        assert_eq!(of(DefaultValue::Number("7".into()), "varchar(3)").unwrap(), "'7'");
        assert!(of(DefaultValue::Now, "int").unwrap_err().contains("`now`"));
    }
}
