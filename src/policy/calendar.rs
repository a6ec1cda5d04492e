//! Cron lines in a named time zone.

use std::str::FromStr;

use croner::Cron;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The instants that a cron line names in a time zone.
///
/// On the days when the clocks change, a fixed time that is skipped in spring comes right after the
/// gap, and one that comes twice in autumn counts the first time only.
#[derive(Clone, Debug, PartialEq)]
pub struct Calendar {
    text: String,
    cron: Cron,
    zone: TimeZone,
}

impl Calendar {
    /// Reads a cron line of five fields, or six with seconds first.
    ///
    /// # Errors
    /// A clause for people: it is no cron line, or it names no instant at all after `now`
    /// (the 31st of February).
    pub fn new(cron: &str, zone: TimeZone, now: Timestamp) -> Result<Self, String> {
        let parsed = Cron::from_str(cron).map_err(|error| lower_first(&error.to_string()))?;
        let calendar = Self { text: cron.to_owned(), cron: parsed, zone };
        match calendar.next_after(now) {
            Some(_) => Ok(calendar),
            None => Err("no day ever fits it".to_owned()),
        }
    }

    /// The first instant after this one, if there is one.
    pub fn next_after(&self, instant: Timestamp) -> Option<Timestamp> {
        let local = instant.to_zoned(self.zone.clone());
        self.cron.find_next_occurrence(&local, false).ok().map(|found| found.timestamp())
    }

    /// The cron line as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The time zone.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }
}

/// Looks up a time zone by its IANA name.
///
/// # Errors
/// A clause for people.
pub fn zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name).map_err(|_| format!("`{name}` is not a time zone that this system knows"))
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn berlin(cron: &str) -> Calendar {
        Calendar::new(cron, zone("Europe/Berlin").unwrap(), at("2026-01-01T00:00:00Z")).unwrap()
    }

    #[test]
    fn a_fixed_time_follows_the_clocks() {
        let two = berlin("0 0 2 * * *");
        assert_eq!(two.next_after(at("2026-01-10T12:00:00Z")), Some(at("2026-01-11T01:00:00Z")));
        assert_eq!(two.next_after(at("2026-07-10T12:00:00Z")), Some(at("2026-07-11T00:00:00Z")));
    }

    #[test]
    fn in_spring_a_skipped_time_comes_after_the_gap() {
        let half_past_two = berlin("30 2 * * *");
        assert_eq!(half_past_two.next_after(at("2026-03-28T12:00:00Z")), Some(at("2026-03-29T01:00:00Z")));
        assert_eq!(half_past_two.next_after(at("2026-03-29T01:00:00Z")), Some(at("2026-03-30T00:30:00Z")));
    }

    #[test]
    fn in_autumn_a_doubled_time_comes_once() {
        let half_past_two = berlin("30 2 * * *");
        assert_eq!(half_past_two.next_after(at("2026-10-24T12:00:00Z")), Some(at("2026-10-25T00:30:00Z")));
        assert_eq!(half_past_two.next_after(at("2026-10-25T00:30:00Z")), Some(at("2026-10-26T01:30:00Z")));
    }

    #[test]
    fn what_never_comes_is_refused() {
        let never = |cron| Calendar::new(cron, TimeZone::UTC, at("2026-01-01T00:00:00Z")).unwrap_err();
        assert_eq!(never("0 0 31 2 *"), "no day ever fits it");
        assert_eq!(never("0 0 0 1 1 * 2020"), "no day ever fits it");
        assert!(never("nightly").starts_with("invalid pattern"), "{}", never("nightly"));
        assert!(never("99 * * * *").starts_with("component error"), "{}", never("99 * * * *"));
    }

    #[test]
    fn an_unknown_zone_is_named() {
        assert_eq!(zone("Europe/Atlantis").unwrap_err(), "`Europe/Atlantis` is not a time zone that this system knows");
    }
}
