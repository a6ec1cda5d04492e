//! From a URL to a session that knows where it is.

use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection as _, PgConnection};
use tokio::time::timeout;

use super::error::{Moment, classify};
use super::path::USUAL;
use super::wire::{Line, Row, Wire, seconds};
use crate::db::{DbError, Patience, Place, Target, Trouble};
use crate::model::{Platform, Vendor, Version};

/// What makes the server print and read SQL the same way everywhere.
pub(super) const SETTINGS: &str = include_str!("queries/settings.sql");
const GREETING: &str = include_str!("queries/greeting.sql");

/// Columns of the greeting that not every version has: since which, and until which.
const VERSIONS: [(&str, u16, u16); 4] = [
    ("datlocprovider", 15, u16::MAX),
    ("datlocale", 17, u16::MAX),
    ("daticulocale", 15, 16),
    ("daticurules", 16, u16::MAX),
];

/// The oldest version that is supported.
const OLDEST: u16 = 12;

/// What a URL may say after its question mark.
const PARAMETERS: [&str; 17] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "connect_timeout",
];

/// How a database sorts and folds text, beyond what the platform says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Locale {
    /// `i` for ICU, `b` for built-in, `c` or nothing for the C library.
    pub(super) provider: Option<String>,
    /// The locale of that provider.
    pub(super) name: Option<String>,
    /// ICU's additional rules.
    pub(super) rules: Option<String>,
}

/// What a server says of itself.
#[derive(Clone)]
pub(super) struct Greeting {
    pub(super) platform: Platform,
    pub(super) place: Place,
    pub(super) locale: Locale,
    /// Its own words, but for the process.
    pub(super) said: Row,
    /// The process that said it.
    pub(super) backend: String,
}

impl Greeting {
    /// The message that sets a session up and asks where it is, for a server that said this version's number at the start.
    pub(super) fn message(number: Option<u32>) -> String {
        let expression = |column: &str, since, until| match number.map(|number| version(number).0) {
            Some(version) if (since..=until).contains(&version) => format!("d.{column}"),
            Some(_) => "NULL".to_owned(),
            None => format!("pg_catalog.to_jsonb(d) ->> '{column}'"),
        };
        let greeting = VERSIONS.iter().fold(GREETING.to_owned(), |greeting, (column, since, until)| {
            greeting.replace(&format!("{{{column}}}"), &expression(column, *since, *until))
        });
        format!("{SETTINGS};\n{greeting};\n{USUAL}")
    }

    /// The same for a transaction: nothing of what it sets stays behind in a process that others may use afterwards.
    pub(super) fn message_inside(number: u32) -> String {
        Self::message(Some(number)).replace("SET ", "SET LOCAL ")
    }

    /// Reads the one row that it is answered with.
    pub(super) fn of(mut said: Row, doing: &str) -> Result<Self, DbError> {
        let backend = said.pop().flatten().unwrap_or_default();
        let text = |at: usize| said.get(at).cloned().flatten();
        let platform = platform(&said).map_err(|message| DbError::new(Trouble::Usage, doing, message))?;
        let place = Place { database: text(1).unwrap_or_default(), user: text(2).unwrap_or_default() };
        let locale = Locale { provider: text(6), name: text(7), rules: text(8) };
        Ok(Self { platform, place, locale, said, backend })
    }

    /// `150004`.
    pub(super) fn version_number(&self) -> u32 {
        number(&self.said)
    }
}

/// Sets a session up and asks where it is.
pub(super) async fn greet(wire: &mut Wire, target: &Target, patience: Patience) -> Result<Greeting, DbError> {
    let said = wire.row(&Greeting::message(wire.version_number()), patience.connect).await?;
    Greeting::of(said, &format!("connect to {target}"))
}

/// Connects with the driver, and says nothing yet.
pub(super) async fn open(target: &Target, patience: Patience) -> Result<Wire, DbError> {
    let doing = format!("connect to {target}");
    let options = options(target, &doing)?;
    let connecting = PgConnection::connect_with(&options);
    let connection = match timeout(patience.connect, connecting).await {
        Ok(connection) => connection.map_err(|error| classify(error, Moment::Connecting, &doing))?,
        Err(_) => {
            let message = format!("no answer within {}", seconds(patience.connect));
            return Err(DbError::new(Trouble::TimedOut, doing, message));
        }
    };
    Ok(Wire::new(Line::Driver(connection), place(&options)))
}

/// What a database is called in errors.
pub(super) fn place(options: &PgConnectOptions) -> String {
    options.get_database().unwrap_or(options.get_username()).to_owned()
}

/// The driver's options for an address: every parameter known, the login named, nothing cached.
pub(crate) fn options(target: &Target, doing: &str) -> Result<PgConnectOptions, DbError> {
    let mut url = target.url()?;
    let unknown = url.query_pairs().find(|(name, _)| !PARAMETERS.contains(&name.as_ref()));
    if let Some((name, _)) = unknown {
        let message = format!("the URL has the parameter `{name}`, which undrift does not know");
        return Err(DbError::new(Trouble::Usage, doing, message)
            .with_remedy(format!("leave it out; known are {}", PARAMETERS.join(", "))));
    }
    let kept: Vec<_> = url.query_pairs().filter(|(name, _)| name != "connect_timeout").map(owned).collect();
    url.query_pairs_mut().clear().extend_pairs(kept);
    let options = PgConnectOptions::from_url(&url).map_err(|error| classify(error, Moment::Connecting, doing))?;
    let has_user = !url.username().is_empty() || url.query_pairs().any(|(name, _)| name == "user");
    let options = if has_user { options } else { options.username(&default_user()) };
    Ok(options.application_name("undrift").statement_cache_capacity(0).disable_statement_logging())
}

fn owned((name, value): (std::borrow::Cow<'_, str>, std::borrow::Cow<'_, str>)) -> (String, String) {
    (name.into_owned(), value.into_owned())
}

/// The login where the URL names none, as PostgreSQL's own tools choose it.
fn default_user() -> String {
    let variable = |name| std::env::var(name).ok().filter(|user| !user.is_empty());
    variable("PGUSER").or_else(|| variable("USER")).unwrap_or_else(|| "postgres".to_owned())
}

fn platform(row: &Row) -> Result<Platform, String> {
    let text = |at: usize| row.get(at).cloned().flatten();
    let version = version(number(row));
    if version.0 < OLDEST {
        return Err(format!("the server is PostgreSQL {}; undrift needs {OLDEST} or later", version.0));
    }
    let (collation, ctype) = (text(4), text(5));
    let ctype = ctype.filter(|ctype| Some(ctype) != collation.as_ref());
    Ok(Platform { charset: text(3), collation, ctype, ..Platform::new(Vendor::Postgres, version) })
}

fn number(row: &Row) -> u32 {
    row.first().and_then(Option::as_deref).and_then(|text| u32::from_str(text).ok()).unwrap_or_default()
}

/// `150004` is 15.4.
pub(super) fn version(number: u32) -> Version {
    let part = |number: u32| u16::try_from(number).unwrap_or(u16::MAX);
    Version(part(number / 10_000), part(number % 10_000), 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_versions() {
        assert_eq!(version(150_004), Version(15, 4, 0));
        assert_eq!(version(90_624).0, 9);
    }

    #[test]
    fn greets_each_version_in_its_own_words() {
        let words = |number| Greeting::message(number).split("SELECT").last().map(str::to_owned).unwrap_or_default();
        assert!(words(None).contains("pg_catalog.to_jsonb(d) ->> 'datlocale'"));
        assert!(words(Some(150_004)).contains("coalesce(NULL, d.daticulocale), NULL"));
        assert!(words(Some(170_000)).contains("coalesce(d.datlocale, NULL), d.daticurules"));
        let inside = Greeting::message_inside(150_004);
        assert_eq!(inside.matches("SET LOCAL ").count(), SETTINGS.matches("SET ").count() + 1);
        assert_eq!(inside.matches("SET ").count(), inside.matches("SET LOCAL ").count());
        assert!(!words(Some(120_000)).contains('{') && !words(Some(120_000)).contains("datlocprovider"));
    }

    #[test]
    fn refuses_parameters_that_it_would_ignore() {
        let target = Target::parse("postgres://u:s3cret@h/db?sslpassword=s3cret").unwrap();
        let error = options(&target, "connect").unwrap_err();
        assert_eq!(error.trouble, Trouble::Usage);
        assert!(!format!("{error} {error:?}").contains("s3cret"));
    }
}
