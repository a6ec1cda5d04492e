//! Introducing oneself to a server.

use sqlx::postgres::PgConnectOptions;

use super::Failure;
use super::frames::{Frames, message};
use super::scram::{Exchange, Proof, Remembered};
use crate::db::postgres::error::Said;
use crate::model::Hash;

/// Version 3.0 of the protocol.
const PROTOCOL: [u8; 4] = [0, 3, 0, 0];

/// The one mechanism that is known here.
const MECHANISM: &[u8] = b"SCRAM-SHA-256\0";

/// What it takes to log in.
pub(in crate::db::postgres) struct Login<'a> {
    /// What the keys are remembered by.
    pub(in crate::db::postgres) id: Hash,
    /// Only one from the address: others are the driver's to find.
    pub(in crate::db::postgres) password: Option<String>,
    pub(in crate::db::postgres) remembered: &'a Remembered,
}

/// How far an exchange of proofs has come.
enum Step {
    None,
    Opened(Exchange),
    Proved(String),
    Done,
}

impl Login<'_> {
    /// Logs in and returns the server's version, if it says it. `None` if the server wants something else.
    pub(super) async fn carry_out(
        &self,
        frames: &mut Frames,
        options: &PgConnectOptions,
    ) -> Result<Option<Option<u32>>, Failure> {
        frames.send(&greeting(options)).await?;
        let (mut version, mut step) = (None, Step::None);
        loop {
            let frame = frames.next().await?;
            match frame.kind {
                b'R' => {
                    let Some((next, answer)) = self.authenticate(step, frame.body)? else { return Ok(None) };
                    step = next;
                    if !answer.is_empty() {
                        frames.send(&answer).await?;
                    }
                }
                b'S' => version = version.or_else(|| server_version(frame.body)),
                b'E' => return Err(Failure::Server(Said::read(frame.body))),
                b'Z' => return Ok(Some(version)),
                b'K' | b'N' | b'v' => {}
                _ => return Err(Failure::strange("the server sent something unknown")),
            }
        }
    }

    /// What to answer to a demand, which may be nothing. `None` if that is not known here.
    fn authenticate(&self, step: Step, demand: &[u8]) -> Result<Option<(Step, Vec<u8>)>, Failure> {
        let Some((code, demand)) = demand.split_first_chunk::<4>() else { return Ok(None) };
        Ok(match (u32::from_be_bytes(*code), step) {
            // Who demanded a proof owes one too.
            (0, Step::Opened(_) | Step::Proved(_)) => return Err(Failure::strange("the server proved nothing")),
            (0, step) => Some((step, Vec::new())),
            (10, Step::None) => self.open(demand)?,
            (11, Step::Opened(exchange)) => self.prove(&exchange, demand),
            (12, Step::Proved(expected)) if demand == expected.as_bytes() => Some((Step::Done, Vec::new())),
            (12, _) => return Err(Failure::strange("the server does not know the password itself")),
            _ => None,
        })
    }

    fn open(&self, mechanisms: &[u8]) -> Result<Option<(Step, Vec<u8>)>, Failure> {
        let known = mechanisms.split_inclusive(|byte| *byte == 0).any(|name| name == MECHANISM);
        if !known || self.password().is_none() {
            return Ok(None);
        }
        let mut nonce = [0; 18];
        getrandom::fill(&mut nonce).map_err(|_| Failure::strange("there are no random numbers"))?;
        let exchange = Exchange::new(nonce);
        let opening = exchange.opening();
        let length = u32::try_from(opening.len()).unwrap_or(u32::MAX).to_be_bytes();
        let answer = message(Some(b'p'), &[MECHANISM, &length, opening.as_bytes()]);
        Ok(Some((Step::Opened(exchange), answer)))
    }

    fn prove(&self, exchange: &Exchange, challenge: &[u8]) -> Option<(Step, Vec<u8>)> {
        let challenge = std::str::from_utf8(challenge).ok()?;
        let Proof { message: proof, expected } =
            exchange.prove(self.remembered, self.id, self.password()?, challenge)?;
        Some((Step::Proved(expected), message(Some(b'p'), &[proof.as_bytes()])))
    }

    /// The password if it is one that needs no preparation.
    fn password(&self) -> Option<&str> {
        self.password.as_deref().filter(|password| password.bytes().all(|byte| (b' '..=b'~').contains(&byte)))
    }
}

/// The first message: who comes, where to, and what is to be said how.
fn greeting(options: &PgConnectOptions) -> Vec<u8> {
    let user = options.get_username();
    let mut parameters = vec![
        ("user", user),
        ("database", options.get_database().unwrap_or(user)),
        ("client_encoding", "UTF8"),
        ("extra_float_digits", "2"),
        ("DateStyle", "ISO, MDY"),
        ("TimeZone", "UTC"),
    ];
    parameters.extend(options.get_application_name().map(|name| ("application_name", name)));
    parameters.extend(options.get_options().map(|options| ("options", options)));
    let text: String = parameters.iter().map(|(name, value)| format!("{name}\0{value}\0")).collect();
    message(None, &[&PROTOCOL, text.as_bytes(), b"\0"])
}

/// `150004` of `server_version` and `15.4 (Debian 15.4-1)`.
fn server_version(setting: &[u8]) -> Option<u32> {
    let mut parts = setting.split(|byte| *byte == 0);
    let (name, value) = (parts.next()?, std::str::from_utf8(parts.next()?).ok()?);
    if name != b"server_version" {
        return None;
    }
    let numbers = value.split(|c: char| !c.is_ascii_digit() && c != '.').next()?;
    let mut numbers = numbers.split('.').map(|number| number.parse::<u32>().ok());
    Some(numbers.next()?? * 10_000 + numbers.next().flatten().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_version() {
        assert_eq!(server_version(b"server_version\x0015.4 (Debian 15.4-1)\0"), Some(150_004));
        assert_eq!(server_version(b"server_version\x0019devel\0"), Some(190_000));
        assert_eq!(server_version(b"server_encoding\0UTF8\0"), None);
        assert_eq!(server_version(b"server_version\0?\0"), None);
    }

    #[test]
    fn whoever_proves_nothing_is_not_believed() {
        let remembered = Remembered::default();
        let login = Login { id: Hash::of("login"), password: Some("pw".to_owned()), remembered: &remembered };
        let demand = |code: u32, rest: &[u8]| [code.to_be_bytes().as_slice(), rest].concat();
        assert!(login.authenticate(Step::None, &demand(0, b"")).is_ok_and(|answer| answer.is_some()), "trust");
        let Ok(Some((opened, _))) = login.authenticate(Step::None, &demand(10, b"SCRAM-SHA-256\0\0")) else { panic!() };
        assert!(login.authenticate(opened, &demand(0, b"")).is_err());
        assert!(login.authenticate(Step::Proved("v=a".to_owned()), &demand(12, b"v=b")).is_err());
        assert!(login.authenticate(Step::Proved("v=a".to_owned()), &demand(0, b"")).is_err());
        assert!(login.authenticate(Step::None, &demand(5, b"salt")).is_ok_and(|answer| answer.is_none()), "md5");
    }
}
