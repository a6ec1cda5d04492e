//! Login roles that are made for one purpose and thrown away.
//!
//! Code that is not undrift's runs with the rights of the login that it runs under: a role that was taken with SET ROLE can be
//! given up from within. So it runs under a login of its own, which has no rights elsewhere. What is needed to find one again
//! after a kill is in its name and in a lock: its maker has the lock before there is a role, until it has dropped it.

use std::fmt::Write;

use secrecy::SecretString;

use super::express::verifier;
use super::{PostgresSession, path};
use crate::db::{Connection, DbError, Patience, Target, Trouble};
use crate::dialect::postgres::{ident, literal};

/// `scrt`: the first key of the locks by which their makers hold on to roles and scratch databases.
pub(super) const KEY: i32 = 0x7363_7274;

/// How long a password is good for. Nothing that undrift does with one takes so long.
const LIFE: &str = "24 hours";

const RIGHTS: &str = include_str!("queries/rights.sql");

/// What undrift's login may do.
#[derive(Clone, Debug)]
pub(super) struct Rights {
    /// It may do everything.
    pub(super) superuser: bool,
    /// It may make roles.
    pub(super) roles: bool,
    /// It may make databases.
    pub(super) databases: bool,
    /// It has, without asking, what the roles have that it is made a member of.
    pub(super) inherits: bool,
    /// When a password ends that is given now.
    end: String,
}

impl Rights {
    /// Asks for them.
    pub(super) async fn of(session: &mut PostgresSession) -> Result<Self, DbError> {
        let query = path::safely(&RIGHTS.replace("{life}", LIFE));
        let row = session.wire.row(&query, session.patience.read).await?;
        let text = |at: usize| row.get(at).cloned().flatten().unwrap_or_default();
        let is = |at: usize| text(at) == "t";
        let superuser = is(0);
        let (roles, databases) = (superuser || is(1), superuser || is(2));
        Ok(Self { superuser, roles, databases, inherits: superuser || is(3), end: text(4) })
    }

    /// Statements that need what the role has, one or several in a message.
    pub(super) fn with_those_of(&self, role: &str, statement: String) -> Vec<String> {
        if self.inherits {
            return vec![statement];
        }
        vec![format!("SET ROLE {}", ident(role)), statement, "RESET ROLE".to_owned()]
    }
}

/// Holds on to a name for as long as the session lasts, so that nobody takes what has it for left over.
pub(super) async fn hold(session: &mut PostgresSession, name: &str) -> Result<(), DbError> {
    let name = literal(name);
    session.send(&format!("SELECT pg_catalog.pg_advisory_lock({KEY}, pg_catalog.hashtext({name}))")).await.map(drop)
}

/// The condition that nobody holds on to the name in a column. Locks belong to a database, but everybody sees them.
pub(super) fn nobody_holds(column: &str) -> String {
    format!(
        "NOT EXISTS (SELECT 1 FROM pg_catalog.pg_locks l WHERE l.locktype = 'advisory' \
         AND l.classid::pg_catalog.int8 = {KEY} \
         AND l.objid::pg_catalog.int8 = pg_catalog.hashtext({column})::pg_catalog.int8 & 4294967295)"
    )
}

/// Makes a role that can log in, is a member of these groups and can do nothing else. Its maker is a member of it, and holds
/// on to its name already.
pub(super) async fn make(
    session: &mut PostgresSession,
    rights: &Rights,
    name: &str,
    groups: &[&str],
) -> Result<SecretString, DbError> {
    let password = password()?;
    let message = creation(rights, session.greeting.platform.version.0, name, groups, &verifier(&password)?);
    session.send(&message).await.map_err(|error| refused(error, name))?;
    Ok(password)
}

fn creation(rights: &Rights, version: u16, name: &str, groups: &[&str], verifier: &str) -> String {
    let role = ident(name);
    let mut sql = format!(
        "CREATE ROLE {role} LOGIN INHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS \
         VALID UNTIL {} PASSWORD {}",
        literal(&rights.end),
        literal(verifier)
    );
    if !rights.superuser {
        let options = if version >= 16 { " WITH INHERIT TRUE, SET TRUE" } else { "" };
        let _ = write!(sql, "; GRANT {role} TO CURRENT_USER{options}");
    }
    groups.iter().for_each(|group| _ = write!(sql, "; GRANT {} TO {role}", ident(group)));
    sql
}

fn refused(error: DbError, name: &str) -> DbError {
    DbError { doing: format!("make the login role {name}"), ..error }
}

/// 32 random bytes, in letters that need no preparation anywhere.
fn password() -> Result<SecretString, DbError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| DbError::io("random numbers", error.into()))?;
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(SecretString::from(text))
}

/// What drops a role that owns nothing any more.
pub(super) fn drop_statement(name: &str) -> String {
    format!("DROP ROLE IF EXISTS {}", ident(name))
}

/// Connects as such a role.
///
/// # Errors
/// Where the server lets no password in: with what to do about it.
pub(super) async fn connect(target: &Target, patience: Patience) -> Result<PostgresSession, DbError> {
    // That there is no pooler in between is known of the login that made this one, by the same address.
    let session = PostgresSession::arrive_as(target, patience).await;
    session.map_err(|error| if error.trouble == Trouble::LoginRefused { no_way_in(error, target) } else { error })
}

/// The password is right, so it is the way that is closed.
fn no_way_in(error: DbError, target: &Target) -> DbError {
    let message = format!("the server lets no login in that undrift makes: {}", error.message);
    let remedy = "let roles whose names start with undrift_ in with a password (in pg_hba.conf: a line with scram-sha-256 \
                  for this address, before those with peer, ident or cert)";
    DbError { doing: format!("connect to {target}"), message, ..error }.with_remedy(remedy)
}

/// The address for a role that was made.
pub(super) fn address(server: &Target, database: &str, name: &str, password: &SecretString) -> Result<Target, DbError> {
    server.with_database(database)?.with_login(name, password)
}

/// Drops roles that nobody holds on to and that own nothing: those whose names start so and are `own`. What another undrift
/// dropped meanwhile, or has something yet, stays.
pub(super) async fn sweep(
    session: &mut PostgresSession,
    prefix: &str,
    own: fn(&str) -> bool,
) -> Result<Vec<String>, DbError> {
    let sql = format!(
        "SELECT rolname FROM pg_catalog.pg_roles r WHERE pg_catalog.starts_with(rolname, {}) \
         AND rolvaliduntil IS NOT NULL AND NOT rolsuper AND NOT rolcreaterole AND NOT rolcreatedb AND {} \
         AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_shdepend d WHERE d.refobjid = r.oid AND d.refclassid = 1260) \
         ORDER BY 1",
        literal(prefix),
        nobody_holds("rolname")
    );
    let answers = session.wire.send(&path::safely(&sql), session.patience.read).await?;
    let names = answers.into_iter().flat_map(|answer| answer.rows).filter_map(|row| row.into_iter().next().flatten());
    let mut swept = Vec::new();
    for name in names.filter(|name| own(name)).collect::<Vec<_>>() {
        if session.execute(&drop_statement(&name)).await.is_ok() {
            swept.push(name);
        }
    }
    Ok(swept)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn rights(superuser: bool, inherits: bool) -> Rights {
        Rights { superuser, roles: true, databases: true, inherits, end: "2026-01-01 00:00:00 +00".to_owned() }
    }

    #[test]
    fn a_role_can_do_nothing_but_log_in() {
        let sql = creation(&rights(false, true), 16, "undrift_x", &["own\"er"], "SCRAM-SHA-256$…");
        for word in ["NOSUPERUSER", "NOCREATEDB", "NOCREATEROLE", "NOREPLICATION", "NOBYPASSRLS", "VALID UNTIL '2026"] {
            assert!(sql.contains(word), "{sql}");
        }
        assert!(sql.contains("GRANT \"undrift_x\" TO CURRENT_USER WITH INHERIT TRUE, SET TRUE"), "{sql}");
        assert!(sql.ends_with("GRANT \"own\"\"er\" TO \"undrift_x\""), "{sql}");
        assert!(!creation(&rights(true, true), 16, "undrift_x", &[], "…").contains("GRANT"));
        assert!(!creation(&rights(false, true), 15, "undrift_x", &[], "…").contains("WITH"));
    }

    #[test]
    fn who_inherits_nothing_takes_the_role() {
        assert_eq!(rights(false, true).with_those_of("r", "DROP DATABASE d".to_owned()), ["DROP DATABASE d"]);
        let taken = rights(false, false).with_those_of("r", "DROP DATABASE d".to_owned());
        assert_eq!(taken, ["SET ROLE \"r\"", "DROP DATABASE d", "RESET ROLE"]);
    }

    #[test]
    fn passwords_differ_and_are_not_shown() {
        let (one, other) = (password().unwrap(), password().unwrap());
        assert_eq!(one.expose_secret().len(), 64);
        assert_ne!(one.expose_secret(), other.expose_secret());
        assert!(!format!("{one:?}").contains(one.expose_secret()));
        assert!(!verifier(&one).unwrap().contains(one.expose_secret()));
    }
}
