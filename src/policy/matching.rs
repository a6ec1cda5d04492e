//! What a rule or a waiver is about: the part of a policy that is compared with a change.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Change, ChangeKind, Engine, Folding, Glob, Hazard, QName, Tenant};

use super::Case;

/// The conditions under `match`. All that are given must hold; one that is left out always does.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Match {
    /// The change is of one of these kinds.
    pub changes: Option<BTreeSet<ChangeKind>>,
    /// The change has at least one of these hazards.
    pub hazards: Option<BTreeSet<Hazard>>,
    /// Its table fits one of these, with or without its PostgreSQL schema.
    pub tables: Option<Vec<Glob>>,
    /// Its column fits one of these.
    pub columns: Option<Vec<Glob>>,
    /// What it is about fits one of these: `votes.idx_email`, `user_status`.
    pub objects: Option<Vec<Glob>>,
    /// The tenant runs on one of these.
    pub engines: Option<BTreeSet<Engine>>,
    /// The tenant is one of these.
    pub tenants: TenantMatch,
    /// Its table has so many rows.
    pub rows: Option<RowRange>,
}

/// Conditions on a tenant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TenantMatch {
    /// Its name fits one of these.
    pub names: Option<Vec<Glob>>,
    /// It has each of these labels, with a value that fits one of the patterns.
    pub labels: BTreeMap<String, Vec<Glob>>,
}

/// A range of row counts; both ends belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowRange {
    /// The least.
    pub min: u64,
    /// The most.
    pub max: u64,
}

/// What a match does where it cannot be told whether it holds, or where it holds for some of several
/// names only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doubt {
    /// It holds: the verdict guards something.
    Holds,
    /// It does not: the verdict lets something through.
    Fails,
}

impl Match {
    /// Whether nothing is asked for, so that everything matches.
    pub fn is_empty(&self) -> bool {
        *self == Match::default()
    }

    /// Whether it holds for a change on a tenant.
    pub(super) fn holds(&self, case: &Case<'_>, doubt: Doubt) -> bool {
        let change = case.change;
        self.changes.as_ref().is_none_or(|kinds| kinds.contains(&change.kind()))
            && self.hazards.as_ref().is_none_or(|set| case.hazards.iter().any(|note| set.contains(&note.hazard)))
            && self.engines.as_ref().is_none_or(|engines| engines.contains(&case.tenant.engine))
            && self.tenants.holds(case.tenant)
            && self.tables.as_deref().is_none_or(|globs| fits_tables(globs, case, doubt))
            && self.columns.as_deref().is_none_or(|globs| fits_columns(globs, case, doubt))
            && self.objects.as_deref().is_none_or(|globs| fits_objects(globs, case, doubt))
            && self.rows.is_none_or(|range| range.holds(case, doubt))
    }

    /// Whether it asks for something that can be in doubt.
    fn is_doubtful(&self) -> bool {
        self.tables.is_some() || self.columns.is_some() || self.objects.is_some() || self.rows.is_some()
    }

    /// Whether it certainly holds wherever `other` does, both with the given treatment of doubt.
    pub(super) fn covers(&self, doubt: Doubt, other: &Match, others: Doubt) -> bool {
        let surer = doubt == Doubt::Holds || others == Doubt::Fails;
        covers_set(self.changes.as_ref(), other.changes.as_ref())
            && covers_set(self.hazards.as_ref(), other.hazards.as_ref())
            && covers_set(self.engines.as_ref(), other.engines.as_ref())
            && self.tenants.covers(&other.tenants)
            && (surer || !self.is_doubtful())
            && covers_globs(self.tables.as_deref(), other.tables.as_deref())
            && covers_globs(self.columns.as_deref(), other.columns.as_deref())
            && covers_globs(self.objects.as_deref(), other.objects.as_deref())
            && self.rows.is_none_or(|range| other.rows.is_some_and(|theirs| range.covers(theirs)))
    }
}

impl TenantMatch {
    /// Whether it holds for a tenant.
    pub fn holds(&self, tenant: &Tenant) -> bool {
        let label = |name: &String, globs: &[Glob]| tenant.labels.get(name).is_some_and(|value| fits(globs, value));
        self.names.as_deref().is_none_or(|globs| fits(globs, &tenant.name))
            && self.labels.iter().all(|(name, globs)| label(name, globs))
    }

    fn covers(&self, other: &TenantMatch) -> bool {
        covers_globs(self.names.as_deref(), other.names.as_deref())
            && self.labels.iter().all(|(name, globs)| {
                other.labels.get(name).is_some_and(|theirs| covers_globs(Some(globs), Some(theirs)))
            })
    }
}

impl RowRange {
    /// Reads `>1_000_000`, `>=10`, `<5`, `<=5`.
    ///
    /// # Errors
    /// A clause for people.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let digits = text.trim_start_matches(['<', '>', '=']);
        let operator = &text[..text.len() - digits.len()];
        let number: u64 =
            digits.trim().replace('_', "").parse().map_err(|_| format!("`{text}` holds no whole number"))?;
        let range = match operator {
            ">" => number.checked_add(1).map(|min| Self { min, max: u64::MAX }),
            ">=" => Some(Self { min: number, max: u64::MAX }),
            "<" => number.checked_sub(1).map(|max| Self { min: 0, max }),
            "<=" => Some(Self { min: 0, max: number }),
            _ => return Err(format!("`{text}` does not start with >, >=, < or <=")),
        };
        range.ok_or_else(|| "no table has such a number of rows".to_owned())
    }

    fn holds(self, case: &Case<'_>, doubt: Doubt) -> bool {
        match case.rows() {
            Rows::Known(rows) => (self.min..=self.max).contains(&rows),
            Rows::Unknown => doubt == Doubt::Holds,
            Rows::NoTable => false,
        }
    }

    fn covers(self, other: RowRange) -> bool {
        self.min <= other.min && other.max <= self.max
    }
}

/// How many rows the table of a change has.
pub(super) enum Rows {
    /// So many.
    Known(u64),
    /// It has a table whose size could not be found out.
    Unknown,
    /// It is about no table.
    NoTable,
}

impl Case<'_> {
    pub(super) fn rows(&self) -> Rows {
        match (self.change, self.change.table(), self.table_rows) {
            (Change::CreateTable { .. }, ..) => Rows::Known(0),
            (_, None, _) => Rows::NoTable,
            (.., Some(rows)) => Rows::Known(rows),
            (.., None) => Rows::Unknown,
        }
    }
}

/// What is renamed has several names: a rule that guards one of them guards it, and one that lets
/// through must let all of them through.
fn any_or_all<T>(doubt: Doubt, names: &[T], fits: impl Fn(&T) -> bool) -> bool {
    match doubt {
        Doubt::Holds => names.iter().any(fits),
        Doubt::Fails => !names.is_empty() && names.iter().all(fits),
    }
}

/// The kinds of change that a word or a pattern stands for.
pub(super) fn kinds_like(pattern: &Glob) -> BTreeSet<ChangeKind> {
    ChangeKind::ALL.into_iter().filter(|kind| pattern.matches(kind.key())).collect()
}

fn fits(globs: &[Glob], name: &str) -> bool {
    globs.iter().any(|glob| glob.matches(name))
}

fn fits_as(globs: &[Glob], name: &str, folding: Folding) -> bool {
    globs.iter().any(|glob| glob.matches_as(name, folding))
}

fn fits_tables(globs: &[Glob], case: &Case<'_>, doubt: Doubt) -> bool {
    let folding = case.folds_tables(doubt);
    let fits = |table: &QName| fits_as(globs, &table.name, folding) || fits_as(globs, &table.to_string(), folding);
    any_or_all(doubt, &case.tables(doubt), fits)
}

fn fits_columns(globs: &[Glob], case: &Case<'_>, doubt: Doubt) -> bool {
    let folding = case.folds_others(doubt);
    any_or_all(doubt, &case.columns(doubt), |column| fits_as(globs, column, folding))
}

/// Where only the second part of a name may be folded, it is tried as it is and in small letters.
fn fits_objects(globs: &[Glob], case: &Case<'_>, doubt: Doubt) -> bool {
    let (tables, others) = (case.folds_tables(doubt), case.folds_others(doubt));
    any_or_all(doubt, &case.objects(doubt), |(table, name)| {
        let full = |name: &str| table.as_ref().map_or_else(|| name.to_owned(), |table| format!("{table}.{name}"));
        let lower = table.is_some() && tables != others && fits_as(globs, &full(&name.to_lowercase()), tables);
        lower || fits_as(globs, &full(name), tables)
    })
}

fn covers_set<T: Ord>(ours: Option<&BTreeSet<T>>, theirs: Option<&BTreeSet<T>>) -> bool {
    ours.is_none_or(|ours| theirs.is_some_and(|theirs| theirs.is_subset(ours)))
}

fn covers_globs(ours: Option<&[Glob]>, theirs: Option<&[Glob]>) -> bool {
    let covered = |glob: &Glob, ours: &[Glob]| ours.iter().any(|our| our.covers(glob));
    ours.is_none_or(|ours| theirs.is_some_and(|theirs| theirs.iter().all(|glob| covered(glob, ours))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Names;

    #[test]
    fn reads_ranges() {
        assert_eq!(RowRange::parse(">1_000_000"), Ok(RowRange { min: 1_000_001, max: u64::MAX }));
        assert_eq!(RowRange::parse(" <= 5"), Ok(RowRange { min: 0, max: 5 }));
        assert_eq!(RowRange::parse("<1"), Ok(RowRange { min: 0, max: 0 }));
        assert_eq!(RowRange::parse("<0").unwrap_err(), "no table has such a number of rows");
        assert_eq!(RowRange::parse("many").unwrap_err(), "`many` holds no whole number");
        assert_eq!(RowRange::parse("5").unwrap_err(), "`5` does not start with >, >=, < or <=");
    }

    /// Matches over little, in every combination, so that many of them cover each other.
    fn matches() -> Vec<Match> {
        let globs = |text: &str| Some(vec![Glob::new(text).unwrap()]);
        let kinds = |kinds: &[ChangeKind]| Some(kinds.iter().copied().collect());
        let mut all = Vec::new();
        for tables in [None, globs("a*"), globs("a"), globs("?")] {
            for columns in [None, globs("x")] {
                for changes in [
                    None,
                    kinds(&[ChangeKind::RenameTable, ChangeKind::RenameColumn]),
                    kinds(&[ChangeKind::RenameTable]),
                ] {
                    for rows in
                        [None, Some(RowRange { min: 5, max: u64::MAX }), Some(RowRange { min: 9, max: u64::MAX })]
                    {
                        let (tables, columns) = (tables.clone(), columns.clone());
                        all.push(Match { tables, columns, changes: changes.clone(), rows, ..Match::default() });
                    }
                }
            }
        }
        all
    }

    fn changes() -> Vec<Change> {
        let names = ["a", "ab", "b", "A"];
        let pairs = names.iter().flat_map(|from| names.iter().map(move |to| (QName::bare(*from), QName::bare(*to))));
        let mut changes: Vec<_> = pairs.map(|(from, to)| Change::RenameTable { from, to }).collect();
        changes.push(Change::RenameColumn {
            table: QName::bare("a"),
            from: "x".into(),
            to: "y".into(),
            transform: None,
        });
        changes.push(Change::RenameColumn {
            table: QName::bare("b"),
            from: "x".into(),
            to: "x".into(),
            transform: None,
        });
        changes.push(Change::CreateExtension { name: "a".into() });
        changes
    }

    #[test]
    fn what_is_said_to_be_covered_is() {
        let tenant = Tenant { name: "t".into(), engine: Engine::Mysql, labels: BTreeMap::new() };
        let (matches, changes, names) = (matches(), changes(), Names::default());
        let cases: Vec<_> = [None, Some(1), Some(7), Some(20)]
            .into_iter()
            .flat_map(|table_rows| changes.iter().map(move |change| (change, table_rows)))
            .map(|(change, table_rows)| Case { change, hazards: &[], tenant: &tenant, table_rows, names: &names })
            .collect();
        let doubts = [
            (Doubt::Holds, Doubt::Holds),
            (Doubt::Holds, Doubt::Fails),
            (Doubt::Fails, Doubt::Holds),
            (Doubt::Fails, Doubt::Fails),
        ];
        for (doubt, others) in doubts {
            for ours in &matches {
                for theirs in matches.iter().filter(|theirs| ours.covers(doubt, theirs, others)) {
                    let escaped = cases.iter().find(|case| theirs.holds(case, others) && !ours.holds(case, doubt));
                    assert!(escaped.is_none(), "{ours:?} {doubt:?} does not cover {theirs:?} {others:?}: {escaped:?}");
                }
            }
        }
    }
}
