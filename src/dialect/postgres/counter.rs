//! Where a new sequence goes on: no number is given twice.

use std::collections::BTreeMap;

use super::identity::owned_sequence;
use super::names::{ident, qualified};
use super::rights::{self, block, setting};
use crate::model::{Column, QName};

/// Lets a column's sequence go on after the highest number in use (the lowest, when it counts down), where no other
/// sequence stood before it.
pub(super) fn go_on(table: &QName, column: &Column, options: &BTreeMap<String, String>) -> String {
    let down = options.get("increment").is_some_and(|value| value.starts_with('-'));
    let (extreme, bound, first) = if down {
        ("min", "<=", options.get("max").map_or("-1", String::as_str))
    } else {
        ("max", ">=", options.get("min").map_or("1", String::as_str))
    };
    format!(
        "SELECT pg_catalog.setval({}, last) FROM (SELECT pg_catalog.{extreme}({}) AS last FROM {}) used WHERE last {bound} {first}",
        owned_sequence(table, &column.name),
        ident(&column.name),
        qualified(table),
    )
}

/// The sequence, as a literal, from which a default takes its numbers: `nextval('s'::regclass)`.
pub(super) fn drawn_from(default: &str) -> Option<&str> {
    let text = default.strip_prefix("nextval(")?.strip_suffix("::regclass)")?;
    let inner = text.strip_prefix('\'')?.strip_suffix('\'')?;
    (!inner.replace("''", "").contains('\'')).then_some(text)
}

/// Statements that give a column another numbering, between those that carry the counter and the rights over: from the
/// sequence `drawn`, or from the one that the column owns. Nobody takes a number meanwhile.
pub(super) fn carried_over(
    table: &QName,
    column: &Column,
    drawn: Option<&str>,
    statements: impl IntoIterator<Item = String>,
) -> Vec<String> {
    let owned = owned_sequence(table, &column.name);
    let first = [
        format!("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", qualified(table)),
        kept(table, column, drawn.unwrap_or(&owned), drawn.is_none()),
    ];
    let last = [goes_on(table, column, &owned), rights::give_sequence(table, &column.name, &owned)];
    first.into_iter().chain(statements).chain(last).collect()
}

/// Keeps where a sequence stands, and who has rights on it. One that goes is locked first.
fn kept(table: &QName, column: &Column, sequence: &str, goes: bool) -> String {
    let lock = "  EXECUTE pg_catalog.format('ALTER SEQUENCE %s INCREMENT BY %s', old, at.seqincrement);\n";
    block(&format!(
        "DECLARE\n  old text := {sequence}::pg_catalog.regclass::text;\n  at record;\n  here record;\nBEGIN\n  SELECT seqstart, seqincrement, relacl INTO \
         at FROM pg_catalog.pg_sequence, pg_catalog.pg_class\n    WHERE seqrelid = old::pg_catalog.regclass::oid AND oid = seqrelid;\n{}  \
         EXECUTE 'SELECT last_value, is_called FROM ' || old INTO here;\n  PERFORM pg_catalog.set_config({}, \
         here.last_value::text || ' ' || here.is_called::text || ' ' || at.seqstart::text, true);\n  PERFORM pg_catalog.set_config({}, \
         coalesce(at.relacl::text, ''), true);\nEND",
        if goes { lock } else { "" },
        setting("counter", table, &column.name),
        setting("rights", table, &column.name),
    ))
}

/// Lets the new sequence go on where the old one stood, or after the highest number in use if that is further on,
/// unless it begins further on itself.
fn goes_on(table: &QName, column: &Column, owned: &str) -> String {
    let kept = setting("counter", table, &column.name);
    let (column, table) = (ident(&column.name), qualified(table));
    block(&format!(
        "DECLARE\n  owned text := {owned};\n  kept text[] := pg_catalog.string_to_array(pg_catalog.current_setting({kept}), ' ');\n  last bigint \
         := CASE WHEN kept[2]::boolean OR kept[1] <> kept[3] THEN kept[1] END;\n  is_used boolean := kept[2];\n  new \
         record;\n  used bigint;\nBEGIN\n  SELECT seqincrement > 0::bigint AS up, seqmin, seqmax INTO new FROM \
         pg_catalog.pg_sequence WHERE seqrelid = owned::pg_catalog.regclass::oid;\n  SELECT CASE WHEN new.up THEN pg_catalog.max({column}) ELSE \
         pg_catalog.min({column}) END INTO used FROM {table};\n  IF (used >= coalesce(last, used)) = new.up OR used = last THEN\n    \
         last := used;\n    is_used := true;\n  END IF;\n  IF (new.up AND last >= new.seqmin) OR (NOT new.up AND last <= \
         new.seqmax)\n  THEN PERFORM pg_catalog.setval(owned::pg_catalog.regclass, last, is_used); END IF;\nEND"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_sequence_is_drawn_from() {
        assert_eq!(drawn_from("nextval('a.\"b''c\"'::regclass)"), Some("'a.\"b''c\"'"));
        assert_eq!(drawn_from("nextval('a'::regclass) + nextval('b'::regclass)"), None);
        assert_eq!(drawn_from("nextval(('a' || 'b')::regclass)"), None);
    }
}
