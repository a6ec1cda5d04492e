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
    /// Names and types: `table`, `view`, `virtual`, `shadow`.
    pub(super) listed: Vec<(String, String)>,
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
            listed: rows(0).iter().map(|row| Ok((text(row, 0)?, text(row, 1)?))).collect::<Result<_, sqlx::Error>>()?,
            columns: rows(1).iter().map(column).collect::<Result<_, _>>()?,
            indexes: rows(2).iter().map(index).collect::<Result<_, _>>()?,
            keys: rows(3).iter().map(key).collect::<Result<_, _>>()?,
            modules: rows(4).iter().map(|row| text(row, 0)).collect::<Result<_, _>>()?,
        })
    }
}

/// Takes the rows of the script that reads the catalog's texts.
pub(super) fn entries(results: &[Vec<SqliteRow>]) -> Result<Vec<Entry>, sqlx::Error> {
    answer(results, 1).iter().map(entry).collect()
}

fn answer(results: &[Vec<SqliteRow>], statement: usize) -> &[SqliteRow] {
    results.get(statement).map_or(&[], Vec::as_slice)
}

fn entry(row: &SqliteRow) -> Result<Entry, sqlx::Error> {
    Ok(Entry {
        kind: text(row, 0)?,
        name: text(row, 1)?,
        table: text(row, 2)?,
        sql: maybe(row, 3)?,
        page: number(row, 4)?,
    })
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
