//! What becomes of a tenant whose plan failed.

use std::time::Duration;

use jiff::Timestamp;

use crate::model::Hash;
use crate::reconcile::rollout::Readiness;
use crate::store::FailureRecord;

/// The pauses before a plan is tried again. After the last one a person has to look.
const PAUSES: [Duration; 4] =
    [Duration::from_secs(60), Duration::from_secs(5 * 60), Duration::from_secs(10 * 60), Duration::from_secs(30 * 60)];

/// The failures of a plan after one more. Another plan starts anew.
pub fn failed(before: Option<&FailureRecord>, plan: Hash, now: Timestamp) -> FailureRecord {
    let times = before.filter(|failure| failure.plan == plan).map_or(0, |failure| failure.times);
    let pause = PAUSES.get(times as usize);
    let retry_at = pause.and_then(|pause| now.checked_add(*pause).ok());
    FailureRecord { plan, times: times + 1, retry_at }
}

/// Whether a plan may run in spite of the failures so far.
pub fn readiness(failure: Option<&FailureRecord>, plan: Hash, now: Timestamp) -> Readiness {
    match failure.filter(|failure| failure.plan == plan).map(|failure| failure.retry_at) {
        None => Readiness::Now,
        Some(None) => Readiness::Never,
        Some(Some(at)) if at <= now => Readiness::Now,
        Some(Some(_)) => Readiness::Later,
    }
}

/// Whether only a person, or another plan, can help.
pub fn is_blocked(failure: Option<&FailureRecord>) -> bool {
    failure.is_some_and(|failure| failure.retry_at.is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_then_a_person_has_to_look() {
        let (plan, mut now) = (Hash::of("plan"), Timestamp::UNIX_EPOCH);
        let mut failure = None;
        for minutes in [1, 5, 10, 30] {
            let record = failed(failure.as_ref(), plan, now);
            assert_eq!(readiness(Some(&record), plan, now), Readiness::Later);
            now = record.retry_at.unwrap();
            assert_eq!(now.duration_since(Timestamp::UNIX_EPOCH).as_mins() % 100, minutes + past(minutes));
            assert_eq!(readiness(Some(&record), plan, now), Readiness::Now);
            failure = Some(record);
        }
        let last = failed(failure.as_ref(), plan, now);
        assert!(is_blocked(Some(&last)));
        assert_eq!(readiness(Some(&last), plan, Timestamp::MAX), Readiness::Never);
        let other = Hash::of("another plan");
        assert_eq!(readiness(Some(&last), other, now), Readiness::Now, "another plan is another chance");
        assert_eq!(failed(Some(&last), other, now).times, 1);
    }

    /// The minutes of the pauses before.
    fn past(minutes: i64) -> i64 {
        [1, 5, 10, 30].into_iter().take_while(|pause| *pause < minutes).sum()
    }
}
