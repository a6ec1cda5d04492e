//! What a server counts of the writes in its databases. DDL writes catalogs, so a database in which nothing
//! was counted has the structure that it had.
//!
//! Reads are not counted here, so that undrift's own do not wake a tenant. Standbys count nothing of what they
//! replay, and counting can be switched off for a database, a login or a session.

use super::wire::Row;

/// One row a database, unless nothing reliable can be said of it.
pub(super) const QUERY: &str = include_str!("queries/activity.sql");

/// What a server had counted in one database at one time. Equal ones mean that nothing was written between
/// them, but for what was not counted yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Activity {
    /// Which cluster it is.
    system: u64,
    /// Which database of that name it is.
    database: u32,
    /// When the database's counters were set back.
    reset: Option<i64>,
    /// When the server's were, as after a crash.
    server_reset: Option<i64>,
    writes: i64,
}

/// The database's name, and what was counted in it.
pub(super) fn of(row: &Row) -> Option<(String, Activity)> {
    let text = |at: usize| row.get(at).cloned().flatten();
    let activity = Activity {
        system: text(1)?.parse().ok()?,
        database: text(2)?.parse().ok()?,
        reset: text(3).and_then(|text| text.parse().ok()),
        server_reset: text(4).and_then(|text| text.parse().ok()),
        writes: text(5)?.parse().ok()?,
    };
    Some((text(0)?, activity))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: [Option<&str>; 6]) -> Row {
        cells.into_iter().map(|cell| cell.map(str::to_owned)).collect()
    }

    #[test]
    fn any_difference_counts() {
        let first = [Some("a"), Some("7101"), Some("16400"), None, Some("5"), Some("12")];
        let (name, activity) = of(&row(first)).unwrap();
        assert_eq!(name, "a");
        assert_eq!(of(&row(first)).unwrap().1, activity);
        for (at, other) in [(1, "7102"), (2, "16401"), (3, "1"), (4, "6"), (5, "13")] {
            let mut cells = first;
            cells[at] = Some(other);
            assert_ne!(of(&row(cells)).unwrap().1, activity, "{at}");
        }
    }

    #[test]
    fn what_cannot_be_told_is_left_out() {
        assert!(of(&row([Some("a"), None, Some("16400"), None, None, Some("12")])).is_none());
        assert!(of(&row([Some("a"), Some("7101"), Some("16400"), None, None, None])).is_none());
    }
}
