//! Rows whose foreign key points nowhere: counted before and after a transaction, because foreign
//! keys are off while undrift works.

use std::collections::BTreeMap;

use sqlx::Row;
use sqlx::sqlite::SqliteConnection;

use super::{error::classify, rows};
use crate::db::{DbError, Trouble};
use crate::dialect::sqlite::names::literal;

/// How many rows of a table point at rows that another does not have.
pub(super) type Orphans = BTreeMap<(String, String), u64>;

const ALL: &str = r#"SELECT "table", parent, count(*) FROM pragma_foreign_key_check GROUP BY 1, 2"#;

const REFERRING: &str = "SELECT DISTINCT m.name FROM main.sqlite_master AS m, pragma_foreign_key_list(m.name, 'main') \
                         WHERE m.type = 'table' AND m.rootpage <> 0 ORDER BY 1";

/// What a transaction may have done to references.
#[derive(Clone, Debug)]
pub(super) enum Watched {
    /// Nothing: no statement so far can make one point nowhere.
    Untouched,
    /// Something may have, and before it there were so many.
    Touched(Orphans),
}

/// Whether no statement of this kind can make a row refer to nothing, whatever the rows: it changes none, and takes no
/// table away. Counting reads all rows of tables that refer to others, while everybody who writes has to wait.
pub(super) fn keeps_references(sql: &str) -> bool {
    let starts = |words: &str| sql.starts_with(words);
    if starts("CREATE INDEX ") || starts("CREATE UNIQUE INDEX ") || starts("DROP INDEX ") {
        return true;
    }
    let created = sql.strip_prefix("CREATE TABLE \"").and_then(after_name).unwrap_or_default();
    let altered = sql.strip_prefix("ALTER TABLE \"").and_then(after_name).unwrap_or_default();
    let changes_no_row = created.starts_with(" (") || altered.starts_with(" RENAME COLUMN ");
    changes_no_row || altered.starts_with(" ADD COLUMN ") && !altered.to_ascii_uppercase().contains("REFERENCES")
}

/// What follows a name whose opening quote is gone.
fn after_name(text: &str) -> Option<&str> {
    let mut rest = text;
    loop {
        rest = &rest[rest.find('"')? + 1..];
        rest = match rest.strip_prefix('"') {
            Some(inside) => inside,
            None => return Some(rest),
        };
    }
}

/// Counts them.
pub(super) async fn count(connection: &mut SqliteConnection) -> Result<Orphans, DbError> {
    match ask(connection, ALL).await {
        Ok(orphans) => Ok(orphans),
        // One key that fits no unique columns spoils the question for all tables.
        Err(error) if is_mismatch(&error) => one_by_one(connection).await,
        Err(error) => Err(classify("check the foreign keys", &error)),
    }
}

async fn one_by_one(connection: &mut SqliteConnection) -> Result<Orphans, DbError> {
    let failed = |error: sqlx::Error| classify("check the foreign keys", &error);
    let tables = rows(connection, REFERRING).await.map_err(failed)?;
    let mut orphans = Orphans::new();
    for row in tables.iter().flatten() {
        let table: String = row.try_get_unchecked(0).map_err(failed)?;
        let one = format!("pragma_foreign_key_check({}, 'main')", literal(&table));
        match ask(connection, &ALL.replace("pragma_foreign_key_check", &one)).await {
            Ok(found) => orphans.extend(found),
            // Such a key is the schema's fault, not the rows': it has none to count.
            Err(error) if is_mismatch(&error) => {}
            Err(error) => return Err(failed(error)),
        }
    }
    Ok(orphans)
}

async fn ask(connection: &mut SqliteConnection, query: &str) -> Result<Orphans, sqlx::Error> {
    let results = rows(connection, query).await?;
    let orphan = |row: &sqlx::sqlite::SqliteRow| {
        let number: i64 = row.try_get_unchecked(2)?;
        Ok(((row.try_get_unchecked(0)?, row.try_get_unchecked(1)?), number.unsigned_abs()))
    };
    results.iter().flatten().map(orphan).collect()
}

/// SQLite has no code of its own for a foreign key whose columns are not unique in the other table.
fn is_mismatch(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|inner| inner.code().as_deref() == Some("1"))
}

/// Whether there are more than before, and which.
pub(super) fn compare(before: &Orphans, after: &Orphans) -> Result<(), DbError> {
    // Tables may have been renamed in between: only the sum tells whether there are new ones.
    if after.values().sum::<u64>() <= before.values().sum::<u64>() {
        return Ok(());
    }
    let more = after.iter().filter(|(key, number)| before.get(*key).is_none_or(|old| old < *number));
    let findings: Vec<String> = more
        .map(|((table, parent), number)| format!("{number} rows of {table} refer to nothing in {parent}"))
        .collect();
    Err(DbError::new(Trouble::Data, "check the foreign keys before the commit", findings.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_no_rows_keeps_references() {
        for sql in [
            r#"ALTER TABLE "a" ADD COLUMN "b" INTEGER"#,
            r#"ALTER TABLE "a"" DROP COLUMN" RENAME COLUMN "x" TO "y""#,
            r#"CREATE UNIQUE INDEX "i" ON "a" ("b")"#,
            r#"DROP INDEX "i""#,
            "CREATE TABLE \"a\" (\n  \"b\" INTEGER\n)",
        ] {
            assert!(keeps_references(sql), "{sql}");
        }
    }

    #[test]
    fn everything_else_may_lose_one() {
        for sql in [
            r#"ALTER TABLE "a" ADD COLUMN "b" INTEGER DEFAULT 1 references "c" ("d")"#,
            r#"ALTER TABLE "a ADD COLUMN " DROP COLUMN "b""#,
            r#"ALTER TABLE "a" RENAME TO "b""#,
            r#"ALTER TABLE "a"" ADD COLUMN "b" INTEGER"#,
            r#"DROP TABLE "a""#,
            "UPDATE a SET b = 1",
            "CREATE TABLE b AS SELECT 1",
            r#"CREATE TABLE "b" AS SELECT (1)"#,
        ] {
            assert!(!keeps_references(sql), "{sql}");
        }
    }
}
