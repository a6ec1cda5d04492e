//! `--tenant`: which tenants a command is about.

use std::collections::BTreeSet;

use thiserror::Error;

use crate::model::{Glob, Tenant};
use crate::yaml::nearest;

use super::Registered;

/// A choice of tenants. Each flag is a list of terms that must all hold, parted by commas; of several
/// flags one is enough.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    any: Vec<Vec<Term>>,
}

/// `tenant_*`, `!tenant_a`, `tier=gold`, `tier!=gold`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    /// The label; `None` for the tenant's name.
    label: Option<String>,
    glob: Glob,
    /// Whether it must not fit. A tenant without the label does not fit either.
    negated: bool,
}

/// Why nothing can be selected.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SelectError {
    /// A term that says nothing.
    #[error(
        "`--tenant {flag}`: a name or label is missing; write `tenant_*`, `!tenant_a`, `tier=gold` or `tier!=gold`, parted by commas"
    )]
    Empty {
        /// The flag's value.
        flag: String,
    },
    /// A pattern that is none.
    #[error("`--tenant {flag}`: not a pattern: {why}")]
    Pattern {
        /// The flag's value.
        flag: String,
        /// Why not.
        why: String,
    },
    /// A label that no tenant has.
    #[error("no tenant has the label `{label}`; {known}")]
    UnknownLabel {
        /// The label.
        label: String,
        /// The labels that there are, as a clause.
        known: String,
    },
    /// No tenant fits.
    #[error("none of {count} tenants is selected{hint}")]
    Nobody {
        /// How many there are.
        count: usize,
        /// What may be meant, as a clause, or nothing.
        hint: String,
    },
}

impl Selector {
    /// Reads the values of all `--tenant` flags. Without any, everybody is selected.
    ///
    /// # Errors
    /// [`SelectError::Empty`] and [`SelectError::Pattern`].
    pub fn parse<S: AsRef<str>>(flags: &[S]) -> Result<Self, SelectError> {
        let terms = |flag: &str| flag.split(',').map(|text| term(text.trim(), flag)).collect();
        Ok(Self { any: flags.iter().map(|flag| terms(flag.as_ref())).collect::<Result<_, _>>()? })
    }

    /// Whether a tenant is selected.
    pub fn matches(&self, tenant: &Tenant) -> bool {
        self.any.is_empty() || self.any.iter().any(|terms| terms.iter().all(|term| term.holds(tenant)))
    }

    /// Those of the tenants that are selected.
    ///
    /// # Errors
    /// [`SelectError::UnknownLabel`] and [`SelectError::Nobody`]: a slip of the pen must not look like
    /// a fleet in order.
    pub fn select(&self, tenants: Vec<Registered>) -> Result<Vec<Registered>, SelectError> {
        if self.any.is_empty() {
            return Ok(tenants);
        }
        self.refuse_unknown_labels(&tenants)?;
        let (count, hint) = (tenants.len(), self.hint(&tenants));
        let selected: Vec<_> = tenants.into_iter().filter(|registered| self.matches(&registered.tenant)).collect();
        if selected.is_empty() { Err(SelectError::Nobody { count, hint }) } else { Ok(selected) }
    }

    fn terms(&self) -> impl Iterator<Item = &Term> {
        self.any.iter().flatten()
    }

    fn refuse_unknown_labels(&self, tenants: &[Registered]) -> Result<(), SelectError> {
        let known: BTreeSet<&str> = tenants.iter().flat_map(|r| r.tenant.labels.keys().map(String::as_str)).collect();
        let unknown = self.terms().filter_map(|term| term.label.as_deref()).find(|label| !known.contains(label));
        let Some(label) = unknown else { return Ok(()) };
        let known = match nearest(label, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => "none has any label".to_owned(),
            None => format!("there are {}", known.into_iter().collect::<Vec<_>>().join(", ")),
        };
        Err(SelectError::UnknownLabel { label: label.to_owned(), known })
    }

    /// Names and values near to those that were asked for.
    fn hint(&self, tenants: &[Registered]) -> String {
        let near: BTreeSet<_> = self.terms().filter_map(|term| term.nearest(tenants)).collect();
        let near: Vec<_> = near.into_iter().map(|text| format!("`{text}`")).collect();
        if near.is_empty() { String::new() } else { format!("; did you mean {}?", near.join(" or ")) }
    }
}

impl Term {
    fn holds(&self, tenant: &Tenant) -> bool {
        let fits = match &self.label {
            None => self.glob.matches(&tenant.name),
            Some(label) => tenant.labels.get(label).is_some_and(|value| self.glob.matches(value)),
        };
        fits != self.negated
    }

    /// What there is that is nearest to this term, where nothing fits it.
    fn nearest(&self, tenants: &[Registered]) -> Option<String> {
        let values: BTreeSet<&str> = match &self.label {
            None => tenants.iter().map(|registered| registered.tenant.name.as_str()).collect(),
            Some(label) => tenants.iter().filter_map(|r| r.tenant.labels.get(label).map(String::as_str)).collect(),
        };
        if self.negated || values.iter().any(|value| self.glob.matches(value)) {
            return None;
        }
        let near = nearest(self.glob.text(), values)?;
        Some(self.label.as_ref().map_or_else(|| near.to_owned(), |label| format!("{label}={near}")))
    }
}

fn term(text: &str, flag: &str) -> Result<Term, SelectError> {
    let (label, pattern, negated) = match text.split_once('=') {
        Some((label, value)) => match label.strip_suffix('!') {
            Some(label) => (Some(label), value, true),
            None => (Some(label), value, false),
        },
        None => match text.strip_prefix('!') {
            Some(name) => (None, name, true),
            None => (None, text, false),
        },
    };
    let (label, pattern) = (label.map(str::trim), pattern.trim());
    if pattern.is_empty() || label == Some("") {
        return Err(SelectError::Empty { flag: flag.to_owned() });
    }
    let glob = Glob::new(pattern).map_err(|why| SelectError::Pattern { flag: flag.to_owned(), why })?;
    Ok(Term { label: label.filter(|label| *label != "name").map(str::to_owned), glob, negated })
}
