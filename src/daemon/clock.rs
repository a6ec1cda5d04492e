//! When the next pass is due.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::config::Schedule;
use crate::db;

/// Decides when passes are due. Every time is reckoned from the first one, so that passes which take long
/// shift nothing; what was missed meanwhile is not made up for.
pub struct Clock {
    schedule: Schedule,
    first: Timestamp,
}

impl Clock {
    /// A clock that starts now.
    pub fn new(schedule: Schedule, now: Timestamp) -> Self {
        Self { schedule, first: now }
    }

    /// The schedule it keeps.
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// When the pass after this instant is due. `dice` is a number from -1 to 1.
    pub fn next(&self, now: Timestamp, dice: f64) -> Timestamp {
        match &self.schedule {
            Schedule::Every(interval) => self.tick(now, *interval, dice),
            Schedule::Cron(calendar) => {
                let due = calendar.next_after(now).unwrap_or(Timestamp::MAX);
                let after = calendar.next_after(due).unwrap_or(due);
                // A cron line says "not before".
                later(due, tenth(after.duration_since(due)).mul_f64(dice.abs()))
            }
        }
    }

    fn tick(&self, now: Timestamp, interval: Duration, dice: f64) -> Timestamp {
        let interval = SignedDuration::try_from(interval).unwrap_or(SignedDuration::MAX);
        let step = interval.as_nanos().max(1);
        let passed = now.duration_since(self.first).as_nanos().max(0);
        // A tick that came early by its jitter has been had: less than half an interval ahead does not count.
        let number = (passed + step / 2) / step + 1;
        let nanos = i64::try_from(number.saturating_mul(step)).unwrap_or(i64::MAX);
        let due = later(self.first, SignedDuration::from_nanos(nanos));
        later(due, tenth(interval).mul_f64(dice))
    }
}

fn tenth(of: SignedDuration) -> SignedDuration {
    of / 10
}

fn later(instant: Timestamp, by: SignedDuration) -> Timestamp {
    instant.saturating_add(by).unwrap_or(Timestamp::MAX)
}

/// A number from -1 to 1.
pub fn dice() -> f64 {
    db::dice() * 2.0 - 1.0
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::policy::Calendar;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    #[test]
    fn ticks_do_not_drift_and_are_not_piled_up() {
        let clock = Clock::new(Schedule::Every(Duration::from_secs(300)), at(0));
        assert_eq!(clock.next(at(0), 0.0), at(300));
        assert_eq!(clock.next(at(307), 0.0), at(600), "the pass began late, the next one does not");
        assert_eq!(clock.next(at(1800), 0.0), at(2100), "it took half an hour: one pass follows, not five");
    }

    #[test]
    fn jitter_is_a_tenth_and_never_makes_two_of_one() {
        let clock = Clock::new(Schedule::Every(Duration::from_secs(300)), at(0));
        assert_eq!((clock.next(at(0), -1.0), clock.next(at(0), 1.0)), (at(270), at(330)));
        assert_eq!(clock.next(at(270), 0.0), at(600));
        assert_eq!(clock.next(at(330), 0.0), at(600));
        for _ in 0..100 {
            assert!((-1.0..=1.0).contains(&dice()));
        }
    }

    #[test]
    fn a_cron_line_follows_the_clocks_of_its_zone() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let calendar = Calendar::new("0 2 * * *", zone, at(0)).unwrap();
        let before: Timestamp = "2026-10-24T12:00:00Z".parse().unwrap();
        let clock = Clock::new(Schedule::Cron(Box::new(calendar)), before);
        let first = clock.next(before, 0.0);
        assert_eq!(first, "2026-10-25T00:00:00Z".parse().unwrap());
        assert_eq!(clock.next(first, 0.0), "2026-10-26T01:00:00Z".parse().unwrap());
    }
}
