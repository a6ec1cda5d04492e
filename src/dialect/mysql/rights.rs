//! Rights on tables and columns. The server keeps them by name, and leaves them with the old one.

use std::collections::{BTreeMap, BTreeSet};

use super::names::{literal, quote, quote_table};
use crate::model::{QName, Renamed};

/// The rights that can be granted on a table, as the server keeps them and as SQL writes them.
const RIGHTS: [(&str, &str); 13] = [
    ("select", "SELECT"),
    ("insert", "INSERT"),
    ("update", "UPDATE"),
    ("delete", "DELETE"),
    ("create", "CREATE"),
    ("drop", "DROP"),
    ("grant", "GRANT OPTION"),
    ("references", "REFERENCES"),
    ("index", "INDEX"),
    ("alter", "ALTER"),
    ("create view", "CREATE VIEW"),
    ("show view", "SHOW VIEW"),
    ("trigger", "TRIGGER"),
];

/// MariaDB's, for tables that keep their history.
const HISTORY: (&str, &str) = ("delete versioning rows", "DELETE HISTORY");

/// A right, and the column that it is about if it is not the whole table.
type Right = (&'static str, Option<String>);

/// The query for all rights on a table and its columns: user, host, column, rights.
pub(super) fn query(table: &QName) -> String {
    let of = |columns: &str, from: &str| {
        format!(
            "SELECT User, Host, {columns} FROM mysql.{from} WHERE Db = DATABASE() AND Table_name = {}",
            literal(&table.name)
        )
    };
    format!("{} UNION ALL {}", of("'', Table_priv", "tables_priv"), of("Column_name, Column_priv", "columns_priv"))
}

/// The statements that give the rights on what got another name to that name, and take them from the old one. What is
/// already granted under the new names stays.
pub(super) fn follow(rights: &[Vec<Option<String>>], renamed: &Renamed) -> Vec<String> {
    let mut all: BTreeMap<(String, String), BTreeSet<Right>> = BTreeMap::new();
    for row in rights {
        let [user, host, column, rights] = [0, 1, 2, 3].map(|at| row.get(at).cloned().flatten().unwrap_or_default());
        all.entry((user, host)).or_default().extend(parsed(&rights, &column));
    }
    all.iter().flat_map(|((user, host), rights)| of_user(&grantee(user, host), rights, renamed)).collect()
}

/// The rights in a list as the server keeps it. A word that is not known is left with the old name.
fn parsed(rights: &str, column: &str) -> Vec<Right> {
    let known = |word: &str| RIGHTS.iter().chain([&HISTORY]).find(|(name, _)| name.eq_ignore_ascii_case(word.trim()));
    let column = (!column.is_empty()).then(|| column.to_owned());
    rights.split(',').filter_map(known).map(|(_, sql)| (*sql, column.clone())).collect()
}

/// A user, or a role of MariaDB, which has no host.
fn grantee(user: &str, host: &str) -> String {
    if host.is_empty() { quote(user) } else { format!("{}@{}", quote(user), quote(host)) }
}

fn of_user(grantee: &str, before: &BTreeSet<Right>, renamed: &Renamed) -> Vec<String> {
    let same = |name: &str, other: &str| name.to_lowercase() == other.to_lowercase();
    let new_name = |name: &String| {
        let found = renamed.columns.iter().find(|(from, _)| same(from, name));
        found.map_or_else(|| name.clone(), |(_, to)| to.clone())
    };
    let after: BTreeSet<Right> = before.iter().map(|(right, column)| (*right, column.as_ref().map(new_name))).collect();
    let is_moved = renamed.from != renamed.to;
    let has = |rights: &BTreeSet<Right>, (right, column): &Right| {
        rights.iter().any(|(other, its)| {
            right == other && same(its.as_deref().unwrap_or_default(), column.as_deref().unwrap_or_default())
        })
    };
    let given = after.iter().filter(|right| is_moved || !has(before, right));
    let taken = before.iter().filter(|right| is_moved || !has(&after, right));
    let given = list(given).map(|list| format!("GRANT {list} ON {} TO {grantee}", quote_table(&renamed.to)));
    let taken = list(taken).map(|list| format!("REVOKE {list} ON {} FROM {grantee}", quote_table(&renamed.from)));
    given.into_iter().chain(taken).collect()
}

/// Rights as SQL lists them.
fn list<'a>(rights: impl Iterator<Item = &'a Right>) -> Option<String> {
    let written: Vec<String> = rights
        .map(|(right, column)| match column {
            Some(column) => format!("{right} ({})", quote(column)),
            None => (*right).to_owned(),
        })
        .collect();
    (!written.is_empty()).then(|| written.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(texts: [&str; 4]) -> Vec<Option<String>> {
        texts.iter().map(|text| Some((*text).to_owned())).collect()
    }

    fn renamed(from: &str, to: &str, columns: &[(&str, &str)]) -> Renamed {
        let columns = columns.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())).collect();
        Renamed { from: QName::bare(from), to: QName::bare(to), columns }
    }

    #[test]
    fn rights_go_to_the_new_names() {
        let rights = [row(["al", "%", "email", "Select,Update"]), row(["al", "%", "", "Delete,Grant"])];
        assert_eq!(
            follow(&rights, &renamed("users", "people", &[("EMAIL", "mail")])),
            [
                "GRANT DELETE, GRANT OPTION, SELECT (`mail`), UPDATE (`mail`) ON `people` TO `al`@`%`",
                "REVOKE DELETE, GRANT OPTION, SELECT (`email`), UPDATE (`email`) ON `users` FROM `al`@`%`",
            ]
        );
    }

    #[test]
    fn columns_may_swap_their_names() {
        let rights = [row(["r", "", "a", "Select"]), row(["r", "", "b", "Select,Insert"])];
        assert_eq!(
            follow(&rights, &renamed("t", "t", &[("a", "b"), ("b", "a")])),
            ["GRANT INSERT (`a`) ON `t` TO `r`", "REVOKE INSERT (`b`) ON `t` FROM `r`"]
        );
        assert!(follow(&rights, &renamed("t", "t", &[("A", "a")])).is_empty(), "only the spelling");
    }

    #[test]
    fn hostile_names_and_words_stay_what_they_are() {
        let rights = [row(["a`b", "h'", "c`d", "Select,DROP DATABASE x"])];
        assert_eq!(
            follow(&rights, &renamed("t", "t", &[("c`d", "e`f")])),
            ["GRANT SELECT (`e``f`) ON `t` TO `a``b`@`h'`", "REVOKE SELECT (`c``d`) ON `t` FROM `a``b`@`h'`"]
        );
    }
}
