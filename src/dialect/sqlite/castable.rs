//! Which values a column refuses, as conditions on rows.
//!
//! Only STRICT tables and the alias of the rowid refuse any. They turn a value into one of the column's type where nothing
//! is lost by it: texts that are numbers into numbers, numbers into texts.

/// A condition on a value.
pub(super) type Test = fn(&str) -> String;

/// The test for values that a column of a STRICT table refuses; `None` where it takes all.
pub(super) fn strict(data_type: &str) -> Option<Test> {
    match data_type.to_ascii_uppercase().as_str() {
        "INT" | "INTEGER" => Some(no_whole_number),
        "REAL" => Some(no_number),
        "TEXT" => Some(|value| format!("typeof({value}) = 'blob'")),
        "BLOB" => Some(|value| format!("typeof({value}) NOT IN ('blob', 'null')")),
        _ => None,
    }
}

/// Values that are no numbers. Beside a number, a text that is one is compared as one.
fn no_number(value: &str) -> String {
    format!("{value} IS NOT NULL AND NOT ({value} = CAST({value} AS NUMERIC))")
}

/// Values that are no whole numbers of 64 bits.
pub(super) fn no_whole_number(value: &str) -> String {
    let number = format!("CAST({value} AS NUMERIC)");
    format!("{value} IS NOT NULL AND NOT ({value} = {number} AND {number} = CAST({number} AS INTEGER))")
}
