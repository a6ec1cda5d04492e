//! Scratch databases: made from `template0` like the tenant's, dropped when done, swept when left.
//!
//! What is built in one is not undrift's: functions, triggers, defaults. So it belongs to a role of its own, which has rights
//! nowhere else and as which undrift connects ([`throwaway`]). Where the login may not make any, `inside` makes room in the
//! tenant's own.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::connect::Locale;
use super::throwaway::{self, Rights};
use super::wire::Row;
use super::{PostgresSession, inside, path, pooling};
use crate::db::{Connection, DbError, Login, Scratch, Session, Target, Trouble, Undo};
use crate::dialect::postgres::{ident, literal};
use crate::model::{Platform, Schema};

/// What the names of scratch databases start with.
const PREFIX: &str = "undrift_scratch_";

/// The database from which databases are made: no tenant's.
const MAINTENANCE: &str = "postgres";

/// How often `template0` may be busy.
const ATTEMPTS: u32 = 8;

/// A scratch database that is being made.
struct Order<'a> {
    keeper: PostgresSession,
    rights: Rights,
    name: String,
    wanted: &'a Schema,
    /// Where the tenant has its extensions.
    places: Vec<(String, String)>,
}

/// Makes a scratch database like the one of this session and connects to it.
pub(super) async fn make(
    tenant: &mut PostgresSession,
    server: Option<&Target>,
    wanted: &Schema,
) -> Result<Scratch, DbError> {
    let places = extension_schemas(tenant).await?;
    let mut keeper = keeper(tenant, server).await?;
    same_version(tenant.platform(), keeper.platform())?;
    let rights = Rights::of(&mut keeper).await?;
    if server.is_none() && !(rights.roles && rights.databases) {
        alone(tenant).await?;
    }
    if !rights.databases {
        keeper.close().await;
        return match server {
            None => inside::make(tenant, wanted).await,
            Some(server) => Err(no_right(server)),
        };
    }
    let name = fresh_name();
    Order { keeper, rights, name, wanted, places }.carry_out(tenant).await
}

/// Makes sure that the login itself has no rights beyond the tenant, since it is the one under which everything is built.
async fn alone(tenant: &mut PostgresSession) -> Result<(), DbError> {
    let Some(excess) = tenant.excess().await? else { return Ok(()) };
    let user = ident(&tenant.greeting.place.user);
    let message = format!("{excess}, and {user} may not make both a role and a database for what is built there");
    Err(DbError::new(Trouble::Privilege, "make a scratch database", message)
        .with_remedy(format!("ALTER ROLE {user} CREATEROLE CREATEDB, or name a scratch server")))
}

/// A session on the server where the scratch database is to be. Nobody's settings but the server's own count in a database
/// that no tenant owns.
async fn keeper(tenant: &PostgresSession, server: Option<&Target>) -> Result<PostgresSession, DbError> {
    if let Some(server) = server {
        return PostgresSession::connect(server, tenant.patience).await;
    }
    match PostgresSession::connect(&tenant.target.with_database(MAINTENANCE)?, tenant.patience).await {
        Ok(keeper) => Ok(keeper),
        // There is none, or it is closed to this login.
        Err(_) => PostgresSession::connect(&tenant.target, tenant.patience).await,
    }
}

impl Order<'_> {
    async fn carry_out(mut self, tenant: &PostgresSession) -> Result<Scratch, DbError> {
        throwaway::hold(&mut self.keeper, &self.name).await?;
        match self.build(tenant).await {
            Ok(session) => {
                let (session, undo) = (Session::Postgres(Box::new(session)), self.undo());
                Ok(Scratch { session, undo: Undo::Drop(Box::new(Session::Postgres(Box::new(self.keeper))), undo) })
            }
            Err(error) => {
                // The first error is the one to tell; what is left behind is swept later.
                for statement in self.undo() {
                    let _ = self.keeper.execute(&statement).await;
                }
                self.keeper.close().await;
                Err(error)
            }
        }
    }

    async fn build(&mut self, tenant: &PostgresSession) -> Result<PostgresSession, DbError> {
        let address = match self.rights.roles {
            true => {
                let password = throwaway::make(&mut self.keeper, &self.rights, &self.name, &[]).await?;
                throwaway::address(&self.keeper.target, &self.name, &self.name, &password)?
            }
            false => self.keeper.target.with_database(&self.name)?,
        };
        self.create(&tenant.greeting.platform, &tenant.greeting.locale).await?;
        self.open_to_its_owner().await?;
        self.install(&address).await?;
        let mut session = self.enter(&address).await?;
        session.builtin = tenant.builtin.clone().filter(|_| self.keeper.target.server() == tenant.target.server());
        Ok(session)
    }

    /// What removes everything again.
    fn undo(&self) -> Vec<String> {
        let drop = drop_statement(&self.keeper.greeting.platform, &self.name);
        match self.rights.roles {
            true => {
                let mut undo = self.rights.with_those_of(&self.name, drop);
                undo.push(throwaway::drop_statement(&self.name));
                undo
            }
            false => vec![drop],
        }
    }

    async fn create(&mut self, like: &Platform, locale: &Locale) -> Result<(), DbError> {
        let owner = Some(self.name.as_str()).filter(|_| self.rights.roles);
        let statement = create_statement(&self.name, owner, like, locale);
        let mut attempt = 1;
        loop {
            let error = match self.keeper.execute(&statement).await {
                Ok(_) => return Ok(()),
                Err(error) => error,
            };
            // 55006: somebody else is copying template0 just now.
            let busy = error.code.as_deref() == Some("55006");
            if !busy || attempt == ATTEMPTS {
                return Err(explained(error, &self.keeper.greeting.place.user));
            }
            tokio::time::sleep(Duration::from_millis(50 << attempt)).await;
            attempt += 1;
        }
    }

    /// Nobody could connect so far, and nobody but its owner is to: what others put there would count as the tenant's.
    async fn open_to_its_owner(&mut self) -> Result<(), DbError> {
        let database = ident(&self.name);
        let open = format!(
            "REVOKE ALL ON DATABASE {database} FROM PUBLIC; ALTER DATABASE {database} WITH ALLOW_CONNECTIONS true"
        );
        let statements = match self.rights.roles {
            true => self.rights.with_those_of(&self.name, open),
            false => vec![open],
        };
        self.keeper.send(&statements.join("; ")).await.map(drop)
    }

    /// Installs the extensions, each where the tenant has it. That is undrift's own login's to do, and all that it does in a
    /// scratch database: extensions are the server's. A login that inherits nothing has no rights there, so the owner does it.
    async fn install(&mut self, owners: &Target) -> Result<(), DbError> {
        if self.wanted.extensions.is_empty() {
            return Ok(());
        }
        let mut session = match self.rights.inherits {
            true => {
                let target = self.keeper.target.with_database(&self.name)?;
                PostgresSession::connect(&target, self.keeper.patience).await?
            }
            false => self.open(owners).await?,
        };
        self.is_there(&session)?;
        let owner = Some(self.name.as_str()).filter(|_| self.rights.roles);
        for extension in &self.wanted.extensions {
            let place = self.places.iter().find(|(name, _)| name == extension).map(|(_, place)| place.as_str());
            install(&mut session, extension, place, owner).await?;
        }
        session.close().await;
        Ok(())
    }

    async fn open(&self, address: &Target) -> Result<PostgresSession, DbError> {
        match self.rights.roles {
            true => throwaway::connect(address, self.keeper.patience).await,
            false => PostgresSession::connect_quickly(address, self.keeper.patience).await,
        }
    }

    /// Connects to what was made.
    async fn enter(&self, address: &Target) -> Result<PostgresSession, DbError> {
        let mut session = self.open(address).await?;
        self.is_there(&session)?;
        session.ceiling = Some(self.keeper.patience.read);
        session.limit(Duration::ZERO, Duration::ZERO).await?;
        Ok(session)
    }

    /// Makes sure that a session is in the scratch database and nowhere else.
    fn is_there(&self, session: &PostgresSession) -> Result<(), DbError> {
        if session.greeting.place.database == self.name {
            return Ok(());
        }
        let message = format!("asked for {}, the server went to {}", self.name, session.greeting.place.database);
        Err(DbError::new(Trouble::Usage, "connect to a scratch database", message).with_remedy(pooling::REMEDY))
    }
}

fn same_version(tenant: &Platform, scratch: &Platform) -> Result<(), DbError> {
    if tenant.version.0 == scratch.version.0 {
        return Ok(());
    }
    let message = format!("the scratch server is {scratch}, the tenant's is {tenant}");
    Err(DbError::new(Trouble::Usage, "make a scratch database", message)
        .with_remedy("name a scratch server of the same major version"))
}

fn fresh_name() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    format!("{PREFIX}{now}_{:08x}", RandomState::new().build_hasher().finish() as u32)
}

fn drop_statement(platform: &Platform, name: &str) -> String {
    let force = if platform.version.0 >= 13 { " WITH (FORCE)" } else { "" };
    format!("DROP DATABASE IF EXISTS {}{force}", ident(name))
}

fn create_statement(name: &str, owner: Option<&str>, like: &Platform, locale: &Locale) -> String {
    let mut sql = format!("CREATE DATABASE {} TEMPLATE template0 ALLOW_CONNECTIONS false", ident(name));
    sql.extend(owner.map(|owner| format!(" OWNER {}", ident(owner))));
    let mut clause = |word: &str, value: Option<&String>| {
        sql.extend(value.map(|value| format!(" {word} {}", literal(value))));
    };
    clause("ENCODING", like.charset.as_ref());
    clause("LC_COLLATE", like.collation.as_ref());
    clause("LC_CTYPE", like.ctype.as_ref().or(like.collation.as_ref()));
    match locale.provider.as_deref() {
        Some("i") => {
            clause("LOCALE_PROVIDER", Some(&"icu".to_owned()));
            clause("ICU_LOCALE", locale.name.as_ref());
            clause("ICU_RULES", locale.rules.as_ref());
        }
        Some("b") => {
            clause("LOCALE_PROVIDER", Some(&"builtin".to_owned()));
            clause("BUILTIN_LOCALE", locale.name.as_ref());
        }
        _ => {}
    }
    sql
}

fn explained(mut error: DbError, user: &str) -> DbError {
    error.doing = "make a scratch database".to_owned();
    if error.trouble == Trouble::Privilege {
        return error.with_remedy(remedy(user));
    }
    error
}

/// What makes scratch databases possible.
pub(super) fn remedy(user: &str) -> String {
    format!("ALTER ROLE {} CREATEDB, or name a scratch server", ident(user))
}

/// Where databases cannot be made, and another server was named for them.
fn no_right(server: &Target) -> DbError {
    let message = "the login may not create databases";
    let login = Login::of(server).ok().and_then(|login| login.user).unwrap_or_else(|| "undrift".to_owned());
    DbError::new(Trouble::Privilege, format!("make a scratch database on {server}"), message)
        .with_remedy(format!("ALTER ROLE {} CREATEDB", ident(&login)))
}

/// Installs an extension in a schema, which belongs to `owner` if it has to be made.
pub(super) async fn install(
    session: &mut PostgresSession,
    extension: &str,
    place: Option<&str>,
    owner: Option<&str>,
) -> Result<(), DbError> {
    let mut sql = String::new();
    let mut clause = String::new();
    if let Some(place) = place.filter(|place| !place.starts_with("pg_")) {
        let owner = owner.map(|owner| format!(" AUTHORIZATION {}", ident(owner))).unwrap_or_default();
        sql = format!("CREATE SCHEMA IF NOT EXISTS {}{owner}; ", ident(place));
        clause = format!(" SCHEMA {}", ident(place));
    }
    sql.push_str(&format!("CREATE EXTENSION IF NOT EXISTS {}{clause} CASCADE", ident(extension)));
    match session.send(&sql).await {
        Ok(_) => Ok(()),
        Err(error) => {
            let message = format!("the extension {extension} cannot be installed: {}", error.message);
            let remedy =
                format!("install {extension} on the server and let the login create it, or name a scratch server");
            Err(DbError { trouble: Trouble::Unreadable, message, remedy: Some(remedy), ..error })
        }
    }
}

/// The schemas in which the tenant keeps its extensions.
async fn extension_schemas(tenant: &mut PostgresSession) -> Result<Vec<(String, String)>, DbError> {
    let sql = "SELECT extname, nspname FROM pg_catalog.pg_extension e \
               JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace";
    let answers = tenant.send(&path::safely(sql)).await?;
    Ok(answers.into_iter().flat_map(|answer| answer.rows).filter_map(pair).collect())
}

fn pair(row: Row) -> Option<(String, String)> {
    let mut cells = row.into_iter();
    Some((cells.next()??, cells.next()??))
}

/// Drops the scratch databases that nobody holds on to any more, and the roles that own them. What cannot be dropped,
/// because it is somebody else's, stays.
pub(super) async fn sweep(session: &mut PostgresSession) -> Result<Vec<String>, DbError> {
    let rights = Rights::of(session).await?;
    let mut swept = Vec::new();
    for (name, owner) in abandoned(session).await? {
        let drop = drop_statement(&session.greeting.platform, &name).replace(" WITH (FORCE)", "");
        let statements = if owner == name { rights.with_those_of(&owner, drop) } else { vec![drop] };
        if run(session, &statements).await {
            swept.push(name);
        }
    }
    if rights.roles {
        swept.extend(throwaway::sweep(session, PREFIX, is_scratch).await?);
    }
    Ok(swept)
}

/// Runs all of the statements, and says whether all went well.
async fn run(session: &mut PostgresSession, statements: &[String]) -> bool {
    let mut well = true;
    for statement in statements {
        well &= session.execute(statement).await.is_ok();
    }
    well
}

/// Those whose maker is gone, with their owners: the role of the same name, or this login. A name alone proves nothing.
async fn abandoned(session: &mut PostgresSession) -> Result<Vec<(String, String)>, DbError> {
    let sql = format!(
        "SELECT datname, r.rolname FROM pg_catalog.pg_database d JOIN pg_catalog.pg_roles r ON r.oid = d.datdba \
         WHERE pg_catalog.starts_with(datname, {}) AND r.rolname IN (datname, current_user) \
         AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_stat_activity a WHERE a.datid = d.oid) \
         AND {} ORDER BY 1",
        literal(PREFIX),
        throwaway::nobody_holds("datname")
    );
    let answers = session.wire.send(&path::safely(&sql), session.patience.read).await?;
    let pairs = answers.into_iter().flat_map(|answer| answer.rows).filter_map(pair);
    Ok(pairs.filter(|(name, _)| is_scratch(name)).collect())
}

/// Whether it is a name that is given here.
fn is_scratch(name: &str) -> bool {
    let parts = name.strip_prefix(PREFIX).and_then(|rest| rest.split_once('_'));
    let all = |text: &str, of: fn(&char) -> bool| !text.is_empty() && text.chars().all(|c| of(&c));
    parts.is_some_and(|(time, random)| all(time, char::is_ascii_digit) && all(random, char::is_ascii_hexdigit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_own_names_are_scratch() {
        assert!(is_scratch(&fresh_name()));
        for name in ["undrift_scratch_", "undrift_scratch_x_1", "undrift_scratch_1", "tenant_1000_0a"] {
            assert!(!is_scratch(name), "{name}");
        }
    }
}
