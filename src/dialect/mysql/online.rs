//! How an `ALTER TABLE` is carried out: with which algorithm, and what others can do meanwhile. Every one says so
//! itself, because what it does not say the server chooses, and it may choose to stop all writers.
//!
//! A statement is made with the best way there is. Whether the server takes it is not looked up anywhere: it is tried on
//! a scratch copy, and what is refused there is stated in the next best way (`weaker`).

use super::hazards;
use super::tokens::{Token, tokens};
use crate::model::{Hazard, Pace, Platform, QName, Step, Vendor, Version};

/// A way to carry out an `ALTER TABLE`, from the one that hurts least to the one that hurts most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// Only the catalog changes.
    Instant,
    /// Indexes are built or dropped while everybody reads and writes; the rows stay where they are. MariaDB's
    /// `NOCOPY`; MySQL has no name of its own for it.
    Nocopy,
    /// The table may be written anew, while everybody reads and writes.
    Inplace,
    /// As `Nocopy`, while writers wait.
    NocopyShared,
    /// As `Inplace`, while writers wait.
    InplaceShared,
    /// The table is copied row by row, while everybody reads and writes. MariaDB 11.2 and later.
    CopyOnline,
    /// The table is copied row by row, while writers wait.
    Copy,
}

/// MariaDB knows `INSTANT` and `NOCOPY` from here on, MySQL `INSTANT`.
const INSTANT_MARIADB: Version = Version(10, 3, 2);
const INSTANT_MYSQL: Version = Version(8, 0, 12);
/// MariaDB copies while others write from here on.
const COPY_ONLINE: Version = Version(11, 2, 1);

impl Way {
    /// As it is written in a statement. MySQL takes no lock clause but the default with `INSTANT`.
    pub fn clause(self, vendor: Vendor) -> &'static str {
        match self {
            Way::Instant if vendor == Vendor::Mysql => "ALGORITHM=INSTANT, LOCK=DEFAULT",
            Way::Instant => "ALGORITHM=INSTANT, LOCK=NONE",
            Way::Nocopy => "ALGORITHM=NOCOPY, LOCK=NONE",
            Way::Inplace => "ALGORITHM=INPLACE, LOCK=NONE",
            Way::NocopyShared => "ALGORITHM=NOCOPY, LOCK=SHARED",
            Way::InplaceShared => "ALGORITHM=INPLACE, LOCK=SHARED",
            Way::CopyOnline => "ALGORITHM=COPY, LOCK=NONE",
            Way::Copy => "ALGORITHM=COPY, LOCK=SHARED",
        }
    }

    /// Whether writers wait until it is done.
    pub fn stops_writers(self) -> bool {
        matches!(self, Way::NocopyShared | Way::InplaceShared | Way::Copy)
    }

    /// Whether the server copies the table row by row.
    pub fn copies(self) -> bool {
        matches!(self, Way::CopyOnline | Way::Copy)
    }
}

/// The ways that a server knows, the best first.
pub(super) fn ladder(platform: &Platform) -> Vec<Way> {
    let version = platform.version;
    match platform.vendor {
        Vendor::Mariadb if version >= COPY_ONLINE => vec![
            Way::Instant,
            Way::Nocopy,
            Way::Inplace,
            Way::NocopyShared,
            Way::InplaceShared,
            Way::CopyOnline,
            Way::Copy,
        ],
        Vendor::Mariadb if version >= INSTANT_MARIADB => {
            vec![Way::Instant, Way::Nocopy, Way::Inplace, Way::NocopyShared, Way::InplaceShared, Way::Copy]
        }
        Vendor::Mysql if version >= INSTANT_MYSQL => {
            vec![Way::Instant, Way::Inplace, Way::InplaceShared, Way::Copy]
        }
        _ => vec![Way::Inplace, Way::InplaceShared, Way::Copy],
    }
}

/// A statement in the best way that the server knows, if it is an `ALTER TABLE` that does not say its way yet.
pub(super) fn stated(sql: String, platform: &Platform) -> String {
    if !sql.starts_with("ALTER TABLE ") || tokens(&sql).iter().any(|token| token.is("ALGORITHM")) {
        return sql;
    }
    let best = ladder(platform)[0];
    said(&sql, best, platform)
}

/// A statement with a way at its end.
pub(super) fn said(sql: &str, way: Way, platform: &Platform) -> String {
    let separator = if sql.contains('\n') { ",\n  " } else { ", " };
    format!("{sql}{separator}{}", way.clause(platform.vendor))
}

/// The same statement in the next best way; `None` after the last one, and for statements that say none at their end.
pub(super) fn weaker(sql: &str, platform: &Platform) -> Option<String> {
    let ladder = ladder(platform);
    let place = ladder.iter().position(|way| sql.ends_with(way.clause(platform.vendor)))?;
    let next = ladder.get(place + 1)?;
    let kept = sql.strip_suffix(ladder[place].clause(platform.vendor))?;
    Some(format!("{kept}{}", next.clause(platform.vendor)))
}

/// The way that a statement says at its end.
fn way(sql: &str, platform: &Platform) -> Option<Way> {
    ladder(platform).into_iter().find(|way| sql.ends_with(way.clause(platform.vendor)))
}

/// The table that an `ALTER TABLE` is about.
fn altered(sql: &str) -> Option<QName> {
    tokens(sql).get(2).and_then(Token::name).map(QName::bare)
}

/// Puts right why a step may hurt, once it is known in which ways the server carries out its statements.
pub(super) fn judge(step: &mut Step, platform: &Platform) {
    let ways: Vec<(Way, QName)> =
        step.statements.iter().filter_map(|sql| Some((way(sql, platform)?, altered(sql)?))).collect();
    let Some(worst) = ways.iter().map(|(way, _)| *way).max() else { return };
    // What other statements of the step do is none of the servers' choices.
    let foretold = step.hazards.iter().any(|note| note.hazard == Hazard::RewritesTable);
    if ways.len() == step.statements.len() && step.rows.is_none() {
        step.hazards.retain(|note| !is_overruled(note.hazard, worst));
        step.pace = if worst == Way::Instant { Pace::Quick } else { Pace::Slow };
    } else if worst > Way::Instant {
        step.pace = Pace::Slow;
    }
    let rewrites = foretold || platform.vendor == Vendor::Mariadb;
    for (way, table) in ways {
        step.hazards.extend(hazards::of_way(way, &table, rewrites));
    }
    step.hazards.sort();
    step.hazards.dedup();
}

/// Whether a hazard that was foretold is the algorithm's, which is known better by now.
fn is_overruled(hazard: Hazard, way: Way) -> bool {
    match hazard {
        Hazard::CopiesTable | Hazard::RewritesTable | Hazard::ShareLock => true,
        Hazard::BuildsIndex => way == Way::Instant,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn platform(vendor: Vendor, version: Version) -> Platform {
        Platform::new(vendor, version)
    }

    /// All forms of a statement, from the first to the last.
    fn forms(sql: &str, platform: &Platform) -> Vec<String> {
        let first = stated(sql.to_owned(), platform);
        std::iter::successors(Some(first), |sql| weaker(sql, platform)).collect()
    }

    #[test]
    fn a_ladder_starts_with_the_best_and_ends_with_a_copy() {
        let said = |vendor, version| {
            let forms = forms("ALTER TABLE `t` DROP COLUMN `a`", &platform(vendor, version));
            let ways = forms.iter().map(|sql| sql.split_once("ALGORITHM=").unwrap().1.replace(", LOCK=", "/"));
            ways.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(
            said(Vendor::Mariadb, Version(10, 11, 6)),
            "INSTANT/NONE NOCOPY/NONE INPLACE/NONE NOCOPY/SHARED INPLACE/SHARED COPY/SHARED"
        );
        assert!(said(Vendor::Mariadb, Version(11, 4, 2)).ends_with("COPY/NONE COPY/SHARED"));
        assert_eq!(said(Vendor::Mysql, Version(8, 4, 0)), "INSTANT/DEFAULT INPLACE/NONE INPLACE/SHARED COPY/SHARED");
        assert_eq!(said(Vendor::Mysql, Version(5, 7, 44)), "INPLACE/NONE INPLACE/SHARED COPY/SHARED");
    }

    /// The hazards of a step, foretold and judged, and its pace.
    fn judged(statements: &[&str], foretold: &[Hazard]) -> (Vec<Hazard>, Pace) {
        let statements = statements.iter().map(|sql| (*sql).to_owned()).collect();
        let hazards = foretold.iter().map(|hazard| crate::model::HazardNote::new(*hazard, "foretold")).collect();
        let op = crate::model::Op::new(vec![0], "", statements);
        let mut step = Step { hazards, transactional: false, pace: Pace::Slow, ..Step::from(op) };
        judge(&mut step, &platform(Vendor::Mariadb, Version(10, 11, 6)));
        (step.hazards.iter().map(|note| note.hazard).collect(), step.pace)
    }

    #[test]
    fn hazards_are_those_of_what_was_taken() {
        use Hazard::{BuildsIndex, CopiesTable, DeletesData, RewritesTable, ShareLock};
        let copied = "ALTER TABLE `t` MODIFY `a` INT, ALGORITHM=COPY, LOCK=SHARED";
        let instant = "ALTER TABLE `t` MODIFY `a` INT, ALGORITHM=INSTANT, LOCK=NONE";
        let built = "ALTER TABLE `t` ADD INDEX `i` (`a`), ALGORITHM=NOCOPY, LOCK=NONE";
        assert_eq!(
            judged(&[instant], &[DeletesData, CopiesTable, RewritesTable, ShareLock]),
            (vec![DeletesData], Pace::Quick)
        );
        assert_eq!(judged(&[copied], &[]), (vec![ShareLock, CopiesTable, RewritesTable], Pace::Slow));
        assert_eq!(judged(&[built], &[BuildsIndex, RewritesTable]), (vec![BuildsIndex], Pace::Slow));
        let fill = "UPDATE `t` SET `a` = 1";
        assert_eq!(
            judged(&[instant, fill], &[RewritesTable]),
            (vec![RewritesTable], Pace::Slow),
            "that is the UPDATE's"
        );
        assert_eq!(judged(&[fill], &[RewritesTable]).0, [RewritesTable]);
    }

    #[test]
    fn only_what_says_nothing_yet_is_told_how() {
        let mariadb = platform(Vendor::Mariadb, Version(10, 11, 6));
        let stated = |sql: &str| stated(sql.to_owned(), &mariadb);
        assert_eq!(stated("RENAME TABLE `a` TO `b`"), "RENAME TABLE `a` TO `b`");
        assert_eq!(
            stated("ALTER TABLE `t` COMMENT='ALGORITHM=COPY'"),
            "ALTER TABLE `t` COMMENT='ALGORITHM=COPY', ALGORITHM=INSTANT, LOCK=NONE"
        );
        let partitioned = "ALTER TABLE `t` ALGORITHM=COPY, LOCK=SHARED PARTITION BY HASH (`id`)";
        assert_eq!(stated(partitioned), partitioned);
        assert_eq!(weaker(partitioned, &mariadb), None);
    }
}
