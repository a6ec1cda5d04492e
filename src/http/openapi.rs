//! The OpenAPI document, made from the same list as the router.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::api::{self, Operation};
use super::parameter::Parameter;
use super::problem::{MEDIA_TYPE, Problem};

const ABOUT: &str = "What undrift sees in a fleet of tenant databases, and what people say to it. \
    Keys are only ever added. Lists come in pages: `next` is what `after` or `before` is to be for the next one.";

/// What may go wrong with any request, by status.
const FAULTS: [(u16, &str); 10] = [
    (400, "The body is not JSON."),
    (401, "There is no token, or it opens nothing."),
    (403, "The token is a viewer's."),
    (404, "There is no such thing."),
    (409, "It was answered before, or there is nothing to answer any more."),
    (413, "The body is too large."),
    (415, "The body is not declared as JSON."),
    (422, "A parameter or key is wrong; `field` names it."),
    (429, "Too many wrong tokens came from this address; `Retry-After` says how long to wait."),
    (503, "undrift's state cannot be read or written now."),
];

/// The OpenAPI 3.1 document of the API.
pub fn document() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut generator = settings.into_generator();
    let mut paths = Map::new();
    for operation in api::operations() {
        let methods = paths.entry(operation.path).or_insert_with(|| json!({}));
        methods[operation.method.as_str().to_lowercase()] = described(&operation, &mut generator);
    }
    let problem = generator.subschema_for::<Problem>();
    json!({
        "openapi": "3.1.0",
        "info": { "title": "undrift", "version": env!("CARGO_PKG_VERSION"), "description": ABOUT },
        "security": [{ "token": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer",
                "description": "A token that `undrift token create` printed: `undrift_<id>.<secret>`." } },
            "responses": faults(&problem),
            "schemas": generator.take_definitions(true),
        },
    })
}

fn faults(problem: &Schema) -> Map<String, Value> {
    let fault = |(status, about): (u16, &str)| {
        let content = json!({ MEDIA_TYPE: { "schema": problem } });
        (status.to_string(), json!({ "description": about, "content": content }))
    };
    FAULTS.into_iter().map(fault).collect()
}

fn described(operation: &Operation, generator: &mut SchemaGenerator) -> Value {
    let named = path_parameters(operation.path).map(|name| {
        json!({ "name": name, "in": "path", "required": true,
        "description": named(name), "schema": { "type": "string" } })
    });
    let asked = operation.query.iter().map(|parameter| {
        json!({ "name": parameter.name, "in": "query",
        "required": parameter.required, "description": parameter.about, "schema": (parameter.schema)(generator) })
    });
    let parameters: Vec<_> = named.chain(asked).collect();
    let mut described = json!({
        "operationId": operation.id,
        "summary": operation.about,
        "parameters": parameters,
        "responses": answers(operation, generator),
    });
    if operation.method == "POST" {
        described["requestBody"] = body(operation.body, generator);
    }
    described
}

/// The names between the braces of a path.
fn path_parameters(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

fn named(parameter: &str) -> &'static str {
    match parameter {
        "name" => "The tenant's name, percent-encoded.",
        "hash" => "The plan's hash: 64 hexadecimal digits.",
        _ => "The id, as lists show it.",
    }
}

fn body(parameters: &[Parameter], generator: &mut SchemaGenerator) -> Value {
    let property = |parameter: &Parameter, generator: &mut SchemaGenerator| {
        let mut schema = (parameter.schema)(generator).to_value();
        schema["description"] = parameter.about.into();
        (parameter.name.to_owned(), schema)
    };
    let properties: Map<_, _> = parameters.iter().map(|parameter| property(parameter, generator)).collect();
    let required: Vec<_> = parameters.iter().filter(|parameter| parameter.required).map(|p| p.name).collect();
    let schema = json!({ "type": "object", "properties": properties, "required": required,
        "additionalProperties": false });
    json!({ "required": !required.is_empty(), "content": { "application/json": { "schema": schema } } })
}

fn answers(operation: &Operation, generator: &mut SchemaGenerator) -> Value {
    let mut content = Map::new();
    content.insert("application/json".to_owned(), json!({ "schema": (operation.answer)(generator) }));
    if operation.texts {
        content.insert("text/plain".to_owned(), json!({ "schema": { "type": "string" } }));
    }
    let mut answers = json!({ operation.status.as_str(): { "description": operation.about, "content": content } });
    for status in operation.faults() {
        answers[status.to_string()] = json!({ "$ref": format!("#/components/responses/{status}") });
    }
    answers
}

/// What an answer of some type looks like.
pub(super) fn schema_of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}
