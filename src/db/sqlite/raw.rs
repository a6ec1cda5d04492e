//! The rows of one catalog reading, as SQLite returns them.

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

/// One row of `sqlite_master`.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub kind: String,
    pub name: String,
    pub table: String,
    pub sql: Option<String>,
    /// The page where its rows start; zero for views, triggers and virtual tables.
    pub page: i64,
}

/// One column, as `table_xinfo` sees it.
#[derive(Clone, Debug)]
pub(super) struct ColumnRow {
    pub table: String,
    pub name: String,
    pub data_type: String,
    pub not_null: bool,
    pub has_default: bool,
    /// Its place in the primary key, from one; zero if it is not in it.
    pub key: i64,
    /// 2 for a virtual generated column, 3 for a stored one.
    pub hidden: i64,
}

/// One column of one index, as `index_list` and `index_xinfo` see it.
#[derive(Clone, Debug)]
pub(super) struct IndexRow {
    pub table: String,
    pub index: String,
    /// `c`: CREATE INDEX, `u`: UNIQUE, `pk`: PRIMARY KEY.
    pub origin: String,
    pub unique: bool,
    /// The column; none where it is an expression.
    pub column: Option<String>,
    pub desc: bool,
    pub collation: String,
}

/// One column of one foreign key, as `foreign_key_list` sees it.
#[derive(Clone, Debug)]
pub(super) struct KeyRow {
    pub table: String,
    pub id: i64,
    pub parent: String,
    pub from: String,
    /// The column referred to; none where it is the primary key.
    pub to: Option<String>,
    pub on_update: String,
    pub on_delete: String,
}

/// Everything that one reading returned.
#[derive(Clone, Debug, Default)]
pub(in crate::db) struct Raw {
    pub(super) entries: Vec<Entry>,
    pub(super) columns: Vec<ColumnRow>,
    pub(super) indexes: Vec<IndexRow>,
    pub(super) keys: Vec<KeyRow>,
    /// The modules for virtual tables that there are.
    pub(super) modules: Vec<String>,
}

impl Raw {
    /// Takes the rows of the script that asks the pragmas, in the order of its statements.
    pub(super) fn of(entries: Vec<Entry>, results: &[Vec<SqliteRow>]) -> Result<Self, sqlx::Error> {
        let rows = |statement: usize| answer(results, statement);
        Ok(Self {
            entries,
            columns: rows(0).iter().map(column).collect::<Result<_, _>>()?,
            indexes: rows(1).iter().map(index).collect::<Result<_, _>>()?,
            keys: rows(2).iter().map(key).collect::<Result<_, _>>()?,
            modules: rows(3).iter().map(|row| text(row, 0)).collect::<Result<_, _>>()?,
        })
    }
}

/// Takes the one row of the script that reads the catalog's texts.
pub(super) fn entries(results: &[Vec<SqliteRow>]) -> Result<Vec<Entry>, sqlx::Error> {
    let all = results.iter().flatten().next().map(|row| text(row, 0)).transpose()?.unwrap_or_default();
    listed(&all).ok_or_else(|| sqlx::Error::Decode("the catalog's texts are not as long as they say".into()))
}

fn answer(results: &[Vec<SqliteRow>], statement: usize) -> &[SqliteRow] {
    results.get(statement).map_or(&[], Vec::as_slice)
}

/// The entries in a text. `None` where its lengths lead nowhere.
fn listed(all: &str) -> Option<Vec<Entry>> {
    let Some((unit, rest)) = all.split_once(' ') else { return Some(Vec::new()) };
    let mut rest = Rest { rest, is_utf16: unit == "2" };
    std::iter::from_fn(|| (!rest.rest.is_empty()).then(|| rest.entry())).collect()
}

/// What is left of a text with entries in it.
struct Rest<'a> {
    rest: &'a str,
    /// Whether its lengths are those that it would have in UTF-16.
    is_utf16: bool,
}

impl<'a> Rest<'a> {
    /// Takes an entry off: the lengths of its texts, its page, and the texts. One that is not there has no length.
    fn entry(&mut self) -> Option<Entry> {
        let [kind, name, table, sql, page] = [(); 5].map(|()| self.word());
        let (kind, name, table) = (self.text(kind?)?, self.text(name?)?, self.text(table?)?);
        let sql = match sql? {
            "" => None,
            length => Some(self.text(length)?),
        };
        Some(Entry { kind, name, table, sql, page: page?.parse().ok()? })
    }

    fn word(&mut self) -> Option<&'a str> {
        let (word, rest) = self.rest.split_once(' ')?;
        self.rest = rest;
        Some(word)
    }

    fn text(&mut self, length: &str) -> Option<String> {
        let length = length.parse().ok()?;
        let (text, rest) = self.rest.split_at_checked(if self.is_utf16 { self.octets(length)? } else { length })?;
        self.rest = rest;
        Some(text.to_owned())
    }

    /// How many octets has here what has so many in UTF-16.
    fn octets(&self, length: usize) -> Option<usize> {
        let mut before = 0;
        let ends = self.rest.char_indices().map(|(at, c)| (at + c.len_utf8(), 2 * c.len_utf16()));
        let mut ends = std::iter::once((0, 0)).chain(ends);
        ends.find(|(_, octets)| {
            before += octets;
            before >= length
        })
        .filter(|_| before == length)
        .map(|(end, _)| end)
    }
}

fn column(row: &SqliteRow) -> Result<ColumnRow, sqlx::Error> {
    Ok(ColumnRow {
        table: text(row, 0)?,
        name: text(row, 1)?,
        data_type: text(row, 2)?,
        not_null: number(row, 3)? != 0,
        has_default: number(row, 4)? != 0,
        key: number(row, 5)?,
        hidden: number(row, 6)?,
    })
}

fn index(row: &SqliteRow) -> Result<IndexRow, sqlx::Error> {
    Ok(IndexRow {
        table: text(row, 0)?,
        index: text(row, 1)?,
        origin: text(row, 2)?,
        unique: number(row, 3)? != 0,
        column: maybe(row, 4)?,
        desc: number(row, 5)? != 0,
        collation: text(row, 6)?,
    })
}

fn key(row: &SqliteRow) -> Result<KeyRow, sqlx::Error> {
    Ok(KeyRow {
        table: text(row, 0)?,
        id: number(row, 1)?,
        parent: text(row, 2)?,
        from: text(row, 3)?,
        to: maybe(row, 4)?,
        on_update: text(row, 5)?,
        on_delete: text(row, 6)?,
    })
}

/// The types of these columns are known; SQLite's own idea of them differs between versions.
fn text(row: &SqliteRow, column: usize) -> Result<String, sqlx::Error> {
    Ok(maybe(row, column)?.unwrap_or_default())
}

fn maybe(row: &SqliteRow, column: usize) -> Result<Option<String>, sqlx::Error> {
    row.try_get_unchecked(column)
}

fn number(row: &SqliteRow, column: usize) -> Result<i64, sqlx::Error> {
    Ok(row.try_get_unchecked::<Option<i64>, _>(column)?.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_out_of_one_text() {
        let entries = listed("1 5 1 1 8 2 tablett\u{e4} texts5 1 1  3 indexit").unwrap();
        let [first, second] = entries.as_slice() else { panic!("{entries:?}") };
        assert_eq!((first.kind.as_str(), first.sql.as_deref(), first.page), ("table", Some("\u{e4} texts"), 2));
        assert_eq!((second.name.as_str(), second.table.as_str(), second.sql.as_deref()), ("i", "t", None));
        let wide = listed("2 10 2 2 8 2 tablett\u{e4}\u{1f600}x10 2 2  3 indexit").unwrap();
        assert_eq!((wide[0].sql.as_deref(), wide[1].name.as_str()), (Some("\u{e4}\u{1f600}x"), "i"));
        assert!(listed("").unwrap().is_empty());
    }

    #[test]
    fn a_text_that_is_not_as_long_as_it_says_is_refused() {
        for text in [
            "1 5 1",
            "1 5 1 1 9 2 tablett",
            "1 x 1 1 0 2 tablett",
            "1 5 1 1 1 2 tablett\u{e4}",
            "2 10 2 2 3 2 tablett\u{e4}",
        ] {
            assert!(listed(text).is_none(), "{text}");
        }
    }
}
