//! The database that keeps the state: the same statements for SQLite and PostgreSQL.
//!
//! Everything is written in transactions that hold the store's one write lock, on both engines: whoever
//! writes sees everything that was written before. A transaction runs in a task of its own, so that
//! a caller who is cancelled neither leaves it open nor cuts it in half.

use futures_util::future::BoxFuture;
use sea_query::{
    Expr, ExprTrait, IntoColumnRef, IntoTableRef, PostgresQueryBuilder, Query, QueryBuilder, SqliteQueryBuilder,
};
use sea_query_sqlx::{SqlxBinder, SqlxValues};
use serde::de::DeserializeOwned;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgPool, PgRow, Postgres};
use sqlx::sqlite::{Sqlite, SqlitePool, SqliteRow};
use sqlx::{AssertSqlSafe, Decode, Row as _, Type};

use super::error::{Place, Result, StoreError};

/// A statement that both engines understand.
pub(super) trait Statement: SqlxBinder + Send + Sync {}

impl<S: SqlxBinder + Send + Sync> Statement for S {}

/// A text for each engine.
#[derive(Clone, Copy, Debug)]
pub(super) struct Script {
    pub(super) sqlite: &'static str,
    pub(super) postgres: &'static str,
}

/// What a transaction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// All that is read is of one moment.
    Look,
    /// PostgreSQL lets writers queue up for an advisory lock, whose number is `undrift` in ASCII.
    Write,
}

impl Purpose {
    fn begin(self) -> Script {
        match self {
            Purpose::Look => Script { sqlite: "BEGIN", postgres: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" },
            Purpose::Write => {
                Script { sqlite: "BEGIN IMMEDIATE", postgres: "BEGIN; SELECT pg_advisory_xact_lock(33053949970441844)" }
            }
        }
    }
}

/// The connections to the state.
#[derive(Clone, Debug)]
pub(super) struct Database {
    pub(super) place: Place,
    pub(super) pools: Pools,
}

/// SQLite has one writer at a time anyway: with one connection, writers queue up here in order.
#[derive(Clone, Debug)]
pub(super) enum Pools {
    Sqlite { writer: SqlitePool, readers: SqlitePool },
    Postgres(PgPool),
}

impl Database {
    /// Runs a query by itself.
    pub(super) async fn read(&self, query: &impl Statement) -> Result<Vec<Row>> {
        match &self.pools {
            Pools::Sqlite { readers, .. } => {
                let (sql, values) = built(query, SqliteQueryBuilder);
                self.place.sqlite_rows(sqlx::query_with(sql, values).fetch_all(readers).await)
            }
            Pools::Postgres(pool) => {
                let (sql, values) = built(query, PostgresQueryBuilder);
                self.place.postgres_rows(sqlx::query_with(sql, values).fetch_all(pool).await)
            }
        }
    }

    /// Reads several times from one state of things.
    pub(super) async fn look<T: Send + 'static>(
        &self,
        work: impl for<'t> FnOnce(&'t mut Transaction) -> BoxFuture<'t, Result<T>> + Send + 'static,
    ) -> Result<T> {
        self.transact(Purpose::Look, work).await
    }

    /// Does some work in a transaction that is committed unless the work fails.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl for<'t> FnOnce(&'t mut Transaction) -> BoxFuture<'t, Result<T>> + Send + 'static,
    ) -> Result<T> {
        self.transact(Purpose::Write, work).await
    }

    /// Runs statements in one transaction and returns how many rows they touched.
    pub(super) async fn write_all(&self, statements: Vec<impl Statement + 'static>) -> Result<u64> {
        self.write(move |transaction| Box::pin(async move { transaction.run_all(&statements).await })).await
    }

    /// Closes the connections when their work is done. The writer goes last: it then puts the journal back into
    /// the file.
    pub(super) async fn close(&self) {
        match &self.pools {
            Pools::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }

    async fn transact<T: Send + 'static>(
        &self,
        purpose: Purpose,
        work: impl for<'t> FnOnce(&'t mut Transaction) -> BoxFuture<'t, Result<T>> + Send + 'static,
    ) -> Result<T> {
        let this = self.clone();
        self.whole(async move {
            let connection = this.connection(purpose).await;
            let connection = connection.map_err(|error| this.place.error(error))?;
            let mut transaction = Transaction { place: this.place, connection, is_over: false };
            transaction.script(purpose.begin()).await?;
            let done = work(&mut transaction).await?;
            transaction.commit().await?;
            Ok(done)
        })
        .await
    }

    async fn connection(&self, purpose: Purpose) -> Result<Connection, sqlx::Error> {
        match &self.pools {
            Pools::Sqlite { writer, .. } if purpose == Purpose::Write => writer.acquire().await.map(Connection::Sqlite),
            Pools::Sqlite { readers, .. } => readers.acquire().await.map(Connection::Sqlite),
            Pools::Postgres(pool) => pool.acquire().await.map(Connection::Postgres),
        }
    }

    /// Runs to the end, whatever becomes of the caller.
    async fn whole<T: Send + 'static>(&self, work: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
        match tokio::spawn(work).await {
            Ok(done) => done,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(StoreError::Ending { place: self.place.name().to_owned() }),
            },
        }
    }
}

/// A transaction of the state's own database. One that is not committed takes its connection with it: whatever
/// the driver believes of it then (SQLite ends a transaction by itself when the disk is full), nobody meets it again.
pub(super) struct Transaction {
    place: Place,
    connection: Connection,
    is_over: bool,
}

enum Connection {
    Sqlite(PoolConnection<Sqlite>),
    Postgres(PoolConnection<Postgres>),
}

impl Transaction {
    /// Runs a statement and returns its rows.
    pub(super) async fn rows(&mut self, statement: &impl Statement) -> Result<Vec<Row>> {
        match &mut self.connection {
            Connection::Sqlite(connection) => {
                let (sql, values) = built(statement, SqliteQueryBuilder);
                self.place.sqlite_rows(sqlx::query_with(sql, values).fetch_all(&mut **connection).await)
            }
            Connection::Postgres(connection) => {
                let (sql, values) = built(statement, PostgresQueryBuilder);
                self.place.postgres_rows(sqlx::query_with(sql, values).fetch_all(&mut **connection).await)
            }
        }
    }

    /// Runs a statement and returns how many rows it touched.
    pub(super) async fn run(&mut self, statement: &impl Statement) -> Result<u64> {
        let touched = match &mut self.connection {
            Connection::Sqlite(connection) => {
                let (sql, values) = built(statement, SqliteQueryBuilder);
                let done = sqlx::query_with(sql, values).execute(&mut **connection).await;
                done.map(|done| done.rows_affected())
            }
            Connection::Postgres(connection) => {
                let (sql, values) = built(statement, PostgresQueryBuilder);
                let done = sqlx::query_with(sql, values).execute(&mut **connection).await;
                done.map(|done| done.rows_affected())
            }
        };
        touched.map_err(|error| self.place.error(error))
    }

    /// Runs statements and returns how many rows they touched.
    pub(super) async fn run_all(&mut self, statements: &[impl Statement]) -> Result<u64> {
        let mut touched = 0;
        for statement in statements {
            touched += self.run(statement).await?;
        }
        Ok(touched)
    }

    /// The number after the highest in a column. Nobody else takes it: writers queue up.
    pub(super) async fn next_number(&mut self, table: impl IntoTableRef, column: impl IntoColumnRef) -> Result<i64> {
        let mut query = Query::select();
        query.expr(Expr::col(column).max()).from(table);
        let row = self.rows(&query).await?.pop();
        let last = row.map(|row| row.get::<Option<i64>>(0)).transpose()?.flatten();
        Ok(last.unwrap_or(0) + 1)
    }

    /// Runs a script of several statements.
    pub(super) async fn script(&mut self, script: Script) -> Result<()> {
        let done = match &mut self.connection {
            Connection::Sqlite(connection) => sqlx::raw_sql(script.sqlite).execute(&mut **connection).await.map(drop),
            Connection::Postgres(connection) => {
                sqlx::raw_sql(script.postgres).execute(&mut **connection).await.map(drop)
            }
        };
        done.map_err(|error| self.place.error(error))
    }

    /// An expression that both engines write differently.
    pub(super) fn expression(&self, script: Script) -> Expr {
        Expr::cust(match &self.connection {
            Connection::Sqlite(_) => script.sqlite,
            Connection::Postgres(_) => script.postgres,
        })
    }

    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    async fn commit(mut self) -> Result<()> {
        self.script(Script { sqlite: "COMMIT", postgres: "COMMIT" }).await?;
        self.is_over = true;
        Ok(())
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        match &mut self.connection {
            _ if self.is_over => {}
            Connection::Sqlite(connection) => connection.close_on_drop(),
            Connection::Postgres(connection) => connection.close_on_drop(),
        }
    }
}

impl Place {
    fn sqlite_rows(&self, rows: Result<Vec<SqliteRow>, sqlx::Error>) -> Result<Vec<Row>> {
        let rows = rows.map_err(|error| self.error(error))?;
        Ok(rows.into_iter().map(|row| Row { place: self.clone(), cells: Cells::Sqlite(row) }).collect())
    }

    fn postgres_rows(&self, rows: Result<Vec<PgRow>, sqlx::Error>) -> Result<Vec<Row>> {
        let rows = rows.map_err(|error| self.error(error))?;
        Ok(rows.into_iter().map(|row| Row { place: self.clone(), cells: Cells::Postgres(row) }).collect())
    }
}

/// One row of an answer.
pub(super) struct Row {
    place: Place,
    cells: Cells,
}

enum Cells {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Row {
    /// The value in a column, counted from zero.
    pub(super) fn get<'r, T>(&'r self, column: usize) -> Result<T>
    where
        T: Decode<'r, Sqlite> + Type<Sqlite> + Decode<'r, Postgres> + Type<Postgres>,
    {
        let value = match &self.cells {
            Cells::Sqlite(row) => row.try_get(column),
            Cells::Postgres(row) => row.try_get(column),
        };
        value.map_err(|error| self.place.error(error))
    }

    /// The enum that a column names in the word of its JSON.
    pub(super) fn word<T: DeserializeOwned>(&self, column: usize) -> Result<T> {
        let word: String = self.get(column)?;
        serde_json::from_value(word.into()).map_err(|error| self.place.record("name", error))
    }

    /// The record in a column of JSON; `what` is what errors call it.
    pub(super) fn record<T: DeserializeOwned>(&self, column: usize, what: &'static str) -> Result<T> {
        let text: &str = self.get(column)?;
        serde_json::from_str(text).map_err(|error| self.place.record(what, error))
    }
}

/// A statement in an engine's words. sea-query writes the names of our tables and columns, and binds values.
#[expect(clippy::disallowed_methods, reason = "the one place where the store's statements are vouched for")]
fn built(statement: &impl Statement, builder: impl QueryBuilder) -> (AssertSqlSafe<String>, SqlxValues) {
    let (sql, values) = statement.build_sqlx(builder);
    (AssertSqlSafe(sql), values)
}
