//! Tokens that open the API: making and checking them. Nothing here is kept or looked up.
//!
//! A token is `undrift_<id>.<secret>`, both in hexadecimal. The id is public; of the secret only an argon2id hash
//! is kept.

use std::fmt;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params};
use jiff::Timestamp;
use secrecy::SecretString;
use thiserror::Error;

use super::TokenRecord;

const PREFIX: &str = "undrift_";
const ID_BYTES: usize = 8;
const SECRET_BYTES: usize = 32;

/// The most that checking a hash may cost: 64 MiB, four passes. Hashes are read from the state, and whoever put a
/// costlier one there must not stop undrift with it.
const MOST_MEMORY: u32 = 64 * 1024;
const MOST_PASSES: u32 = 4;
const MOST_LANES: u32 = 4;

/// A token that was just made.
#[derive(Debug)]
pub struct NewToken {
    /// Names it in public.
    pub id: String,
    /// The token itself, to be shown once.
    pub token: SecretString,
    /// The hash of its secret part, as a PHC string: what is kept.
    pub hash: String,
}

/// No token could be made.
#[derive(Debug, Error)]
#[error("the operating system has no random numbers to give: {0}")]
pub struct NoRandomness(String);

impl NewToken {
    /// Makes a token. Takes some tens of milliseconds of one processor, like [`is_secret_of`].
    ///
    /// # Errors
    /// When the operating system gives no random numbers.
    pub fn make() -> Result<Self, NoRandomness> {
        let id = Hex(random::<ID_BYTES>()?).to_string();
        let secret = Hex(random::<SECRET_BYTES>()?).to_string();
        let hash = Argon2::default()
            .hash_password(secret.as_bytes())
            .map_err(|error| NoRandomness(error.to_string()))?
            .to_string();
        Ok(Self { token: SecretString::from(format!("{PREFIX}{id}.{secret}")), id, hash })
    }
}

/// The id and the secret of what looks like a token.
pub fn parts(token: &str) -> Option<(&str, &str)> {
    let (id, secret) = token.strip_prefix(PREFIX)?.split_once('.')?;
    (is_hex(id, ID_BYTES) && is_hex(secret, SECRET_BYTES)).then_some((id, secret))
}

/// Whether a secret is the one that a PHC string was made of. Takes equally long for every secret.
pub fn is_secret_of(secret: &str, hash: &str) -> bool {
    let Ok(hash) = PasswordHash::new(hash) else { return false };
    is_bearable(&hash) && Argon2::default().verify_password(secret.as_bytes(), &hash).is_ok()
}

impl TokenRecord {
    /// Whether it opens anything now: neither revoked nor expired.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.revoked.is_none() && self.expires.is_none_or(|expires| now < expires)
    }
}

fn is_bearable(hash: &PasswordHash) -> bool {
    let is_argon2id = Algorithm::try_from(hash.algorithm.as_str()) == Ok(Algorithm::Argon2id);
    is_argon2id
        && Params::try_from(hash).is_ok_and(|params| {
            params.m_cost() <= MOST_MEMORY && params.t_cost() <= MOST_PASSES && params.p_cost() <= MOST_LANES
        })
}

fn random<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| NoRandomness(error.to_string()))?;
    Ok(bytes)
}

fn is_hex(text: &str, bytes: usize) -> bool {
    text.len() == 2 * bytes && text.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
}

/// Bytes as hexadecimal digits.
struct Hex<const N: usize>([u8; N]);

impl<const N: usize> fmt::Display for Hex<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn a_token_opens_its_own_hash_only() {
        let (one, other) = (NewToken::make().unwrap(), NewToken::make().unwrap());
        let (id, secret) = parts(one.token.expose_secret()).unwrap();
        assert_eq!(id, one.id);
        assert!(is_secret_of(secret, &one.hash));
        assert!(!is_secret_of(secret, &other.hash));
        assert!(!is_secret_of("", &one.hash));
        assert!(!format!("{one:?}").contains(secret));
    }

    #[test]
    fn what_is_no_token_has_no_parts() {
        let secret = "0".repeat(64);
        for text in [
            "",
            "undrift_",
            &format!("undrift_0123456789abcdef{secret}"),
            &format!("undrift_0123456789abcde.{secret}"),
            &format!("undrift_0123456789ABCDEF.{secret}"),
            &format!("Undrift_0123456789abcdef.{secret}"),
            &format!("undrift_0123456789abcdef.{secret}0"),
            "undrift_0123456789abcdef.ä",
        ] {
            assert_eq!(parts(text), None, "{text}");
        }
    }

    #[test]
    fn a_costly_or_weak_hash_is_refused_unread() {
        let made = NewToken::make().unwrap();
        let (_, secret) = parts(made.token.expose_secret()).unwrap();
        let started = std::time::Instant::now();
        for (from, to) in [
            ("m=19456", "m=4194304"),
            ("t=2", "t=4000000"),
            ("p=1", "p=1000"),
            ("$argon2id$", "$argon2i$"),
            ("$argon2id$", "$scrypt$"),
            ("$argon2id$", ""),
        ] {
            let hostile = made.hash.replace(from, to);
            assert_ne!(hostile, made.hash);
            assert!(!is_secret_of(secret, &hostile), "{hostile}");
        }
        assert!(started.elapsed() < std::time::Duration::from_secs(5), "it was computed");
    }
}
