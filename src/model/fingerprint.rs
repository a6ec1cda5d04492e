//! Hashes that name structures.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Schema;

/// The version of the canonical form. It is part of every fingerprint, so that a release that
/// models more can never be mistaken for drift.
pub const FORMAT: u32 = 1;

/// A SHA-256 over a canonical form, printed in hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; 32]);

impl Hash {
    /// The hash of some bytes.
    pub fn of(bytes: impl AsRef<[u8]>) -> Self {
        Self(Sha256::digest(bytes.as_ref()).into())
    }

    /// The hash of a value's JSON.
    pub fn of_json(value: &impl Serialize) -> Self {
        Self::of(serde_json::to_vec(value).expect("model types always serialise"))
    }

    /// The first twelve hexadecimal digits: enough to tell shapes apart on a screen.
    pub fn short(&self) -> String {
        self.to_string()[..12].to_owned()
    }
}

impl JsonSchema for Hash {
    fn schema_name() -> Cow<'static, str> {
        "Hash".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> schemars::Schema {
        json_schema!({ "type": "string", "pattern": "^[0-9a-f]{64}$", "description": "A SHA-256 in hexadecimal." })
    }
}

/// A hash of values that come one by one.
#[derive(Default)]
pub struct Hashing(Sha256);

impl Hashing {
    /// Adds a value, or that there is none. Its length goes in front of it, so that no two series of
    /// values look the same by accident.
    pub fn add(&mut self, value: Option<&[u8]>) {
        self.0.update(value.map_or(u64::MAX, |bytes| bytes.len() as u64).to_le_bytes());
        self.0.update(value.unwrap_or_default());
    }

    /// The hash of everything that was added.
    pub fn finish(self) -> Hash {
        Hash(self.0.finalize().into())
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

impl FromStr for Hash {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse_hex(text).map(Hash).ok_or("expected 64 hexadecimal digits")
    }
}

impl Serialize for Hash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

fn parse_hex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; 32];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16).ok()?;
    }
    Some(bytes)
}

/// What names a *shape*: the hash of a canonical, modelled schema after `ignore`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Fingerprint {
    /// The version of the canonical form.
    pub format: u32,
    /// The hash.
    pub hash: Hash,
}

impl Fingerprint {
    /// The fingerprint of a schema. Column order and what is not modelled do not count.
    pub fn of(schema: &Schema) -> Self {
        let mut canonical = schema.clone();
        canonical.opaque.clear();
        for table in canonical.tables.values_mut() {
            table.columns.sort_by(|a, b| a.name.cmp(&b.name));
            sort_by_json(&mut table.uniques);
            sort_by_json(&mut table.indexes);
            sort_by_json(&mut table.foreign_keys);
            sort_by_json(&mut table.checks);
        }
        Self { format: FORMAT, hash: Hash::of_json(&canonical) }
    }

    /// The first twelve hexadecimal digits.
    pub fn short(&self) -> String {
        self.hash.short()
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "f{}:{}", self.format, self.hash)
    }
}

fn sort_by_json<T: Serialize>(items: &mut [T]) {
    items.sort_by_cached_key(|item| serde_json::to_string(item).expect("model types always serialise"));
}
