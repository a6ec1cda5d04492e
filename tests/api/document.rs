//! The OpenAPI document says what the API does: all of it, and nothing else.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use undrift::http;

use super::routes::{asked, fill, plan};
use super::world::{World, why};

#[test]
fn every_route_is_described_once() {
    let document = http::document();
    let paths = document["paths"].as_object().unwrap();
    let described: BTreeSet<_> = paths
        .iter()
        .flat_map(|(path, methods)| {
            methods.as_object().unwrap().keys().map(move |method| (method.to_uppercase(), path.as_str()))
        })
        .collect();
    let routes = http::routes();
    assert_eq!(described, routes.iter().cloned().collect());
    let operations: Vec<&Value> = paths.values().flat_map(|methods| methods.as_object().unwrap().values()).collect();
    let ids: BTreeSet<_> = operations.iter().map(|operation| operation["operationId"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), routes.len());
    assert!(operations.iter().all(|operation| operation["summary"].as_str().is_some_and(|text| text.ends_with('.'))));
}

#[test]
fn everything_that_it_refers_to_is_there() {
    let document = http::document();
    let mut references = Vec::new();
    collect(&document, &mut references);
    assert!(references.len() > 50);
    for reference in references {
        assert!(resolve(&document, &reference).is_some(), "{reference}");
    }
    assert_eq!(document["openapi"], "3.1.0");
}

fn collect(value: &Value, references: &mut Vec<String>) {
    match value {
        Value::Object(keys) => {
            references.extend(keys.get("$ref").and_then(Value::as_str).map(str::to_owned));
            keys.values().for_each(|value| collect(value, references));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, references)),
        _ => {}
    }
}

fn resolve<'a>(document: &'a Value, reference: &str) -> Option<&'a Value> {
    document.pointer(reference.strip_prefix('#')?)
}

#[tokio::test]
async fn answers_are_as_described() {
    let world = World::new().await;
    fill(&world).await;
    world.post("/api/v1/pause", why("lunch")).await.ok(200);
    world.store.ask(&asked("cccccccccccc")).await.unwrap();
    let waive = json!({ "target": "drifted", "drift": "*", "until": "2999-01-31", "owner": "a", "why": "b" });
    let waiver = world.post("/api/v1/waivers", waive.clone()).await.ok(201)["id"].as_str().unwrap().to_owned();
    let shape = world.get("/api/v1/shapes").await.ok(200)["items"][0]["id"].as_str().unwrap().to_owned();
    let document = world.get("/api/v1/openapi.json").await.ok(200);
    for (method, path) in http::routes() {
        let filled = match path {
            "/api/v1/shapes/{id}" => path.replace("{id}", &shape),
            "/api/v1/rollouts/{id}" => path.replace("{id}", "1"),
            "/api/v1/waivers/{id}/unwaive" => path.replace("{id}", &waiver),
            "/api/v1/approvals/{id}/reject" => path.replace("{id}", "cccccccccccc"),
            path => path
                .replace("{id}", "aaaaaaaaaaaa")
                .replace("{name}", "drifted")
                .replace("{hash}", &plan().hash().to_string()),
        };
        let body = match path {
            path if path.ends_with("pause") || path.ends_with("reject") => why("x"),
            path if path.ends_with("waivers") => waive.clone(),
            _ => json!({}),
        };
        let body = if method == "POST" { body.to_string() } else { String::new() };
        let reply = world.call(&method, &filled, Some(&world.operator), &body).await;
        let operation = &document["paths"][path][method.to_lowercase()];
        let described = &operation["responses"][reply.status.to_string()]["content"]["application/json"]["schema"];
        assert!(reply.status < 300 && described.is_object(), "{method} {path}: {reply:?}");
        let wrong = mistakes(&document, described, &reply.json(), path);
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}

#[tokio::test]
async fn problems_are_as_described() {
    let world = World::new().await;
    let document = http::document();
    for (path, status) in [("/api/v1/tenants/a", "404"), ("/api/v1/tenants?limit=0", "422")] {
        let reply = world.get(path).await;
        let schema = &document["components"]["responses"][status]["content"]["application/problem+json"]["schema"];
        assert_eq!(mistakes(&document, schema, &reply.json(), path), Vec::<String>::new());
    }
}

/// Where a value is not what a schema says: as much of JSON Schema as the document uses.
fn mistakes(document: &Value, schema: &Value, value: &Value, place: &str) -> Vec<String> {
    if let Some(reference) = schema["$ref"].as_str() {
        return mistakes(document, resolve(document, reference).unwrap(), value, place);
    }
    let mut found = Vec::new();
    for choices in ["anyOf", "oneOf"].iter().filter_map(|key| schema[key].as_array()) {
        if !choices.iter().any(|choice| mistakes(document, choice, value, place).is_empty()) {
            found.push(format!("{place}: {value} is none of {}", json!(choices)));
        }
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        found.extend(mistakes(document, part, value, place));
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        kind => kind.as_str().into_iter().collect(),
    };
    if !kinds.is_empty() && !kinds.iter().any(|kind| is_a(value, kind)) {
        found.push(format!("{place}: {value} is not {kinds:?}"));
    }
    let fixed = schema["enum"].as_array().is_none_or(|words| words.contains(value));
    if !fixed || schema.get("const").is_some_and(|word| word != value) {
        found.push(format!("{place}: {value} is not in {schema}"));
    }
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if value.is_object() && value.get(name).is_none() {
            found.push(format!("{place}.{name} is missing"));
        }
    }
    // Objects that are put together of several parts are described part by part.
    let whole = ["oneOf", "allOf"].iter().all(|key| schema[key].is_null()) && !is_a_part(schema);
    for (name, value) in value.as_object().into_iter().flatten() {
        let place = format!("{place}.{name}");
        match (schema["properties"].get(name), &schema["additionalProperties"]) {
            (Some(schema), _) => found.extend(mistakes(document, schema, value, &place)),
            (None, schema @ Value::Object(_)) => found.extend(mistakes(document, schema, value, &place)),
            (None, _) if whole && schema["properties"].is_object() => found.push(format!("{place} is not described")),
            _ => {}
        }
    }
    for item in value.as_array().into_iter().flatten() {
        found.extend(mistakes(document, &schema["items"], item, &format!("{place}[]")));
    }
    found
}

/// A part says which it is in a key that can be nothing else.
fn is_a_part(schema: &Value) -> bool {
    let fixed = |property: &Value| property.get("const").is_some();
    schema["properties"].as_object().is_some_and(|properties| properties.values().any(fixed))
}

fn is_a(value: &Value, kind: &str) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    }
}
