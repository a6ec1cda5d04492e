//! Whether upper and lower case make two names of one.

use super::{Engine, QName};

/// Which names an engine takes for the same although they are spelled with other cases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Spelling {
    /// None: PostgreSQL.
    #[default]
    Exact,
    /// Those of columns, indexes and constraints: MySQL and MariaDB, whose tables are files.
    FoldsColumns,
    /// All of them, where only ASCII letters have a case: SQLite.
    FoldsAll,
}

impl Spelling {
    /// How an engine spells.
    pub fn of(engine: Engine) -> Self {
        match engine {
            Engine::Postgres => Spelling::Exact,
            Engine::Mysql => Spelling::FoldsColumns,
            Engine::Sqlite => Spelling::FoldsAll,
        }
    }

    /// A name with its case taken away where that does not count: that of a table, or of a column, index or constraint.
    pub fn folded(self, name: &str, of_table: bool) -> String {
        match self {
            Spelling::FoldsColumns if !of_table => name.to_lowercase(),
            Spelling::FoldsAll => name.to_ascii_lowercase(),
            Spelling::Exact | Spelling::FoldsColumns => name.to_owned(),
        }
    }

    /// Whether two texts name one column, index or constraint.
    pub fn same(self, one: &str, other: &str) -> bool {
        match self {
            Spelling::Exact => one == other,
            Spelling::FoldsColumns => one == other || one.to_lowercase() == other.to_lowercase(),
            Spelling::FoldsAll => one.eq_ignore_ascii_case(other),
        }
    }

    /// Whether two names are one table's.
    pub fn same_table(self, one: &QName, other: &QName) -> bool {
        one == other || self == Spelling::FoldsAll && one.schema == other.schema && self.same(&one.name, &other.name)
    }

    /// The one of some names that is meant: the one that is spelled so, or the one that is the same.
    pub fn find<'a>(self, mut names: impl Iterator<Item = &'a str> + Clone, name: &str) -> Option<&'a str> {
        let exact = names.clone().find(|one| *one == name);
        exact.or_else(|| names.find(|one| self.same(one, name)))
    }

    /// The one of some tables that is meant, likewise.
    pub fn find_table<'a>(
        self,
        mut tables: impl Iterator<Item = &'a QName> + Clone,
        name: &QName,
    ) -> Option<&'a QName> {
        let exact = tables.clone().find(|one| *one == name);
        exact.or_else(|| tables.find(|one| self.same_table(one, name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_spelled_so_comes_first() {
        assert_eq!(Spelling::FoldsColumns.find(["E", "É", "é"].into_iter(), "é"), Some("é"));
        assert_eq!(Spelling::FoldsColumns.find(["É"].into_iter(), "é"), Some("É"));
        assert_eq!(Spelling::FoldsAll.find(["É", "mail"].into_iter(), "é"), None);
        assert_eq!(Spelling::FoldsAll.find(["É", "mail"].into_iter(), "Mail"), Some("mail"));
        assert_eq!(Spelling::Exact.find(["mail"].into_iter(), "Mail"), None);
    }
}
