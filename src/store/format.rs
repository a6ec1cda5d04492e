//! The state's tables and their versions.
//!
//! Format *n* is what the scripts 1 to *n* make one after the other. Scripts that were released are never
//! changed: a new format is a new script.

use sea_query::{Expr, ExprTrait, OnConflict, Query};

use super::database::{Database, Script, Transaction};
use super::error::{Result, StoreError};
use super::tables::Meta;
use crate::db::Trouble;

const FORMATS: [Script; 1] =
    [Script { sqlite: include_str!("formats/1.sqlite.sql"), postgres: include_str!("formats/1.postgres.sql") }];

/// How many of our tables are there, and how many others.
const TABLES: Script = Script {
    sqlite: "(SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite|_%' ESCAPE '|')",
    postgres: "(SELECT count(*) FROM pg_catalog.pg_tables WHERE schemaname = 'undrift')",
};
const META: Script = Script {
    sqlite: "(SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'meta')",
    postgres: "(SELECT count(*) FROM pg_catalog.pg_tables WHERE schemaname = 'undrift' AND tablename = 'meta')",
};

/// SQLite has one schema, which is always there.
const SCHEMA: Script = Script { sqlite: "", postgres: "CREATE SCHEMA IF NOT EXISTS undrift" };

/// Makes the tables in an empty database, brings older ones up to date, and refuses everything else.
pub(super) async fn bring_up(database: &Database) -> Result<()> {
    database.write(|transaction| Box::pin(migrate(transaction))).await
}

async fn migrate(transaction: &mut Transaction) -> Result<()> {
    let found = found(transaction).await?;
    if found == FORMATS.len() {
        return Ok(());
    }
    let Some(missing) = FORMATS.get(found..) else {
        let place = transaction.place().name().to_owned();
        return Err(StoreError::Newer { place, found, known: FORMATS.len() });
    };
    if found == 0 {
        transaction.script(SCHEMA).await?;
    }
    for script in missing {
        transaction.script(*script).await?;
    }
    note(transaction).await
}

/// The format that is there; zero if there is nothing.
async fn found(transaction: &mut Transaction) -> Result<usize> {
    let mut count = Query::select();
    count.expr(transaction.expression(TABLES)).expr(transaction.expression(META));
    let row = transaction.rows(&count).await?.pop();
    let (tables, meta) = match &row {
        Some(row) => (row.get::<i64>(0)?, row.get::<i64>(1)?),
        None => (0, 0),
    };
    if tables == 0 {
        return Ok(0);
    }
    if meta == 0 {
        return Err(StoreError::NotAStore { place: transaction.place().name().to_owned() });
    }
    noted(transaction).await
}

async fn noted(transaction: &mut Transaction) -> Result<usize> {
    let mut query = Query::select();
    query.column(Meta::Value).from(Meta::Table).and_where(Expr::col(Meta::Key).eq("undrift_format"));
    let row = match transaction.rows(&query).await {
        // Somebody else's table of that name has other columns.
        Err(StoreError::Database(error)) if error.trouble == Trouble::Statement => None,
        rows => rows?.pop(),
    };
    let format = row.and_then(|row| row.get::<&str>(0).ok()?.parse().ok());
    format.ok_or_else(|| StoreError::NotAStore { place: transaction.place().name().to_owned() })
}

async fn note(transaction: &mut Transaction) -> Result<()> {
    let mut upsert = Query::insert();
    upsert
        .into_table(Meta::Table)
        .columns([Meta::Key, Meta::Value])
        .values_panic(["undrift_format".into(), FORMATS.len().to_string().into()])
        .on_conflict(OnConflict::column(Meta::Key).update_column(Meta::Value).to_owned());
    transaction.run(&upsert).await.map(drop)
}
