//! Shape → JSON Schema, for editors.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Kind, Shape};

/// The JSON Schema (draft 2020-12) of a file format.
pub fn json_schema(title: &str, root: &'static Shape) -> Value {
    let mut definitions = BTreeMap::new();
    let body = object(root, &mut definitions);
    let Value::Object(body) = body else { return body };
    let mut schema = Map::new();
    schema.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.insert("title".to_owned(), json!(title));
    schema.extend(body);
    if !definitions.is_empty() {
        schema.insert("$defs".to_owned(), json!(definitions));
    }
    Value::Object(schema)
}

type Definitions = BTreeMap<String, Value>;

fn object(shape: &'static Shape, definitions: &mut Definitions) -> Value {
    let mut properties = Map::new();
    for key in shape.keys {
        let mut property = of(&key.kind, definitions);
        if let Value::Object(map) = &mut property {
            map.insert("description".to_owned(), json!(key.doc));
        }
        properties.insert(key.name.to_owned(), property);
    }
    let mut value = json!({ "type": "object", "additionalProperties": false, "properties": properties });
    let required: Vec<_> = shape.keys.iter().filter(|key| key.required).map(|key| key.name).collect();
    if !required.is_empty() {
        value["required"] = json!(required);
    }
    value
}

fn of(kind: &Kind, definitions: &mut Definitions) -> Value {
    match kind {
        // An editor reads `2.0` or `no` as a number or boolean; here it is the text that it spells.
        Kind::Text | Kind::Scalar => json!({ "type": ["string", "number", "boolean"] }),
        Kind::Bool => json!({ "type": "boolean" }),
        Kind::Number => json!({ "type": "integer", "minimum": 0 }),
        Kind::Words(words) => json!({ "enum": words.iter().map(|word| as_read(word)).collect::<Vec<_>>() }),
        Kind::List(inner) => json!({ "type": "array", "items": of(inner, definitions) }),
        Kind::OneOrMore(inner) => {
            let one = of(inner, definitions);
            json!({ "anyOf": [one, { "type": "array", "items": one }] })
        }
        // A file that `extends` another takes things away with `null`.
        Kind::Map(inner) => {
            let one = of(inner, definitions);
            json!({ "type": "object", "additionalProperties": { "anyOf": [one, { "type": "null" }] } })
        }
        Kind::Object(shape) => reference(shape, definitions),
        Kind::Either(kinds) => json!({ "anyOf": kinds.iter().map(|kind| of(kind, definitions)).collect::<Vec<_>>() }),
        Kind::Nothing => json!({ "type": "null" }),
    }
}

/// A word as an editor's YAML reader sees it.
fn as_read(word: &str) -> Value {
    match word {
        "true" => json!(true),
        "false" => json!(false),
        _ => json!(word),
    }
}

fn reference(shape: &'static Shape, definitions: &mut Definitions) -> Value {
    let name = shape.name.split_whitespace().skip(1).collect::<Vec<_>>().join("_");
    if !definitions.contains_key(&name) {
        definitions.insert(name.clone(), Value::Null);
        let definition = object(shape, definitions);
        definitions.insert(name.clone(), definition);
    }
    json!({ "$ref": format!("#/$defs/{name}") })
}
