//! Facts as every dialect declares them: a count, what it means, and the way to the rows.

use crate::model::{FactKind, Op, Precondition, QName, Schema};

/// How a query for all rows begins before [`name_keys`] has put their key there.
const EVERYTHING: &str = "SELECT *";

/// A fact about rows: `rows` is the end of a query for them, from FROM on, and their number has to be zero.
pub(super) fn of_rows(kind: FactKind, change: usize, table: &QName, rows: &str, finding: String) -> Precondition {
    counted(kind, change, table, format!("SELECT count(*) {rows}"), rows, finding)
}

/// A fact that is counted otherwise than row by row.
pub(super) fn counted(
    kind: FactKind,
    change: usize,
    table: &QName,
    query: String,
    rows: &str,
    finding: String,
) -> Precondition {
    let find = format!("{EVERYTHING} {rows}");
    Precondition { changes: vec![change], kind, table: table.clone(), query, finding, find, key: Vec::new() }
}

/// A fact that no single rows stand for.
pub(super) fn of_the_whole(
    kind: FactKind,
    changes: Vec<usize>,
    table: &QName,
    query: String,
    finding: String,
) -> Precondition {
    Precondition { changes, kind, table: table.clone(), query, finding, find: String::new(), key: Vec::new() }
}

/// What has to be known and cannot be asked.
pub(super) fn unasked(change: usize, table: &QName, what: String) -> Precondition {
    let nothing = "SELECT 0".to_owned();
    Precondition {
        changes: vec![change],
        kind: FactKind::Unasked,
        table: table.clone(),
        query: nothing.clone(),
        finding: what,
        find: nothing,
        key: Vec::new(),
    }
}

/// Lets the queries for all rows return their keys, in order, where the tables have one. `shown` is a column as it is
/// printed, `quoted` as it is named.
pub(super) fn name_keys(
    ops: &mut [Op],
    schema: &Schema,
    quoted: impl Fn(&str) -> String,
    shown: impl Fn(&QName, &str) -> String,
) {
    for fact in ops.iter_mut().flat_map(|op| &mut op.preconditions) {
        let key = schema.tables.get(&fact.table).and_then(|table| table.primary_key.as_ref());
        let Some((key, rows)) = key.zip(fact.find.strip_prefix(EVERYTHING)) else { continue };
        let names: Vec<String> = key.columns().map(str::to_owned).collect();
        let columns: Vec<String> = names.iter().map(|name| shown(&fact.table, name)).collect();
        let order: Vec<String> = names.iter().map(|name| quoted(name)).collect();
        fact.find = format!("SELECT {}{rows} ORDER BY {}", columns.join(", "), order.join(", "));
        fact.key = names;
    }
}
