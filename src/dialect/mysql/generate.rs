//! Expressions that make a fresh UUID for each row of an `UPDATE`.
//!
//! `uuid()` itself makes version 1, and MySQL folds it into a constant when it is converted; so UUIDs are put
//! together from random bytes.

use crate::dialect::Generator;
use crate::model::{Platform, Vendor, Version};

/// The expression for a server.
pub(super) fn expression(generator: Generator, platform: &Platform) -> String {
    let random = |digits: u32| random_digits(digits, platform);
    let variant = "elt(1 + floor(rand() * 4), '8', '9', 'a', 'b')";
    let tail = format!("{variant}, {}, '-', {}", random(3), random(12));
    match generator {
        Generator::Uuid => format!("concat({}, '-', {}, '-4', {}, '-', {tail})", random(8), random(4), random(3)),
        Generator::UuidV7 => {
            let millis = "lower(lpad(hex(floor(unix_timestamp(now(3)) * 1000)), 12, '0'))";
            let (high, low) = (format!("left({millis}, 8)"), format!("right({millis}, 4)"));
            format!("concat({high}, '-', {low}, '-7', {}, '-', {tail})", random(3))
        }
    }
}

/// Hexadecimal digits that are random for each row.
fn random_digits(digits: u32, platform: &Platform) -> String {
    let has_bytes = platform.vendor == Vendor::Mysql || platform.version >= Version(10, 10, 0);
    if has_bytes {
        format!("left(lower(hex(random_bytes({}))), {digits})", digits.div_ceil(2))
    } else {
        format!("left(sha2(concat(uuid(), rand(), rand()), 256), {digits})")
    }
}
