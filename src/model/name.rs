//! Names of things inside a database.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// The name of a table or type, with the PostgreSQL schema it lives in when that is not `public`.
///
/// MySQL and SQLite have no schemas inside a database: there `schema` is always `None`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "NameForm", try_from = "NameForm")]
pub struct QName {
    /// The PostgreSQL schema; `None` is the default one.
    pub schema: Option<String>,
    /// The bare name, unquoted.
    pub name: String,
}

impl JsonSchema for QName {
    fn schema_name() -> Cow<'static, str> {
        "QName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let description = "The name of a table or type. Where it stands in a PostgreSQL schema other than `public`, or \
                           holds a dot, a JSON array of schema and name as a text: `[\"audit\",\"events\"]`.";
        json_schema!({ "type": "string", "description": description })
    }
}

impl QName {
    /// A name in the default schema.
    pub fn bare(name: impl Into<String>) -> Self {
        Self { schema: None, name: name.into() }
    }

    /// A name in the given PostgreSQL schema; `public` is folded into the default.
    pub fn qualified(schema: impl Into<String>, name: impl Into<String>) -> Self {
        let schema = schema.into();
        Self { schema: (schema != "public").then_some(schema), name: name.into() }
    }

    /// The same schema with another bare name.
    pub fn sibling(&self, name: impl Into<String>) -> Self {
        Self { schema: self.schema.clone(), name: name.into() }
    }
}

impl fmt::Display for QName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.schema {
            Some(schema) => write!(f, "{schema}.{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// The prefix of what undrift itself makes and renames when it is finished. What is found under such
/// a name was left by a run that did not end.
const WORKING_PREFIX: &str = "undrift_new_";

/// The name of something under construction, as long as it comes out.
pub fn working_name(name: &str) -> String {
    format!("{WORKING_PREFIX}{name}")
}

/// How the comment of a column under construction begins.
const MARK: &str = "undrift fills this with ";

/// What a column under construction has for a comment: for which values it was begun.
pub fn work_mark(fill: &str) -> String {
    format!("{MARK}{}", super::Hash::of(fill).short())
}

/// Whether a comment is such a mark.
pub fn is_work_mark(comment: &str) -> bool {
    comment.starts_with(MARK)
}

/// Whether this is the name of something under construction.
pub fn is_working_name(name: &str) -> bool {
    name.starts_with(WORKING_PREFIX)
}

/// How a name is serialised: a string when it is bare and holds no dot, else a pair. A map key in
/// JSON must be a string, so the pair is written as a JSON array inside one.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct NameForm(String);

impl From<QName> for NameForm {
    fn from(name: QName) -> Self {
        let plain = name.schema.is_none() && !name.name.contains(['.', '[']);
        NameForm(if plain { name.name } else { serde_json::json!([name.schema, name.name]).to_string() })
    }
}

impl TryFrom<NameForm> for QName {
    type Error = serde_json::Error;

    fn try_from(form: NameForm) -> Result<Self, Self::Error> {
        if !form.0.starts_with('[') {
            return Ok(QName::bare(form.0));
        }
        let (schema, name) = serde_json::from_str(&form.0)?;
        Ok(QName { schema, name })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn survives_serialisation_whatever_it_contains() {
        for name in [QName::bare("a"), QName::bare("a.b"), QName::bare("[x"), QName::qualified("s\"", "t.'")] {
            let text = serde_json::to_string(&name).unwrap();
            assert_eq!(serde_json::from_str::<QName>(&text).unwrap(), name, "{text}");
        }
    }

    #[test]
    fn public_is_the_default_schema() {
        assert_eq!(QName::qualified("public", "t"), QName::bare("t"));
        assert_eq!(QName::qualified("audit", "t").to_string(), "audit.t");
    }
}
