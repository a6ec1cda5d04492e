//! Values as people write them: what a scalar means as a default.

use crate::dialect::{DefaultValue, Neutral};
use crate::yaml::{Node, Scalar};

use super::build::Build;
use super::engine;

/// What a scalar under `default` means: `now` and `uuid` are keywords, all else is the value.
/// `text_type` says that the column holds text whatever its values look like.
pub(super) fn default_value(scalar: &Scalar, text_type: bool) -> DefaultValue {
    match scalar.text.as_str() {
        "now" => DefaultValue::Now,
        "uuid" => DefaultValue::Uuid,
        _ => plain_value(scalar, text_type),
    }
}

/// The value that a scalar spells, keywords not counted.
pub(super) fn plain_value(scalar: &Scalar, text_type: bool) -> DefaultValue {
    let text = scalar.text.as_str();
    if text_type || !scalar.plain {
        return DefaultValue::Text(text.to_owned());
    }
    match text {
        "true" => DefaultValue::Bool(true),
        "false" => DefaultValue::Bool(false),
        _ if is_number(text) => DefaultValue::Number(text.to_owned()),
        _ => DefaultValue::Text(text.to_owned()),
    }
}

/// Whether a neutral type holds text: `default: 010` is three characters there.
pub(super) fn holds_text(neutral: &Neutral) -> bool {
    matches!(neutral, Neutral::Char(_) | Neutral::Varchar(_) | Neutral::Text | Neutral::Uuid | Neutral::Json)
}

/// Whether a text is spelled as a number that no reader could take for a text: no leading zeros.
pub(super) fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = text.split_once(['e', 'E']).map_or((text, None), |(m, e)| (m, Some(e)));
    let (whole, fraction) = mantissa.split_once('.').map_or((mantissa, None), |(w, f)| (w, Some(f)));
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|exponent| digits(exponent.trim_start_matches(['+', '-'])))
}

impl Build<'_> {
    /// A default: nothing, a scalar, `{ value: … }`, `{ sql: … }`, or one of these per engine.
    pub fn default_of(&mut self, node: &Node, text_type: bool) -> Option<DefaultValue> {
        let node = engine::choose(node, self.vendor, self.problems)?;
        match (node.scalar(), node.get("value"), node.get("sql")) {
            (Some(scalar), ..) => Some(default_value(scalar, text_type)),
            (None, Some(value), None) => {
                let value = engine::choose(value, self.vendor, self.problems)?;
                value.scalar().map(|scalar| plain_value(scalar, text_type))
            }
            (None, None, Some(_)) => self.expression(node, "sql").map(DefaultValue::Sql),
            (None, None, None) if node.is_null() => None,
            _ => {
                self.problem(
                    &node.span,
                    "one of `value` and `sql` must stand here",
                    "write `{ value: … }` or `{ sql: … }`",
                );
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, plain: bool, text_type: bool) -> DefaultValue {
        default_value(&Scalar { text: text.to_owned(), plain }, text_type)
    }

    #[test]
    fn a_scalar_is_what_it_looks_like() {
        assert_eq!(read("now", true, true), DefaultValue::Now);
        assert_eq!(read("true", true, false), DefaultValue::Bool(true));
        assert_eq!(read("true", false, false), DefaultValue::Text("true".to_owned()));
        for number in ["0", "-1", "1.10", "1e9", "2.5E-3"] {
            assert_eq!(read(number, true, false), DefaultValue::Number(number.to_owned()));
            assert_eq!(read(number, true, true), DefaultValue::Text(number.to_owned()));
        }
        for text in ["010", "1.", ".5", "1_000", "no", "-", "1e", "0x1f", "+1"] {
            assert_eq!(read(text, true, false), DefaultValue::Text(text.to_owned()));
        }
    }
}
