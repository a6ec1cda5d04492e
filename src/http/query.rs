//! What stands behind the `?` of a path.

use std::collections::BTreeMap;
use std::str::FromStr;

use axum::http::Uri;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::form_urlencoded;

use super::parameter::{self, Parameter};
use super::problem::Fault;

/// How many things a page holds if nobody says anything else, and at most.
const USUAL_PAGE: usize = 100;
const LONGEST_PAGE: usize = 1000;

/// A query whose keys are all known.
#[derive(Clone)]
pub(super) struct Query(BTreeMap<String, String>);

impl Query {
    /// Reads a query. Every key may be there once.
    pub(super) fn read(uri: &Uri, parameters: &[Parameter]) -> Result<Self, Fault> {
        let mut found = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
            parameter::known(&name, parameters)?;
            if found.insert(name.to_string(), value.into_owned()).is_some() {
                return Err(Fault::field(&name, format!("`{name}` is there twice")));
            }
        }
        Ok(Self(found))
    }

    /// A text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A word, a hash, a time: whatever is a text in JSON.
    pub(super) fn value<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Fault> {
        self.text(name).map(|text| parameter::read(name, Value::from(text))).transpose()
    }

    /// Whether something is wanted: `true`, or `false` as if it were not there.
    pub(super) fn flag(&self, name: &str) -> Result<bool, Fault> {
        match self.text(name) {
            Some("true") => Ok(true),
            None | Some("false") => Ok(false),
            Some(_) => Err(Fault::field(name, format!("`{name}` is `true` or `false`"))),
        }
    }

    /// A number.
    pub(super) fn number<T: FromStr>(&self, name: &str) -> Result<Option<T>, Fault> {
        let read =
            |text: &str| text.parse().map_err(|_| Fault::field(name, format!("`{name}` is not a number of this kind")));
        self.text(name).map(read).transpose()
    }

    /// How many things the page holds.
    pub(super) fn limit(&self) -> Result<usize, Fault> {
        match self.number("limit")?.unwrap_or(USUAL_PAGE) {
            limit @ 1..=LONGEST_PAGE => Ok(limit),
            _ => Err(Fault::field("limit", format!("`limit` is from 1 to {LONGEST_PAGE}"))),
        }
    }
}
