//! A schema in SQL, run in a scratch database.

use std::time::Duration;

use crate::db::{Connection, DbError, Session, Trouble};
use crate::desired::Script;

/// How long a statement of a script may run, and wait for a lock: it works on empty tables, alone.
const STATEMENT: Duration = Duration::from_secs(60);

/// Runs a script statement by statement, each alone. An error comes with the place of its statement.
///
/// # Errors
/// What the server says of the first statement that it does not take, and where that stands.
pub async fn run(session: &mut Session, script: &Script) -> Result<(), (String, DbError)> {
    let unplaced = |error| ("the script".to_owned(), error);
    session.limit(STATEMENT, STATEMENT).await.map_err(unplaced)?;
    for statement in script.statements() {
        if let Err(error) = session.execute(&statement.text).await {
            return Err((script.place(statement), error.with_statement(&statement.text)));
        }
    }
    for setting in script.afterwards() {
        session.execute(setting).await.map_err(unplaced)?;
    }
    Ok(())
}

/// Why a script is not run where the tenant's own database would be the scratch database.
pub(super) fn no_room() -> DbError {
    let message = "a schema in SQL needs a database of its own to be run in, and the login may not create one";
    DbError::new(Trouble::NotInTransaction, "make a scratch database", message)
        .with_remedy("give the login the right to create databases (PostgreSQL: ALTER ROLE … CREATEDB), or name another server under scratch:")
}
