//! SCRAM-SHA-256 (RFC 5802, RFC 7677) that remembers what it derived. The thousands of rounds from a password to its
//! keys are the dearest part of a client's connection, and they are the same every time.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::db::DbError;
use crate::model::Hash;

/// More rounds than this would keep everybody else waiting: the driver makes pauses.
const MOST_ROUNDS: u32 = 100_000;

type Key = [u8; 32];

/// The keys of each login. They cannot be turned into the password, but log in like it: nobody is to see them.
#[derive(Default)]
pub(in crate::db::postgres) struct Remembered(Mutex<HashMap<Hash, Keys>>);

#[derive(Clone)]
struct Keys {
    salt: Vec<u8>,
    rounds: u32,
    client: Key,
    server: Key,
}

impl Remembered {
    fn keys(&self, login: Hash, password: &str, salt: Vec<u8>, rounds: u32) -> Keys {
        let known = |keys: &&Keys| keys.salt == salt && keys.rounds == rounds;
        let remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&login).filter(known).cloned();
        remembered.unwrap_or_else(|| {
            let keys = Keys::derive(password, salt, rounds);
            self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(login, keys.clone());
            keys
        })
    }
}

impl Keys {
    fn derive(password: &str, salt: Vec<u8>, rounds: u32) -> Self {
        let keyed = keyed(password.as_bytes());
        let mut round = finish(keyed.clone(), &[&salt, &1_u32.to_be_bytes()]);
        let mut salted = round;
        for _ in 1..rounds {
            round = finish(keyed.clone(), &[&round]);
            salted.iter_mut().zip(round).for_each(|(sum, byte)| *sum ^= byte);
        }
        let of = |purpose: &[u8]| sign(&salted, purpose);
        Self { salt, rounds, client: of(b"Client Key"), server: of(b"Server Key") }
    }
}

/// How many rounds stand between a password that is given here and its keys: as many as the server itself takes.
const ROUNDS: u32 = 4096;

/// What a server has to know to recognise a password without knowing it, in the server's own form: a statement that holds
/// it may be logged.
pub(in crate::db::postgres) fn verifier(password: &SecretString) -> Result<String, DbError> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|error| DbError::io("random numbers", error.into()))?;
    Ok(verifier_with(password.expose_secret(), &salt, ROUNDS))
}

fn verifier_with(password: &str, salt: &[u8], rounds: u32) -> String {
    let keys = Keys::derive(password, salt.to_vec(), rounds);
    let base64 = |bytes: &[u8]| BASE64_STANDARD.encode(bytes);
    let stored = Sha256::digest(keys.client);
    format!("SCRAM-SHA-256${rounds}:{}${}:{}", base64(salt), base64(&stored), base64(&keys.server))
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("a key may have any length")
}

fn finish(mut mac: Hmac<Sha256>, parts: &[&[u8]]) -> Key {
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

fn sign(key: &[u8], text: &[u8]) -> Key {
    finish(keyed(key), &[text])
}

/// One exchange with a server.
pub(super) struct Exchange {
    nonce: String,
}

/// The answer to the server's challenge, and what the server must say then.
pub(super) struct Proof {
    pub(super) message: String,
    pub(super) expected: String,
}

impl Exchange {
    pub(super) fn new(nonce: [u8; 18]) -> Self {
        Self { nonce: BASE64_STANDARD.encode(nonce) }
    }

    /// What opens it. The name is the one that the connection began with.
    pub(super) fn opening(&self) -> String {
        format!("n,,{}", self.bare())
    }

    fn bare(&self) -> String {
        format!("n=,r={}", self.nonce)
    }

    /// Answers a challenge. `None` if it is none that can be answered here.
    pub(super) fn prove(&self, known: &Remembered, login: Hash, password: &str, challenge: &str) -> Option<Proof> {
        let mut fields = challenge.split(',');
        let mut field = |name| fields.next()?.strip_prefix(name);
        let (nonce, salt, rounds) = (field("r=")?, field("s=")?, field("i=")?);
        let (salt, rounds) = (BASE64_STANDARD.decode(salt).ok()?, rounds.parse().ok()?);
        if !nonce.starts_with(&self.nonce) || nonce.len() == self.nonce.len() || !(1..=MOST_ROUNDS).contains(&rounds) {
            return None;
        }
        let keys = known.keys(login, password, salt, rounds);
        let unproved = format!("c=biws,r={nonce}");
        let all = format!("{},{challenge},{unproved}", self.bare());
        let mut proof = sign(&Sha256::digest(keys.client), all.as_bytes());
        proof.iter_mut().zip(keys.client).for_each(|(byte, key)| *byte ^= key);
        let message = format!("{unproved},p={}", BASE64_STANDARD.encode(proof));
        Some(Proof { message, expected: format!("v={}", BASE64_STANDARD.encode(sign(&keys.server, all.as_bytes()))) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7677, but for the name, which PostgreSQL leaves empty.
    #[test]
    fn derives_the_keys_of_the_example() {
        let salt = BASE64_STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        let keys = Keys::derive("pencil", salt, 4096);
        let all = "n=user,r=rOprNGfwEbeRWgbNEkqO,\
                   r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,\
                   c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        let mut proof = sign(&Sha256::digest(keys.client), all.as_bytes());
        proof.iter_mut().zip(keys.client).for_each(|(byte, key)| *byte ^= key);
        assert_eq!(BASE64_STANDARD.encode(proof), "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
        let server = BASE64_STANDARD.encode(sign(&keys.server, all.as_bytes()));
        assert_eq!(server, "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
    }

    /// As PostgreSQL 15 keeps it (`pg_authid.rolpassword`).
    #[test]
    fn a_verifier_is_the_servers_own() {
        let salt = BASE64_STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        let expected = "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:\
                        wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";
        assert_eq!(verifier_with("pencil", &salt, 4096), expected);
    }

    #[test]
    fn a_new_salt_is_a_new_key() {
        let known = Remembered::default();
        let login = Hash::of("login");
        let keys = |salt: &[u8]| known.keys(login, "pw", salt.to_vec(), 2).client;
        assert_eq!(keys(b"a"), keys(b"a"));
        assert_ne!(keys(b"a"), keys(b"b"));
    }

    #[test]
    fn a_challenge_of_somebody_else_is_not_answered() {
        let (known, exchange) = (Remembered::default(), Exchange::new([1; 18]));
        let prove = |challenge: String| exchange.prove(&known, Hash::of("login"), "pw", &challenge).is_some();
        assert!(prove(format!("r={}x,s=AAAA,i=4096", exchange.nonce)));
        assert!(!prove("r=another,s=AAAA,i=4096".to_owned()));
        assert!(!prove(format!("r={},s=AAAA,i=4096", exchange.nonce)), "the server adds nothing of its own");
        assert!(!prove(format!("r={}x,s=AAAA,i=1000000000", exchange.nonce)));
    }
}
