//! `docs/live-data.md` says of PostgreSQL what the code's tables say.

use std::path::Path;

use super::support::live_data;
use undrift::dialect::postgres::conversion::{TYPE_CHANGES, Values, Work};
use undrift::dialect::postgres::impact::{Held, Impact, KINDS, Lock, Rows};

fn lock(impact: &Impact) -> &'static str {
    match impact.lock {
        Lock::None => "none",
        Lock::RowExclusive => "`ROW EXCLUSIVE`",
        Lock::ShareUpdateExclusive => "`SHARE UPDATE EXCLUSIVE`",
        Lock::ShareRowExclusive => "`SHARE ROW EXCLUSIVE`",
        Lock::AccessExclusive => "`ACCESS EXCLUSIVE`",
    }
}

fn held(impact: &Impact) -> &'static str {
    match (impact.lock, impact.held) {
        (Lock::None, _) => "",
        (_, Held::Briefly) => ", for a moment",
        (_, Held::Throughout) => "",
    }
}

fn rows(impact: &Impact) -> &'static str {
    match impact.rows {
        Rows::Untouched => "not looked at",
        Rows::Read => "read",
        Rows::Indexed => "read and indexed",
        Rows::Written => "those without a value are written",
        Rows::Rewritten => "all written anew",
    }
}

fn waits(impact: &Impact) -> &'static str {
    if impact.is_online() { "nobody" } else { "everybody" }
}

fn changes() -> String {
    let row = |change: &str, impact: &Impact| {
        let (lock, held, rows, waits) = (lock(impact), held(impact), rows(impact), waits(impact));
        format!("| {change} | `{}` | {lock}{held} | {rows} | {waits} |\n", impact.statement)
    };
    let mut table = "| change | statements | lock | rows | who waits |\n|---|---|---|---|---|\n".to_owned();
    for kind in &KINDS {
        for (at, impact) in kind.takes.iter().enumerate() {
            table.push_str(&row(if at == 0 { kind.change } else { "" }, impact));
        }
    }
    table
}

fn types() -> String {
    let work = |work| match work {
        Work::Nothing => "changes the catalog",
        Work::Reindexes => "builds indexes over the column anew",
        Work::Rewrites => "writes the table anew",
    };
    let values = |values| match values {
        Values::Kept => "kept",
        Values::Checked => "kept, or refused (`may_fail_on_data`)",
        Values::Altered => "may change (`may_lose_data`)",
    };
    let row = |row: &undrift::dialect::postgres::conversion::TypeChange| {
        format!("| `{}` | `{}` | {} | {} |\n", row.from, row.to, work(row.work), values(row.values))
    };
    let rows: String = TYPE_CHANGES.iter().map(row).collect();
    format!("| from | to | the server | values are |\n|---|---|---|---|\n{rows}")
}

#[test]
fn the_document_is_made_from_the_tables() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/live-data.md");
    live_data::check(&path, "postgres changes", &changes());
    live_data::check(&path, "postgres types", &types());
}
