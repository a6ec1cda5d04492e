//! Text and hash of a plan file.

use serde_json::{Map, Value};
use thiserror::Error;

use super::{FORMAT, PlanFile};
use crate::model::{Fingerprint, Hash};

/// Why a file is not taken as a plan.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum PlanFileError {
    /// No JSON.
    #[error("it is no plan file: {0}")]
    NotJson(String),
    /// JSON, and not of this format.
    #[error("it is no plan file: it has no `format`")]
    NotAPlan,
    /// Of a format that this version does not know.
    #[error("it has format {format}, made by undrift {undrift}; this is undrift {here}, which reads formats up to {up_to}", up_to = FORMAT)]
    Newer {
        /// The file's format.
        format: u64,
        /// Who made it.
        undrift: String,
        /// This version.
        here: &'static str,
    },
    /// Its hash is not that of its content.
    #[error("it was changed after undrift wrote it: its hash is {found}, and it says {said}")]
    Tampered {
        /// What the file says.
        said: String,
        /// What its content comes to.
        found: String,
    },
    /// The hash is right, and yet something is missing or contradicts itself.
    #[error("it does not hold what a plan file of format {format} does: {0}", format = FORMAT)]
    Unsound(String),
}

impl PlanFileError {
    /// What to do next.
    pub fn advice(&self) -> String {
        match self {
            PlanFileError::NotJson(_) | PlanFileError::NotAPlan => {
                "name a file that `undrift plan --out` wrote".to_owned()
            }
            PlanFileError::Newer { undrift, .. } => {
                format!("carry it out with undrift {undrift}, or make a new plan with this one")
            }
            PlanFileError::Tampered { .. } | PlanFileError::Unsound(_) => {
                "make a new plan, review it, and carry it out as it is".to_owned()
            }
        }
    }
}

/// A file as text, sealed with its hash.
pub fn write(file: &PlanFile) -> String {
    let mut value = serde_json::to_value(file).expect("plan files always serialise");
    value["hash"] = Value::String(hash(&value).to_string());
    format!("{value:#}\n")
}

/// Reads a file and makes sure that nobody changed it.
///
/// # Errors
/// [`PlanFileError`] says what is wrong with it.
pub fn read(text: &str) -> Result<PlanFile, PlanFileError> {
    let value: Value = serde_json::from_str(text).map_err(|error| PlanFileError::NotJson(error.to_string()))?;
    known_format(&value)?;
    let (said, found) = (value["hash"].as_str().unwrap_or("nothing").to_owned(), hash(&value).to_string());
    if said != found {
        return Err(PlanFileError::Tampered { said, found });
    }
    let file: PlanFile = serde_json::from_value(value).map_err(|error| PlanFileError::Unsound(error.to_string()))?;
    sound(&file)?;
    Ok(file)
}

fn known_format(value: &Value) -> Result<(), PlanFileError> {
    let format = value["format"].as_u64().ok_or(PlanFileError::NotAPlan)?;
    if format > u64::from(FORMAT) {
        let undrift = value["undrift"].as_str().unwrap_or("a newer version").to_owned();
        return Err(PlanFileError::Newer { format, undrift, here: env!("CARGO_PKG_VERSION") });
    }
    Ok(())
}

fn sound(file: &PlanFile) -> Result<(), PlanFileError> {
    if let Some((name, _)) = file.tenants().into_iter().find(|(_, times)| *times > 1) {
        return Err(PlanFileError::Unsound(format!("the tenant {name} stands there twice")));
    }
    let other = file.shapes.iter().find(|shape| Fingerprint::of(&shape.structure) != shape.start);
    match other {
        Some(shape) => Err(PlanFileError::Unsound(format!("{} is not the structure it comes with", shape.start))),
        None => Ok(()),
    }
}

/// The hash of everything in a file but the hash.
fn hash(value: &Value) -> Hash {
    let rest: Map<String, Value> = value
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(key, _)| *key != "hash")
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect();
    Hash::of(in_order(&Value::Object(rest)).to_string())
}

/// The same value with the keys of every map in order, whatever order they were written in.
fn in_order(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(in_order).collect(),
        Value::Object(map) => {
            let mut keys: Vec<_> = map.keys().collect();
            keys.sort();
            Value::Object(keys.into_iter().map(|key| (key.clone(), in_order(&map[key]))).collect())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> PlanFile {
        PlanFile {
            format: FORMAT,
            undrift: "0.1.0".into(),
            made: jiff::Timestamp::UNIX_EPOCH,
            policy: "p".into(),
            shapes: Vec::new(),
            hash: Hash::of(""),
        }
    }

    #[test]
    fn what_was_written_is_read_whatever_its_white_space_and_order() {
        let text = write(&file());
        let read_back = read(&text).unwrap();
        assert_eq!(PlanFile { hash: file().hash, ..read_back }, file());
        let value: Value = serde_json::from_str(&text).unwrap();
        let reversed: Vec<String> =
            value.as_object().unwrap().iter().rev().map(|(key, value)| format!("{key:?}:{value}")).collect();
        read(&format!("{{{}}}", reversed.join(","))).unwrap();
    }

    #[test]
    fn every_change_is_noticed() {
        let text = write(&file());
        for (from, to) in [("\"p\"", "\"q\""), ("\"shapes\"", "\"note\": 1, \"shapes\""), ("1970", "1971")] {
            assert!(matches!(read(&text.replacen(from, to, 1)), Err(PlanFileError::Tampered { .. })), "{from}");
        }
    }

    #[test]
    fn what_is_no_plan_or_too_new_is_named() {
        assert!(matches!(read("schema: core"), Err(PlanFileError::NotJson(_))));
        assert_eq!(read("{}"), Err(PlanFileError::NotAPlan));
        let newer = read("{ \"format\": 2, \"undrift\": \"9.0.0\" }").unwrap_err();
        assert!(newer.to_string().contains("format 2, made by undrift 9.0.0"), "{newer}");
        assert!(newer.advice().contains("with undrift 9.0.0"));
    }
}
