//! Scratch databases: made from `template0` like the tenant's, dropped when done, swept when left.
//! Where the login may not make any, `inside` makes room in the tenant's own.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::connect::Locale;
use super::{PostgresSession, inside, wire::Wire};
use crate::db::{Connection, DbError, Scratch, Session, Target, Trouble, Undo};
use crate::dialect::postgres::{ident, literal};
use crate::model::{Platform, Schema};

/// What the names of scratch databases start with.
const PREFIX: &str = "undrift_scratch_";

/// `scrt`: the first key of the locks by which the makers of scratch databases hold on to them.
const KEY: i32 = 0x7363_7274;

/// How often `template0` may be busy.
const ATTEMPTS: u32 = 8;

/// Makes a scratch database like the one of this session and connects to it.
pub(super) async fn make(
    tenant: &mut PostgresSession,
    server: Option<&Target>,
    wanted: &Schema,
) -> Result<Scratch, DbError> {
    let places = extension_schemas(tenant).await?;
    let target = server.unwrap_or(&tenant.target).clone();
    let mut keeper = PostgresSession::connect(&target, tenant.patience).await?;
    same_version(tenant.platform(), keeper.platform())?;
    let name = fresh_name();
    keeper.send(&format!("SELECT pg_advisory_lock({KEY}, hashtext({}))", literal(&name))).await?;
    if let Err(error) = create(&mut keeper, &name, &tenant.greeting.platform, &tenant.greeting.locale).await {
        keeper.close().await;
        let refused = error.trouble == Trouble::Privilege && server.is_none();
        return if refused { inside::make(tenant, wanted).await } else { Err(error) };
    }
    let drop = drop_statement(&keeper.greeting.platform, &name);
    match furnish(&keeper, &name, wanted, &places).await {
        Ok(session) => {
            let session = Session::Postgres(Box::new(session));
            Ok(Scratch { session, undo: Undo::Drop(Box::new(Session::Postgres(Box::new(keeper))), drop) })
        }
        Err(error) => {
            // The first error is the one to tell; what is left behind is swept later.
            let _ = keeper.execute(&drop).await;
            keeper.close().await;
            Err(error)
        }
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

async fn create(keeper: &mut PostgresSession, name: &str, like: &Platform, locale: &Locale) -> Result<(), DbError> {
    let statement = create_statement(name, like, locale);
    let mut attempt = 1;
    loop {
        let error = match keeper.execute(&statement).await {
            Ok(_) => return Ok(()),
            Err(error) => error,
        };
        // 55006: somebody else is copying template0 just now.
        let busy = error.code.as_deref() == Some("55006");
        if !busy || attempt == ATTEMPTS {
            return Err(explained(error, &keeper.greeting.place.user));
        }
        tokio::time::sleep(Duration::from_millis(50 << attempt)).await;
        attempt += 1;
    }
}

fn create_statement(name: &str, like: &Platform, locale: &Locale) -> String {
    let mut sql = format!("CREATE DATABASE {} TEMPLATE template0", ident(name));
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

/// Connects to the new database and installs the extensions, each where the tenant has it.
async fn furnish(
    keeper: &PostgresSession,
    name: &str,
    wanted: &Schema,
    places: &[(String, String)],
) -> Result<PostgresSession, DbError> {
    let target = keeper.target.with_database(name)?;
    let mut session = PostgresSession::connect(&target, keeper.patience).await?;
    for extension in &wanted.extensions {
        let place = places.iter().find(|(name, _)| name == extension).map(|(_, place)| place.as_str());
        install(&mut session, extension, place).await?;
    }
    Ok(session)
}

pub(super) async fn install(
    session: &mut PostgresSession,
    extension: &str,
    place: Option<&str>,
) -> Result<(), DbError> {
    let mut sql = String::new();
    let mut clause = String::new();
    if let Some(place) = place.filter(|place| !place.starts_with("pg_")) {
        sql = format!("CREATE SCHEMA IF NOT EXISTS {}; ", ident(place));
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
    let sql = "SELECT extname, nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace";
    let answers = tenant.send(sql).await?;
    let pair = |row: super::wire::Row| {
        let mut cells = row.into_iter();
        Some((cells.next()??, cells.next()??))
    };
    Ok(answers.into_iter().flat_map(|answer| answer.rows).filter_map(pair).collect())
}

/// Drops the scratch databases that nobody holds on to any more. What cannot be dropped, because
/// it is somebody else's, stays.
pub(super) async fn sweep(session: &mut PostgresSession) -> Result<Vec<String>, DbError> {
    let within = session.patience.read;
    let mut swept = Vec::new();
    for name in abandoned(&mut session.wire, within).await? {
        let drop = drop_statement(&session.greeting.platform, &name).replace(" WITH (FORCE)", "");
        if session.execute(&drop).await.is_ok() {
            swept.push(name);
        }
    }
    Ok(swept)
}

/// Those whose maker is gone: it has the lock before it makes one, until it has dropped it. Advisory locks belong to a
/// database, but everybody sees whose they are.
async fn abandoned(wire: &mut Wire, within: Duration) -> Result<Vec<String>, DbError> {
    let sql = format!(
        "SELECT datname FROM pg_database WHERE starts_with(datname, {}) \
         AND NOT EXISTS (SELECT 1 FROM pg_stat_activity a WHERE a.datid = pg_database.oid) \
         AND NOT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND classid::int = {KEY} \
         AND objid::bigint = hashtext(datname)::bigint & 4294967295) ORDER BY 1",
        literal(PREFIX),
    );
    let answers = wire.send(&sql, within).await?;
    let names = answers.into_iter().flat_map(|answer| answer.rows).filter_map(|row| row.into_iter().next().flatten());
    Ok(names.filter(|name| is_scratch(name)).collect())
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
