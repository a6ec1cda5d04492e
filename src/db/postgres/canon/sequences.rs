//! Sequences: behind identity and serial columns, or on their own.

use std::collections::BTreeMap;

use super::super::catalog::{Attribute, Relation, Sequence};
use super::lookup::Lookup;
use crate::dialect::postgres::{ident_qualified, parse_name};
use crate::model::{Identity, IdentityKind, QName};

/// How the rows of a column are numbered, if they are.
pub(super) fn identity(attribute: &Attribute, default: Option<&str>, lookup: &Lookup<'_>) -> Option<Identity> {
    let kind = match attribute.identity {
        'a' => IdentityKind::Always,
        'd' => IdentityKind::ByDefault,
        _ => IdentityKind::Serial,
    };
    let owned = lookup.owned_sequences(attribute.relation, attribute.number);
    let sequence = match kind {
        IdentityKind::Serial => serial(attribute, default?, lookup)?,
        _ => owned.iter().find(|owned| owned.kind == 'i').and_then(|owned| lookup.sequence(owned.object))?,
    };
    Some(Identity { kind, options: options(sequence, &attribute.data_type) })
}

/// The sequence of a serial column: an integer whose default takes the next number of a sequence
/// that the column owns.
fn serial<'a>(attribute: &Attribute, default: &str, lookup: &Lookup<'a>) -> Option<&'a Sequence> {
    if !matches!(attribute.data_type.as_str(), "smallint" | "integer" | "bigint") {
        return None;
    }
    let named = default.strip_prefix("nextval('")?.strip_suffix("'::regclass)")?.replace("''", "'");
    let named = parse_name(&named)?;
    let owned = lookup.owned_sequences(attribute.relation, attribute.number).iter();
    let named = owned.filter(|owned| {
        let name = lookup.relation(owned.object).and_then(|relation| lookup.name_of(relation));
        name.as_ref() == Some(&named)
    });
    named.filter_map(|owned| lookup.sequence(owned.object)).next()
}

/// Whether a sequence is the numbering of a column, and so no object of its own.
pub(super) fn is_numbering(relation: &Relation, lookup: &Lookup<'_>) -> bool {
    let Some(owner) = lookup.owner_of(relation.oid) else { return false };
    let Some(attribute) = lookup.attribute(owner.relation, owner.column) else { return false };
    let default = lookup.default(owner.relation, owner.column);
    owner.kind == 'i'
        || default.and_then(|default| serial(attribute, default, lookup)).is_some_and(|found| found.oid == relation.oid)
}

/// The options of a sequence that are not what a column of this type gives it anyway.
fn options(sequence: &Sequence, data_type: &str) -> BTreeMap<String, String> {
    let usual = Usual::of(sequence);
    let mut options = BTreeMap::new();
    let mut number = |key: &str, value: i64, usual: i64| {
        if value != usual {
            options.insert(key.to_owned(), value.to_string());
        }
    };
    number("increment", sequence.increment, 1);
    number("min", sequence.min, usual.min);
    number("max", sequence.max, usual.max);
    number("start", sequence.start, if sequence.increment > 0 { sequence.min } else { sequence.max });
    number("cache", sequence.cache, 1);
    super::lookup::flag(&mut options, "cycle", sequence.cycle);
    if sequence.data_type != data_type {
        options.insert("type".to_owned(), sequence.data_type.clone());
    }
    options
}

/// The bounds that a sequence has by itself.
struct Usual {
    min: i64,
    max: i64,
}

impl Usual {
    fn of(sequence: &Sequence) -> Self {
        let (least, most) = match sequence.data_type.as_str() {
            "smallint" => (i64::from(i16::MIN), i64::from(i16::MAX)),
            "integer" => (i64::from(i32::MIN), i64::from(i32::MAX)),
            _ => (i64::MIN, i64::MAX),
        };
        if sequence.increment > 0 { Self { min: 1, max: most } } else { Self { min: least, max: -1 } }
    }
}

/// The statement that makes a sequence again which is an object of its own.
pub(super) fn create(name: &QName, sequence: &Sequence) -> String {
    let cycle = if sequence.cycle { "CYCLE" } else { "NO CYCLE" };
    format!(
        "CREATE SEQUENCE {} AS {} INCREMENT BY {} MINVALUE {} MAXVALUE {} START WITH {} CACHE {} {cycle}",
        ident_qualified(name),
        sequence.data_type,
        sequence.increment,
        sequence.min,
        sequence.max,
        sequence.start,
        sequence.cache,
    )
}
