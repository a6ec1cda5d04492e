//! Read, render, build, read: the same schema comes out.

use std::collections::BTreeSet;

use super::engine::{assert_same, migrate, read, schema_of, session};
use super::support::postgres;
use undrift::db::{Connection, Session};
use undrift::model::{IdentityKind, Opaque, QName, Schema};

const RICH: &str = include_str!("rich.sql");

/// Builds elsewhere what was read of a database: what tables need first, then the tables, then all
/// that hangs on them.
async fn build(copy: &mut Session, schema: &Schema) {
    for extension in &schema.extensions {
        copy.execute(&format!("CREATE EXTENSION {extension}")).await.unwrap();
    }
    let is_early = |opaque: &&Opaque| {
        matches!(opaque.kind.as_str(), "domain" | "composite type" | "sequence" | "function" | "procedure")
    };
    let (early, late): (Vec<_>, Vec<_>) = schema.opaque.iter().partition(is_early);
    make(copy, &early).await;
    let base = read(copy).await;
    migrate(copy, &base, schema).await;
    make(copy, &late).await;
}

async fn make(copy: &mut Session, opaques: &[&Opaque]) {
    for opaque in opaques {
        let sql = opaque.sql.as_deref().unwrap_or_else(|| panic!("{} {} has no text", opaque.kind, opaque.name));
        copy.execute(sql).await.unwrap_or_else(|error| panic!("{sql}\n{error}"));
    }
}

#[tokio::test]
async fn everything_survives() {
    let original = postgres().database("rich");
    postgres().sql(&original, RICH);
    let schema = schema_of(&original).await;
    let copy_url = postgres().database("rich_copy");
    let mut copy = session(&copy_url).await;
    build(&mut copy, &schema).await;
    let made = read(&mut copy).await;
    copy.close().await;
    assert_same(&made, &schema);
    assert_eq!(listed(&made), listed(&schema));
    let (made, wanted) = (dumped(&copy_url), dumped(&original));
    let diff = similar::TextDiff::from_lines(&wanted, &made);
    assert!(made == wanted, "pg_dump sees more:\n{}", diff.unified_diff().context_radius(0));
}

fn listed(schema: &Schema) -> BTreeSet<String> {
    schema.opaque.iter().map(|opaque| format!("{} {} {:?}", opaque.kind, opaque.name, opaque.sql)).collect()
}

/// The lines of a dump, whatever their order.
fn dumped(url: &str) -> String {
    let dump = postgres().dump(url);
    let counts = |line: &&str| !line.starts_with("--") && !line.starts_with('\\') && !line.is_empty();
    let mut lines: Vec<_> = dump.lines().filter(counts).collect();
    lines.sort_unstable();
    lines.join("\n")
}

#[tokio::test]
async fn names_are_told_as_people_write_them() {
    let url = postgres().database("rich");
    postgres().sql(&url, RICH);
    let schema = schema_of(&url).await;
    let members = &schema.tables[&QName::bare("members")];
    assert_eq!(members.column("status").unwrap().data_type, "user_status");
    assert_eq!(members.column("status").unwrap().default.as_deref(), Some("'pending'::user_status"));
    assert_eq!(members.column("old_id").unwrap().identity.as_ref().unwrap().kind, IdentityKind::Serial);
    assert_eq!(members.column("bare_number").unwrap().identity, None);
    assert!(schema.namespaces.contains("audit"));
    assert!(!schema.tables.contains_key(&QName::bare("events_2026")), "a partition is not modelled");
    assert!(!schema.tables.values().any(|table| table.columns.iter().any(|column| column.name == "entries_id_seq")));
}

#[tokio::test]
async fn what_is_not_modelled_is_reported_with_a_way_to_make_it() {
    let url = postgres().database("opaque");
    postgres().sql(&url, RICH);
    let schema = schema_of(&url).await;
    let found: Vec<_> = schema.opaque.iter().map(|opaque| format!("{} {}", opaque.kind, opaque.name)).collect();
    for wanted in [
        "view active_members",
        "materialized view member_counts",
        "index of a materialized view member_counts_status",
        "function touch()",
        "procedure noop(",
        "trigger touch_members",
        "domain positive",
        "composite type money_amount",
        "sequence ticket_numbers",
        "exclusion constraint bookings_excl",
        "partitioned table events",
        "partition events_2026",
        "inheriting table special_members",
        "policy own_rows",
        "row-level security members",
        "replica identity members",
        "rule no_delete",
        "extended statistics member_stats",
    ] {
        assert!(found.iter().any(|found| found.starts_with(wanted)), "{wanted} is not among {found:#?}");
    }
    assert_eq!(found.len(), 18, "{found:#?}");
}
