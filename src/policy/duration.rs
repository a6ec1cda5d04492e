//! Durations as people write them: `500ms`, `3s`, `20m`, `1h30m`, `2d`.

use std::time::Duration;

const UNITS: [(&str, u64); 5] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// The longest duration that is taken seriously: a hundred days.
const LONGEST: Duration = Duration::from_secs(100 * DAY);

/// The seconds of a day.
const DAY: u64 = 86_400;

/// Reads a duration.
///
/// # Errors
/// A clause for people that says what is wrong with it.
pub fn parse(text: &str) -> Result<Duration, String> {
    parse_up_to(text, LONGEST)
}

/// Reads a duration that may be as long as `longest`, whole days.
///
/// # Errors
/// A clause for people that says what is wrong with it.
pub fn parse_up_to(text: &str, longest: Duration) -> Result<Duration, String> {
    let mut rest = text.trim();
    let mut total = Duration::ZERO;
    if rest.is_empty() {
        return Err("it is empty".to_owned());
    }
    while !rest.is_empty() {
        let (part, after) = parse_part(rest)?;
        total = total.saturating_add(part);
        rest = after.trim_start();
    }
    if total > longest { Err(format!("it is longer than {}d", longest.as_secs() / DAY)) } else { Ok(total) }
}

/// One number with its unit, and what stands behind it.
fn parse_part(text: &str) -> Result<(Duration, &str), String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, rest) = text.split_at(digits);
    let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
    let (unit, rest) = rest.split_at(letters);
    let number: u64 = number.parse().map_err(|_| format!("`{text}` does not start with a whole number"))?;
    let Some((_, millis)) = UNITS.iter().find(|(name, _)| *name == unit) else {
        return Err(match unit {
            "" => format!("`{number}` has no unit"),
            _ => format!("`{unit}` is not a unit of time"),
        });
    };
    Ok((Duration::from_millis(number.saturating_mul(*millis)), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_write() {
        for (text, millis) in
            [("500ms", 500), ("3s", 3_000), ("20m", 1_200_000), ("1h30m", 5_400_000), ("1d 1s", 86_401_000)]
        {
            assert_eq!(parse(text), Ok(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn says_what_is_wrong() {
        for (text, why) in [
            ("", "it is empty"),
            ("3", "`3` has no unit"),
            ("3 s", "`3` has no unit"),
            ("3 weeks", "`3` has no unit"),
            ("3weeks", "`weeks` is not a unit of time"),
            ("-3s", "`-3s` does not start with a whole number"),
            ("1.5h", "`1` has no unit"),
            ("99999999999999999999s", "`99999999999999999999s` does not start with a whole number"),
            ("9999999999d", "it is longer than 100d"),
        ] {
            assert_eq!(parse(text).unwrap_err(), why, "{text}");
        }
        let year = Duration::from_secs(365 * DAY);
        assert_eq!(parse_up_to("365d", year), Ok(year));
        assert_eq!(parse_up_to("366d", year).unwrap_err(), "it is longer than 365d");
    }
}
