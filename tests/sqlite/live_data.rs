//! `docs/live-data.md` says of SQLite what the code's tables say, and so does SQLite.

use std::path::Path;

use undrift::dialect::sqlite::conversion::{Conversion, ROWS, Row, conversion};
use undrift::dialect::sqlite::effects::{EFFECTS, Effect, Way};
use undrift::dialect::sqlite::types::Affinity;
use undrift::model::{Plan, Renames};

use crate::bench::{file, plan, query, turn};
use crate::support::live_data::check;

/// `quote` prints floating-point numbers with as many digits as its version likes.
const SHOWN: &str = "SELECT CASE typeof(a) WHEN 'real' THEN printf('%!.16g', a) ELSE quote(a) END FROM t";

fn script([table, after]: [&str; 2]) -> String {
    if after.starts_with("CREATE") {
        format!("CREATE TABLE t ({table}); {after}")
    } else {
        format!("CREATE TABLE t ({table}) {after}")
    }
}

/// How a plan carries out its changes, told from its statements.
fn way(plan: &Plan) -> Way {
    let sql: String = plan.steps.iter().flat_map(|step| step.statements.clone()).collect();
    if sql.contains("RENAME TO") {
        Way::Rebuild
    } else if sql.contains("DROP COLUMN") || sql.contains("UPDATE ") {
        Way::Rows
    } else if sql.contains("CREATE INDEX") {
        Way::Index
    } else {
        Way::Catalog
    }
}

#[tokio::test]
async fn plans_do_what_the_table_of_effects_says() {
    for Effect { change, way: expected, example: [from, to], .. } in EFFECTS {
        let file = file(&script(*from)).await;
        let plan = plan(&file, &script(*to), &[], &Renames::default()).await;
        assert_eq!(way(&plan), *expected, "{change}: {plan:#?}");
        assert!(!plan.is_empty(), "{change}");
    }
}

#[tokio::test]
async fn values_become_what_the_table_of_conversions_says() {
    for Row { types: [from, to], values } in ROWS {
        let rows: Vec<String> = values.iter().map(|(before, _)| format!("({before})")).collect();
        let file = file(&format!("CREATE TABLE t (a {from}); INSERT INTO t VALUES {}", rows.join(", "))).await;
        let kept = query(&file, SHOWN);
        turn(&file, &format!("CREATE TABLE t (a {to})"), &[], &Renames::default()).await;
        let found = query(&file, SHOWN);
        let expected: Vec<&str> = values.iter().map(|(_, after)| *after).collect();
        assert_eq!(found, expected.join("\n"), "{from} → {to}");
        if conversion(Affinity::of(from), Affinity::of(to)) == Conversion::Kept {
            assert_eq!(found, kept, "{from} → {to}");
        }
    }
}

fn effects() -> String {
    let word = |way| match way {
        Way::Catalog => "the catalog",
        Way::Index => "an index is built",
        Way::Rows => "rows are written",
        Way::Rebuild => "the table is built anew",
    };
    let rows: String = EFFECTS.iter().map(|e| format!("| {} | {} | {} |\n", e.change, word(e.way), e.note)).collect();
    format!("| change | what is done | but |\n|---|---|---|\n{rows}")
}

fn conversions() -> String {
    let row = |Row { types: [from, to], values }: &Row| {
        let fate = match conversion(Affinity::of(from), Affinity::of(to)) {
            Conversion::Kept => "kept".to_owned(),
            Conversion::Converted => "converted".to_owned(),
            Conversion::Narrowed(how) => format!("`may_lose_data`: {how}"),
        };
        let values: Vec<String> = values.iter().map(|(before, after)| format!("`{before}` → `{after}`")).collect();
        format!("| `{from}` | `{to}` | {fate} | {} |\n", values.join(", "))
    };
    let rows: String = ROWS.iter().map(row).collect();
    format!("| from | to | values are | for example |\n|---|---|---|---|\n{rows}")
}

#[test]
fn the_document_is_made_from_the_tables() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/live-data.md");
    check(&path, "sqlite effects", &effects());
    check(&path, "sqlite types", &conversions());
}
