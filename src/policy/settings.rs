//! How changes go out: time-outs, waves and the brake.

use std::time::Duration;

use super::TenantMatch;

/// Time-outs and retries of statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How long a statement waits for a lock.
    pub lock_timeout: Duration,
    /// How long a statement that only changes the catalog may run.
    pub statement_timeout: Duration,
    /// How long a statement that reads or writes the rows may run.
    pub slow_statement_timeout: Duration,
    /// How often a statement that waited too long for a lock is tried again.
    pub retries: u32,
    /// How many rows one batch of a backfill writes.
    pub backfill_batch: u64,
    /// How long to pause between two batches.
    pub backfill_pause: Duration,
    /// How many rows a table may have that a server copies for a change without a person's word.
    pub max_copy_rows: u64,
    /// How long looking at the rows of one tenant may take before a plan is judged.
    pub facts_timeout: Duration,
}

impl Limits {
    /// What `max_copy_rows: unlimited` means.
    pub const UNLIMITED: u64 = u64::MAX;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            lock_timeout: Duration::from_secs(3),
            statement_timeout: Duration::from_secs(3),
            slow_statement_timeout: Duration::from_secs(20 * 60),
            retries: 5,
            backfill_batch: 1_000,
            backfill_pause: Duration::ZERO,
            max_copy_rows: 100_000,
            facts_timeout: Duration::from_secs(30),
        }
    }
}

/// How a plan goes out over the fleet.
#[derive(Clone, Debug, PartialEq)]
pub struct Rollout {
    /// The waves, each as the part of the tenants in question that has the change after it. They grow, and
    /// the last one is everything.
    pub waves: Vec<Wave>,
    /// How long to look on after a wave.
    pub soak: Duration,
    /// How many tenants of one server are changed at the same time.
    pub per_server: usize,
    /// How many tenants are changed at the same time.
    pub at_once: usize,
    /// The failures that end it.
    pub stop_after: StopAfter,
}

/// The failures that end a rollout, whichever comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StopAfter {
    /// So many tenants.
    pub failures: Option<u64>,
    /// Such a share of the fleet.
    pub share: Option<Share>,
}

impl Default for Rollout {
    fn default() -> Self {
        Self {
            waves: vec![Wave::ALL],
            soak: Duration::ZERO,
            per_server: 1,
            at_once: 8,
            stop_after: StopAfter::default(),
        }
    }
}

/// When drift that nothing explains stops everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Brake {
    /// The share of the fleet that may change at once without explanation.
    pub share: Share,
}

impl Default for Brake {
    fn default() -> Self {
        Self { share: Share { hundredths: 3_000 } }
    }
}

/// One wave.
#[derive(Clone, Debug, PartialEq)]
pub enum Wave {
    /// So many tenants have the change after it, those of the waves before among them.
    Portion(Portion),
    /// The tenants that fit: the ring of canaries.
    Tenants(TenantMatch),
}

impl Wave {
    /// Everything.
    pub const ALL: Wave = Wave::Portion(Portion::Share(Share::ALL));

    /// The part of the fleet, where it is given as one.
    pub fn portion(&self) -> Option<Portion> {
        match self {
            Wave::Portion(portion) => Some(*portion),
            Wave::Tenants(_) => None,
        }
    }
}

/// A part of the fleet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Portion {
    /// So many tenants.
    Count(u64),
    /// Such a share of them.
    Share(Share),
}

impl Portion {
    /// How many of `total` tenants it is.
    pub fn of(self, total: u64) -> u64 {
        match self {
            Portion::Count(count) => count.min(total),
            Portion::Share(share) => share.of(total),
        }
    }

    /// Reads `3` or `10%`.
    ///
    /// # Errors
    /// A clause for people.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.ends_with('%') {
            return Share::parse(text).map(Portion::Share);
        }
        match text.replace('_', "").parse() {
            Ok(0) => Err("no tenant at all is no wave".to_owned()),
            Ok(count) => Ok(Portion::Count(count)),
            Err(_) => Err(format!("`{text}` is neither a number of tenants nor a share of them")),
        }
    }
}

/// A share of the fleet, in hundredths of a percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share {
    /// Hundredths of a percent: 10 000 is everything.
    pub hundredths: u32,
}

impl Share {
    /// Everything.
    pub const ALL: Share = Share { hundredths: 10_000 };

    /// How many of `total` tenants it is, rounded up.
    pub fn of(self, total: u64) -> u64 {
        let exact = u128::from(total) * u128::from(self.hundredths);
        u64::try_from(exact.div_ceil(10_000)).unwrap_or(u64::MAX)
    }

    /// Reads `10%` or `0.5%`: more than nothing, at most everything.
    ///
    /// # Errors
    /// A clause for people.
    pub fn parse(text: &str) -> Result<Self, String> {
        let unreadable = || format!("`{text}` is not a share");
        let number = text.strip_suffix('%').ok_or_else(unreadable)?.trim_end();
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "00"));
        if fraction.is_empty() || fraction.len() > 2 {
            return Err(unreadable());
        }
        let part =
            |digits: &str| digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse::<u32>().ok()).flatten();
        let whole = part(whole).filter(|whole| *whole <= 100).ok_or_else(unreadable)?;
        let hundredths = whole * 100 + part(&format!("{fraction:0<2}")).ok_or_else(unreadable)?;
        if (1..=10_000).contains(&hundredths) { Ok(Self { hundredths }) } else { Err(unreadable()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_shares() {
        for (text, hundredths) in [("100%", 10_000), ("10%", 1_000), ("0.5%", 50), ("0.05 %", 5), ("33.33%", 3_333)] {
            assert_eq!(Share::parse(text), Ok(Share { hundredths }), "{text}");
        }
        for text in ["", "%", "10", "0%", "101%", "100.01%", "-1%", "+1%", "1.%", "1.234%", "9999999999%", "a%"] {
            assert!(Share::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_share_of_few_is_at_least_one() {
        assert_eq!(Share { hundredths: 1 }.of(30), 1);
        assert_eq!(Share { hundredths: 1_000 }.of(30), 3);
        assert_eq!(Share::ALL.of(u64::MAX), u64::MAX);
        assert_eq!(Portion::Count(5).of(3), 3);
    }
}
