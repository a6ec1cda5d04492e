//! Signatures by which a receiver knows that a message is undrift's, and new.

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// The header that a signature stands in.
pub(super) const HEADER: &str = "X-Undrift-Signature";

/// The value of `X-Undrift-Signature`: `t=<seconds since 1970>,v1=<HMAC-SHA-256 of "t.body", hexadecimal>`. The
/// instant is signed as well, so that an old message cannot be sent again by somebody else.
pub fn sign(key: &SecretString, at: Timestamp, body: &str) -> String {
    let at = at.as_second();
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key.expose_secret().as_bytes()).expect("HMAC takes a key of any length");
    mac.update(format!("{at}.{body}").as_bytes());
    let digest = mac.finalize().into_bytes();
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={at},v1={hex}")
}
