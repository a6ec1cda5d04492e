//! What programs read is written byte for byte; a terminal shows no control characters.

use crate::support::{Engine, Tenant, sqlite_query};

/// A schema whose check holds control characters, written as YAML writes them.
const SCHEMA: &str =
    "tables:\n  t:\n    columns:\n      a: text\n    checks:\n      c: \"a glob '[\\x01-\\x1f\\x7f\\x9b]'\"\n";
const CHECK: &str = "a GLOB '[\u{1}-\u{1f}\u{7f}\u{9b}]'";

fn tenant() -> Tenant {
    let tenant = Tenant::empty(Engine::Sqlite);
    tenant.write("schema.yaml", SCHEMA);
    tenant.sql("CREATE TABLE other (a INT)");
    tenant
}

#[test]
fn statements_are_written_as_they_run() {
    let tenant = tenant();
    let planned = tenant.run(&["plan", "--url", &tenant.url, "--schema", "schema.yaml", "-f", "sql"]).expect_code(2);
    assert!(planned.stdout.contains(CHECK), "{:?}", planned.stdout);
    let differs = tenant.run(&["diff", &tenant.url, "schema.yaml", "-f", "sql"]).expect_code(2);
    assert!(differs.stdout.contains(CHECK), "{:?}", differs.stdout);
    let by_hand = Tenant::empty(Engine::Sqlite);
    by_hand.sql(&planned.stdout);
    let kept = sqlite_query(&by_hand.url, "SELECT instr(sql, char(31)), instr(sql, char(155)) > 0 FROM sqlite_schema");
    assert!(!kept.starts_with('0') && kept.ends_with("|1"), "{kept}");
}

#[test]
fn all_machine_formats_keep_every_character() {
    let tenant = tenant();
    for format in ["json", "markdown"] {
        let arguments = ["plan", "--url", &tenant.url, "--schema", "schema.yaml", "-f", format];
        let planned = tenant.run(&arguments).expect_code(2).stdout;
        assert!(planned.contains('\u{7f}') && planned.contains('\u{9b}'), "{planned:?}");
        let dry = tenant.run(&[&["apply", "--dry-run"], &arguments[1..]].concat());
        assert_eq!(dry.stdout.matches('\u{9b}').count(), planned.matches('\u{9b}').count(), "{:?}", dry.stdout);
    }
    let differs = tenant.run(&["diff", &tenant.url, "schema.yaml", "-f", "json"]).expect_code(2).stdout;
    assert!(differs.contains('\u{7f}') && differs.contains("\\u001f"), "{differs:?}");
}

#[test]
fn a_terminal_is_shown_escapes() {
    let tenant = tenant();
    for format in ["sql", "json", "markdown", "text"] {
        let shown =
            tenant.answered(&["plan", "--url", &tenant.url, "--schema", "schema.yaml", "-f", format], "").stdout;
        let moves = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
        assert!(!shown.contains(moves), "{format}: {shown:?}");
        assert!(shown.contains("\\u{9b}"), "{format}: {shown}");
    }
}
