//! Scratch structures inside the tenant's own database, for logins that may not make databases.
//!
//! One transaction gives every schema another name, so that there is room for structures of the
//! same names, and is never committed. Nobody else sees any of it. Renaming a schema locks none of
//! its tables, so whoever reads, writes or alters them goes on; only who *creates* something in that
//! schema waits until the transaction ends. Whatever ends the session takes it all back, a killed
//! process too.
//!
//! That nothing in it can commit is ensured twice: only single statements are sent, so that no
//! `COMMIT` or `ROLLBACK` hides in one, and a constraint that is checked last is violated from the
//! beginning.

use std::borrow::Cow;
use std::time::Duration;

use super::rows::Answers;
use super::wire::Row;
use super::{PostgresSession, Transaction, path, role, scratch};
use crate::db::{Connection, DbError, Place, Scratch, Session, Trouble, Undo};
use crate::model::Schema;

/// What opens, keeps and takes back what the session calls a transaction.
pub(super) const BEGIN: &str = "SAVEPOINT undrift";
pub(super) const COMMIT: &str = "RELEASE SAVEPOINT undrift";
pub(super) const ROLLBACK: &str = "ROLLBACK TO SAVEPOINT undrift; RELEASE SAVEPOINT undrift";

/// What moves the schemas out of the way, what cannot be moved, and what is in the way altogether.
const SURVEY: &str = include_str!("queries/inside.sql");

/// Another scratch transaction of the same database may have to end first. Not longer: who creates
/// something queues behind us meanwhile.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);

/// Makes the commit impossible: two equal rows where there may be one.
const GUARD: &str = "CREATE SCHEMA undrift_scratch_away_guard; \
    CREATE TABLE undrift_scratch_away_guard.never (commits integer UNIQUE DEFERRABLE INITIALLY DEFERRED); \
    INSERT INTO undrift_scratch_away_guard.never VALUES (1), (1)";

/// Opens the transaction in a session of its own and makes room in it.
pub(super) async fn make(tenant: &PostgresSession, wanted: &Schema) -> Result<Scratch, DbError> {
    let mut session = PostgresSession::connect(&tenant.target, tenant.patience).await?;
    match furnish(&mut session, wanted).await {
        Ok(()) => Ok(Scratch { session: Session::Postgres(Box::new(session)), undo: Undo::Rollback }),
        Err(error) => {
            let user = session.greeting.place.user.clone();
            session.close().await;
            Err(if error.trouble == Trouble::Privilege { refused(&user, &error.message) } else { error })
        }
    }
}

/// Whatever right is missing here, the one to make databases would do.
fn refused(user: &str, why: &str) -> DbError {
    let message = format!("the login may not create databases, nor is there room in this one: {why}");
    DbError::new(Trouble::Privilege, "make a scratch database", message).with_remedy(scratch::remedy(user))
}

async fn furnish(session: &mut PostgresSession, wanted: &Schema) -> Result<(), DbError> {
    session.inside = true;
    session.limit(LOCK_TIMEOUT, session.patience.read).await?;
    session.send("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE").await?;
    role::become_owner(&mut session.wire, &session.greeting.place, session.patience.read).await?;
    let moves = survey(session).await?;
    make_room(session, &moves).await?;
    for extension in &wanted.extensions {
        scratch::install(session, extension, None, None).await?;
    }
    Ok(())
}

/// The statements that move the schemas away.
async fn survey(session: &mut PostgresSession) -> Result<String, DbError> {
    let row: Row = session.wire.row(&path::safely(SURVEY), session.patience.read).await?;
    let mut cells = row.into_iter();
    let (moves, obstacle) = (cells.next().flatten(), cells.next().flatten());
    match obstacle {
        None => Ok(moves.unwrap_or_default()),
        Some(obstacle) => {
            let message = format!("it has {obstacle}");
            Err(DbError::new(Trouble::Privilege, "make a scratch database", message))
        }
    }
}

/// Moves the schemas away, as the owner of the tables, or else as the login itself.
async fn make_room(session: &mut PostgresSession, moves: &str) -> Result<(), DbError> {
    let room = format!("{moves}{GUARD}; CREATE SCHEMA public; SET search_path = public");
    session.begin().await?;
    let mut made = session.send(&room).await;
    if made.as_ref().is_err_and(|error| error.trouble == Trouble::Privilege) {
        session.rollback().await?;
        session.begin().await?;
        made = session.send(&format!("RESET ROLE; {room}")).await;
    }
    made?;
    session.commit().await
}

/// Runs one statement. One that fails is taken back alone.
pub(super) async fn execute(session: &mut PostgresSession, sql: &str) -> Result<u64, DbError> {
    let alone = session.transaction == Transaction::None;
    if alone {
        session.begin().await?;
    }
    let done = session.wire.single(&at_once(sql), session.bound).await;
    finish(session, alone, done).await
}

/// A statement as it can run here. Nobody waits in a scratch database, so an index may be built and dropped in
/// one go: what comes out is the same.
fn at_once(sql: &str) -> Cow<'_, str> {
    let online = ["CREATE INDEX CONCURRENTLY ", "CREATE UNIQUE INDEX CONCURRENTLY ", "DROP INDEX CONCURRENTLY "];
    match online.iter().find(|word| sql.starts_with(**word)) {
        Some(_) => sql.replacen("CONCURRENTLY ", "", 1).into(),
        None => sql.into(),
    }
}

/// Runs one query for a number.
pub(super) async fn count(session: &mut PostgresSession, sql: &str) -> Result<u64, DbError> {
    let alone = session.transaction == Transaction::None;
    if alone {
        session.begin().await?;
    }
    let number = session.wire.number(sql, session.bound).await;
    let number = finish(session, alone, number).await?;
    Ok(number.map_or(0, |number| u64::try_from(number).unwrap_or(0)))
}

/// Runs one query whose columns are texts.
pub(super) async fn texts(session: &mut PostgresSession, sql: &str) -> Result<Vec<Row>, DbError> {
    let alone = session.transaction == Transaction::None;
    if alone {
        session.begin().await?;
    }
    let rows = session.wire.query(sql, session.bound).await;
    finish(session, alone, rows).await
}

async fn finish<T>(session: &mut PostgresSession, alone: bool, done: Result<T, DbError>) -> Result<T, DbError> {
    match &done {
        Ok(_) if alone => session.commit().await?,
        Ok(_) => {}
        Err(_) if alone => session.rollback().await?,
        Err(_) => session.transaction = Transaction::Failed,
    }
    done.map_err(|error| explained(error, &session.greeting.place))
}

/// Tells what cannot run here from what cannot run at all.
fn explained(mut error: DbError, place: &Place) -> DbError {
    // 25001: not in a transaction block. 55P04: a new label of an enum, before it is committed.
    if matches!(error.code.as_deref(), Some("25001" | "55P04")) {
        error.trouble = Trouble::NotInTransaction;
        return error.with_remedy(scratch::remedy(&place.user));
    }
    error
}

/// The catalog's rows. Reading a view locks its tables for others, so it is taken back.
pub(super) async fn rows(session: &mut PostgresSession, selects: &str) -> Result<Answers, DbError> {
    session.begin().await?;
    let answers = session.fetch(selects).await;
    session.rollback().await?;
    answers
}

/// A script can end the transaction and go on in the tenant's own tables.
pub(super) fn no_scripts(place: &Place) -> DbError {
    let message = "a schema in SQL is run as it is, and the login may not create a database to run it in";
    DbError::new(Trouble::NotInTransaction, "make a scratch database", message)
        .with_remedy(scratch::remedy(&place.user))
}
