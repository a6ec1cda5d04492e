//! The signs by which a database whose structure did not change is told: the columns of its catalog as they are stored.
//!
//! Expressions are trees of numbers in them, so the names of everything that a tree can hold are among them too.
//! `pg_depend` says of which kinds there are any; those that there are none of are not asked for.

use std::collections::BTreeSet;

use super::sheet::{Cells, Sheet};
use crate::model::{Hash, Hashing, Version};

const SIGNS: &str = include_str!("queries/signs.sql");

/// What shows that a database has objects of a kind.
#[derive(Clone, Copy)]
enum Evidence {
    /// Something is of this class or depends on one of it: `pg_depend` has a number for each catalog.
    Class(&'static [u8]),
    /// A type that is not the row of a relation, or an array of those.
    Type,
    /// A relation that descends from another, or others from it.
    Descent,
    /// There are no relations.
    Emptiness,
}

/// What stands at the end of `signs.sql`: when it is asked for, and with how many statements.
const KINDS: [(Evidence, usize); 15] = [
    (Evidence::Class(b"2618"), 1),
    (Evidence::Class(b"1255"), 1),
    (Evidence::Class(b"2620"), 1),
    (Evidence::Class(b"3256"), 1),
    (Evidence::Class(b"3381"), 1),
    (Evidence::Class(b"2617"), 1),
    (Evidence::Class(b"2616"), 1),
    (Evidence::Class(b"3456"), 1),
    (Evidence::Class(b"2601"), 1),
    (Evidence::Class(b"2612"), 1),
    // Configurations name dictionaries, and both can stand in expressions.
    (Evidence::Class(b"3602"), 2),
    (Evidence::Class(b"3466"), 1),
    (Evidence::Type, 2),
    (Evidence::Descent, 2),
    (Evidence::Emptiness, 1),
];

/// Columns that not every version has: since which, and until which.
const VERSIONS: [(&str, u16, u16); 10] = [
    ("datlocprovider", 15, u16::MAX),
    ("daticulocale", 15, 16),
    ("datlocale", 17, u16::MAX),
    ("daticurules", 16, u16::MAX),
    ("attcompression", 14, u16::MAX),
    ("confdelsetcols", 15, u16::MAX),
    ("conenforced", 18, u16::MAX),
    ("conperiod", 18, u16::MAX),
    ("indnullsnotdistinct", 15, u16::MAX),
    ("prosqlbody", 14, u16::MAX),
];

/// Which statements ask what depends on what, and for relations.
const DEPENDENCIES: usize = 0;
const RELATIONS: usize = 1;

/// The classes of types and of relations.
const TYPE: &[u8] = b"1247";
const RELATION: &[u8] = b"1259";

/// From which of its columns on a relation's row shows its descent, and what they are then: it is partitioned, it is a
/// partition, something descends from it.
const DESCENT: (usize, [&[u8]; 3]) = (4, [b"p", b"t", b"t"]);

/// Some of the kinds of object that not every database has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::db) struct Kinds(u16);

impl Kinds {
    /// All of them.
    pub(super) const ALL: Self = Self((1 << KINDS.len()) - 1);

    fn has(self, kind: usize) -> bool {
        self.0 >> kind & 1 == 1
    }

    fn holds(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Those that there is evidence of.
    fn of(dependencies: &Sheet, relations: &Sheet) -> Self {
        let traces = Traces::in_these(dependencies, relations);
        let there = KINDS.iter().enumerate().filter(|(_, (evidence, _))| traces.hold(*evidence));
        Self(there.fold(0, |kinds, (kind, _)| kinds | 1 << kind))
    }
}

/// What evidence is looked for in.
struct Traces<'a> {
    /// The classes of what depends, and of what it depends on.
    ends: BTreeSet<(&'a [u8], &'a [u8])>,
    descent: bool,
    empty: bool,
}

impl<'a> Traces<'a> {
    fn in_these(dependencies: &'a Sheet, relations: &Sheet) -> Self {
        let ends = dependencies.cells().filter_map(|row| {
            let mut ends = row.step_by(3).flatten();
            Some((ends.next()?, ends.next()?))
        });
        let (at, signs) = DESCENT;
        let descends = |row: Cells<'_>| row.skip(at).zip(signs).any(|(cell, sign)| cell == Some(sign));
        Self {
            ends: ends.collect(),
            descent: relations.cells().any(descends),
            empty: relations.cells().next().is_none(),
        }
    }

    fn hold(&self, evidence: Evidence) -> bool {
        match evidence {
            Evidence::Class(class) => self.ends.iter().any(|(end, other)| class == known(end) || class == known(other)),
            Evidence::Type => {
                self.ends.iter().any(|ends| (ends.0 == TYPE) != (ends.1 == TYPE) && *ends != (TYPE, RELATION))
            }
            Evidence::Descent => self.descent,
            Evidence::Emptiness => self.empty,
        }
    }
}

/// A class, or the one that it is asked for with.
fn known(class: &[u8]) -> &[u8] {
    if class == b"3600" { b"3602" } else { class }
}

/// What a server says that can COPY: it costs less. One behind a driver that cannot is asked for rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    Copy,
    Rows,
}

/// The statements that ask for the signs, and how many they are.
pub(super) fn query(version: Version, kinds: Kinds, manner: Manner) -> (String, usize) {
    let text = text(version);
    let asked = statements(&text, kinds).map(|statement| match manner {
        Manner::Copy => statement.to_owned(),
        Manner::Rows => as_select(statement),
    });
    let asked: Vec<String> = asked.collect();
    (asked.join(";\n"), asked.len())
}

/// All statements, without their comments.
fn text(version: Version) -> String {
    let lines = SIGNS.lines().filter(|line| !line.starts_with("--"));
    VERSIONS.iter().fold(lines.collect::<Vec<_>>().join("\n"), |text, (column, since, until)| {
        let has = (*since..=*until).contains(&version.0);
        text.replace(&format!("{{{column},}}"), &if has { format!("{column},") } else { String::new() })
    })
}

/// The statements for every database and those for these kinds.
fn statements(text: &str, kinds: Kinds) -> impl Iterator<Item = &str> {
    let statements: Vec<&str> = text.split(';').collect();
    let always = statements.len() - KINDS.iter().map(|(_, count)| count).sum::<usize>();
    let of_kinds = KINDS.iter().enumerate().flat_map(|(kind, (_, count))| std::iter::repeat_n(kind, *count));
    let wanted: Vec<bool> = of_kinds.map(|kind| kinds.has(kind)).collect();
    let mut at = 0;
    statements.into_iter().filter(move |_| {
        at += 1;
        at <= always || wanted[at - always - 1]
    })
}

/// `COPY t (a, b) TO STDOUT` as `SELECT a, b FROM t`.
fn as_select(statement: &str) -> String {
    let Some((before, copied)) = statement.split_once("COPY ") else { return statement.to_owned() };
    let copied = copied.trim_end().trim_end_matches("TO STDOUT").trim_end();
    match copied.split_once(" (") {
        Some((table, columns)) => format!("{before}SELECT {} FROM {table}", columns.trim_end_matches(')')),
        None => format!("{before}SELECT * FROM {copied}"),
    }
}

/// What the signs say.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Told {
    /// The hash of all of them. It does not depend on what else was asked for.
    pub(super) key: Hash,
    /// The kinds of object that there are.
    pub(super) kinds: Kinds,
}

/// Reads a server's answers to the statements for some kinds. `None` if there are others, which nobody asked for.
pub(super) fn told(sheets: &[Sheet], version: Version, asked: Kinds) -> Option<Told> {
    let kinds = Kinds::of(sheets.get(DEPENDENCIES)?, sheets.get(RELATIONS)?);
    if !asked.holds(kinds) {
        return None;
    }
    let (always, mut rest) = sheets.split_at_checked(sheets.len().checked_sub(statements_of(asked))?)?;
    let mut hashing = Hashing::default();
    hashing.add(Some(format!("{version:?}").as_bytes()));
    always.iter().for_each(|sheet| hashing.add(Some(sheet.bytes())));
    for (kind, (_, count)) in KINDS.iter().enumerate().filter(|(kind, _)| asked.has(*kind)) {
        let (own, after) = rest.split_at_checked(*count)?;
        rest = after;
        own.iter().filter(|_| kinds.has(kind)).for_each(|sheet| hashing.add(Some(sheet.bytes())));
    }
    Some(Told { key: hashing.finish(), kinds })
}

fn statements_of(kinds: Kinds) -> usize {
    KINDS.iter().enumerate().filter(|(kind, _)| kinds.has(*kind)).map(|(_, (_, count))| count).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::postgres::sheet;

    fn dependencies(classes: &[(&str, &str)]) -> Sheet {
        let mut found = Sheet::default();
        for (class, on) in classes {
            let cells = [class, "16400", "0", on, "16401", "0", "n"];
            found.push(&sheet::row(cells.iter().map(|cell| Some(cell.as_bytes()))));
        }
        found
    }

    fn relations(rows: &[[&str; 3]]) -> Sheet {
        let mut found = Sheet::default();
        for [kind, partition, parent] in rows {
            let cells = ["16400", "t", "2200", "t", kind, partition, parent];
            found.push(&sheet::row(cells.iter().map(|cell| Some(cell.as_bytes()))));
        }
        found
    }

    /// What there is evidence of in a database with one ordinary table.
    fn kinds(classes: &[(&str, &str)]) -> Kinds {
        Kinds::of(&dependencies(classes), &relations(&[["r", "f", "f"]]))
    }

    #[test]
    fn kinds_are_told_from_either_end() {
        assert_eq!(kinds(&[("1259", "2615"), ("1247", "1259"), ("1247", "1247")]), Kinds::default());
        assert_eq!(kinds(&[("2618", "1259"), ("2604", "1255")]), Kinds(0b11));
        assert_eq!(kinds(&[("2604", "3600")]), Kinds(1 << 10));
        assert_eq!(kinds(&[("1247", "2615")]), Kinds(1 << 12));
        assert_eq!(kinds(&[("1259", "1247")]), Kinds(1 << 12));
    }

    #[test]
    fn descent_and_emptiness_are_told_from_relations() {
        let kinds = |rows: &[[&str; 3]]| Kinds::of(&Sheet::default(), &relations(rows));
        assert_eq!(kinds(&[["r", "f", "f"], ["t", "f", "f"]]), Kinds::default());
        for row in [["p", "f", "f"], ["r", "t", "f"], ["r", "f", "t"]] {
            assert_eq!(kinds(&[row]), Kinds(1 << 13));
        }
        assert_eq!(kinds(&[]), Kinds(1 << 14));
    }

    #[test]
    fn asks_for_the_kinds_that_there_are() {
        let version = Version(15, 0, 0);
        let (all, most) = query(version, Kinds::ALL, Manner::Copy);
        let (some, least) = query(version, Kinds(1 << 1), Manner::Copy);
        assert!(all.contains("pg_event_trigger") && !some.contains("pg_event_trigger"));
        assert!(some.contains("FROM pg_catalog.pg_proc p"), "{some}");
        assert!(!some.contains("pg_trigger") && !some.contains("pg_database"), "{some}");
        assert_eq!((most - least, most), (17, text(version).split(';').count()));
        assert!(!all.contains('{') && !all.contains("datlocale,") && all.contains("daticulocale,"));
    }

    #[test]
    fn a_server_of_another_version_says_something_else() {
        let sheets: Vec<_> =
            (0..statements(&text(Version(15, 0, 0)), Kinds::ALL).count()).map(|_| Sheet::default()).collect();
        let key = |minor| told(&sheets, Version(15, minor, 0), Kinds::ALL).map(|told| told.key);
        assert!(key(1).is_some() && key(1) != key(2));
    }

    #[test]
    fn rows_are_those_of_a_copy() {
        let (rows, _) = query(Version(15, 0, 0), Kinds::ALL, Manner::Rows);
        assert!(!rows.contains("COPY") && !rows.contains("STDOUT"), "{rows}");
        assert!(rows.contains("SELECT oid, nspname FROM pg_catalog.pg_namespace;"));
        assert!(rows.contains("SELECT * FROM pg_catalog.pg_sequence;"));
    }
}
