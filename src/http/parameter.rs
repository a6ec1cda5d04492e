//! What requests may say: one list for reading it, and for the OpenAPI document.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::problem::Fault;

/// A key of a query or of a body.
#[derive(Clone, Copy)]
pub(super) struct Parameter {
    /// Its name.
    pub(super) name: &'static str,
    /// What it says.
    pub(super) about: &'static str,
    /// What it may be.
    pub(super) schema: fn(&mut SchemaGenerator) -> Schema,
    /// Whether it has to be there.
    pub(super) required: bool,
}

impl Parameter {
    /// One that may be left out.
    pub(super) const fn optional<T: JsonSchema>(name: &'static str, about: &'static str) -> Self {
        Self { name, about, schema: schema_of::<T>, required: false }
    }

    /// One that has to be there.
    pub(super) const fn required<T: JsonSchema>(name: &'static str, about: &'static str) -> Self {
        Self { name, about, schema: schema_of::<T>, required: true }
    }

    /// How many things a page holds.
    pub(super) const fn limit() -> Self {
        let schema =
            |_: &mut SchemaGenerator| json_schema!({"type": "integer", "minimum": 1, "maximum": 1000, "default": 100});
        Self { name: "limit", about: "How many a page holds at most.", schema, required: false }
    }
}

fn schema_of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// Refuses a name that is none of the parameters: a slip of the pen must not look like an answer.
pub(super) fn known(name: &str, parameters: &[Parameter]) -> Result<(), Fault> {
    if parameters.iter().any(|parameter| parameter.name == name) {
        return Ok(());
    }
    let names: Vec<_> = parameters.iter().map(|parameter| format!("`{}`", parameter.name)).collect();
    let there_are = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
    Err(Fault::field(name, format!("`{name}` is not known here; this takes {there_are}")))
}

/// Reads a value as a type that knows its words.
pub(super) fn read<T: DeserializeOwned>(name: &str, value: Value) -> Result<T, Fault> {
    serde_json::from_value(value).map_err(|error| Fault::field(name, format!("`{name}`: {error}")))
}
