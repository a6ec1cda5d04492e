//! Who guesses tokens has to wait.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How many addresses are remembered. Beyond that the oldest is forgotten: memory must not grow with attackers.
const ADDRESSES: usize = 4096;

/// Counts failures by address.
pub(super) struct Limiter {
    most: u32,
    within: Duration,
    seen: Mutex<HashMap<IpAddr, Failures>>,
}

#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    since: Instant,
}

impl Limiter {
    /// Lets each address fail so often within some time.
    pub(super) fn new(most: u32, within: Duration) -> Self {
        Self { most, within, seen: Mutex::default() }
    }

    /// How long an address still has to wait, if it has to.
    pub(super) fn wait(&self, address: IpAddr, now: Instant) -> Option<Duration> {
        let failures = *self.seen().get(&network(address))?;
        let left = self.within.checked_sub(now.saturating_duration_since(failures.since))?;
        (failures.count >= self.most && !left.is_zero()).then_some(left)
    }

    /// An address failed once more.
    pub(super) fn failed(&self, address: IpAddr, now: Instant) {
        let mut seen = self.seen();
        if seen.len() >= ADDRESSES {
            self.forget(&mut seen, now);
        }
        let failures = seen.entry(network(address)).or_insert(Failures { count: 0, since: now });
        if now.saturating_duration_since(failures.since) >= self.within {
            *failures = Failures { count: 0, since: now };
        }
        failures.count = failures.count.saturating_add(1);
    }

    fn forget(&self, seen: &mut HashMap<IpAddr, Failures>, now: Instant) {
        seen.retain(|_, failures| now.saturating_duration_since(failures.since) < self.within);
        if seen.len() >= ADDRESSES
            && let Some(oldest) = seen.iter().min_by_key(|(_, failures)| failures.since).map(|(address, _)| *address)
        {
            seen.remove(&oldest);
        }
    }

    fn seen(&self) -> MutexGuard<'_, HashMap<IpAddr, Failures>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One customer of a provider has a whole /64 of IPv6 addresses.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_waits_until_its_window_is_over() {
        let (limiter, start) = (Limiter::new(2, MINUTE), Instant::now());
        let after = |seconds| start + Duration::from_secs(seconds);
        let (here, there) = (address("192.0.2.1"), address("192.0.2.2"));
        limiter.failed(here, start);
        assert_eq!(limiter.wait(here, start), None);
        limiter.failed(here, after(10));
        assert_eq!(limiter.wait(here, after(20)), Some(Duration::from_secs(40)));
        assert_eq!(limiter.wait(there, after(20)), None);
        assert_eq!(limiter.wait(here, after(60)), None);
        limiter.failed(here, after(61));
        assert_eq!(limiter.wait(here, after(61)), None, "it begins anew");
    }

    #[test]
    fn addresses_of_one_network_are_one() {
        let (limiter, now) = (Limiter::new(1, MINUTE), Instant::now());
        limiter.failed(address("2001:db8::1"), now);
        assert!(limiter.wait(address("2001:db8::ffff:1"), now).is_some());
        assert!(limiter.wait(address("2001:db8:0:1::1"), now).is_none());
        limiter.failed(address("::ffff:192.0.2.1"), now);
        assert!(limiter.wait(address("192.0.2.1"), now).is_some());
    }

    #[test]
    fn memory_is_bounded() {
        let (limiter, start) = (Limiter::new(1, MINUTE), Instant::now());
        for number in 0..2 * ADDRESSES as u32 {
            limiter.failed(IpAddr::V4(number.into()), start + Duration::from_millis(number.into()));
        }
        assert_eq!(limiter.seen().len(), ADDRESSES);
        let last = IpAddr::V4((2 * ADDRESSES as u32 - 1).into());
        assert!(limiter.wait(last, start + Duration::from_secs(9)).is_some(), "the newest are kept");
    }
}
