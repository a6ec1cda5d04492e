//! Drift that somebody answers for until a date.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::matching::{Doubt, kinds_like};
use super::{Case, Match, Policy, TenantMatch};
use crate::model::{ChangeKind, Glob, Hash, Reason, Ruling, Verdict};
use crate::yaml::{Span, nearest};

/// Drift that somebody answers for until a date.
#[derive(Clone, Debug)]
pub struct Waiver {
    /// Its name.
    pub name: String,
    /// What it is about.
    pub matching: Match,
    /// The shape whose tenants it is about, in a policy that is not one shape's yet: see [`Policy::for_shape`].
    pub shape: Option<Hash>,
    /// The last day on which it holds, in UTC.
    pub until: Date,
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub why: String,
    /// Where it is declared.
    pub span: Span,
}

/// What a waiver is about that stands in no policy file: the words and patterns that would stand there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Waived {
    /// The tenants: a name, a pattern over names, or a label (`tier=gold`).
    pub tenant: Option<String>,
    /// The shape, for a waiver that is about one and not about tenants by name.
    pub shape: Option<Hash>,
    /// The kind of change, or a pattern over kinds: `drop_*`.
    pub change: Option<String>,
    /// The full name of what changes, or a pattern: `votes.idx_email`.
    pub object: Option<String>,
}

impl Waived {
    /// Reads which drift is meant: `drop_index`, `votes.idx_email`, or both as `drop_index/votes.idx_email`.
    ///
    /// # Errors
    /// A clause for people: what is no kind of change, what is no pattern, or that nothing is said.
    pub fn drift(self, text: &str) -> Result<Self, String> {
        let (change, object) = match text.split_once('/') {
            Some(both) => both,
            None if is_kind(text) => (text, ""),
            None => ("", text),
        };
        let said = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let waived = Self { change: said(change), object: said(object), ..self };
        if waived.change.is_none() && waived.object.is_none() {
            return Err(
                "say which drift is meant: `drop_index`, `votes.idx_email` or `drop_index/votes.idx_email`".to_owned()
            );
        }
        waived.matching().map(|_| waived)
    }

    /// The conditions that the words stand for.
    ///
    /// # Errors
    /// A clause for people that says which of them stands for nothing.
    pub fn matching(&self) -> Result<Match, String> {
        let glob = |text: &String| Glob::new(text).map_err(|why| format!("`{text}` is not a pattern: {why}"));
        let changes = match self.change.as_ref().map(glob).transpose()? {
            Some(pattern) => {
                Some(Some(kinds_like(&pattern)).filter(|kinds| !kinds.is_empty()).ok_or_else(|| unknown(&pattern))?)
            }
            None => None,
        };
        let objects = self.object.as_ref().map(glob).transpose()?.map(|glob| vec![glob]);
        let tenants = self.tenant.as_deref().map(tenants).transpose()?.unwrap_or_default();
        Ok(Match { changes, objects, tenants, ..Match::default() })
    }

    /// The drift in the words in which it is waived.
    pub fn words(&self) -> String {
        match (&self.change, &self.object) {
            (Some(change), Some(object)) => format!("{change}/{object}"),
            (one, other) => one.iter().chain(other).cloned().collect(),
        }
    }
}

impl Waiver {
    /// Whether its last day is over, by the days of UTC.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        has_passed(self.until, now)
    }

    /// Whether it accepts a change as drift now. One that is about a shape does so in that shape's policy alone.
    pub(super) fn holds(&self, case: &Case<'_>, now: Timestamp) -> bool {
        self.shape.is_none() && !self.has_expired(now) && self.matching.holds(case, Doubt::Fails)
    }

    pub(super) fn ruling(&self) -> Ruling {
        let (name, until, owner) = (self.name.clone(), self.until.to_string(), self.owner.clone());
        Ruling { verdict: Verdict::Ignore, reason: Reason::Waiver { name, until, owner } }
    }

    fn is_of(&self, shape: Hash) -> bool {
        self.shape.is_none_or(|of| of == shape)
    }
}

impl Policy {
    /// The policy by which tenants of one shape are judged: waivers for it hold, those for other shapes are gone.
    pub fn for_shape(&self, shape: Hash) -> Cow<'_, Policy> {
        if self.waivers.iter().all(|waiver| waiver.shape.is_none()) {
            return Cow::Borrowed(self);
        }
        let mut policy = self.clone();
        policy.waivers.retain(|waiver| waiver.is_of(shape));
        policy.waivers.iter_mut().for_each(|waiver| waiver.shape = None);
        Cow::Owned(policy)
    }
}

/// Whether a day is over, by the days of UTC.
pub fn has_passed(day: Date, now: Timestamp) -> bool {
    day < now.to_zoned(TimeZone::UTC).date()
}

fn is_kind(text: &str) -> bool {
    Glob::new(text).is_ok_and(|pattern| !kinds_like(&pattern).is_empty())
}

fn unknown(pattern: &Glob) -> String {
    match nearest(pattern.text(), ChangeKind::ALL.map(ChangeKind::key)) {
        Some(near) => format!("`{pattern}` is no kind of change; did you mean `{near}`?"),
        None => format!("`{pattern}` is no kind of change; docs/policy.md lists them"),
    }
}

fn tenants(text: &str) -> Result<TenantMatch, String> {
    let glob = |text: &str| Glob::new(text).map_err(|why| format!("`{text}` is not a pattern: {why}"));
    Ok(match text.split_once('=') {
        Some((label, value)) => {
            TenantMatch { names: None, labels: BTreeMap::from([(label.to_owned(), vec![glob(value)?])]) }
        }
        None => TenantMatch { names: Some(vec![glob(text)?]), labels: BTreeMap::new() },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Change, Engine, Tenant};
    use crate::policy::Names;
    use crate::yaml::Source;

    fn waived(tenant: &str, drift: &str) -> Result<Waived, String> {
        Waived { tenant: Some(tenant.to_owned()), ..Waived::default() }.drift(drift)
    }

    #[test]
    fn reads_which_drift_is_meant() {
        for (text, change, object) in [
            ("drop_index", Some("drop_index"), None),
            ("drop_*", Some("drop_*"), None),
            ("votes.idx_email", None, Some("votes.idx_email")),
            ("drop_index/votes.*", Some("drop_index"), Some("votes.*")),
            ("/drop_index", None, Some("drop_index")),
        ] {
            let waived = waived("t", text).unwrap();
            assert_eq!((waived.change.as_deref(), waived.object.as_deref()), (change, object), "{text}");
            assert_eq!(waived.words(), text.trim_start_matches('/'));
        }
        assert_eq!(
            waived("t", "drop_indx/a").unwrap_err(),
            "`drop_indx` is no kind of change; did you mean `drop_index`?"
        );
        assert!(waived("t", "votes.[").unwrap_err().contains("not a pattern"));
        for nothing in ["", "/", " / "] {
            assert!(waived("t", nothing).unwrap_err().starts_with("say which drift"), "{nothing:?}");
        }
    }

    #[test]
    fn a_waiver_for_a_shape_holds_there_alone() {
        let (ours, other) = (Hash::of("ours"), Hash::of("other"));
        let words = Waived { shape: Some(ours), ..Waived::default() }.drift("drop_schema").unwrap();
        let waiver = Waiver {
            name: "w".to_owned(),
            matching: words.matching().unwrap(),
            shape: words.shape,
            until: jiff::civil::date(2026, 7, 1),
            owner: "dba".to_owned(),
            why: "why".to_owned(),
            span: Span::new(&Source::new("state", "").into(), 0, 0),
        };
        let policy = Policy { waivers: vec![waiver], ..Policy::default() };
        let tenant = Tenant { name: "t".to_owned(), engine: Engine::Sqlite, labels: BTreeMap::new() };
        let change = Change::DropNamespace { name: "old".to_owned() };
        let names = Names::default();
        let case = Case { change: &change, hazards: &[], tenant: &tenant, table_rows: None, names: &names };
        let now = |text: &str| text.parse().unwrap();
        assert!(policy.for_shape(ours).waived(&case, now("2026-07-01T23:59:59Z")).is_some());
        assert!(policy.for_shape(ours).waived(&case, now("2026-07-02T00:00:00Z")).is_none(), "it is over");
        assert!(policy.for_shape(other).waived(&case, now("2026-07-01T00:00:00Z")).is_none());
        assert!(policy.waived(&case, now("2026-07-01T00:00:00Z")).is_none(), "nobody said whose policy it is");
    }
}
