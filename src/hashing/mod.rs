//! Password hashes: making them, telling them from plain text, and checking them.
//!
//! Pure and slow on purpose: never called where something else waits. Values come in as they are, and leave as
//! hashes only; no error says anything about a value.

mod recognise;

use std::cell::RefCell;

use argon2::password_hash::PasswordVerifier;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use thiserror::Error;

pub use recognise::is_password_hash;

use crate::model::{Argon2idCost, Transform};

/// A value could not be hashed.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum HashingError {
    /// The parameters exclude each other.
    #[error("these parameters are not possible: {0}")]
    Parameters(String),
    /// bcrypt takes no NUL characters.
    #[error("it holds a NUL character, which bcrypt cannot take")]
    Nul,
    /// The operating system gave no random numbers.
    #[error("the operating system has no random numbers to give")]
    Randomness,
}

/// The most that checking a hash may cost, in KiB of memory, passes and lanes. Hashes come from tenants, and whoever
/// put a costlier one there must not stop undrift with it.
const MOST: Argon2idCost = Argon2idCost { memory: 256 * 1024, iterations: 16, parallelism: 16 };

/// The highest cost of bcrypt that is checked.
const HIGHEST_BCRYPT_COST: u32 = 16;

thread_local! {
    /// What argon2id fills. To get it from the operating system anew for each value costs more than half as much as hashing
    /// does; it is given back when the thread ends, which is when a batch does.
    static MEMORY: RefCell<Vec<Block>> = const { RefCell::new(Vec::new()) };
}

/// The hash of a value: itself where it is one already, or where the transform makes none.
///
/// # Errors
/// [`HashingError`], which says nothing about the value.
pub fn hashed(transform: &Transform, value: &str) -> Result<String, HashingError> {
    match transform {
        _ if is_password_hash(value) => Ok(value.to_owned()),
        Transform::Argon2id(cost) => argon2id(*cost, value),
        Transform::Bcrypt { cost } => bcrypt(*cost, value),
        Transform::Lower | Transform::Trim | Transform::Sql(_) => Ok(value.to_owned()),
    }
}

fn argon2id(cost: Argon2idCost, value: &str) -> Result<String, HashingError> {
    let parameters = parameters(cost)?;
    let blocks = parameters.block_count();
    let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters);
    let (mut salt, mut hash) = ([0; 16], [0; 32]);
    getrandom::fill(&mut salt).map_err(|_| HashingError::Randomness)?;
    let hashed = MEMORY.with_borrow_mut(|memory| {
        memory.resize(blocks.max(memory.len()), Block::new());
        hasher.hash_password_into_with_memory(value.as_bytes(), &salt, &mut hash, &mut memory[..blocks])
    });
    hashed.map_err(|error| HashingError::Parameters(error.to_string()))?;
    let Argon2idCost { memory, iterations, parallelism } = cost;
    let [salt, hash] = [&salt[..], &hash].map(|bytes| STANDARD_NO_PAD.encode(bytes));
    Ok(format!("$argon2id$v=19$m={memory},t={iterations},p={parallelism}${salt}${hash}"))
}

/// The parameters for argon2id, if they go together.
///
/// # Errors
/// [`HashingError::Parameters`].
pub fn parameters(cost: Argon2idCost) -> Result<Params, HashingError> {
    let made = Params::new(cost.memory, cost.iterations, cost.parallelism, None);
    made.map_err(|error| HashingError::Parameters(error.to_string()))
}

/// As PHP writes it, with `$2y$`: its `password_get_info` knows no other spelling.
fn bcrypt(cost: u32, value: &str) -> Result<String, HashingError> {
    let made = bcrypt::hash_with_result(value, cost).map_err(|error| match error {
        bcrypt::BcryptError::CostNotAllowed(cost) => HashingError::Parameters(format!("cost {cost}")),
        bcrypt::BcryptError::Rand(_) => HashingError::Randomness,
        _ => HashingError::Nul,
    })?;
    Ok(made.format_for_version(bcrypt::Version::TwoY))
}

/// Whether a hash was made of a value. What cannot be checked, or would cost too much to check, was not.
pub fn is_hash_of(hash: &str, value: &str) -> bool {
    if recognise::is_bcrypt(hash) {
        return cost_of_bcrypt(hash).is_some_and(|cost| cost <= HIGHEST_BCRYPT_COST)
            && bcrypt::verify(value, &as_two_b(hash)).unwrap_or(false);
    }
    let Ok(hash) = PasswordHash::new(hash) else { return false };
    is_bearable(&hash) && Argon2::default().verify_password(value.as_bytes(), &hash).is_ok()
}

fn cost_of_bcrypt(hash: &str) -> Option<u32> {
    hash.get(4..6)?.parse().ok()
}

/// PHP's `$2y$` is everybody else's `$2b$`.
fn as_two_b(hash: &str) -> String {
    format!("$2b${}", hash.get(4..).unwrap_or_default())
}

fn is_bearable(hash: &PasswordHash) -> bool {
    let known = Algorithm::try_from(hash.algorithm.as_str()).is_ok();
    known
        && Params::try_from(hash).is_ok_and(|params| {
            params.m_cost() <= MOST.memory && params.t_cost() <= MOST.iterations && params.p_cost() <= MOST.parallelism
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: Argon2idCost = Argon2idCost { memory: 8, iterations: 1, parallelism: 1 };

    #[test]
    fn plain_text_becomes_a_hash_that_it_opens() {
        for transform in [Transform::Argon2id(CHEAP), Transform::Bcrypt { cost: 4 }] {
            let hash = hashed(&transform, "correct horse").unwrap();
            assert!(is_password_hash(&hash), "{hash}");
            assert!(is_hash_of(&hash, "correct horse"), "{hash}");
            assert!(!is_hash_of(&hash, "correct hors"), "{hash}");
            assert_eq!(hashed(&transform, &hash).unwrap(), hash, "a hash stays as it is");
        }
    }

    /// A thread hashes many values in the same memory.
    #[test]
    fn memory_is_used_again() {
        let costs = [(64, 3, 1), (8, 1, 1), (64, 1, 4), (128, 2, 2)];
        for (memory, iterations, parallelism) in costs.into_iter().chain(costs) {
            let transform = Transform::Argon2id(Argon2idCost { memory, iterations, parallelism });
            for value in ["correct horse", "battery", ""] {
                let hash = hashed(&transform, value).unwrap();
                assert!(is_hash_of(&hash, value) && !is_hash_of(&hash, "staple"), "{hash}");
                assert_ne!(hash, hashed(&transform, value).unwrap(), "each has a salt of its own");
            }
        }
    }

    #[test]
    fn bcrypt_is_written_as_php_does() {
        assert!(hashed(&Transform::Bcrypt { cost: 4 }, "x").unwrap().starts_with("$2y$04$"));
    }

    #[test]
    fn a_hash_that_would_cost_too_much_is_not_checked() {
        let hash = "$argon2id$v=19$m=4194304,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        assert!(is_password_hash(hash));
        assert!(!is_hash_of(hash, "password"));
    }

    #[test]
    fn impossible_parameters_are_refused() {
        let cost = Argon2idCost { memory: 1, iterations: 1, parallelism: 1 };
        assert!(matches!(hashed(&Transform::Argon2id(cost), "x"), Err(HashingError::Parameters(_))));
        assert!(matches!(hashed(&Transform::Bcrypt { cost: 3 }, "x"), Err(HashingError::Parameters(_))));
    }
}
