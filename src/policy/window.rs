//! Windows: the hours in which held changes may run.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{Calendar, TenantMatch};
use crate::yaml::Span;

/// Hours that come again and again.
#[derive(Clone, Debug)]
pub struct Window {
    /// Its name.
    pub name: String,
    /// When it opens.
    pub opens: Calendar,
    /// How long it stays open, in elapsed time: on the night when the clocks change, too.
    pub lasts: Duration,
    /// What it is for.
    pub kind: WindowKind,
    /// Where it is declared.
    pub span: Span,
}

/// What a window is for.
#[derive(Clone, Debug, PartialEq)]
pub enum WindowKind {
    /// Rules that name it let changes run while it is open.
    Allow,
    /// While it is open nothing runs on these tenants, whatever the rules say.
    Deny(TenantMatch),
}

impl Window {
    /// When it ends, if it is open at an instant: where it opens over itself, the last of these ends.
    pub fn closes(&self, now: Timestamp) -> Option<Timestamp> {
        let lasts = SignedDuration::try_from(self.lasts).unwrap_or(SignedDuration::MAX);
        let mut opened = None;
        let mut after = now.checked_sub(lasts).unwrap_or(Timestamp::MIN);
        while let Some(instant) = self.opens.next_after(after).filter(|instant| *instant <= now) {
            opened = Some(instant);
            after = instant;
        }
        opened.and_then(|opened| opened.checked_add(lasts).ok())
    }

    /// Whether it is open at an instant. It is open from the instant at which it opens, and shut at
    /// the one at which it ends.
    pub fn is_open(&self, now: Timestamp) -> bool {
        let lasts = SignedDuration::try_from(self.lasts).unwrap_or(SignedDuration::MAX);
        // It is open if it opened at all within the time that it lasts.
        let earliest = now.checked_sub(lasts).unwrap_or(Timestamp::MIN);
        self.opens.next_after(earliest).is_some_and(|opened| opened <= now)
    }

    /// When it opens the next time after an instant.
    pub fn opens_after(&self, now: Timestamp) -> Option<Timestamp> {
        self.opens.next_after(now)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::tz::TimeZone;

    use super::*;
    use crate::policy::{calendar, duration};
    use crate::yaml::Source;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn window(cron: &str, lasts: &str, zone: TimeZone) -> Window {
        let opens = Calendar::new(cron, zone, at("2026-01-01T00:00:00Z")).unwrap();
        let span = Span::new(&Arc::new(Source::new("", "")), 0, 0);
        Window { name: "w".to_owned(), opens, lasts: duration::parse(lasts).unwrap(), kind: WindowKind::Allow, span }
    }

    #[test]
    fn is_open_from_its_first_instant_and_shut_at_its_last() {
        let nightly = window("0 0 2 * * *", "3h", TimeZone::UTC);
        for (time, open) in [
            ("2026-06-01T01:59:59.999Z", false),
            ("2026-06-01T02:00:00Z", true),
            ("2026-06-01T04:59:59.999Z", true),
            ("2026-06-01T05:00:00Z", false),
        ] {
            assert_eq!(nightly.is_open(at(time)), open, "{time}");
        }
    }

    #[test]
    fn says_when_it_closes() {
        let nightly = window("0 0 2 * * *", "3h", TimeZone::UTC);
        assert_eq!(nightly.closes(at("2026-06-01T04:00:00Z")), Some(at("2026-06-01T05:00:00Z")));
        assert_eq!(nightly.closes(at("2026-06-01T05:00:00Z")), None);
    }

    #[test]
    fn goes_on_past_midnight_and_over_itself() {
        let weekend = window("0 22 * * FRI", "2d", TimeZone::UTC);
        assert!(weekend.is_open(at("2026-06-07T21:59:00Z")), "Sunday evening");
        assert!(!weekend.is_open(at("2026-06-07T22:00:00Z")));
        let always = window("0 * * * *", "2h", TimeZone::UTC);
        assert!(always.is_open(at("2026-06-07T21:59:00Z")));
    }

    #[test]
    fn lasts_as_long_on_the_nights_when_the_clocks_change() {
        let nightly = window("0 2 * * *", "2h", calendar::zone("Europe/Berlin").unwrap());
        // Spring: 02:00 does not exist; it opens at 03:00 summer time, which is 01:00 UTC.
        assert!(!nightly.is_open(at("2026-03-29T00:59:59Z")));
        assert!(nightly.is_open(at("2026-03-29T01:00:00Z")) && nightly.is_open(at("2026-03-29T02:59:59Z")));
        assert!(!nightly.is_open(at("2026-03-29T03:00:00Z")));
        // Autumn: 02:00 comes twice, at 00:00 and 01:00 UTC; it opens once and lasts two hours.
        assert!(nightly.is_open(at("2026-10-25T00:00:00Z")) && nightly.is_open(at("2026-10-25T01:59:59Z")));
        assert!(!nightly.is_open(at("2026-10-25T02:00:00Z")));
    }

    #[test]
    fn knows_when_it_opens() {
        let nightly = window("0 2 * * *", "2h", TimeZone::UTC);
        assert_eq!(nightly.opens_after(at("2026-06-01T03:00:00Z")), Some(at("2026-06-02T02:00:00Z")));
    }
}
