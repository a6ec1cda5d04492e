//! Whether undrift's login has rights in one tenant alone, and a login that has.
//!
//! A role that was taken with SET ROLE can be given up from within: by a trigger's function, a cursor that is run at the
//! commit, a check that is deferred. So it is the login itself that must have nothing beyond the tenant. What it can do is read
//! from the catalog (`queries/standing.sql`), and so is what somebody else put into the database, for those owners whose
//! members would be anything but confined: superusers, and undrift's login itself.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::{SystemTime, UNIX_EPOCH};

use super::PostgresSession;
use super::throwaway::{self, Rights};
use crate::db::{Confined, Connection, DbError, Refusal, Session, Standing, Trouble};
use crate::dialect::postgres::{ident, literal};
use crate::model::Logins;

/// One row on what the login can do, and what there is that it could set off.
const STANDING: &str = include_str!("queries/standing.sql");

/// What keeps triggers away that somebody put on tables which are not his.
const GUARD: &str = include_str!("queries/guard.sql");

/// What the names of these logins start with; the number of their database comes next.
const PREFIX: &str = "undrift_login_";

/// What the catalog says.
struct Found {
    /// What the login can do beyond this database.
    excess: Option<String>,
    /// Whose the tables are.
    owner: String,
    /// Whether a member of that role would be anything but confined.
    is_above: bool,
    /// Whether the login may make roles, and let them be members of the owner.
    makes_roles: bool,
    grants_owner: bool,
    /// Whether the owner may connect to this database.
    connects: bool,
    /// Something of somebody else's that could be set off, and what rids undrift of it.
    code: Option<(String, String)>,
    /// Whether somebody may put triggers on tables that are not his.
    triggers: bool,
    /// The number of this database.
    database: String,
}

impl PostgresSession {
    pub(super) async fn find_standing(&mut self) -> Result<Standing, DbError> {
        self.guarded = false;
        if self.inside {
            return Ok(Standing::Own);
        }
        let found = self.look_around().await?;
        let standing = judge(&found, self.target.logins(), self.platform().version.0, &self.greeting.place.user);
        self.guarded = standing == Standing::Own && found.excess.is_some() && found.triggers;
        Ok(standing)
    }

    /// What the login can do beyond this database, whatever there is in it.
    pub(super) async fn excess(&mut self) -> Result<Option<String>, DbError> {
        Ok(self.look_around().await?.excess)
    }

    async fn look_around(&mut self) -> Result<Found, DbError> {
        // In a transaction of its own: the path of the session stays what it is.
        let message = format!("BEGIN; SET LOCAL search_path = pg_catalog, pg_temp; {STANDING}; COMMIT");
        let row = match self.wire.row(&message, self.patience.read).await {
            Ok(row) => row,
            Err(error) => {
                let _ = self.wire.send("ROLLBACK", self.patience.read).await;
                return Err(error);
            }
        };
        let text = |at: usize| row.get(at).cloned().flatten();
        let is = |at: usize| text(at).as_deref() == Some("t");
        self.check_backend(&text(0).unwrap_or_default())?;
        let code = text(8).zip(text(9)).or_else(|| text(10).zip(text(11)));
        Ok(Found {
            excess: text(1).zip(text(2)).map(|(role, what)| format!("{role} {what}")),
            owner: text(3).unwrap_or_default(),
            is_above: is(4),
            makes_roles: is(5),
            grants_owner: is(6),
            connects: is(7),
            code,
            triggers: is(12),
            database: text(13).unwrap_or_default(),
        })
    }

    /// Makes a login that is a member of the tables' owner and of nothing else, and connects as it.
    pub(super) async fn make_confined(&mut self) -> Result<Result<Confined, Refusal>, DbError> {
        let found = self.look_around().await?;
        self.remove_left_over(&found).await?;
        let login = fresh_name(&found.database);
        throwaway::hold(self, &login).await?;
        let made = self.make_login(&found, &login).await;
        if !matches!(made, Ok(Ok(_))) {
            // The first error is the one to tell; what is left behind is removed later.
            let _ = self.remove(&login).await;
        }
        made
    }

    async fn make_login(&mut self, found: &Found, login: &str) -> Result<Result<Confined, Refusal>, DbError> {
        let rights = Rights::of(self).await?;
        let password = match throwaway::make(self, &rights, login, &[&found.owner]).await {
            Ok(password) => password,
            Err(error) => return refused(error, &found.owner, self),
        };
        let database = self.greeting.place.database.clone();
        if !found.connects {
            let grant = format!("GRANT CONNECT ON DATABASE {} TO {}", ident(&database), ident(login));
            if let Err(error) = self.send(&grant).await {
                return refused(error, &found.owner, self);
            }
        }
        let target = throwaway::address(&self.target, &database, login, &password)?;
        match throwaway::connect(&target, self.patience).await {
            Ok(mut session) => {
                session.overseer = Some(self.target.clone());
                let session = Session::Postgres(Box::new(session));
                Ok(Ok(Confined { session, login: login.to_owned(), target }))
            }
            Err(error) if matches!(error.trouble, Trouble::LoginRefused | Trouble::Privilege) => {
                refused(error, &found.owner, self)
            }
            Err(error) => Err(error),
        }
    }

    /// Removes a login, with what it may have come to own or been granted.
    pub(super) async fn remove(&mut self, login: &str) -> Result<(), DbError> {
        let drop = throwaway::drop_statement(login);
        let Err(error) = self.send(&drop).await else { return self.let_go_of(login).await };
        if !error.trouble.is_about_a_statement() {
            return Err(error);
        }
        let role = ident(login);
        let owner = self.look_around().await?.owner;
        let kept = format!("REASSIGN OWNED BY {role} TO {}; DROP OWNED BY {role}; {drop}", ident(&owner));
        if self.send(&kept).await.is_err() {
            self.send(&format!("DROP OWNED BY {role}; {drop}")).await?;
        }
        self.let_go_of(login).await
    }

    async fn let_go_of(&mut self, login: &str) -> Result<(), DbError> {
        let (key, name) = (throwaway::KEY, literal(login));
        self.send(&format!("SELECT pg_catalog.pg_advisory_unlock({key}, pg_catalog.hashtext({name}))")).await.map(drop)
    }

    /// Removes the logins of this database that a killed undrift left behind.
    async fn remove_left_over(&mut self, found: &Found) -> Result<(), DbError> {
        let sql = format!(
            "SELECT rolname FROM pg_catalog.pg_roles WHERE pg_catalog.starts_with(rolname::pg_catalog.text, {}) AND {}",
            literal(&format!("{PREFIX}{}_", found.database)),
            throwaway::nobody_holds("rolname")
        );
        let answers = self.send(&sql).await?;
        let names = answers.into_iter().flat_map(|answer| answer.rows).filter_map(|row| row.into_iter().next()?);
        for name in names.filter(|name| is_login(name)).collect::<Vec<_>>() {
            if let Err(error) = self.remove(&name).await {
                tracing::warn!(login = name, %error, "a login that was left behind could not be removed");
            }
        }
        Ok(())
    }

    /// What a transaction begins with that writes rows over a login with more rights than the tenant: nobody can put a
    /// trigger on a table from there on, and there is none.
    pub(super) async fn guard(&mut self) -> Result<(), DbError> {
        if self.guarded { self.send(GUARD).await.map(drop) } else { Ok(()) }
    }
}

/// Removes the logins whose makers are gone, in whatever database: those that own nothing.
pub(super) async fn sweep(session: &mut PostgresSession) -> Result<Vec<String>, DbError> {
    throwaway::sweep(session, PREFIX, is_login).await
}

/// Whether a statement sets off triggers.
pub(super) fn writes_rows(sql: &str) -> bool {
    ["UPDATE ", "DELETE ", "INSERT ", "WITH ", "MERGE "].iter().any(|word| sql.trim_start().starts_with(word))
}

fn judge(found: &Found, logins: Logins, version: u16, user: &str) -> Standing {
    let Some(excess) = &found.excess else { return Standing::Own };
    if logins == Logins::Own {
        let missing = format!("{excess}, so {user} is not the tenant's own login");
        let remedy = "write the tenant's own login into its URL, or `logins: auto`".to_owned();
        return Standing::Refused(Refusal { missing, remedy, everything: true });
    }
    if found.code.is_none() {
        return Standing::Own;
    }
    let confinable = logins == Logins::Auto && !found.is_above;
    if confinable && found.makes_roles && found.grants_owner {
        return Standing::Other;
    }
    let (missing, remedy) = missing(found, excess, logins, version, user);
    Standing::Refused(Refusal { missing, remedy, everything: false })
}

/// What is missing for a login of the tenant's, and what gives it.
fn missing(found: &Found, excess: &str, logins: Logins, version: u16, user: &str) -> (String, String) {
    let Found { owner, .. } = found;
    if logins == Logins::Off {
        let remedy = "write `logins: auto`, or the tenant's own login into its URL".to_owned();
        return (format!("{excess}, and no login is made for the tenant (logins: off)"), remedy);
    }
    if found.is_above {
        let (what, remedy) = found.code.clone().unwrap_or_default();
        return (format!("the tables belong to {owner}, for whom no confined login can be made, while {what}"), remedy);
    }
    let mut statements = Vec::new();
    if !found.makes_roles {
        statements.push(format!("ALTER ROLE {} CREATEROLE", ident(user)));
    }
    if version >= 16 && !found.grants_owner {
        statements.push(format!("GRANT {} TO {} WITH ADMIN OPTION", ident(owner), ident(user)));
    }
    (format!("{excess}, and {user} may not make a login for the tenant"), statements.join("; "))
}

/// No such login can be had, and why.
fn refused<T>(error: DbError, owner: &str, session: &PostgresSession) -> Result<Result<T, Refusal>, DbError> {
    if !matches!(error.trouble, Trouble::Privilege | Trouble::LoginRefused | Trouble::Statement) {
        return Err(error);
    }
    let user = &session.greeting.place.user;
    let remedy = error.remedy.clone().unwrap_or_else(|| {
        format!("ALTER ROLE {} CREATEROLE; GRANT {} TO {0} WITH ADMIN OPTION", ident(user), ident(owner))
    });
    let missing = format!("no login could be made for the tenant: {}", error.message);
    Ok(Err(Refusal { missing, remedy, everything: false }))
}

fn fresh_name(database: &str) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    format!("{PREFIX}{database}_{now}_{:08x}", RandomState::new().build_hasher().finish() as u32)
}

/// Whether it is a name that is given here.
fn is_login(name: &str) -> bool {
    let Some(rest) = name.strip_prefix(PREFIX) else { return false };
    let parts: Vec<&str> = rest.split('_').collect();
    let all = |text: &str, of: fn(&char) -> bool| !text.is_empty() && text.chars().all(|c| of(&c));
    matches!(parts[..], [database, time, random] if all(database, char::is_ascii_digit)
        && all(time, char::is_ascii_digit) && all(random, char::is_ascii_hexdigit))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found() -> Found {
        Found {
            excess: Some("postgres is a superuser".to_owned()),
            owner: "own_a".to_owned(),
            is_above: false,
            makes_roles: true,
            grants_owner: true,
            connects: true,
            code: Some(("table t belongs to own_a".to_owned(), String::new())),
            triggers: false,
            database: "5".to_owned(),
        }
    }

    fn refusal(found: &Found, logins: Logins, version: u16) -> Refusal {
        match judge(found, logins, version, "undrift") {
            Standing::Refused(refusal) => refusal,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_login_without_more_rights_needs_no_other() {
        let own = Found { excess: None, ..found() };
        for logins in Logins::ALL {
            assert_eq!(judge(&own, logins, 15, "own_a"), Standing::Own);
        }
        assert_eq!(judge(&found(), Logins::Auto, 15, "postgres"), Standing::Other);
        assert_eq!(judge(&Found { code: None, ..found() }, Logins::Off, 15, "postgres"), Standing::Own);
    }

    #[test]
    fn what_is_missing_is_a_statement() {
        let poor = Found { makes_roles: false, grants_owner: false, ..found() };
        let both = "ALTER ROLE \"undrift\" CREATEROLE; GRANT \"own_a\" TO \"undrift\" WITH ADMIN OPTION";
        assert_eq!(refusal(&poor, Logins::Auto, 16).remedy, both);
        assert_eq!(refusal(&poor, Logins::Auto, 15).remedy, "ALTER ROLE \"undrift\" CREATEROLE");
        assert!(!refusal(&found(), Logins::Off, 15).everything);
        assert!(refusal(&found(), Logins::Own, 15).everything);
        let above = Found { is_above: true, ..found() };
        assert!(refusal(&above, Logins::Auto, 15).missing.contains("table t belongs to own_a"));
    }

    #[test]
    fn only_its_own_names_are_logins() {
        assert!(is_login(&fresh_name("16384")));
        for name in ["undrift_login_", "undrift_login_1_2", "undrift_login_1_2_x y", "undrift_scratch_1_2"] {
            assert!(!is_login(name), "{name}");
        }
    }
}
