//! What people are told.

use jiff::Timestamp;

use crate::config::Occasion;

/// Something that happened to the tenants of a shape, or to a schema on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What sort of thing.
    pub kind: Occasion,
    /// What it is about, to be looked up: an approval's id, a plan's hash, a rollout's number.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// The name of the declared schema.
    pub schema: String,
    /// The shape, if it is about one.
    pub shape: Option<String>,
    /// The tenants.
    pub tenants: Tenants,
    /// The changes, in words.
    pub changes: Vec<String>,
    /// Why, in words, where there is more to say.
    pub why: Option<String>,
    /// Where to read more.
    pub link: Option<String>,
}

/// Some tenants, by number and by the first names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tenants {
    /// How many.
    pub count: usize,
    /// The first of their names, in order.
    pub names: Vec<String>,
}

impl Tenants {
    /// How many names a message holds.
    pub const MOST: usize = 10;

    /// Those with these names.
    pub fn named(names: impl IntoIterator<Item = String>) -> Self {
        let mut names = names.into_iter();
        let first: Vec<_> = names.by_ref().take(Self::MOST).collect();
        Self { count: first.len() + names.count(), names: first }
    }
}
