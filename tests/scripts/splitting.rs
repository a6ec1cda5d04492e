//! A script is cut where its statements end and nowhere else, and every statement is run as it was written.

use proptest::prelude::*;
use undrift::dialect::{self, Dialect};
use undrift::model::{Platform, Vendor, Version};

fn dialects() -> [Box<dyn Dialect>; 4] {
    let platform = |vendor, version| dialect::of(&Platform::new(vendor, version));
    [
        platform(Vendor::Postgres, Version(15, 0, 0)),
        platform(Vendor::Mysql, Version(8, 4, 0)),
        platform(Vendor::Mariadb, Version(10, 11, 0)),
        platform(Vendor::Sqlite, Version(3, 45, 0)),
    ]
}

/// A table whose name and default hold anything, with comments in between that hold anything but their own end.
fn statement(dialect: &dyn Dialect, number: usize, (name, text, comment): &(String, String, String)) -> String {
    let comment = comment.replace(['*', '/', '!', '+'], "");
    let line: String = comment.chars().filter(|c| !matches!(c, '\n' | '\r')).collect();
    format!(
        "CREATE TABLE {} ( /*{comment}*/ a varchar(99) -- {line}\n DEFAULT {})",
        dialect.quote(&format!("{number}{name}")),
        dialect.literal(text)
    )
}

fn parts() -> impl Strategy<Value = Vec<(String, String, String)>> {
    let any = "[;'\"`\\\\$\\[\\]#*/!E \n-]{0,9}|\\PC{0,5}";
    prop::collection::vec((any, any, any), 1..6)
}

proptest! {
    #[test]
    fn no_byte_of_a_statement_is_lost(parts in parts()) {
        for dialect in dialects() {
            // SQLite's brackets have no way to write their own end, and undrift writes none.
            let written: Vec<_> = parts.iter().enumerate().map(|(n, part)| statement(&*dialect, n, part)).collect();
            let script = dialect.script(&written.join(";\n-- next ;\n"));
            prop_assert_eq!(&script.faults, &[], "{}: {:?}", dialect.platform(), written);
            let texts: Vec<_> = script.statements.iter().map(|statement| statement.text.clone()).collect();
            prop_assert_eq!(texts, written);
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "(CREATE TABLE|DROP|SET|;|'|\"|`|\\$\\$|/\\*|\\*/|/\\*!50000|--|\n|E'|\\\\|DELIMITER |BEGIN|END|a\\.b|[(),=.@]| |\\PC){0,40}") {
        for dialect in dialects() {
            let script = dialect.script(&text);
            for statement in &script.statements {
                prop_assert!(text.is_char_boundary(statement.start) && statement.end <= text.len());
            }
        }
    }
}

#[test]
fn statements_hold_what_looks_like_their_end() {
    let [postgres, mysql, mariadb, sqlite] = dialects();
    let one = |dialect: &dyn Dialect, text: &str| {
        let script = dialect.script(text);
        assert_eq!(script.faults, [], "{text}");
        assert_eq!(script.statements.len(), 1, "{text}: {:?}", script.statements);
    };
    one(&*postgres, "CREATE TABLE t (a text DEFAULT E'\\'); DROP ROLE postgres; --')");
    one(&*postgres, "CREATE TABLE t (a text DEFAULT $x$;$y$;$x$, b text DEFAULT U&'\\0041;'); /* /* ; */ ; */");
    one(
        &*postgres,
        "-- undrift: unmodelled: ignore\nCREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE 1 WHEN 1 THEN 1 END; SELECT 2; END;",
    );
    one(&*mysql, "CREATE TABLE t (a varchar(9) DEFAULT 'a\\';', b varchar(9) DEFAULT \"'\"\";\"); # ; '");
    one(&*mariadb, "delimiter //\nCREATE TABLE t (a int /*!50000 COMMENT ';' */)//\ndelimiter ;\n");
    one(&*sqlite, "CREATE TABLE [a;'b] (`c;` TEXT DEFAULT ';''') -- ; '");
    one(
        &*sqlite,
        "-- undrift: unmodelled: ignore\nCREATE TABLE t (a); CREATE TRIGGER x AFTER INSERT ON t BEGIN SELECT CASE 1 WHEN 1 THEN 1 END; END;",
    );
}

#[test]
fn version_comments_are_what_the_server_takes_them_for() {
    let [_, mysql, mariadb, _] = dialects();
    let text = |dialect: &dyn Dialect, script: &str| {
        let read = dialect.script(script);
        assert_eq!(read.faults, [], "{script}");
        read.statements[0].text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let script = "CREATE TABLE t (a int /*!80023 INVISIBLE */ /*M!100301 COMPRESSED*/ /*!99999 x */)";
    assert_eq!(text(&*mysql, script), "CREATE TABLE t (a int INVISIBLE /*M!100301 COMPRESSED*/ )");
    assert_eq!(text(&*mariadb, script), "CREATE TABLE t (a int COMPRESSED )");
    let own = "USE shop; CREATE TABLE shop./*!50001 t */ (a int)";
    assert_eq!(text(&*mysql, own), "CREATE TABLE t (a int)");
}
