//! The servers are asked whether undrift is right about the values that they refuse.
//!
//! Each value gets a table of its own, all of which are to change their type at once. Where undrift says that the value
//! stands in the way, the server must refuse the change; where it says nothing, the change must go through.

use std::fmt::Write as _;

use super::{tenant, undrift};
use crate::support::{Engine, Tenant};

/// From a type, to a type, and values that may or may not survive.
type Case = (&'static str, &'static str, &'static [&'static str]);

const NUMBERS: &[&str] = &[
    "'17'",
    "' 17 '",
    "'-17'",
    "'+17'",
    "'007'",
    "''",
    "' '",
    "'x'",
    "'17x'",
    "'1.5'",
    "'1.'",
    "'.5'",
    "'1e3'",
    "'1e40'",
    "'99999'",
    "'2147483647'",
    "'2147483648'",
    "'-2147483648'",
    "'-2147483649'",
    "'9223372036854775807'",
    "'9223372036854775808'",
    "'NaN'",
    "'0x11'",
    "'1 7'",
    "'--1'",
    "NULL",
];

const POSTGRES: &[Case] = &[
    ("text", "smallint", NUMBERS),
    ("text", "integer", NUMBERS),
    ("text", "bigint", NUMBERS),
    ("text", "numeric(5,2)", NUMBERS),
    ("text", "numeric", NUMBERS),
    ("text", "boolean", &["'t'", "' Yes '", "'of'", "'o'", "'1'", "'2'", "'truely'", "''", "'ON'"]),
    (
        "text",
        "uuid",
        &[
            "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'",
            "'{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}'",
            "'a0eebc999c0b4ef8bb6d6bb9bd380a11'",
            "'A0EEBC99-9C0B4EF8-BB6D6BB9-BD380A11'",
            "' a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'",
            "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1'",
            "'{a0eebc999c0b4ef8bb6d6bb9bd380a11'",
            "''",
        ],
    ),
    ("text", "character varying(3)", &["'abc'", "'abcd'", "'äöü'", "''"]),
    ("bigint", "integer", &["2147483647", "2147483648", "-2147483648", "-2147483649", "NULL"]),
    ("bigint", "numeric(5,2)", &["999", "1000", "-999", "-1000"]),
    ("bigint", "character varying(3)", &["999", "1000", "-99", "-100"]),
    ("numeric", "smallint", &["32767.4", "32767.5", "-32768.4", "-32768.5", "'NaN'"]),
    ("numeric(9,4)", "numeric(5,2)", &["999.99", "999.994", "999.995", "-999.995", "1000"]),
    (
        "double precision",
        "integer",
        &["2147483647.4", "2147483647.5", "-2147483648.5", "-2147483648.6", "'NaN'", "'Infinity'"],
    ),
    ("double precision", "bigint", &["9223372036854774784", "9223372036854775808", "-9223372036854775808", "1e300"]),
    ("double precision", "real", &["1e38", "1e39", "-1e39", "1e-50", "0", "'Infinity'", "'NaN'"]),
    ("double precision", "numeric(5,2)", &["999.99", "999.996", "1e10", "'NaN'", "'Infinity'"]),
];

const MARIADB: &[Case] = &[
    ("varchar(60)", "smallint(6)", NUMBERS),
    ("varchar(60)", "int(11)", NUMBERS),
    ("varchar(60)", "bigint(20)", NUMBERS),
    ("varchar(60)", "decimal(5,2)", NUMBERS),
    ("varchar(60)", "varchar(3)", &["'abc'", "'abcd'", "'äöü'", "''"]),
    ("text", "tinytext", &["repeat('x', 255)", "repeat('x', 256)", "repeat('ä', 127)", "repeat('ä', 128)"]),
    ("bigint(20)", "int(11)", &["2147483647", "2147483648", "-2147483648", "-2147483649", "NULL"]),
    ("int(11)", "int(10) unsigned", &["0", "-1", "2147483647"]),
    ("bigint(20)", "decimal(5,2)", &["999", "1000", "-999", "-1000"]),
    ("int(11)", "varchar(3)", &["999", "1000", "-99", "-100"]),
    ("decimal(9,4)", "decimal(5,2)", &["999.99", "999.994", "999.995", "-999.995", "1000"]),
    ("decimal(9,4)", "smallint(6)", &["32767.4", "32767.5", "-32768.4", "-32768.5"]),
    ("double", "int(11)", &["2147483647.4", "2147483647.6", "-2147483648.4", "-2147483648.6", "1e300"]),
    ("double", "float", &["1e38", "1e39", "-1e39", "1e-50", "0"]),
    ("enum('a','b','c')", "enum('a','c')", &["'a'", "'b'", "'c'", "NULL"]),
    ("set('a','b','c')", "set('a','c')", &["'a'", "'a,b'", "'c,a'", "''"]),
    ("varchar(60)", "enum('a','c')", &["'a'", "'b'", "'A'", "NULL"]),
    ("varbinary(9)", "varbinary(3)", &["x'010203'", "x'01020304'"]),
    ("datetime", "timestamp", &["'2026-11-28 10:00:00'", "'1969-12-31 10:00:00'", "'2039-01-01 00:00:00'"]),
];

/// In STRICT tables.
const SQLITE: &[Case] = &[
    ("TEXT", "INTEGER", NUMBERS),
    ("TEXT", "REAL", NUMBERS),
    ("REAL", "INTEGER", &["1.0", "1.5", "1e300", "NULL"]),
    ("ANY", "TEXT", &["'a'", "17", "1.5", "x'00'", "NULL"]),
    ("ANY", "BLOB", &["'a'", "17", "x'00'", "NULL"]),
    ("ANY", "INTEGER", &["'a'", "'17'", "1.5", "2.0", "x'31'", "NULL"]),
];

fn yaml(cases: &[Case], of: impl Fn(&Case) -> &'static str, options: &str) -> String {
    let mut text = "schema: types\ntables:\n".to_owned();
    for (at, case) in cases.iter().enumerate() {
        for number in 0..case.2.len() {
            let column = format!("{{ type: {{ sql: \"{}\" }}, nullable: true }}", of(case));
            let _ = writeln!(
                text,
                "  t{at}_{number}: {{ columns: {{ id: integer, v: {column} }}, primary_key: [id]{options} }}"
            );
        }
    }
    text
}

fn check(engine: Engine, cases: &[Case], options: &str, change: impl Fn(&Tenant, &str, &Case) -> bool) {
    let tenant = tenant(engine, &yaml(cases, |case| case.0, options), &yaml(cases, |case| case.1, options));
    let mut rows = String::new();
    for (at, case) in cases.iter().enumerate() {
        for (number, value) in case.2.iter().enumerate() {
            let _ = writeln!(rows, "INSERT INTO t{at}_{number} VALUES (1, {value});");
        }
    }
    tenant.sql(&rows);
    let judged = super::judged(&tenant);
    let blocked: Vec<&str> =
        judged["violations"].as_array().unwrap().iter().map(|v| v["table"].as_str().unwrap()).collect();
    assert_eq!(judged["not_known"], serde_json::json!([]));
    let mut wrong = Vec::new();
    for (at, case) in cases.iter().enumerate() {
        for (number, value) in case.2.iter().enumerate() {
            let table = format!("t{at}_{number}");
            let said = blocked.contains(&table.as_str());
            // What was let through is left to undrift, below.
            if said && change(&tenant, &table, case) {
                wrong.push(format!("{} → {}: {value} is said to be refused and is not", case.0, case.1));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let apply = undrift(&tenant, &["apply", "--yes", "--quiet"]);
    assert!(apply.stdout.contains("1 repaired, 0 skipped, 0 errors"), "{}{}", apply.stdout, apply.stderr);
}

#[test]
fn postgres_agrees() {
    check(Engine::Postgres, POSTGRES, "", |tenant, table, (from, to, _)| {
        let using =
            if *from == "text" && !to.starts_with("character") { format!(" USING v::{to}") } else { String::new() };
        tenant.takes(&format!("ALTER TABLE {table} ALTER COLUMN v TYPE {to}{using}"))
    });
}

#[test]
fn mariadb_agrees() {
    check(Engine::Mariadb, MARIADB, "", |tenant, table, (_, to, _)| {
        let mode = "SET sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO'";
        tenant.takes(&format!("{mode}; ALTER TABLE {table} MODIFY COLUMN v {to} NULL"))
    });
}

#[test]
fn sqlite_agrees() {
    check(Engine::Sqlite, SQLITE, ", options: { strict: true }", |tenant, table, (_, to, _)| {
        let copy = format!("CREATE TABLE copy_of_{table} (id INTEGER, v {to}) STRICT");
        tenant.takes(&format!("{copy}; INSERT INTO copy_of_{table} SELECT * FROM {table}"))
    });
}
