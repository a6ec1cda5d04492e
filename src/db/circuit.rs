//! The circuit of one server: after some failures in a row nobody goes there for a while, then one goes
//! to see. Pure: the clock and the dice are the caller's.

use std::time::{Duration, Instant};

/// How many failures in a row open the circuit.
const FAILURES: u32 = 3;

/// How long it stays open at first. Each failed try doubles it.
const FIRST: Duration = Duration::from_secs(1);

/// How long it stays open at most.
const LONGEST: Duration = Duration::from_secs(300);

/// Whether a server is gone to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CircuitState {
    /// It answers: everybody goes there.
    #[default]
    Closed,
    /// It did not answer: nobody goes there before this instant.
    Open {
        /// When somebody goes to see.
        until: Instant,
    },
    /// Somebody is there to see whether it answers again.
    Probing,
}

/// The right to go to a server once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pass {
    /// Whether everybody else waits for what becomes of this one.
    probe: bool,
}

/// What is remembered of one server.
#[derive(Debug, Default)]
pub(super) struct Circuit {
    state: CircuitState,
    /// Failures in a row while closed.
    failures: u32,
    /// How often in a row it was opened.
    openings: u32,
}

impl Circuit {
    /// Asks to go to the server.
    pub(super) fn admit(&mut self, now: Instant) -> Result<Pass, CircuitState> {
        match self.state {
            CircuitState::Closed => Ok(Pass { probe: false }),
            CircuitState::Open { until } if until <= now => {
                self.state = CircuitState::Probing;
                Ok(Pass { probe: true })
            }
            refused => Err(refused),
        }
    }

    /// The server answered, whatever it said.
    pub(super) fn answered(&mut self) {
        *self = Self::default();
    }

    /// The server did not answer. `dice` is between 0 and 1, so that many do not come back at once.
    pub(super) fn failed(&mut self, pass: Pass, now: Instant, dice: f64) {
        self.failures += 1;
        let opens = pass.probe || (self.state == CircuitState::Closed && self.failures >= FAILURES);
        if opens {
            let wait = FIRST.saturating_mul(2_u32.saturating_pow(self.openings)).min(LONGEST);
            self.state = CircuitState::Open { until: now + wait.mul_f64(0.8 + 0.2 * dice) };
            self.openings += 1;
        }
    }

    /// Who went there came back without knowing.
    pub(super) fn unknown(&mut self, pass: Pass, now: Instant) {
        if pass.probe && self.state == CircuitState::Probing {
            self.state = CircuitState::Open { until: now };
        }
    }

    /// How it is.
    pub(super) fn state(&self) -> CircuitState {
        self.state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A circuit that was just opened, and when somebody may go to see.
    fn opened(now: Instant) -> (Circuit, Instant) {
        let mut circuit = Circuit::default();
        for _ in 0..FAILURES {
            let pass = circuit.admit(now).unwrap();
            circuit.failed(pass, now, 1.0);
        }
        match circuit.state() {
            CircuitState::Open { until } => (circuit, until),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn failures_in_a_row_open_it() {
        let now = Instant::now();
        let (mut circuit, until) = opened(now);
        assert_eq!(until, now + FIRST);
        assert_eq!(circuit.admit(now), Err(CircuitState::Open { until }));
    }

    #[test]
    fn an_answer_between_them_does_not() {
        let now = Instant::now();
        let mut circuit = Circuit::default();
        for _ in 0..10 {
            for _ in 1..FAILURES {
                let pass = circuit.admit(now).unwrap();
                circuit.failed(pass, now, 0.5);
            }
            circuit.answered();
        }
        assert_eq!(circuit.state(), CircuitState::Closed);
    }

    #[test]
    fn one_goes_to_see_and_all_follow() {
        let (mut circuit, until) = opened(Instant::now());
        assert!(circuit.admit(until).is_ok());
        assert_eq!(circuit.admit(until), Err(CircuitState::Probing));
        circuit.answered();
        assert!(circuit.admit(until).is_ok() && circuit.admit(until).is_ok());
    }

    #[test]
    fn each_failed_try_doubles_the_wait_up_to_a_limit() {
        let (mut circuit, mut until) = opened(Instant::now());
        let mut waits = Vec::new();
        for _ in 0..10 {
            let now = until;
            let pass = circuit.admit(now).unwrap();
            circuit.failed(pass, now, 1.0);
            let CircuitState::Open { until: next } = circuit.state() else { panic!("it closed") };
            waits.push((next - now).as_secs());
            until = next;
        }
        assert_eq!(waits, [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
    }

    #[test]
    fn the_dice_spread_the_waits() {
        let now = Instant::now();
        let mut circuit = Circuit::default();
        (0..FAILURES).for_each(|_| circuit.failed(Pass { probe: false }, now, 0.0));
        assert_eq!(circuit.state(), CircuitState::Open { until: now + FIRST.mul_f64(0.8) });
    }

    #[test]
    fn who_comes_late_changes_nothing() {
        let (mut circuit, until) = opened(Instant::now());
        let late = Pass { probe: false };
        circuit.failed(late, until, 1.0);
        assert_eq!(circuit.state(), CircuitState::Open { until });
        circuit.admit(until).unwrap();
        circuit.failed(late, until, 1.0);
        circuit.unknown(late, until);
        assert_eq!(circuit.state(), CircuitState::Probing);
    }

    #[test]
    fn a_try_that_was_given_up_is_made_again() {
        let (mut circuit, until) = opened(Instant::now());
        let probe = circuit.admit(until).unwrap();
        circuit.unknown(probe, until);
        assert!(circuit.admit(until).is_ok());
    }
}
